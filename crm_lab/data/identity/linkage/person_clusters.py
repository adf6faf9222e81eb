"""Linked pairs become persons; a chain that all its records together do not bear out is cut at its weakest link."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_lab.arrays import Integers

_MOST_BITS: Final = 10.0  # of one pair: one in a thousand
_UNSEEN_BITS: Final = -5.0  # of a pair that shares no key


@dataclass(frozen=True, slots=True)
class Clusters:
    """Persons as numbers, and how many chains had to be cut.

    Attributes:
        person: Number of each record's person, shape (records,); a person's number is its first record's.
        chains: Groups of linked records that were cut: not all their records speak for one person.
        records: Records in them.
    """

    person: Integers
    chains: int
    records: int


def connected(left: Integers, right: Integers, n: int) -> Integers:
    """Number of the first record that each record is linked with, however many links lie between.

    >>> connected(np.array([1, 3]), np.array([3, 4]), 6).tolist()
    [0, 1, 2, 1, 1, 5]

    Args:
        left: One end of each link.
        right: The other.
        n: Number of records.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    first = np.full(int(label.max()) + 1 if n else 0, n, dtype=np.int64)
    np.minimum.at(first, label, np.arange(n))
    out: Integers = first[label]
    return out


def without_chains(
    scored: pd.DataFrame, apart: Iterable[tuple[int, int]], n: int, *, least: float, largest: int
) -> Clusters:
    """Persons for whom all their records speak together, not only the link that joins them.

    Links are made from the surest to the least sure. Two groups become one person if the bits of all pairs between
    them, each worth ten at most, add up to more than nothing; no two records that are two persons for sure are joined.

    >>> scored = pd.DataFrame({"left": [0, 1, 0], "right": [1, 2, 2], "weight": [9.0, 5.0, -12.0]})
    >>> without_chains(scored, [], 3, least=3.0, largest=50)
    Clusters(person=array([0, 0, 2]), chains=1, records=3)
    >>> without_chains(scored.iloc[:2], [(0, 2)], 3, least=3.0, largest=50).person.tolist()
    [0, 0, 2]

    Args:
        scored: `left`, `right` (numbers of records) and `weight` in bits, each pair once.
        apart: Pairs of records that are two persons for sure.
        n: Number of records.
        least: Bits from which a pair is a link.
        largest: Most records of one person.
    """
    links = scored[scored["weight"] >= least]
    person = connected(links["left"].to_numpy(), links["right"].to_numpy(), n)
    size = np.bincount(person, minlength=n)
    left, right = person[scored["left"].to_numpy()], person[scored["right"].to_numpy()]
    inside = scored[(left == right) & (size[left] > 2)]
    bits = {
        (one, other): min(max(weight, -_MOST_BITS), _MOST_BITS)
        for one, other, weight in inside[["left", "right", "weight"]].itertuples(index=False)
    }
    bits |= {(min(pair), max(pair)): -math.inf for pair in apart}
    edges = inside[inside["weight"] >= least].sort_values(["weight", "left", "right"], ascending=[False, True, True])
    home = _grown(edges, bits, largest)
    result = person.copy()
    several = np.flatnonzero(size[person] > 2)
    result[several] = [home.get(record, record) for record in several.tolist()]
    cut = np.unique(person[result != person])
    return Clusters(result, len(cut), int(size[cut].sum()))


def _grown(edges: pd.DataFrame, bits: Mapping[tuple[int, int], float], largest: int) -> dict[int, int]:
    """First record of each record's group, grown link by link."""
    home: dict[int, int] = {}
    members: dict[int, list[int]] = {}
    for left, right in zip(edges["left"].tolist(), edges["right"].tolist(), strict=True):
        for record in (left, right):
            if record not in home:
                home[record], members[record] = record, [record]
        one, other = home[left], home[right]
        if one == other or len(members[one]) + len(members[other]) > largest:
            continue
        if _between(members[one], members[other], bits) <= 0:
            continue
        keep, gone = sorted((one, other))
        for record in members[gone]:
            home[record] = keep
        members[keep] += members.pop(gone)
    return home


def _between(one: Sequence[int], other: Sequence[int], bits: Mapping[tuple[int, int], float]) -> float:
    """Bits of all pairs between two groups; a pair that nothing brought together speaks against one person."""
    return math.fsum(bits.get((min(a, b), max(a, b)), _UNSEEN_BITS) for a in one for b in other)
