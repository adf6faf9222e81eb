"""What a day in the past says of the gaps that were open then: their spread and the chance of going on, out of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from crm_lab.arrays import Floats, Integers
from crm_lab.recommend.replenishment.gap_model import GapOutlook
from crm_lab.recommend.replenishment.purchase_gaps import PurchaseGaps

_FEWEST = 30  # gaps that were open and have ended
_DOUBT = 0.5  # standard deviation of each number before any data


@dataclass(frozen=True)
class PastCorrection:
    """How open gaps of the past differed from what was said of them; the default changes nothing.

    Attributes:
        shift: Of the mean logarithm of a gap, in spreads.
        stretch: Logarithm of the factor on the spread.
        stop_shift: Of the log-odds of stopping.
        stop_stretch: Logarithm of the factor on these log-odds.
    """

    shift: float = 0.0
    stretch: float = 0.0
    stop_shift: float = 0.0
    stop_stretch: float = 0.0

    def of(self, seen: GapOutlook) -> GapOutlook:
        """An outlook, corrected.

        >>> seen = GapOutlook(*(np.full(1, value) for value in (3.0, 0.1, 0.5, -1.0, 0.2)))
        >>> PastCorrection(stretch=np.log(2)).of(seen).spread.tolist()
        [1.0]

        Args:
            seen: What is said of each pair.
        """
        factor = np.exp(self.stretch)
        stop = special.expit(self.stop_shift + np.exp(self.stop_stretch) * special.logit(seen.stop))
        return GapOutlook(
            seen.mean + self.shift * seen.spread, seen.variance * factor**2, seen.spread * factor,
            (seen.open_z - self.shift) / factor, stop,
        )  # fmt: skip


def learn_correction(seen: GapOutlook, gaps: PurchaseGaps, ended: Integers, days: int) -> PastCorrection:
    """Maximum of the likelihood of what came after a day in the past; gaps that are still open are censored.

    >>> rng = np.random.default_rng(0)
    >>> seen = GapOutlook(*(np.full(4_000, value) for value in (3.0, 0.1, 0.5, -9.0, 0.1)))
    >>> gaps = PurchaseGaps(*(np.zeros(4_000, dtype=int) for _ in range(7)))
    >>> days = np.exp(rng.normal(3.0, 0.8, 4_000)).round().clip(1).astype(int)
    >>> found = learn_correction(seen, gaps, np.where(days <= 60, days, 0), 60)
    >>> bool(1.4 < np.exp(found.stretch) < 1.8)
    True

    Args:
        seen: What was said of each pair on that day.
        gaps: Gaps as known on that day.
        ended: Days of the gap that was open on that day, 0 where it is still open, shape (pairs,).
        days: Days from that day to the last one that counts.

    Returns:
        The correction; drawn a little to none, which it is where too few gaps have ended.
    """
    bought = ended > 0
    if bought.sum() < _FEWEST:
        return PastCorrection()
    log = np.log(np.where(bought, ended, gaps.open_days + days + 0.5))
    z = (log - seen.mean) / seen.spread

    def loss(values: Floats) -> float:
        correction = PastCorrection(*values)
        now, factor = correction.of(seen), np.exp(correction.stretch)
        place = (z - correction.shift) / factor
        open_still = np.log(now.stop + (1 - now.stop) * special.ndtr(-now.open_z))
        density = np.log1p(-now.stop) - 0.5 * place**2 - correction.stretch
        still = np.log(now.stop + (1 - now.stop) * special.ndtr(-place))
        prior = 0.5 * float(np.square(values).sum()) / _DOUBT**2
        return (prior - float((np.where(bought, density, still) - open_still).sum())) / len(z)

    found = optimize.minimize(loss, np.zeros(4), method="L-BFGS-B", bounds=[(-2.0, 2.0)] * 4)
    return PastCorrection(*map(float, found.x))
