"""Fits by maximum likelihood: parameters with intervals, and draws of them."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.clv.fitting.newton import Optimum
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.results import Fact, Result
from crm_lab.stats.intervals import z_value

LEVEL = 0.9


class ParameterFit(Result):
    """Positive parameters at their maximum. A subclass is a frozen dataclass with these fields.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.clv import MBGNBD
    >>> from crm_lab.data.kernels.purchases import purchase_summary
    >>> fit = MBGNBD().fit(purchase_summary(open_workspace("cdnow_sample").at("1997-09-30")["orders"], "1997-09-30"))

    Attributes:
        optimum: Estimates, log-likelihood, covariance of the log-parameters.
        n: Customers.
        edge: Why the data do not identify the parameters, or ``None``.
    """

    optimum: Optimum
    n: int
    edge: Message | None = None
    farthest: ClassVar[float] = np.inf  # from the estimate, on the log scale, that a draw may be

    formats = dict.fromkeys(("estimate", "lo", "hi"), ",.4f")

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the parameters.

        >>> fit.names
        ('r', 'alpha', 'a', 'b')
        """

    @property
    @abstractmethod
    def titles(self) -> tuple[str, str]:
        """Key and title of the model.

        >>> fit.titles
        ('mbgnbd', 'MBG/NBD')
        """

    @property
    def estimates(self) -> Floats:
        """Estimates in the order of `names`, shape (k,).

        >>> fit.estimates.round(3).tolist()
        [0.525, 6.183, 0.891, 1.614]
        """
        return self.optimum.estimates

    @property
    def params(self) -> dict[str, float]:
        """Estimates by name.

        >>> round(fit.params["r"], 3)
        0.525
        """
        return dict(zip(self.names, map(float, self.estimates), strict=True))

    @property
    def log_likelihood(self) -> float:
        """Log-likelihood at the estimates.

        >>> round(fit.log_likelihood, 1)
        -9582.1
        """
        return self.optimum.log_likelihood

    def with_values(self, values: Floats) -> Self:
        """The same fit at other parameter values (a draw, a published estimate).

        >>> fit.with_values(np.array([0.5, 6.0, 0.9, 1.6])).params["r"]
        0.5
        """
        changed = replace(self.optimum, estimates=np.asarray(values, dtype=float))
        return replace(self, optimum=changed)  # type: ignore[type-var]  # subclasses are dataclasses

    def draw_values(self, size: int, rng: np.random.Generator) -> Floats:
        """Parameter values from the normal approximation on the log scale, shape (size, k).

        >>> fit.draw_values(100, np.random.default_rng(0)).shape
        (100, 4)

        Args:
            size: Number of draws.
            rng: Generator.
        """
        if not np.isfinite(self.optimum.log_covariance).all():
            return np.tile(self.estimates, (size, 1))
        mean = np.log(self.estimates)
        drawn = rng.multivariate_normal(mean, self.optimum.log_covariance, size=size, method="cholesky")
        return np.exp(np.clip(drawn, mean - self.farthest, mean + self.farthest))

    def drawn(self, size: int, rng: np.random.Generator) -> list[Self]:
        """The fit at `size` draws of its parameters, for intervals of what is computed from them.

        >>> len(fit.drawn(10, np.random.default_rng(0)))
        10
        """
        return [self.with_values(values) for values in self.draw_values(size, rng)]

    def refusal(self) -> Message | None:
        """Why the data do not identify the parameters, or ``None``.

        >>> fit.refusal() is None
        True
        """
        return self.edge

    def to_frame(self) -> pd.DataFrame:
        """One row per parameter: estimate, standard error, 90 % interval (normal on the log scale).

        >>> list(fit.to_frame())
        ['parameter', 'estimate', 'standard_error', 'lo', 'hi']
        """
        with np.errstate(invalid="ignore"):
            se = np.sqrt(np.diag(self.optimum.log_covariance))
        best, half = self.estimates, z_value(LEVEL) * se
        columns = (self.names, best, se * best, best * np.exp(-half), best * np.exp(half))
        return pd.DataFrame(dict(zip(("parameter", "estimate", "standard_error", "lo", "hi"), columns, strict=True)))

    def facts(self) -> tuple[Fact, ...]:
        """The parameters and the log-likelihood.

        >>> {fact.id: fact.unit for fact in fit.facts()[:2]}
        {'clv.mbgnbd.r': '', 'clv.mbgnbd.alpha': ''}
        """
        key, title = self.titles
        estimates = facts_of(
            self.to_frame().assign(model=title), f"clv.{key}.{{parameter}}", "clv.fit.parameter", "estimate",
            ends=("lo", "hi"), level=LEVEL, n=self.n, kind="estimate", refusal=self.edge,
        )  # fmt: skip
        likelihood = Message("clv.fit.log_likelihood", {"model": title})
        return (*estimates, Fact(f"clv.{key}.log_likelihood", likelihood, self.log_likelihood, n=self.n))
