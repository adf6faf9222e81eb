"""What trigger rules did: eligible, sent, response, opt-outs, and what they caused where customers were held out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.calendar import day_number
from crm_lab.checks import Problems, as_date, check_settings, need_columns, not_levels, not_portions, too_small
from crm_lab.data.kernels.dataframes import as_pandas, id_texts
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.recommend.trigger_rules.rate_differences import Rate, customer_rate, rate_difference
from crm_lab.recommend.trigger_rules.trigger_events import NEVER, days_of
from crm_lab.recommend.trigger_rules.trigger_report_result import TriggerReportResult


@dataclass(frozen=True, kw_only=True)
class TriggerReport:
    """How events are followed, and when an effect is given.

    A response to a message is no effect of it: many would have bought anyway. The effect is the share of events
    with a purchase among customers who may get messages less that among those held out by lot, sent or not.

    >>> events = pd.DataFrame({"rule": "birthday", "customer_id": [f"c{k}" for k in range(400)],
    ...     "date": "2024-05-01", "arm": ["treatment", "control"] * 200})
    >>> sent = events[events["arm"] == "treatment"]
    >>> bought = pd.DataFrame({"customer_id": [f"c{k}" for k in range(0, 200, 2)], "date": "2024-05-03"})
    >>> result = TriggerReport().analyze(events, sent, bought, as_of="2024-06-30")
    >>> result.to_frame()[["eligible", "sent", "response_rate", "effect"]].to_numpy().tolist()
    [[400.0, 200.0, 0.5, 0.5]]

    Attributes:
        window_days: Days after the event in which a purchase is a response, and an opt-out one of the message, from the
            day it was sent on.
        sent_within: Days after the event within which a message of the rule belongs to it.
        same_product: Whether only a purchase of the event's product is a response.
        least: Fewest customers of each arm for an effect.
        most_sent: Largest share of held-out events with a message all the same for an effect.
        level: Confidence level; effects of all rules hold jointly (Bonferroni).
    """  # fmt: skip

    window_days: int = 14
    sent_within: int = 2
    same_product: bool = False
    least: int = 30
    most_sent: float = 0.05
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(
            self, too_small(self, window_days=1, sent_within=0, least=2), not_portions(self, "most_sent"),
            not_levels(self, "level"),
        )  # fmt: skip

    def analyze(
        self,
        events: IntoFrame,
        sent: IntoFrame,
        purchases: IntoFrame,
        *,
        as_of: str | date,
        opt_outs: IntoFrame | None = None,
        simulated: bool = False,
    ) -> TriggerReportResult:
        """Follow events to purchases.

        Args:
            events: As `TriggerRule.eligible` gives them: ``rule, customer_id, date`` and, where customers were held
                out, ``arm`` (treatment, control); several rules below each other.
            sent: Messages: ``rule, customer_id, date``.
            purchases: ``customer_id, date``, with ``product_id`` for `same_product`.
            as_of: Last day that is known; events whose window ends later are left out.
            opt_outs: ``customer_id, date`` of those who want no more messages, or ``None`` if not known.
            simulated: Whether it is made up.

        Returns:
            One row a rule.

        Raises:
            BadInput: If a table lacks a column or has a value that is no date.
            CannotAnswer: If no event's window is over by `as_of`.
        """
        table = as_pandas(events, "The table of events")
        need_columns(table.columns, ["rule", "customer_id", "date"], "The table of events")
        followed = pd.DataFrame({
            "rule": table["rule"].astype(str), "customer_id": id_texts(table["customer_id"]),
            "day": days_of(table, "date", "The table of events"),
            "arm": table.get("arm", "treatment"),
            "product_id": table.get("product_id"),
        })  # fmt: skip
        _refuse_arms(followed)
        followed = followed[followed["customer_id"].notna()]
        last = day_number(as_date(as_of))
        early = followed["day"] + self.window_days <= last
        if not early.any():
            raise cannot_answer("no_trigger_window", days=self.window_days, day=as_date(as_of))
        followed = followed[early].reset_index(drop=True)
        messages = _by_day(as_pandas(sent, "The table of messages"), ["rule", "customer_id"], "The table of messages")
        at = _first_day(followed, messages, self.sent_within)
        followed["sent"] = at != NEVER
        key = ["customer_id", "product_id"] if self.same_product else ["customer_id"]
        bought = _by_day(as_pandas(purchases, "The table of purchases"), key, "The table of purchases")
        followed["bought"] = _first_day(followed, bought, self.window_days) != NEVER
        if opt_outs is not None:
            gone = _by_day(as_pandas(opt_outs, "The table of opt-outs"), ["customer_id"], "The table of opt-outs")
            left = _first_day(followed.assign(day=np.where(at == NEVER, followed["day"], at)), gone, self.window_days)
            followed["opted_out"] = (left != NEVER) & (left <= followed["day"] + self.window_days)
        rules = [part for _, part in followed.groupby("rule", sort=True)]
        reasons = [self._refused(part) for part in rules]
        joint = 1 - (1 - self.level) / max(reasons.count(""), 1)
        rows = [self._row(part, why, joint) for part, why in zip(rules, reasons, strict=True)]
        return TriggerReportResult(pd.DataFrame(rows), self.window_days, self.level, int((~early).sum()), simulated)

    def _refused(self, part: pd.DataFrame) -> str:
        """Why there is no effect of a rule, or nothing."""
        arms = part.groupby("arm")["customer_id"].nunique()
        if "control" not in arms:
            return "no_holdout"
        if arms.get("treatment", 0) < self.least or arms["control"] < self.least:
            return "few"
        return "sent_anyway" if part.loc[part["arm"] == "control", "sent"].mean() > self.most_sent else ""

    def _row(self, part: pd.DataFrame, why: str, joint: float) -> dict[str, object]:
        """One rule's counts, shares and effect."""
        treated, held = part[part["arm"] != "control"], part[part["arm"] == "control"]
        reached = treated[treated["sent"]]
        response = _rate(reached, "bought", self.level)
        gain = (np.nan, np.nan, np.nan)
        if not why:
            gain = rate_difference(_rate(treated, "bought", joint), _rate(held, "bought", joint))
        opted = _rate(reached, "opted_out", self.level) if "opted_out" in part else None
        return {
            "rule": part["rule"].iloc[0], "eligible": len(part), "held_out": len(held), "sent": len(reached),
            "response_rate": response.value, "response_rate_lo": response.lo, "response_rate_hi": response.hi,
            "without": _rate(held, "bought", self.level).value, "effect": gain[0], "lo": gain[1], "hi": gain[2],
            "caused": gain[0] * len(treated), "opt_out": opted.value if opted else np.nan,
            "opt_out_lo": opted.lo if opted else np.nan, "opt_out_hi": opted.hi if opted else np.nan, "refused": why,
        }  # fmt: skip


def _refuse_arms(events: pd.DataFrame) -> None:
    """Refuse arms that no lot on the customer can have given."""
    problems = Problems("The table of events")
    odd = int((~events["arm"].isin(["treatment", "control"])).sum())
    problems.unless(not odd, f"{odd:,} rows have an arm that is not treatment or control; write it so.")
    pairs = events.drop_duplicates(["rule", "customer_id", "arm"])
    both = int(pairs.duplicated(["rule", "customer_id"]).sum())
    problems.unless(not both, f"{both:,} customers are in both arms of a rule; the lot is drawn once a customer.")
    problems.raise_any()


def _rate(part: pd.DataFrame, column: str, level: float) -> Rate:
    """Share of events, customers as units."""
    by = part.groupby("customer_id")[column].agg(["sum", "count"])
    return customer_rate(by["sum"].to_numpy(dtype=float), by["count"].to_numpy(dtype=float), level)


def _by_day(table: pd.DataFrame, key: list[str], what: str) -> pd.DataFrame:
    """Keys as text with the day, in order of days."""
    need_columns(table.columns, [*key, "date"], what)
    made = table[key].apply(id_texts).assign(at=days_of(table, "date", what)).dropna(subset=key)
    return made.sort_values("at", kind="stable", ignore_index=True)


def _first_day(events: pd.DataFrame, later: pd.DataFrame, days: int) -> np.ndarray:
    """First day with something of an event's key, up to so many days after it; else `NEVER`, shape (events,)."""
    key = [name for name in later.columns if name != "at"]
    left = events[key].apply(id_texts).assign(day=events["day"], place=np.arange(len(events)))
    found = pd.merge_asof(
        left.sort_values("day", kind="stable"), later.assign(day=later["at"]), on="day", by=key, direction="forward",
        tolerance=days,
    )  # fmt: skip
    first, known = np.full(len(events), NEVER, dtype=np.int64), found[found["at"].notna()]
    first[known["place"]] = known["at"].astype(np.int64)
    return first
