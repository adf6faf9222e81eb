"""`IncrementalResponse`: what a campaign added where a hold-out was drawn by lot; refused where targeting decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.channels.campaigns.campaign_log import CampaignLog
from crm_lab.checks import check_settings, not_levels, too_small
from crm_lab.fact_rows import facts_of, id_part
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Interval, Readout, TableResult
from crm_lab.stats.intervals import wilson, z_value

OUTCOMES: Final = ("bought", "orders", "revenue")
_DOUBT: Final = 0.001  # below this p value a lot is not believed
_FEWEST: Final = 10  # customers in each arm


@dataclass(frozen=True, eq=False)
class Lot:
    """Who was drawn for a campaign and who was held out.

    Attributes:
        customer: Places among the log's customers, shape (n,).
        treated: Who was to get it, shape (n,).
        day: Day of the draw, shape (n,).
    """

    customer: Integers
    treated: Booleans
    day: Integers


def lot_of(log: CampaignLog, campaign: str) -> Lot | None:
    """The draw of a campaign: assignments of that name with both arms; ``None`` where there are none.

    Args:
        log: Messages and assignments.
        campaign: Its name, and that of the experiment.

    Returns:
        The draw.

    Raises:
        CannotAnswer: If there are arms other than ``control`` and ``treatment``.
    """
    drawn = log.assignments[log.assignments["campaign"] == campaign]
    arms = set(drawn["arm"])
    if other := sorted(arms - {"control", "treatment"}):
        raise cannot_answer("arms_not_two", campaign=campaign, arms=", ".join(other))
    if len(arms) < 2:
        return None
    return Lot(drawn["customer"].to_numpy(), drawn["arm"].to_numpy() == "treatment", drawn["day"].to_numpy())


@dataclass(frozen=True, kw_only=True)
class IncrementalResponse:
    """Over which days the outcome of a campaign counts.

    >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
    >>> from crm_lab.simulate import make_retailer
    >>> log = of_retailer(make_retailer("fashion", n_customers=300, seed=7))
    >>> IncrementalResponse().analyze(log, "save_offer").to_frame()["outcome"].tolist()
    ['bought', 'orders', 'revenue']

    Attributes:
        days: Days from the draw on, that day included.
        planned_share: Share that the lot was to treat, such as 0.5; held against the arms where it is given.
        level: Confidence level.

    Raises:
        BadInput: If a setting is wrong.

    Source:
        Newcombe (1998), Interval estimation for the difference between independent proportions, method 10.
    """

    days: int = 28
    planned_share: float | None = None
    level: float = 0.95

    def __post_init__(self) -> None:
        share = "" if self.planned_share is None or 0 < self.planned_share < 1 else "it must lie between 0 and 1"
        check_settings(self, too_small(self, days=1), not_levels(self, "level"), planned_share=share)

    def analyze(self, log: CampaignLog, campaign: str) -> IncrementalResponseResult:
        """Compare the arms, everybody in the one that was drawn; or say why that is not possible.

        >>> IncrementalResponse().analyze(log, "campaign_018").to_frame()["group"].tolist()
        ['targeted', 'others']

        Args:
            log: Messages, orders and assignments.
            campaign: Its name; a lot is an experiment of that name in `assignments`.

        Returns:
            Effects with intervals, or the spend before of those targeted and the others with the refusal.

        Raises:
            CannotAnswer: If nothing was sent in the campaign, or its days are not all in the data.
        """
        lot = lot_of(log, campaign)
        if lot is None:
            return _targeted(self, log, campaign)
        if (end := int(lot.day.max()) + self.days - 1) > log.last_day:
            raise cannot_answer("campaign_days_ahead", campaign=campaign, days=self.days, missing=end - log.last_day)
        return _drawn(self, log, campaign, lot)


def _targeted(spec: IncrementalResponse, log: CampaignLog, campaign: str) -> IncrementalResponseResult:
    sent = log.of_campaign(campaign)
    everybody, start = np.arange(len(log.customer_ids)), int(sent["day"].min())
    first = np.zeros(len(everybody), dtype=np.int64)
    orders, spend = log.orders.sums(everybody, first, first + start - 1)
    inside = np.isin(everybody, sent["customer"].to_numpy())
    rows = [
        (group, int(mask.sum()), *(float(x[mask].mean()) if mask.any() else np.nan for x in (orders, spend)))
        for group, mask in (("targeted", inside), ("others", ~inside))
    ]
    table = pd.DataFrame(rows, columns=["group", "customers", "orders_before", "spend_before"])
    return IncrementalResponseResult(spec, log, campaign, table, _why(campaign, table, "targeting"))


def _why(campaign: str, table: pd.DataFrame, reason: str, pvalue: float = np.nan) -> Message:
    one, other = table["spend_before"]
    n, rest = table["customers"]
    values = {"campaign": campaign, "n": n, "rest": rest, "spend": one, "others": other, "pvalue": pvalue}
    return Message(f"channels.incremental.refused_{reason}", values)


def _drawn(spec: IncrementalResponse, log: CampaignLog, campaign: str, lot: Lot) -> IncrementalResponseResult:
    arm = lot.treated
    least = min(int(arm.sum()), int((~arm).sum()))
    if least < _FEWEST:
        raise cannot_answer("arms_too_small", campaign=campaign, n=least, least=_FEWEST)
    _, before = log.orders.sums(lot.customer, np.zeros_like(lot.day), lot.day - 1)
    table = pd.DataFrame({
        "group": ["treatment", "control"], "customers": [int(arm.sum()), int((~arm).sum())],
        "spend_before": [float(before[arm].mean()), float(before[~arm].mean())],
    })  # fmt: skip
    pvalue = float(stats.ttest_ind(before[arm], before[~arm], equal_var=False).pvalue) if before.std() > 0 else 1.0
    if pvalue < _DOUBT:
        return IncrementalResponseResult(spec, log, campaign, table, _why(campaign, table, "unequal", pvalue))
    if spec.planned_share is not None:
        pvalue = float(stats.binomtest(int(arm.sum()), len(arm), spec.planned_share).pvalue)
        if pvalue < _DOUBT:
            return IncrementalResponseResult(spec, log, campaign, table, _why(campaign, table, "ratio", pvalue))
    orders, revenue = log.orders.sums(lot.customer, lot.day, lot.day + spec.days - 1)
    values: dict[str, Floats] = {"bought": (orders > 0).astype(np.float64), "orders": orders, "revenue": revenue}
    rows = [(name, *effect_of(values[name], arm, spec.level, share=name == "bought")) for name in OUTCOMES]
    effects = pd.DataFrame(rows, columns=["outcome", "control", "treatment", "effect", "lo", "hi"])
    leaked = np.isin(lot.customer[~arm], log.messages.loc[log.messages["campaign"] == campaign, "customer"])
    return IncrementalResponseResult(spec, log, campaign, effects, None, (int(arm.sum()), int((~arm).sum())),
                                     int(leaked.sum()))  # fmt: skip


def effect_of(
    y: Floats, treated: Booleans, level: float = 0.95, *, share: bool = False
) -> tuple[float, float, float, float, float]:
    """Difference of two means with its interval: of shares by Newcombe's scores, of amounts by Welch.

    >>> [round(x, 3) for x in effect_of(np.array([1, 1, 0, 0, 1, 0.0] * 5), np.arange(30) < 15, share=True)][:3]
    [0.467, 0.533, 0.067]

    Args:
        y: Outcome of each customer, shape (n,).
        treated: Arm, shape (n,).
        level: Confidence level.
        share: Whether the outcome is 0 or 1.

    Returns:
        Mean of control, mean of treatment, their difference, and the ends of its interval.
    """
    t, c = y[treated], y[~treated]
    p, q = float(t.mean()), float(c.mean())
    if share:
        (l1, u1), (l2, u2) = (wilson(x.sum(), len(x), level) for x in (t, c))
        lo, hi = p - q - np.hypot(p - l1, u2 - q), p - q + np.hypot(u1 - p, q - l2)
    else:
        half = z_value(level) * np.sqrt(t.var(ddof=1) / len(t) + c.var(ddof=1) / len(c))
        lo, hi = p - q - half, p - q + half
    return q, p, p - q, float(lo), float(hi)


@dataclass(frozen=True, eq=False)
class IncrementalResponseResult(TableResult):
    """What a campaign added per customer drawn for it; or who was targeted, as the reason why that is not known.

    >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
    >>> from crm_lab.simulate import make_retailer
    >>> log = of_retailer(make_retailer("fashion", n_customers=300, seed=7))
    >>> result = IncrementalResponse().analyze(log, "campaign_018")

    Attributes:
        spec: What was asked.
        log: Messages and orders.
        campaign: Which.
        frame: ``outcome``, ``control``, ``treatment``, ``effect``, ``lo``, ``hi``; where it is refused ``group``,
            ``customers`` and their mean ``orders_before`` and ``spend_before``.
        why: Reason of a refusal.
        arms: Customers of treatment and control.
        leaked: Customers of the control who got the campaign all the same; they stay in it.
    """

    spec: IncrementalResponse
    log: CampaignLog
    campaign: str
    frame: pd.DataFrame = field(repr=False)
    why: Message | None = None
    arms: tuple[int, int] = (0, 0)
    leaked: int = 0

    name: ClassVar[str] = "incremental_response"
    formats: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("control", "treatment", "effect", "lo", "hi"), ",.4f"),
        "orders_before": ",.1f", "spend_before": ",.2f",
    }  # fmt: skip
    words: ClassVar[Mapping[str, str]] = {"group": "channels.group.", "outcome": "column."}

    def effect(self, outcome: str = "bought") -> tuple[float, Interval] | None:
        """Difference of the arms in an outcome with its interval; nothing where it is refused.

        >>> result.effect() is None
        True

        Args:
            outcome: One of ``bought``, ``orders``, ``revenue``.
        """
        if self.why is not None:
            return None
        row = self.frame[self.frame["outcome"] == outcome].iloc[0]
        return float(row["effect"]), Interval(float(row["lo"]), float(row["hi"]), self.spec.level)

    def refusal(self) -> Message | None:
        """Why the data cannot say what the campaign added, or ``None``.

        >>> result.refusal().key
        'channels.incremental.refused_targeting'
        """
        return self.why

    def readout(self) -> Readout:
        """What the campaign added, or why nobody knows and how to find out next time.

        >>> result.readout().action.key
        'channels.incremental.action_refused'
        """
        found = self.effect()
        if self.why is not None or found is None:
            return Readout(
                self.why or "channels.incremental.certainty_refused", "channels.incremental.certainty_refused",
                "channels.incremental.action_refused",
            )  # fmt: skip
        row = self.frame.set_index("outcome").loc["bought"]
        values: dict[str, Any] = {
            "campaign": self.campaign, "days": self.spec.days, "level": self.spec.level, "treated": self.arms[0],
            "held": self.arms[1], "leaked": self.leaked, "response": row["treatment"], "anyway": row["control"],
            "effect": 100 * row["effect"], "lo": 100 * row["lo"], "hi": 100 * row["hi"],
        }  # fmt: skip
        sure = "surely" if row["lo"] > 0 else "less" if row["hi"] < 0 else "open"
        return Readout.of("channels.incremental", values, f"finding_{sure}", action=f"action_{sure}")

    def facts(self) -> tuple[Fact, ...]:
        """Effect on each outcome; where it is refused, that of response with its reason, and spend before.

        >>> [fact.id for fact in result.facts()]
        ['campaigns.campaign_018.effect', 'campaigns.campaign_018.targeted.spend_before', ...]
        """
        part = f"campaigns.{id_part(self.campaign)}"
        if self.why is None:
            return facts_of(
                self.frame, f"{part}.effect.{{outcome}}", self._label, "effect", ends=("lo", "hi"),
                level=self.spec.level, n=sum(self.arms), kind=self.log.kind, better="up",
            )  # fmt: skip
        refused = Fact(f"{part}.effect", self._label({"outcome": "bought"}), None, refusal=self.why)
        spend = facts_of(
            self.frame, f"{part}.{{group}}.spend_before", lambda row: Message("channels.incremental.fact_before", {
                "campaign": self.campaign, "group": Message(f"channels.group.{row['group']}"),
            }), "spend_before", self.log.currency, n="customers", kind=self.log.counted,
        )  # fmt: skip
        return (refused, *spend)

    def _label(self, row: Mapping[str, Any]) -> Message:
        values = {"campaign": self.campaign, "outcome": Message(f"column.{row['outcome']}")}
        return Message("channels.incremental.fact", values)
