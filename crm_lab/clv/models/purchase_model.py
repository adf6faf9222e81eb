"""A purchase model: what every "buy till you die" model states, and how it is fitted."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace

import numpy as np
from narwhals.typing import IntoFrame

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, CannotAnswer, check_settings, need_columns, negative, not_among
from crm_lab.clv.fitting.counts import Counts, compress
from crm_lab.clv.fitting.newton import LogLikelihood, Optimum, maximise
from crm_lab.clv.fitting.nobody_leaves import without_dropout
from crm_lab.clv.models.purchase_fit import PurchaseFit, Story
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.data.kernels.purchases import UNIT_DAYS, Unit
from crm_lab.messages import Message

_VAGUE = 2.0  # standard error of a log-parameter; its 90 % interval then spans a factor of 700
_NO_GAIN = 0.5  # log-likelihood above the model without drop-out


@dataclass(frozen=True)
class PurchaseModel(Story):
    """A model of when customers buy and when they silently stop.

    A model states its parameters, its likelihood, and what `Story` asks about a customer.

    Args:
        unit: Unit of recency and T in the summaries it is fitted to.
        ridge: Penalty per customer on the squared distance of the log-parameters from their starting
            values; 0 is plain maximum likelihood.
    """

    unit: Unit = "W"
    ridge: float = 0.0

    def __post_init__(self) -> None:
        check_settings(self, not_among(self, unit=UNIT_DAYS), negative(self, "ridge"))

    @abstractmethod
    def log_likelihood(self, counts: Counts) -> LogLikelihood:
        """The log-likelihood of a base, with derivatives, as a function of the parameters."""

    @abstractmethod
    def start(self, counts: Counts) -> Floats:
        """Starting values, in the units of the data, shape (k,)."""

    def fit(self, summary: IntoFrame) -> PurchaseFit:
        """Fit by maximum likelihood.

        Args:
            summary: What `purchase_summary` returns, or a DataFrame of any engine with frequency, recency and T.

        Raises:
            BadInput: If columns are missing, rows are impossible, the unit differs, or nobody came back.
        """
        table = as_pandas(summary, "The purchase summary")
        need_columns(table.columns, ("frequency", "recency", "T"), "The summary (made by purchase_summary)")
        unit = table.attrs.get("unit", self.unit)
        if unit != self.unit:
            raise BadInput(f"The summary is in unit {unit!r} and the model in {self.unit!r}; give both one unit.")
        fitted = self.fit_counts(compress(table["frequency"], table["recency"], table["T"]))
        return replace(fitted, summary=table)

    def fit_counts(self, counts: Counts, start: Floats | None = None) -> PurchaseFit:
        """Fit to compressed counts.

        Raises:
            BadInput: If nobody came back.
        """
        if counts.mean_x == 0:
            raise CannotAnswer(
                f"None of the {counts.n:,.0f} customers bought twice; a purchase rate cannot be learned "
                "from one-time buyers. Take a longer period."
            )
        begin = self.start(counts) if start is None else start
        optimum = maximise(self.log_likelihood(counts), begin, counts.n, self.ridge)
        return PurchaseFit(self, optimum, int(counts.n), self.boundary(optimum, counts))

    def boundary(self, optimum: Optimum, counts: Counts) -> Message | None:
        """Why the fit is at the edge of what the data can tell, in words; ``None`` if it is not."""
        with np.errstate(invalid="ignore"):
            vague = np.array(optimum.at_boundary) | (np.sqrt(np.diag(optimum.log_covariance)) >= _VAGUE)
        if optimum.converged and not vague.any():
            return None
        gain = optimum.log_likelihood - without_dropout(counts)
        if gain < _NO_GAIN:
            return Message("clv.no_dropout", {"model": self.title})
        names = ", ".join(name for name, bad in zip(self.parameters, vague, strict=True) if bad or not vague.any())
        return Message("clv.not_identified", {"model": self.title, "parameters": names})
