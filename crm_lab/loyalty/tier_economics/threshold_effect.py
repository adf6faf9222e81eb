"""What being just above a tier's threshold changes, where nobody sorts to that side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput, check_settings, need_columns, not_inside
from crm_lab.fact_rows import id_part
from crm_lab.messages import Message
from crm_lab.results import Fact, Kind, Readout, Result
from crm_lab.stats.discontinuity.bunching import Bunching, BunchingEstimate
from crm_lab.stats.discontinuity.density_test import DensityJump, DensityTest
from crm_lab.stats.discontinuity.regression_discontinuity import Jump, RegressionDiscontinuity, binned_means

_SHARP = 0.01  # share of members on the wrong side from which the threshold does not decide alone
_UNLIKE = 0.01  # p value below which members on both sides were unlike before
Outcome = Literal["spend", "margin", "orders", "left"]


@dataclass(frozen=True, kw_only=True)
class ThresholdEffect:
    """How a threshold is read: density first, then the jump of the outcome.

    >>> rng = np.random.default_rng(2)
    >>> amount = rng.gamma(2.5, 120, 20_000)
    >>> spend = 0.8 * amount + 60 * (amount >= 500) + rng.normal(0, 100, 20_000)
    >>> members = pd.DataFrame({"qualifying_amount": amount, "treated": (amount >= 500) * 1.0, "spend": spend})
    >>> ThresholdEffect(tier="gold", threshold=500).analyze(members).refusal() is None
    True

    Attributes:
        tier: The tier above the threshold.
        threshold: Amount from which members are in it.
        outcome: Column that is compared.
        lower: Amount of the threshold below; members under it are left out.
        upper: Amount of the threshold above; members from it on are left out.
        margin_share: Margin by spend, for the outcome ``margin``.
        period: Period of heaps; found in the data unless given.
        level: Confidence level.
        currency: ISO code, for ``spend`` and ``margin``.
    """

    tier: str
    threshold: float
    outcome: Outcome = "spend"
    lower: float = -math.inf
    upper: float = math.inf
    margin_share: float | None = None
    period: float | None = None
    level: float = 0.95
    currency: str = ""

    def __post_init__(self) -> None:
        check_settings(
            self,
            not_inside(self, "level"),
            lower=not self.lower < self.threshold < self.upper and "it must lie below the threshold, and upper above",
            margin_share=(self.outcome == "margin") != (self.margin_share is not None)
            and "it is given with the outcome margin, and only then",
        )

    def analyze(self, members: pd.DataFrame, *, simulated: bool = False) -> ThresholdEffectResult:
        """Test the density at the threshold and estimate the jump.

        >>> found = ThresholdEffect(tier="gold", threshold=500).analyze(members)
        >>> found.jump.interval.lo < 60 < found.jump.interval.hi
        True

        Args:
            members: One row a member, as `threshold_members` gives it.
            simulated: Whether any of it is simulated.

        Returns:
            The effect, or why none is stated.

        Raises:
            BadInput: If columns are missing or everybody is on one side.
        """
        column = "spend" if self.outcome == "margin" else self.outcome
        need_columns(members.columns, ("qualifying_amount", "treated", column), "The members")
        near = members[members["qualifying_amount"].between(self.lower, self.upper, inclusive="left")]
        x = near["qualifying_amount"].to_numpy(dtype=float)
        y = near[column].to_numpy(dtype=float) * (self.margin_share or 1.0)
        got = near["treated"].to_numpy(dtype=float)
        density = DensityTest(threshold=self.threshold, level=self.level, period=self.period).fit(x)
        wrong = float(((x >= self.threshold) != (got > 0)).mean())
        method = RegressionDiscontinuity(threshold=self.threshold, level=self.level)
        jump = method.fit(y, x, got if wrong > _SHARP else None)
        before = method.fit(near["before"], x).pvalue if "before" in near else math.nan
        try:
            bunched = Bunching(threshold=self.threshold, level=self.level).fit(x)
        except BadInput:  # too few bins outside the window: the density test has said so
            bunched = None
        reach = jump.bandwidths.h if math.isfinite(jump.bandwidths.h) else float(np.abs(x - self.threshold).max())
        means = binned_means(y, x, self.threshold, reach)
        return ThresholdEffectResult(self, jump, density, bunched, before, wrong, means, len(near), simulated)


@dataclass(frozen=True, eq=False)
class ThresholdEffectResult(Result):
    """What a tier's threshold changes.

    >>> rng = np.random.default_rng(2)
    >>> amount = rng.gamma(2.5, 120, 20_000)
    >>> spend = 0.8 * amount + 60 * (amount >= 500) + rng.normal(0, 100, 20_000)
    >>> members = pd.DataFrame({"qualifying_amount": amount, "treated": (amount >= 500) * 1.0, "spend": spend})
    >>> found = ThresholdEffect(tier="gold", threshold=500, currency="EUR").analyze(members)
    >>> push = (amount > 470) & (amount < 500) & (rng.random(20_000) < 0.3)
    >>> topped = members.assign(qualifying_amount=np.where(push, 500 + rng.exponential(10, 20_000), amount))
    >>> refused = ThresholdEffect(tier="gold", threshold=500).analyze(topped)

    Attributes:
        spec: How it was read.
        jump: The jump of the outcome; stated only where nothing speaks against it.
        density: Density at the threshold.
        bunching: Excess mass above it; ``None`` where heaps leave nothing to fit.
        before: p value of no jump in what was known before; nan where nothing was.
        wrong: Share of members on the side of the threshold that their tier is not on.
        means: Means of the outcome in bins.
        n: Members between the neighbouring thresholds.
        simulated: Whether any of it is simulated.
    """

    spec: ThresholdEffect
    jump: Jump
    density: DensityJump
    bunching: BunchingEstimate | None
    before: float
    wrong: float
    means: pd.DataFrame
    n: int
    simulated: bool

    name: ClassVar[str] = "threshold_effect"
    formats: ClassVar[dict[str, str]] = {
        "threshold": ",.0f", "effect": "+,.2f", "lo": "+,.2f", "hi": "+,.2f", "below": ",.2f", "density_ratio": ".2f",
        "density_p": "p", "excess_share": ".0%",
    }  # fmt: skip
    words: ClassVar[dict[str, str]] = {"why": "tier_economics.why_", "outcome": "tier_economics.outcome_"}

    @property
    def why(self) -> str:
        """Why no effect is stated, or ``stated``.

        >>> found.why, refused.why
        ('stated', 'sorted')
        """
        if self.density.seen:
            return "sorted"
        if self.density.refused or self.jump.refused:
            return self.density.refused or self.jump.refused
        return "unlike" if self.before < _UNLIKE else "stated"

    def refusal(self) -> Message | None:
        """Why no effect is stated.

        >>> found.refusal() is None, refused.refusal().key
        (True, 'tier_economics.refused_sorted')
        """
        return None if self.why == "stated" else Message(f"tier_economics.refused_{self.why}", self._values())

    def to_frame(self) -> pd.DataFrame:
        """One row: threshold, effect with its interval where it is stated, density and bunching.

        >>> found.to_frame()[["tier", "n_left", "n_right", "why"]].to_dict("records")
        [{'tier': 'gold', 'n_left': 3258, 'n_right': 1586, 'why': 'stated'}]
        """
        stated, ends = self.why == "stated", self.jump.interval
        row = {
            "tier": self.spec.tier, "threshold": self.spec.threshold, "outcome": self.spec.outcome,
            "effect": self.jump.effect if stated else math.nan,
            "lo": ends.lo if stated else math.nan, "hi": ends.hi if stated else math.nan,
            "below": self.jump.below, "n_left": self.jump.n_left, "n_right": self.jump.n_right,
            "density_ratio": self.density.above / self.density.below if self.density.below > 0 else math.nan,
            "density_p": self.density.pvalue,
            "excess_share": self.bunching.share if self.bunching else math.nan, "why": self.why,
        }  # fmt: skip
        return pd.DataFrame([row])

    def shown(self) -> pd.DataFrame:
        """The table without p values and excess mass, which the sentences say.

        >>> found.shown()["why"].tolist()
        ['stated']
        """
        return self.in_words(self.to_frame()).drop(columns=["density_p", "excess_share"])

    def readout(self) -> Readout:
        """The effect or why there is none, how sure that is, and what to do.

        >>> print(refused.readout().finding)
        What the tier gold changes cannot be told from its threshold at 500: members sort to its upper side (density
        just above 2.48 times that just below, p < 0.001).
        """
        values = self._values()
        if self.why != "stated":
            return Readout.of("tier_economics", values, self.refusal() or "", "threshold_unsure", "threshold_refused")
        certainty = "threshold_certainty_fuzzy" if self.jump.first_stage else "threshold_certainty"
        if self.jump.interval.lo <= 0 <= self.jump.interval.hi:
            return Readout.of("tier_economics", values, "threshold_open", certainty, "threshold_action_open")
        return Readout.of("tier_economics", values, "threshold_finding", certainty, "threshold_action")

    def facts(self) -> tuple[Fact, ...]:
        """Effect, jump of the density, excess mass.

        >>> [fact.id for fact in found.facts()]
        ['threshold.gold.spend', 'threshold.gold.density_ratio', 'threshold.gold.excess']
        """
        kind: Kind = "simulated" if self.simulated else "estimate"
        fact, name, values = partial(Fact, kind=kind), id_part(self.spec.tier), self._values()
        stated = self.why == "stated"
        unit = {"left": "share", "orders": "orders"}.get(self.spec.outcome, self.spec.currency)
        found = [
            fact(
                f"threshold.{name}.{self.spec.outcome}", Message("tier_economics.fact_effect", values),
                self.jump.effect if stated else None, unit, ci=self.jump.interval if stated else None,
                n=self.jump.n_left + self.jump.n_right, refusal=self.refusal(),
            ),
            fact(
                f"threshold.{name}.density_ratio", Message("tier_economics.fact_density", values),
                values["ratio"] if math.isfinite(values["ratio"]) else None,
                n=self.density.n_left + self.density.n_right,
            ),
        ]  # fmt: skip
        if self.bunching:
            excess, ends = self.bunching.excess, self.bunching.interval
            label = Message("tier_economics.fact_excess", values)
            found.append(fact(f"threshold.{name}.excess", label, excess, "members", ci=ends, n=self.bunching.n))
        return tuple(found)

    def _values(self) -> dict[str, Any]:
        ends, density, spec = self.jump.interval, self.density, self.spec
        return {
            "tier": spec.tier, "threshold": spec.threshold, "effect": self.jump.effect, "lo": ends.lo, "hi": ends.hi,
            "level": spec.level, "p": self.jump.pvalue, "below": self.jump.below, "h": self.jump.bandwidths.h,
            "what": Message(f"tier_economics.what_{spec.outcome}"),
            "currency": f"{spec.currency} ".lstrip() if spec.outcome in ("spend", "margin") else "",
            "n_left": self.jump.n_left, "n_right": self.jump.n_right, "density_p": density.pvalue,
            "ratio": density.above / density.below if density.below > 0 else math.nan, "smallest": density.smallest,
            "period": density.period, "n": self.n, "before": self.before,
            "excess": self.bunching.excess if self.bunching else math.nan,
            "support": min(self.jump.support_left, self.jump.support_right),
            "few": min(self.jump.n_left, self.jump.n_right, density.n_left, density.n_right),
        }  # fmt: skip
