"""NBD: customers never leave (Ehrenberg 1959). The baseline for every model with drop-out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_lab.arrays import Floats
from crm_lab.clv.fitting.counts import Counts
from crm_lab.clv.fitting.gamma_poisson import count_pmf, draw_counts, first_wait
from crm_lab.clv.fitting.newton import LogLikelihood
from crm_lab.clv.fitting.nobody_leaves import nbd_log_likelihood, nbd_start
from crm_lab.clv.models.purchase_model import PurchaseModel


@dataclass(frozen=True)
class NBD(PurchaseModel):
    """NBD: Poisson purchases at rate λ ~ Gamma(r, alpha); nobody drops out, so P(alive) is 1 throughout.

    >>> from crm_lab.clv.fitting.counts import compress
    >>> model, params = NBD(), np.array([0.385, 12.07])  # r, alpha of CDNOW, in weeks
    >>> x, t_x, T = np.array([0.0, 4.0]), np.array([0.0, 30.0]), np.array([39.0, 39.0])

    Attributes:
        unit: Unit of recency and T in the summaries it is fitted to.
        ridge: Penalty per customer that pulls the parameters to their start; 0 is plain maximum likelihood.

    Source:
        Ehrenberg (1959), The pattern of consumer purchases, Applied Statistics 8.
    """

    key = "nbd"
    title = "NBD"
    parameters = ("r", "alpha")

    def log_likelihood(self, counts: Counts) -> LogLikelihood:
        """The log-likelihood with derivatives, as a function of (r, alpha); see `nbd_log_likelihood`.

        >>> value, gradient, hessian = model.log_likelihood(compress(x, t_x, T))(params)
        >>> round(float(value), 3)
        -15.384
        """
        return nbd_log_likelihood(counts)

    def start(self, counts: Counts) -> Floats:
        """Starting values: shape 1, alpha the mean time under observation.

        >>> model.start(compress(x, t_x, T)).tolist()
        [1.0, 39.0]
        """
        return nbd_start(counts)

    def p_alive(self, params: Floats, x: Floats, t_x: Floats, T: Floats) -> Floats:  # noqa: ARG002 - always 1
        """One for every customer.

        >>> model.p_alive(params, x, t_x, T).tolist()
        [1.0, 1.0]
        """
        return np.ones(np.broadcast_shapes(np.shape(x), np.shape(T)))

    def alive_rate(self, params: Floats, x: Floats, T: Floats, ahead: Floats) -> Floats:
        """Expected purchases per unit of time, (r+x)/(alpha+T), at any time ahead.

        >>> model.alive_rate(params, x, T, np.full(2, 26.0)).round(3).tolist()
        [0.008, 0.086]
        """
        rate: Floats = (params[0] + x) / (params[1] + T) + 0.0 * ahead
        return rate

    def draw_alive(
        self, params: Floats, x: Floats, T: Floats, window: tuple[float, float], rng: np.random.Generator
    ) -> Floats:
        """Simulated purchases in (T + window[0], T + window[1]]: negative binomial draws, shape (n,).

        >>> model.draw_alive(params, x, T, (0.0, 52.0), np.random.default_rng(0)).shape
        (2,)
        """
        rate = rng.standard_gamma(params[0] + x) / (params[1] + T)
        return draw_counts(rate * (window[1] - window[0]), rng)

    def alive_pmf(self, params: Floats, n: int, x: Floats, T: Floats, ahead: Floats) -> Floats:
        """Negative binomial probability of exactly n purchases within `ahead`, shape (n,).

        >>> model.alive_pmf(params, 0, x, T, np.full(2, 26.0)).round(2).tolist()
        [0.85, 0.16]
        """
        return count_pmf(n, params[0] + x, params[1] + T, ahead)

    def alive_wait(self, params: Floats, silent: Floats, x: Floats, T: Floats) -> Floats:
        """Time without a purchase: Pareto type II.

        >>> model.alive_wait(params, np.full(2, 0.5), x, T).round(1).tolist()
        [258.0, 8.7]
        """
        return first_wait(silent, params[0] + x, params[1] + T)
