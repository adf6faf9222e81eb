"""The ROI with what was known of it before the test, and at looks of one that is still running."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput
from crm_lab.experiments.payoff.programme_return import ProgrammeResult
from crm_lab.messages import Message
from crm_lab.results import Interval
from crm_lab.stats.pooling.shrinkage import shrunk
from crm_lab.stats.sequential.confidence_sequences import always_valid_level

_POINTS, _KNOTS = 2001, 61  # returns at which the test's own probability is asked for: by theory, by permutation
_REACH = 7.0  # standard errors of the ROI on both sides of it


@dataclass(frozen=True, slots=True)
class ReturnPrior:
    """What the ROI of such programmes was before the test: a normal distribution, stated or learned from past tests.

    >>> prior = ReturnPrior.of_past([0.4, 1.1, -0.2, 0.7], [0.3, 0.5, 0.4, 0.3])
    >>> round(prior.mean, 2), round(prior.sd, 2)
    (0.48, 0.52)

    Attributes:
        mean: Expected ROI.
        sd: Its standard deviation, above 0.
    """

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and self.sd > 0):
            raise BadInput(f"A prior of mean {self.mean} and standard deviation {self.sd}: the latter is above 0.")

    @classmethod
    def of_past(cls, roi: Sequence[float], se: Sequence[float]) -> ReturnPrior:
        """What a further programme may be expected to return by the retailer's own past tests.

        >>> ReturnPrior.of_past([0.5], [0.2])
        Traceback (most recent call last):
        crm_lab.checks.BadInput: 1 past test is given; how programmes differ is seen from three or more.

        Args:
            roi: ROI of each past test.
            se: Its standard error.

        Returns:
            Mean and standard deviation of the next one's true ROI.

        Raises:
            BadInput: If there are fewer than three tests.
        """
        if len(roi) < 3 or len(roi) != len(se):
            raise BadInput(f"{len(roi)} past test is given; how programmes differ is seen from three or more.")
        found = shrunk(np.asarray(roi, dtype=float), np.diag(np.square(se)))
        return cls(found.next_mean, found.next_sd)

    def p_above(self, answer: ProgrammeResult, roi: float) -> float:
        """Probability that the ROI is above a threshold: the test's own, weighed by the prior.

        The test's probabilities of all returns are its confidence distribution, by normal theory or by permutation;
        weighed by the prior's density it is the posterior (exactly so where the cost is known and theory is normal).

        Args:
            answer: The programme's return.
            roi: The threshold.

        Returns:
            A probability, 0 to 1; nan where the test has no ROI.
        """
        grid, weight = self._posterior(answer, roi)
        return float(weight[grid >= roi].sum()) if len(grid) else math.nan

    def interval(self, answer: ProgrammeResult, level: float = 0.95) -> Interval | None:
        """Interval of the ROI after the test, ``None`` where the test has no ROI.

        Args:
            answer: The programme's return.
            level: Its probability.
        """
        grid, weight = self._posterior(answer, answer.spec.roi_needed)
        if not len(grid):
            return None
        lo, hi = np.interp([(1 - level) / 2, (1 + level) / 2], np.cumsum(weight), grid)
        return Interval(float(lo), float(hi), level)

    def said(self, answer: ProgrammeResult) -> Message:
        """The probability with the prior beside that without one, in words."""
        needed = answer.spec.roi_needed
        values = {"mean": self.mean, "sd": self.sd, "needed": needed, "flat": answer.p_above(needed)}
        return Message("experiments.roi.with_prior", {**values, "p": self.p_above(answer, needed)})

    def _posterior(self, answer: ProgrammeResult, roi: float) -> tuple[Floats, Floats]:
        """Middles of small steps of the ROI, and the probability of each; none where there is no ROI."""
        if answer.parts is None or not math.isfinite(answer.returns.multiple):
            return np.empty(0), np.empty(0)
        found, (_, se) = answer.returns, answer.returns.distance(answer.returns.roi)
        reach = _REACH * se / found.cost
        points = _POINTS if answer.draws is None else _KNOTS
        ends = np.union1d(np.linspace(found.roi - reach, found.roi + reach, points), [roi])
        if answer.draws is None:
            distance, error = np.array([found.distance(x) for x in ends]).T
            above = norm.cdf(distance / error)
        else:
            above = np.array([answer.p_above(x) for x in ends])
        middle = (ends[1:] + ends[:-1]) / 2
        log_prior = norm.logpdf(middle, self.mean, self.sd)
        weight = -np.diff(above) * np.exp(log_prior - log_prior.max())
        return middle, np.maximum(weight, 0.0) / max(float(np.maximum(weight, 0.0).sum()), 1e-300)


def always_valid_roi(answer: ProgrammeResult, now: float, planned: float, alpha: float = 0.05) -> Interval | None:
    """Interval of a running programme's ROI that holds at all looks together.

    Args:
        answer: The return up to now.
        now: Weeks (or units) so far.
        planned: The same at the planned end, where intervals are narrowest.
        alpha: Type I error at all looks together.

    Returns:
        The interval, or ``None`` where there is none: a refusal, a cost that may be zero, or arms for which normal
        theory does not hold, whose looks are to be planned.
    """
    if answer.parts is None or answer.draws is not None:
        return None
    found = answer.returns.multiple_set(always_valid_level(now / planned, alpha))
    if found.kind != "bounded" or answer.returns.cost <= 0:
        return None
    return Interval(found.lo - 1, found.hi - 1, 1 - alpha)
