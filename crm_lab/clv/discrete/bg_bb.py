"""BG/BB: customers who buy or not at set opportunities, and silently stop (Fader, Hardie & Shang 2010)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from narwhals.typing import IntoFrame
from numpy.typing import ArrayLike
from scipy.special import betaln

from crm_lab.arrays import Floats
from crm_lab.checks import Problems, check_settings, need_columns, negative
from crm_lab.clv.discrete.beta_terms import beta_likelihood, edge_of
from crm_lab.clv.fitting.newton import Optimum, maximise
from crm_lab.clv.models.parameter_fit import ParameterFit
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Readout


@dataclass(frozen=True)
class BGBB:
    """BG/BB: buys at an opportunity with P ~ Beta(alpha, beta); stops before one with Θ ~ Beta(gamma, delta).

    For events once a year, subscriptions that may be skipped, donations to an appeal: where purchases can happen only
    at set moments, and several within one are one.

    >>> import pandas as pd
    >>> base = pd.DataFrame({"frequency": [0, 1, 3], "recency": [0, 1, 4], "periods": [6, 6, 6], "weights": [40, 9, 3]})
    >>> BGBB().fit(base).names
    ('alpha', 'beta', 'gamma', 'delta')

    Args:
        ridge: Penalty per customer on the squared distance of the log-parameters from their start.

    Source:
        Fader, Hardie & Shang (2010), Customer-base analysis in a discrete-time noncontractual setting, Marketing
        Science 29.
    """

    ridge: float = 0.0

    def __post_init__(self) -> None:
        check_settings(self, negative(self, "ridge"))

    def fit(self, summary: IntoFrame) -> BGBBFit:
        """Fit by maximum likelihood.

        Args:
            summary: Per customer, or per kind of customer with ``weights``: ``frequency`` (opportunities taken after
                the first), ``recency`` (the last one taken, 0 if none), ``periods`` (opportunities so far).

        Returns:
            The fitted model.

        Raises:
            BadInput: If columns are missing or rows are impossible; if nobody took an opportunity.
        """
        table = as_pandas(summary, "The summary of opportunities")
        need_columns(table.columns, ("frequency", "recency", "periods"), "The summary of opportunities")
        x, t_x, n = (table[c].to_numpy(dtype=float) for c in ("frequency", "recency", "periods"))
        w = table["weights"].to_numpy(dtype=float) if "weights" in table else np.ones(len(x))
        _check(x, t_x, n)
        if not (w @ x):
            raise cannot_answer("nobody_took_second", n=w.sum())
        rows, back = np.unique(np.column_stack([x, t_x, n]), axis=0, return_inverse=True)
        weight = np.bincount(back.ravel(), weights=w).astype(float)
        x, t_x, n = rows.T
        gone = (n - t_x).astype(np.intp)  # opportunities before one of which the customer may have left
        owner = np.repeat(np.arange(len(x), dtype=np.intp), gone + 1)
        step = np.concatenate([np.arange(size + 1) for size in gone])
        alive = step == np.repeat(gone, gone + 1)
        until = t_x[owner] + step
        left = np.where(alive, 0.0, 1.0)
        buys, stops = (x[owner], until - x[owner]), (left, until)
        likelihood = beta_likelihood(owner, weight.astype(float), [buys, stops])
        optimum = maximise(likelihood, np.array([1.0, 1.0, 0.5, 3.0]), float(weight.sum()), self.ridge)
        return BGBBFit(optimum, int(weight.sum()), edge_of(optimum, "BG/BB", BGBBFit.names))


@dataclass(frozen=True, eq=False)
class BGBBFit(ParameterFit):
    """A fitted BG/BB model.

    >>> import pandas as pd
    >>> base = pd.DataFrame({"frequency": [0, 1, 3], "recency": [0, 1, 4], "periods": 6, "weights": [40, 9, 3]})
    >>> fit = BGBB().fit(base)

    Attributes:
        optimum: Estimates of (alpha, beta, gamma, delta), log-likelihood, covariance of the log-parameters.
        n: Customers.
        edge: Why the data do not identify it, or ``None``.
    """

    optimum: Optimum
    n: int
    edge: Message | None = None

    name: ClassVar[str] = "opportunity_model"
    names = ("alpha", "beta", "gamma", "delta")
    titles = ("bgbb", "BG/BB")
    farthest = 5.0

    def _log_likelihoods(self, x: Floats, t_x: Floats, n: Floats) -> tuple[Floats, Floats]:
        """Of each customer's history, and of it together with being alive after the last opportunity."""
        alpha, beta, gamma, delta = self.estimates

        def term(left: float, until: Floats) -> Floats:
            buys = betaln(alpha + x, beta + until - x) - betaln(alpha, beta)
            return np.asarray(buys + betaln(gamma + left, delta + until) - betaln(gamma, delta))

        alive = term(0.0, n)
        total = alive.copy()
        for step in range(int(np.max(n - t_x, initial=0))):
            possible = t_x + step < n
            total = np.where(possible, np.logaddexp(total, term(1.0, t_x + step)), total)
        return total, alive

    def p_alive(self, frequency: ArrayLike, recency: ArrayLike, periods: ArrayLike) -> Floats:
        """Probability of still being a customer at the next opportunity.

        >>> bool(fit.p_alive(3, 4, 6) > fit.p_alive(1, 1, 6))
        True

        Args:
            frequency: Opportunities taken.
            recency: The last one taken.
            periods: Opportunities so far.

        Returns:
            Probabilities, in the broadcast shape.
        """
        x, t_x, n = _broadcast(frequency, recency, periods)
        total, alive = self._log_likelihoods(x, t_x, n)
        _, _, gamma, delta = self.estimates
        chance: Floats = np.exp(alive - total) * (delta + n) / (gamma + delta + n)
        return chance

    def conditional_purchases(self, ahead: int, frequency: ArrayLike, recency: ArrayLike, periods: ArrayLike) -> Floats:
        """Expected opportunities taken among the next `ahead`.

        >>> bool(0 < fit.conditional_purchases(5, 3, 4, 6) < 5)
        True

        Args:
            ahead: Number of opportunities.
            frequency: Opportunities taken so far.
            recency: The last one taken.
            periods: Opportunities so far.

        Returns:
            Expected purchases, in the broadcast shape.

        Source:
            Fader, Hardie & Shang (2010), equation 13, as the sum it closes.
        """
        x, t_x, n = _broadcast(frequency, recency, periods)
        alpha, beta, gamma, delta = self.estimates
        total, alive = self._log_likelihoods(x, t_x, n)
        still = np.zeros(n.shape)
        for j in range(1, ahead + 1):
            still += np.exp(betaln(gamma, delta + n + j) - betaln(gamma, delta + n))
        expected: Floats = np.exp(alive - total) * (alpha + x) / (alpha + beta + n) * still
        return expected

    def readout(self) -> Readout:
        """How often a new customer takes an opportunity, how precise that is, what it is for.

        >>> print(fit.readout().finding)
        BG/BB fitted to 52 customers: ...
        """
        alpha, beta, gamma, delta = self.estimates
        values = {
            "n": self.n, "takes": alpha / (alpha + beta), "stops": gamma / (gamma + delta), "ll": self.log_likelihood,
        }  # fmt: skip
        return Readout.of("clv.opportunities", values, certainty=self.edge or "certainty")


def _broadcast(*values: ArrayLike) -> tuple[Floats, Floats, Floats]:
    x, t_x, n = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in values))
    _check(np.atleast_1d(x), np.atleast_1d(t_x), np.atleast_1d(n))
    return x, t_x, n


def _check(x: Floats, t_x: Floats, n: Floats) -> None:
    problems = Problems("The summary of opportunities")
    whole = np.isfinite(x + t_x + n) & (x == np.floor(x)) & (t_x == np.floor(t_x)) & (n == np.floor(n))
    problems.unless(whole.all(), f"{(~whole).sum():,} rows hold numbers that are not whole; count opportunities.")
    wrong = (x < 0) | (x > t_x) | (t_x > n) | ((x == 0) != (t_x == 0))
    problems.unless(
        not wrong.any(),
        f"{wrong.sum():,} rows break 0 <= frequency <= recency <= periods, or have recency without a purchase.",
    )
    problems.raise_any()
