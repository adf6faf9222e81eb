"""Cities that move alike: pairs of them, and sets of cities that move as the others do."""

from __future__ import annotations

import numpy as np

from crm_lab.arrays import Booleans, Floats
from crm_lab.stats.panel.assignments import complete
from crm_lab.stats.panel.panel import Panel

STILL = 0.01  # of a city's usual sales, which a span without any counts as


def periods_between(panel: Panel, first: int, end: int) -> Panel:
    """The panel's periods from one place up to another, which is left out.

    Args:
        panel: The panel.
        first: Place of the first period, from 0.
        end: Place after the last.

    Returns:
        A panel of those periods.
    """
    return Panel(panel.values[:, first:end], panel.units, panel.periods[first:end])


def index_series(panel: Panel) -> Floats:
    """Each city's values in units of its own mean, shape (n, T)."""
    series: Floats = panel.values / panel.values.mean(axis=1, keepdims=True)
    return series


def alike_pairs(panel: Panel, pairs: int) -> list[tuple[int, int]]:
    """The places of cities in pairs that moved most alike: the closest first, then exchanged while that helps.

    >>> path = np.sin(np.arange(24) / 3)
    >>> values = np.array([10 + path, 30 + 3 * path, 10 - path, 50 - 5 * path])
    >>> alike_pairs(Panel(values, ("a", "b", "c", "d"), tuple(range(24))), 2)
    [(0, 1), (2, 3)]

    Args:
        panel: The past.
        pairs: How many.

    Returns:
        Pairs, each with the lower place first, in order.
    """
    series = index_series(panel)
    apart = ((series[:, None, :] - series[None, :, :]) ** 2).mean(axis=2)
    np.fill_diagonal(apart, np.inf)
    left, found = apart.copy(), []
    for _ in range(pairs):
        a, b = (int(i) for i in np.unravel_index(np.argmin(left), left.shape))
        found.append((a, b))
        left[[a, b], :] = left[:, [a, b]] = np.inf
    return sorted((min(p), max(p)) for p in _exchanged(found, apart))


def _exchanged(pairs: list[tuple[int, int]], apart: Floats) -> list[tuple[int, int]]:
    """Pairs with partners exchanged between two of them for as long as that brings partners closer."""
    better = True
    while better:
        better = False
        for i in range(len(pairs)):
            for j in range(i + 1, len(pairs)):
                (a, b), (c, d) = pairs[i], pairs[j]
                now = apart[a, b] + apart[c, d]
                for one, two in (((a, c), (b, d)), ((a, d), (b, c))):
                    if apart[one] + apart[two] < now - 1e-15:
                        pairs[i], pairs[j], better = one, two, True
                        now = apart[one] + apart[two]
    return pairs


def imbalance(panel: Panel, sets: Booleans) -> Floats:
    """How unlike the treated and the other cities moved in the past: root mean squared distance of their mean paths.

    Args:
        panel: The past.
        sets: Sets of treated cities, shape (A, n).

    Returns:
        Shape (A,), as a share of mean sales.
    """
    weight = sets / sets.sum(axis=1, keepdims=True) - ~sets / (~sets).sum(axis=1, keepdims=True)
    paths = weight @ index_series(panel)
    found: Floats = np.sqrt((paths**2).mean(axis=1))
    return found


def balanced_sets(panel: Panel, treated: int, seed: int = 0) -> tuple[Booleans, Floats]:
    """Sets of cities, those first whose past was most like that of the others.

    Args:
        panel: The past.
        treated: Cities of a set.
        seed: Of the sample of sets, where there are more than 20,000.

    Returns:
        Sets of shape (A, n), most alike first, and their imbalance in that order.
    """
    sets = complete(np.arange(len(panel.units)) < treated, seed=seed).masks
    apart = imbalance(panel, sets)
    order = np.argsort(apart, kind="stable")
    return sets[order], apart[order]
