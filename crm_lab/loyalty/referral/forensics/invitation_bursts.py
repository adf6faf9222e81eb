"""Days and hours on which somebody invites far more people than inviters do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, stats

from crm_lab.arrays import Floats, Integers
from crm_lab.loyalty.referral.invitation_log.log_checks import NEVER
from crm_lab.loyalty.referral.invitation_log.referral_log import ReferralLog


@dataclass(frozen=True, eq=False)
class InvitationBursts:
    """Spans in which one account sent so many invitations that chance hardly makes them.

    Attributes:
        table: One row per burst, the least likely first: ``account``, ``span`` (day or hour), ``start`` (day),
            ``invitations``, ``chance`` (of one so large among all spans).
        base: Mean invitations of an inviter on a day with any, of a Poisson distribution without its zero.
        spans: Days on which somebody invited, added up over inviters.
    """

    table: pd.DataFrame
    base: float
    spans: int


def invitation_bursts(log: ReferralLog, alpha: float = 0.05) -> InvitationBursts:
    """Exact Poisson tails of invitations a day (and an hour, where times are known), corrected for all that were seen.

    Honest people invite in bursts, too (a message to a group), and such data are wider than a Poisson distribution:
    a burst is a reason to look, never enough to suspect.

    >>> from crm_lab.loyalty.referral.planted.planted_referrals import PlantedReferrals
    >>> log = PlantedReferrals(members=2_000, bursts=2, seed=1).make().log()
    >>> len(invitation_bursts(log).table) >= 2
    True

    Args:
        log: Invitations.
        alpha: Corrected chance below which a span is named.
    """
    sent, hour = log.rows["invited_day"].to_numpy(), log.rows["hour"].to_numpy()
    who = log.rows["inviter"].to_numpy()
    parts, base, spans = [], 0.0, 0
    for span, at in (("hour", hour), ("day", sent)):
        if (at != NEVER).any():
            found, base, spans = _bursts(who[at != NEVER], at[at != NEVER])
            found = found.assign(span=span, start=found["at"] // (24 if span == "hour" else 1))
            parts.append(found[found["chance"] <= alpha])
    columns = ["account", "span", "start", "invitations", "chance"]
    made = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return InvitationBursts(made.sort_values("chance", kind="stable")[columns].reset_index(drop=True), base, spans)


def _bursts(account: Integers, at: Integers) -> tuple[pd.DataFrame, float, int]:
    counts = pd.DataFrame({"account": account, "at": at}).groupby(["account", "at"]).size()
    n = counts.to_numpy()
    rate = positive_rate(float(n.mean()))
    chance: Floats = np.ones(len(n))
    more = n >= 2
    chance[more] = stats.poisson.sf(n[more] - 1, rate) / -np.expm1(-rate)
    made = counts.rename("invitations").reset_index().assign(chance=np.minimum(chance * len(n), 1.0))
    return made, float(n.mean()), len(n)


def positive_rate(mean: float) -> float:
    """Rate of the Poisson distribution without its zero that has a mean.

    >>> round(positive_rate(1.5), 3)
    0.874

    Args:
        mean: Of counts of 1 or more.
    """
    if mean <= 1 + 1e-9:
        return 1e-9
    return float(optimize.brentq(lambda rate: rate / -np.expm1(-rate) - mean, 1e-9, mean))
