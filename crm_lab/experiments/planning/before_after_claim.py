"""A before-after claim in two readings: percentage points and per cent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from crm_lab.checks import Problems, not_inside
from crm_lab.experiments.planning.sample_size import n_share
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result
from crm_lab.stats.intervals import z_value


@dataclass(frozen=True, kw_only=True)
class BeforeAfterClaim:
    """A before-after claim whose control rose too, read as percentage points and as per cent.

    >>> claim = BeforeAfterClaim(before=0.61, after=0.80, control_rise=0.05, n_per_arm=400)

    Attributes:
        before: Share of both groups before.
        after: Share of the treated after.
        control_rise: What the control rose by, as written: 0.05 for "5".
        n_per_arm: Members per group, if the claim says so; otherwise nothing can be said of its certainty.
    """

    before: float
    after: float
    control_rise: float
    n_per_arm: int | None = None

    def __post_init__(self) -> None:
        problems = Problems("claim")
        problems.extend(not_inside(self, "before", "after"))
        for reading, control in self.controls().items():
            problems.unless(0 < control < 1, f"the control would be {control} read in {reading}; check it.")
        problems.unless(self.n_per_arm is None or self.n_per_arm > 0, "n_per_arm must be above 0.")
        problems.raise_any()

    def controls(self) -> dict[str, float]:
        """The control's share after, in both readings.

        >>> claim.controls()
        {'points': 0.66, 'percent': 0.6405}
        """
        return {"points": self.before + self.control_rise, "percent": self.before * (1 + self.control_rise)}

    def analyze(self) -> BeforeAfterResult:
        """The difference-in-differences in both readings.

        >>> claim.analyze().to_frame()["effect"].round(3).tolist()
        [0.14, 0.16]

        Returns:
            One row per reading.
        """
        return BeforeAfterResult(self)


@dataclass(frozen=True)
class BeforeAfterResult(Result):
    """Difference-in-differences of a claim, its control read in percentage points and in per cent.

    >>> result = BeforeAfterClaim(before=0.61, after=0.80, control_rise=0.05, n_per_arm=400).analyze()

    Attributes:
        spec: The claim.
    """

    spec: BeforeAfterClaim

    name: ClassVar[str] = "readings"
    words: ClassVar[dict[str, str]] = {"reading": "experiments.readings."}
    formats: ClassVar[dict[str, str]] = {
        "control_after": ".2%", "effect": "+.2%", "low": "+.2%", "high": "+.2%", "n_to_show_it": ",.0f",
    }  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """One row per reading: control after, difference-in-differences (0-1), interval, units per arm to detect it.

        >>> list(result.to_frame())
        ['reading', 'control_after', 'effect', 'low', 'high', 'n_to_show_it']
        """
        claim, rows = self.spec, []
        for reading, control in claim.controls().items():
            effect = claim.after - control  # both groups start at the same share, so it cancels
            reach = math.nan
            if claim.n_per_arm is not None:  # four independent shares: the worst case of unlinked samples
                shares = (claim.before, claim.before, claim.after, control)
                reach = z_value() * math.sqrt(sum(p * (1 - p) for p in shares) / claim.n_per_arm)
            n = n_share(control, claim.after) if effect else math.inf
            rows.append((reading, control, effect, effect - reach, effect + reach, n))
        return pd.DataFrame(rows, columns=["reading", "control_after", "effect", "low", "high", "n_to_show_it"])

    def readout(self) -> Readout:
        """Both effects, what is missing, what to ask.

        >>> print(result.readout().finding)
        61% → 80% against a control that "rose by 5" is an effect of 14.00 points if 5 means ...
        """
        effects = self.to_frame()["effect"]
        claim = self.spec
        values = {"points": effects[0] * 100, "percent": effects[1] * 100, "before": claim.before, "after": claim.after}
        known = "known" if claim.n_per_arm is not None else "unknown"
        return Readout(
            Message("experiments.readings.finding", values),
            Message(f"experiments.readings.certainty_{known}", {"n": claim.n_per_arm or 0}),
            "experiments.readings.action",
        )

    def facts(self) -> tuple[Fact, ...]:
        """The effect in each reading.

        >>> {fact.id: fact.unit for fact in result.facts()[:2]}
        {'readings.points': 'share', 'readings.percent': 'share'}
        """
        return tuple(
            Fact(f"readings.{name}", f"experiments.readings.{name}", self.spec.after - control, "share", kind="fact")
            for name, control in self.spec.controls().items()
        )  # fmt: skip
