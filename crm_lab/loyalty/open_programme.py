"""The tables of a loyalty programme that a page's parameters name, with the order of its tiers and what they cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from crm_lab.calendar import day_number
from crm_lab.checks import CannotAnswer, Problems
from crm_lab.data.settings_text import settings_in
from crm_lab.data.workspace import Tables, open_workspace
from crm_lab.loyalty.points.point_scale import converted
from crm_lab.loyalty.programme_rules.rule_set import PointsRules
from crm_lab.loyalty.referral.forensics.fraud_result import ReferralFraudResult
from crm_lab.loyalty.referral.forensics.referral_fraud import ReferralFraud
from crm_lab.loyalty.referral.open_referrals import open_referrals
from crm_lab.loyalty.tier_economics.near_miss import NearMiss, NearMissResult
from crm_lab.loyalty.tier_economics.threshold_effect import ThresholdEffect, ThresholdEffectResult
from crm_lab.loyalty.tier_economics.tier_records import checked_history, threshold_members, tier_days
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer

_YEAR = 365
_TERMS = ("point_price", "margin_share")
_TRAITS = ("age_group", "income_group", "household_size", "city")  # the channel may be the invitation itself
_COSTS = ("perks", "service")
_MOST_BACK = 0.5  # of the sales that earn them, beyond which points or costs are in another unit
_STRANGERS = 0.5  # share of members without an order from which their numbers may not be those of the orders
_FURTHER = ("tier_history", "referrals", "account_marks", "rewards_other_system")


@dataclass(frozen=True, eq=False)
class LoyaltyProgramme:
    """A programme's tables.

    >>> programme = open_programme("simulated:points,customers=600", "2024-12-31", "silver = 250; gold = 500")
    >>> programme.tiers, programme.missing
    (('basic', 'silver', 'gold'), ())

    Attributes:
        tables: Where they come from.
        thresholds: Tier to the amount from which members are in it, lowest first.
        given_costs: Cost of a member-year as the user named it: ``("perks", tier)`` or ``("service", tier)`` to money.
        margin_share: Gross margin as a share of sales.
        point_cost: Cost of a redeemed point as the user named it; 0 for what the ledger says of its redemptions.
        assumed: Which of ``point_price`` and ``margin_share`` are examples and not the retailer's.
        scale_changes: First day of a new scale of points to what one old point is in new ones; ``None`` where nobody
            said whether there is one.
    """

    tables: Tables
    thresholds: Mapping[str, float]
    given_costs: Mapping[tuple[str, str], float]
    margin_share: float
    point_cost: float = 0.0
    assumed: tuple[str, ...] = ()
    scale_changes: Mapping[str, float] | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """Tables of a programme that the source does not have.

        >>> programme.missing
        ()
        """
        return tuple(name for name in _FURTHER if name not in self.tables or not len(self.tables[name]))

    @cached_property
    def rewards(self) -> pd.DataFrame:
        """The ledger of points, in one scale and with the cost of a point that was named.

        >>> {"earn", "pending", "redeem", "expire"} <= set(programme.rewards["kind"])
        True
        """
        rewards = self._in_one_scale(self.tables["rewards"])
        if not self.point_cost:
            return rewards
        redeemed = rewards["points"].abs().where(rewards["kind"] == "redeem", 0)
        return rewards.assign(cost_amount=self.point_cost * redeemed)

    def _in_one_scale(self, ledger: pd.DataFrame) -> pd.DataFrame:
        return converted(ledger, self.scale_changes)[0] if self.scale_changes else ledger

    @property
    def named_scales(self) -> dict[str, float] | None:
        """What `PointsLedger` is told of scales: `rewards` have one, if anybody said so.

        >>> programme.named_scales is None
        True
        """
        return None if self.scale_changes is None else {}

    @property
    def other_ledger(self) -> pd.DataFrame | None:
        """The same points as a second system wrote them, if it keeps a ledger.

        >>> len(programme.other_ledger) > 1_000
        True
        """
        there = "rewards_other_system" not in self.missing
        return self._in_one_scale(self.tables["rewards_other_system"]) if there else None

    @property
    def customers(self) -> pd.DataFrame | None:
        """Who they are and when they joined, if that is known.

        >>> len(programme.customers)
        600
        """
        there = "customers" in self.tables
        return self.tables["customers"] if there else None

    @property
    def traits(self) -> tuple[str, ...]:
        """Columns of the customers by which members who were invited can be made like the others.

        >>> programme.traits
        ('age_group', 'city')
        """
        customers = self.customers
        known = () if customers is None else [name for name in _TRAITS if name in customers]
        return tuple(name for name in known if customers is not None and customers[name].notna().mean() > 0.5)

    @cached_property
    def orders(self) -> pd.DataFrame:
        """The orders, with what was paid as ``amount``.

        >>> {"order_id", "customer_id", "date", "net_amount", "amount"} <= set(programme.orders)
        True
        """
        orders = self.tables["orders"]
        return orders.assign(amount=orders["net_amount"])

    @cached_property
    def tier_history(self) -> pd.DataFrame | None:
        """Who was in which tier since when, if that is known.

        >>> programme.tier_history["tier"].unique().tolist()
        ['basic', 'gold', 'silver']
        """
        return None if "tier_history" in self.missing else self.tables["tier_history"]

    @cached_property
    def tiers(self) -> tuple[str, ...]:
        """Tiers from the lowest to the highest; empty without a tier history, or where nothing says their order.

        >>> programme.tiers[0]
        'basic'

        Raises:
            BadInput: If the thresholds and the history do not name the same tiers.
        """
        history = self.tier_history
        if history is None:
            return ()
        found = history.groupby("tier")["qualifying_amount"].median()
        if not self.thresholds:
            if self._unordered:
                return ()
            return tuple(map(str, found.sort_values(na_position="first").index))
        lowest = [str(name) for name in found.index if name not in self.thresholds]
        problems = Problems("The tiers")
        strange = [name for name in self.thresholds if name not in found.index]
        if strange:
            problems.found.append(f"{', '.join(strange)} have a threshold, and no member was ever in them.")
        if len(lowest) != 1:
            problems.found.append(
                f"{', '.join(lowest) or 'none'} have no threshold; that must be just the lowest tier of "
                f"{', '.join(map(str, found.index))}."
            )
        problems.raise_any()
        return (*lowest, *self.thresholds)

    @property
    def given_back(self) -> float:
        """What rewards cost by the sales that earn their points, were all points redeemed; nan where that is not known.

        >>> 0.01 < programme.given_back < 0.04
        True
        """
        ledger, orders = self.rewards, self.orders.set_index("order_id")["amount"]
        redeemed = ledger[(ledger["kind"] == "redeem") & (ledger["cost_amount"] > 0).fillna(value=False)]
        earned = ledger[ledger["kind"].isin(["earn", "pending"]) & ledger["order_id"].isin(orders.index)]
        sales = float(orders.loc[earned["order_id"].unique()].sum())
        if not len(redeemed) or sales <= 0:
            return math.nan
        cost = float(redeemed["cost_amount"].sum()) / float(-redeemed["points"].sum())
        return cost * float(earned["points"].sum()) / sales

    @property
    def _unordered(self) -> tuple[str, ...]:
        """Tiers of which nothing says the order: no thresholds are named, and no amounts stand beside them."""
        history = self.tier_history
        if history is None or self.thresholds:
            return ()
        found = history.groupby("tier")["qualifying_amount"].median()
        unknown = tuple(map(str, found.index[found.isna()]))
        return unknown if len(unknown) > 1 else ()

    @property
    def currency(self) -> str:
        """ISO code of all amounts.

        >>> programme.currency
        'EUR'
        """
        return self.tables.currency

    @property
    def simulated(self) -> bool:
        """Whether the tables are simulated.

        >>> programme.simulated
        True
        """
        return bool(self.provenance().get("simulated"))

    def provenance(self) -> dict[str, Any]:
        """As `Tables.provenance`.

        >>> programme.provenance()["as_of"]
        '2024-12-31'
        """
        return self.tables.provenance()

    def tier_costs(self, what: str) -> dict[str, float]:
        """Cost of a member-year in each tier: as the user named it, else from the table ``costs``.

        There, items are called ``perks TIER`` or ``service TIER``; their sum is divided by the years that members
        spent in the tier in those months.

        >>> round(programme.tier_costs("perks")["gold"], 1) > round(programme.tier_costs("perks")["silver"], 1) > 0
        True

        Args:
            what: ``perks`` or ``service``.

        Returns:
            Tier to money; tiers without a cost are left out.
        """
        named = {tier: amount for (kind, tier), amount in self.given_costs.items() if kind == what}
        history = self.tier_history
        if named or history is None or "costs" not in self.tables:
            return named
        costs = self.tables["costs"]
        found = {}
        for tier in self.tiers:
            months = costs[costs["item"] == f"{what} {tier}"]
            if len(months):
                found[tier] = float(months["amount"].sum()) / self._years_in(history, tier, months["month"])
        return found

    def _years_in(self, tier_history: pd.DataFrame, tier: str, months: pd.Series) -> float:
        """Years that members spent in a tier from the first of these months to the end of the last."""
        history = checked_history(tier_history, self.tiers)
        ids = pd.Index(history["customer_id"].unique())
        first, last = months.min(), months.max() + pd.offsets.MonthEnd(0)
        span = day_number(first.date()), min(day_number(last.date()), day_number(self.tables.as_of))
        days = tier_days(history, ids, len(self.tiers), span)
        return float(days[:, self.tiers.index(tier)].sum()) / _YEAR

    def rules(self, rate: float, earns: str, expiry_months: int) -> PointsRules:
        """The rules that members live under, as the parameters of a page name them.

        >>> programme.rules(1.0, "silver = 1.25; gold = 1.5", 12).earns
        {'silver': 1.25, 'gold': 1.5}

        Args:
            rate: Points by unit of money.
            earns: ``TIER = FACTOR; ...``.
            expiry_months: Months after that of issue to the end of which points hold; 0 if they never expire.

        Returns:
            The rules.

        Raises:
            BadInput: If a factor cannot be read.
        """
        problems = Problems("The programme")
        factors = {tier: _amount(problems, "earns", tier, text) for tier, text in settings_in(earns).items()}
        problems.raise_any()
        perks, service = (self.tier_costs(what) for what in _COSTS)
        costs = {tier: perks.get(tier, 0.0) + service.get(tier, 0.0) for tier in self.tiers}
        own = {tier: factor for tier, factor in factors.items() if tier in self.tiers}
        cuts = self.thresholds if self.tiers else {}
        return PointsRules(rate=rate, earns=own, expiry_months=expiry_months or None, thresholds=cuts, perks=costs)

    def threshold_effects(self) -> list[ThresholdEffectResult]:
        """What each threshold changes in the margin of the year after; without those on which nobody was decided.

        >>> [effect.spec.tier for effect in programme.threshold_effects()]
        ['silver', 'gold']
        """
        found, ends = [], [-math.inf, *self.thresholds.values(), math.inf]
        for k, (tier, threshold) in enumerate(self.thresholds.items()):
            members = self._decided(tier)
            if members is not None:
                spec = ThresholdEffect(
                    tier=tier, threshold=threshold, outcome="margin", lower=ends[k], upper=ends[k + 2],
                    margin_share=self.margin_share, currency=self.currency,
                )  # fmt: skip
                found.append(spec.analyze(members, simulated=self.simulated))
        return found

    def near_misses(self) -> list[NearMissResult]:
        """Whether members who missed a tier by little stay away, tier by tier.

        >>> [miss.spec.tier for miss in programme.near_misses()]
        ['silver', 'gold']
        """
        members = {tier: self._decided(tier) for tier in self.thresholds}
        return [
            NearMiss(tier=tier, threshold=self.thresholds[tier]).analyze(rows, simulated=self.simulated)
            for tier, rows in members.items()
            if rows is not None
        ]

    def _decided(self, tier: str) -> pd.DataFrame | None:
        """Members whose tier was decided long enough ago; ``None`` where nobody was."""
        if self.tier_history is None:
            return None
        try:
            return threshold_members(
                self.tier_history, self.orders, tiers=self.tiers, tier=tier, as_of=self.tables.as_of
            )
        except CannotAnswer:
            return None

    def fraud(self, days: int) -> ReferralFraudResult | None:
        """The invitations, looked through; ``None`` without invitations.

        >>> programme.fraud(90).judged > 0
        True

        Args:
            days: Days after joining over which accounts are compared.
        """
        if "referrals" in self.missing:
            return None
        log = open_referrals(self.tables)
        return ReferralFraud(follow_up_days=days, currency=self.currency).analyze(log)

    def notes(self) -> list[str]:
        """What the tables lack and what is left out for it, and what is assumed.

        >>> programme.notes()
        []
        """
        said = [Message(f"loyalty.missing.{name}") for name in self.missing]
        if self.point_cost:
            said.append(Message("loyalty.named_cost", {"cost": self.point_cost}))
        if self._unordered:
            said.append(Message("loyalty.unordered", {"tiers": ", ".join(self._unordered)}))
        said += (
            [Message("loyalty.assumed", {"names": ", ".join(f"`{name}`" for name in self.assumed)})]
            if self.assumed
            else []
        )
        members = pd.Index(self.rewards["customer_id"].unique())
        strangers = int((~members.isin(self.orders["customer_id"])).sum())
        if strangers > _STRANGERS * len(members):
            said.append(Message("loyalty.strangers", {"strangers": strangers, "members": len(members)}))
        return [message.text() for message in said]


def open_programme(
    source: str,
    as_of: str,
    thresholds: str = "",
    tier_costs: str = "",
    *,
    margin_share: float = 1.0,
    point_cost: float = 0.0,
    assumed_terms: str = "",
    scale_changes: str = "",
) -> LoyaltyProgramme:
    """Open the tables of a programme.

    >>> open_programme("simulated:points,customers=600", "latest").thresholds
    {}

    Args:
        source: Where tables come from.
        as_of: Last day that counts.
        thresholds: ``TIER = AMOUNT; ...``: the amount from which members are in a tier, lowest first; empty where it
            is not known.
        tier_costs: ``perks TIER = AMOUNT; service TIER = AMOUNT; ...``: cost of a member-year; empty for the table
            ``costs``.
        margin_share: Gross margin as a share of sales.
        point_cost: Cost of a redeemed point; 0 takes it from the redemptions of the ledger.
        assumed_terms: Which of ``point_price`` and ``margin_share`` are examples, with commas.
        scale_changes: ``DAY = FACTOR; ...``: first day of a new scale of points and what one old point is in new ones;
            ``none`` where a jump of points means what it says.

    Returns:
        The programme.

    Raises:
        BadInput: If a setting cannot be read.
        CannotAnswer: If the source has no ledger of points, or its rewards cost more than members can have earned.
    """
    named, amounts = settings_in(thresholds), settings_in(tier_costs)
    problems = Problems("The programme")
    cuts = {tier: _amount(problems, "thresholds", tier, text) for tier, text in named.items()}
    if list(cuts.values()) != sorted(set(cuts.values())):
        problems.found.append(f"thresholds must rise from tier to tier: {thresholds!r}.")
    costs = {}
    for name, text in amounts.items():
        what, _, tier = name.partition(" ")
        if what not in _COSTS or not tier.strip():
            problems.found.append(f"tier_costs names {name!r}; it must be 'perks TIER' or 'service TIER'.")
        costs[what, tier.strip()] = _amount(problems, "tier_costs", name, text)
    assumed = tuple(term.strip() for term in assumed_terms.split(",") if term.strip())
    problems.unless(
        set(assumed) <= set(_TERMS), f"assumed_terms is {assumed_terms!r}; it can name {', '.join(_TERMS)}."
    )
    said = {} if scale_changes.strip() == "none" else settings_in(scale_changes)
    scales = {day: _amount(problems, "scale_changes", day, text) for day, text in said.items()}
    problems.raise_any()
    tables = open_workspace(source).at(as_of)
    if "rewards" not in tables or not len(tables["rewards"]):
        raise cannot_answer("no_ledger", title=str(tables.provenance()["title"]))
    named_scales = scales if scale_changes.strip() else None
    programme = LoyaltyProgramme(tables, cuts, costs, margin_share, point_cost, assumed, named_scales)
    back = programme.given_back
    if back > _MOST_BACK:
        raise cannot_answer("rewards_cost_too_much", share=back, most=_MOST_BACK)
    return programme


def _amount(problems: Problems, parameter: str, name: str, text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not (math.isfinite(amount) and amount >= 0):
        problems.found.append(f"{parameter}: {name} is {text!r}; it must be an amount of 0 or more.")
    return amount
