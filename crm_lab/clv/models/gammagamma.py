"""Gamma-Gamma: what a customer spends per purchase (Fader & Hardie 2013; Colombo & Jiang 1999)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from narwhals.typing import IntoFrame
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln

from crm_lab.arrays import Floats
from crm_lab.checks import Problems, check_settings, need_columns, negative
from crm_lab.clv.fitting.newton import LogLikelihood, Optimum, maximise, trigamma
from crm_lab.clv.models.parameter_fit import ParameterFit
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout

_CORRELATED = 0.15  # beyond it spend is said to depend on frequency


@dataclass(frozen=True)
class GammaGamma:
    """Gamma-Gamma model of spend per purchase: Gamma(p, ν) with ν ~ Gamma(q, γ), independent of frequency.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.data.kernels.purchases import purchase_summary
    >>> summary = purchase_summary(open_workspace("cdnow_sample").at("1997-09-30")["orders"], "1997-09-30")
    >>> spend = GammaGamma().fit(summary)
    >>> round(spend.mean_spend, 2)
    35.17

    Args:
        ridge: Penalty per customer on the squared distance of the log-parameters from their start.

    Source:
        Colombo & Jiang (1999), A stochastic RFM model; Fader & Hardie (2013), The Gamma-Gamma model of monetary value.
    """

    ridge: float = 0.0

    def __post_init__(self) -> None:
        check_settings(self, negative(self, "ridge"))

    def fit(self, summary: IntoFrame) -> GammaGammaFit:
        """Fit to the repeat buyers with positive mean spend; the others are counted and left out.

        >>> GammaGamma().fit(summary).n
        946

        Args:
            summary: ``frequency`` and ``monetary_value`` (mean spend per repeat purchase).

        Returns:
            The fitted model of spend per purchase.

        Raises:
            BadInput: If columns are missing, money is negative, or fewer than ten repeat buyers are left.
        """
        x, mean, left_out = repeat_spend(summary)
        return self.fit_arrays(x, mean, left_out=left_out)

    def fit_arrays(
        self, x: Floats, mean: Floats, *, weight: Floats | None = None, start: Floats | None = None, left_out: int = 0
    ) -> GammaGammaFit:
        """Fit to arrays of repeat purchases and mean spend per purchase, both positive, shape (n,).

        >>> buyers = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
        >>> fit = GammaGamma().fit_arrays(buyers["frequency"].to_numpy(float), buyers["monetary_value"].to_numpy(float))
        >>> fit.names
        ('p', 'q', 'gamma')

        Args:
            x: Repeat purchases.
            mean: Mean spend per repeat purchase, in currency.
            weight: Multiplicity of each customer; 1 if not given.
            start: Starting values of (p, q, γ).
            left_out: Customers left out before, for the record.

        Returns:
            The fitted model of spend per purchase.
        """
        n = float(len(x) if weight is None else weight.sum())
        centre = float(np.mean(mean))
        begin = np.array([4.0, 3.5, 0.625 * centre]) if start is None else start
        optimum = maximise(spend_likelihood(x, mean, weight), begin, n, self.ridge)
        return GammaGammaFit(optimum, int(n), left_out, float(_correlation(x, mean)))


def repeat_spend(summary: IntoFrame) -> tuple[Floats, Floats, int]:
    """Repeat purchases and mean spend of the repeat buyers with positive spend, and how many had none.

    >>> import pandas as pd
    >>> summary = pd.DataFrame({"frequency": [2] * 12 + [1, 0], "monetary_value": [20.0] * 12 + [0.0, 0.0]})
    >>> repeat_spend(summary)[2]
    1

    Args:
        summary: ``frequency`` and ``monetary_value`` (mean spend per repeat purchase).

    Raises:
        BadInput: If columns are missing, money is negative, or fewer than ten repeat buyers are left.
    """
    table = as_pandas(summary, "The purchase summary")
    need_columns(table.columns, ("frequency", "monetary_value"), "The summary (made by purchase_summary)")
    x = table["frequency"].to_numpy(dtype=float)
    mean = table["monetary_value"].to_numpy(dtype=float)
    problems = Problems("The purchase summary")
    bad = ~np.isfinite(mean)
    problems.unless(not bad.any(), f"{bad.sum():,} rows have a missing monetary_value; drop them.")
    low = mean < 0
    problems.unless(not low.any(), f"{low.sum():,} rows have monetary_value < 0; leave returns out.")
    problems.raise_any()
    keep = (x > 0) & (mean > 0)
    if keep.sum() < 10:
        raise cannot_answer("too_few_repeat_spenders", n=int(keep.sum()))
    return x[keep], mean[keep], int(((x > 0) & (mean == 0)).sum())


def spend_likelihood(x: Floats, mean: Floats, weight: Floats | None = None) -> LogLikelihood:
    """Of (p, q, γ), equation 1a of Fader & Hardie (2013), with gradient and Hessian."""
    weighted = np.ones(0) if weight is None else weight
    by_x = np.bincount(x.astype(np.int64), weights=weight)
    k, h = np.flatnonzero(by_x).astype(float), by_x[by_x > 0]
    n, log_mean, spend = float(h.sum()), np.log(mean), x * mean
    wx = x if weight is None else x * weighted
    x_log = float(wx @ log_mean + (h * k) @ np.log(k))
    log_total = float(log_mean.sum() if weight is None else weighted @ log_mean)

    def evaluate(params: Floats) -> tuple[float, Floats, Floats]:
        p, q, gamma = params
        log_s = np.log(spend + gamma)
        inv = 1 / (spend + gamma)
        inv2 = inv * inv
        if weight is None:
            sums = float(log_s.sum()), float(inv.sum()), float(inv2.sum())
        else:
            sums = float(weighted @ log_s), float(weighted @ inv), float(weighted @ inv2)
        x_sums = float(wx @ log_s), float(wx @ inv), float(wx @ inv2)
        pk, shape = p * k, p * k + q
        value = (
            float(h @ (gammaln(shape) - gammaln(pk)))
            + n * (q * np.log(gamma) - gammaln(q))
            + p * x_log
            - log_total
            - p * x_sums[0]
            - q * sums[0]
        )
        d1, d2 = digamma(shape), trigamma(shape)
        gradient = np.array(
            [
                (h * k) @ (d1 - digamma(pk)) + x_log - x_sums[0],
                h @ d1 + n * (np.log(gamma) - digamma(q)) - sums[0],
                n * q / gamma - p * x_sums[1] - q * sums[1],
            ]
        )
        pp = (h * k * k) @ (d2 - trigamma(pk))
        pq, pg, qg = (h * k) @ d2, -x_sums[1], n / gamma - sums[1]
        qq = h @ d2 - n * trigamma(q)
        gg = -n * q / gamma**2 + p * x_sums[2] + q * sums[2]
        return value, gradient, np.array([[pp, pq, pg], [pq, qq, qg], [pg, qg, gg]])

    return evaluate


def _correlation(x: Floats, mean: Floats) -> float:
    return float(np.corrcoef(x, mean)[0, 1]) if len(x) > 1 and np.ptp(x) > 0 and np.ptp(mean) > 0 else 0.0


@dataclass(frozen=True, eq=False)
class GammaGammaFit(ParameterFit):
    """A fitted spend model.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.data.kernels.purchases import purchase_summary
    >>> summary = purchase_summary(open_workspace("cdnow_sample").at("1997-09-30")["orders"], "1997-09-30")
    >>> spend = GammaGamma().fit(summary)

    Attributes:
        optimum: Estimates of (p, q, γ), log-likelihood, covariance of the log-parameters.
        n: Repeat buyers with positive spend.
        left_out: Repeat buyers whose repeat purchases sum to zero.
        correlation: Of frequency and mean spend among the repeat buyers; the model assumes independence.
    """

    optimum: Optimum
    n: int
    left_out: int
    correlation: float

    name = "spend_model"
    names = ("p", "q", "gamma")
    titles = ("gammagamma", "Gamma-Gamma")

    @property
    def mean_spend(self) -> float:
        """Expected spend per purchase of a new customer, p γ / (q - 1), in currency; inf for q ≤ 1.

        >>> round(spend.mean_spend, 2)
        35.17
        """
        p, q, gamma = self.estimates
        return float(p * gamma / (q - 1)) if q > 1 else float("inf")

    def expected_spend(self, frequency: ArrayLike, monetary_value: ArrayLike) -> Floats:
        """Expected spend per future purchase of customers seen: p (γ + x m) / (p x + q - 1), in currency.

        >>> spend.expected_spend([1, 10], [80.0, 80.0]).round(2).tolist()
        [66.32, 78.11]

        Args:
            frequency: Repeat purchases x.
            monetary_value: Mean spend m per repeat purchase.

        Returns:
            Amounts in currency, in the broadcast shape.
        """
        p, q, gamma = self.estimates
        x, mean = np.asarray(frequency, dtype=float), np.asarray(monetary_value, dtype=float)
        x = np.where(mean > 0, x, 0.0)
        below = p * x + q - 1
        with np.errstate(divide="ignore"):
            return np.where(below > 0, p * (gamma + x * mean) / np.where(below > 0, below, 1.0), np.inf)

    def draw_spend(
        self, purchases: Floats, frequency: Floats, monetary_value: Floats, rng: np.random.Generator
    ) -> Floats:
        """Simulated total spend of future purchases, one draw per customer.

        >>> spend.draw_spend(
        ...     np.array([0.0, 3.0]), np.array([1.0, 5.0]), np.array([30.0, 40.0]), np.random.default_rng(0)
        ... ).shape
        (2,)

        Args:
            purchases: Number of future purchases, shape (n,).
            frequency: Repeat purchases so far, shape (n,).
            monetary_value: Mean spend per repeat purchase so far, shape (n,).
            rng: Generator.

        Returns:
            Amounts in currency, shape (n,).
        """
        p, q, gamma = self.estimates
        x = np.where(monetary_value > 0, frequency, 0.0)
        total = np.zeros(len(purchases))
        some = purchases > 0
        rate = rng.standard_gamma(p * x[some] + q) / (gamma + x[some] * monetary_value[some])
        total[some] = rng.standard_gamma(p * purchases[some]) / np.maximum(rate, 1e-300)
        return total

    def refusal(self) -> Message | None:
        """A sentence if expected spend does not exist, else ``None``.

        >>> spend.refusal() is None
        True
        """
        if not self.optimum.converged:
            return Message("clv.not_identified", {"model": "Gamma-Gamma", "parameters": "p, q, γ"})
        if self.estimates[1] <= 1:
            return Message("clv.spend.infinite", {"q": float(self.estimates[1])})
        return None

    def readout(self) -> Readout:
        """Mean spend, the data behind it, and what its key assumption requires.

        >>> print(spend.readout().finding)
        946 repeat buyers are expected to spend 35.17 per purchase on average.
        """
        values = {"n": self.n, "mean": self.mean_spend, "correlation": self.correlation}
        action = "action_dependent" if abs(self.correlation) > _CORRELATED else "action"
        return Readout.of("clv.spend", values, certainty=self.refusal() or "certainty", action=action)

    def facts(self) -> tuple[Fact, ...]:
        """Parameters, log-likelihood, correlation.

        >>> {fact.id: fact.unit for fact in spend.facts()[:2]}
        {'clv.gammagamma.p': '', 'clv.gammagamma.q': ''}
        """
        correlation = Fact("clv.gammagamma.correlation", "clv.spend.correlation", self.correlation, n=self.n)
        return (*super().facts(), correlation)
