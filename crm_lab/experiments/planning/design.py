"""Sample size from the retailer's own history, or what the available units can detect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.checks import check_settings, need_columns, not_inside, not_positive, too_small
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.experiments.core.estimate import Adjust, joint_means
from crm_lab.experiments.core.outcome_metrics import Metric, metrics_of
from crm_lab.experiments.payoff.terms import MOST_TIMES
from crm_lab.experiments.planning.sample_size import (
    check_errors,
    exaggeration,
    mde_mean,
    mde_share,
    n_mean,
    n_share,
    power_mean,
    power_share,
)  # fmt: skip
from crm_lab.fact_rows import id_part
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result
from crm_lab.stats.moments import Moments

Formula = Literal["normal", "pooled", "none"]  # none: no size can be computed


@dataclass(frozen=True, slots=True)
class Size:
    """What one metric needs, in one way of adjusting.

    Attributes:
        metric: The metric.
        adjust: How the pre-period is used.
        baseline: Its level in the history.
        sd: Standard deviation per unit in the history, after adjusting.
        spread: The same as planned with: between the control's and the treated units' (larger) one.
        effect: Smallest effect worth seeing, in the metric's unit.
        n_treatment: Units needed in the treatment arm; infinite where the level is 0.
        n_total: Units needed in all.
        mde: Smallest relative effect that the units at hand show.
        power: Probability of seeing `effect` with the units at hand.
        formula: ``normal`` (statsmodels ``normal_sample_size_one_tail``), ``pooled`` (shares, pooled null:
            ``samplesize_proportions_2indep_onetail``) or ``none``.
    """

    metric: Metric
    adjust: Adjust
    baseline: float
    sd: float
    spread: float
    effect: float
    n_treatment: float
    n_total: float
    mde: float
    power: float
    formula: Formula

    @property
    def whole(self) -> tuple[float, float]:
        """Whole units in the treatment arm and in all, each arm rounded up; infinite where there is no size."""
        if not math.isfinite(self.n_total):
            return math.inf, math.inf
        treated, control = math.ceil(self.n_treatment), math.ceil(self.n_total - self.n_treatment)
        return treated, treated + control

    @property
    def level_is_high(self) -> bool:
        """Whether the level leaves no room for the effect (a share cannot pass 1)."""
        return self.metric.kind == "share" and self.baseline + self.effect >= 1


@dataclass(frozen=True, kw_only=True)
class Design:
    """Sample size of a test, from the history of the units that could take part.

    >>> import numpy as np
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> history = pd.DataFrame({"before": rng.gamma(2, 50, 400)})
    >>> history["spend"] = history["before"] * rng.gamma(9, 1 / 9, 400)
    >>> from crm_lab.experiments import mean_of
    >>> design = Design(metrics=(mean_of("spend"),), lift=0.1).analyze(history, ["before"])
    >>> design.headline.n_total
    641.4880850347303

    Attributes:
        metrics: What will be measured, the first decides: metrics, or names of columns as in `Effects`.
        lift: Minimum detectable relative effect to plan for.
        alpha: Type I error, two-sided.
        power: Probability of detecting it.
        treated_share: Share of units that will be treated.
        adjust: Ways of using the pre-period; the last one counts.
        design_effect: Factor for whole clusters assigned together (`sample_size.design_effect`).
        multiplies: Whether the effect multiplies each unit's outcome, which also raises the treated units'
            standard deviation; otherwise it adds the same to each. A share's formula has its own variance.
    """

    metrics: Sequence[Metric | str] | str = field(kw_only=False)
    lift: float = 0.05
    alpha: float = 0.05
    power: float = 0.8
    treated_share: float = 0.5
    adjust: tuple[Adjust, ...] = ("none", "lin")
    design_effect: float = 1.0
    multiplies: bool = True

    def __post_init__(self) -> None:
        if isinstance(self.adjust, str):
            object.__setattr__(self, "adjust", (self.adjust,))
        check_errors(self.alpha, self.power)
        check_settings(
            self, not_positive(self, "lift"), not_inside(self, "treated_share"), too_small(self, design_effect=1),
            metrics=not self.metrics and "name at least one",
        )  # fmt: skip

    def analyze(self, units: IntoFrame, covariates: Sequence[str] = (), available: int | None = None) -> DesignResult:
        """Sample sizes for every metric and way of adjusting.

        >>> Design(metrics=(mean_of("spend"),), lift=0.1, power=0.9).analyze(history).fits
        False

        Args:
            units: One row per unit of the history, outcome window and covariates as the test will have them.
            covariates: Columns from before the window, without gaps.
            available: Units that could take part; the rows of the history unless given.

        Returns:
            Units needed, and the minimum detectable effect with the units available.
        """
        units = as_pandas(units, "The history")
        metrics = metrics_of(self.metrics, units, "The history")
        columns = [c for m in metrics for c in m.columns]
        need_columns(units.columns, [*columns, *covariates], "The history")
        history = Moments.from_frame(units, list(dict.fromkeys([*columns, *covariates])))
        at_hand = len(units) if available is None else available
        ways = self.adjust if covariates else ("none",)
        sizes = [
            self._size(history, metric, covariates, way, at_hand) for metric in metrics for way in dict.fromkeys(ways)
        ]
        return DesignResult(replace(self, metrics=metrics), tuple(sizes), at_hand, len(units))

    def _size(self, history: Moments, metric: Metric, covariates: Sequence[str], way: Adjust, at_hand: int) -> Size:
        # one arm holding everybody: its own variance times n is the residual variance per unit
        means = joint_means(
            [history], [(metric.column, metric.denominator)], covariates, "lin" if way != "none" else way
        )
        level, sd = float(means.mean[0, 0]), math.sqrt(float(means.own[0, 0]) * history.n * self.design_effect)
        effect = self.lift * abs(level)
        n_t, n_c = at_hand * self.treated_share, at_hand * (1 - self.treated_share)
        ratio = (1 - self.treated_share) / self.treated_share
        formula: Formula = "normal"
        above_all = metric.kind == "share" and level * (1 + self.lift) >= 1
        if level == 0 or sd == 0 or above_all:
            return Size(metric, way, level, sd, sd, effect, math.inf, math.inf, math.inf, 0.0, "none")
        stretch = (1 + self.lift) ** 2 if self.multiplies and metric.kind != "share" else 1.0
        spread = sd * math.sqrt((stretch + 1 / ratio) / (1 + 1 / ratio))
        if metric.kind == "share" and way == "none" and ratio == 1:
            formula = "pooled"
            n = n_share(level, level + effect, self.alpha, self.power) * self.design_effect
            mde = mde_share(level, n_t / self.design_effect, self.alpha, self.power) / abs(level)
            power = power_share(level, level + effect, n_t / self.design_effect, self.alpha)
        else:
            n = n_mean(effect, spread, self.alpha, self.power, ratio=ratio)
            mde = mde_mean(spread, n_t, n_c, self.alpha, self.power) / abs(level)
            power = power_mean(effect, spread, n_t, n_c, self.alpha)
        return Size(metric, way, level, sd, spread, effect, n, n * (1 + ratio), mde, power, formula)


@dataclass(frozen=True)
class DesignResult(Result):
    """Sample sizes per metric and way of adjusting.

    >>> import numpy as np
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> history = pd.DataFrame({"before": rng.gamma(2, 50, 400)})
    >>> history["spend"] = history["before"] * rng.gamma(9, 1 / 9, 400)
    >>> from crm_lab.experiments import mean_of
    >>> design = Design(metrics=(mean_of("spend", unit="USD"),), lift=0.1).analyze(history, ["before"])

    Attributes:
        spec: What was asked.
        sizes: One per metric and way of adjusting.
        available: Units that could take part.
        history: Units of the history.
    """

    spec: Design
    sizes: tuple[Size, ...]
    available: int
    history: int

    name: ClassVar[str] = "design"
    words: ClassVar[dict[str, str]] = {"adjusted": "experiments.adjust.", "formula": "experiments.formula."}
    formats: ClassVar[dict[str, str]] = {
        "baseline": ",.3f", "sd": ",.3f", "effect": ",.3f", "n_per_arm": ",.0f", "n_total": ",.0f",
        "mde": ".1%", "power": ".0%",
    }  # fmt: skip

    @property
    def headline(self) -> Size:
        """The first metric's size, adjusted in the last way of `adjust`.

        >>> design.headline.adjust
        'lin'
        """
        return [s for s in self.sizes if s.metric == self.spec.metrics[0]][-1]

    @property
    def easiest(self) -> Size:
        """The metric that needs the fewest units, adjusted in the last way of `adjust`.

        >>> design.easiest.metric.name
        'spend'
        """
        return min((s for s in self.sizes if s.adjust == self.headline.adjust), key=lambda s: s.n_total)

    @property
    def fits(self) -> bool:
        """Whether the available units are enough for the first metric.

        >>> design.fits
        False
        """
        return self.headline.whole[1] <= self.available

    @property
    def at_hand(self) -> tuple[float, float]:
        """Power with the available units, and by how much a significant estimate would overstate the effect.

        >>> power, exaggeration = design.at_hand
        >>> exaggeration >= 1
        True
        """
        s, share = self.headline, self.spec.treated_share
        if not math.isfinite(s.n_total):
            return 0.0, math.nan
        return exaggeration(s.effect / (s.spread * math.sqrt(1 / (share * (1 - share) * self.available))))

    def to_frame(self) -> pd.DataFrame:
        """One row per metric and way of adjusting: baseline, standard deviation, effect, units, MDE.

        >>> list(design.to_frame())
        ['metric', 'adjusted', 'baseline', 'sd', 'effect', 'n_per_arm', 'n_total', 'mde', 'power', 'fits',
        'formula']
        """
        treated = "n_per_arm" if self.spec.treated_share == 0.5 else "n_treatment"
        rows = [
            {
                "metric": s.metric.name, "adjusted": s.adjust, "baseline": s.baseline, "sd": s.sd, "effect": s.effect,
                treated: s.whole[0], "n_total": s.whole[1], "mde": s.mde, "power": s.power,
                "fits": s.whole[1] <= self.available, "formula": s.formula,
            }
            for s in self.sizes
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def shown_by(self, size: Size) -> float:
        """Check of a size: the effect that its number of units detects; equals the effect it was computed for.

        >>> round(design.shown_by(design.headline) / design.headline.effect, 6)
        1.0

        Args:
            size: One of `sizes`.

        Returns:
            An effect in the metric's unit.
        """
        spec, n = self.spec, size.n_treatment
        if size.formula == "pooled":
            return mde_share(size.baseline, n / spec.design_effect, spec.alpha, spec.power)
        return mde_mean(size.spread, n, size.n_total - n, spec.alpha, spec.power)

    def power_curve(self, points: int = 60) -> pd.DataFrame:
        """Power of the first metric by number of units: adjusted, units, power.

        >>> list(design.power_curve(points=5))
        ['adjusted', 'units', 'power']

        Args:
            points: Number of sizes.

        Returns:
            One row per way of adjusting and size.
        """
        first = [s for s in self.sizes if s.metric == self.spec.metrics[0] and math.isfinite(s.n_total)]
        top = max([self.available, *(1.3 * s.n_total for s in first)])
        share, alpha = self.spec.treated_share, self.spec.alpha
        rows = [
            (s.adjust, n, power_mean(s.effect, s.spread, n * share, n * (1 - share), alpha))
            for s in first
            for n in np.linspace(top / points, top, points)
        ]
        return pd.DataFrame(rows, columns=["adjusted", "units", "power"])

    def refusal(self) -> Message | None:
        """A sentence if the metric's mean or standard deviation is 0, else ``None``.

        >>> design.refusal() is None
        True
        """
        if math.isfinite(self.headline.n_total):
            return None
        return _no_size(self.headline)

    def readout(self) -> Readout:
        """Units needed, what the available units can detect, and what would fit if they are too few.

        >>> print(design.readout().finding)
        To see a lift of 10.0% in spend with probability 80%, the test needs 642 units in all, ...
        """
        s, refused = self.headline, self.refusal()
        if refused is not None:
            return Readout(refused, "experiments.effect.certainty_refused", "experiments.effect.action_refused")
        plain = next(x for x in self.sizes if x.metric == s.metric)
        saved = 1 - s.n_total / plain.n_total
        values = {
            "metric": s.metric.label, "n": s.whole[1], "lift": self.spec.lift, "power": self.spec.power,
            "alpha": self.spec.alpha, "available": self.available, "mde": s.mde, "at_hand": s.power,
            "history": self.history, "share": self.spec.treated_share, "saved": saved,
            "formula": Message(f"experiments.formula.{s.formula}"),
            "factor": s.n_total / self.available, "lift_shown": s.mde,  # what would fit: a longer test, a larger lift
            "easier": self._easier(),
        }  # fmt: skip
        no_fit = "no_fit" if s.n_total / self.available <= MOST_TIMES else "no_fit_far"
        said = ("finding", "certainty_saved" if saved > 0.01 else "certainty", "fits" if self.fits else no_fit)
        return Readout(*(Message(f"experiments.design.{key}", values) for key in said))

    def _easier(self) -> Message | str:
        """Which other metric needs the fewest units, where one needs fewer and so many can be had."""
        first, best = self.headline, self.easiest
        if best.n_total >= first.n_total or best.n_total > MOST_TIMES * self.available:
            return ""
        values = {"metric": best.metric.label, "n": best.whole[1]}
        return Message("experiments.design.easier", values)

    def facts(self) -> tuple[Fact, ...]:
        """Units needed and minimum detectable effect, per metric in the way that counts.

        >>> {fact.id: fact.unit for fact in design.facts()[:2]}
        {'design.spend.units': 'units', 'design.spend.mde': 'share'}
        """
        facts: list[Fact] = []
        for s in (s for s in self.sizes if s.adjust == self.headline.adjust):
            known = math.isfinite(s.n_total)
            size = partial(Fact, kind="forecast", refusal=None if known else _no_size(s))
            units, mde = (Message(f"experiments.fact.{k}", {"metric": s.metric.label}) for k in ("n_total", "mde"))
            start = f"design.{id_part(s.metric.name)}"
            needed = int(s.whole[1]) if known else None
            shown = s.mde if known else None
            facts += [
                size(
                    f"{start}.units",
                    units,
                    needed,
                    "units",
                    n=self.history,
                    definition=Message(f"experiments.formula.{s.formula}"),
                ),
                size(f"{start}.mde", mde, shown, "share", n=self.available, better="down"),
            ]
        return tuple(facts)


def _no_size(size: Size) -> Message:
    values = {"metric": size.metric.label, "level": size.baseline}
    return Message(f"experiments.design.{'no_room' if size.level_is_high else 'no_level'}", values)
