"""A purchase model and its fit: what every "buy till you die" model can be asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crm_lab.checks import BadInput, CannotAnswer, Problems, need_columns
from crm_lab.clv.counts import Array, Counts, check_summary, compress
from crm_lab.clv.horizon import discounted_purchases, on_distinct
from crm_lab.clv.newton import LogLikelihood, Optimum, maximise
from crm_lab.data.purchases import UNIT_DAYS, Unit
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result

_Z90 = 1.6448536269514722
_VAGUE = 2.0  # standard error of a log-parameter; its 90 % interval then spans a factor of 700
_NO_GAIN = 0.5  # log-likelihood above the model without drop-out


@dataclass(frozen=True)
class PurchaseModel(ABC):
    """A model of when customers buy and when they silently stop.

    A model states its parameters, its likelihood, and three facts about a customer who is alive at T.

    Args:
        unit: Unit of recency and T in the summaries it is fitted to.
        ridge: Penalty per customer on the squared distance of the log-parameters from their starting
            values; 0 is plain maximum likelihood.
    """

    unit: Unit = "W"
    ridge: float = 0.0

    key: ClassVar[str]
    title: ClassVar[str]
    parameters: ClassVar[tuple[str, ...]]
    time_parameters: ClassVar[tuple[str, ...]] = ("alpha",)

    def __post_init__(self) -> None:
        problems = Problems(f"{self.title} settings")
        problems.unless(self.unit in UNIT_DAYS, f"unit is {self.unit!r}; it must be one of {', '.join(UNIT_DAYS)}.")
        problems.unless(self.ridge >= 0 and np.isfinite(self.ridge), f"ridge is {self.ridge}; it must be 0 or more.")
        problems.raise_any()

    @abstractmethod
    def log_likelihood(self, counts: Counts) -> LogLikelihood:
        """The log-likelihood of a base, with derivatives, as a function of the parameters."""

    @abstractmethod
    def start(self, counts: Counts) -> Array:
        """Starting values, in the units of the data, shape (k,)."""

    @abstractmethod
    def p_alive(self, params: Array, x: Array, t_x: Array, T: Array) -> Array:
        """Probability of being a customer at T."""

    @abstractmethod
    def alive_rate(self, params: Array, x: Array, T: Array, ahead: Array) -> Array:
        """Expected purchases per unit of time, `ahead` of T, of a customer alive at T."""

    @abstractmethod
    def draw_alive(
        self, params: Array, x: Array, T: Array, window: tuple[float, float], rng: np.random.Generator
    ) -> Array:
        """Purchases in (T + window[0], T + window[1]] of customers alive at T, one draw each."""

    @abstractmethod
    def alive_pmf(self, params: Array, n: int, x: Array, T: Array, ahead: Array) -> Array:
        """Probability of exactly n purchases within `ahead` of a customer alive at T."""

    def alive_wait(self, params: Array, silent: Array, x: Array, T: Array) -> Array:
        """Time until which a customer alive at T stays without a purchase with probability `silent`.

        Nobody alive at T drops out before the next purchase under the geometric models, so the wait is
        Pareto of the second kind; other models overrule this.
        """
        r, alpha = params[:2]
        wait: Array = (alpha + T) * np.expm1(-np.log(silent) / (r + x))
        return wait

    def fit(self, summary: pd.DataFrame) -> PurchaseFit:
        """Fit by maximum likelihood.

        Args:
            summary: What `crm_lab.data.purchases.purchase_summary` returns.

        Raises:
            BadInput: If columns are missing, rows are impossible, the unit differs, or nobody came back.
        """
        need_columns(summary.columns, ("frequency", "recency", "T"), "The purchase summary")
        unit = summary.attrs.get("unit", self.unit)
        if unit != self.unit:
            raise BadInput(f"The summary is in unit {unit!r} and the model in {self.unit!r}; give both one unit.")
        fitted = self.fit_counts(compress(summary["frequency"], summary["recency"], summary["T"]))
        return replace(fitted, summary=summary)

    def fit_counts(self, counts: Counts, start: Array | None = None) -> PurchaseFit:
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
        gain = optimum.log_likelihood - self._without_dropout(counts)
        if gain < _NO_GAIN:
            return Message("clv.no_dropout", {"model": self.title})
        names = ", ".join(name for name, bad in zip(self.parameters, vague, strict=True) if bad or not vague.any())
        return Message("clv.not_identified", {"model": self.title, "parameters": names})

    def _without_dropout(self, counts: Counts) -> float:
        """Log-likelihood of the same base if nobody ever left."""
        from crm_lab.clv.nbd import NBD  # a purchase model itself

        model = NBD(self.unit)
        return maximise(model.log_likelihood(counts), model.start(counts), counts.n).log_likelihood


@dataclass(frozen=True, eq=False)
class PurchaseFit(Result):
    """A fitted purchase model. Times are in the model's unit; arguments broadcast.

    Attributes:
        model: The model that was fitted.
        optimum: Estimates, log-likelihood, covariance of the log-parameters.
        n: Customers.
        edge: Why the data do not identify the model, in words, or ``None``.
        summary: What it was fitted to, where that was a frame.
    """

    model: PurchaseModel
    optimum: Optimum
    n: int
    edge: Message | None = None
    summary: pd.DataFrame | None = None

    name: ClassVar[str] = "purchase_model"
    formats: ClassVar[Mapping[str, str]] = {
        "estimate": ",.4f",
        "standard_error": ",.4f",
        "lo": ",.4f",
        "hi": ",.4f",
    }

    @property
    def estimates(self) -> Array:
        """Estimates in the order of the model's parameters."""
        return self.optimum.estimates

    @property
    def params(self) -> dict[str, float]:
        """Estimates by name."""
        return dict(zip(self.model.parameters, map(float, self.estimates), strict=True))

    @property
    def log_likelihood(self) -> float:
        """Log-likelihood at the estimates, in the model's unit of time."""
        return self.optimum.log_likelihood

    def with_values(self, values: Array) -> Self:
        """The same fit at other parameter values (a draw, a published estimate)."""
        return replace(self, optimum=replace(self.optimum, estimates=np.asarray(values, dtype=float)))

    def draw_values(self, size: int, rng: np.random.Generator) -> Array:
        """Parameter values from the normal approximation on the log scale, shape (size, k)."""
        if not np.isfinite(self.optimum.log_covariance).all():
            return np.tile(self.estimates, (size, 1))
        mean = np.log(self.estimates)
        drawn = rng.multivariate_normal(mean, self.optimum.log_covariance, size=size, method="cholesky")
        return np.exp(np.clip(drawn, mean - 5, mean + 5))

    def p_alive(self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Array:
        """Probability of still being a customer at T."""
        x, t_x, T = _checked(frequency, recency, T)
        return self.model.p_alive(self.estimates, x, t_x, T)

    def expected_purchases(self, ahead: ArrayLike) -> Array:
        """Expected repeat purchases of a new customer within `ahead` of the first purchase."""
        t = np.asarray(ahead, dtype=float)
        zero = np.zeros_like(t)
        alive = self.model.p_alive(self.estimates, zero, zero, zero)
        return alive * discounted_purchases(self._rate, zero, zero, zero, t, 0.0)

    def conditional_purchases(
        self,
        ahead: float,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        *,
        start: float = 0.0,
        annual_discount_rate: float = 0.0,
    ) -> Array:
        """Expected purchases in (T + start, T + ahead], each discounted to T.

        Args:
            ahead: End of the interval, in units of time after T.
            frequency: Repeat purchases so far.
            recency: Time of the last purchase.
            T: Time under observation.
            start: Start of the interval after T.
            annual_discount_rate: Compounded continuously in calendar time, a year of 365.25 days.

        Raises:
            BadInput: If the interval or the rate is impossible, or rows are.
        """
        problems = Problems("The interval of the future")
        problems.unless(0 <= start <= ahead < np.inf, f"it is ({start}, {ahead}]; it must start at 0 or later.")
        problems.unless(
            annual_discount_rate > -1,
            f"annual_discount_rate is {annual_discount_rate}; it must be above -1, e.g. 0.1 for 10 %.",
        )
        problems.raise_any()
        x, t_x, T = _checked(frequency, recency, T)
        force = np.log1p(annual_discount_rate) * UNIT_DAYS[self.model.unit] / UNIT_DAYS["Y"]

        def expected(x: Array, T: Array) -> Array:
            return discounted_purchases(self._rate, x, T, np.full_like(T, start), np.full_like(T, ahead), force)

        return self.model.p_alive(self.estimates, x, t_x, T) * on_distinct(expected, x, T)

    def purchases_at_risk(self, ahead: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Array:
        """Expected purchases of a stretch `ahead` that are lost because customers leave within `ahead` of T.

        P(alive) x (purchase rate now - purchase rate `ahead` of T) x `ahead`: whoever has left already has nothing left
        to lose. Under Pareto/NBD it is P(alive) x P(leaves within `ahead`) x rate x `ahead`.

        Args:
            ahead: Length of the stretch, in units of time.
            frequency: Repeat purchases so far.
            recency: Time of the last purchase.
            T: Time under observation.
        """
        x, t_x, T = _checked(frequency, recency, T)
        now, later = (self._rate(x, T, np.full_like(T, stretch)) for stretch in (0.0, ahead))
        lost: Array = self.model.p_alive(self.estimates, x, t_x, T) * (now - later) * ahead
        return lost

    def purchases_pmf(self, n: int, ahead: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Array:
        """Probability of exactly n purchases within `ahead`."""
        x, t_x, T = _checked(frequency, recency, T)
        alive = self.model.p_alive(self.estimates, x, t_x, T)
        pmf = on_distinct(
            lambda x, T: self.model.alive_pmf(self.estimates, n, x, T, np.asarray(ahead, dtype=float)), x, T
        )
        return alive * pmf + (1 - alive) * (n == 0)

    def next_purchase(self, quantile: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Array:
        """Time after T by which the next purchase has come with that probability; inf if it never has."""
        x, t_x, T = _checked(frequency, recency, T)
        alive = self.model.p_alive(self.estimates, x, t_x, T)
        with np.errstate(divide="ignore", invalid="ignore"):
            wanted = np.where(alive > quantile, 1 - quantile / alive, np.nan)
        return np.where(alive > quantile, self.model.alive_wait(self.estimates, wanted, x, T), np.inf)

    def draw_purchases(
        self,
        window: tuple[float, float],
        frequency: Array,
        recency: Array,
        T: Array,
        rng: np.random.Generator,
    ) -> Array:
        """Purchases in (T + window[0], T + window[1]], one draw for each customer, from the posterior."""
        alive = self.model.p_alive(self.estimates, frequency, recency, T) > rng.random(len(frequency))
        drawn = np.zeros(len(frequency))
        drawn[alive] = self.model.draw_alive(self.estimates, frequency[alive], T[alive], window, rng)
        return drawn

    def to_lifetimes(self) -> Any:
        """A fitted lifetimes object with these estimates."""
        from crm_lab.clv.bridge import to_lifetimes

        return to_lifetimes(self)

    @property
    def _rate(self) -> Callable[[Array, Array, Array], Array]:
        return lambda x, T, ahead: self.model.alive_rate(self.estimates, x, T, ahead)

    def to_frame(self) -> pd.DataFrame:
        """One row a parameter: estimate, standard error, 90 % interval (normal on the log scale)."""
        with np.errstate(invalid="ignore"):
            se = np.sqrt(np.diag(self.optimum.log_covariance))
        return pd.DataFrame(
            {
                "parameter": self.model.parameters,
                "estimate": self.estimates,
                "standard_error": se * self.estimates,
                "lo": self.estimates * np.exp(-_Z90 * se),
                "hi": self.estimates * np.exp(_Z90 * se),
            }
        )

    def refusal(self) -> Message | None:
        """Why drop-out or heterogeneity is not identified, or ``None``."""
        return self.edge

    def readout(self) -> Readout:
        """What a typical new customer does in a year, how well it is known, what to do with it."""
        year = UNIT_DAYS["Y"] / UNIT_DAYS[self.model.unit]
        expected = float(self.expected_purchases(year))
        finding = {"model": self.model.title, "n": self.n, "expected": expected}
        if self.edge is not None:
            return Readout(Message("clv.fit.finding", finding), self.edge, Message("clv.fit.action_edge"))
        worst = float(np.sqrt(np.diag(self.optimum.log_covariance)).max())
        certainty = Message("clv.fit.certainty", {"ll": self.log_likelihood, "worst": worst})
        return Readout(Message("clv.fit.finding", finding), certainty, Message("clv.fit.action"))

    def facts(self) -> tuple[Fact, ...]:
        """The parameters and the log-likelihood."""
        rows: Any = self.to_frame().itertuples(index=False)
        estimates = tuple(
            Fact(
                id=f"clv.{self.model.key}.{row.parameter}",
                label=Message("clv.fit.parameter", {"model": self.model.title, "parameter": row.parameter}),
                value=row.estimate,
                ci=Interval(row.lo, row.hi, 0.9) if np.isfinite(row.lo) else None,
                kind="estimate",
                n=self.n,
                refusal=self.edge,
            )
            for row in rows
        )
        likelihood = Fact(
            id=f"clv.{self.model.key}.log_likelihood",
            label=Message("clv.fit.log_likelihood", {"model": self.model.title}),
            value=self.log_likelihood,
            n=self.n,
        )
        return (*estimates, likelihood)


def _checked(frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> tuple[Array, Array, Array]:
    x, t_x, T = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (frequency, recency, T)))
    check_summary(np.atleast_1d(x).ravel(), np.atleast_1d(t_x).ravel(), np.atleast_1d(T).ravel())
    return x, t_x, T
