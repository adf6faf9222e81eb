"""Concentration: how many members hold most of the points that are open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.checks import check_settings, need_columns, not_inside, not_levels, too_small
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.stats.inequality import Inequality, inequality, top_count

_S = "liability.concentration"


@dataclass(frozen=True, kw_only=True)
class PointsConcentration:
    """How unequally open points are held.

    >>> lots = pd.DataFrame({"customer_id": ["a", "a", "b", "c", "d"], "active": [500, 300, 100, 100, 0], "pending": 0})
    >>> found = PointsConcentration(top=0.34, draws=100).analyze(lots)
    >>> round(found.spread.top_share, 6), found.holders
    (0.8, 3)

    Attributes:
        top: Share of the holders that counts as top.
        draws: Bootstrap draws.
        level: Confidence level.
        seed: Of the draws.
        simulated: Whether the ledger is simulated.
    """

    top: float = 0.01
    draws: int = 200
    level: float = 0.95
    seed: int = 0
    simulated: bool = False

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "top"), not_levels(self, "level"), too_small(self, draws=50))

    def analyze(self, lots: pd.DataFrame) -> PointsConcentrationResult:
        """Measure it on the lots of a ledger.

        >>> PointsConcentration(draws=100).analyze(lots).held
        1000.0

        Args:
            lots: `customer_id`, `active` and `pending` points.

        Returns:
            Gini coefficient and top shares among members who hold any.

        Raises:
            CannotAnswer: If nobody holds any.
        """
        need_columns(lots.columns, ("customer_id", "active", "pending"), "The lots")
        held = (lots["active"] + lots["pending"]).groupby(lots["customer_id"]).sum()
        points = held[held > 0].to_numpy(dtype=float)
        if not len(points):
            raise cannot_answer("nobody_holds_points")
        spread = inequality(points, top=self.top, rng=self.seed, draws=self.draws, level=self.level)
        return PointsConcentrationResult(self, np.sort(points)[::-1], spread)


@dataclass(frozen=True, eq=False)
class PointsConcentrationResult(Result):
    """How unequally open points are held.

    >>> lots = pd.DataFrame({"customer_id": ["a", "a", "b", "c", "d"], "active": [500, 300, 100, 100, 0], "pending": 0})
    >>> found = PointsConcentration(top=0.34, draws=100).analyze(lots)

    Attributes:
        spec: Settings.
        points: Points of each holder, largest first.
        spread: Gini coefficient and top share.
    """

    spec: PointsConcentration
    points: Floats
    spread: Inequality

    name: ClassVar[str] = "points_concentration"
    formats: ClassVar[Mapping[str, str]] = {"holders": ",.0f", "points": ",.0f", "top": ".0%", "share": ".1%"}

    @property
    def holders(self) -> int:
        """Members who hold points.

        >>> found.holders
        3
        """
        return len(self.points)

    @property
    def held(self) -> float:
        """Points they hold.

        >>> found.held
        1000.0
        """
        return float(self.points.sum())

    def to_frame(self) -> pd.DataFrame:
        """Shares of the largest holders.

        >>> found.to_frame()["share"].tolist()
        [0.8, 0.8, 0.8, 0.8, 0.8]

        Returns:
            One row per `top` share of the holders (at least one of them): `holders`, `points` and their `share`.
        """
        tops, upto, rows = sorted({0.01, 0.05, 0.1, 0.5, self.spec.top}), np.cumsum(self.points), []
        for top in tops:
            n = top_count(top, self.holders)
            rows.append((top, n, upto[n - 1], upto[n - 1] / upto[-1]))
        return pd.DataFrame(rows, columns=["top", "holders", "points", "share"])

    def readout(self) -> Readout:
        """Who holds most.

        >>> print(found.readout().finding)
        1 of 3 holders have 80.0% of the 1,000 open points.
        """
        spread = self.spread
        values = {
            "n": spread.top_n, "holders": self.holders, "share": spread.top_share, "points": self.held,
            "gini": spread.gini, "lo": spread.gini_ci.lo, "hi": spread.gini_ci.hi, "level": self.spec.level,
        }  # fmt: skip
        return Readout.of(_S, values)

    def facts(self) -> tuple[Fact, ...]:
        """Gini coefficient and top share.

        >>> [fact.id for fact in found.facts()]
        ['concentration.gini', 'concentration.top_share']
        """
        kind: Kind = "simulated" if self.spec.simulated else "estimate"
        spread, top = self.spread, Message(f"{_S}.fact_top", {"top": self.spec.top})
        rows: tuple[tuple[str, Message | str, float, str, Interval], ...] = (
            ("gini", f"{_S}.fact_gini", spread.gini, "", spread.gini_ci),
            ("top_share", top, spread.top_share, "share", spread.top_share_ci),
        )
        return tuple(
            Fact(f"concentration.{name}", label, value, unit, ci=ci, kind=kind, n=self.holders)
            for name, label, value, unit, ci in rows
        )
