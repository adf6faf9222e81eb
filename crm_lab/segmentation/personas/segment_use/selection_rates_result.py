"""Selection rates by group: table, words, facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import pandas as pd

from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result


class SelectionRatesSettings(Protocol):
    """Settings of `SelectionRates` that its result is read by."""

    @property
    def stratum(self) -> str | None:
        """Column within which rates are compared."""
        ...

    @property
    def least_ratio(self) -> float:
        """Ratio below which a group is flagged."""
        ...

    @property
    def level(self) -> float:
        """Confidence level."""
        ...


@dataclass(frozen=True, eq=False)
class SelectionRatesResult(Result):
    """Who is selected, by group.

    >>> import numpy as np
    >>> from crm_lab.segmentation.personas.segment_use import SelectionRates
    >>> people = pd.DataFrame({"customer_id": np.arange(200).astype(str), "age_group": ["young", "old"] * 100})
    >>> chosen = [str(i) for i in range(0, 100, 2)] + [str(i) for i in range(1, 41, 2)]
    >>> rates = SelectionRates("age_group").analyze(people, chosen)

    Attributes:
        spec: The settings.
        table: One row per group, highest rate first.
        hidden_groups: Groups too small to be shown.
        hidden_customers: Customers in them.
        best: The known group with the highest rate.
    """

    name: ClassVar[str] = "selection_rates"
    words: ClassVar[Mapping[str, str]] = {"flag": "persona_rules.rates.flag_"}
    formats: ClassVar[Mapping[str, str]] = {
        "rate": ".1%", "lo": ".1%", "hi": ".1%",
        **{f"{a}ratio{end}": ".2f" for a in ("", "adjusted_") for end in ("", "_lo", "_hi")},
    }  # fmt: skip

    spec: SelectionRatesSettings
    table: pd.DataFrame = field(repr=False)
    hidden_groups: int
    hidden_customers: int
    best: str

    def to_frame(self) -> pd.DataFrame:
        """One row per group: rate with Wilson's interval, ratio to the highest, the same in equal strata, flag.

        >>> rates.to_frame()["flag"].tolist()
        ['highest', 'below']
        """
        return self.table.copy()

    def shown(self) -> pd.DataFrame:
        """The table with the unknown group and flags in words.

        >>> rates.shown()["flag"].tolist()
        ['highest rate', 'below the rule']
        """
        frame = self.in_words(self.to_frame())
        unknown = Message("persona_rules.rates.unknown").text()
        return frame.assign(group=frame["group"].replace("(unknown)", unknown))

    def readout(self) -> Readout:
        """Which group is selected least, how sure that is, what to do.

        >>> rates.readout().action.key
        'persona_rules.rates.look'
        """
        known = self.table[~self.table["flag"].isin(["highest", "untold"]) & (self.table["group"] != "(unknown)")]
        row = known.sort_values("ratio").iloc[0] if len(known) else self.table.iloc[-1]
        best = self.table[self.table["group"] == self.best].iloc[0]
        values: dict[str, Any] = {
            "group": row["group"], "rate": row["rate"], "best": self.best, "best_rate": best["rate"],
            "ratio": row["ratio"], "lo": row["ratio_lo"], "hi": row["ratio_hi"], "level": self.spec.level,
            "least": self.spec.least_ratio, "hidden": self.hidden_groups, "hidden_customers": self.hidden_customers,
            "hidden_said": "",
        }  # fmt: skip
        if self.hidden_groups:
            values["hidden_said"] = Message("persona_rules.rates.hidden", dict(values))
        certainty = "certainty"
        if self.spec.stratum:
            ends = {
                "adjusted": "adjusted_ratio",
                "adjusted_lo": "adjusted_ratio_lo",
                "adjusted_hi": "adjusted_ratio_hi",
            }
            values |= {name: row[column] for name, column in ends.items()} | {"stratum": self.spec.stratum}
            certainty = "adjusted_certainty"
        action = {"below": "look", "above": "even", "open": "wait"}.get(str(row["flag"]), "wait")
        return Readout.of("persona_rules.rates", values, certainty=certainty, action=action)

    def facts(self) -> tuple[Fact, ...]:
        """Rate of each group.

        >>> rates.facts()[0].id
        'selection.young.rate'
        """
        return facts_of(
            self.table, "selection.{group}.rate", "persona_rules.rates.rate", "rate", "share", ends=("lo", "hi"),
            level=self.spec.level, n="customers", kind="estimate",
        )  # fmt: skip
