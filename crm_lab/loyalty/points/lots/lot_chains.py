"""Chains of lots, one a member, all of them changed at once: what a queue, a stack or a sorted list of lots is."""

from __future__ import annotations

import numpy as np

from crm_lab.arrays import Integers, Positions

NONE = -1


class LotChains:
    """Doubly linked lists of lots, one for each member; every call changes at most one lot of a member.

    A lot is in a chain once at most, and does not come back.

    >>> chains = LotChains(members=2, lots=4)
    >>> chains.append(np.array([0, 1]), np.array([0, 1]))
    >>> chains.prepend(np.array([0]), np.array([2]))
    >>> chains.head.tolist(), chains.after[2]
    ([2, 1], np.int64(0))

    Attributes:
        head: First lot of each member, `NONE` where there is none, shape (members,).
        tail: Last lot of each member, shape (members,).
        after: The lot after each one, shape (lots,).
        before: The lot before each one, shape (lots,).
    """

    def __init__(self, members: int, lots: int) -> None:
        self.head: Integers = np.full(members, NONE, dtype=np.int64)
        self.tail: Integers = np.full(members, NONE, dtype=np.int64)
        self.after: Integers = np.full(lots, NONE, dtype=np.int64)
        self.before: Integers = np.full(lots, NONE, dtype=np.int64)

    def append(self, who: Positions | Integers, lot: Positions | Integers) -> None:
        """Put a lot at the end of each of some members' chains.

        >>> chains.append(np.array([1]), np.array([3]))
        >>> int(chains.tail[1])
        3

        Args:
            who: The members, each once.
            lot: The lot of each.
        """
        last = self.tail[who]
        first = last == NONE
        self.before[lot] = last
        self.after[last[~first]] = lot[~first]
        self.head[who[first]] = lot[first]
        self.tail[who] = lot

    def prepend(self, who: Positions | Integers, lot: Positions | Integers) -> None:
        """Put a lot at the start of each of some members' chains.

        >>> other = LotChains(1, 2)
        >>> other.prepend(np.array([0]), np.array([1]))
        >>> int(other.head[0])
        1

        Args:
            who: The members, each once.
            lot: The lot of each.
        """
        first = self.head[who]
        alone = first == NONE
        self.after[lot] = first
        self.before[first[~alone]] = lot[~alone]
        self.tail[who[alone]] = lot[alone]
        self.head[who] = lot

    def insert(self, who: Positions | Integers, lot: Positions | Integers, key: Integers) -> None:
        """Put a lot where its key belongs, after all that are not larger.

        >>> other = LotChains(1, 2)
        >>> for lot in (0, 1):
        ...     other.insert(np.array([0]), np.array([lot]), np.array([9, 5]))
        >>> int(other.head[0])
        1

        Args:
            who: The members, each once.
            lot: The lot of each.
            key: Keys of all lots, shape (lots,).
        """
        place = self.tail[who]
        going = np.flatnonzero(place != NONE)
        going = going[key[place[going]] > key[lot[going]]]
        while going.size:
            place[going] = self.before[place[going]]
            going = going[place[going] != NONE]
            going = going[key[place[going]] > key[lot[going]]]
        self._insert_after(who, lot, place)

    def remove(self, who: Positions | Integers, lot: Positions | Integers) -> None:
        """Take a lot out of each of some members' chains; its own pointers stay, so that a walk can go on from it.

        >>> other = LotChains(1, 1)
        >>> other.append(np.array([0]), np.array([0]))
        >>> other.remove(np.array([0]), np.array([0]))
        >>> int(other.head[0])
        -1

        Args:
            who: The members, each once.
            lot: The lot of each, in its chain.
        """
        before, after = self.before[lot], self.after[lot]
        first, last = before == NONE, after == NONE
        self.after[before[~first]] = after[~first]
        self.head[who[first]] = after[first]
        self.before[after[~last]] = before[~last]
        self.tail[who[last]] = before[last]

    def _insert_after(self, who: Positions | Integers, lot: Positions | Integers, place: Integers) -> None:
        first = place == NONE
        after = np.where(first, self.head[who], self.after[place])
        self.before[lot], self.after[lot] = place, after
        self.after[place[~first]] = lot[~first]
        self.head[who[first]] = lot[first]
        last = after == NONE
        self.before[after[~last]] = lot[~last]
        self.tail[who[last]] = lot[last]
