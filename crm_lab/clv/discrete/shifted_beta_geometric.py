"""Shifted beta-geometric: who renews a contract, and for how long (Fader & Hardie 2007)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln

from crm_lab.arrays import Floats
from crm_lab.checks import Problems, check_settings, negative
from crm_lab.clv.discrete.beta_terms import beta_likelihood, edge_of
from crm_lab.clv.fitting.newton import Optimum, maximise
from crm_lab.clv.models.parameter_fit import ParameterFit
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Readout


@dataclass(frozen=True)
class ShiftedBetaGeometric:
    """Each renewal is refused with a customer's own chance θ ~ Beta(alpha, beta): loyal ones are left over.

    >>> fit = ShiftedBetaGeometric().fit([1, 2, 3, 4], [369.0, 163.0, 86.0, 56.0], [0.0, 0.0, 0.0, 326.0])
    >>> fit.survival([1, 5]).round(3).tolist()
    [0.629, 0.284]

    Args:
        ridge: Penalty per customer on the squared distance of the log-parameters from their start.

    Source:
        Fader & Hardie (2007), How to project customer retention, Journal of Interactive Marketing 21.
    """

    ridge: float = 0.0

    def __post_init__(self) -> None:
        check_settings(self, negative(self, "ridge"))

    def fit(self, period: ArrayLike, lost: ArrayLike, kept: ArrayLike) -> ShiftedBetaGeometricFit:
        """Fit by maximum likelihood.

        Args:
            period: Renewals, 1, 2, ..., shape (n,); a row a renewal, or a row a contract.
            lost: Contracts that ended at that renewal, shape (n,).
            kept: Contracts still running that have had that many renewals, shape (n,); 0 renewals tell nothing.

        Returns:
            The fitted model.

        Raises:
            BadInput: If numbers are impossible; if no contract has come to a renewal, or none has ended at one.
        """
        t, gone, stay = (np.atleast_1d(np.asarray(v, dtype=float)) for v in (period, lost, kept))
        problems = Problems("The renewals")
        problems.unless(len(t) == len(gone) == len(stay), "period, lost and kept differ in length.")
        problems.raise_any()
        bad = ~np.isfinite(t + gone + stay) | (t < 0) | (t != np.floor(t)) | (gone < 0) | (stay < 0)
        bad |= (t == 0) & (gone > 0)
        problems.unless(not bad.any(), f"{bad.sum():,} rows are impossible; periods are whole, counts not negative.")
        problems.raise_any()
        if not gone.sum() or not (gone + stay)[t > 0].sum():
            raise cannot_answer("no_contract_ended")
        up = np.concatenate([np.ones(len(t)), np.zeros(len(t))])
        over = np.concatenate([np.maximum(t - 1, 0), t])
        weight = np.concatenate([gone, stay])
        some = (weight > 0) & (np.tile(t, 2) > 0)
        up, over, weight = up[some], over[some], weight[some]
        likelihood = beta_likelihood(np.arange(len(up)), weight, [(up, over)])
        optimum = maximise(likelihood, np.array([1.0, 2.0]), float(weight.sum()), self.ridge)
        edge = edge_of(optimum, "shifted beta-geometric", ShiftedBetaGeometricFit.names)
        return ShiftedBetaGeometricFit(optimum, int(weight.sum()), edge)


@dataclass(frozen=True, eq=False)
class ShiftedBetaGeometricFit(ParameterFit):
    """A fitted renewal model.

    >>> lost, kept = [369.0, 163.0, 86.0, 56.0], [0.0, 0.0, 0.0, 326.0]
    >>> fit = ShiftedBetaGeometric().fit([1, 2, 3, 4], lost, kept)

    Attributes:
        optimum: Estimates of (alpha, beta), log-likelihood, covariance of the log-parameters.
        n: Contracts that have come to a renewal.
        edge: Why the data do not identify it, or ``None``.
    """

    optimum: Optimum
    n: int
    edge: Message | None = None

    name: ClassVar[str] = "renewal_model"
    names = ("alpha", "beta")
    titles = ("shifted_beta_geometric", "shifted beta-geometric")
    farthest = 5.0

    def survival(self, renewals: ArrayLike, after: ArrayLike = 0) -> Floats:
        """Share still under contract after so many renewals, of those who have had `after` of them.

        >>> fit.survival([1, 5]).round(3).tolist()
        [0.629, 0.284]

        Args:
            renewals: Number of renewals.
            after: Renewals already had.

        Returns:
            Shares, in the broadcast shape.
        """
        alpha, beta = self.estimates
        t, t0 = np.asarray(renewals, dtype=float), np.asarray(after, dtype=float)
        share: Floats = np.exp(betaln(alpha, beta + t) - betaln(alpha, beta + t0))
        return share

    def retention(self, renewal: ArrayLike) -> Floats:
        """Share of those at the renewal who take it: (beta + t - 1) / (alpha + beta + t - 1).

        >>> fit.retention([1, 5]).round(2).tolist()
        [0.63, 0.87]

        Args:
            renewal: 1 for the first.

        Returns:
            Shares, in the shape of `renewal`.
        """
        alpha, beta = self.estimates
        t = np.asarray(renewal, dtype=float)
        share: Floats = (beta + t - 1) / (alpha + beta + t - 1)
        return share

    def readout(self) -> Readout:
        """How many renew, how precise that is, what it is for.

        >>> print(fit.readout().finding)
        Of 1,000 contracts that came to a renewal, 63% take the first and 87% ...
        """
        first, fifth = (float(self.retention(t)) for t in (1, 5))
        values = {"n": self.n, "first": first, "fifth": fifth, "ll": self.log_likelihood}
        return Readout.of("clv.renewals", values, certainty=self.edge or "certainty")
