"""Which cities get the pilot: drawn among all, within pairs that move alike, or among the sets most like the rest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans
from crm_lab.checks import BadInput, check_settings, not_portions, not_positive
from crm_lab.experiments.pilots.city_choice.city_pairs import alike_pairs, balanced_sets, imbalance
from crm_lab.experiments.pilots.pilot_words import Unit, counted
from crm_lab.messages import Message
from crm_lab.results import Fact, Kind, Readout, Result
from crm_lab.stats.panel.assignments import Assignments, complete, listed, matched_pairs
from crm_lab.stats.panel.panel import Panel

Draw = Literal["complete", "pairs", "constrained"]
_FEWEST_SETS = 40  # of which a test at .05 can still reject, in equal tails too


@dataclass(frozen=True, kw_only=True)
class CityDraw:
    """How treated cities are drawn, so that the test afterwards is that of the draw.

    >>> rng = np.random.default_rng(1)
    >>> panel = Panel(rng.gamma(50, 2, (10, 30)), tuple("abcdefghij"), tuple(range(30)))
    >>> drawn = CityDraw(treated=5, way="pairs", seed=3).draw(panel)
    >>> len(drawn.treated), len(drawn.assignments)
    (5, 32)

    Attributes:
        treated: Cities to treat.
        way: Among all (``complete``), one of each pair that moves alike (``pairs``), or among the sets whose past is
            most like that of the others (``constrained``).
        keep: Share of all sets that a constrained draw is among.
        never: Cities that cannot take part as treated.
        seed: Of the draw.
        unit: What is drawn.

    Source:
        Constrained randomisation: Moulton (2004), Clinical Trials 1, 297-305. Pairs: Imai, King & Nall (2009),
        Statistical Science 24, 29-53.
    """

    treated: int
    way: Draw = "constrained"
    keep: float = 0.1
    never: tuple[str, ...] = ()
    seed: int = 0
    unit: Unit = "city"

    def __post_init__(self) -> None:
        check_settings(self, not_positive(self, "treated"), not_portions(self, "keep"))

    def draw(self, panel: Panel, *, simulated: bool = False) -> CityDrawResult:
        """Draw the cities.

        >>> CityDraw(treated=2, never=("a",), seed=3).draw(panel).treated
        ('h', 'j')

        Args:
            panel: The past of all cities that could take part.
            simulated: Whether it is simulated.

        Returns:
            Who is treated, and the design's own set of assignments.

        Raises:
            BadInput: If there are too few cities, or a city is unknown.
        """
        unknown = sorted(set(self.never) - set(panel.units))
        if unknown:
            raise BadInput(
                f"never names {', '.join(unknown)}, which the panel has not; it has {', '.join(panel.units)}."
            )
        free = np.array([name not in self.never for name in panel.units])
        needed = self.treated * (2 if self.way == "pairs" else 1) + (0 if self.way == "pairs" else 1)
        if int(free.sum()) < self.treated or len(free) < needed or (self.way == "pairs" and free.sum() < needed):
            raise BadInput(f"{self.treated} treated units are asked for, and {int(free.sum())} of {len(free)} can be.")
        usual = float(np.median(imbalance(panel, complete(np.arange(len(free)) < self.treated, draws=2_000).masks)))
        if self.way == "pairs":
            return CityDrawResult(self, panel, *self._paired(panel, free), usual, simulated)
        return CityDrawResult(self, panel, panel, self._listed(panel, free), usual, simulated)

    def _paired(self, panel: Panel, free: Booleans) -> tuple[Panel, Assignments]:
        """The cities in pairs, and one of each drawn."""
        able = panel.without([name for name, can in zip(panel.units, free, strict=True) if not can])
        chosen = sorted(i for pair in alike_pairs(able, self.treated) for i in pair)
        part = able.without([name for i, name in enumerate(able.units) if i not in chosen])
        pairs = alike_pairs(part, self.treated)
        sides = np.random.default_rng(self.seed).integers(2, size=len(pairs))
        treated = np.isin(np.arange(len(part.units)), [pair[side] for pair, side in zip(pairs, sides, strict=True)])
        return part, matched_pairs(pairs, treated, seed=self.seed)

    def _listed(self, panel: Panel, free: Booleans) -> Assignments:
        """All sets that are allowed, or those most alike, and one of them drawn."""
        sets, _ = balanced_sets(panel, self.treated, self.seed)
        sets = sets[~(sets & ~free).any(axis=1)]
        keep = 1.0 if self.way == "complete" else self.keep
        kept = sets[: max(round(keep * len(sets)), min(_FEWEST_SETS, len(sets)))]
        return listed(kept, kept[int(np.random.default_rng(self.seed).integers(len(kept)))])


@dataclass(frozen=True, eq=False)
class CityDrawResult(Result):
    """The cities drawn, and the set of assignments that the draw was among.

    >>> panel = Panel(np.random.default_rng(1).gamma(50, 2, (10, 30)), tuple("abcdefghij"), tuple(range(30)))
    >>> drawn = CityDraw(treated=4, way="pairs", seed=3).draw(panel)
    >>> len(drawn.treated), len(drawn.part.units), len(drawn.panel.units)
    (4, 8, 10)

    Attributes:
        spec: How it was drawn.
        panel: The past of all cities.
        part: The past of those that take part: all, or those in pairs.
        assignments: The design's own over those, the one that was drawn first.
        usual: Median imbalance of a draw among all sets.
        simulated: Whether the past is simulated.
    """

    spec: CityDraw
    panel: Panel
    part: Panel
    assignments: Assignments
    usual: float
    simulated: bool

    name: ClassVar[str] = "city_draw"
    words: ClassVar[dict[str, str]] = {"role": "experiments.pilots.role_"}
    formats: ClassVar[dict[str, str]] = {"mean_value": ",.0f"}

    @property
    def treated(self) -> tuple[str, ...]:
        """The cities that get the pilot.

        >>> len(drawn.treated), set(drawn.treated) <= set(drawn.part.units)
        (4, True)
        """
        return tuple(np.array(self.part.units)[self.assignments.observed].tolist())

    @property
    def floor(self) -> float:
        """Smallest two-sided p value that the test of this draw can give.

        >>> drawn.floor
        0.125
        """
        return self.assignments.floor()

    @property
    def imbalance(self) -> float:
        """How unlike the past of the drawn cities and of the others moved, as a share of mean sales.

        >>> round(drawn.imbalance, 2)
        0.1
        """
        return float(imbalance(self.part, self.assignments.observed[None, :])[0])

    def to_frame(self) -> pd.DataFrame:
        """One row a city: its part in the pilot and its mean value in the past.

        >>> drawn.to_frame()["role"].value_counts().to_dict()
        {'treated': 4, 'control': 4, 'unused': 2}
        """
        units = np.array(self.panel.units)
        role = np.where(
            np.isin(units, self.treated), "treated", np.where(np.isin(units, self.part.units), "control", "unused")
        )
        frame = pd.DataFrame({"unit": self.panel.units, "role": role, "mean_value": self.panel.values.mean(axis=1)})
        order = {"treated": 0, "control": 1, "unused": 2}
        return frame.sort_values(
            ["role", "mean_value"], key=lambda c: c.map(order) if c.name == "role" else -c, ignore_index=True
        )

    def readout(self) -> Readout:
        """Who is drawn, how alike they are to the others, and what the test afterwards must know.

        >>> print(drawn.readout().finding)
        The pilot goes to 4 cities: b, c, e, f. They were drawn one of each pair that moved alike.
        """
        values = {
            "unit": counted(self.spec.unit, len(self.treated)), "names": ", ".join(self.treated),
            "way": Message(f"experiments.pilots.draw_{self.spec.way}"), "sets": len(self.assignments),
            "floor": self.floor, "imbalance": self.imbalance, "usual": self.usual, "seed": self.spec.seed,
        }  # fmt: skip
        return Readout.of("experiments.pilots", values, "draw_finding", "draw_certainty", "draw_action")

    def facts(self) -> tuple[Fact, ...]:
        """How alike the drawn cities and the others moved, and the floor of the design.

        >>> [fact.id for fact in drawn.facts()]
        ['pilot.draw.imbalance', 'pilot.draw.floor']
        """
        kind: Kind = "simulated" if self.simulated else "fact"
        fact = partial(Fact, kind=kind, n=len(self.panel.units))
        return (
            fact(
                "pilot.draw.imbalance",
                Message("experiments.pilots.fact_imbalance"),
                self.imbalance,
                "share",
                better="down",
            ),
            fact("pilot.draw.floor", Message("experiments.pilots.fact_draw_floor"), self.floor, "p"),
        )
