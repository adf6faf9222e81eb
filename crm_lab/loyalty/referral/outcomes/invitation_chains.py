"""How deep chains of invitations go, and by how much each generation brings less than the one before."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, partial
from typing import ClassVar, Final

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Integers, Positions
from crm_lab.checks import check_settings, not_levels, too_small
from crm_lab.loyalty.referral.forensics.fraud_result import ReferralFraudResult
from crm_lab.loyalty.referral.invitation_log.log_checks import NEVER
from crm_lab.loyalty.referral.invitation_log.referral_log import UNKNOWN
from crm_lab.loyalty.referral.outcomes.referral_counts import (
    FEWEST,
    FirstDays,
    ends,
    first_days,
    mean_with_interval,
    ratio_with_interval,
)
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.stats.intervals import z_value

CIRCLE: Final = -2  # generation of accounts whose inviters lead round in a circle


def generations(inviter: Positions) -> Integers:
    """Steps from each account up to one that nobody brought; `CIRCLE` for those that lead round in a circle.

    >>> generations(np.array([-1, 0, 1, 4, 3])).tolist()
    [0, 1, 2, -2, -2]

    Args:
        inviter: Who brought each account, -1 for nobody, shape (n,).
    """
    found = np.where(inviter == UNKNOWN, 0, CIRCLE)
    left = np.flatnonzero(found == CIRCLE)
    while len(left):
        above = found[inviter[left]]
        done = above != CIRCLE
        if not done.any():
            break
        found[left[done]] = above[done] + 1
        left = left[~done]
    return found


@dataclass(frozen=True, kw_only=True)
class InvitationChains:
    """Over which time each member is counted, as in `Invitations`.

    >>> from crm_lab.loyalty.referral import PlantedReferrals, ReferralFraud
    >>> fraud = ReferralFraud().analyze(PlantedReferrals(members=6_000, seed=1).make().log())
    >>> result = InvitationChains().analyze(fraud)
    >>> result.to_frame()["generation"].tolist()[:3]
    [0, 1, 2]

    Attributes:
        first_days: Days of a member from joining, in which its invitations count.
        answer_days: Days from an invitation, in which joining counts.
        level: Confidence level.
    """

    first_days: int = 90
    answer_days: int = 30
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, first_days=1, answer_days=1), not_levels(self, "level"))

    def analyze(self, fraud: ReferralFraudResult) -> InvitationChainsResult:
        """Follow the chains, suspected accounts left out.

        >>> bool(np.isclose(InvitationChains(level=0.9).analyze(fraud).decay[0], result.decay[0]))
        True

        Args:
            fraud: Referrals, looked through for made-up accounts.

        Returns:
            Depth, sizes and decay of chains.
        """
        counts = first_days(fraud, self.first_days, self.answer_days)
        return InvitationChainsResult(self, fraud, counts, generations(fraud.log.inviter_of))


@dataclass(frozen=True, eq=False)
class InvitationChainsResult(Result):
    """What each generation of members sends and brings.

    Generation 0 came by itself, generation 1 was brought by it, and so on.

    >>> from crm_lab.loyalty.referral import PlantedReferrals, ReferralFraud
    >>> fraud = ReferralFraud().analyze(PlantedReferrals(members=6_000, seed=1).make().log())
    >>> result = InvitationChains().analyze(fraud)

    Attributes:
        spec: What was asked.
        fraud: Referrals, looked through.
        counts: What each member sent and brought in its first days.
        generation: Of each account, `CIRCLE` for those that lead round, shape (n,).
    """

    spec: InvitationChains
    fraud: ReferralFraudResult
    counts: FirstDays
    generation: Integers

    name: ClassVar[str] = "invitation_chains"
    formats: ClassVar[dict[str, str]] = {
        "invitations_per_member": ".3f", "conversion": ".1%", "conversion_lo": ".1%", "conversion_hi": ".1%",
        "k_factor": ".3f", "lo": ".3f", "hi": ".3f",
    }  # fmt: skip

    @property
    def _counted(self) -> Booleans:
        return np.asarray(self.counts.eligible & ~self.fraud.suspected & (self.generation != CIRCLE))

    def to_frame(self) -> pd.DataFrame:
        """One row per generation of inviters: members, invitations, conversion and K, with intervals.

        >>> frame = result.to_frame()
        >>> bool((frame["conversion_lo"].dropna() <= frame["conversion"][frame["conversion_lo"].notna()]).all())
        True
        """
        rows, deepest = [], int(self.generation[self._counted].max(initial=-1))
        for g in range(deepest + 1):
            members = self._counted & (self.generation == g)
            sent, real = self.counts.sent[members], self.counts.brought["real"][members]
            c, c_ci = ratio_with_interval(real, sent, self.spec.level)
            k, k_ci = mean_with_interval(real, self.spec.level)
            n, (c_lo, c_hi), (k_lo, k_hi) = int(members.sum()), ends(c_ci), ends(k_ci)
            rows.append(
                {
                    "generation": g, "members": n, "invitations": int(sent.sum()), "brought": int(real.sum()),
                    "invitations_per_member": sent.sum() / n if n else np.nan, "conversion": c,
                    "conversion_lo": c_lo, "conversion_hi": c_hi, "k_factor": k, "lo": k_lo, "hi": k_hi,
                }
            )  # fmt: skip
        return pd.DataFrame(rows)

    @cached_property
    def decay(self) -> tuple[float, Interval | None]:
        """By what conversion is multiplied from one generation to the next: 1 is no decay.

        Weighted least squares of the logarithms of generations with enough new members; their members are different
        people, so the errors are apart.

        >>> value, ci = result.decay
        >>> ci.lo < 0.9 < ci.hi
        True
        """
        frame = self.to_frame()
        frame = frame[frame["conversion_lo"].notna()] if len(frame) else frame
        if len(frame) < 2:
            return math.nan, None
        z = z_value(self.spec.level)
        y, x = np.log(frame["conversion"].to_numpy()), frame["generation"].to_numpy(dtype=float)
        se = (np.log(frame["conversion_hi"]) - np.log(frame["conversion_lo"])).to_numpy() / (2 * z)
        w = 1 / se**2
        centre = (w @ x) / w.sum()
        spread = float(w @ (x - centre) ** 2)
        slope = float(w @ ((x - centre) * y)) / spread
        half = z / math.sqrt(spread)
        return math.exp(slope), Interval(math.exp(slope - half), math.exp(slope + half), self.spec.level)

    @property
    def deepest(self) -> int:
        """Generations below one that came by itself, suspected accounts left out.

        >>> result.deepest >= 2
        True
        """
        return int(self.generation[~self.fraud.suspected].max(initial=0))

    @property
    def in_circles(self) -> int:
        """Accounts whose inviters lead round in a circle; their days of joining contradict one another.

        >>> result.in_circles
        0
        """
        return int((self.generation == CIRCLE).sum())

    @cached_property
    def roots(self) -> Positions:
        """The account at the top of each one's chain, shape (n,); itself where nobody brought it, or in a circle.

        >>> bool((result.generation[result.roots] <= 0).all())
        True
        """
        by = self.fraud.log.inviter_of
        found = np.arange(len(by))
        for g in range(1, int(self.generation.max(initial=0)) + 1):
            rows = np.flatnonzero(self.generation == g)
            found[rows] = found[by[rows]]
        return found

    def sizes(self) -> pd.DataFrame:
        """How many members hang on one who came by itself, that one included; suspected accounts left out.

        >>> list(result.sizes())
        ['chain_size', 'chains', 'members', 'deepest']
        """
        kept = ~self.fraud.suspected & ~self.fraud.suspected[self.roots] & (self.generation != CIRCLE)
        size = np.bincount(self.roots[kept], minlength=len(kept))
        depth = pd.Series(self.generation[kept]).groupby(self.roots[kept]).max()
        size = size[depth.index]
        labels = ["1", "2", "3-5", "6-10", "11-30", "31+"]
        band = pd.cut(size, [0, 1, 2, 5, 10, 30, np.inf], labels=labels)
        table = pd.DataFrame({"chain_size": band, "size": size, "deepest": depth.to_numpy()})
        grouped = table.groupby("chain_size", observed=True)
        made = grouped.agg(chains=("size", "size"), members=("size", "sum"), deepest=("deepest", "max"))
        return made.reset_index().astype({"chain_size": str})

    @cached_property
    def referred_share(self) -> tuple[float, int]:
        """Share of members, suspected ones left out, who joined since the first invitation by one; and of how many.

        >>> 0 < result.referred_share[0] < 1
        True
        """
        log = self.fraud.log
        begins = int(log.rows["invited_day"].min())
        new = (log.joined != NEVER) & (log.joined >= begins) & ~self.fraud.suspected
        n = int(new.sum())
        return (float((log.inviter_of[new] != UNKNOWN).mean()) if n else math.nan), n

    def refusal(self) -> Message | None:
        """Why no decay can be said, or ``None``.

        >>> result.refusal() is None
        True
        """
        fraud = self.fraud.refusal()
        if fraud is not None:
            return fraud
        return None if self.decay[1] is not None else Message("referral.chains.refused", {"least": FEWEST})

    def readout(self) -> Readout:
        """How fast chains fade, how deep they go, and what to do.

        >>> result.readout().certainty.key
        'referral.chains.certainty'
        """
        refused = self.refusal()
        if refused is not None:
            return Readout(refused, "referral.chains.certainty_refused", "referral.chains.action_refused")
        value, ci = self.decay
        share, new = self.referred_share
        values = {
            "decay": value, "lo": ends(ci)[0], "hi": ends(ci)[1], "level": self.spec.level,
            "deepest": self.deepest, "share": share, "new": new, "circles": self.in_circles,
            "first": self.spec.first_days, "answer": self.spec.answer_days,
        }  # fmt: skip
        fades = "fades" if ci and ci.hi < 1 else "grows" if ci and ci.lo > 1 else "open"
        circles = "certainty" if not self.in_circles else "certainty_circles"
        return Readout.of("referral.chains", values, f"finding_{fades}", circles, f"action_{fades}")

    def facts(self) -> tuple[Fact, ...]:
        """Decay, depth, and the share of new members who were brought.

        >>> [fact.id for fact in result.facts()]
        ['referral.chains.decay', 'referral.chains.deepest', 'referral.chains.share']
        """
        simulated = self.fraud.log.simulated
        kind: Kind = "simulated" if simulated else "estimate"
        counted: Kind = "simulated" if simulated else "fact"
        refused, (value, ci), (share, new) = self.refusal(), self.decay, self.referred_share
        fact = partial(Fact, better="up")
        return (
            fact("referral.chains.decay", "referral.chains.fact_decay", None if refused else value,
                 ci=None if refused else ci, kind=kind, refusal=refused, n=int(self._counted.sum())),
            fact("referral.chains.deepest", "referral.chains.fact_deepest", self.deepest, "generations", kind=counted),
            fact("referral.chains.share", "referral.chains.fact_share", share if new else None, "share", n=new,
                 kind=counted, refusal=None if new else Message("referral.chains.nobody_new")),
        )  # fmt: skip
