"""Which share of a customer's purchases is on discount: each share drawn to the base as far as chance spreads it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.arrays import Floats
from crm_lab.checks import check_settings, not_among, not_inside, not_levels, too_small
from crm_lab.data.workspace import Tables
from crm_lab.segmentation.personas.shopper_tags.price_shares.price_counts import WEIGHTS, By, PriceCounts, price_counts
from crm_lab.segmentation.personas.shopper_tags.price_shares.price_share_result import FEWEST, PriceShareResult
from crm_lab.stats.bootstrap import percentile_interval
from crm_lab.stats.pooling.beta_binomial import BetaBinomial, fit_beta_binomial

TERCILES: Final = (1 / 3, 2 / 3)


@dataclass(frozen=True, kw_only=True)
class PriceShare:
    """Settings of the price share.

    >>> rng = np.random.default_rng(1)
    >>> n = rng.integers(5, 60, 800)
    >>> orders = pd.DataFrame(
    ...     {"customer_id": range(800), "bought": n, "discounted": rng.binomial(n, rng.beta(3, 3, 800))}
    ... )
    >>> from crm_lab.segmentation.personas.shopper_tags.price_shares.price_counts import price_counts_of_orders
    >>> found = PriceShare().analyze(price_counts_of_orders(orders))
    >>> round(found.fit.a, 1), round(found.fit.b, 1)
    (2.9, 2.9)

    Attributes:
        by: Share of lines, of units or of money.
        cuts: Shares between low, middle and high; thirds of the true shares unless given.
        certainty: Chance above which a customer is told to be in a group.
        level: Confidence level.
        quantiles: Of the customers' shares to report.
        draws: Bootstrap samples of customers.
        seed: Of the samples.
    """

    by: By = "lines"
    cuts: tuple[float, float] | None = None
    certainty: float = 0.9
    level: float = 0.95
    quantiles: tuple[float, ...] = (0.05, 0.5, 0.95)
    draws: int = 400
    seed: int = 1

    def __post_init__(self) -> None:
        ordered = self.cuts is None or 0 < self.cuts[0] < self.cuts[1] < 1
        inside = 0.5 in self.quantiles and all(0 < q < 1 for q in self.quantiles)
        check_settings(
            self,
            not_among(self, by=WEIGHTS),
            not_inside(self, "level"),
            not_levels(self, "certainty"),
            too_small(self, draws=50),
            cuts=not ordered and "they must be two rising shares between 0 and 1",
            quantiles=not inside and "they lie between 0 and 1, and 0.5 is one of them",
        )

    def analyze(self, counts: PriceCounts | Tables) -> PriceShareResult:
        """Fit the distribution of true shares and place each customer in it.

        Lines of one order are on discount together more often than chance has it; their number is cut to the number of
        independent lines that would tell as much before anything is fitted.

        >>> found.groups().set_index("group")["customers"].sum()
        np.int64(800)

        Args:
            counts: What `price_counts` gives, or the tables as of a day.

        Returns:
            The distribution, and each customer's share with its interval and group; refused where the data cannot say.

        Raises:
            CannotAnswer: If no named customer has a sale line.
        """
        counts = counts if isinstance(counts, PriceCounts) else price_counts(counts, self.by)
        rho = counts.sums.correlation()
        n = np.round(counts.sums.effective(rho), 1)
        k = np.round(counts.sums.share * n, 1)
        fit = fit_beta_binomial(k, n)
        why = _why_not(len(n), k, n, fit, self.level)
        raw = self._raw_quantiles(counts.sums.share)
        if why:
            nothing = np.full((3, len(self.quantiles)), math.nan)
            return PriceShareResult(self, counts, rho, n, fit, raw, nothing, (math.nan, math.nan), None, why)
        low, high = fit.quantile(TERCILES).tolist() if self.cuts is None else self.cuts
        true = self._true_quantiles(fit, k, n)
        return PriceShareResult(
            self, counts, rho, n, fit, raw, true, (low, high), self._placed(fit, k, n, low, high), ""
        )

    def _raw_quantiles(self, shares: Floats) -> Floats:
        """Quantiles of the shares as they are and the ends of their intervals, shape (3, q)."""
        rng = np.random.default_rng(self.seed)
        m = len(shares)
        drawn = [np.quantile(shares[rng.integers(0, m, m)], self.quantiles) for _ in range(min(self.draws, 200))]
        ends = [percentile_interval(column, self.level) for column in np.array(drawn).T]
        return np.vstack([np.quantile(shares, self.quantiles), np.array(ends).T])

    def _true_quantiles(self, fit: BetaBinomial, k: Floats, n: Floats) -> Floats:
        rng = np.random.default_rng(self.seed)
        drawn = [stats.beta.ppf(self.quantiles, a, b) for a, b in fit.resampled(k, n, self.draws, rng)]
        ends = [percentile_interval(column, self.level) for column in np.array(drawn).T]
        return np.vstack([fit.quantile(self.quantiles), np.array(ends).T])

    def _placed(self, fit: BetaBinomial, k: Floats, n: Floats, low: float, high: float) -> pd.DataFrame:
        """Each customer's posterior: mean, interval, chances of the groups and the group that is sure enough."""
        pairs, which = np.unique(k + 1j * n, return_inverse=True)
        a, b = fit.posterior(pairs.real, pairs.imag)
        tail = (1 - self.level) / 2
        below, above = stats.beta.cdf(low, a, b), stats.beta.sf(high, a, b)
        chances = np.column_stack([below, 1 - below - above, above])
        group = np.where(chances.max(axis=1) > self.certainty, chances.argmax(axis=1), 3)
        placed = {
            "share": a / (a + b), "lo": stats.beta.ppf(tail, a, b), "hi": stats.beta.isf(tail, a, b),
            "p_low": below, "p_high": above, "group": np.array(["low", "middle", "high", "not_told"])[group],
        }  # fmt: skip
        return pd.DataFrame({name: values[which] for name, values in placed.items()})


def _why_not(customers: int, k: Floats, n: Floats, fit: BetaBinomial, level: float) -> str:
    """Which refusal holds; empty where none does."""
    if customers < FEWEST:
        return "few"
    if not k.any():
        return "none"
    if (k == n).all():
        return "all"
    differ = fit.converged and fit.pvalue < 1 - level
    return "" if differ else "alike"
