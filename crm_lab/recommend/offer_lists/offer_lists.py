"""For each customer the products to remind of, and the products to try."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.checks import BadInput, check_settings, not_among, not_portions, too_small
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.recommend.association.association_rules import AssociationRules
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.offer_lists.candidates.candidate_pool import with_customers
from crm_lab.recommend.offer_lists.candidates.cold_start import ColdStart
from crm_lab.recommend.offer_lists.candidates.list_drafts import SCOPES, Draft, Drafting, DraftRules, ListName
from crm_lab.recommend.offer_lists.candidates.purchase_chance import FEWEST
from crm_lab.recommend.offer_lists.item_reasons import bought_with, sure_rules
from crm_lab.recommend.offer_lists.list_choice import REASONS, Choice, chosen, group_keys
from crm_lab.recommend.offer_lists.list_inputs import ListInputs
from crm_lab.recommend.offer_lists.near_duplicates import groups_of_alike
from crm_lab.recommend.offer_lists.offer_lists_result import OfferListsResult
from crm_lab.recommend.rankers.ease import Ease
from crm_lab.recommend.rankers.popularity_ties import PopularityTies
from crm_lab.recommend.rankers.ranker import Ranker
from crm_lab.recommend.replenishment.replenishment import Replenishment

_DEEPER = 8  # times the pool where too many candidates are kept off
_NOT_DUE = 0.1  # chance of being due before the horizon ends, below which a product waits
_NEW = 1.5  # lift that is worth a sentence


@dataclass(frozen=True, kw_only=True)
class NearDuplicates:
    """Of nearly equal products only the first stands on a customer's lists.

    >>> NearDuplicates().share
    0.8

    Attributes:
        columns: Products that are the same in all of these columns of the products, none empty, are nearly equal;
            where a column is missing, the rule does not apply.
        share: Of the customers with either of two nearly equal products, how many have both at least (Jaccard); the
            correlation of buying them is as high, for what nearly everybody buys is alike by chance.
        least: Customers with a product, for it to be judged by its customers.
    """

    columns: tuple[str, ...] = ("category", "brand", "name")
    share: float = 0.8
    least: int = 20

    def __post_init__(self) -> None:
        check_settings(self, not_portions(self, "share"), too_small(self, least=2))


@dataclass(frozen=True, kw_only=True)
class OfferLists:
    """How lists are made.

    Candidates are the first of a ranker: those bought before for ``remind``, those new to the customer for ``try``.
    The chance that a candidate is bought within the horizon is learnt from the last such span of the past: rankers
    see nothing of it, their candidates are held against it, and a logistic regression on rank, purchases, days since,
    the customer's activity and the chance by replenishment says how often they were bought. How well that holds for
    customers it has not learnt from stands in the result. The next span may differ: on Complete Journey 28 days of
    October 2017 brought 5 % fewer purchases of listed products than was said, those of December 1 % fewer.

    >>> rng = np.random.default_rng(0)
    >>> lines = pd.DataFrame({"customer_id": np.repeat([f"c{k:03}" for k in range(150)], 36),
    ...     "product_id": [f"p{k:02}" for k in np.minimum(rng.geometric(0.08, 5_400), 40)],
    ...     "date": np.tile(pd.date_range("2024-01-01", periods=12, freq="9D").repeat(3), 150)})
    >>> result = OfferLists(n=3).analyze(Interactions.of(lines, "2024-04-10"))
    >>> result.to_frame().groupby("list")["rank"].max().to_dict()
    {'remind': 3, 'try': 3}

    Attributes:
        remind: Ranker of products that the customer has bought.
        discover: Ranker of products that are new to the customer.
        n: Products on each list.
        by: What comes first among the candidates: the ``chance`` of being bought within the horizon, that times the
            ``margin`` of the product, or the ranker's ``score``, which needs no chances.
        horizon_days: Days that a chance is for.
        cold_below: Baskets below which a customer is offered what customers of the segment buy.
        pool: Candidates of each list, of which n are chosen; more are drawn where too many are kept off.
        only_due: Whether a product waits that is not due within the horizon (chance below 10 %) by its own gaps.
        alike: Which products are nearly equal.
        due: Who gets a day on which a product is due.
        rules: How products that go together are found, for reasons.
    """  # fmt: skip

    remind: Ranker = field(default_factory=PopularityTies)
    discover: Ranker = field(default_factory=lambda: Ease(most=2_000))
    n: int = 10
    by: Literal["score", "chance", "margin"] = "chance"
    horizon_days: int = 28
    cold_below: int = 3
    pool: int = 30
    only_due: bool = True
    alike: NearDuplicates = field(default_factory=NearDuplicates)
    due: Replenishment = field(default_factory=Replenishment)
    rules: AssociationRules = field(default_factory=AssociationRules)

    def __post_init__(self) -> None:
        check_settings(
            self, too_small(self, n=1, horizon_days=1, cold_below=0, pool=1),
            not_among(self, by=["score", "chance", "margin"]),
            pool="" if self.pool >= self.n else f"it must be {self.n} or more, the length of a list",
        )  # fmt: skip

    def analyze(
        self, interactions: Interactions, told: ListInputs | None = None, segments: pd.DataFrame | None = None
    ) -> OfferListsResult:
        """Make the lists.

        >>> stock = pd.DataFrame({"product_id": ["p01"], "in_stock": [False]})
        >>> few = OfferLists(n=3).analyze(Interactions.of(lines, "2024-04-10"), ListInputs(products=stock))
        >>> (
        ...     "p01" in set(few.to_frame()["product_id"]),
        ...     few.left_out().query("reason == 'out_of_stock'")["pairs"].sum() > 0,
        ... )
        (False, np.True_)

        Args:
            interactions: What is known.
            told: Margins, stock, names, returned and excluded products.
            segments: ``customer_id`` and ``segment`` for customers of whom little is known; those among them who have
                bought nothing yet are offered what their segment buys.

        Returns:
            Lists of each customer, with chances, reasons, and what was kept off.

        Raises:
            BadInput: If the margin decides and none is told, or a frame is wrong.
            CannotAnswer: If the chance decides, and too little became of earlier candidates to learn it.
        """
        told = told or ListInputs()
        if self.by == "margin" and not np.isfinite(told.margins(interactions.product_ids)).any():
            raise BadInput("by is margin, and no product has one; give products with a column margin.")
        cold = ColdStart(segments=segments)
        known = interactions if segments is None else with_customers(interactions, segments["customer_id"])
        drafting = Drafting.learnt(self._draft_rules(cold), known)
        if self.by != "score" and None in drafting.chances.values():
            raise cannot_answer("chance_not_learnt", days=self.horizon_days, least=FEWEST)
        return self._chosen(drafting, told, cold)

    def _draft_rules(self, cold: ColdStart) -> DraftRules:
        rankers: dict[ListName, Ranker] = {"remind": self.remind, "try": self.discover}
        return DraftRules(
            rankers=rankers, cold=cold, cold_below=self.cold_below, pool=self.pool, horizon=self.horizon_days,
            due=self.due,
        )  # fmt: skip

    def _chosen(self, drafting: Drafting, told: ListInputs, cold: ColdStart) -> OfferListsResult:
        """Choose among candidates, reminders first."""
        known = drafting.known
        products, alike = told.products, self.alike
        group = groups_of_alike(known, products, alike.columns, alike.share, alike.least)
        margins = told.margins(known.product_ids)
        taken = np.zeros(0, dtype=np.int64)
        frames, passed = [], []
        for name in SCOPES:
            listed, off, keys = self._list(drafting, name, told, margins, group, taken)
            frames.append(listed)
            passed.append(off)
            taken = np.concatenate([taken, keys])
        rules = sure_rules(known, self.rules, _NEW)
        frame = _with_reasons(pd.concat(frames, ignore_index=True), drafting, rules, cold.names(known))
        return OfferListsResult(
            self.by, self.n, self.horizon_days, _named(frame, known), _counted(passed, known), drafting.chances,
            known.as_of, known.shape[0], told.names(), known.simulated,
        )  # fmt: skip

    def _list(
        self, drafting: Drafting, name: ListName, told: ListInputs, margins: Floats, group: Integers, taken: Integers
    ) -> tuple[pd.DataFrame, pd.DataFrame, Integers]:
        """One list of every customer, and what was kept off it; deeper for those whose list is short."""
        customers = np.arange(drafting.known.shape[0], dtype=np.int64)
        parts: list[tuple[pd.DataFrame, pd.DataFrame, Integers]] = []
        for size in (self.pool, self.pool * _DEEPER):
            draft = drafting.draft(name, customers, size)
            choice = chosen(
                draft.pool, self._worth(draft, margins), self._kept_off(drafting, name, draft, told, margins), group,
                taken, self.n,
            )  # fmt: skip
            have = np.bincount(draft.pool.customer[choice.rows], minlength=drafting.known.shape[0])[customers]
            drawn = np.bincount(draft.pool.customer, minlength=drafting.known.shape[0])[customers]
            short = (have < self.n) & (drawn >= size) & (size == self.pool)
            parts.append(_tables(draft, choice, margins, name, group, customers[~short]))
            customers = customers[short]
            if not len(customers):
                break
        listed, off, keys = zip(*parts, strict=True)
        return pd.concat(listed, ignore_index=True), pd.concat(off, ignore_index=True), np.concatenate(keys)

    def _worth(self, draft: Draft, margins: Floats) -> Floats | None:
        if self.by == "score":
            return None
        return draft.chance if self.by == "chance" else draft.chance * margins[draft.pool.product]

    def _kept_off(
        self, drafting: Drafting, name: ListName, draft: Draft, told: ListInputs, margins: Floats
    ) -> dict[str, Booleans]:
        """Rows that are kept off, by reason."""
        pool = draft.pool
        found = told.kept_off(drafting.known, pool.customer, pool.product)
        if name == "remind" and self.only_due:
            with np.errstate(invalid="ignore"):
                found["not_due"] = draft.seen.due_in(_NOT_DUE) > self.horizon_days
        if self.by == "margin":
            found["no_margin"] = ~(margins[pool.product] > 0)
        return found


def _tables(
    draft: Draft, choice: Choice, margins: Floats, name: ListName, group: Integers, customers: Integers
) -> tuple[pd.DataFrame, pd.DataFrame, Integers]:
    """Listed rows, rows that were passed over, and the groups of what is listed, of some customers."""
    pool, seen, rows = draft.pool, draft.seen, choice.rows
    wanted = np.isin(pool.customer[rows], customers)
    rows, place = rows[wanted], choice.place[wanted]
    gap, due = seen.usual_gap()[rows], seen.due_in(0.5)[rows]
    margin = margins[pool.product[rows]]
    listed = pd.DataFrame({
        "customer": pool.customer[rows], "list": name, "rank": place, "product": pool.product[rows],
        "score": pool.score[rows], "chance": draft.chance[rows], "margin": margin,
        "expected": draft.chance[rows] * margin, "times": seen.times[rows], "usual_gap": gap,
        "days_ago": np.where(seen.days[rows] >= 0, seen.days[rows], np.nan), "due_in": due, "cold": pool.cold[rows],
    })  # fmt: skip
    kept = np.isin(pool.customer[choice.off], customers)
    off = pd.DataFrame({
        "customer": pool.customer[choice.off[kept]], "list": name, "product": pool.product[choice.off[kept]],
        "reason": np.array(REASONS, dtype=object)[choice.why[kept]],
    })  # fmt: skip
    return listed, off, group_keys(pool, rows, group)


def _with_reasons(frame: pd.DataFrame, drafting: Drafting, rules: pd.DataFrame, kinds: np.ndarray) -> pd.DataFrame:
    """Why each row is listed, by the first reason that holds."""
    fresh = (frame["list"] == "try").to_numpy()
    found = pd.DataFrame({"other": np.full(len(frame), -1), "lift": np.nan})
    warm = np.flatnonzero(fresh & ~frame["cold"].to_numpy())
    part = bought_with(rules, drafting.known, frame["customer"].to_numpy()[warm], frame["product"].to_numpy()[warm])
    found.loc[warm, ["other", "lift"]] = part.to_numpy()
    segment = kinds[frame["customer"].to_numpy()]
    popular = drafting.rules.rankers["try"].name == "global_top"
    reason = np.select(
        [
            ~fresh & frame["due_in"].notna(), ~fresh, frame["cold"] & (segment != ""), frame["cold"],
            found["other"] >= 0,
        ],
        ["due", "often", "kind", "popular", "together"], "popular" if popular else "alike",
    )  # fmt: skip
    return frame.assign(reason=reason, other=found["other"].astype(np.int64), lift=found["lift"], segment=segment)


def _named(frame: pd.DataFrame, known: Interactions) -> pd.DataFrame:
    """The table that users see: ids for places, a day for the days until a product is due."""
    frame = frame.sort_values(["customer", "list", "rank"], kind="stable").reset_index(drop=True)
    days = pd.to_timedelta(np.maximum(np.rint(frame["due_in"]), -36_500), unit="D")
    ids = known.product_ids
    return pd.DataFrame({
        "customer_id": known.customer_ids[frame["customer"]], "list": frame["list"], "rank": frame["rank"],
        "product_id": ids[frame["product"]], "score": frame["score"], "chance": frame["chance"],
        "margin": frame["margin"], "expected": frame["expected"], "times": frame["times"],
        "usual_gap": frame["usual_gap"], "days_ago": frame["days_ago"].astype("Int64"),
        "due": pd.Timestamp(known.as_of) + days, "reason": frame["reason"],
        "other": pd.Series(ids[frame["other"]], dtype=object).where(frame["other"] >= 0), "lift": frame["lift"],
        "segment": frame["segment"].where(frame["segment"] != ""),
    })  # fmt: skip


def _counted(passed: list[pd.DataFrame], known: Interactions) -> pd.DataFrame:
    """Candidates, products and customers by list and reason."""
    every = pd.concat(passed, ignore_index=True)
    every["reason"] = pd.Categorical(every["reason"], REASONS)
    every["list"] = pd.Categorical(every["list"], list(SCOPES))
    made = every.groupby(["list", "reason"], observed=False).agg(
        pairs=("product", "size"), products=("product", "nunique"), customers=("customer", "nunique")
    )
    made["share_of_customers"] = made["customers"] / known.shape[0]
    return made.reset_index().astype({"list": object, "reason": object})
