"""Which accounts carry the same marks, and which marks are carried by so many that they say nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from crm_lab.arrays import Integers, Positions
from crm_lab.loyalty.referral.invitation_log.mark_hashes import KINDS
from crm_lab.loyalty.referral.invitation_log.referral_log import UNKNOWN, ReferralLog

_STRONG: Final = ("phone", "card", "device")


@dataclass(frozen=True, kw_only=True)
class MarkRules:
    """How marks tie accounts together.

    A strong mark ties all that carry it. Others (an address, an IP, and a strong mark that many carry) tie only
    accounts that invited one another, or that one inviter brought.

    Attributes:
        strong: Kinds that one person rarely shares outside the household.
        most: Accounts on a strong mark above which it is a hub and ties as a weak one does.
        hub: Accounts on any mark above which it ties nobody: a shop's Wi-Fi, an office, a kiosk.
        weights: What a kind of mark counts.
    """

    strong: tuple[str, ...] = _STRONG
    most: int = 25
    hub: int = 60
    weights: Mapping[str, float] = field(
        default_factory=lambda: {"phone": 3.0, "card": 2.0, "device": 2.0, "address": 0.5, "ip": 0.5}
    )


@dataclass(frozen=True, eq=False)
class SharedMarks:
    """Groups of accounts tied by marks.

    Attributes:
        group: Number of the group of each account, `UNKNOWN` for those that stand alone, shape (n,).
        sizes: Accounts of each group.
        hubs: One row per mark that ties nobody or only along invitations: ``kind``, ``mark`` (code), ``accounts``.
        carriers: Accounts on each mark, by its code.
    """

    group: Positions
    sizes: Integers
    hubs: pd.DataFrame
    carriers: Integers


def tied_accounts(log: ReferralLog, rules: MarkRules) -> SharedMarks:
    """Groups of accounts tied by shared marks: connected components.

    With scipy and not networkx: a million accounts take a second.

    Args:
        log: Invitations and marks.
        rules: How marks tie.
    """
    marks = log.marks
    account, mark = marks["account"].to_numpy(), marks["mark"].to_numpy()
    carriers = np.bincount(mark, minlength=int(mark.max(initial=-1)) + 1)
    strong = marks["kind"].isin(rules.strong).to_numpy()
    many = carriers[mark]
    wide, usable = strong & (many >= 2) & (many <= rules.most), (many >= 2) & (many <= rules.hub)
    pairs = [_to_first(account[wide], mark[wide]), *_along(log, account[usable], mark[usable])]
    ends = np.concatenate(pairs, axis=1) if pairs else np.zeros((2, 0), np.intp)
    n = log.accounts
    graph = sparse.coo_array((np.ones(ends.shape[1], np.int8), (ends[0], ends[1])), shape=(n, n))
    found = connected_components(graph, directed=False)[1]
    sizes = np.bincount(found)
    kept = sizes >= 2
    number = np.where(kept, np.cumsum(kept) - 1, UNKNOWN)
    return SharedMarks(number[found], sizes[kept], _hubs(marks, carriers, rules), carriers)


def _to_first(account: Positions, key: Integers) -> Positions:
    """Ties of all accounts with a key to the first that has it, shape (2, ties)."""
    order = np.argsort(key, kind="stable")
    account, key = account[order], key[order]
    first = np.r_[True, key[1:] != key[:-1]] if len(key) else np.zeros(0, bool)
    head = account[first][np.cumsum(first) - 1] if len(key) else account
    return np.vstack([head[~first], account[~first]])


def _along(log: ReferralLog, account: Positions, mark: Positions) -> Iterator[Positions]:
    """Ties along invitations: an inviter and those it invited with a mark in common, and those of one inviter."""
    rows = log.rows[log.rows["invited"] != UNKNOWN]
    inviter, invited = rows["inviter"].to_numpy(), rows["invited"].to_numpy()
    own = sparse.csr_array((np.ones(len(mark), np.int32), (account, mark)), shape=(log.accounts, _width(mark)))
    common = np.asarray(own[inviter].multiply(own[invited]).sum(axis=1)).ravel() > 0
    yield np.vstack([inviter[common], invited[common]])
    by = log.inviter_of[account]
    brought = by != UNKNOWN
    yield _to_first(account[brought], by[brought].astype(np.int64) * _width(mark) + mark[brought])


def _width(mark: Positions) -> int:
    return int(mark.max(initial=0)) + 1


def _hubs(marks: pd.DataFrame, carriers: Integers, rules: MarkRules) -> pd.DataFrame:
    """Marks of many accounts, the largest first."""
    kinds = marks.drop_duplicates("mark").set_index("mark")["kind"].astype(str)
    many = pd.Series(carriers, name="accounts")
    limit = kinds.isin(rules.strong).map({True: rules.most, False: rules.hub}).reindex(many.index)
    found = many[many > limit].sort_values(ascending=False, kind="stable")
    return pd.DataFrame(
        {"kind": kinds.reindex(found.index).to_numpy(), "mark": found.index, "accounts": found.to_numpy()}
    )


def marks_of_groups(log: ReferralLog, shared: SharedMarks, rules: MarkRules) -> pd.DataFrame:
    """How many of each group's accounts carry its commonest mark of each kind beside the first, and a weighted sum.

    Args:
        log: Invitations and marks.
        shared: Groups.
        rules: How marks tie.

    Returns:
        One row per group: a column per kind and ``marks``.
    """
    groups = len(shared.sizes)
    group = shared.group[log.marks["account"].to_numpy()]
    mark, kind = log.marks["mark"].to_numpy(), log.marks["kind"].astype(str).to_numpy()
    inside = (group != UNKNOWN) & (shared.carriers[mark] >= 2) & (shared.carriers[mark] <= rules.hub)
    table = pd.DataFrame({"group": group[inside], "kind": kind[inside], "mark": mark[inside]})
    counts = table.groupby(["group", "kind", "mark"], sort=False).size().rename("n").reset_index()
    top = counts.pivot_table(index="group", columns="kind", values="n", aggfunc="max", fill_value=0)
    top = top.reindex(index=range(groups), columns=list(KINDS), fill_value=0).fillna(0)
    more = (top - 1).clip(lower=0).astype(float)
    return more.assign(marks=sum(rules.weights.get(kind, 0.0) * more[kind] for kind in KINDS))
