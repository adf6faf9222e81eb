"""Trigger rules side by side: what was sent, what came back, and what the messages caused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from crm_lab.fact_rows import id_part
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, Result


@dataclass(frozen=True, eq=False)
class TriggerReportResult(Result):
    """One row a rule.

    >>> from crm_lab.recommend.trigger_rules.trigger_report import TriggerReport
    >>> events = pd.DataFrame({"rule": "birthday", "customer_id": [f"c{k}" for k in range(400)],
    ...     "date": "2024-05-01", "arm": ["treatment", "control"] * 200})
    >>> sent = events[events["arm"] == "treatment"]
    >>> bought = pd.DataFrame({"customer_id": [f"c{k}" for k in range(0, 200, 2)], "date": "2024-05-03"})
    >>> result = TriggerReport().analyze(events, sent, bought, as_of="2024-06-30")

    Attributes:
        rules: The table of `to_frame`.
        window_days: Days in which a purchase is a response.
        level: Confidence level.
        open_events: Events left out, since their window is not over.
        simulated: Whether it is made up.
    """  # fmt: skip

    rules: pd.DataFrame
    window_days: int
    level: float
    open_events: int
    simulated: bool

    name: ClassVar[str] = "trigger_report"
    formats: ClassVar[dict[str, str]] = {
        "response_rate": ".1%", "response_rate_lo": ".1%", "response_rate_hi": ".1%", "without": ".1%",
        "effect": "+.1%", "lo": "+.1%", "hi": "+.1%", "caused": "+,.0f",
        "opt_out": ".2%", "opt_out_lo": ".2%", "opt_out_hi": ".2%",
    }  # fmt: skip
    words: ClassVar[dict[str, str]] = {"refused": "recommend.trigger.refused_"}

    def to_frame(self) -> pd.DataFrame:
        """Rule, eligible events, those held out, sent; response, effect and opt-outs with intervals.

        ``response_rate`` is the share of sent events with a purchase, ``without`` that of held-out events, ``effect``
        the difference of the arms as assigned, with ``lo`` and ``hi``; ``caused`` the purchases that this makes;
        ``refused`` why there is no effect: no_holdout, few, sent_anyway, or nothing.

        >>> result.to_frame()["caused"].tolist()
        [100.0]
        """
        return self.rules.copy()

    def shown(self) -> pd.DataFrame:
        """`to_frame` with rules and reasons in words.

        >>> result.shown()["rule"].tolist()
        ['birthday']
        """
        frame = self.in_words(self.to_frame().assign(refused=self.rules["refused"].replace("", "none")))
        return frame.assign(rule=[_named(rule) for rule in frame["rule"]])

    def refusal(self) -> Message | None:
        """Why no rule has an effect, or ``None``.

        >>> result.refusal() is None
        True
        """
        if (self.rules["refused"] == "").any():
            return None
        return Message("recommend.trigger.no_effect", {"why": Message(f"recommend.trigger.refused_{self._first_why}")})

    @property
    def _first_why(self) -> str:
        return str(self.rules["refused"].iloc[0])

    def readout(self) -> Readout:
        """The rule that surely causes most, how sure that is, and what to do.

        >>> result.readout().finding.key
        'recommend.trigger.finding'
        """
        section, known = "recommend.trigger", self.rules[self.rules["refused"] == ""]
        values: dict[str, Any] = {
            "rules": len(self.rules), "eligible": int(self.rules["eligible"].sum()), "level": self.level,
            "sent": int(self.rules["sent"].sum()), "days": self.window_days, "known": len(known),
            "waiting": Message(f"{section}.waiting", {"open": self.open_events}) if self.open_events else "",
        }  # fmt: skip
        if known.empty:
            values["why"] = Message(f"{section}.refused_{self._first_why}")
            return Readout.of(section, values, "no_effect", "certainty_none", "action_none")
        first = known.sort_values(["lo", "rule"], ascending=[False, True]).iloc[0]
        values |= {name: float(first[name]) for name in ("effect", "lo", "hi", "response_rate", "without", "caused")}
        values["rule"] = _named(str(first["rule"]))
        sure = "" if first["lo"] > 0 else "_unsure"
        action = "action_simulated" if self.simulated else f"action{sure}"
        return Readout.of(section, values, f"finding{sure}", "certainty", action)

    def facts(self) -> tuple[Fact, ...]:
        """Response, effect and opt-outs of each rule; where there is no effect, why.

        >>> [fact.id for fact in result.facts()]
        ['recommend.trigger.birthday.response_rate', 'recommend.trigger.birthday.effect']
        """
        made = []
        rows: Any = self.rules.to_dict("records")
        for row in rows:
            made += [self._fact(row, "response_rate", "response_rate_lo", "response_rate_hi", row["sent"])]
            made += [self._fact(row, "effect", "lo", "hi", row["eligible"])]
            if not np.isnan(row["opt_out"]):
                made += [self._fact(row, "opt_out", "opt_out_lo", "opt_out_hi", row["sent"])]
        return tuple(made)

    def _fact(self, row: dict[str, Any], name: str, lo: str, hi: str, n: int) -> Fact:
        section, kind = "recommend.trigger", self._kind
        label = Message(f"{section}.fact_{name}", {"rule": _named(row["rule"]), "days": self.window_days})
        fact_id = f"{section}.{id_part(row['rule'])}.{name}"
        if np.isnan(row[name]):
            why = row["refused"] or "nothing_sent"
            return Fact(fact_id, label, None, "share", kind=kind, n=n, refusal=Message(f"{section}.refused_{why}"))
        ci = Interval(row[lo], row[hi], self.level)
        return Fact(fact_id, label, row[name], "share", ci, kind, n, better="down" if name == "opt_out" else "up")

    @property
    def _kind(self) -> Kind:
        return "simulated" if self.simulated else "estimate"


def _named(rule: str) -> str:
    """A rule in words; one with a name of the user's own keeps it."""
    kinds = ("birthday", "back_in_stock", "overdue", "post_purchase")
    return Message(f"recommend.trigger.kind_{rule}").text() if rule in kinds else rule
