"""What is planted in baskets, when staples are needed next, and what any choice of products to show is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_lab.arrays import Floats, Integers
from crm_lab.checks import BadInput
from crm_lab.simulate.customers.basket_needs import tastes_of
from crm_lab.simulate.customers.basket_plan import BasketPlan, plan_baskets
from crm_lab.simulate.orders.basket_shelf import BasketShelf, make_basket_shelf
from crm_lab.simulate.programme.shown_products import click_chances, show_chances
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK

ROLES = ("staple", "complement", "substitute", "other")
_POLICY = ("customer_id", "product_id", "chance")


@dataclass(frozen=True, eq=False)
class BasketTruth:
    """Planted baskets.

    >>> from crm_lab.simulate import make_retailer, open_key
    >>> truth = open_key(make_retailer("baskets", n_customers=60)).basket_truth()

    Attributes:
        scenario: The planted parameters.
        seed: The chance that plays.
        customer_ids: Everybody.
        cycles: A row a customer and staple: ``customer_id, product_id, mean_gap`` (days), ``regularity`` (k of the
            gamma gaps), ``ended`` (given up by the end of the window), ``next_day`` (first purchase after the window;
            missing where it ended, or the day lies beyond those that the key knows).
        next_purchases: ``customer_id, date, product_id``: what is bought in the days after the window.
    """

    scenario: Scenario
    seed: int
    customer_ids: pd.Series
    cycles: pd.DataFrame
    next_purchases: pd.DataFrame

    @property
    def complements(self) -> pd.DataFrame:
        """Planted pairs that are bought together: ``a``, ``b``, and the ``lift`` of one basket.

        All other pairs are bought together as by chance (lift 1) or less: two staples meet only by accident of days.

        >>> bool((truth.complements["lift"] >= 2).all()), len(truth.complements)
        (True, 20)
        """
        return self._pairs(slice(None, self.scenario.baskets.complements))

    @property
    def substitutes(self) -> pd.DataFrame:
        """Planted pairs that replace each other: ``a``, ``b`` and the ``lift`` below 1.

        >>> bool((truth.substitutes["lift"] <= 0.5).all()), len(truth.substitutes)
        (True, 10)
        """
        return self._pairs(slice(self.scenario.baskets.complements, None))

    @property
    def products(self) -> pd.DataFrame:
        """Every product: ``product_id``, ``role``, ``popularity``, ``shown``, ``margin``.

        Popularity is the chance in an order of the mean customer, missing of staples; `shown` says whether messages
        show the product, `margin` is that of one piece.

        >>> truth.products["role"].value_counts().to_dict()
        {'other': 100, 'staple': 40, 'complement': 40, 'substitute': 20}
        """
        given, plan, shelf = self.scenario.baskets, *self._planted()
        number = np.arange(len(plan.popularity))
        cuts = np.cumsum([given.staples, 2 * given.complements, 2 * given.substitutes])
        role = np.array(ROLES, dtype=object)[np.searchsorted(cuts, number, side="right")]
        return pd.DataFrame({
            "product_id": _ids(shelf), "role": role,
            "popularity": np.where(number < given.staples, np.nan, plan.popularity),
            "shown": np.isin(number, plan.shown), "margin": _margins(shelf),
        })  # fmt: skip

    def clicks(self, customers: pd.Series | None = None) -> pd.DataFrame:
        """Chances of customers and the products that messages show.

        >>> truth.clicks()[["lottery", "click"]].lt(1).all().all()
        np.True_

        Args:
            customers: Ids; everybody unless given.

        Returns:
            ``customer_id, product_id``; ``lottery``, the chance that the retailer's lottery shows it; ``click``, the
            chance of a click once it is seen; ``margin`` that one look brings on average.

        Raises:
            BadInput: If an id is none of this retailer's.
        """
        plan, shelf = self._planted()
        ids = (self.customer_ids if customers is None else customers).unique()
        taste = self._tastes(_numbers(ids), plan)
        click = click_chances(plan, taste)[:, plan.shown]
        margin = click * self.scenario.baskets.buy * _margins(shelf)[plan.shown]
        return pd.DataFrame({
            "customer_id": np.repeat(np.asarray(ids, dtype=object), len(plan.shown)),
            "product_id": np.tile(_ids(shelf)[plan.shown], len(ids)),
            "lottery": show_chances(self.scenario.baskets, plan, taste).ravel(),
            "click": click.ravel(), "margin": margin.ravel(),
        })  # fmt: skip

    def policy_value(self, policy: pd.DataFrame, seen: pd.Series | None = None) -> pd.Series:
        """What one look at the product that a policy shows is truly worth, on average.

        >>> lottery = truth.clicks().rename(columns={"lottery": "chance"})
        >>> best = lottery.loc[lottery.groupby("customer_id")["click"].idxmax()].assign(chance=1.0)
        >>> bool(truth.policy_value(best)["clicks"] > truth.policy_value(lottery)["clicks"])
        True

        Args:
            policy: ``customer_id``, ``product_id`` and the ``chance`` that it is shown; chances of a customer add up
                to 1. Any product may be shown, also one that the messages never did.
            seen: ``customer_id`` of each message that counts; every customer of the policy once unless given.

        Returns:
            ``clicks``, ``orders`` and ``margin`` (currency) per message seen.

        Raises:
            BadInput: If a column is missing, chances do not add up, or an id is none of this retailer's.
        """
        if missing := [name for name in _POLICY if name not in policy]:
            raise BadInput(f"The policy has no {', '.join(missing)}; it needs {', '.join(_POLICY)}.")
        plan, shelf = self._planted()
        who, ids = pd.factorize(policy["customer_id"])
        chance = policy["chance"].to_numpy(np.float64)
        what = pd.Index(_ids(shelf)).get_indexer(pd.Index(policy["product_id"]))
        _check(chance, np.bincount(who, chance, len(ids)).astype(np.float64), what)
        counted = pd.Series(ids if seen is None else np.asarray(seen, dtype=object)).value_counts()
        weight = counted.reindex(ids).fillna(0.0).to_numpy(np.float64)
        if lost := int(len(counted) - (weight > 0).sum()):
            raise BadInput(f"The policy says nothing of {lost:,} customers who saw a message; give theirs.")
        click = click_chances(plan, self._tastes(_numbers(ids), plan))[who, what]
        share = chance * (weight / weight.sum())[who]
        buys = share * click * self.scenario.baskets.buy
        values = {"clicks": (share * click).sum(), "orders": buys.sum(), "margin": (buys * _margins(shelf)[what]).sum()}
        return pd.Series(values)

    def _planted(self) -> tuple[BasketPlan, BasketShelf]:
        return plan_baskets(self.scenario, self.seed), make_basket_shelf(self.scenario, self.seed)

    def _pairs(self, some: slice) -> pd.DataFrame:
        plan, shelf = self._planted()
        ids, first = _ids(shelf), plan.first[some]
        return pd.DataFrame({"a": ids[first], "b": ids[first + 1], "lift": plan.lift[some]})

    def _tastes(self, number: Integers, plan: BasketPlan) -> Floats:
        """Tastes of customers by their numbers, shape (customers, products)."""
        out = np.empty((len(number), len(plan.popularity)))
        for block in np.unique(number // BLOCK).tolist():
            here = number // BLOCK == block
            out[here] = tastes_of(self.scenario, self.seed, block, plan)[number[here] % BLOCK]
        return out


def _ids(shelf: BasketShelf) -> NDArray[np.object_]:
    """Ids of products by their number in the plan."""
    return np.asarray(shelf.product_id.astype(object)[shelf.place])


def _margins(shelf: BasketShelf) -> Floats:
    """Margin of one piece of each product by its number, in currency."""
    return np.asarray((shelf.price - shelf.cost)[shelf.place] / 100)


def _numbers(ids: Any) -> Integers:
    """Numbers of customers by their ids."""
    texts = pd.Series(ids).astype(str)
    if bad := int((~texts.str.fullmatch(r"C\d{7}")).sum()):
        raise BadInput(f"{bad:,} customer ids are none of a simulated retailer; take those of its tables.")
    return texts.str[1:].to_numpy(dtype=np.int64)


def _check(chance: Floats, totals: Floats, what: Integers) -> None:
    """Raise what is wrong with a policy."""
    problems = []
    if unknown := int((what < 0).sum()):
        problems.append(f"{unknown:,} rows name products that the retailer does not have.")
    if not (chance >= 0).all():
        problems.append(f"{int((~(chance >= 0)).sum()):,} chances are below 0 or missing.")
    elif off := int((np.abs(totals - 1) > 1e-6).sum()):
        problems.append(f"The chances of {off:,} customers do not add up to 1.")
    if problems:
        raise BadInput("The policy", problems)
