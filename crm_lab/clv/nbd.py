"""NBD: customers never leave (Ehrenberg 1959). The yardstick for every model with drop-out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import digamma, gammaln
from scipy.stats import nbinom

from crm_lab.clv.counts import Array, Counts
from crm_lab.clv.model import PurchaseModel
from crm_lab.clv.newton import LogLikelihood, trigamma


@dataclass(frozen=True)
class NBD(PurchaseModel):
    """Poisson purchases at rate λ ~ Gamma(r, alpha); nobody drops out, so P(alive) is 1 throughout."""

    key: ClassVar[str] = "nbd"
    title: ClassVar[str] = "NBD"
    parameters: ClassVar[tuple[str, ...]] = ("r", "alpha")

    def log_likelihood(self, counts: Counts) -> LogLikelihood:
        """Of the purchase times: Γ(r+x)/Γ(r) · alpha^r / (alpha+T)^(r+x), with derivatives.

        It is the limit of the other models for a drop-out probability of 0, so their log-likelihoods
        may be compared with it.
        """
        x = np.concatenate([np.zeros(len(counts.zero_end)), counts.x])
        T = counts.times[np.concatenate([counts.zero_end, counts.at_end])]
        w = np.concatenate([counts.zero_weight, counts.weight])
        wx, n = w * x, counts.n
        k, h = np.flatnonzero(counts.by_x).astype(float), counts.by_x[counts.by_x > 0]

        def evaluate(params: Array) -> tuple[float, Array, Array]:
            r, alpha = params
            log_t, inv = np.log(alpha + T), 1 / (alpha + T)
            wr = r * w + wx
            value = h @ gammaln(r + k) + n * (r * np.log(alpha) - gammaln(r)) - wr @ log_t
            gradient = np.array(
                [h @ digamma(r + k) + n * (np.log(alpha) - digamma(r)) - w @ log_t, n * r / alpha - wr @ inv]
            )
            cross = n / alpha - w @ inv
            first = h @ trigamma(r + k) - n * trigamma(r)
            return float(value), gradient, np.array([[first, cross], [cross, wr @ inv**2 - n * r / alpha**2]])

        return evaluate

    def start(self, counts: Counts) -> Array:
        """Shape 1, alpha the mean time under observation."""
        return np.array([1.0, counts.mean_age])

    def p_alive(self, params: Array, x: Array, t_x: Array, T: Array) -> Array:  # noqa: ARG002 - always 1
        """One for everybody."""
        return np.ones(np.broadcast_shapes(np.shape(x), np.shape(T)))

    def alive_rate(self, params: Array, x: Array, T: Array, ahead: Array) -> Array:
        """(r+x)/(alpha+T), at any time ahead."""
        rate: Array = (params[0] + x) / (params[1] + T) + 0.0 * ahead
        return rate

    def draw_alive(
        self, params: Array, x: Array, T: Array, window: tuple[float, float], rng: np.random.Generator
    ) -> Array:
        """Negative binomial draws."""
        rate = rng.standard_gamma(params[0] + x) / (params[1] + T)
        drawn: Array = rng.poisson(np.minimum(rate * (window[1] - window[0]), 1e9)).astype(np.float64)
        return drawn

    def alive_pmf(self, params: Array, n: int, x: Array, T: Array, ahead: Array) -> Array:
        """Negative binomial probability of n."""
        stay = params[1] + T
        pmf: Array = nbinom.pmf(n, params[0] + x, stay / (stay + ahead))
        return pmf
