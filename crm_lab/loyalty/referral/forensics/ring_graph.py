"""One suspicious group as a graph: who invited whom, who shares what; cliques and circles in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import networkx as nx
import numpy as np

from crm_lab.loyalty.referral.invitation_log.referral_log import ReferralLog

_LARGEST: Final = 150  # accounts of a group in which every two are compared


def ring_graph(log: ReferralLog, accounts: Iterable[int]) -> nx.MultiDiGraph[int]:
    """Accounts as nodes without their ids, numbered from 1; edges ``invited`` and ``shares`` (with its ``kinds``).

    >>> from crm_lab.loyalty.referral.planted.planted_referrals import PlantedReferrals
    >>> planted = PlantedReferrals(members=500, rings=1, ring_size=(4, 4), seed=1).make()
    >>> graph = ring_graph(planted.log(), planted.truth.index[planted.truth["scheme"] == "ring"])
    >>> graph.number_of_nodes(), sum(tie == "invited" for *_, tie in graph.edges(data="tie"))
    (5, 4)

    Args:
        log: Invitations and marks.
        accounts: Positions of the accounts; of more than 150 no shared marks are drawn.
    """
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
    place = {int(account): number for number, account in enumerate(accounts, start=1)}
    graph.add_nodes_from(place.values())
    if len(place) <= _LARGEST:
        _shares(graph, carriers(log, place), place)
    inviter, invited = log.rows["inviter"].to_numpy(), log.rows["invited"].to_numpy()
    for row in np.flatnonzero(np.isin(inviter, list(place)) & np.isin(invited, list(place))):
        graph.add_edge(place[int(inviter[row])], place[int(invited[row])], tie="invited")
    return graph


def carriers(log: ReferralLog, accounts: Iterable[int]) -> dict[tuple[str, int], list[int]]:
    """Which of some accounts carry each mark: by kind and code of the mark.

    Args:
        log: Invitations and marks.
        accounts: Positions of the accounts.
    """
    account = log.marks["account"].to_numpy()
    rows = np.flatnonzero(np.isin(account, list(accounts)))
    kind, mark = log.marks["kind"].to_numpy()[rows], log.marks["mark"].to_numpy()[rows]
    found: dict[tuple[str, int], list[int]] = {}
    for who, name, code in zip(account[rows].tolist(), kind, mark.tolist(), strict=True):
        found.setdefault((str(name), code), []).append(who)
    return found


def _shares(
    graph: nx.MultiDiGraph[int], carried: Mapping[tuple[str, int], Sequence[int]], place: Mapping[int, int]
) -> None:
    kinds: dict[tuple[int, int], set[str]] = {}
    for (kind, _), accounts in carried.items():
        for a, b in itertools.combinations(sorted(place[account] for account in accounts), 2):
            kinds.setdefault((a, b), set()).add(kind)
    for (a, b), common in sorted(kinds.items()):
        graph.add_edge(a, b, tie="shares", kinds=tuple(sorted(common)))


def largest_clique(graph: nx.MultiDiGraph[int]) -> int:
    """Most accounts of which every two share a phone, a card or a device.

    >>> graph = nx.MultiDiGraph()
    >>> graph.add_edges_from([(1, 2, {"tie": "shares", "kinds": ("card",)}), (2, 3, {"tie": "invited"})])
    [0, 0]
    >>> largest_clique(graph)
    2

    Args:
        graph: As `ring_graph` makes it.
    """
    strong: nx.Graph[int] = nx.Graph()
    strong.add_nodes_from(graph)
    for a, b, tie in graph.edges(data=True):
        if {"phone", "card", "device"} & set(tie.get("kinds", ())):
            strong.add_edge(a, b)
    return max((len(clique) for clique in nx.find_cliques(strong)), default=0)


def circle(graph: nx.MultiDiGraph[int]) -> list[int]:
    """Accounts that invited one another in a circle; none where invitations only go down.

    >>> circle(nx.MultiDiGraph([(1, 2, {"tie": "invited"}), (2, 1, {"tie": "invited"})]))
    [1, 2]

    Args:
        graph: As `ring_graph` makes it.
    """
    invited: nx.DiGraph[int] = nx.DiGraph()
    invited.add_edges_from((a, b) for a, b, tie in graph.edges(data="tie") if tie == "invited")
    try:
        found: list[Any] = nx.find_cycle(invited)
    except (nx.NetworkXNoCycle, nx.NetworkXError):
        return []
    return [edge[0] for edge in found]
