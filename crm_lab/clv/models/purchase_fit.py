"""A fitted purchase model: predictions for new and existing customers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crm_lab.arrays import Floats
from crm_lab.checks import Problems
from crm_lab.clv.fitting.counts import check_summary
from crm_lab.clv.fitting.discounting import discounted_purchases, on_distinct
from crm_lab.clv.fitting.newton import Optimum
from crm_lab.clv.models.parameter_fit import ParameterFit
from crm_lab.data.kernels.purchases import UNIT_DAYS, Unit
from crm_lab.messages import Message
from crm_lab.results import Readout


class Story(ABC):
    """What a model states of a customer, under given parameters.

    >>> import numpy as np
    >>> from crm_lab.clv import BGNBD
    >>> story, params = BGNBD(), np.array([0.243, 4.414, 0.793, 2.426])  # BG/NBD on CDNOW, in weeks
    >>> x, t_x, T = np.array([0.0, 4.0]), np.array([0.0, 30.0]), np.array([39.0, 39.0])
    """

    unit: Unit
    key: ClassVar[str]
    title: ClassVar[str]
    parameters: ClassVar[tuple[str, ...]]
    leaves_by_calendar: ClassVar[bool] = False  # drop-out runs on calendar time, whatever the season of purchases

    @abstractmethod
    def p_alive(self, params: Floats, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Probability of being a customer at T.

        >>> story.p_alive(params, x, t_x, T).round(2).tolist()
        [1.0, 0.72]

        Args:
            params: Parameters of the model, shape (k,).
            x: Repeat purchases, shape (n,).
            t_x: Time of the last purchase since the first, shape (n,).
            T: Time under observation, shape (n,).

        Returns:
            Probabilities, shape (n,).
        """

    @abstractmethod
    def alive_rate(self, params: Floats, x: Floats, T: Floats, ahead: Floats) -> Floats:
        """Expected purchases per unit of time, `ahead` of T, of a customer alive at T.

        >>> story.alive_rate(params, x, T, np.full(2, 26.0)).round(3).tolist()
        [0.005, 0.074]

        Args:
            params: Parameters of the model, shape (k,).
            x: Repeat purchases so far, shape (n,).
            T: Time under observation, shape (n,).
            ahead: Time after T, shape (n,).

        Returns:
            Rates, shape (n,).
        """

    @abstractmethod
    def draw_alive(
        self, params: Floats, x: Floats, T: Floats, window: tuple[float, float], rng: np.random.Generator
    ) -> Floats:
        """Purchases in (T + window[0], T + window[1]] of customers alive at T, one draw each.

        >>> story.draw_alive(params, x, T, (0.0, 52.0), np.random.default_rng(0)).shape
        (2,)

        Args:
            params: Parameters of the model, shape (k,).
            x: Repeat purchases so far, shape (n,).
            T: Time under observation, shape (n,).
            window: Start and end of the interval after T.
            rng: Generator.

        Returns:
            Counts, shape (n,).
        """

    @abstractmethod
    def alive_pmf(self, params: Floats, n: int, x: Floats, T: Floats, ahead: Floats) -> Floats:
        """Probability of exactly n purchases within `ahead` of a customer alive at T.

        >>> story.alive_pmf(params, 0, x, T, np.full(2, 26.0)).round(2).tolist()
        [0.89, 0.14]

        Args:
            params: Parameters of the model, shape (k,).
            n: Number of purchases.
            x: Repeat purchases so far, shape (n,).
            T: Time under observation, shape (n,).
            ahead: Length of the interval after T, shape (n,).

        Returns:
            Probabilities, shape (n,).
        """

    def alive_wait(self, params: Floats, silent: Floats, x: Floats, T: Floats) -> Floats:
        """Time until which a customer alive at T stays without a purchase with probability `silent`.

        By bisection on the logarithm of time; inf where that much silence never comes.

        >>> story.alive_wait(params, np.full(2, 0.5), x, T).round(1).tolist()
        [709.0, 7.7]

        Args:
            params: Parameters of the model, shape (k,).
            silent: Probability to reach, shape (n,).
            x: Repeat purchases so far, shape (n,).
            T: Time under observation, shape (n,).

        Returns:
            Times after T, shape (n,).
        """
        low, high = np.full(np.shape(T), -20.0), np.full(np.shape(T), 20.0)
        for _ in range(60):
            middle = (low + high) / 2
            long = self.alive_pmf(params, 0, x, T, (T + 1) * np.exp(middle)) < silent
            low, high = np.where(long, low, middle), np.where(long, middle, high)
        wait: Floats = (T + 1) * np.exp(high)
        return np.where(high > 19.9, np.inf, wait)


@dataclass(frozen=True, eq=False)
class PurchaseFit(ParameterFit):
    """A fitted purchase model. Times are in the model's unit (weeks unless set otherwise); arguments broadcast.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.clv import BGNBD
    >>> from crm_lab.data.kernels.purchases import purchase_summary
    >>> summary = purchase_summary(open_workspace("cdnow_sample").at("1997-09-30")["orders"], "1997-09-30")
    >>> fit = BGNBD().fit(summary)

    Attributes:
        model: The model that was fitted.
        optimum: Estimates, log-likelihood, covariance of the log-parameters.
        n: Customers.
        edge: Why the data do not identify the model, in words, or ``None``.
        summary: What it was fitted to, where that was a frame.
        old_base: Whether many customers are older than the records, so that nothing is said of new ones.
    """

    model: Story
    optimum: Optimum
    n: int
    edge: Message | None = None
    summary: pd.DataFrame | None = None
    old_base: bool = False

    name = "purchase_model"
    farthest = 5.0

    @property
    def names(self) -> tuple[str, ...]:
        """The model's parameters by name.

        >>> fit.names
        ('r', 'alpha', 'a', 'b')
        """
        return self.model.parameters

    @property
    def titles(self) -> tuple[str, str]:
        """Key and title of the model.

        >>> fit.titles
        ('bgnbd', 'BG/NBD')
        """
        return self.model.key, self.model.title

    def p_alive(self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Floats:
        """Probability of still being a customer at T.

        >>> fit.p_alive(4, [10.0, 30.0], 39.0).round(3).tolist()
        [0.06, 0.719]

        Args:
            frequency: Repeat purchases so far.
            recency: Time of the last purchase since the first.
            T: Time under observation.

        Returns:
            Probabilities, in the broadcast shape.
        """
        x, t_x, T = _checked(frequency, recency, T)
        return self.model.p_alive(self.estimates, x, t_x, T)

    def expected_purchases(self, ahead: ArrayLike) -> Floats:
        """Expected repeat purchases of a new customer within `ahead` of the first purchase.

        >>> fit.expected_purchases([13, 52]).round(2).tolist()
        [0.53, 1.44]

        Args:
            ahead: Time since the first purchase.

        Returns:
            Expected repeat purchases, in the shape of `ahead`.
        """
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
    ) -> Floats:
        """Expected purchases in (T + start, T + ahead], each discounted to T.

        >>> fit.conditional_purchases(39.0, 2, 30.43, 38.86).round(2).tolist()
        1.23

        Args:
            ahead: End of the interval, in units of time after T.
            frequency: Repeat purchases so far.
            recency: Time of the last purchase.
            T: Time under observation.
            start: Start of the interval after T.
            annual_discount_rate: Compounded continuously in calendar time, a year of 365.25 days.

        Returns:
            Expected purchases, in the broadcast shape.

        Raises:
            BadInput: If the interval or the rate is impossible, or rows are.

        Source:
            Fader, Hardie & Lee (2005), equation 10, for BG/NBD without discounting.
        """
        problems = Problems("The interval of the future")
        problems.unless(0 <= start <= ahead < np.inf, f"it is ({start}, {ahead}]; it must start at 0 or later.")
        problems.unless(
            annual_discount_rate > -1,
            f"annual_discount_rate is {annual_discount_rate}; it must be above -1, e.g. 0.1 for 10 %.",
        )
        problems.raise_any()
        x, t_x, T = _checked(frequency, recency, T)
        expected = self.ahead_if_alive(start, ahead, annual_discount_rate)
        return self.model.p_alive(self.estimates, x, t_x, T) * on_distinct(expected, x, T)

    def ahead_if_alive(
        self, start: float, ahead: float, annual_discount_rate: float
    ) -> Callable[[Floats, Floats], Floats]:
        """Purchases in (T + start, T + ahead] of customers alive at T, each discounted to T, as a function of (x, T).

        >>> fit.ahead_if_alive(0.0, 39.0, 0.0)(np.array([2.0]), np.array([38.86])).round(2).tolist()
        [1.69]

        Args:
            start: As in `conditional_purchases`.
            ahead: As there.
            annual_discount_rate: As there.

        Returns:
            A function of frequency and T.
        """
        force = np.log1p(annual_discount_rate) * UNIT_DAYS[self.model.unit] / UNIT_DAYS["Y"]

        def expected(x: Floats, T: Floats) -> Floats:
            return discounted_purchases(self._rate, x, T, np.full_like(T, start), np.full_like(T, ahead), force)

        return expected

    def purchases_at_risk(self, ahead: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Floats:
        """Expected purchases of a period `ahead` that are lost because customers leave within it.

        P(alive) x (purchase rate now - purchase rate `ahead` of T) x `ahead`. Lapsed customers have none left to lose.
        Under Pareto/NBD it is P(alive) x P(leaves within `ahead`) x rate x `ahead`.

        >>> fit.purchases_at_risk(26.0, 4, [10.0, 30.0], 39.0).round(2).tolist()
        [0.04, 0.45]

        Args:
            ahead: Length of the period, in units of time.
            frequency: Repeat purchases so far.
            recency: Time of the last purchase.
            T: Time under observation.

        Returns:
            Expected purchases lost, in the broadcast shape.
        """
        x, t_x, T = _checked(frequency, recency, T)
        now, later = (self._rate(x, T, np.full_like(T, stretch)) for stretch in (0.0, ahead))
        lost: Floats = self.model.p_alive(self.estimates, x, t_x, T) * (now - later) * ahead
        return lost

    def purchases_pmf(self, n: int, ahead: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Floats:
        """Probability of exactly n purchases within `ahead`.

        >>> fit.purchases_pmf(0, 26.0, 4, 30.0, 39.0).round(3).tolist()
        0.38

        Args:
            n: Number of purchases.
            ahead: Length of the interval after T.
            frequency: Repeat purchases so far.
            recency: Time of the last purchase since the first.
            T: Time under observation.

        Returns:
            Probabilities, in the broadcast shape.
        """
        x, t_x, T = _checked(frequency, recency, T)
        alive = self.model.p_alive(self.estimates, x, t_x, T)
        pmf = on_distinct(
            lambda x, T: self.model.alive_pmf(self.estimates, n, x, T, np.asarray(ahead, dtype=float)), x, T
        )
        return alive * pmf + (1 - alive) * (n == 0)

    def next_purchase(self, quantile: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Floats:
        """Time after T by which the next purchase has come with that probability; inf if it never has.

        >>> fit.next_purchase(0.5, 4, 30.0, 39.0).round(1).tolist()
        14.1

        Args:
            quantile: Probability that the next purchase has come, e.g. 0.5 for the median.
            frequency: Repeat purchases so far.
            recency: Time of the last purchase since the first.
            T: Time under observation.

        Returns:
            Times after T, in the broadcast shape.
        """
        x, t_x, T = _checked(frequency, recency, T)
        alive = self.model.p_alive(self.estimates, x, t_x, T)
        with np.errstate(divide="ignore", invalid="ignore"):
            wanted = np.where(alive > quantile, 1 - quantile / alive, np.nan)
        return np.where(alive > quantile, self.model.alive_wait(self.estimates, wanted, x, T), np.inf)

    def draw_purchases(
        self, window: tuple[float, float], frequency: Floats, recency: Floats, T: Floats, rng: np.random.Generator
    ) -> Floats:
        """Purchases in (T + window[0], T + window[1]], one draw for each customer, from the posterior.

        >>> x, t_x, T = (summary[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T"))
        >>> fit.draw_purchases((0.0, 39.0), x, t_x, T, np.random.default_rng(0)).shape
        (2357,)

        Args:
            window: Start and end of the interval after T.
            frequency: Repeat purchases so far, shape (n,).
            recency: Time of the last purchase, shape (n,).
            T: Time under observation, shape (n,).
            rng: Generator.

        Returns:
            Counts, shape (n,).
        """
        alive = self.model.p_alive(self.estimates, frequency, recency, T) > rng.random(len(frequency))
        drawn = np.zeros(len(frequency))
        drawn[alive] = self.model.draw_alive(self.estimates, frequency[alive], T[alive], window, rng)
        return drawn

    def to_lifetimes(self) -> Any:
        """A fitted lifetimes object with these estimates.

        >>> type(fit.to_lifetimes()).__name__
        'BetaGeoFitter'
        """
        from crm_lab.clv.models.lifetimes_adapter import to_lifetimes

        return to_lifetimes(self.model.key, self.model.title, self, self.summary)

    @property
    def _rate(self) -> Callable[[Floats, Floats, Floats], Floats]:
        return lambda x, T, ahead: self.model.alive_rate(self.estimates, x, T, ahead)

    def readout(self) -> Readout:
        """What a typical new customer does in a year, how precise that is, what to do with it.

        >>> print(fit.readout().finding)
        BG/NBD fitted to 2,357 customers: a new customer makes 1.45 repeat purchases in the first year.
        """
        year = UNIT_DAYS["Y"] / UNIT_DAYS[self.model.unit]
        values = {"model": self.model.title, "n": self.n, "expected": float(self.expected_purchases(year))}
        if self.edge is not None:
            return Readout.of("clv.fit", values, "finding_edge", self.edge, "action_edge")
        worst = float(np.sqrt(np.diag(self.optimum.log_covariance)).max())
        values |= {"ll": self.log_likelihood, "worst": worst}
        return Readout.of("clv.fit", values, "finding_old" if self.old_base else "finding")


def _checked(frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> tuple[Floats, Floats, Floats]:
    x, t_x, T = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (frequency, recency, T)))
    check_summary(np.atleast_1d(x).ravel(), np.atleast_1d(t_x).ravel(), np.atleast_1d(T).ravel())
    return x, t_x, T
