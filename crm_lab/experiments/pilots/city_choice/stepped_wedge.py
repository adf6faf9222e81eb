"""In which order a roll-out goes from city to city, so that it can still be measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from scipy import stats

from crm_lab.arrays import Floats, Integers
from crm_lab.checks import BadInput, check_settings, not_positive, too_small
from crm_lab.experiments.pilots.city_choice.city_pairs import STILL, index_series
from crm_lab.experiments.pilots.pilot_words import Every, Unit, counted
from crm_lab.messages import Message
from crm_lab.results import Fact, Kind, Readout, Result
from crm_lab.stats.panel.panel import Panel

_DRAWS = 2_000
_PLACEBOS = 200
_KEPT = 0.05  # of the orders drawn, the most alike, of which one is taken by lot


@dataclass(frozen=True, kw_only=True)
class SteppedWedge:
    """A roll-out in waves: every city starts once, in an order drawn by lot among those whose waves are most alike.

    >>> rng = np.random.default_rng(1)
    >>> panel = Panel(rng.gamma(400, 1, (12, 40)), tuple("abcdefghijkl"), tuple(range(40)))
    >>> order = SteppedWedge(waves=4, gap=4).draw(panel)
    >>> order.to_frame().groupby("wave").size().tolist()
    [3, 3, 3, 3]

    Attributes:
        waves: Steps in which cities start.
        gap: Periods from one step to the next; as many pass before the first and after the last.
        seed: Of the draw.
        unit: What starts.
        every: Length of a period.
        power: Of the smallest lift that is stated.
        level: Confidence level.

    Source:
        Hussey & Hughes (2007), Design and analysis of stepped wedge cluster randomized trials.
    """

    waves: int = 4
    gap: int = 4
    seed: int = 0
    unit: Unit = "city"
    every: Every = "week"
    power: float = 0.8
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, waves=2), not_positive(self, "gap"))

    def draw(self, panel: Panel, *, simulated: bool = False) -> SteppedWedgeResult:
        """Draw the order.

        >>> sorted(set(SteppedWedge(waves=3, gap=5).draw(panel).starts().values()))
        [5, 10, 15]

        Args:
            panel: The past of all cities.
            simulated: Whether it is simulated.

        Returns:
            The wave of each city, and the smallest lift that the roll-out shows.

        Raises:
            BadInput: If there are fewer cities than waves, or a past shorter than the roll-out.
        """
        n, length = panel.values.shape
        needed = self.gap * (self.waves + 1)
        if n < self.waves or length < needed:
            raise BadInput(
                f"{n} units and {length} periods of the past: {self.waves} waves need as many units, and a past as "
                f"long as the roll-out, {needed} periods."
            )
        series = index_series(panel)
        rng = np.random.default_rng(self.seed)
        base = np.arange(n) % self.waves
        orders = np.array([rng.permutation(base) for _ in range(_DRAWS)])
        apart = np.array([_between(series, order, self.waves) for order in orders])
        kept = np.argsort(apart, kind="stable")[: max(int(_KEPT * _DRAWS), 1)]
        order = orders[int(rng.choice(kept))]
        return SteppedWedgeResult(self, panel, order, simulated)


def _between(series: Floats, order: Integers, waves: int) -> float:
    """How unlike the waves' mean paths were."""
    means = np.array([series[order == wave].mean(axis=0) for wave in range(waves)])
    return float(means.var(axis=0).mean())


@dataclass(frozen=True, eq=False)
class SteppedWedgeResult(Result):
    """The wave in which each city starts.

    >>> panel = Panel(np.random.default_rng(1).gamma(400, 1, (12, 40)), tuple("abcdefghijkl"), tuple(range(40)))
    >>> order = SteppedWedge(waves=4, gap=4).draw(panel)
    >>> order.to_frame()["wave"].tolist()
    [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]

    Attributes:
        spec: What was asked.
        panel: The past.
        order: Wave of each city from 0, shape (n,).
        simulated: Whether the past is simulated.
    """

    spec: SteppedWedge
    panel: Panel
    order: Integers
    simulated: bool

    name: ClassVar[str] = "stepped_wedge"
    formats: ClassVar[dict[str, str]] = {"mean_value": ",.0f"}

    def starts(self) -> dict[str, int]:
        """City -> period of the roll-out, from 0, in which it starts.

        >>> sorted(set(order.starts().values()))
        [4, 8, 12, 16]
        """
        return {name: int((wave + 1) * self.spec.gap) for name, wave in zip(self.panel.units, self.order, strict=True)}

    @property
    def mde(self) -> float:
        """Smallest lift seen, from what such roll-outs would have found in the past, where nothing was done.

        >>> round(order.mde, 3)
        0.029
        """
        gap, reach = self.spec.gap, self.spec.waves + 1
        values = self.panel.values[:, self.panel.values.shape[1] % gap :]
        spans = values.reshape(len(values), -1, gap).mean(axis=2)
        logs = np.log(np.maximum(spans, STILL * spans.mean(axis=1, keepdims=True)))
        rng, found = np.random.default_rng(self.spec.seed), []
        for order in (rng.permutation(self.order) for _ in range(_PLACEBOS)):
            on = (np.arange(reach) > order[:, None]).astype(float)
            on += on.mean() - on.mean(axis=1, keepdims=True) - on.mean(axis=0)
            windows = sliding_window_view(logs, reach, axis=1)
            found.append(np.einsum("nr,nsr->s", on, windows) / (on**2).sum())
        free = len(values) - 1
        t = float(stats.t.ppf(0.5 + self.spec.level / 2, free) + stats.t.ppf(self.spec.power, free))
        return math.expm1(t * float(np.sqrt(np.mean(np.square(found)))))

    def to_frame(self) -> pd.DataFrame:
        """One row a city, in the order of the roll-out: wave from 1, period in which it starts, mean value.

        >>> list(order.to_frame())
        ['unit', 'wave', 'starts', 'mean_value']
        """
        frame = pd.DataFrame({"unit": self.panel.units, "wave": self.order + 1})
        frame = frame.assign(starts=frame["unit"].map(self.starts()), mean_value=self.panel.values.mean(axis=1))
        return frame.sort_values(["wave", "mean_value"], ascending=[True, False], ignore_index=True)

    def readout(self) -> Readout:
        """How the roll-out goes, what it shows, and what to do.

        >>> print(order.readout().finding)
        A roll-out of 12 cities in 4 waves, one every 4 weeks, can be measured as it goes: it shows lifts from 2.9%
        after 20 weeks. First: f, h, d.
        """
        spec = self.spec
        values = {
            "unit": counted(spec.unit, len(self.order)), "waves": spec.waves, "gap": counted(spec.every, spec.gap),
            "length": counted(spec.every, spec.gap * (spec.waves + 1)), "mde": self.mde, "power": spec.power,
            "first": ", ".join(self.to_frame().query("wave == 1")["unit"]),
        }  # fmt: skip
        return Readout.of("experiments.pilots", values, "wedge_finding", "wedge_certainty", "wedge_action")

    def facts(self) -> tuple[Fact, ...]:
        """The smallest lift that the roll-out shows.

        >>> [fact.id for fact in order.facts()]
        ['wedge.mde']
        """
        kind: Kind = "simulated" if self.simulated else "estimate"
        fact = partial(Fact, kind=kind, n=len(self.order))
        return (fact("wedge.mde", Message("experiments.pilots.fact_wedge"), self.mde, "share"),)
