"""A draw of cities as a file: what was drawn, and among what, so that the test afterwards repeats just that draw."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crm_lab.checks import BadInput, Problems
from crm_lab.experiments.pilots.city_choice.city_draw import CityDrawResult
from crm_lab.project import project_root
from crm_lab.stats.panel.assignments import Assignments, listed
from crm_lab.stats.panel.panel import Panel

_SCHEMA = 1


@dataclass(frozen=True)
class SavedDraw:
    """Cities that took part in a draw, and every set that could have been drawn.

    >>> saved = SavedDraw(("bonn", "jena", "kiel", "ulm"), ((0, 1), (2, 3), (0, 2)))
    >>> panel = Panel(np.ones((5, 2)), ("bonn", "jena", "kiel", "trier", "ulm"), (1, 2))
    >>> part, assignments = saved.among(panel, ("jena", "bonn"))
    >>> part.units, len(assignments)
    (('bonn', 'jena', 'kiel', 'ulm'), 3)

    Attributes:
        units: The cities.
        sets: Places of the treated cities in each set, the one that was drawn first.
    """

    units: tuple[str, ...]
    sets: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, drawn: CityDrawResult) -> SavedDraw:
        """What of a draw the test afterwards must know.

        Args:
            drawn: The draw.

        Returns:
            Its cities and sets.
        """
        return cls(drawn.part.units, tuple(tuple(map(int, np.flatnonzero(row))) for row in drawn.assignments.masks))

    def save(self, path: str | Path) -> Path:
        """Write it as JSON; `SavedDraw.load` reads it.

        Args:
            path: The file.

        Returns:
            The file.
        """
        path = Path(path)
        told = {"schema": _SCHEMA, "units": self.units, "sets": self.sets}
        path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: str | Path) -> SavedDraw:
        """Read a saved draw.

        Args:
            path: The file; relative paths start at the project.

        Returns:
            The draw.

        Raises:
            BadInput: If the file is no draw of this version.
        """
        given = Path(path)
        given = given if given.is_absolute() or given.exists() else project_root() / given
        name = given.name
        try:
            told = json.loads(given.read_text(encoding="utf-8"))
            units, sets = tuple(map(str, told["units"])), tuple(tuple(map(int, row)) for row in told["sets"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{name} is no draw of cities: {error}.") from None
        inside = all(0 <= place < len(units) for row in sets for place in row)
        if told.get("schema") != _SCHEMA or not sets or not inside:
            raise BadInput(f"{name} is no draw of cities of version {_SCHEMA}.")
        return cls(units, sets)

    def among(self, panel: Panel, treated: tuple[str, ...]) -> tuple[Panel, Assignments]:
        """The draw on a panel.

        Args:
            panel: Values of all cities.
            treated: The cities that were treated.

        Returns:
            The panel of the cities that took part, and the sets that could have been drawn, as its rows.

        Raises:
            BadInput: If a city of the draw is missing, or others were treated than it gave.
        """
        problems, gave = Problems("The draw and the pilot"), {self.units[place] for place in self.sets[0]}
        missing = sorted(set(self.units) - set(panel.units))
        problems.unless(not missing, f"the panel lacks {', '.join(missing)}, which took part in the draw.")
        same = gave == set(treated)
        problems.unless(
            same, f"the draw gave {', '.join(sorted(gave))}, and {', '.join(sorted(treated))} were treated."
        )
        problems.raise_any()
        part = panel.without([name for name in panel.units if name not in self.units])
        place = {name: i for i, name in enumerate(part.units)}
        masks = np.zeros((len(self.sets), len(part.units)), dtype=bool)
        for row, members in zip(masks, self.sets, strict=True):
            row[[place[self.units[i]] for i in members]] = True
        return part, listed(masks, masks[0])
