"""Groups of accounts that look made up: rings tied by marks, pairs of one person, batches of one inviter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.arrays import Booleans, Floats, Integers, Positions
from crm_lab.loyalty.referral.forensics.group_evidence import UsualBehaviour, honest_chances, usual_behaviour
from crm_lab.loyalty.referral.forensics.shared_marks import MarkRules, SharedMarks, marks_of_groups, tied_accounts
from crm_lab.loyalty.referral.invitation_log.invited_behaviour import OPEN, InvitedBehaviour
from crm_lab.loyalty.referral.invitation_log.referral_log import UNKNOWN, ReferralLog

BATCH: Final = 5  # accounts that one inviter brought, from which they are looked at together
_TYPICAL: Final = 0.5  # place among honest accounts: who is above is a better customer than most


@dataclass(frozen=True, eq=False)
class AccountGroups:
    """All groups that were looked at, and what speaks against each.

    Attributes:
        table: One row per group: ``scheme`` (``tied``: by marks; ``batch``: brought by one inviter), ``size``,
            ``brought`` (accounts in it that were brought), ``known`` (of those with enough follow-up), ``place`` (their
            mean place among honest accounts), ``points`` (against them), ``structure`` and ``closeness`` (how it hangs
            together), accounts beside the first on the commonest mark of each kind, ``inside`` (invitations within
            it), ``same_day`` (most that joined on one day), ``chance`` (that an honest group looks
            so), ``false_share``.
        tied: Groups by marks, numbered as in the table.
        members: Accounts of each group: columns ``group``, ``account``.
        usual: What honest accounts do; ``None`` where too few are known.
    """

    table: pd.DataFrame
    tied: SharedMarks
    members: pd.DataFrame
    usual: UsualBehaviour | None


def account_groups(log: ReferralLog, seen: InvitedBehaviour, rules: MarkRules) -> AccountGroups:
    """Look at groups tied by marks and at batches of one inviter.

    Args:
        log: Invitations.
        seen: What those who were brought did.
        rules: How marks tie.
    """
    shared = tied_accounts(log, rules)
    density = marks_of_groups(log, shared, rules)
    usual = _usual(log, seen, shared, density)
    together = np.flatnonzero(shared.group != UNKNOWN)
    members = [pd.DataFrame({"group": shared.group[together], "account": together})]
    tied = _described(log, seen, members[0], len(shared.sizes), usual)
    tied = pd.concat([tied, density], axis=1).assign(scheme="tied")
    tied["structure"] = tied["marks"] + tied["inside"] + (tied["same_day"] - 1).clip(lower=0)
    tied["closeness"] = tied["marks"] / (tied["size"] - 1).clip(lower=1)
    batches = _batches(log, len(tied))
    members.append(batches)
    made = _described(log, seen, batches.assign(group=batches["group"] - len(tied)), batches["group"].nunique(), usual)
    made = made.assign(scheme="batch", structure=made["size"], closeness=made["same_day"])
    table = pd.concat([tied, made], ignore_index=True).fillna(0.0)
    table["chance"], table["false_share"] = 1.0, 1.0
    if usual is not None:
        for scheme in ("tied", "batch"):
            rows = (table["scheme"] == scheme) & (table["known"] > 0)
            chance = honest_chances(table[rows], usual)
            table.loc[rows, "chance"], table.loc[rows, "false_share"] = (
                chance,
                stats.false_discovery_control(np.minimum(chance, 1.0)),
            )
    return AccountGroups(table, shared, pd.concat(members, ignore_index=True), usual)


def _usual(
    log: ReferralLog, seen: InvitedBehaviour, shared: SharedMarks, density: pd.DataFrame
) -> UsualBehaviour | None:
    """Of those that share no mark with their inviter, and of households."""
    group, by = shared.group, log.inviter_of
    alone = seen.known & ((group == UNKNOWN) | (group != group[np.maximum(by, 0)]))
    strong = density[["phone", "card", "device"]].to_numpy().sum(axis=1) > 0
    weak = np.zeros(log.accounts, dtype=bool)
    weak[group != UNKNOWN] = ~strong[group[group != UNKNOWN]]
    known = seen.known
    return usual_behaviour(seen.worth[known], alone[known], (weak & ~alone)[known])


def _described(
    log: ReferralLog, seen: InvitedBehaviour, members: pd.DataFrame, groups: int, usual: UsualBehaviour | None
) -> pd.DataFrame:
    """Sizes, behaviour and invitations of each group."""
    group, account = members["group"].to_numpy(), members["account"].to_numpy()
    by = log.inviter_of[account]
    level = seen.level[account]

    def count(which: Booleans, weights: Floats | None = None) -> Integers:
        found: Integers = np.bincount(group[which], None if weights is None else weights[which], minlength=groups)
        return found

    known, worth = level != OPEN, seen.worth[account]
    points = np.where(known, usual.points(worth), 0) if usual is not None else np.zeros(len(level))
    place = usual.place(worth) if usual is not None else np.ones(len(level))
    own = pd.MultiIndex.from_arrays([group, account])
    inside = (by != UNKNOWN) & pd.MultiIndex.from_arrays([group, by]).isin(own)
    brought = by != UNKNOWN
    days = pd.DataFrame({"group": group[brought], "day": log.joined[account][brought]})
    same = days.groupby(["group", "day"], sort=False).size().groupby("group").max()
    return pd.DataFrame(
        {
            "size": np.bincount(group, minlength=groups),
            "brought": count(brought),
            "known": count(level != OPEN),
            "place": count(level != OPEN, place) / np.maximum(count(level != OPEN), 1),
            "points": count(brought, points),
            "inside": count(inside),
            "same_day": same.reindex(range(groups), fill_value=0).to_numpy(),
        }
    )


def _batches(log: ReferralLog, first: int) -> pd.DataFrame:
    """Inviters of many with those they brought."""
    by = log.inviter_of
    many = np.flatnonzero(np.bincount(by[by != UNKNOWN], minlength=log.accounts) >= BATCH)
    number = np.full(log.accounts, UNKNOWN)
    number[many] = first + np.arange(len(many))
    brought = np.flatnonzero((by != UNKNOWN) & (number[np.maximum(by, 0)] != UNKNOWN))
    return pd.DataFrame(
        {"group": np.concatenate([number[by[brought]], number[many]]), "account": np.concatenate([brought, many])}
    )


def suspected_accounts(
    log: ReferralLog, seen: InvitedBehaviour, groups: AccountGroups, named: Booleans
) -> tuple[Positions, Floats]:
    """In the groups that are named, who is suspected; the others in them are only tied to those.

    Suspected are accounts that were brought and are worse customers than most honest ones, those too young to tell,
    and those who invited any of them.

    Args:
        log: Invitations.
        seen: What those who were brought did.
        groups: All groups.
        named: Which of them are named, shape (groups,).

    Returns:
        Group of each account (that with the lowest chance), `UNKNOWN` where not suspected; and its chance, 1 then.
    """
    group, chance = np.full(log.accounts, UNKNOWN, dtype=np.intp), np.ones(log.accounts)
    table = groups.table
    members = groups.members[named[groups.members["group"].to_numpy()]]
    odds = table["chance"].to_numpy()[members["group"].to_numpy()]
    members = members.iloc[np.argsort(odds, kind="stable")]
    number, account = members["group"].to_numpy(), members["account"].to_numpy()
    place = groups.usual.place(seen.worth[account]) if groups.usual is not None else np.ones(len(account))
    odd = (log.inviter_of[account] != UNKNOWN) & ((seen.level[account] == OPEN) | (place < _TYPICAL))
    heads = pd.MultiIndex.from_arrays([number[odd], log.inviter_of[account[odd]]])
    odd |= pd.MultiIndex.from_arrays([number, account]).isin(heads)
    number, account = number[odd], account[odd]
    first = ~pd.Series(account).duplicated().to_numpy()
    group[account[first]], chance[account[first]] = number[first], table["chance"].to_numpy()[number[first]]
    return group, chance
