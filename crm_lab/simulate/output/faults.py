"""Faults put into the records on purpose, each line at most one, every one of them labelled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from crm_lab.arrays import Integers
from crm_lab.simulate.scenario.actions import DIRT_KINDS, Dirt

UNIT_FACTOR = 1000
"""Lines in the wrong unit say grams for kilograms, or pieces for boxes."""


@dataclass(frozen=True)
class Faults:
    """What is wrong with which line.

    Attributes:
        kind: Number in `DIRT_KINDS` of each line's fault (lines,), -1 for none.
        shift: Days by which a skewed clock is wrong (lines,), 0 elsewhere.
    """

    kind: Integers
    shift: Integers


def draw_faults(dirt: Dirt, is_sale: npt.NDArray[np.bool_], rng: Generator) -> Faults:
    """Choose the faulty lines among sale lines."""
    edges = np.cumsum([getattr(dirt, kind) for kind in DIRT_KINDS])
    place = np.searchsorted(edges, rng.random(is_sale.size), side="right")
    kind = np.where(is_sale & (place < len(DIRT_KINDS)), place, -1)
    skewed = kind == DIRT_KINDS.index("clock_skew")
    away = rng.integers(1, 4, is_sale.size) * np.where(rng.random(is_sale.size) < 0.5, -1, 1)
    return Faults(kind, np.where(skewed, away, 0))


def copies(faults: Faults) -> Integers:
    """Places of lines in the dirty file, duplicates right behind their originals."""
    times = 1 + (faults.kind == DIRT_KINDS.index("duplicate"))
    return np.repeat(np.arange(faults.kind.size), times)
