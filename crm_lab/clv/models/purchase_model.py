"""The interface of "buy till you die" models, and how they are fitted."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, check_settings, need_columns, negative, not_among
from crm_lab.clv.fitting.counts import Counts, compress
from crm_lab.clv.fitting.newton import LogLikelihood, Optimum, maximise
from crm_lab.clv.fitting.nobody_leaves import without_dropout
from crm_lab.clv.models.purchase_fit import PurchaseFit, Story
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.data.kernels.purchases import UNIT_DAYS, Unit
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer

_VAGUE = 2.0  # standard error of a log-parameter; its 90 % interval then spans a factor of 700
_UNCERTAIN = 0.35  # standard error of a log-parameter from which on it is asked whether anybody leaves at all


@dataclass(frozen=True)
class PurchaseModel(Story):
    """A model of when customers buy and when they silently stop.

    A model states its parameters, its likelihood, and what `Story` asks about a customer.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.clv import MBGNBD
    >>> from crm_lab.clv.fitting.counts import compress
    >>> from crm_lab.data.kernels.purchases import purchase_summary
    >>> summary = purchase_summary(open_workspace("cdnow_sample").at("1998-06-30")["orders"], "1998-06-30")
    >>> model = MBGNBD()
    >>> counts = compress(summary["frequency"], summary["recency"], summary["T"])

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
        """The log-likelihood of a customer base, with derivatives, as a function of the parameters.

        >>> value, gradient, hessian = model.log_likelihood(counts)(model.start(counts))
        >>> gradient.shape, hessian.shape
        ((4,), (4, 4))

        Args:
            counts: The base as distinct (frequency, recency, T) with their multiplicities.

        Returns:
            A function of the parameters, shape (k,), that gives value, gradient (k,) and Hessian (k, k).
        """

    @abstractmethod
    def start(self, counts: Counts) -> Floats:
        """Starting values in the units of the data, shape (k,).

        >>> model.start(counts).shape
        (4,)

        Args:
            counts: The base.

        Returns:
            One value per parameter.
        """

    def fit(self, summary: IntoFrame) -> PurchaseFit:
        """Fit by maximum likelihood.

        >>> model.fit(summary).names
        ('r', 'alpha', 'a', 'b')

        Args:
            summary: What `purchase_summary` returns, or a DataFrame of any engine with frequency, recency and T.

        Returns:
            The fitted model.

        Raises:
            BadInput: If columns are missing, rows are impossible, the unit differs, or nobody came back.
        """
        table = as_pandas(summary, "The purchase summary")
        return replace(self.fit_counts(self.counted(table)), summary=table)

    def counted(self, table: pd.DataFrame) -> Counts:
        """A purchase summary in the model's unit as compressed counts.

        >>> model.counted(summary).n == len(summary)
        True

        Args:
            table: What `purchase_summary` returns.

        Returns:
            Distinct (frequency, recency, T) with their multiplicities.

        Raises:
            BadInput: If columns are missing, rows are impossible, or the unit differs.
        """
        need_columns(table.columns, ("frequency", "recency", "T"), "The summary (made by purchase_summary)")
        unit = table.attrs.get("unit", self.unit)
        if unit != self.unit:
            raise BadInput(f"The summary is in unit {unit!r} and the model in {self.unit!r}; give both one unit.")
        return compress(table["frequency"], table["recency"], table["T"])

    def fit_counts(self, counts: Counts, start: Floats | None = None) -> PurchaseFit:
        """Fit to compressed counts, for many fits of the same base.

        >>> model.fit_counts(counts).n == len(summary)
        True

        Args:
            counts: What `compress` returns.
            start: Starting values; the model's own if not given.

        Returns:
            The fitted model, without its summary.

        Raises:
            BadInput: If nobody came back.
        """
        if counts.mean_x == 0:
            raise cannot_answer("nobody_bought_twice", n=counts.n)
        begin = self.start(counts) if start is None else start
        optimum = maximise(self.log_likelihood(counts), begin, counts.n, self.ridge)
        return PurchaseFit(self, optimum, int(counts.n), self.boundary(optimum, counts))

    def boundary(self, optimum: Optimum, counts: Counts) -> Message | None:
        """Why the data do not identify the model, in words; ``None`` if they do.

        >>> model.boundary(model.fit(summary).optimum, counts) is None
        True

        Args:
            optimum: Where the fit ended.
            counts: The base it was fitted to.

        Returns:
            A message, or ``None``.
        """
        with np.errstate(invalid="ignore"):
            errors = np.sqrt(np.diag(optimum.log_covariance))
            vague = np.array(optimum.at_boundary) | (errors >= _VAGUE)
        sure = optimum.converged and not vague.any()
        if sure and not (errors >= _UNCERTAIN).any():
            return None
        if optimum.log_likelihood - without_dropout(counts) < np.log(counts.n):  # Schwarz (1978), two parameters more
            return Message("clv.no_dropout", {"model": self.title})
        if sure:
            return None
        names = ", ".join(name for name, bad in zip(self.parameters, vague, strict=True) if bad or not vague.any())
        return Message("clv.not_identified", {"model": self.title, "parameters": names})
