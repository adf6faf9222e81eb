"""Which statistic a pilot's test takes: the lift itself, or the lift in units of how restless such cities were before.

Where small cities swing more than large ones, an accident among the restless ones makes every real lift look usual;
measured against each set's own past it stands out. Where cities are alike, that division only adds noise. Which of the
two sees more is tried on the past, in which nothing was done, and so before the outcome is seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from crm_lab.arrays import Booleans, Floats
from crm_lab.experiments.pilots.city_pilot import Pilot
from crm_lab.stats.panel.estimators import PanelEstimator
from crm_lab.stats.panel.estimators.panel_fit import Course

_PILOTS, _SETS = 100, 1_000  # made-up pilots on the past, and sets by which each is read
_DISTANCE = 2.5  # of the lift that is to be seen, in standard errors
_ALPHA = 0.05


def restlessness(values: Floats, masks: Booleans, first: int) -> Floats:
    """How far the mean of a set of cities strayed from that of the others before the start, shape (A,).

    Args:
        values: In units of each city's mean before the start, shape (n, T).
        masks: Sets of cities, shape (A, n).
        first: Place of the first treated period.

    Returns:
        In shares of usual sales, above 0.
    """
    gaps = _weights(masks) @ values[:, :first]
    found: Floats = np.sqrt((gaps**2).mean(axis=1))
    return np.maximum(found, 1e-12)


@dataclass(frozen=True)
class Scaled(PanelEstimator):
    """A method whose effects under each assignment of a test are divided by a scale of that assignment.

    Attributes:
        method: The method.
        scale: Of each assignment, by that of the observed one, which comes first; shape (A,).
    """

    method: PanelEstimator
    scale: Floats

    @property
    def name(self) -> str:
        """The method's name."""
        return self.method.name

    @cached_property
    def affine(self) -> bool:  # type: ignore[override]
        """As the method."""
        return self.method.affine

    def course(self, values: Floats, treated: Booleans, first: int) -> Course:
        """As the method."""
        return self.method.course(values, treated, first)

    def effect(self, values: Floats, treated: Booleans, first: int) -> float:
        """As the method: the scale of the observed assignment is 1."""
        return self.method.effect(values, treated, first)

    def effects(self, values: Floats, treated: Booleans, first: int) -> Floats:
        """Effects under the assignments, each by its own scale."""
        found: Floats = self.method.effects(values, treated, first) / self.scale
        return found


def restlessness_pays(pilot: Pilot) -> bool:
    """Whether dividing by restlessness sees more of lifts that are planted in the past.

    Pilots of the same length are made up of the last periods before the start, in cities dealt by lot; the observed
    cities play no part of their own, so the choice does not depend on what is tested.

    >>> from crm_lab.stats.panel.panel import Panel
    >>> rng = np.random.default_rng(1)
    >>> restless = np.where(np.arange(12) < 6, 0.01, 0.2)
    >>> values = np.exp(rng.normal(0, 1, (12, 60)) * restless[:, None])
    >>> restlessness_pays(Pilot(Panel(values, tuple("abcdefghijkl"), tuple(range(60))), ("a", "b", "c"), 52))
    True

    Args:
        pilot: The pilot.

    Returns:
        ``False`` also where the past is too short to try.
    """
    length = min(pilot.periods, pilot.first // 3)
    starts = range(pilot.first - length, 2 * length - 1, -length)
    if length < 1 or not starts:
        return False
    rng, n = np.random.default_rng(0), len(pilot.panel.units)
    masks = np.unique(np.argsort(rng.random((_SETS, n)), axis=1) < len(pilot.treated), axis=0)
    rng.shuffle(masks)
    made, seen = masks[:_PILOTS], np.zeros(2)
    for start in starts:
        values = pilot.panel.values[:, : start + length]
        level = values[:, :start].mean(axis=1, keepdims=True)
        if not (level > 0).all():
            return False
        index = values / level
        seen += _seen(index, masks, made, start)
    return bool(seen[1] > seen[0])


def _seen(index: Floats, masks: Booleans, made: Booleans, start: int) -> Floats:
    """How many of the made-up pilots are seen by the lift itself, and by the lift per restlessness."""
    weights = _weights(masks)
    apart = weights @ index[:, start:].mean(axis=1)  # before the start the mean is 1
    lift = _DISTANCE * apart.std()
    moved = apart + lift * (made @ weights.T)  # (B, A)
    found = []
    for scale in (np.ones(len(masks)), restlessness(index, masks, start)):
        size = np.abs(moved / scale)
        own = np.diag(size[:, : len(made)])
        found.append(((size >= own[:, None] - 1e-12).mean(axis=1) <= _ALPHA).sum())
    return np.array(found, dtype=float)


def _weights(masks: Booleans) -> Floats:
    """What makes of the cities' values the mean of the set less that of the others."""
    found: Floats = masks / masks.sum(axis=1, keepdims=True) - ~masks / (~masks).sum(axis=1, keepdims=True)
    return found
