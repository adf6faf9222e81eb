"""NBD: customers never leave (Ehrenberg 1959). The yardstick for every model with drop-out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import nbinom

from crm_lab.arrays import Floats
from crm_lab.clv.fitting.counts import Counts
from crm_lab.clv.fitting.newton import LogLikelihood
from crm_lab.clv.fitting.nobody_leaves import nbd_log_likelihood, nbd_start
from crm_lab.clv.models.purchase_model import PurchaseModel


@dataclass(frozen=True)
class NBD(PurchaseModel):
    """Poisson purchases at rate λ ~ Gamma(r, alpha); nobody drops out, so P(alive) is 1 throughout."""

    key = "nbd"
    title = "NBD"
    parameters = ("r", "alpha")

    def log_likelihood(self, counts: Counts) -> LogLikelihood:
        """See `nbd_log_likelihood`."""
        return nbd_log_likelihood(counts)

    def start(self, counts: Counts) -> Floats:
        """Shape 1, alpha the mean time under observation."""
        return nbd_start(counts)

    def p_alive(self, params: Floats, x: Floats, t_x: Floats, T: Floats) -> Floats:  # noqa: ARG002 - always 1
        """One for everybody."""
        return np.ones(np.broadcast_shapes(np.shape(x), np.shape(T)))

    def alive_rate(self, params: Floats, x: Floats, T: Floats, ahead: Floats) -> Floats:
        """(r+x)/(alpha+T), at any time ahead."""
        rate: Floats = (params[0] + x) / (params[1] + T) + 0.0 * ahead
        return rate

    def draw_alive(
        self, params: Floats, x: Floats, T: Floats, window: tuple[float, float], rng: np.random.Generator
    ) -> Floats:
        """Negative binomial draws."""
        rate = rng.standard_gamma(params[0] + x) / (params[1] + T)
        drawn: Floats = rng.poisson(np.minimum(rate * (window[1] - window[0]), 1e9)).astype(np.float64)
        return drawn

    def alive_pmf(self, params: Floats, n: int, x: Floats, T: Floats, ahead: Floats) -> Floats:
        """Negative binomial probability of n."""
        stay = params[1] + T
        pmf: Floats = nbinom.pmf(n, params[0] + x, stay / (stay + ahead))
        return pmf
