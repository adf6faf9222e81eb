"""The log-likelihood of customers who never leave: that of the NBD model, the baseline of models with drop-out."""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, gammaln

from crm_lab.arrays import Floats
from crm_lab.clv.fitting.counts import Counts
from crm_lab.clv.fitting.newton import LogLikelihood, maximise, trigamma


def nbd_log_likelihood(counts: Counts) -> LogLikelihood:
    """Of the purchase times: Γ(r+x)/Γ(r) · alpha^r / (alpha+T)^(r+x), with derivatives (Ehrenberg 1959).

    It is the limit of the other models for a drop-out probability of 0: their log-likelihoods compare with it.
    """
    x = np.concatenate([np.zeros(len(counts.zero_end)), counts.x])
    T = counts.times[np.concatenate([counts.zero_end, counts.at_end])]
    w = np.concatenate([counts.zero_weight, counts.weight])
    wx, n = w * x, counts.n
    k, h = np.flatnonzero(counts.by_x).astype(float), counts.by_x[counts.by_x > 0]

    def evaluate(params: Floats) -> tuple[float, Floats, Floats]:
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


def nbd_start(counts: Counts) -> Floats:
    """Shape 1, alpha the mean time under observation."""
    return np.array([1.0, counts.mean_age])


def without_dropout(counts: Counts) -> float:
    """Log-likelihood of a base if nobody ever left, at its best parameters."""
    return maximise(nbd_log_likelihood(counts), nbd_start(counts), counts.n).log_likelihood
