"""The assignments that a design could have drawn, and the least p value that they leave."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product
from typing import Literal

import numpy as np

from crm_lab.arrays import Booleans, Integers
from crm_lab.checks import BadInput, Problems

Design = Literal["complete", "pairs", "strata", "list"]
MOST_EXACT = 20_000  # assignments that are listed one by one rather than drawn
DRAWS = 9_999


@dataclass(frozen=True, eq=False)
class Assignments:
    """Assignments of a design, the observed one first, none twice.

    >>> complete(np.arange(10) < 5).floor()
    0.007936507936507936

    Attributes:
        masks: Which units are treated, shape (A, n); row 0 is the observed one.
        design: How treatment was drawn: ``complete``, ``pairs``, ``strata`` or ``list``.
        total: Assignments that the design can draw; more than A where they were sampled.
    """

    masks: Booleans
    design: Design
    total: int

    def __len__(self) -> int:
        return len(self.masks)

    @property
    def observed(self) -> Booleans:
        """The assignment that was drawn, shape (n,).

        >>> complete(np.arange(4) == 2).observed.tolist()
        [False, False, True, False]
        """
        first: Booleans = self.masks[0]
        return first

    @property
    def exact(self) -> bool:
        """Whether all assignments of the design are here.

        >>> complete(np.arange(8) < 4).exact, complete(np.arange(40) < 20, draws=99).exact
        (True, False)
        """
        return len(self.masks) == self.total

    @cached_property
    def mirrored(self) -> bool:
        """Whether the observed assignment's opposite (treated and untreated exchanged) is one of them.

        >>> complete(np.arange(8) < 4).mirrored, complete(np.arange(8) < 3).mirrored
        (True, False)
        """
        return bool((self.masks == ~self.masks[0]).all(axis=1).any())

    def floor(self) -> float:
        """The smallest two-sided p value that a test over these assignments can give.

        The observed assignment always counts; where its opposite belongs to the design it counts, too, since its
        difference is the same with the other sign.

        >>> complete(np.array([True] * 5 + [False] * 15)).floor() == 1 / math.comb(20, 5)
        True

        Returns:
            The p value.
        """
        return (2 if self.mirrored else 1) / len(self.masks)

    def attainable(self, alpha: float = 0.05) -> float:
        """The level a test at alpha really has: the largest p value up to alpha that these assignments can give.

        >>> matched_pairs([[0, 1], [2, 3], [4, 5]], np.arange(6) % 2 == 0).attainable(0.05)
        0.0

        Args:
            alpha: The level aimed at.

        Returns:
            A multiple of the floor; 0 where the floor is above alpha, so that nothing can ever be rejected.
        """
        floor = self.floor()
        return math.floor(alpha / floor * (1 + 1e-12)) * floor


def complete(treated: Booleans, draws: int = DRAWS, seed: int = 0) -> Assignments:
    """Any k of the n units, each set as likely as another.

    >>> len(complete(np.arange(8) < 4))
    70

    Args:
        treated: The observed assignment, shape (n,).
        draws: How many are drawn, without repeats, where there are more than 20,000.
        seed: Of the draws.

    Returns:
        All assignments, or the observed one and random others.

    Raises:
        BadInput: If nobody is treated, or everybody.
    """
    observed = _both(treated)
    n, k = len(observed), int(observed.sum())
    total = math.comb(n, k)
    if total <= MOST_EXACT:
        rows = np.array(list(combinations(range(n), k)), dtype=np.int64)
        masks = np.zeros((total, n), dtype=bool)
        np.put_along_axis(masks, rows, True, axis=1)
        return Assignments(_first(masks, observed), "complete", total)
    rng = np.random.default_rng(seed)

    def draw(size: int) -> Booleans:
        chosen = np.argpartition(rng.random((size, n)), k - 1, axis=1)[:, :k]
        masks = np.zeros((size, n), dtype=bool)
        np.put_along_axis(masks, chosen, True, axis=1)
        return masks

    return Assignments(_drawn(observed, draw, draws), "complete", total)


def matched_pairs(pairs: Sequence[Sequence[int]], treated: Booleans, draws: int = DRAWS, seed: int = 0) -> Assignments:
    """One of each pair is treated, by the toss of a coin.

    >>> matched_pairs([[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]], np.arange(10) % 2 == 0).floor()
    0.0625

    Args:
        pairs: Places of the two units of each pair; units of no pair are never treated.
        treated: The observed assignment, shape (n,).
        draws: How many are drawn where there are more than 20,000.
        seed: Of the draws.

    Returns:
        All 2 ** pairs assignments, or the observed one and random others.

    Raises:
        BadInput: If a unit is in two pairs, or a pair does not have exactly one treated unit.
    """
    observed, both = _both(treated), np.array(pairs, dtype=np.int64).reshape(-1, 2)
    problems = Problems("The matched pairs")
    problems.unless(len(set(both.ravel().tolist())) == both.size, "a unit stands in two pairs.")
    wrong = int((observed[both].sum(axis=1) != 1).sum())
    problems.unless(not wrong, f"{wrong} of {len(both)} pairs have two treated units or none; one is treated.")
    alone = int(observed.sum() - observed[both].sum())
    problems.unless(alone <= 0, f"{alone} treated units are in no pair.")
    problems.raise_any()
    total = 2 ** len(both)

    def of(sides: Integers) -> Booleans:
        masks = np.zeros((len(sides), len(observed)), dtype=bool)
        np.put_along_axis(masks, both[np.arange(len(both)), sides], True, axis=1)
        return masks

    if total <= MOST_EXACT:
        sides = np.array(list(product((0, 1), repeat=len(both))), dtype=np.int64)
        return Assignments(_first(of(sides), observed), "pairs", total)
    rng = np.random.default_rng(seed)
    return Assignments(_drawn(observed, lambda size: of(rng.integers(0, 2, (size, len(both)))), draws), "pairs", total)


def stratified(strata: Sequence[object], treated: Booleans, draws: int = DRAWS, seed: int = 0) -> Assignments:
    """Within each stratum as many treated units as were observed, any of its units.

    >>> len(stratified(["a", "a", "b", "b", "b"], np.array([True, False, True, False, False])))
    6

    Args:
        strata: Stratum of each unit, shape (n,).
        treated: The observed assignment, shape (n,).
        draws: How many are drawn where there are more than 20,000.
        seed: Of the draws.

    Returns:
        All assignments, or the observed one and random others.

    Raises:
        BadInput: If nobody is treated, or everybody, or strata and units differ in number.
    """
    observed = _both(treated)
    if len(strata) != len(observed):
        raise BadInput(f"There are {len(strata)} strata for {len(observed)} units; give each unit its stratum.")
    names = [str(name) for name in strata]
    members = [np.flatnonzero(np.array(names) == name) for name in dict.fromkeys(names)]
    sizes = [int(observed[units].sum()) for units in members]
    total = math.prod(math.comb(len(units), k) for units, k in zip(members, sizes, strict=True))
    if total <= MOST_EXACT:
        parts = [list(combinations(units, k)) for units, k in zip(members, sizes, strict=True)]
        masks = np.zeros((total, len(observed)), dtype=bool)
        for row, choice in enumerate(product(*parts)):
            masks[row, [unit for part in choice for unit in part]] = True
        return Assignments(_first(masks, observed), "strata", total)
    rng = np.random.default_rng(seed)

    def draw(size: int) -> Booleans:
        masks = np.zeros((size, len(observed)), dtype=bool)
        for units, k in zip(members, sizes, strict=True):
            order = np.argsort(rng.random((size, len(units))), axis=1)[:, :k]
            np.put_along_axis(masks, units[order], True, axis=1)
        return masks

    return Assignments(_drawn(observed, draw, draws), "strata", total)


def listed(masks: Booleans, treated: Booleans) -> Assignments:
    """The assignments of a constrained design, as it listed them, each as likely as another.

    >>> allowed = np.array([[True, False, True, False], [False, True, False, True], [True, False, False, True]])
    >>> listed(allowed, allowed[2]).floor()
    0.3333333333333333

    Args:
        masks: Which units each assignment treats, shape (A, n).
        treated: The observed one, shape (n,).

    Returns:
        The same, the observed one first.

    Raises:
        BadInput: If the observed one is not among them, some stand twice, or treat nobody or everybody.
    """
    observed, rows = _both(treated), np.asarray(masks, dtype=bool)
    problems = Problems("The list of assignments")
    twice = len(rows) - len(np.unique(rows, axis=0))
    problems.unless(not twice, f"{twice} of {len(rows)} stand there more than once; each is as likely as another.")
    counts = rows.sum(axis=1)
    none = int(((counts == 0) | (counts == rows.shape[1])).sum())
    problems.unless(not none, f"{none} of {len(rows)} treat nobody or everybody.")
    present = (rows == observed).all(axis=1).any()
    problems.unless(present, "the observed assignment is not among them; a test needs the list it was drawn from.")
    problems.raise_any()
    return Assignments(_first(rows, observed), "list", len(rows))


def floor_complete(units: int, treated: int) -> float:
    """Smallest two-sided permutation p value of any k of n units: 2 / C(n, k) at k = n/2, else 1 / C(n, k).

    >>> [round(floor_complete(2 * k, k), 4) for k in (3, 4, 5)]
    [0.1, 0.0286, 0.0079]

    Args:
        units: n.
        treated: k.

    Returns:
        The p value.
    """
    return (2 if units == 2 * treated else 1) / math.comb(units, treated)


def floor_pairs(pairs: int) -> float:
    """Smallest two-sided permutation p value of matched pairs: 2 / 2 ** pairs.

    >>> floor_pairs(5), floor_pairs(6)
    (0.0625, 0.03125)

    Args:
        pairs: How many.

    Returns:
        The p value.
    """
    return 2.0 ** (1 - pairs)


def _both(treated: Booleans) -> Booleans:
    observed = np.asarray(treated, dtype=bool)
    if observed.ndim != 1 or not observed.any() or observed.all():
        raise BadInput(f"{int(observed.sum())} of {observed.size} units are treated; some must be, and some not.")
    return observed


def _first(masks: Booleans, observed: Booleans) -> Booleans:
    """The observed assignment moved to the first row."""
    same = (masks == observed).all(axis=1)
    return np.concatenate([observed[None], masks[~same]])


def _drawn(observed: Booleans, draw: Callable[[int], Booleans], draws: int) -> Booleans:
    """The observed assignment and ``draws`` different others, in the order in which they were drawn."""
    found = observed[None]
    while len(found) <= draws:
        found = np.concatenate([found, draw(draws + 1 - len(found))])
        _, places = np.unique(np.packbits(found, axis=1), axis=0, return_index=True)
        found = found[np.sort(places)]
    return found
