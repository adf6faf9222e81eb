"""Uplift curves of a ranking: Qini, area under the uplift curve, and other packages' ways to scale them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.experiments.uplift.effect_learners import Bools


@dataclass(frozen=True, eq=False)
class UpliftCurve:
    """What treating the first units of a ranking gained, against treating as many by lot.

    The curve at a share of the units is (outcomes of the treated among them) - (outcomes of the controls among them)
    x treated / controls, divided by all treated: the outcome gained a treated unit. Equal ranks are one step, so that
    the order of rows plays no part.

    >>> rng = np.random.default_rng(1)
    >>> x, treated = rng.random(4_000), rng.random(4_000) < 0.5
    >>> y = (rng.random(4_000) < 0.1 + 0.2 * treated * (x > 0.5)).astype(float)
    >>> curve = UpliftCurve(x, treated, y)
    >>> round(curve.qini, 2), round(curve.top(0.5), 2)
    (0.02, 0.22)

    Attributes:
        rank: What units are ranked by, the highest first, shape (n,).
        treated: Whether each was treated, shape (n,).
        outcome: What was measured, shape (n,).

    Source:
        Radcliffe (2007), Using control groups to target on predicted lift.
    """

    rank: Floats
    treated: Bools
    outcome: Floats

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The curve: units, treated, controls, gain (outcome gained so far, in total, scaled to the treated).

        >>> curve.frame[["units", "gain"]].iloc[0].tolist()
        [0.0, 0.0]
        """
        order = np.argsort(-self.rank, kind="stable")
        treated, outcome = self.treated[order], self.outcome[order]
        last = np.append(np.diff(self.rank[order]) != 0, True)
        sums = (np.cumsum(a)[last] for a in (treated, ~treated, outcome * treated, outcome * ~treated))
        n_treated, n_control, of_treated, of_control = sums
        scale = np.divide(n_treated, n_control, out=np.zeros(last.sum()), where=n_control > 0)
        frame = pd.DataFrame({"units": np.flatnonzero(last) + 1, "treated": n_treated, "controls": n_control})
        start = pd.DataFrame([[0, 0, 0]], columns=frame.columns)
        gain = np.append(0.0, of_treated - of_control * scale)
        return pd.concat([start, frame], ignore_index=True).assign(gain=gain)

    @property
    def auuc(self) -> float:
        """Area under the curve over the share of units, per treated unit.

        >>> round(curve.auuc, 2)
        0.08
        """
        return self._area(self.frame["units"]) / int(self.treated.sum())

    @property
    def qini(self) -> float:
        """Area between the curve and the line of treating by lot, per treated unit.

        >>> round(curve.qini, 2)
        0.02
        """
        return self.auuc - float(self.frame["gain"].iloc[-1]) / (2 * int(self.treated.sum()))

    def top(self, share: float) -> float:
        """Effect among the first units of the ranking: difference of the arms' means.

        >>> round(curve.top(0.3), 2)
        0.19

        Args:
            share: Of the units, e.g. 0.3.

        Returns:
            The effect, in the outcome's unit.
        """
        first = self.rank >= np.quantile(self.rank, 1 - share)
        return float(self.outcome[first & self.treated].mean() - self.outcome[first & ~self.treated].mean())

    def as_scikit_uplift(self) -> float:
        """`sklift.metrics.qini_auc_score`: the area by units, over that of the best ranking one can think of.

        The best ranking has treated buyers first and control buyers last.

        >>> round(curve.as_scikit_uplift(), 2)
        0.15
        """
        best = UpliftCurve(self._best(), self.treated, self.outcome)
        line = float(self.frame["gain"].iloc[-1]) / 2
        return (self._area(self.frame["units"]) - line) / (best._area(best.frame["units"]) - line)

    def as_causalml(self) -> tuple[float, float]:
        """`causalml.metrics.auuc_score` and `qini_score` with their ``normalize=True``: the mean of the curve by units.

        The first curve is the difference of the arms' means so far times the units so far, the second that of the
        class; both are divided by the height of their end without its sign. Units of equal rank lie on a straight
        line here, where that package takes them in the order of the rows.

        >>> [round(number, 2) for number in curve.as_causalml()]
        [0.68, 0.17]

        Returns:
            AUUC and Qini on that scale.
        """
        frame = self.frame
        units, start = frame["units"], frame["units"] == 0
        lift = (
            (frame["gain"] / frame["treated"].where(frame["treated"] > 0)).where(frame["controls"] > 0).mask(start, 0)
        )
        gain = frame["gain"].where((frame["controls"] > 0) | start)
        every = np.arange(int(units.iloc[-1]) + 1)
        means, gains = (np.interp(every, units[c.notna()], c[c.notna()]) for c in (lift, gain))
        curves = means * every, gains
        auuc, qini = (float(curve.mean() / abs(curve[-1])) for curve in curves)
        return auuc, qini - 0.5 * float(np.sign(gains[-1]))

    def scales(self) -> pd.DataFrame:
        """Qini and AUUC of this class and of other packages: one ranking, different numbers.

        >>> curve.scales()["package"].tolist()
        ['own', 'scikit-uplift', 'causalml', 'own', 'causalml']

        Returns:
            One row a number: measure, package (``own``: this class), number.
        """
        auuc, qini = self.as_causalml()
        rows = [
            ("Qini", "own", self.qini), ("Qini", "scikit-uplift", self.as_scikit_uplift()),
            ("Qini", "causalml", qini), ("AUUC", "own", self.auuc), ("AUUC", "causalml", auuc),
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["measure", "package", "number"])

    def _best(self) -> Floats:
        """Treated with an outcome before those without, then controls without before those with."""
        found: Floats = np.where(self.treated, self.outcome, -self.outcome)
        return found

    def _area(self, along: pd.Series) -> float:
        share = along.to_numpy() / along.iloc[-1]
        return float(np.trapezoid(self.frame["gain"], share))
