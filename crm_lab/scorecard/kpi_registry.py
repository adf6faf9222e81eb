"""The registry of metrics: name, scale and desired direction of each."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from crm_lab.messages import Message
from crm_lab.results import Better

Dimension = Literal["share", "growth", "score", "ratio", "duration", "count", "money"]

_MAGNITUDES: Final = {"thousand": 1e3, "million": 1e6, "billion": 1e9}
UNITS: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "share": {},
        "growth": {},
        "score": {"points": 1.0},
        "ratio": {"times": 1.0},
        "duration": {
            "seconds": 1 / 86_400, "minutes": 1 / 1440, "hours": 1 / 24, "days": 1.0, "weeks": 7.0, "months": 365 / 12,
            "years": 365.0,
        },
        "count": _MAGNITUDES,
        "money": _MAGNITUDES,
    }
)  # fmt: skip
"""Dimension -> unit -> factor to the plain unit (days for durations, ones for counts and money)."""

_SCALES: Final = {"share": (0.0, 1.0), "growth": (-1.0, math.inf), "ratio": (-1.0, math.inf)}
_PERCENT: Final = ("share", "growth", "ratio")


class Kpi(BaseModel):
    """One metric of the registry ``kpi_registry.toml``.

    >>> kpi = metrics()["response_rate"]

    Attributes:
        name: Its key.
        dimension: What kind of number it is.
        better: Which direction is good.
        lo: Lowest possible value in the plain unit, where it is not that of the dimension.
        hi: Highest possible value.
        bases: Definitions that give different numbers.
        lookalikes: Scales on which something of the same name is also quoted.
        by_itself: Metric that says what is reached by doing nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    dimension: Dimension
    better: Better
    lo: float | None = None
    hi: float | None = None
    bases: tuple[str, ...] = ()
    lookalikes: tuple[tuple[float, float], ...] = ()
    by_itself: str | None = None

    @property
    def label(self) -> Message:
        """The metric's name in words.

        >>> str(kpi.label)
        'Response rate'
        """
        return Message(f"claims.metric.{self.name}")

    @property
    def scale(self) -> tuple[float, float]:
        """Lowest and highest possible value in the plain unit.

        >>> kpi.scale
        (0.0, 1.0)
        """
        lo, hi = _SCALES.get(self.dimension, (0.0, math.inf))
        return lo if self.lo is None else self.lo, hi if self.hi is None else self.hi

    @property
    def takes_percent(self) -> bool:
        """Whether its values may be printed with a per cent sign.

        >>> kpi.takes_percent
        True
        """
        return self.dimension in _PERCENT

    @property
    def is_share(self) -> bool:
        """Whether "+5 %" of it may mean points or a relative change.

        >>> kpi.is_share
        True
        """
        return self.dimension == "share"


@cache
def metrics() -> Mapping[str, Kpi]:
    """All metrics by name.

    >>> metrics()["nps"].scale, metrics()["alert_accuracy"].by_itself
    ((-100.0, 100.0), 'never_alert_accuracy')
    """
    text = resources.files(__package__).joinpath("kpi_registry.toml").read_text(encoding="utf-8")
    return MappingProxyType({name: Kpi(name=name, **entry) for name, entry in tomllib.loads(text).items()})
