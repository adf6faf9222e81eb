"""The answer key of a simulated retailer, for instructors, tests and certification."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from crm_lab.checks import BadInput
from crm_lab.simulate.accounts.identity_truth import IdentityTruth
from crm_lab.simulate.folder import RECIPE
from crm_lab.simulate.offers.basket_truth import BasketTruth
from crm_lab.simulate.orders.common import piloted_cities
from crm_lab.simulate.output.account_columns import ACCOUNT_KEYS
from crm_lab.simulate.output.basket_columns import BASKET_KEYS
from crm_lab.simulate.output.persona_columns import PERSONA_KEYS
from crm_lab.simulate.output.points_columns import POINTS_KEYS
from crm_lab.simulate.personas.persona_truth import PersonaTruth
from crm_lab.simulate.points.points_truth import PointsTruth
from crm_lab.simulate.points.referral_truth import ReferralTruth
from crm_lab.simulate.programme.pilot_truth import PilotTruth, pilot_truth
from crm_lab.simulate.retailer import Retailer, retailer_of, to_pandas
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.scenario_file import scenario_of
from crm_lab.simulate.source_name import plan_of


@dataclass(frozen=True)
class AnswerKey:
    """Ground truth of a simulated retailer: planted parameters, potential outcomes, and faults.

    >>> from crm_lab.simulate import make_retailer
    >>> key = open_key(make_retailer("fashion", n_customers=300, seed=7))

    Attributes:
        scenario: The planted parameters.
        seed: The chance that played.
        customers: Latent state and both outcomes of every customer (docs/simulate.md names the columns).
        lines: Lines that are there only because something was done, with what (`origin`).
        dirt: Faulty lines: which fault, and what the line would have said.
        pilot: Sales and margin by customer and week without and with a programme of whole cities; empty without one.
        points_members: How members deal with points and who invited them; this and the next five are empty without
            points for everybody, and `points_truth` and `referral_truth` say what is in them.
        points_lots: What becomes of each lot of points.
        points_years: What each member's calendar years are with tiers and without.
        points_thresholds: Spend below and above a tier's threshold, of members near it.
        points_mismatches: Events that the other system has wrong.
        referral_labels: Which invitations are fraud, of which kind.
        accounts: Whose each account is; this and the next are empty where every person has one, and `identity_truth`
            says what is in them.
        account_orders: The lines bought with each account.
        persona_months: What each customer of a planted kind bought by month; `persona_truth` says what is in it.
        basket_cycles: Which staples each customer of planted baskets uses; `basket_truth` says what is in it and the
            next.
        basket_next: What is bought after the window.
    """

    scenario: Scenario
    seed: int
    customers: pd.DataFrame
    lines: pd.DataFrame
    dirt: pd.DataFrame
    pilot: pd.DataFrame = field(default_factory=pd.DataFrame)
    points_members: pd.DataFrame = field(default_factory=pd.DataFrame)
    points_lots: pd.DataFrame = field(default_factory=pd.DataFrame)
    points_years: pd.DataFrame = field(default_factory=pd.DataFrame)
    points_thresholds: pd.DataFrame = field(default_factory=pd.DataFrame)
    points_mismatches: pd.DataFrame = field(default_factory=pd.DataFrame)
    referral_labels: pd.DataFrame = field(default_factory=pd.DataFrame)
    accounts: pd.DataFrame = field(default_factory=pd.DataFrame)
    account_orders: pd.DataFrame = field(default_factory=pd.DataFrame)
    persona_months: pd.DataFrame = field(default_factory=pd.DataFrame)
    basket_cycles: pd.DataFrame = field(default_factory=pd.DataFrame)
    basket_next: pd.DataFrame = field(default_factory=pd.DataFrame)

    def effects(self, by: str | None = None) -> pd.DataFrame:
        """True effects of offering the programme, per assigned member (intention to treat) and per enrolled member.

        The effect is the mean over everybody who was drawn, of either arm, of the outcome if offered minus the
        outcome if not. The span ``test`` ends with the test, ``whole`` with the data, so pull-forward cancels.

        >>> key.effects()[["metric", "span"]].head(2).to_numpy().tolist()
        [['orders', 'test'], ['orders', 'whole']]

        Args:
            by: A column of `customers` to split by, e.g. ``"tier_at_start"`` or ``"late"``.

        Returns:
            One row per (group,) metric and span: without, with, effect, rel_effect, per_enrolled, n.
        """
        drawn = self.customers[self.customers["eligible"]]
        groups = [("", drawn)] if by is None else [(str(name), part) for name, part in drawn.groupby(by)]
        rows = [
            {"group": group, **_effect(part, metric, span)}
            for group, part in groups
            for metric in ("orders", "spend", "margin")
            for span in ("test", "whole")
        ]
        frame = pd.DataFrame(rows)
        return frame if by else frame.drop(columns="group")

    def profit_and_loss(self) -> pd.Series:
        """The programme's true result on the treatment arm, in currency; the parts add up to ``profit``.

        ``extra_margin`` is what the test span gained, ``pulled_forward`` what is missing in the days after it;
        rewards are split by whether their order would have been made without the programme; setup and running
        costs are counted as in the table `costs`, for this arm. ``roi`` is profit over all costs.

        >>> list(key.profit_and_loss().index)[:3]
        ['extra_margin', 'pulled_forward', 'rewards_subsidised']
        """
        treated = self.customers[self.customers["treated"]]
        given = self.scenario.programme
        in_test = (treated["margin_1"] - treated["margin_0"]).sum()
        whole = (treated["margin_whole_1"] - treated["margin_whole_0"]).sum()
        parts = {
            "extra_margin": in_test,
            "pulled_forward": whole - in_test,
            "rewards_subsidised": -treated["rewards_cost_subsidised"].sum(),
            "rewards_incremental": -(treated["rewards_cost"] - treated["rewards_cost_subsidised"]).sum(),
            "setup": -given.setup_cost * (~treated["lost_record"]).sum(),
            "running": -given.running_cost * treated["member_months"].sum(),
        }
        profit = sum(parts.values())
        costs = profit - whole
        return pd.Series({**parts, "profit": profit, "roi": profit / -costs if costs else float("nan")})

    def value_of_offer(self, customers: Collection[object], cost: float) -> float:
        """True profit of offering the programme to some of those drawn, above offering it to none of them.

        Extra margin of the test span is known of everybody; rewards are known of the treated, and stand for the
        others by the share that was treated.

        >>> drawn = key.customers.loc[key.customers["eligible"], "customer_id"]
        >>> key.value_of_offer(drawn, 1.0) > key.value_of_offer(drawn, 2.0)
        True

        Args:
            customers: Ids of customers; those who were not drawn count nothing.
            cost: Cost of one offer.

        Returns:
            Money.
        """
        drawn = self.customers[self.customers["eligible"]]
        some = drawn[drawn["customer_id"].isin(list(customers))]
        rewards = some.loc[some["treated"], "rewards_cost"].sum() / drawn["treated"].mean()
        return float((some["margin_1"] - some["margin_0"]).sum() - rewards - cost * len(some))

    def pilot_truth(self) -> PilotTruth:
        """What the programme of whole cities did: treated cities, start, true effects by city and week.

        >>> open_key(make_retailer("pilot", n_customers=200)).pilot_truth().totals()["cost"].item()
        4200.0

        Raises:
            BadInput: If the retailer has no such programme.
        """
        if not self.scenario.pilot.on:
            raise BadInput(f"{self.scenario.name} has no programme of whole cities; the scenario pilot has one.")
        return pilot_truth(self.scenario, self.pilot, piloted_cities(self.scenario, self.seed))

    def points_truth(self) -> PointsTruth:
        """What became of all points, what is owed, what tiers bring and who topped up.

        >>> owed = open_key(make_retailer("points", n_customers=200)).points_truth().liability()
        >>> bool(owed["outstanding"] > owed["will_be_redeemed"] > 0)
        True

        Raises:
            BadInput: If the retailer has no points for everybody.
        """
        self._need_points()
        return PointsTruth(
            self.scenario,
            self.points_members[["customer_id", "redeems", "readiness", "reward", "sorter", "would_leave"]],
            self.points_lots,
            self.points_years,
            self.points_thresholds,
            self.points_mismatches,
        )

    def referral_truth(self) -> ReferralTruth:
        """Who truly invited whom, how fast members multiply, and which accounts are fraud of which kind.

        >>> truth = open_key(make_retailer("points", n_customers=200)).referral_truth()
        >>> truth.scenario.referrals.reward
        10.0

        Raises:
            BadInput: If the retailer has no invitations.
        """
        self._need_points()
        hidden = ["redeems", "readiness", "reward", "sorter", "would_leave"]
        return ReferralTruth(self.scenario, self.points_members.drop(columns=hidden), self.referral_labels)

    def identity_truth(self) -> IdentityTruth:
        """Which accounts are one person, and the figures by person.

        >>> truth = open_key(make_retailer("doubles", n_customers=200)).identity_truth()
        >>> bool(truth.persons["person_id"].nunique() < 200)
        True

        Raises:
            BadInput: If every person has one account.
        """
        if not self.scenario.accounts.on:
            raise BadInput(f"{self.scenario.name} has one account per person; the scenario doubles has several.")
        return IdentityTruth(self.scenario, self.accounts, self.account_orders)

    def persona_truth(self) -> PersonaTruth:
        """Who is which kind of shopper, since when, and how well that can be told from what they buy.

        >>> open_key(make_retailer("personas", n_customers=200)).persona_truth().shares.index[0]
        'night_parents'

        Raises:
            BadInput: If the retailer has no planted kinds of shoppers.
        """
        if not self.scenario.personas.on:
            raise BadInput(f"{self.scenario.name} has no planted kinds of shoppers; the scenario personas has them.")
        people = self.customers[["customer_id", "persona", "persona_before", "persona_since"]]
        return PersonaTruth(self.scenario, people, self.persona_months)

    def basket_truth(self) -> BasketTruth:
        """Planted pairs, cycles of staples, later purchases, and the worth of any choice of products to show.

        >>> truth = open_key(make_retailer("baskets", n_customers=60)).basket_truth()
        >>> truth.complements.columns.tolist()
        ['a', 'b', 'lift']

        Raises:
            BadInput: If the retailer's baskets are not planted.
        """
        if not self.scenario.baskets.on:
            raise BadInput(f"{self.scenario.name} has no planted baskets; the scenario baskets has them.")
        people = self.customers["customer_id"]
        return BasketTruth(self.scenario, self.seed, people, self.basket_cycles, self.basket_next)

    def _need_points(self) -> None:
        if not self.scenario.points.on:
            raise BadInput(f"{self.scenario.name} has no points for everybody; the scenario points has them.")


def _effect(drawn: pd.DataFrame, metric: str, span: str) -> dict[str, float | str | int]:
    words = "" if span == "test" else "whole_"
    without, offered = drawn[f"{metric}_{words}0"], drawn[f"{metric}_{words}1"]
    effect, base = (offered - without).mean(), without.mean()
    share = drawn["would_enrol"].mean()
    return {
        "metric": metric,
        "span": span,
        "without": base,
        "with": offered.mean(),
        "effect": effect,
        "rel_effect": effect / base if base else float("nan"),
        "per_enrolled": effect / share if share else float("nan"),
        "n": len(drawn),
    }


def open_key(retailer: Retailer | str | Path) -> AnswerKey:
    """Open the answer key of a retailer.

    >>> from crm_lab.simulate import make_retailer
    >>> key = open_key(make_retailer("null", n_customers=40, seed=1))
    >>> int((key.customers["orders_1"] - key.customers["orders_0"]).abs().sum())
    0

    Args:
        retailer: A `Retailer`, the name of a source (``"simulated:grocery"``, simulated again), or the folder
            that `crm-lab simulate --key` wrote.

    Returns:
        The key.

    Raises:
        BadInput: If a folder holds no key, or a name is no simulated source.
    """
    if isinstance(retailer, str) and retailer.startswith("simulated:"):
        retailer = retailer_of(plan_of(retailer))
    if isinstance(retailer, Retailer):
        sealed = retailer._sealed  # noqa: SLF001 - the one place that may
        return AnswerKey(retailer.scenario, retailer.seed, **{name: frame.copy() for name, frame in sealed.items()})
    return _read_key(Path(retailer))


def key_of(source: str) -> AnswerKey | None:
    """The answer key of a source, if it is a simulated retailer that its name describes.

    >>> key_of("complete_journey") is None, key_of("simulated:a_folder") is None
    (True, True)

    Args:
        source: Name of a source.

    Returns:
        The key, or ``None``: other sources have none, and folders of a simulated retailer keep theirs elsewhere.
    """
    try:
        return open_key(source) if source.startswith("simulated:") else None
    except BadInput:
        return None


def _read_key(folder: Path) -> AnswerKey:
    recipe = folder / RECIPE
    if not recipe.is_file():
        raise BadInput(f"{folder} holds no answer key; `crm-lab simulate SCENARIO --key {folder}` writes one.")
    told = json.loads(recipe.read_text(encoding="utf-8"))
    truth = told["scenario"]
    tables = {name: to_pandas(pq.read_table(folder / f"{name}.parquet")) for name in ("customers", "lines", "dirt")}
    for name in ("pilot", *POINTS_KEYS, *ACCOUNT_KEYS, *PERSONA_KEYS, *BASKET_KEYS):
        if (folder / f"{name}.parquet").is_file():
            tables[name] = to_pandas(pq.read_table(folder / f"{name}.parquet"))
    return AnswerKey(scenario_of({**truth, "start": date.fromisoformat(truth["start"])}), told["seed"], **tables)
