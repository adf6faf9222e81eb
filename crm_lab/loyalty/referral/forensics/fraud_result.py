"""What was found suspicious in referrals: groups, accounts, referrals, money, and the list for review."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import ClassVar

import networkx as nx
import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats, Positions
from crm_lab.checks import BadInput
from crm_lab.loyalty.referral.forensics.account_rings import AccountGroups
from crm_lab.loyalty.referral.forensics.fraud_reasons import group_reasons, in_words, referral_reasons
from crm_lab.loyalty.referral.forensics.group_evidence import FEWEST
from crm_lab.loyalty.referral.forensics.invitation_bursts import InvitationBursts
from crm_lab.loyalty.referral.forensics.ring_graph import ring_graph
from crm_lab.loyalty.referral.invitation_log.invited_behaviour import InvitedBehaviour
from crm_lab.loyalty.referral.invitation_log.log_checks import NEVER
from crm_lab.loyalty.referral.invitation_log.referral_log import UNKNOWN, ReferralLog
from crm_lab.loyalty.referral.invitation_log.referral_money import money
from crm_lab.messages import Message
from crm_lab.results import Fact, Kind, Readout, Result

_RING = 3  # accounts


@dataclass(frozen=True, eq=False)
class ReferralFraudResult(Result):
    """Groups of accounts that look made up, for a person to review.

    >>> from crm_lab.loyalty.referral.planted.planted_referrals import PlantedReferrals
    >>> from crm_lab.loyalty.referral.forensics.referral_fraud import ReferralFraud
    >>> found = ReferralFraud().analyze(PlantedReferrals(members=4_000, rings=3, seed=2).make().log())

    Attributes:
        follow_up_days: First days in which a brought account may buy.
        currency: ISO code of the rewards.
        log: Invitations.
        seen: What brought accounts did.
        groups: All groups that were looked at.
        group: Group of each suspected account, `UNKNOWN` for the others, shape (n,).
        chance: That honest accounts look so, 1 for the others, shape (n,).
        bursts: Days on which somebody invited very many.
    """

    follow_up_days: int
    currency: str
    log: ReferralLog
    seen: InvitedBehaviour
    groups: AccountGroups
    group: Positions
    chance: Floats
    bursts: InvitationBursts

    name: ClassVar[str] = "referral_fraud"
    formats: ClassVar[dict[str, str]] = {"at_stake": ",.2f", "score": ".1f", "chance": ".2g"}
    words: ClassVar[dict[str, str]] = {"scheme": "referral.scheme_"}

    @cached_property
    def suspected(self) -> Booleans:
        """Which accounts are suspected, shape (n,).

        >>> int(found.suspected.sum()) > 10
        True
        """
        return np.asarray(self.group != UNKNOWN)

    @cached_property
    def valid(self) -> Booleans:
        """Which brought accounts are valid new members: bought, kept it, and not suspected, shape (n,).

        >>> bool((found.valid & found.suspected).any())
        False
        """
        return np.asarray(self.seen.keeps & ~self.suspected)

    @cached_property
    def flagged(self) -> Booleans:
        """Which invitations are suspected: those that brought a suspected account, shape (rows,).

        >>> int(found.flagged.sum()) <= int(found.suspected.sum())
        True
        """
        invited = self.log.rows["invited"].to_numpy()
        return np.asarray(self.log.credited & self.suspected[np.maximum(invited, 0)])

    @property
    def at_stake(self) -> float:
        """Rewards paid for suspected referrals.

        >>> found.at_stake > 0
        True
        """
        return float(self.log.rows["reward"].to_numpy()[self.flagged].sum())

    @property
    def judged(self) -> int:
        """Accounts in groups that were looked at.

        >>> found.judged > found.suspected.sum()
        np.True_
        """
        return int(self.groups.members["account"].nunique())

    @property
    def expected_false(self) -> float:
        """Honest accounts to expect on the list, at most: the highest chance on it times the accounts looked at.

        >>> found.expected_false < 5
        True
        """
        return float(self.chance[self.suspected].max(initial=0.0)) * self.judged

    @cached_property
    def _named(self) -> pd.DataFrame:
        """One row per group with suspected accounts, the most money first."""
        numbers, accounts = np.unique(self.group[self.suspected], return_counts=True)
        rows = self.log.rows[self.flagged]
        own = self.group[rows["invited"].to_numpy()]
        paid = rows["reward"].groupby(own).sum().reindex(numbers, fill_value=0.0).to_numpy()
        count = rows["reward"].groupby(own).size().reindex(numbers, fill_value=0).to_numpy()
        waiting = (rows["rewarded_day"] == NEVER).groupby(own).sum().reindex(numbers, fill_value=0).to_numpy()
        table = self.groups.table.iloc[numbers]
        scheme = np.where(table["scheme"] == "batch", "batch", np.where(accounts >= _RING, "ring", "pair"))
        made = pd.DataFrame(
            {
                "number": numbers, "scheme": scheme, "accounts": accounts, "referrals": count, "at_stake": paid,
                "waiting": waiting, "chance": table["chance"].to_numpy(),
            }
        )  # fmt: skip
        made = made.assign(score=-np.log10(made["chance"].clip(lower=1e-300)))
        return made.sort_values(["at_stake", "score"], ascending=False, kind="stable").reset_index(drop=True)

    @cached_property
    def _suspects(self) -> ReferralLog:
        """What concerns suspected accounts of the log: reasons are looked for in it, group by group."""
        rows, marks = self.log.rows, self.log.marks
        kept = self.suspected[rows["inviter"].to_numpy()] & (rows["invited"] != UNKNOWN).to_numpy()
        masks = {name: getattr(self.log, name)[kept] for name in ("credited", "second", "existing")}
        return replace(self.log, rows=rows[kept], marks=marks[self.suspected[marks["account"].to_numpy()]], **masks)

    @cached_property
    def _why(self) -> list[list[Message]]:
        numbers = self._named["number"]
        return [
            group_reasons(self._suspects, self.seen, self.groups, self.accounts_of(k), int(number), self.bursts)
            for k, number in enumerate(numbers)
        ]

    def accounts_of(self, place: int) -> Positions:
        """The suspected accounts of a group.

        >>> len(found.accounts_of(0)) == found.to_frame()["accounts"].iloc[0]
        np.True_

        Args:
            place: Row of the group in `to_frame`.

        Returns:
            Numbers of accounts, shape (n,).

        Raises:
            BadInput: If there is no such row.
        """
        if not 0 <= place < len(self._named):
            raise BadInput(f"There is no group {place}; the list has {len(self._named)}, counted from 0.")
        return np.flatnonzero(self.group == self._named["number"].iloc[place])

    def to_frame(self) -> pd.DataFrame:
        """One row per group to review, the most money at stake first.

        ``reasons`` are names of reasons; `review` has them in words.

        >>> found.to_frame()["scheme"].value_counts()["ring"] >= 3
        np.True_
        """
        reasons = [" ".join(message.key.rpartition(".why_")[2] for message in why) for why in self._why]
        made = self._named.drop(columns=["number"]).assign(reasons=reasons)
        made.insert(0, "group", [f"G{k + 1}" for k in range(len(made))])
        return made

    def shown(self) -> pd.DataFrame:
        """The groups with short names of their reasons; `review` has them in sentences.

        >>> "_" in " ".join(found.shown()["reasons"])
        False
        """
        made = self.in_words(self.to_frame()).drop(columns=["chance"])
        start, comma = "referral.reason_", Message("referral.reasons_between").text()
        return made.assign(
            reasons=[comma.join(Message(f"{start}{name}").text() for name in all_.split()) for all_ in made["reasons"]]
        )

    def review(self, lang: str | None = None) -> pd.DataFrame:
        """The list for the person who reviews: groups with the reasons in words and the ids of the accounts.

        >>> list(found.review())
        ['group', 'scheme', 'accounts', 'referrals', 'at_stake', 'waiting', 'score', 'reasons', 'customer_ids']

        Args:
            lang: ``en`` or ``zh``; the active language unless given.

        Returns:
            One row per group, most money first.
        """
        made = self.to_frame().drop(columns=["chance"])
        made["scheme"] = [Message(f"referral.scheme_{name}").text(lang) for name in made["scheme"]]
        made["reasons"] = [in_words(why, lang) for why in self._why]
        ids = self.log.customer_id
        made["customer_ids"] = [" ".join(ids[self.accounts_of(k)]) for k in range(len(made))]
        return made

    def accounts(self) -> pd.DataFrame:
        """One row per suspected account: its group, score and what it did.

        >>> found.accounts()["customer_id"].is_unique
        True
        """
        return referral_reasons(self.log, self.seen, self._places, self.chance, self.suspected)

    @cached_property
    def _places(self) -> Positions:
        place = np.full(len(self.groups.table) + 1, UNKNOWN)
        place[self._named["number"].to_numpy()] = np.arange(len(self._named))
        return np.where(self.suspected, place[self.group], UNKNOWN)

    def referrals(self) -> pd.DataFrame:
        """One row per suspected referral: what is at stake in it and its reasons.

        >>> len(found.referrals()) == found.flagged.sum()
        np.True_
        """
        rows = self.log.rows[self.flagged]
        invited = rows["invited"].to_numpy()
        of_account = self.accounts().set_index("customer_id")
        ids = self.log.customer_id
        whom = of_account.loc[ids[invited]]
        return pd.DataFrame(
            {
                "referral": rows["referral"].to_numpy(), "customer_id": ids[rows["inviter"]],
                "invited_id": ids[invited],
                "group": whom["group"].to_numpy(), "score": whom["score"].to_numpy(),
                "reward": rows["reward"].to_numpy(), "reasons": whom["reasons"].to_numpy(),
            }
        )  # fmt: skip

    def breaches(self) -> pd.DataFrame:
        """Rewards against the rules, whoever they are: paid for no new member, twice, or before joining.

        >>> list(found.breaches())
        ['breach', 'rows', 'reward']
        """
        rows, log = self.log.rows, self.log
        reward, paid = rows["reward"].to_numpy(), rows["rewarded_day"].to_numpy() != NEVER
        joined = rows["joined_day"].to_numpy()
        level = self.seen.level[np.maximum(rows["invited"].to_numpy(), 0)]
        tests = {
            "second_inviter": log.second & paid,
            "existing_member": log.existing & paid,
            "not_joined": (joined == NEVER) & paid,
            "before_joining": paid & (joined != NEVER) & (rows["rewarded_day"].to_numpy() < joined),
            "returned_after_reward": log.credited & (level == 5) & ~self.flagged,
        }
        found = [(name, int(which.sum()), float(reward[which].sum())) for name, which in tests.items()]
        own = log.set_aside[log.set_aside["reason"] == "own_account"]
        found.append(("own_account", int((own["reward"] > 0).sum()), float(own["reward"].sum())))
        return pd.DataFrame(found, columns=["breach", "rows", "reward"])

    def graph(self, place: int = 0) -> nx.MultiDiGraph[int]:
        """A group as a graph without ids: who invited whom, who shares what.

        >>> len(found.graph(0)) == len(found.accounts_of(0))
        True

        Args:
            place: Row of the group in `to_frame`.

        Returns:
            Accounts as nodes, invitations and shared marks as edges.
        """
        return ring_graph(self.log, self.accounts_of(place))

    def refusal(self) -> Message | None:
        """Why nothing can be said, or ``None``.

        >>> found.refusal() is None
        True
        """
        if self.log.lines.empty:
            return Message("referral.fraud.refused_no_purchases")
        if self.groups.usual is None:
            values = {"n": int(self.seen.known.sum()), "days": self.follow_up_days, "least": FEWEST}
            return Message("referral.fraud.refused_few", values)
        return None

    def readout(self) -> Readout:
        """How much looks made up, how often honest people are on the list, and what to do.

        >>> print(found.readout().action)
        Let a person look at each group before anything is withheld, starting with the most money; ...
        """
        refused = self.refusal()
        if refused is not None:
            return Readout(refused, "referral.fraud.certainty_refused", "referral.fraud.action_refused")
        values = {
            "groups": len(self._named), "accounts": int(self.suspected.sum()), "referrals": int(self.flagged.sum()),
            "joined": int(self.log.credited.sum()), "money": money(self.at_stake, self.currency),
            "false": self.expected_false, "judged": self.judged, "days": self.follow_up_days,
            "hubs": len(self.groups.tied.hubs), "aside": self.log.said_aside(),
        }  # fmt: skip
        finding = "finding" if len(self._named) else "finding_none"
        certainty = "certainty" if len(self.log.marks) else "certainty_no_marks"
        action = "action" if len(self._named) else "action_none"
        return Readout.of("referral.fraud", values, finding, certainty, action)

    def facts(self) -> tuple[Fact, ...]:
        """Groups, accounts, referrals, money at stake, and honest accounts to expect.

        >>> [fact.id for fact in found.facts()][:3]
        ['referral.fraud.groups', 'referral.fraud.rings', 'referral.fraud.accounts']
        """
        kind: Kind = "simulated" if self.log.simulated else "estimate"
        refused = self.refusal()
        fact = partial(Fact, kind=kind, refusal=refused, better="down")
        scheme = self._named["scheme"] if len(self._named) else pd.Series(dtype=str)
        joined = int(self.log.credited.sum())
        found = {
            "groups": (len(self._named), "groups", len(self.groups.table)),
            "rings": (int((scheme == "ring").sum()), "groups", len(self.groups.table)),
            "accounts": (int(self.suspected.sum()), "accounts", self.log.accounts),
            "referrals": (int(self.flagged.sum()), "referrals", joined),
            "share": (float(self.flagged.sum() / joined) if joined else None, "share", joined),
            "at_stake": (self.at_stake, self.currency, int(self.flagged.sum())),
            "expected_false": (self.expected_false, "accounts", self.judged),
        }
        return tuple(
            fact(f"referral.fraud.{name}", Message(f"referral.fraud.fact_{name}"),
                 None if refused else value, unit, n=n)
            for name, (value, unit, n) in found.items()
        )  # fmt: skip
