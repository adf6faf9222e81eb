"""Panels of cities as an analyst exports them, odd ones among them, each with its truth known."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

CITIES, WEEKS, START, TREATED = 12, 60, 46, ("c00", "c03", "c06", "c09")


@dataclass
class Odd:
    """Cities by weeks: what each sells, what is done to it, and how the file is described.

    Attributes:
        lift: True lift of each treated city; a number for all, or one a city.
        drift: Growth a week of the treated cities that is none of the programme's.
        starts: First treated week of each treated city; all at `START` unless given.
        huge: Treated city a thousand times as large as the others.
        noise: Standard deviation of a city's week.
        value: Name of the value.
        terms: Of the ``[panel]`` table.
        cities: Cities in all.
        weeks: Weeks in all.
        seed: Of the noise.
    """

    lift: float | dict = 0.0
    drift: float = 0.0
    starts: dict = field(default_factory=lambda: dict.fromkeys(TREATED, START))
    huge: str = ""
    noise: float = 0.04
    value: str = "sales"
    terms: dict = field(default_factory=dict)
    cities: int = CITIES
    weeks: int = WEEKS
    seed: int = 0

    def frame(self):
        """``city, week, <value>, treated_from``."""
        rng, names = np.random.default_rng(self.seed), [f"c{i:02d}" for i in range(self.cities)]
        days = pd.date_range("2022-01-03", periods=self.weeks, freq="7D")
        sizes = 1_000 * np.exp(rng.normal(0, 0.3, self.cities))
        values = sizes[:, None] * np.exp(rng.normal(0, self.noise, (self.cities, self.weeks)))
        values *= np.exp(np.cumsum(rng.normal(0, 0.02, self.weeks)))
        for name, start in self.starts.items():
            row = names.index(name)
            lift = self.lift[name] if isinstance(self.lift, dict) else self.lift
            values[row] *= np.exp(self.drift * np.arange(self.weeks)) * (1_000 if name == self.huge else 1)
            values[row, start:] *= 1 + lift
        since = {name: f"{days[start]:%Y-%m-%d}" for name, start in self.starts.items()}
        frame = pd.DataFrame({"city": np.repeat(names, self.weeks), "week": np.tile(days, self.cities)})
        return frame.assign(
            **{self.value: values.ravel().round(4)}, treated_from=[since.get(name, "") for name in frame["city"]]
        )

    def write(self, folder):
        """The file and its suite; the suite's path."""
        self.frame().to_csv(folder / "odd.csv", index=False)
        told = {"unit": "city", "date": "week", "value": self.value, **self.terms}
        told |= {"treated_from": "treated_from"} if self.starts else {"ignored": ["treated_from"]}
        lines = [f"{name} = {value!r}" for name, value in told.items()]
        (folder / "odd.toml").write_text("[panel]\nfile = 'odd.csv'\n" + "\n".join(lines), encoding="utf-8")
        return str(folder / "odd.toml")
