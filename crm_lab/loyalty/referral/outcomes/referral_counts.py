"""What each member sent and brought in its first days, every member counted over as many."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.loyalty.referral.forensics.fraud_result import ReferralFraudResult
from crm_lab.loyalty.referral.invitation_log.log_checks import NEVER
from crm_lab.results import Interval
from crm_lab.stats.intervals import z_value

FEWEST: Final = 10  # new members on which an interval can rest
Counted = Literal["joined", "real", "valid"]
COUNTED: Final[tuple[Counted, ...]] = ("joined", "real", "valid")
"""Whom a member brought: all who joined; without suspected ones; of those, who bought and kept it."""


@dataclass(frozen=True, eq=False)
class FirstDays:
    """Invitations of the members who are old enough to be counted, each in its first days.

    Attributes:
        eligible: Which accounts count: joined since the programme began, and long enough ago, shape (n,).
        early: Members who joined before the first invitation and so had no first days in the programme.
        young: Members who joined too late.
        undated: Members whose day of joining is not known.
        sent: Invitations of each in its first days, shape (n,).
        brought: For each of `COUNTED`, whom it brought by them, in time, shape (n,).
    """

    eligible: Booleans
    early: int
    young: int
    undated: int
    sent: Integers
    brought: dict[Counted, Integers]


def first_days(fraud: ReferralFraudResult, days: int, answer_days: int) -> FirstDays:
    """Count each member's invitations in its first `days` days, and joining within `answer_days` of each.

    Whoever joined so late that the last invitation, its answer and the follow-up of the invited would lie after the
    last day known is left out: nobody is counted over less time than others.

    Args:
        fraud: Referrals, looked through.
        days: First days of a member.
        answer_days: Days from an invitation in which joining counts.
    """
    log = fraud.log
    rows = log.rows
    inviter, invited = rows["inviter"].to_numpy(), rows["invited"].to_numpy()
    sent, joined = rows["invited_day"].to_numpy(), rows["joined_day"].to_numpy()
    begins = int(sent.min())
    last = log.as_of - days - answer_days - fraud.follow_up_days + 1
    known = log.joined != NEVER
    eligible = known & (log.joined >= begins) & (log.joined <= last)
    inside = (sent >= log.joined[inviter]) & (sent < log.joined[inviter] + days) & eligible[inviter]
    came = inside & log.credited & (joined - sent < answer_days)
    whom = np.maximum(invited, 0)
    kinds: dict[Counted, Booleans] = {
        "joined": came,
        "real": came & ~fraud.suspected[whom],
        "valid": came & fraud.valid[whom],
    }
    counts = {name: np.bincount(inviter[which], minlength=log.accounts) for name, which in kinds.items()}
    early, young = int((known & (log.joined < begins)).sum()), int((known & (log.joined > last)).sum())
    total = np.bincount(inviter[inside], minlength=log.accounts)
    return FirstDays(eligible, early, young, int((~known).sum()), total, counts)


def ends(ci: Interval | None) -> tuple[float, float]:
    """Both ends of an interval; nan where there is none.

    >>> ends(Interval(1.0, 2.0)), ends(None)
    ((1.0, 2.0), (nan, nan))
    """
    return (ci.lo, ci.hi) if ci is not None else (math.nan, math.nan)


def mean_with_interval(counts: Floats | Integers, level: float) -> tuple[float, Interval | None]:
    """Mean of skewed counts by member, its interval on the scale of logarithms; none with too few of them.

    >>> mean, ci = mean_with_interval(np.repeat([0, 1, 2], [80, 15, 5]), 0.95)
    >>> mean, round(ci.lo, 3), round(ci.hi, 3)
    (0.25, 0.164, 0.381)

    Args:
        counts: By member.
        level: Of the interval.
    """
    n, total = len(counts), float(counts.sum())
    if not n:
        return math.nan, None
    mean = total / n
    if total < FEWEST:
        return mean, None
    half = z_value(level) * float(counts.std(ddof=1)) / math.sqrt(n) / mean
    return mean, Interval(mean * math.exp(-half), mean * math.exp(half), level)


def ratio_with_interval(up: Floats | Integers, down: Floats | Integers, level: float) -> tuple[float, Interval | None]:
    """Ratio of sums by member, its interval on the scale of logarithms (delta method); none with too few.

    >>> ratio_with_interval(np.array([3.0, 9.0, 6.0]), np.array([1.0, 3.0, 2.0]), 0.95)[0]
    3.0

    Args:
        up: Above the line, by member.
        down: Below it, by member.
        level: Of the interval.
    """
    top, below, n = float(up.sum()), float(down.sum()), len(up)
    if below <= 0:
        return math.nan, None
    ratio = top / below
    if min(top, below) < FEWEST or n < FEWEST:
        return ratio, None
    left = up - ratio * down
    half = z_value(level) * math.sqrt(float((left**2).sum()) * n / (n - 1)) / top
    return ratio, Interval(ratio * math.exp(-half), ratio * math.exp(half), level)
