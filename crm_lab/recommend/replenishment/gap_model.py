"""Log-normal gaps with a mean of each customer and product, shrunk to the product's; open gaps are censored.

A customer goes on buying a product with a chance that differs after the first and after later purchases. While it
does, the logarithm of a gap is normal around a mean of the customer and product, and these means are normal around
that of the product. Spread and chances are the product's, too; products with little data are drawn to all products.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from crm_lab.arrays import Floats, Integers, Positions
from crm_lab.recommend.replenishment.purchase_gaps import PurchaseGaps

_ROUNDS = 40
_PRIOR = 20.0  # pairs that all products are worth in each
_LEAST = 1e-3  # variance
_TINY = 1e-300


@dataclass(frozen=True, eq=False)
class GapModel:
    """Parameters by product, each of shape (products,).

    Attributes:
        mean: Mean logarithm of a gap.
        between: Variance of means between customers.
        within: Variance of a gap around its mean.
        stop_first: Chance that a customer never buys again after the first purchase.
        stop: The same after each later one.
    """

    mean: Floats
    between: Floats
    within: Floats
    stop_first: Floats
    stop: Floats


@dataclass(frozen=True, eq=False)
class GapOutlook:
    """What is known of the open gap of each pair, each of shape (pairs,).

    Attributes:
        mean: Mean logarithm of the pair's gaps, shrunk.
        variance: Its variance.
        spread: Standard deviation of the logarithm of the next gap.
        open_z: Where the open gap lies in that distribution.
        stop: Chance that the last purchase was the last for ever, before anything is known of the open gap.
    """

    mean: Floats
    variance: Floats
    spread: Floats
    open_z: Floats
    stop: Floats

    @property
    def goes_on(self) -> Floats:
        """Chance that the customer will buy the product again, shape (pairs,)."""
        still = special.ndtr(-self.open_z)
        return np.asarray((1 - self.stop) * still / np.maximum(self.stop + (1 - self.stop) * still, _TINY))

    def some(self, pairs: Positions) -> GapOutlook:
        """Those of some pairs.

        Args:
            pairs: Their places.
        """
        return GapOutlook(*(getattr(self, name)[pairs] for name in GapOutlook.__dataclass_fields__))

    def gap(self, share: float) -> Floats:
        """Quantile of the next gap in days, given that it is longer than the open one.

        Args:
            share: Which quantile, 0 to 1.
        """
        z = -special.ndtri_exp(special.log_ndtr(-self.open_z) + np.log1p(-share))
        return np.asarray(np.exp(self.mean + self.spread * z), dtype=np.float64)

    def share_before(self, days: Floats) -> Floats:
        """Chance that the next gap is at most so many days, given that it is longer than the open one and ends.

        Args:
            days: Shape (pairs,), at least the open gap.
        """
        z = (np.log(days) - self.mean) / self.spread
        return np.asarray(-np.expm1(special.log_ndtr(-z) - special.log_ndtr(-self.open_z)))


def outlook(model: GapModel, gaps: PurchaseGaps) -> GapOutlook:
    """What a model says of the open gap of each pair.

    Args:
        model: Parameters by product.
        gaps: Gaps of pairs.
    """
    mean, between, within, first, later = (
        values[gaps.product] for values in (model.mean, model.between, model.within, model.stop_first, model.stop)
    )
    variance = 1 / (gaps.n / within + 1 / between)
    centre = variance * (gaps.sum_log / within + mean / between)
    spread = np.sqrt(variance + within)
    z = (gaps.open_log - centre) / spread
    return GapOutlook(centre, variance, spread, z, np.where(gaps.n > 0, later, first))


def fit_gaps(gaps: PurchaseGaps, products: int) -> GapModel:
    """Maximum of the likelihood by EM: all products as one, then each with all as its prior.

    Args:
        gaps: Gaps of pairs, those with none that has ended among them.
        products: Number of products.

    Returns:
        Parameters by product.

    Source:
        A. P. Dempster, N. M. Laird & D. B. Rubin (1977). Maximum likelihood from incomplete data via the EM algorithm.
    """
    ended = max(int(gaps.n.sum()), 1)
    centre = float(gaps.sum_log.sum()) / ended
    spread = max(float(gaps.sum_square.sum()) / ended - centre**2, 0.05)
    start = GapModel(*(np.full(1, value) for value in (centre, spread / 2, spread / 2, 0.3, 0.1)))
    one = PurchaseGaps(
        gaps.customer, np.zeros_like(gaps.product), gaps.n, gaps.sum_log, gaps.sum_square, gaps.last, gaps.open_days
    )
    whole = _rounds(start, one, 0.0)
    names = ("mean", "between", "within", "stop_first", "stop")
    return _rounds(GapModel(*(np.full(products, getattr(whole, name)[0]) for name in names)), gaps, _PRIOR)


def _rounds(model: GapModel, gaps: PurchaseGaps, worth: float) -> GapModel:
    for _ in range(_ROUNDS):
        model = _step(model, gaps, worth)
    return model


def _step(model: GapModel, gaps: PurchaseGaps, worth: float) -> GapModel:
    """One round of EM; what is common to all products counts as so many pairs of each."""
    seen, products = outlook(model, gaps), len(model.mean)
    alive = seen.goes_on
    hazard = np.exp(-0.5 * seen.open_z**2 - 0.5 * np.log(2 * np.pi) - special.log_ndtr(-seen.open_z))
    ratio = seen.variance / seen.spread**2
    ended_mean = seen.mean + ratio * seen.spread * hazard
    open_square = 1 + seen.open_z * hazard  # of (gap - mean) / spread
    open_variance = np.maximum(open_square - hazard**2, 0.0) * seen.spread**2
    ended_var = seen.variance * (1 - ratio) + ratio**2 * open_variance
    mean = alive * ended_mean + (1 - alive) * seen.mean
    square = alive * (ended_var + ended_mean**2) + (1 - alive) * (seen.variance + seen.mean**2)
    counts = np.where(gaps.n > 0, 1.0, alive)  # who stopped after the first purchase says nothing of gaps
    mean, square = np.where(gaps.n > 0, mean, ended_mean), np.where(gaps.n > 0, square, ended_var + ended_mean**2)
    open_part = (1 - ratio) ** 2 * open_square * seen.spread**2 + seen.variance * (1 - ratio)
    around = gaps.sum_square - 2 * gaps.sum_log * mean + gaps.n * square + alive * open_part

    def total(values: Floats | Integers) -> Floats:
        return np.bincount(gaps.product, weights=values, minlength=products).astype(np.float64, copy=False)

    pairs, once = total(counts), gaps.n == 0
    level, own = total(counts * mean), total(counts * square)
    apart = own - level**2 / np.maximum(pairs, _TINY)  # around the mean of each product
    parts = {
        "between": (apart, np.maximum(pairs - 1, 0.0)), "within": (total(around), total(gaps.n + alive)),
        "stop_first": (total((1 - alive) * once), total(np.ones(len(once)))),
        "stop": (total((1 - alive) * ~once), total(gaps.n)),
    }  # fmt: skip
    common = {
        name: up.sum() / down.sum() if down.sum() > 0 else getattr(model, name)[0] for name, (up, down) in parts.items()
    }
    centre = (level + worth * level.sum() / pairs.sum()) / (pairs + worth)
    parts["between"] = (own - 2 * centre * level + centre**2 * pairs, pairs)
    drawn = {name: (up + worth * common[name]) / np.maximum(down + worth, _TINY) for name, (up, down) in parts.items()}
    for name in ("between", "within"):
        drawn[name] = np.maximum(drawn[name], _LEAST)
    return GapModel(centre, **drawn)
