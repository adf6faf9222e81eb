"""What BG/NBD and MBG/NBD share: drop-out with probability p after a purchase, p beta-distributed.

BG/NBD (Fader, Hardie & Lee 2005) tosses the coin after each repeat purchase, MBG/NBD (Batislam,
Denizel & Filiztekin 2007; Hoppe & Wagner 2007) also after the first: `first` is 0 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import betaln, digamma, expit, gammaln, hyp2f1
from scipy.stats import nbinom

from crm_lab.arrays import Floats
from crm_lab.clv.fitting.counts import Counts
from crm_lab.clv.fitting.gamma_poisson import count_pmf, draw_counts, first_wait
from crm_lab.clv.fitting.newton import LogLikelihood, trigamma
from crm_lab.clv.models.purchase_model import PurchaseModel


@dataclass(frozen=True)
class BetaGeometric(PurchaseModel):
    """BG/NBD and MBG/NBD: Poisson purchases, rate λ ~ Gamma(r, alpha); drop-out with p ~ Beta(a, b) after a purchase.

    >>> from crm_lab.clv import BGNBD
    >>> from crm_lab.clv.fitting.counts import compress
    >>> model, params = BGNBD(), np.array([0.243, 4.414, 0.793, 2.426])  # r, alpha, a, b of CDNOW, in weeks
    >>> x, t_x, T = np.array([0.0, 4.0]), np.array([0.0, 30.0]), np.array([39.0, 39.0])
    """

    first: ClassVar[int]
    parameters = ("r", "alpha", "a", "b")

    def log_likelihood(self, counts: Counts) -> LogLikelihood:
        """The log-likelihood with derivatives, as a function of (r, alpha, a, b); see `log_likelihood` of this module.

        >>> value, gradient, hessian = model.log_likelihood(compress(x, t_x, T))(params)
        >>> round(float(value), 3)
        -15.869
        """
        return log_likelihood(counts, self.first)

    def start(self, counts: Counts) -> Floats:
        """Starting values: shapes of an ordinary shop; alpha such that r/alpha is about twice the base's own rate.

        >>> model.start(compress(x, t_x, T)).shape
        (4,)
        """
        return np.array([0.5, 0.25 * counts.mean_age / max(counts.mean_x, 0.05), 0.8, 2.0])

    def p_alive(self, params: Floats, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Probability of being a customer at T; the arguments are those of `ParetoNBD.p_alive`.

        >>> model.p_alive(params, x, t_x, T).round(2).tolist()
        [1.0, 0.72]
        """
        return p_alive(params, x, t_x, T, self.first)

    def alive_rate(self, params: Floats, x: Floats, T: Floats, ahead: Floats) -> Floats:
        """Expected purchases per unit of time, `ahead` of T, of a customer alive at T.

        >>> model.alive_rate(params, x, T, np.full(2, 26.0)).round(3).tolist()
        [0.005, 0.074]
        """
        return alive_rate(params, x, T, ahead, self.first)

    def draw_alive(
        self, params: Floats, x: Floats, T: Floats, window: tuple[float, float], rng: np.random.Generator
    ) -> Floats:
        """Simulated purchases in (T + window[0], T + window[1]] of customers alive at T, shape (n,).

        >>> model.draw_alive(params, x, T, (0.0, 52.0), np.random.default_rng(0)).shape
        (2,)
        """
        return draw_alive(params, x, T, window, rng, self.first)

    def alive_pmf(self, params: Floats, n: int, x: Floats, T: Floats, ahead: Floats) -> Floats:
        """Probability of exactly n purchases within `ahead` of a customer alive at T, shape (n,).

        >>> model.alive_pmf(params, 0, x, T, np.full(2, 26.0)).round(2).tolist()
        [0.89, 0.14]
        """
        return alive_pmf(params, n, x, T, ahead, self.first)

    def alive_wait(self, params: Floats, silent: Floats, x: Floats, T: Floats) -> Floats:
        """Time without a purchase: Pareto type II, for nobody alive at T drops out before the next purchase.

        >>> model.alive_wait(params, np.full(2, 0.5), x, T).round(1).tolist()
        [709.0, 7.7]
        """
        return first_wait(silent, params[0] + x, params[1] + T)


def log_likelihood(counts: Counts, first: int) -> LogLikelihood:
    """The log-likelihood of (r, alpha, a, b), with gradient and Hessian, as a function.

    With d = (r+x) log((alpha+T)/(alpha+t_x)) + log(a/(b+x-1+first)), a customer's likelihood is
    Γ(r+x)/Γ(r) · alpha^r/(alpha+T)^(r+x) · B(a, b+x+first)/B(a, b) · (1 + e^d): equation 6 of Fader,
    Hardie & Lee (2005) with the two ends of a life put over one another. Customers with x = 0 have no
    e^d under BG/NBD.
    """
    x, at_last, at_end, weight = counts.x, counts.at_last, counts.at_end, counts.weight
    zero_end, zero_weight = counts.zero_end, counts.zero_weight
    if first:
        x = np.concatenate([np.zeros(len(zero_end), dtype=x.dtype), x])
        at_last = np.concatenate([np.zeros(len(zero_end), dtype=at_last.dtype), at_last])
        at_end = np.concatenate([zero_end, at_end])
        weight = np.concatenate([zero_weight, weight])
        zero_end, zero_weight = zero_end[:0], zero_weight[:0]
    xf, n = x.astype(float), counts.n
    k = np.flatnonzero(counts.by_x).astype(float)
    h = counts.by_x[counts.by_x > 0]
    shift = np.arange(len(counts.by_x)) - 1.0 + first

    def evaluate(params: Floats) -> tuple[float, Floats, Floats]:
        r, alpha, a, b = params
        log_t, inv_t = np.log(alpha + counts.times), 1 / (alpha + counts.times)
        inv_b = 1 / np.where(b + shift > 0, b + shift, 1.0)
        log_odds = np.log(a) + np.log(inv_b)
        log_T, inv_T, inv_tx = log_t[at_end], inv_t[at_end], inv_t[at_last]
        # d and its derivatives by (r, alpha, a, b), one row a parameter
        slope = np.empty((4, len(xf)))
        slope[0] = log_T - log_t[at_last]
        slope[1] = (r + xf) * (inv_T - inv_tx)
        slope[2] = 1 / a
        slope[3] = -inv_b[x]
        d = (r + xf) * slope[0] + log_odds[x]
        q = expit(d)  # probability of having dropped out
        wq = weight * q
        value = float(weight @ (np.logaddexp(0.0, d) - (r + xf) * log_T))
        gradient = slope @ wq
        hessian = (slope * (wq * (1 - q))) @ slope.T
        # second derivatives of d
        cross = wq @ (inv_T - inv_tx)
        hessian[0, 1] += cross
        hessian[1, 0] += cross
        hessian[1, 1] += (wq * (r + xf)) @ (inv_tx**2 - inv_T**2)
        hessian[2, 2] -= wq.sum() / a**2
        hessian[3, 3] += wq @ slope[3] ** 2
        add_survival(gradient, hessian, weight, r + xf, log_T, inv_T)
        value -= r * float(zero_weight @ log_t[zero_end])
        add_survival(gradient, hessian, zero_weight, r, log_t[zero_end], inv_t[zero_end])
        value += add_gammas(gradient, hessian, params, (k, h, n), first)
        return value, gradient, hessian

    return evaluate


def add_survival(
    gradient: Floats, hessian: Floats, weight: Floats, rx: Floats | float, log_T: Floats, inv_T: Floats
) -> None:
    """Add the derivatives of -(r+x) log(alpha+T)."""
    total = float(weight @ inv_T)
    gradient[0] -= weight @ log_T
    gradient[1] -= np.sum(weight * rx * inv_T)
    hessian[0, 1] -= total
    hessian[1, 0] -= total
    hessian[1, 1] += np.sum(weight * rx * inv_T**2)


def add_gammas(
    gradient: Floats, hessian: Floats, params: Floats, by_x: tuple[Floats, Floats, float], first: int, stages: int = 1
) -> float:
    """Add the terms that depend on the histogram of x alone; returns their value.

    Args:
        gradient: Changed in place.
        hessian: Changed in place.
        params: r, alpha, a, b.
        by_x: Numbers of repeat purchases that occur, customers with each, customers.
        first: 0 for BG/NBD, 1 for MBG/NBD.
        stages: Exponential stages between two purchases.
    """
    r, alpha, a, b = params
    k, h, n = by_x
    bx, abx, rk = b + k + first, a + b + k + first, r + stages * k
    value = h @ (gammaln(rk) + gammaln(bx) - gammaln(abx))
    value += n * (gammaln(a + b) - gammaln(b) - gammaln(r) + r * np.log(alpha))
    both, both2 = n * digamma(a + b) - h @ digamma(abx), n * trigamma(a + b) - h @ trigamma(abx)
    gradient += (
        h @ digamma(rk) + n * (np.log(alpha) - digamma(r)),
        n * r / alpha,
        both,
        both + h @ digamma(bx) - n * digamma(b),
    )
    hessian[0, 0] += h @ trigamma(rk) - n * trigamma(r)
    hessian[0, 1] += n / alpha
    hessian[1, 0] += n / alpha
    hessian[1, 1] -= n * r / alpha**2
    hessian[2:, 2:] += both2
    hessian[3, 3] += h @ trigamma(bx) - n * trigamma(b)
    return float(value)


def p_alive(params: Floats, x: Floats, t_x: Floats, T: Floats, first: int) -> Floats:
    """Probability of being a customer at T; 1 for x = 0 where the first purchase cannot be the last."""
    r, alpha, a, b = params
    below = np.maximum(b + x - 1 + first, 1e-300)
    odds = (r + x) * (np.log(alpha + T) - np.log(alpha + t_x)) + np.log(a) - np.log(below)
    alive: Floats = expit(-odds)
    return alive if first else np.where(x == 0, 1.0, alive)


def alive_rate(params: Floats, x: Floats, T: Floats, ahead: Floats, first: int) -> Floats:
    """Expected purchases per unit of time, `ahead` of T, of a customer alive at T.

    E[λ e^{-λ p s}] for λ ~ Gamma(r+x, alpha+T) and p ~ Beta(a, b+x+first), in Pfaff's form of ₂F₁: all
    terms of its series are positive and the first parameter does not grow with x.
    """
    r, alpha, a, b = params
    shape, at, left = np.broadcast_arrays(r + x, alpha + T, b + x + first)
    u = ahead / (at + ahead)
    with np.errstate(over="ignore"):
        series = hyp2f1(a + b + first - r - 1, a, a + left, u)
    good = np.isfinite(series) & (series > 0)
    still = np.asarray(np.exp(a * np.log1p(-u) + np.log(np.where(good, series, 1.0))))
    if not good.all():
        still[~good] = _by_quadrature(a, left[~good], shape[~good] + 1, u[~good] / (1 - u[~good]))
    rate: Floats = shape / at * np.clip(still, 0.0, 1.0)
    return rate


def _by_quadrature(a: float, left: Floats, power: Floats, y: Floats) -> Floats:
    """E[(1 + p y)^-power] for p ~ Beta(a, left), by trapezoids in the logit of p; where the series fails."""
    v = np.linspace(-60.0, 60.0, 481)
    log_p, log_1p = -np.logaddexp(0, -v), -np.logaddexp(0, v)
    weight = a * log_p + left[..., None] * log_1p - betaln(a, left)[..., None]
    lost = -np.expm1(-power[..., None] * np.log1p(y[..., None] * np.exp(log_p)))
    total: Floats = 1 - np.trapezoid(np.exp(weight) * lost, v, axis=-1)
    return total


def draw_alive(
    params: Floats, x: Floats, T: Floats, window: tuple[float, float], rng: np.random.Generator, first: int
) -> Floats:
    """Purchases in (T + window[0], T + window[1]] of customers alive at T, by draws of (λ, p)."""
    r, alpha, a, b = params
    rate = rng.standard_gamma(r + x) / (alpha + T)
    before = draw_counts(rate * window[0], rng) if window[0] > 0 else np.zeros(1)
    bought = draw_counts(rate * (window[1] - window[0]), rng)
    some = bought > 0
    p = np.clip(rng.beta(a, b + x[some] + first), 1e-12, 1.0)
    last = rng.geometric(p)  # the purchase after which the customer leaves
    bought[some] = np.clip(last - np.broadcast_to(before, bought.shape)[some], 0, bought[some])
    return bought


def alive_pmf(params: Floats, n: int, x: Floats, T: Floats, ahead: Floats, first: int) -> Floats:
    """Probability of exactly n purchases within `ahead` of a customer alive at T.

    Either n purchases fit into the time and no coin has fallen yet, or the coin falls at the n-th and
    at least n would have fitted; both are products of a negative binomial and a beta-geometric term.
    """
    r, alpha, a, b = params
    shape, left = r + x, b + x + first
    stay = alpha + T
    lasts = np.exp(betaln(a, left + n) - betaln(a, left))
    pmf: Floats = count_pmf(n, shape, stay, ahead) * lasts
    if n > 0:
        falls_now = np.exp(betaln(a + 1, left + n - 1) - betaln(a, left))
        pmf = pmf + nbinom.sf(n - 1, shape, stay / (stay + ahead)) * falls_now
    return pmf
