"""Settings of what moves whole cities: shocks week by week, and a programme that some cities get."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crm_lab.checks import negative, not_positive


@dataclass(frozen=True, slots=True, kw_only=True)
class CityShocks:
    """Chance deviations of a city's demand, which all its customers share.

    Attributes:
        sd: Standard deviation of the log of a city's demand in a week; 0 is none.
        persistence: Correlation of a week's deviation with that of the week before.
        level_sd: Standard deviation of the log of a city's demand a customer over all weeks; 0 is cities alike.
    """

    sd: float = 0.0
    persistence: float = 0.0
    level_sd: float = 0.0

    @property
    def on(self) -> bool:
        """Whether cities differ in anything."""
        return self.sd > 0 or self.level_sd > 0

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        yield from negative(self, "sd", "level_sd")
        if not 0 <= self.persistence < 1:
            yield f"persistence is {self.persistence}; it must be 0 or more and below 1, or deviations never fade."
        if self.persistence and not self.sd:
            yield f"persistence is {self.persistence}, but sd is 0, so nothing deviates; set one of them."


@dataclass(frozen=True, slots=True, kw_only=True)
class Pilot:
    """A programme that whole cities get.

    Attributes:
        on: Whether there is one.
        start: Day of the window on which it starts, a Monday.
        weeks: How many weeks it runs.
        treated: How many cities get it, drawn by lot ...
        cities: ... or which ones.
        lift: Relative effect on sales of those cities: extra orders beside the customers' own, in the same week.
        cost: Cost of one city and week.
    """

    on: bool = False
    start: int = 364
    weeks: int = 13
    treated: int = 5
    cities: tuple[str, ...] = ()
    lift: float = 0.0
    cost: float = 0.0

    @property
    def end(self) -> int:
        """The day after its last."""
        return self.start + 7 * self.weeks

    @property
    def n_treated(self) -> int:
        """How many cities get it; none where there is no programme."""
        return (len(self.cities) or self.treated) if self.on else 0

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        yield from not_positive(self, "weeks", "treated")
        yield from negative(self, "start", "lift", "cost")
        if len(set(self.cities)) != len(self.cities):
            yield f"cities are {', '.join(self.cities)}; name each once."
        if not self.on and (self.lift or self.cost or self.cities):
            yield "it has an effect, a cost or cities but on is false; set on = true or leave them out."
