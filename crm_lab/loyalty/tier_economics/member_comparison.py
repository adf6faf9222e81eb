"""Members of a tier, or users of a perk, against comparable others: an association, with what was adjusted for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

import pandas as pd

from crm_lab.checks import check_settings, not_inside
from crm_lab.fact_rows import id_part
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.stats.observational.comparable_units import Comparison, compare


@dataclass(frozen=True, kw_only=True)
class MemberComparison:
    """Which members are compared, by what, and what was known of them before.

    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> past = rng.gamma(2, 50, 4_000)
    >>> member = rng.random(4_000) < past / (past + 100)
    >>> frame = pd.DataFrame({"salon": member, "before": past, "spend": past * rng.gamma(9, 1 / 9, 4_000)})
    >>> found = MemberComparison(group="salon", outcome="spend", covariates=("before",)).analyze(frame)
    >>> found.plain > 1.5, found.adjusted < 1.1
    (True, True)

    Attributes:
        group: Column with who is in the tier or used the perk (0 and 1).
        outcome: Column of what came later.
        covariates: Columns of what was known before.
        measure: What the outcome is: ``spend`` or ``retained`` (0 and 1).
        level: Confidence level.
        currency: ISO code, for spend.
    """

    group: str
    outcome: str
    covariates: Sequence[str]
    measure: Literal["spend", "retained"] = "spend"
    level: float = 0.95
    currency: str = ""

    def __post_init__(self) -> None:
        check_settings(
            self, not_inside(self, "level"), covariates=not self.covariates and "name what was known before the tier"
        )

    def analyze(self, members: pd.DataFrame, *, simulated: bool = False) -> MemberComparisonResult:
        """Compare as they are, and among comparable members.

        >>> MemberComparison(group="salon", outcome="spend", covariates=("before",)).analyze(frame).n
        4000

        Args:
            members: One row a member.
            simulated: Whether any of it is simulated.

        Returns:
            Both ratios and the difference among comparable members.

        Raises:
            BadInput: If a column is missing or has gaps.
            CannotAnswer: If a group is too small, or nobody could be in either, as where an amount alone decides it
                and is among the covariates.
        """
        found = compare(
            members, treated=self.group, outcome=self.outcome, covariates=list(self.covariates), level=self.level
        )
        inside = members[self.group].astype(bool)
        means = (float(members.loc[~inside, self.outcome].mean()), float(members.loc[inside, self.outcome].mean()))
        return MemberComparisonResult(self, found, means, len(members), simulated)


@dataclass(frozen=True, eq=False)
class MemberComparisonResult(Result):
    """What members of a group have more than others, as they are and among comparable ones.

    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> past = rng.gamma(2, 50, 4_000)
    >>> member = rng.random(4_000) < past / (past + 100)
    >>> frame = pd.DataFrame({"salon": member, "before": past, "spend": past * rng.gamma(9, 1 / 9, 4_000)})
    >>> found = MemberComparison(group="salon", outcome="spend", covariates=("before",)).analyze(frame)

    Attributes:
        spec: What was compared.
        found: The comparison.
        means: Mean outcome outside and inside the group.
        n: Members in all.
        simulated: Whether any of it is simulated.
    """

    spec: MemberComparison
    found: Comparison
    means: tuple[float, float]
    n: int
    simulated: bool

    name: ClassVar[str] = "member_comparison"
    formats: ClassVar[dict[str, str]] = {"ratio": ".2f", "difference": "+,.2f", "lo": "+,.2f", "hi": "+,.2f"}
    words: ClassVar[dict[str, str]] = {"adjusted": "tier_economics.adjusted_"}

    @property
    def plain(self) -> float:
        """Ratio of the means as they are.

        >>> round(found.plain, 1)
        1.6
        """
        return self.means[1] / self.means[0] if self.means[0] else math.nan

    @property
    def adjusted(self) -> float:
        """Ratio among comparable members.

        >>> round(found.adjusted, 1)
        1.0
        """
        return 1 + self.found.value / self.found.control if self.found.control else math.nan

    def to_frame(self) -> pd.DataFrame:
        """Two rows, as they are and among comparable members: ``adjusted, ratio, difference, lo, hi``.

        >>> found.to_frame()["adjusted"].tolist()
        ['no', 'yes']
        """
        ends = self.found.interval
        return pd.DataFrame(
            {
                "adjusted": ["no", "yes"], "ratio": [self.plain, self.adjusted],
                "difference": [self.found.plain, self.found.value],
                "lo": [math.nan, ends.lo], "hi": [math.nan, ends.hi],
            }
        )  # fmt: skip

    def readout(self) -> Readout:
        """Both ratios, what they rest on, and what to do.

        >>> found.readout().certainty.key
        'tier_economics.comparison_certainty'
        """
        ends = self.found.interval
        unit = f"{self.spec.currency} ".lstrip() if self.spec.measure == "spend" else ""
        values: dict[str, Any] = {
            "group": self.spec.group, "plain": self.plain, "adjusted": self.adjusted, "lo": ends.lo, "hi": ends.hi,
            "difference": self.found.value, "level": self.spec.level, "currency": unit, "n": self.n,
            "what": Message(f"tier_economics.measure_{self.spec.measure}"),
            "covariates": ", ".join(self.spec.covariates), "e_value": self.found.e_value.end,
        }  # fmt: skip
        return Readout.of("tier_economics", values, "comparison_finding", "comparison_certainty", "comparison_action")

    def facts(self) -> tuple[Fact, ...]:
        """Both ratios and the difference.

        >>> [fact.id for fact in found.facts()]
        ['compared.salon.ratio', 'compared.salon.adjusted_ratio', 'compared.salon.difference']
        """
        kind: Kind = "simulated" if self.simulated else "estimate"
        fact, start = partial(Fact, kind=kind, n=self.n), f"compared.{id_part(self.spec.group)}"
        label = partial(Message, values={"group": self.spec.group})
        ends: Interval = self.found.interval
        unit = self.spec.currency if self.spec.measure == "spend" else "share"
        return (
            fact(f"{start}.ratio", label("tier_economics.fact_ratio"), self.plain),
            fact(f"{start}.adjusted_ratio", label("tier_economics.fact_adjusted_ratio"), self.adjusted),
            fact(f"{start}.difference", label("tier_economics.fact_difference"), self.found.value, unit, ci=ends),
        )
