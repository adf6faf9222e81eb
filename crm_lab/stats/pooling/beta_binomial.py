"""Shares of many that differ: a beta distribution of true shares, learned from counts by marginal likelihood."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from scipy.special import betaln, digamma, polygamma

from crm_lab.arrays import Floats

_MOST = 1e6  # of a + b: above it no share differs from another
_STEPS = 200
_NEAR = 1e-9


@dataclass(frozen=True, slots=True)
class BetaBinomial:
    """A fitted distribution of true shares.

    >>> fit = fit_beta_binomial([0, 1, 5, 9, 10, 3], [10] * 6)
    >>> round(fit.a, 2), round(fit.b, 2)
    (0.47, 0.5)

    Attributes:
        a: First parameter of the beta distribution.
        b: Second parameter.
        se_a: Standard error of `a`.
        se_b: Standard error of `b`.
        log_likelihood: At the maximum, without the binomial coefficients.
        pvalue: Of equal true shares (likelihood ratio; half the weight at 0, for it is an edge).
        converged: Whether a maximum was found inside.
    """

    a: float
    b: float
    se_a: float
    se_b: float
    log_likelihood: float
    pvalue: float
    converged: bool
    _information: Floats = field(repr=False)

    @property
    def mean(self) -> float:
        """Mean of the true shares.

        >>> round(fit.mean, 2)
        0.48
        """
        return self.a / (self.a + self.b)

    def quantile(self, chance: ArrayLike) -> Floats:
        """Quantiles of the true shares.

        >>> fit.quantile([0.5]).round(2).tolist()
        [0.47]

        Returns:
            Of the shape of the chances.
        """
        return np.asarray(stats.beta.ppf(np.asarray(chance, dtype=float), self.a, self.b), dtype=float)

    def above(self, share: float) -> float:
        """Share of those whose true share lies above a value.

        >>> round(fit.above(0.5), 2)
        0.48

        Returns:
            A share from 0 to 1.
        """
        return float(stats.beta.sf(share, self.a, self.b))

    def distance(self, k: Floats, n: Floats, rng: np.random.Generator, least: int = 5) -> tuple[float, float]:
        """How far the observed shares are from those that the distribution gives with the same numbers of trials.

        >>> rng = np.random.default_rng(1)
        >>> n = np.full(2_000, 60.0)
        >>> two = np.where(rng.random(2_000) < 0.5, 0.2, 0.8)
        >>> far, usual = fit_beta_binomial(rng.binomial(60, two), n).distance(rng.binomial(60, two), n, rng)
        >>> far > 0.1 > usual
        True

        Args:
            k: Successes, shape (m,).
            n: Trials, same shape.
            rng: Generator of the shares to compare with.
            least: Fewest trials of those compared.

        Returns:
            The Kolmogorov-Smirnov distance, and the one that chance exceeds once in a thousand; 0 and 1 where nobody
            has enough trials.
        """
        use = n >= least
        if not use.any():
            return 0.0, 1.0
        trials = np.round(n[use]).astype(np.int64)
        drawn = rng.binomial(trials, rng.beta(self.a, self.b, (10, len(trials)))) / trials
        found = stats.ks_2samp(k[use] / n[use], drawn.ravel()).statistic
        return float(found), 1.95 / math.sqrt(len(trials))

    def posterior(self, k: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
        """Parameters of the beta distribution of each one's true share, given its counts.

        >>> [float(round(p[0], 2)) for p in fit.posterior([1], [10])]
        [1.47, 9.5]

        Returns:
            Two arrays of the shape of the counts.
        """
        k, n = np.asarray(k, dtype=float), np.asarray(n, dtype=float)
        return self.a + k, self.b + n - k

    def resampled(
        self, k: ArrayLike, n: ArrayLike, draws: int, rng: np.random.Generator
    ) -> Iterator[tuple[float, float]]:
        """Parameters from bootstrap samples of those who were counted, each by one Newton step from the maximum.

        >>> len(list(fit.resampled([0, 1, 5, 9, 10, 3], [10] * 6, 20, np.random.default_rng(1))))
        20

        Args:
            k: Counts the distribution was fitted to, shape (m,).
            n: Of how many, shape (m,).
            draws: Number of samples.
            rng: Generator.

        Yields:
            ``a`` and ``b``.

        Source:
            Davidson & MacKinnon (1999), Bootstrap testing in nonlinear models, for few-step estimates.
        """
        at = np.log([self.a, self.b])
        pairs, which = _compressed(k, n)
        terms = np.column_stack(_derivatives(at, pairs[:, 0], pairs[:, 1]))
        m = len(which)
        for _ in range(draws):
            times = np.bincount(which[rng.integers(0, m, m)], minlength=len(pairs)).astype(float)
            s = times @ terms
            hessian = np.array([[s[2], s[3]], [s[3], s[4]]])
            step = np.clip(_solved(hessian, s[:2]), -2, 2)
            a, b = np.exp(at + step)
            yield float(a), float(b)


def fit_beta_binomial(k: ArrayLike, n: ArrayLike) -> BetaBinomial:
    """Fit the distribution of true shares to counts; those without a trial are left out.

    Counts may be fractions (effective numbers); equal pairs are counted once, so a million customers are a few
    thousand terms. Where shares differ no more than chance, `pvalue` is near 1 and ``a + b`` runs to its limit.

    >>> rng = np.random.default_rng(1)
    >>> n = rng.poisson(30, 5_000)
    >>> fit = fit_beta_binomial(rng.binomial(n, rng.beta(2, 3, 5_000)), n)
    >>> round(fit.a, 1), round(fit.b, 1), fit.pvalue < 0.001
    (2.0, 3.0, True)

    Args:
        k: How many have it, shape (m,).
        n: Of how many, shape (m,).

    Returns:
        The fit; parameters are nan where all or none of the trials have it, or there is no trial.

    Source:
        Skellam (1948), A probability distribution derived from the binomial distribution by regarding the probability
        of success as variable; Self & Liang (1987) for the test at the edge.
    """
    k, n = np.asarray(k, dtype=float), np.asarray(n, dtype=float)
    pairs, which = _compressed(k[n > 0], n[n > 0])
    times = np.bincount(which, minlength=len(pairs)).astype(float)
    yes, trials = pairs[:, 0], pairs[:, 1]
    total, of = float(times @ yes), float(times @ trials)
    if of <= 0 or total <= 0 or total >= of:
        return BetaBinomial(
            math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, False, np.full((2, 2), math.nan)
        )
    share = total / of
    binomial = total * math.log(share) + (of - total) * math.log1p(-share)
    at, value, hessian, inside = _climbed(np.log(_start(yes, trials, times, share)), yes, trials, times)
    covariance = _inverse(-hessian)
    a, b = np.exp(at)
    se = np.sqrt(np.clip(np.diag(covariance), 0, None)) * [a, b]
    ratio = max(2 * (value - binomial), 0.0)
    pvalue = 1.0 if not inside else float(stats.chi2.sf(ratio, 1) / 2) if ratio > 0 else 1.0
    return BetaBinomial(float(a), float(b), float(se[0]), float(se[1]), value, pvalue, inside, -hessian)


def _compressed(k: ArrayLike, n: ArrayLike) -> tuple[Floats, np.ndarray]:
    """Different pairs of counts, shape (p, 2), and which of them each one has, shape (m,)."""
    both = np.asarray(k, dtype=float) + 1j * np.asarray(n, dtype=float)
    different, which = np.unique(both, return_inverse=True)
    return np.column_stack([different.real, different.imag]), which


def _start(yes: Floats, trials: Floats, times: Floats, share: float) -> Floats:
    """Parameters by moments: what shares scatter more than chance."""
    left = float(times @ (yes - trials * share) ** 2)
    one = share * (1 - share)
    pairs = float(times @ (trials * (trials - 1)))
    between = (left / one - float(times @ trials)) / pairs if pairs > 0 else 0.0
    size = 1 / min(max(between, 1e-3), 0.9) - 1
    return np.array([share * size, (1 - share) * size])


def _log_likelihood(at: Floats, yes: Floats, trials: Floats, times: Floats) -> float:
    a, b = np.exp(at)
    return float(times @ (betaln(a + yes, b + trials - yes) - betaln(a, b)))


def _derivatives(at: Floats, yes: Floats, trials: Floats) -> tuple[Floats, ...]:
    """First and second derivatives by log a and log b, one a pair: d_a, d_b, d_aa, d_ab, d_bb."""
    a, b = np.exp(at)
    both = digamma(a + b) - digamma(a + b + trials)
    da, db = digamma(a + yes) - digamma(a) + both, digamma(b + trials - yes) - digamma(b) + both
    cross = polygamma(1, a + b) - polygamma(1, a + b + trials)
    daa = polygamma(1, a + yes) - polygamma(1, a) + cross
    dbb = polygamma(1, b + trials - yes) - polygamma(1, b) + cross
    return a * da, b * db, a * da + a * a * daa, a * b * cross, b * db + b * b * dbb


def _climbed(at: Floats, yes: Floats, trials: Floats, times: Floats) -> tuple[Floats, float, Floats, bool]:
    """Newton's steps, damped until the likelihood rises: parameters, value, Hessian, whether the maximum is inside."""
    value, damp = _log_likelihood(at, yes, trials, times), 0.0
    hessian = np.eye(2)
    for _ in range(_STEPS):
        s = np.array([times @ part for part in _derivatives(at, yes, trials)])
        hessian = np.array([[s[2], s[3]], [s[3], s[4]]])
        while True:
            step = np.clip(_solved(hessian - damp * np.eye(2), s[:2]), -1, 1)
            new = _log_likelihood(at + step, yes, trials, times)
            if new >= value - _NEAR or damp > 1e12:
                break
            damp = max(damp * 10, 1e-3 * float(np.abs(hessian).max()))
        at, gain, value, damp = at + step, new - value, new, damp / 10 if damp > 1e-9 else 0.0
        if np.exp(at).sum() > _MOST:
            return at, value, hessian, False
        if float(np.abs(step).max()) < 1e-8 or (abs(gain) < _NEAR and float(np.abs(s[:2]).max()) < 1e-6 * times.sum()):
            return at, value, hessian, True
    return at, value, hessian, False


def _solved(hessian: Floats, slope: Floats) -> Floats:
    """The step to the top: along the slope where the likelihood does not bend down."""
    (p, q), (_, r) = hessian
    if p < 0 and p * r - q * q > 0:
        return np.asarray(np.linalg.solve(-hessian, slope), dtype=float)
    size = float(np.abs(hessian).max()) or 1.0
    return np.asarray(slope / size, dtype=float)


def _inverse(information: Floats) -> Floats:
    usable = np.isfinite(information).all() and np.linalg.det(information) > 0
    return np.asarray(np.linalg.inv(information) if usable else np.full((2, 2), math.nan), dtype=float)
