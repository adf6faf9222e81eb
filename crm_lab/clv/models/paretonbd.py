"""Pareto/NBD: a customer may drop out at any moment (Schmittlein, Morrison & Colombo 1987)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, expit, gammaln

from crm_lab.arrays import Floats
from crm_lab.clv.fitting.counts import Counts
from crm_lab.clv.fitting.gamma_poisson import count_pmf, draw_counts
from crm_lab.clv.fitting.newton import LogLikelihood, trigamma
from crm_lab.clv.models.purchase_model import PurchaseModel

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
_FINE, _FINE_WEIGHTS = np.polynomial.legendre.leggauss(48)
_FINE, _FINE_WEIGHTS = (_FINE + 1) / 2, _FINE_WEIGHTS / 2
_NEGLIGIBLE = 36.0  # e^-36 of the integrand is cut off
_CHUNK = 2048


@dataclass(frozen=True)
class ParetoNBD(PurchaseModel):
    """Pareto/NBD: Poisson purchases at rate λ ~ Gamma(r, alpha); drop-out at rate μ ~ Gamma(s, beta), at any moment.

    >>> from crm_lab.clv.fitting.counts import compress
    >>> model, params = ParetoNBD(), np.array([0.55, 10.6, 0.6, 11.7])  # r, alpha, s, beta of CDNOW, in weeks
    >>> x, t_x, T = np.array([0.0, 4.0]), np.array([0.0, 30.0]), np.array([39.0, 39.0])

    Attributes:
        unit: Unit of recency and T in the summaries it is fitted to.
        ridge: Penalty per customer that pulls the parameters to their start; 0 is plain maximum likelihood.

    Source:
        Schmittlein, Morrison & Colombo (1987), Counting your customers, Management Science 33.
    """

    key = "paretonbd"
    title = "Pareto/NBD"
    parameters = ("r", "alpha", "s", "beta")
    leaves_by_calendar = True

    def log_likelihood(self, counts: Counts) -> LogLikelihood:
        """Fader & Hardie (2005, "A note on deriving the Pareto/NBD model"), with derivatives.

        A customer's likelihood is Γ(r+x)/Γ(r) · alpha^r beta^s times the sum of being alive at T,
        (alpha+T)^-(r+x) (beta+T)^-s, and of having left between t_x and T, an integral done numerically.

        >>> value, gradient, hessian = model.log_likelihood(compress(x, t_x, T))(params)
        >>> round(float(value), 3)
        -15.636
        """
        x = np.concatenate([np.zeros(len(counts.zero_end)), counts.x])
        t_x = np.concatenate([np.zeros(len(counts.zero_end)), counts.times[counts.at_last]])
        T = counts.times[np.concatenate([counts.zero_end, counts.at_end])]
        w = np.concatenate([counts.zero_weight, counts.weight])
        k, h = np.flatnonzero(counts.by_x).astype(float), counts.by_x[counts.by_x > 0]

        def evaluate(params: Floats) -> tuple[float, Floats, Floats]:
            value, gradient, hessian = _gammas(params, k, h, counts.n)
            for first in range(0, len(x), _CHUNK):
                part = slice(first, first + _CHUNK)
                more, slope, curve = _ends(params, x[part], t_x[part], T[part], w[part])
                value += more
                gradient += slope
                hessian += curve
            return value, gradient, hessian

        return evaluate

    def start(self, counts: Counts) -> Floats:
        """Starting values: shapes 1, alpha and beta the mean time under observation.

        >>> model.start(compress(x, t_x, T)).tolist()
        [1.0, 39.0, 1.0, 39.0]
        """
        return np.array([1.0, counts.mean_age, 1.0, counts.mean_age])

    def p_alive(self, params: Floats, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """P(alive): one over one plus the odds of having left between t_x and T.

        >>> model.p_alive(params, x, t_x, T).round(2).tolist()
        [0.3, 0.83]
        """
        shape = np.broadcast_shapes(np.shape(x), np.shape(t_x), np.shape(T))
        flat = [np.broadcast_to(v, shape).ravel() for v in (x, t_x, T)]
        alive = np.empty(flat[0].size)
        for first in range(0, alive.size, _CHUNK):
            part = slice(first, first + _CHUNK)
            log_left, log_alive = _log_ends(params, *(v[part] for v in flat))[:2]
            alive[part] = expit(log_alive - log_left)
        return alive.reshape(shape)

    def alive_rate(self, params: Floats, x: Floats, T: Floats, ahead: Floats) -> Floats:
        """Purchase rate of a customer alive at T: E[λ e^(-μ s)] = (r+x)/(alpha+T) · ((beta+T)/(beta+T+s))^s.

        >>> model.alive_rate(params, x, T, np.full(2, 26.0)).round(3).tolist()
        [0.009, 0.072]
        """
        r, alpha, s, beta = params
        rate: Floats = (r + x) / (alpha + T) * np.exp(-s * np.log1p(ahead / (beta + T)))
        return rate

    def draw_alive(
        self, params: Floats, x: Floats, T: Floats, window: tuple[float, float], rng: np.random.Generator
    ) -> Floats:
        """Simulated purchases of customers alive at T: draw λ, μ and the moment of leaving, then count.

        >>> model.draw_alive(params, x, T, (0.0, 52.0), np.random.default_rng(0)).shape
        (2,)
        """
        r, alpha, s, beta = params
        rate = rng.standard_gamma(r + x) / (alpha + T)
        leaves = (
            rng.standard_exponential(np.shape(x)) * (beta + T) / np.maximum(rng.standard_gamma(s, np.shape(x)), 1e-300)
        )
        there = np.clip(leaves - window[0], 0, window[1] - window[0])
        return draw_counts(rate * there, rng)

    def alive_pmf(self, params: Floats, n: int, x: Floats, T: Floats, ahead: Floats) -> Floats:
        """Probability of exactly n purchases: negative binomial over the time until leaving, which is Pareto type II.

        >>> model.alive_pmf(params, 0, x, T, np.full(2, 26.0)).round(2).tolist()
        [0.82, 0.22]
        """
        r, alpha, s, beta = params
        stay, clock = alpha + T, beta + T
        longest = np.log1p(ahead / clock)
        pmf: Floats = np.exp(-s * longest) * count_pmf(n, r + x, stay, ahead)
        for node, weight in zip(_FINE, _FINE_WEIGHTS, strict=True):
            v = longest * node
            leaves = clock * np.expm1(v)
            density = weight * longest * s * np.exp(-s * v)
            pmf = pmf + density * count_pmf(n, r + x, stay, leaves)
        return pmf


def _gammas(params: Floats, k: Floats, h: Floats, n: float) -> tuple[float, Floats, Floats]:
    """The terms that depend on the histogram of x alone."""
    r, alpha, s, beta = params
    value = h @ gammaln(r + k) + n * (r * np.log(alpha) - gammaln(r) + s * np.log(beta))
    gradient = np.array(
        [h @ digamma(r + k) + n * (np.log(alpha) - digamma(r)), n * r / alpha, n * np.log(beta), n * s / beta]
    )
    hessian = np.diag([h @ trigamma(r + k) - n * trigamma(r), -n * r / alpha**2, 0.0, -n * s / beta**2])
    hessian[0, 1] = hessian[1, 0] = n / alpha
    hessian[2, 3] = hessian[3, 2] = n / beta
    return float(value), gradient, hessian


def _log_ends(params: Floats, x: Floats, t_x: Floats, T: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Log of both ends of a life, and the nodes of the integral between them.

    The integral over the moment of leaving τ runs in v = log((alpha+τ)/(alpha+t_x)), in which the
    integrand falls like an exponential, up to where nothing is left of it.

    Returns:
        Log of the integral, log of being alive at T, both (n,); the nodes' shares of the integral,
        alpha + τ and beta + τ, each (nodes, n).
    """
    r, alpha, s, beta = params
    shape, start = r + x, alpha + t_x
    span = np.log((alpha + T) / start)
    decay = (shape - 1) + (s + 1) * start / (beta + t_x)
    span = np.maximum(np.minimum(span, _NEGLIGIBLE / np.maximum(decay, 1e-3)), 1e-300)
    v = _NODES[:, None] * span
    at_a = np.exp(v) * start
    at_b = at_a + (beta - alpha)
    at_b = np.maximum(at_b, beta)  # rounding when beta is far below alpha
    log_f = -(shape - 1) * v - (s + 1) * np.log(at_b)
    top = log_f.max(axis=0)
    share = np.exp(log_f - top) * _WEIGHTS[:, None]
    total = share.sum(axis=0)
    log_left = np.log(s) + top + np.log(total) + np.log(span) - (shape - 1) * np.log(start)
    log_alive = -shape * np.log(alpha + T) - s * np.log(beta + T)
    return log_left, log_alive, share / total, at_a, at_b


def _ends(params: Floats, x: Floats, t_x: Floats, T: Floats, w: Floats) -> tuple[float, Floats, Floats]:
    """Weighted sum of the log of (alive + left), its gradient and Hessian by (r, alpha, s, beta)."""
    r, alpha, s, beta = params
    log_left, log_alive, share, at_a, at_b = _log_ends(params, x, t_x, T)
    d = np.clip(log_left - log_alive, -700, 700)
    q = expit(d)  # probability of having left
    value = w @ (log_alive + np.where(d > 0, d, 0) + np.log1p(np.exp(-np.abs(d))))
    shape = r + x
    # derivatives of the log-integrand at the nodes, (4, nodes, n), and their means, (4, n)
    slope = np.stack([-np.log(at_a), -shape / at_a, 1 / s - np.log(at_b), -(s + 1) / at_b])
    left = (slope * share).sum(axis=1)
    log_aT, log_bT = np.log(alpha + T), np.log(beta + T)
    alive = np.stack([-log_aT, -shape / (alpha + T), -log_bT, -s / (beta + T)])
    wq, wp = w * q, w * (1 - q)
    gradient = alive @ wp + left @ wq
    apart = alive - left
    spread = slope.reshape(4, -1)
    hessian = (spread * (share * wq).ravel()) @ spread.T - (left * wq) @ left.T
    hessian += (apart * (wq * (1 - q))) @ apart.T
    inv_a, inv_b = (share / at_a).sum(axis=0), (share / at_b).sum(axis=0)
    cross_a = -(wp @ (1 / (alpha + T)) + wq @ inv_a)
    cross_b = -(wp @ (1 / (beta + T)) + wq @ inv_b)
    hessian[0, 1] += cross_a
    hessian[1, 0] += cross_a
    hessian[2, 3] += cross_b
    hessian[3, 2] += cross_b
    hessian[2, 2] -= wq.sum() / s**2
    hessian[1, 1] += (wp * shape) @ (alpha + T) ** -2.0 + (wq * shape) @ (share / at_a**2).sum(axis=0)
    hessian[3, 3] += s * (wp @ (beta + T) ** -2.0) + (s + 1) * (wq @ (share / at_b**2).sum(axis=0))
    return float(value), gradient, hessian
