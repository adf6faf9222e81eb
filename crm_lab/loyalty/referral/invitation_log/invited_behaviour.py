"""What accounts that were brought did next: bought and stayed, bought nothing, returned all after the reward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.loyalty.referral.invitation_log.log_checks import NEVER
from crm_lab.loyalty.referral.invitation_log.referral_log import ReferralLog

LEVELS: Final = ("stays", "once", "nothing", "unearned", "returned", "returned_after_reward")
"""From what members do to what nobody does who wants the goods."""

OPEN: Final = -1  # too little follow-up
KEPT: Final = 1  # the highest level at which something was bought and kept
_ALL: Final = 0.8  # of what was bought: so much returned is all of it


@dataclass(frozen=True, eq=False)
class InvitedBehaviour:
    """What the accounts that were brought did in their first days, each in as many.

    >>> from crm_lab.loyalty.referral.planted.planted_referrals import PlantedReferrals
    >>> log = PlantedReferrals(members=2_000, seed=1).make().log()
    >>> seen = behaviour_of(log, 90)
    >>> seen.levels()["level"].tolist() == list(LEVELS)
    True

    Attributes:
        days: First days of each account that are looked at.
        level: Position in `LEVELS` for each account, `OPEN` for those not brought or too young, shape (n,).
        bought: What each bought in them, shape (n,).
        returned: What of it came back, shape (n,).
        worth: How good a customer each is: by level, then by what it kept, shape (n,).
        reward: Rewards paid for it, shape (n,).
    """

    days: int
    level: Integers
    bought: Floats
    returned: Floats
    worth: Floats
    reward: Floats

    @property
    def known(self) -> Booleans:
        """Which accounts were brought and are old enough, shape (n,).

        >>> int(seen.known.sum()) < int(log.credited.sum())
        True
        """
        return np.asarray(self.level != OPEN)

    @property
    def keeps(self) -> Booleans:
        """Which of them bought something and kept it, shape (n,).

        >>> bool((seen.bought[seen.keeps] > 0).all())
        True
        """
        return self.known & (self.level <= KEPT)

    def levels(self) -> pd.DataFrame:
        """How many accounts did what.

        >>> int(seen.levels()["accounts"].sum()) == int(seen.known.sum())
        True
        """
        counts = np.bincount(self.level[self.known], minlength=len(LEVELS))
        return pd.DataFrame({"level": LEVELS, "accounts": counts, "share": counts / max(counts.sum(), 1)})


def behaviour_of(log: ReferralLog, days: int) -> InvitedBehaviour:
    """What each account that was brought did in its first `days` days.

    Without returns in the data nothing is known to come back; without rewards nothing is unearned.

    Args:
        log: Invitations.
        days: First days of each account; those younger are left open.
    """
    brought = log.brought
    who = brought["invited"].to_numpy()
    start = np.full(log.accounts, NEVER)
    start[who] = brought["joined_day"].to_numpy()
    reward, rewarded = np.zeros(log.accounts), np.full(log.accounts, NEVER)
    reward[who], rewarded[who] = brought["reward"].to_numpy(), brought["rewarded_day"].to_numpy()
    bought, returned = log.spent(start, days)
    kept = bought - returned
    gone = (bought > 0) & (returned >= _ALL * bought)
    visits, after = _visits(log, start, days, rewarded)
    paid = rewarded != NEVER
    tests = [
        gone & paid & _back_after(log, start, days, rewarded),
        gone,
        paid & (kept < reward),
        bought <= 0,
        (visits >= 2) & (after | ~paid),
    ]
    level = np.select(tests, [5, 4, 3, 2, 0], default=1)
    open_ = (start == NEVER) | (start + days - 1 > log.as_of)
    worth = len(LEVELS) - level + np.where(level <= KEPT, kept / (np.abs(kept) + 1), 0.0)
    return InvitedBehaviour(days, np.where(open_, OPEN, level), bought, returned, worth, reward)


def _inside(log: ReferralLog, start: Integers, days: int) -> tuple[Integers, Integers, Floats]:
    account, day = log.lines["account"].to_numpy(), log.lines["day"].to_numpy()
    inside = (start[account] != NEVER) & (day >= start[account]) & (day < start[account] + days)
    return account[inside], day[inside], log.lines["amount"].to_numpy()[inside]


def _visits(log: ReferralLog, start: Integers, days: int, rewarded: Integers) -> tuple[Integers, Booleans]:
    """On how many days each account bought, and whether after the reward."""
    account, day, amount = _inside(log, start, days)
    sold = amount > 0
    pairs = np.unique(np.column_stack([account[sold], day[sold]]), axis=0)
    visits = np.bincount(pairs[:, 0], minlength=log.accounts)
    late = (rewarded[pairs[:, 0]] != NEVER) & (pairs[:, 1] > rewarded[pairs[:, 0]])
    return visits, np.bincount(pairs[:, 0], late, minlength=log.accounts) > 0


def _back_after(log: ReferralLog, start: Integers, days: int, rewarded: Integers) -> Booleans:
    """Whose returns came on the day of the reward or later."""
    account, day, amount = _inside(log, start, days)
    late = (amount < 0) & (rewarded[account] != NEVER) & (day >= rewarded[account])
    return np.bincount(account, late, minlength=log.accounts) > 0
