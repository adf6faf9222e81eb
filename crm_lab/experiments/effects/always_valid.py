"""Effects of a running test that may be looked at whenever somebody likes: always-valid intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar

import pandas as pd

from crm_lab.checks import check_settings, not_inside
from crm_lab.experiments.core.estimate import Adjust
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.outcome_metrics import Metric
from crm_lab.experiments.core.planned_shares import arm_sizes
from crm_lab.experiments.effects.effect import Effect, mended
from crm_lab.experiments.effects.effects import Effects
from crm_lab.fact_rows import id_part
from crm_lab.messages import Message
from crm_lab.number_format import spaced
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.sequential.confidence_sequences import always_valid_level


@dataclass(frozen=True, kw_only=True)
class AlwaysValid:
    """Effects whose intervals hold at all looks together, however many there are and whenever the test ends.

    They need large arms: where normal theory does not hold (`docs/experiments.md` has the sizes) they are refused,
    and the looks are to be planned (`WeeklyLooks`).

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 400, "before": rng.gamma(2, 50, 800)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 800) * np.where(frame["arm"] == "treatment", 1.2, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> running = AlwaysValid(metrics="spend", now=8, planned=26).analyze(test)
    >>> running.verdict
    'gain'

    Attributes:
        metrics: As in `Effects`.
        now: Weeks (or units) so far.
        planned: The same at the end that was planned, where intervals are narrowest; the test need not end there.
        adjust: How the pre-period is used: ``none``, ``cuped`` or ``lin``.
        alpha: Type I error at all looks together, both sides.

    Source:
        Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024), Time-uniform central limit theory and asymptotic
        confidence sequences.
    """

    metrics: Sequence[Metric | str] | str = field(kw_only=False)
    now: float
    planned: float
    adjust: Adjust = "lin"
    alpha: float = 0.05

    def __post_init__(self) -> None:
        check_settings(
            self,
            not_inside(self, "alpha"),
            now=not self.now > 0 and "it is above 0",
            planned=not self.planned > 0 and "it is above 0",
        )

    @property
    def level(self) -> float:
        """Level of the usual interval that is as wide.

        >>> round(AlwaysValid("spend", now=26, planned=26).level, 4)
        0.9976
        """
        return always_valid_level(self.now / self.planned, self.alpha)

    def analyze(self, experiment: Experiment) -> AlwaysValidResult:
        """Effects up to now of every treatment arm against the control.

        >>> AlwaysValid("spend", now=8, planned=26, adjust="none").analyze(test).verdict
        'go_on'

        Args:
            experiment: Units with their arm, and outcomes and covariates as they are now.

        Returns:
            One effect per metric and treatment arm.
        """
        found = Effects(self.metrics, adjust=(self.adjust,), level=self.level).analyze(experiment)
        rows = tuple(_if_normal(effect, experiment) for effect in found.effects)
        return AlwaysValidResult(self, rows, len(experiment.frame), experiment.simulated)


def _if_normal(effect: Effect, experiment: Experiment) -> Effect:
    """The effect, or why arms like these have no always-valid one."""
    if effect.found is None or effect.found.method == "normal":
        return effect
    values = {"metric": effect.metric.label, "counts": arm_sizes(experiment.assigned())}
    return replace(effect, found=None, relative=None, refusal=Message("experiments.always.small", values))


@dataclass(frozen=True)
class AlwaysValidResult(Result):
    """Effects with always-valid intervals.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 400, "before": rng.gamma(2, 50, 800)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 800) * np.where(frame["arm"] == "treatment", 1.2, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> running = AlwaysValid("spend", now=8, planned=26).analyze(test)

    Attributes:
        spec: What was asked.
        effects: One per metric and treatment arm.
        units: Units in all.
        simulated: Whether the effect was planted.
    """

    spec: AlwaysValid
    effects: tuple[Effect, ...]
    units: int
    simulated: bool

    name: ClassVar[str] = "always"
    words: ClassVar[dict[str, str]] = {"adjusted": "experiments.adjust."}
    formats: ClassVar[dict[str, str]] = {"effect": "+,.2f", "low": "+,.2f", "high": "+,.2f"}

    @property
    def headline(self) -> Effect:
        """The first metric's effect in the first treatment arm.

        >>> running.headline.arm
        'treatment'
        """
        return self.effects[0]

    @property
    def verdict(self) -> str:
        """One of gain, loss (the interval leaves 0 out: the test may end), go_on, refused.

        >>> running.verdict
        'gain'
        """
        found = self.headline.found
        if found is None:
            return "refused"
        if found.lo <= 0 <= found.hi:
            return "go_on"
        return "gain" if (found.effect > 0) == (self.headline.metric.better != "down") else "loss"

    def to_frame(self) -> pd.DataFrame:
        """One row per metric and arm: effect with its always-valid interval.

        >>> list(running.to_frame())
        ['metric', 'arm', 'adjusted', 'effect', 'low', 'high']
        """
        rows = [
            {"metric": e.metric.name, "arm": e.arm, "adjusted": e.adjust, **dict.fromkeys(("effect", "low", "high"))}
            if e.found is None else
            {"metric": e.metric.name, "arm": e.arm, "adjusted": e.adjust, "effect": e.found.effect, "low": e.found.lo,
             "high": e.found.hi}
            for e in self.effects
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def refusal(self) -> Message | None:
        """A sentence if the first metric has no such interval, else ``None``.

        >>> running.refusal() is None
        True
        """
        return self.headline.refusal

    def readout(self) -> Readout:
        """The effect so far, why its interval holds at every look, and whether the test may end.

        >>> print(running.readout().finding)
        So far (8 of 26) spend has an effect of +25.41 (always-valid 95% interval +14.70 to +36.12).
        """
        e = self.headline
        if e.found is None:
            refused = e.refusal or Message("experiments.effect.action_refused")
            small = refused.key == "experiments.always.small"
            action = "always.action_small" if small else mended(refused)
            return Readout(refused, "experiments.looks.certainty_refused", f"experiments.{action}")
        values = {
            "metric": e.metric.label, "effect": e.found.effect, "lo": e.found.lo, "hi": e.found.hi,
            "unit": spaced(e.metric.unit), "now": self.spec.now, "planned": self.spec.planned,
            "level": 1 - self.spec.alpha, "alpha": self.spec.alpha,
        }  # fmt: skip
        said = ("finding", "certainty", self.verdict)
        return Readout(*(Message(f"experiments.always.{key}", values) for key in said))

    def facts(self) -> tuple[Fact, ...]:
        """Effect of each metric and arm so far.

        >>> [fact.id for fact in running.facts()]
        ['always.spend.treatment']
        """
        found = partial(Fact, kind="simulated" if self.simulated else "estimate", n=self.units)
        return tuple(
            found(
                f"always.{id_part(e.metric.name)}.{id_part(e.arm)}",
                Message("experiments.fact.effect", {"metric": e.metric.label}),
                e.found.effect if e.found else None,
                e.metric.unit,
                ci=Interval(e.found.lo, e.found.hi, 1 - self.spec.alpha) if e.found else None,
                better=e.metric.better,
                refusal=e.refusal,
            )
            for e in self.effects
        )
