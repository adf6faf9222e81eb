"""Likelihoods that are sums of products of beta functions, with derivatives: what the discrete models share."""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, digamma

from crm_lab.arrays import Floats, Positions
from crm_lab.clv.fitting.newton import LogLikelihood, Optimum, trigamma
from crm_lab.messages import Message

_VAGUE = 2.0  # standard error of a log-parameter


def beta_likelihood(owner: Positions, weight: Floats, factors: list[tuple[Floats, Floats]]) -> LogLikelihood:
    """Log-likelihood of customers whose likelihoods are sums of terms, each a product of beta ratios.

    Term i is the product over factors f of B(p_f + up_f[i], q_f + over_f[i]) / B(p_f, q_f), with parameters
    (p_1, q_1, p_2, q_2, ...).

    >>> lost = beta_likelihood(np.array([0]), np.array([1.0]), [(np.array([1.0]), np.array([0.0]))])
    >>> round(lost(np.array([1.0, 3.0]))[0], 4) == round(float(np.log(0.25)), 4)
    True

    Args:
        owner: Customer of each term, ascending, shape (terms,).
        weight: Multiplicity of each customer, shape (customers,).
        factors: For each pair of parameters what is added to the first and to the second, shape (terms,) each.

    Returns:
        A function of the parameters that gives value, gradient and Hessian.
    """
    size = len(weight)

    def sums(values: Floats) -> Floats:
        total: Floats = np.bincount(owner, weights=values, minlength=size).astype(np.float64)
        return total

    def evaluate(params: Floats) -> tuple[float, Floats, Floats]:
        log_term = np.zeros(len(owner))
        slope = np.zeros((len(params), len(owner)))
        curve = np.zeros((len(params), len(params), len(owner)))
        for f, (up, over) in enumerate(factors):
            p, q = params[2 * f : 2 * f + 2]
            log_term += betaln(p + up, q + over) - betaln(p, q)
            both = digamma(p + q) - digamma(p + q + up + over)
            both2 = trigamma(p + q) - trigamma(p + q + up + over)
            for i, (base, more) in enumerate(((p, up), (q, over))):
                slope[2 * f + i] = digamma(base + more) - digamma(base) + both
                curve[2 * f + i, 2 * f + i] = trigamma(base + more) - trigamma(base)
            curve[2 * f : 2 * f + 2, 2 * f : 2 * f + 2] += both2
        top = np.full(size, -np.inf)
        np.maximum.at(top, owner, log_term)
        share = np.exp(log_term - top[owner])
        total = sums(share)
        share = share / total[owner]
        mean = np.array([sums(share * row) for row in slope])
        inner = np.einsum("ijt,t->ij", curve + slope[:, None] * slope[None, :], share * weight[owner])
        return float(weight @ (top + np.log(total))), mean @ weight, inner - (mean * weight) @ mean.T

    return evaluate


def edge_of(optimum: Optimum, model: str, parameters: tuple[str, ...]) -> Message | None:
    """Why the data do not identify a discrete model, or ``None``.

    Args:
        optimum: Where the fit ended.
        model: Title of the model.
        parameters: Their names.
    """
    with np.errstate(invalid="ignore"):
        vague = np.array(optimum.at_boundary) | ~(np.sqrt(np.diag(optimum.log_covariance)) < _VAGUE)
    if optimum.converged and not vague.any():
        return None
    names = ", ".join(name for name, bad in zip(parameters, vague, strict=True) if bad or not vague.any())
    return Message("clv.not_identified", {"model": model, "parameters": names})
