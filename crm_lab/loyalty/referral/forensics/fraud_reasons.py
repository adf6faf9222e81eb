"""Why a group of accounts is on the list for review, in words that suspect and do not judge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats, Positions
from crm_lab.loyalty.referral.forensics.account_rings import AccountGroups
from crm_lab.loyalty.referral.forensics.invitation_bursts import InvitationBursts
from crm_lab.loyalty.referral.forensics.ring_graph import carriers, circle, largest_clique, ring_graph
from crm_lab.loyalty.referral.invitation_log.invited_behaviour import LEVELS, OPEN, InvitedBehaviour
from crm_lab.loyalty.referral.invitation_log.mark_hashes import KINDS
from crm_lab.loyalty.referral.invitation_log.referral_log import UNKNOWN, ReferralLog
from crm_lab.messages import Message

_SUSPICIOUS: Final = LEVELS[1:]
_CLIQUE: Final = 3


def group_reasons(
    log: ReferralLog,
    seen: InvitedBehaviour,
    groups: AccountGroups,
    accounts: Positions,
    number: int,
    bursts: InvitationBursts,
) -> list[Message]:
    """What speaks against a group: shared marks, what the accounts did, when they joined, who invited whom.

    Args:
        log: Invitations.
        seen: What brought accounts did.
        groups: All groups.
        accounts: The suspected ones of the group.
        number: Of the group.
        bursts: Days on which somebody invited very many.

    Returns:
        Messages whose keys end with ``why_`` and the reason's name.
    """
    n = len(accounts)
    found = [_why(f"shared_{kind}", n=count, accounts=n) for kind, count in _common(log, accounts).items()]
    level = seen.level[accounts]
    brought = log.inviter_of[accounts] != UNKNOWN
    for place, name in enumerate(LEVELS):
        count = int((brought & (level == place)).sum())
        if name in _SUSPICIOUS and count:
            found.append(_why(name, n=count, of=int(brought.sum()), days=seen.days))
    same_day = int(groups.table["same_day"].iloc[number])
    if same_day >= _CLIQUE:
        found.append(_why("same_day", n=same_day))
    graph = ring_graph(log, accounts)
    clique, round_ = largest_clique(graph), circle(graph)
    if clique >= _CLIQUE:
        found.append(_why("clique", n=clique))
    if round_:
        found.append(_why("circle", n=len(round_)))
    sent = bursts.table[bursts.table["account"].isin(accounts)]
    if len(sent):
        first = sent.iloc[0]
        said = _why(f"burst_{first['span']}", n=int(first["invitations"]), base=bursts.base, chance=first["chance"])
        found.append(said)
    return found


def _why(name: str, **values: object) -> Message:
    return Message(f"referral.why_{name}", values)


def _common(log: ReferralLog, accounts: Positions) -> dict[str, int]:
    """Most of these accounts on one mark of each kind, where more than one is."""
    top: dict[str, int] = {}
    for (kind, _), who in carriers(log, accounts.tolist()).items():
        top[kind] = max(top.get(kind, 0), len(who))
    return {kind: top[kind] for kind in KINDS if top.get(kind, 0) >= 2}


def in_words(reasons: Sequence[Message], lang: str | None) -> str:
    """Reasons as one text."""
    return " ".join(message.text(lang) for message in reasons)


def referral_reasons(
    log: ReferralLog, seen: InvitedBehaviour, place: Positions, chance: Floats, suspected: Booleans
) -> pd.DataFrame:
    """One row per suspected account: its group, score, part in it and named reasons.

    Reasons are what it did, and the kinds of marks that it shares with its inviter or with one whom it invited.

    Args:
        log: Invitations.
        seen: What brought accounts did.
        place: Row of each account's group on the list, shape (n,).
        chance: That honest accounts look so, shape (n,).
        suspected: Which accounts are, shape (n,).
    """
    who = np.flatnonzero(suspected)
    by = log.inviter_of
    level = seen.level[who]
    shared = _shared_with_others(log, who, place)
    did = np.array([*LEVELS, "too_young"], dtype=object)[np.where(level == OPEN, len(LEVELS), level)]
    did = np.where(by[who] == UNKNOWN, "invited_others", did)
    return pd.DataFrame(
        {
            "customer_id": log.customer_id[who],
            "group": [f"G{k + 1}" for k in place[who]],
            "score": -np.log10(np.maximum(chance[who], 1e-300)),
            "brought": by[who] != UNKNOWN,
            "did": did,
            "reasons": [" ".join([what, *(f"shared_{kind}" for kind in shared.get(int(account), ()))])
                        for what, account in zip(did, who, strict=True)],
        }
    )  # fmt: skip


def _shared_with_others(log: ReferralLog, who: Positions, place: Positions) -> dict[int, list[str]]:
    """Kinds of marks that each account has in common with another of its group."""
    rows = log.marks[log.marks["account"].isin(who)]
    rows = rows.assign(group=place[rows["account"].to_numpy()], kind=rows["kind"].astype(str))
    many = rows.groupby(["group", "mark"])["account"].transform("size") >= 2
    common = rows[many].drop_duplicates(["account", "kind"])
    found: dict[int, list[str]] = {}
    for account, kind in zip(common["account"].tolist(), common["kind"].tolist(), strict=True):
        found.setdefault(account, []).append(kind)
    return {account: [kind for kind in KINDS if kind in kinds] for account, kinds in found.items()}
