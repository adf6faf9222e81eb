"""How many members an invitation and a member bring, before and after suspected fraud, and at what cost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from crm_lab.checks import check_settings, not_levels, too_small
from crm_lab.loyalty.referral.forensics.fraud_result import ReferralFraudResult
from crm_lab.loyalty.referral.invitation_log.referral_money import money
from crm_lab.loyalty.referral.outcomes.referral_counts import (
    COUNTED,
    FEWEST,
    FirstDays,
    ends,
    first_days,
    mean_with_interval,
    ratio_with_interval,
)
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, Result

By = Literal["month", "channel", "all"]


@dataclass(frozen=True, kw_only=True)
class Invitations:
    """Over which time invitations and members are counted: the same for each.

    >>> from crm_lab.loyalty.referral import PlantedReferrals, ReferralFraud
    >>> fraud = ReferralFraud().analyze(PlantedReferrals(members=6_000, rings=3, seed=1).make().log())
    >>> result = Invitations().analyze(fraud)
    >>> result.to_frame()["counted"].tolist()
    ['joined', 'real', 'valid']

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

    def analyze(self, fraud: ReferralFraudResult) -> InvitationsResult:
        """Count.

        >>> Invitations(first_days=30).analyze(fraud).k("joined")[0] < result.k("joined")[0]
        True

        Args:
            fraud: Referrals, looked through for made-up accounts.

        Returns:
            Funnel, K and cost per valid new member.
        """
        return InvitationsResult(self, fraud, first_days(fraud, self.first_days, self.answer_days))


@dataclass(frozen=True, eq=False)
class InvitationsResult(Result):
    """Funnel of invitations, new members per member (K), and what a valid one costs.

    >>> from crm_lab.loyalty.referral import PlantedReferrals, ReferralFraud
    >>> fraud = ReferralFraud().analyze(PlantedReferrals(members=6_000, rings=3, seed=1).make().log())
    >>> result = Invitations().analyze(fraud)

    Attributes:
        spec: What was asked.
        fraud: Referrals, looked through.
        counts: What each member sent and brought in its first days.
    """

    spec: Invitations
    fraud: ReferralFraudResult
    counts: FirstDays

    name: ClassVar[str] = "invitations"
    formats: ClassVar[dict[str, str]] = {
        "invitations_per_member": ".3f", "conversion": ".1%", "k_factor": ".3f", "lo": ".3f", "hi": ".3f",
    }  # fmt: skip
    words: ClassVar[dict[str, str]] = {"counted": "referral.counted_"}

    def k(self, counted: Literal["joined", "real", "valid"] = "valid") -> tuple[float, Interval | None]:
        """New members per member, and the interval with members as the units.

        Without suspected accounts neither they nor whom they brought count.

        >>> value, ci = result.k("joined")
        >>> ci.lo < value < ci.hi
        True

        Args:
            counted: All who ``joined``, the ``real`` (not suspected), or the ``valid`` (who also kept a purchase).

        Returns:
            K and its interval; none where too few were brought.
        """
        return mean_with_interval(self.counts.brought[counted][self._members(counted)], self.spec.level)

    def _members(self, counted: str) -> Any:
        return self.counts.eligible & (~self.fraud.suspected if counted != "joined" else True)

    def to_frame(self) -> pd.DataFrame:
        """One row per way of counting: members, invitations per member, conversion and their product K.

        >>> frame = result.to_frame()
        >>> bool(np.allclose(frame["invitations_per_member"] * frame["conversion"], frame["k_factor"]))
        True
        """
        rows = []
        for counted in COUNTED:
            members = self._members(counted)
            sent, brought = int(self.counts.sent[members].sum()), int(self.counts.brought[counted][members].sum())
            n, (value, ci) = int(members.sum()), self.k(counted)
            rows.append(
                {
                    "counted": counted, "members": n, "invitations": sent, "brought": brought,
                    "invitations_per_member": sent / n if n else np.nan,
                    "conversion": brought / sent if sent else np.nan, "k_factor": value,
                    "lo": ends(ci)[0], "hi": ends(ci)[1],
                }
            )  # fmt: skip
        return pd.DataFrame(rows)

    @cached_property
    def _old_enough(self) -> pd.DataFrame:
        """Invitations whose answer, purchase and return could all have been seen, with what came of them."""
        log, fraud, spec = self.fraud.log, self.fraud, self.spec
        rows = log.rows.assign(credited=log.credited)
        last = log.as_of - spec.answer_days - fraud.follow_up_days + 1
        rows = rows[rows["invited_day"] <= last]
        whom = np.maximum(rows["invited"].to_numpy(), 0)
        in_time = (rows["joined_day"] - rows["invited_day"] < spec.answer_days).to_numpy()
        joined = rows["credited"].to_numpy() & in_time
        return rows.assign(
            joined=joined, bought=joined & (fraud.seen.bought[whom] > 0), real=joined & ~fraud.suspected[whom],
            valid=joined & fraud.valid[whom],
            month=(rows["invited_day"].to_numpy().astype("datetime64[D]").astype("datetime64[M]")).astype("datetime64[s]"),
        )  # fmt: skip

    def funnel(self, by: By = "month") -> pd.DataFrame:
        """Invited, joined, bought, valid, by month of the invitation or channel; only invitations that are old enough.

        >>> frame = result.funnel("all")
        >>> bool((frame["invited"] >= frame["joined"]).all() and (frame["joined"] >= frame["valid"]).all())
        True

        Args:
            by: ``month``, ``channel``, or ``all`` for one row.

        Returns:
            Columns of counts, ``conversion`` and ``valid_share`` (of the invited), ``reward`` and ``cost_per_valid``.
        """
        rows = self._old_enough
        key = np.full(len(rows), "all") if by == "all" else rows[by].to_numpy()
        grouped = rows.groupby(key, sort=True)
        made = grouped[["joined", "bought", "real", "valid"]].sum().astype(int)
        made.insert(0, "invited", grouped.size())
        made["conversion"], made["valid_share"] = made["joined"] / made["invited"], made["valid"] / made["invited"]
        made["reward"] = grouped["reward"].sum()
        made["cost_per_valid"] = made["reward"] / made["valid"].where(made["valid"] > 0)
        return made.rename_axis(by if by != "all" else "group").reset_index()

    def cost_per_valid(self) -> tuple[float, Interval | None]:
        """Rewards paid for all invitations that are old enough, per valid new member; inviters are the units.

        >>> value, ci = result.cost_per_valid()
        >>> value >= 10 and ci.lo < value < ci.hi
        True
        """
        rows = self._old_enough
        sums = rows.assign(valid=rows["valid"].astype(float)).groupby("inviter")[["reward", "valid"]].sum()
        return ratio_with_interval(sums["reward"].to_numpy(), sums["valid"].to_numpy(), self.spec.level)

    def refusal(self) -> Message | None:
        """Why K cannot be said, or ``None``.

        >>> result.refusal() is None
        True
        """
        fraud = self.fraud.refusal()
        if fraud is not None:
            return fraud
        brought = int(self.counts.brought["joined"][self.counts.eligible].sum())
        if brought < FEWEST:
            days = self.spec.first_days + self.spec.answer_days + self.fraud.follow_up_days
            values = {"members": int(self.counts.eligible.sum()), "days": days, "brought": brought, "least": FEWEST}
            return Message("referral.k.refused", values)
        return None

    def readout(self) -> Readout:
        """K before and after fraud, whom it rests on, and what to do.

        >>> result.readout().finding.key
        'referral.k.finding'
        """
        refused = self.refusal()
        if refused is not None:
            return Readout(refused, "referral.k.certainty_refused", "referral.k.action_refused")
        (gross, _), (valid, ci) = self.k("joined"), self.k("valid")
        cost, cost_ci = self.cost_per_valid()
        values = {
            "gross": gross, "valid": valid, "lo": ends(ci)[0], "hi": ends(ci)[1],
            "level": self.spec.level, "first": self.spec.first_days, "answer": self.spec.answer_days,
            "follow": self.fraud.follow_up_days, "members": int(self._members("valid").sum()),
            "early": self.counts.early, "young": self.counts.young, "undated": self.counts.undated,
            "cost": money(cost, self.fraud.currency), "aside": self.fraud.log.said_aside(),
            "cost_lo": ends(cost_ci)[0], "cost_hi": ends(cost_ci)[1],
        }  # fmt: skip
        grows = ci is not None and ci.lo > 1
        return Readout.of("referral.k", values, action="action_grows" if grows else "action")

    def facts(self) -> tuple[Fact, ...]:
        """K on each way of counting, conversion, and cost per valid new member.

        >>> [fact.id for fact in result.facts()][2:]
        ['referral.k.valid', 'referral.valid_members', 'referral.cost_per_valid']
        """
        kind: Kind = "simulated" if self.fraud.log.simulated else "estimate"
        refused = self.refusal()
        window = Message("referral.k.window", {"first": self.spec.first_days, "answer": self.spec.answer_days})
        fact = partial(Fact, kind=kind, refusal=refused, window=window)
        found = []
        for counted in COUNTED:
            value, ci = self.k(counted)
            found.append(
                fact(f"referral.k.{counted}", Message(f"referral.k.fact_{counted}"), None if refused else value,
                     ci=None if refused else ci, n=int(self._members(counted).sum()), better="up")
            )  # fmt: skip
        valid = int(self._old_enough["valid"].sum())
        unread = self.fraud.refusal()
        found.append(fact("referral.valid_members", Message("referral.k.fact_members"), None if unread else valid,
                          "members", n=valid, kind="simulated" if kind == "simulated" else "fact", refusal=unread,
                          better="up"))  # fmt: skip
        cost, ci = self.cost_per_valid()
        why = unread or (None if valid else Message("referral.k.no_valid"))
        found.append(fact("referral.cost_per_valid", Message("referral.k.fact_cost"), None if why else cost,
                          self.fraud.currency, ci=None if why else ci, n=valid, better="down",
                          refusal=why))  # fmt: skip
        return tuple(found)
