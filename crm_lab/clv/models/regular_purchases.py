"""BG/CNBD-k and MBG/CNBD-k: purchases more regular than chance (Reutterer, Platzer & Schröder 2021).

The time between two purchases is a sum of k exponential stages (Erlang-k), so a weekly shopper is due rather than
lucky: silence says more, and sooner, than under a Poisson clock. With k = 1 they are BG/NBD and MBG/NBD.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame
from scipy.special import betaln, expit, gammaln
from scipy.stats import nbinom

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, check_settings
from crm_lab.clv.fitting.counts import Counts
from crm_lab.clv.fitting.gamma_poisson import draw_counts
from crm_lab.clv.fitting.newton import LogLikelihood, within_reach
from crm_lab.clv.models import beta_geometric
from crm_lab.clv.models.purchase_fit import PurchaseFit
from crm_lab.clv.models.purchase_model import PurchaseModel
from crm_lab.data.kernels.dataframes import as_pandas

MOST_REGULAR = 12
_FEW = 5_000  # distinct histories in which k is looked for first
_SUMMED = 400.0  # mean stages ahead up to which they are summed one by one


@dataclass(frozen=True)
class RegularPurchases(PurchaseModel):
    """(M)BG/CNBD-k: Erlang-k waits at rate λ ~ Gamma(r, alpha); drop-out with p ~ Beta(a, b) after a purchase.

    The likelihood and P(alive) are exact. What is expected ahead of T takes customers at a random moment between
    two purchases, since a base as of one date stands at all of them; new customers stand at the first.

    >>> model, params = MBGCNBD(k=2), np.array([0.52, 3.0, 0.89, 1.61])
    >>> x, t_x, T = np.array([0.0, 4.0]), np.array([0.0, 30.0]), np.array([39.0, 39.0])

    Args:
        unit: Unit of recency and T in the summaries it is fitted to.
        ridge: Penalty per customer that pulls the parameters to their start.
        k: Stages between two purchases, 1 to 12; 0 takes the k of largest likelihood.

    Source:
        Reutterer, Platzer & Schröder (2021), Leveraging purchase regularity for predicting customer behavior the easy
        way, International Journal of Research in Marketing 38; Platzer & Reutterer (2016), Ticking away the moments,
        Marketing Science 35.
    """

    k: int = 0

    first: ClassVar[int]
    parameters = ("r", "alpha", "a", "b")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_settings(
            self, k=not 0 <= self.k <= MOST_REGULAR and f"it must be 1 to {MOST_REGULAR}, or 0 to estimate it"
        )

    def fit(self, summary: IntoFrame) -> PurchaseFit:
        """Fit by maximum likelihood, over k as well where it is 0.

        Likelihoods of different k compare only with the gaps between purchases, which `purchase_summary` leaves in
        ``attrs["log_gaps"]``: their logarithms, summed.

        >>> from crm_lab import open_workspace
        >>> from crm_lab.data.kernels.purchases import purchase_summary
        >>> summary = purchase_summary(open_workspace("cdnow_sample").at("1997-09-30")["orders"], "1997-09-30")
        >>> MBGCNBD().fit(summary).model.k
        1

        Args:
            summary: What `purchase_summary` returns.

        Returns:
            The fitted model, its `k` stated; the log-likelihood is that of the purchase times.

        Raises:
            BadInput: As for other models, or if k is to be found and the summary does not hold the gaps.
        """
        table = as_pandas(summary, "The purchase summary")
        gaps = table.attrs.get("log_gaps")
        if self.k:
            counts = self.counted(table)
            return _with_gaps(self.fit_counts(counts), _of_gaps(self.k, counts, gaps or 0.0), table)
        if gaps is None:
            raise BadInput(
                "k is 0, to be found from the gaps between purchases, and the summary does not hold them: "
                "make it with purchase_summary, or state k, e.g. 2."
            )
        counts, k = self.counted(table), 1
        few = counts.thinned(_FEW)
        if few is not counts:
            k = self._climb(few, gaps * few.repeats / counts.repeats, k)[0]
        return _with_gaps(*self._climb(counts, gaps, k)[1:], table)

    def _climb(self, counts: Counts, log_gaps: float, k: int) -> tuple[int, PurchaseFit, float]:
        """From k up, then down, to where the likelihood is largest: k, the fit, what the gaps add to its likelihood."""
        fit, gained = replace(self, k=k).fit_counts(counts), _of_gaps(k, counts, log_gaps)
        for step in (1, -1):
            while 1 <= (other := k + step) <= MOST_REGULAR:
                model, more = replace(self, k=other), _of_gaps(other, counts, log_gaps)
                near = fit.estimates * np.array([1.0, k / other, 1.0, 1.0])  # a stage is that much shorter
                if within_reach(model.log_likelihood(counts), near) + more <= fit.log_likelihood + gained:
                    break
                tried = model.fit_counts(counts)
                if tried.log_likelihood + more <= fit.log_likelihood + gained:
                    break
                k, fit, gained = other, tried, more
        return k, fit, gained

    def log_likelihood(self, counts: Counts) -> LogLikelihood:
        """The log-likelihood, less the terms of the gaps, with derivatives by (r, alpha, a, b).

        >>> from crm_lab.clv.fitting.counts import compress
        >>> value, gradient, hessian = model.log_likelihood(compress(x, t_x, T))(params)
        >>> round(float(value), 3)
        -22.606
        """
        if self._stages == 1:
            return beta_geometric.log_likelihood(counts, self.first)
        return log_likelihood(counts, self.first, self._stages)

    def start(self, counts: Counts) -> Floats:
        """Those of the geometric models; a purchase takes k stages, so alpha is k times smaller."""
        alpha = 0.25 * counts.mean_age / max(counts.mean_x, 0.05) / self._stages
        return np.array([0.5, alpha, 0.8, 2.0])

    @property
    def _stages(self) -> int:
        return self.k or 1

    def p_alive(self, params: Floats, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Probability of being a customer at T.

        >>> model.p_alive(params, x, t_x, T).round(2).tolist()
        [0.4, 0.7]
        """
        r, alpha, a, b = params
        x, t_x, T = np.broadcast_arrays(x, t_x, T)
        shape = r + self._stages * x
        silent = np.reshape(
            _Silence.of(shape.ravel(), (alpha + T).ravel(), (T - t_x).ravel(), self._stages).log, x.shape
        )
        below = np.maximum(b + x - 1 + self.first, 1e-300)
        left = shape * (np.log(alpha + T) - np.log(alpha + t_x)) + np.log(a) - np.log(below)
        alive: Floats = expit(silent - left)
        return alive if self.first else np.where(x == 0, 1.0, alive)

    def _ahead(self, params: Floats, x: Floats, T: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Posterior shape and scale of the stage rate, survivals so far, and whether the moment is a first purchase."""
        r, alpha, _, b = params
        x, T = np.broadcast_arrays(x, T)
        new = T == 0
        return r + self._stages * x + np.where(new, 0.0, (self._stages - 1) / 2), alpha + T, b + x + self.first, new

    def alive_rate(self, params: Floats, x: Floats, T: Floats, ahead: Floats) -> Floats:
        """Expected purchases per unit of time, `ahead` of T, of a customer alive at T.

        With N stages ahead of T, N negative binomial, (1 - p) to the number of purchases they hold is summed over N.

        >>> model.alive_rate(params, x, T, np.full(2, 26.0)).round(3).tolist()
        [0.011, 0.08]
        """
        a, k = params[2], self._stages
        shape, at, left, new = (v.astype(float) for v in self._ahead(params, x, T))
        shape, at, left, new, ahead = np.broadcast_arrays(shape, at, left, new, np.asarray(ahead, dtype=float))
        y, of = ahead / at, shape.shape
        shape, at, left, new, y = (v.ravel() for v in (shape, at, left, new, y))
        mean = (shape + 1) * y
        still = np.empty(len(shape))
        many = mean > _SUMMED
        for part in np.array_split(np.argsort(mean, kind="stable")[: len(mean) - int(many.sum())], 16):
            still[part] = _survived(a, left[part], shape[part] + 1, y[part], new[part], k)
        if many.any():  # on a clock of whole purchases
            some = np.flatnonzero(many)
            one = np.array([1.0, 1.0, a, 1.0], dtype=object)
            one[0], one[1], one[3] = shape[some], k * at[some], left[some] - self.first
            rate = beta_geometric.alive_rate(
                one, np.zeros(len(some)), np.zeros(len(some)), y[some] * at[some], self.first
            )
            still[some] = rate / (shape[some] / at[some])
        rate_ahead: Floats = (shape / at * still).reshape(of)
        return rate_ahead

    def draw_alive(
        self, params: Floats, x: Floats, T: Floats, window: tuple[float, float], rng: np.random.Generator
    ) -> Floats:
        """Purchases in (T + window[0], T + window[1]] of customers alive at T, by draws of stages and p.

        >>> model.draw_alive(params, x, T, (0.0, 52.0), np.random.default_rng(0)).shape
        (2,)
        """
        shape, at, left, new = self._ahead(params, x, T)
        rate = rng.standard_gamma(shape) / at
        stage = np.where(new, 0, rng.integers(0, self._stages, np.shape(shape)))
        before = (stage + draw_counts(rate * window[0], rng)).astype(np.int64)
        after = before + draw_counts(rate * (window[1] - window[0]), rng).astype(np.int64)
        earlier = before // self._stages
        p = np.clip(rng.beta(params[2], left), 1e-12, 1.0)
        drawn: Floats = np.clip(rng.geometric(p) - earlier, 0, after // self._stages - earlier).astype(float)
        return drawn

    def alive_pmf(self, params: Floats, n: int, x: Floats, T: Floats, ahead: Floats) -> Floats:
        """Probability of exactly n purchases within `ahead` of a customer alive at T.

        >>> model.alive_pmf(params, 0, x, T, np.full(2, 26.0)).round(2).tolist()
        [0.73, 0.04]
        """
        a, k = params[2], self._stages
        shape, at, left, new = self._ahead(params, x, T)
        chance = at / (at + ahead)
        lasts = np.exp(betaln(a, left + n) - betaln(a, left))
        falls = np.exp(betaln(a + 1, left + n - 1) - betaln(a, left)) if n else 0.0
        pmf = np.zeros(np.broadcast_shapes(shape.shape, np.shape(ahead)))
        for stage in range(k):
            share = np.where(new, float(stage == 0), 1 / k)
            reached = nbinom.sf(n * k - stage - 1, shape, chance) if n else 1.0
            more = nbinom.sf((n + 1) * k - stage - 1, shape, chance)
            pmf += share * ((reached - more) * lasts + reached * falls)
        return pmf


@dataclass(frozen=True)
class BGCNBD(RegularPurchases):
    """BG/CNBD-k: drop-out after each repeat purchase; see `RegularPurchases`.

    >>> BGCNBD(k=2).title
    'BG/CNBD-k'
    """

    key = "bgcnbd"
    title = "BG/CNBD-k"
    first = 0


@dataclass(frozen=True)
class MBGCNBD(RegularPurchases):
    """MBG/CNBD-k: drop-out after any purchase, the first included; see `RegularPurchases`.

    >>> MBGCNBD(k=2).first
    1
    """

    key = "mbgcnbd"
    title = "MBG/CNBD-k"
    first = 1


def _with_gaps(fit: PurchaseFit, gained: float, table: pd.DataFrame) -> PurchaseFit:
    optimum = replace(fit.optimum, log_likelihood=fit.log_likelihood + gained)
    return replace(fit, optimum=optimum, summary=table)


def _of_gaps(k: int, counts: Counts, log_gaps: float) -> float:
    """What the times of purchases add to the log-likelihood: log-gaps to the power k - 1, over (k-1)! each."""
    return (k - 1) * log_gaps - counts.repeats * float(gammaln(k))


@dataclass(frozen=True, slots=True)
class _Silence:
    """Of having been silent since t_x and not left: 1 + sum over j < k of (shape)_j / j! ((T - t_x) / (alpha + T))^j.

    Attributes:
        log: The logarithm, shape (n,).
        by: Its first derivatives by shape and alpha.
        twice: Its second ones, by shape, by both, by alpha.
    """

    log: Floats
    by: tuple[Floats, Floats]
    twice: tuple[Floats, Floats, Floats]

    @classmethod
    def of(cls, shape: Floats, at: Floats, gap: Floats, k: int) -> _Silence:
        """Where alpha + T is `at` and T - t_x is `gap`."""
        share, term = gap / at, np.ones(len(shape))
        total, by_shape, by_alpha = (np.full(len(shape), first) for first in (1.0, 0.0, 0.0))
        curve, cross, bend = (np.zeros(len(shape)) for _ in range(3))
        grown, squared = (
            np.zeros(len(shape)),
            np.zeros(len(shape)),
        )  # sums over i < j of 1 / (shape + i) and of its square
        for j in range(1, k):
            inverse = 1 / (shape + (j - 1))
            term = term * share / (inverse * j)
            grown = grown + inverse
            squared = squared + inverse**2
            rising = term * grown
            total += term
            by_shape += rising
            by_alpha += j * term
            cross += j * rising
            bend += j * (j + 1) * term
            curve += rising * grown - term * squared
        by_shape /= total
        inverse = 1 / at
        by_alpha *= -inverse / total
        twice = (
            curve / total - by_shape**2,
            -cross * inverse / total - by_shape * by_alpha,
            bend * inverse**2 / total - by_alpha**2,
        )
        return cls(np.log(total), (by_shape, by_alpha), twice)


def log_likelihood(counts: Counts, first: int, k: int) -> LogLikelihood:
    """Of (r, alpha, a, b), with gradient and Hessian; equation 4 of Reutterer, Platzer & Schröder, gaps left out."""
    x = np.concatenate([np.zeros(len(counts.zero_end), dtype=counts.x.dtype), counts.x])
    at_last = np.concatenate([np.full(len(counts.zero_end), len(counts.times)), counts.at_last])
    at_end = np.concatenate([counts.zero_end, counts.at_end])
    weight = np.concatenate([counts.zero_weight, counts.weight])
    times = np.append(counts.times, 0.0)
    gap, xf = times[at_end] - times[at_last], x.astype(float)
    may_leave = (x > 0) | bool(first)
    values, h = np.flatnonzero(counts.by_x).astype(float), counts.by_x[counts.by_x > 0]
    shift = np.arange(len(counts.by_x)) - 1.0 + first

    def evaluate(params: Floats) -> tuple[float, Floats, Floats]:
        r, alpha, a, b = params
        at, shape = alpha + times, r + k * xf
        log_t, inv_t = np.log(at), 1 / at
        inv_b = 1 / np.where(b + shift > 0, b + shift, 1.0)
        log_odds = np.log(a) + np.log(inv_b)
        log_T, inv_T, inv_tx = log_t[at_end], inv_t[at_end], inv_t[at_last]
        silent = _Silence.of(shape, at[at_end], gap, k)
        stretch, shorter = log_T - log_t[at_last], inv_T - inv_tx
        slope = np.empty((4, len(x)))  # of the log-odds of having left
        slope[0] = stretch - silent.by[0]
        slope[1] = shape * shorter - silent.by[1]
        slope[2], slope[3] = 1 / a, -inv_b[x]
        odds = np.where(may_leave, shape * stretch + log_odds[x] - silent.log, -np.inf)
        left = expit(odds)
        wq, stay = weight * left, weight * (1 - left)
        value = float(weight @ (np.logaddexp(0.0, odds) + silent.log - shape * log_T))
        gradient = slope @ wq
        gradient[0] += silent.by[0] @ weight
        gradient[1] += silent.by[1] @ weight
        hessian = (slope * (wq * (1 - left))) @ slope.T
        cross = float(wq @ shorter + silent.twice[1] @ stay)
        hessian[0, 0] += silent.twice[0] @ stay
        hessian[0, 1] += cross
        hessian[1, 0] += cross
        hessian[1, 1] += (wq * shape) @ (inv_tx**2 - inv_T**2) + silent.twice[2] @ stay
        hessian[2, 2] -= wq.sum() / a**2
        hessian[3, 3] += wq @ slope[3] ** 2
        beta_geometric.add_survival(gradient, hessian, weight, shape, log_T, inv_T)
        value += beta_geometric.add_gammas(gradient, hessian, params, (values, h, counts.n), first, k)
        return value, gradient, hessian

    return evaluate


def _survived(a: float, left: Floats, shape: Floats, y: Floats, new: Floats, k: int) -> Floats:
    """Sum over N, negative binomial of that shape, of (1 - p)^⌊N/k⌋ and the chance that stage N + 1 ends a wait."""
    if not len(shape):
        return np.zeros(0)
    u = y / (1 + y)
    pmf, lasts, total = np.exp(-shape * np.log1p(y)), np.ones(len(shape)), np.zeros(len(shape))
    mean = float((shape * y).max())
    spread = float(np.sqrt(shape * y * (1 + y)).max())
    last = int(mean + 8 * spread + 40 / max(-np.log(float(u.max()) or 1e-9), 1e-3)) + k
    for n in range(last):
        total += pmf * lasts * np.where(new > 0, float(n % k == k - 1), 1 / k)
        pmf = pmf * (shape + n) / (n + 1) * u
        if n % k == k - 1:
            m = n // k
            lasts = lasts * (left + m) / (a + left + m)
    return total
