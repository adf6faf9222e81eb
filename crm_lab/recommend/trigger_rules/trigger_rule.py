"""A rule that sends a message when an event of the customer's own calls for it, with a hold-out by lot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd

from crm_lab.calendar import day_number
from crm_lab.checks import as_date, check_settings, need_columns, not_among, too_small
from crm_lab.data.kernels.dataframes import id_texts
from crm_lab.data.kernels.hashed_lot import hash_unit
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.recommend.trigger_rules.trigger_events import KINDS, NEVER, days_of

Kind = Literal["birthday", "back_in_stock", "overdue", "post_purchase"]


@dataclass(frozen=True, kw_only=True)
class TriggerRule:
    """Whom an event makes eligible, and who of them is held out.

    >>> people = pd.DataFrame({"customer_id": [f"c{k}" for k in range(50)], "birthday": "1990-05-10"})
    >>> rule = TriggerRule(kind="birthday", holdout=0.2)
    >>> rule.eligible("2024-05-01", "2024-05-31", customers=people)["arm"].value_counts().sort_index().to_dict()
    {'control': 9, 'treatment': 41}

    Attributes:
        kind: ``birthday``, ``back_in_stock``, ``overdue`` or ``post_purchase``.
        name: Of the rule; its kind unless given. It is the salt of the lot.
        quiet_days: Days after an event in which no other event of the rule makes the same customer eligible.
        holdout: Share of the customers who never get the rule's messages, by lot on the customer.
    """

    kind: Kind
    name: str = ""
    quiet_days: int = 28
    holdout: float = 0.1

    def __post_init__(self) -> None:
        check_settings(
            self, not_among(self, kind=list(KINDS)), too_small(self, quiet_days=0),
            holdout=not 0 <= self.holdout < 1 and "it is a share of the customers, below 1",
        )  # fmt: skip

    @property
    def rule(self) -> str:
        """Name of the rule.

        >>> rule.rule
        'birthday'
        """
        return self.name or self.kind

    def eligible(
        self,
        start: str | date,
        end: str | date,
        *,
        consent: pd.DataFrame | None = None,
        earlier: pd.DataFrame | None = None,
        **tables: Any,
    ) -> pd.DataFrame:
        """Customers whom the rule makes eligible in a period, and the arm of each.

        Args:
            start: First day on which a message is due.
            end: Last day.
            consent: ``customer_id`` of those who may be contacted; everybody in the tables unless given.
            earlier: What earlier calls gave, both arms: without it a rule that runs every day keeps no quiet days.
            **tables: Those of the kind, and its days: ``customers`` and ``lead`` of a birthday; ``stock`` and
                ``interest`` of back in stock; ``due``, ``purchases`` and ``goes_on`` of overdue; ``purchases``,
                ``days`` and ``first_only`` of post purchase.

        Returns:
            ``rule, customer_id, date, product_id, arm`` (treatment or control), by date and customer.

        Raises:
            CannotAnswer: If nobody is eligible.
            BadInput: If a table lacks a column.
        """
        first, last = as_date(start, "start"), as_date(end, "end")
        events = KINDS[self.kind](**tables, start=first, end=last)
        if consent is not None:
            need_columns(consent.columns, ["customer_id"], "The table of consent")
            events = events[events["customer_id"].isin(id_texts(consent["customer_id"]).dropna())]
        events = self._after_quiet(events, self._last_days(earlier, first))
        if events.empty:
            raise cannot_answer("nobody_triggered", rule=self.rule, start=first, end=last)
        held = hash_unit(events["customer_id"], f"trigger {self.rule}") < self.holdout
        return events.assign(rule=self.rule, arm=np.where(held, "control", "treatment"))[
            ["rule", "customer_id", "date", "product_id", "arm"]
        ]

    def _last_days(self, earlier: pd.DataFrame | None, start: date) -> dict[str, int]:
        """Day of each customer's last event of the rule before the period."""
        if earlier is None:
            return {}
        need_columns(earlier.columns, ["rule", "customer_id", "date"], "The table of earlier events")
        own = earlier[earlier["rule"] == self.rule]
        day = pd.Series(days_of(own, "date", "The table of earlier events"), index=id_texts(own["customer_id"]))
        return {str(who): int(at) for who, at in day[day < day_number(start)].groupby(level=0).max().items()}

    def _after_quiet(self, events: pd.DataFrame, last: dict[str, int]) -> pd.DataFrame:
        """Events that are not within the quiet days of an earlier one that counts."""
        events = events.drop_duplicates(["customer_id", "date"], ignore_index=True)
        day = days_of(events, "date", "The events")
        kept = np.ones(len(events), dtype=bool)
        for place, (who, at) in enumerate(zip(events["customer_id"], day.tolist(), strict=True)):
            kept[place] = at - last.get(who, NEVER) > self.quiet_days
            if kept[place]:
                last[who] = at
        return events[kept].reset_index(drop=True)
