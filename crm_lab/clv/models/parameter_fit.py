"""What every fit by maximum likelihood shows: its parameters with intervals, and draws of them."""

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
        """Names of the parameters."""

    @property
    @abstractmethod
    def titles(self) -> tuple[str, str]:
        """Key and title of the model."""

    @property
    def estimates(self) -> Floats:
        """Estimates in the order of `names`."""
        return self.optimum.estimates

    @property
    def params(self) -> dict[str, float]:
        """Estimates by name."""
        return dict(zip(self.names, map(float, self.estimates), strict=True))

    @property
    def log_likelihood(self) -> float:
        """Log-likelihood at the estimates."""
        return self.optimum.log_likelihood

    def with_values(self, values: Floats) -> Self:
        """The same fit at other parameter values (a draw, a published estimate)."""
        changed = replace(self.optimum, estimates=np.asarray(values, dtype=float))
        return replace(self, optimum=changed)  # type: ignore[type-var]  # subclasses are dataclasses

    def draw_values(self, size: int, rng: np.random.Generator) -> Floats:
        """Parameter values from the normal approximation on the log scale, shape (size, k)."""
        if not np.isfinite(self.optimum.log_covariance).all():
            return np.tile(self.estimates, (size, 1))
        mean = np.log(self.estimates)
        drawn = rng.multivariate_normal(mean, self.optimum.log_covariance, size=size, method="cholesky")
        return np.exp(np.clip(drawn, mean - self.farthest, mean + self.farthest))

    def drawn(self, size: int, rng: np.random.Generator) -> list[Self]:
        """The fit at `size` draws of its parameters."""
        return [self.with_values(values) for values in self.draw_values(size, rng)]

    def to_frame(self) -> pd.DataFrame:
        """One row a parameter: estimate, standard error, 90 % interval (normal on the log scale)."""
        with np.errstate(invalid="ignore"):
            se = np.sqrt(np.diag(self.optimum.log_covariance))
        best, half = self.estimates, z_value(LEVEL) * se
        columns = (self.names, best, se * best, best * np.exp(-half), best * np.exp(half))
        return pd.DataFrame(dict(zip(("parameter", "estimate", "standard_error", "lo", "hi"), columns, strict=True)))

    def facts(self) -> tuple[Fact, ...]:
        """The parameters and the log-likelihood."""
        key, title = self.titles
        estimates = facts_of(
            self.to_frame().assign(model=title), f"clv.{key}.{{parameter}}", "clv.fit.parameter", "estimate",
            ends=("lo", "hi"), level=LEVEL, n=self.n, kind="estimate", refusal=self.edge,
        )  # fmt: skip
        likelihood = Message("clv.fit.log_likelihood", {"model": title})
        return (*estimates, Fact(f"clv.{key}.log_likelihood", likelihood, self.log_likelihood, n=self.n))
