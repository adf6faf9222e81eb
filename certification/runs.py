"""Certification of runs: kills leave nothing, planted changes are named, quiet weeks stay quiet, falls are called.

All weekly figures here are simulated.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crm_lab.arrays import Floats
from crm_lab.project import project_root
from crm_lab.run.archive.changes import compare_runs
from crm_lab.run.archive.control_limits import control_limits
from crm_lab.run.suites.notebook_file import notebooks
from tests.run.archive.killed import kill_points, state_after_a_kill
from tests.run.archive.made_runs import KINDS, fact, named, plant, state, write_run
from tests.run.equal_bytes import differences
from tests.run.fuzzed import what_happens
from tests.run.killed_runs import kills

WEEKS, YEARS, FACTS = 104, 2, 300


@dataclass(frozen=True)
class World:
    """How a figure moves from week to week while nothing happens.

    Attributes:
        draw: Makes its values.
        error: The standard error that stands beside it; 0 for counts and sums.
    """

    draw: Callable[[np.random.Generator, int], Floats]
    error: float = 0.0


def _autocorrelated(chance: np.random.Generator, weeks: int) -> Floats:
    noise = chance.normal(size=weeks) * 0.6
    values = np.zeros(weeks)
    for week in range(1, weeks):
        values[week] = 0.8 * values[week - 1] + noise[week]
    return 10 + values


def _rolling(chance: np.random.Generator, weeks: int) -> Floats:
    return np.convolve(chance.poisson(40, weeks + 12).astype(float), np.ones(13), "valid")


WORLDS = {
    "a share with its interval": World(lambda chance, weeks: 50 + chance.normal(size=weeks), 1.0),
    "a slow wave with an interval": World(_autocorrelated, 1.0),
    "a quarter's sum with an interval": World(_rolling, 23.0),
    "independent weeks": World(lambda chance, weeks: 10 + chance.normal(size=weeks)),
    "a slow wave": World(_autocorrelated),
    "a base that grows": World(lambda chance, weeks: 100 + np.cumsum(1 + chance.normal(size=weeks) / 2)),
    "a count": World(lambda chance, weeks: chance.poisson(6, weeks).astype(float)),
    "a quarter's sum": World(_rolling),
    "a median of days": World(lambda chance, weeks: np.round(14 + 0.3 * chance.normal(size=weeks))),
}


def alarms_a_year(seed: int, facts: int = FACTS) -> float:
    """False alarms a year of 300 facts, from so many simulated ones over 104 weeks."""
    chance = np.random.default_rng(seed)
    worlds = list(WORLDS.values())
    alarms = 0
    for number in range(facts):
        world = worlds[number % len(worlds)]
        values = world.draw(chance, WEEKS)
        start = 0
        for week in range(1, WEEKS):
            limits = control_limits(values[start:week][-52:], FACTS, world.error, values[:start])
            if limits is not None and not limits.holds(values[week]):
                alarms, start = alarms + 1, week
    return alarms * FACTS / facts / YEARS


def share_called(world: str, seed: int, facts: int) -> float:
    """Share of falls called that lie five standard errors below every value of the past."""
    chance, one = np.random.default_rng(seed), WORLDS[world]
    called = []
    for _ in range(facts):
        past = one.draw(chance, WEEKS)[: chance.integers(3, 53)]
        limits = control_limits(past, FACTS, one.error)
        called.append(limits is not None and not limits.holds(past.min() - 5 * one.error))
    return float(np.mean(called))


def certify_quiet_weeks() -> dict:
    """False alarms a year, of 300 facts over 104 weeks, on average over 50 seeds."""
    rates = [alarms_a_year(seed) for seed in range(50)]
    return _entry("runs.false_alarms_a_year", float(np.mean(rates)), 0, 1, "50 seeds x 104 weeks x 300 simulated facts")


def certify_falls() -> dict:
    """Falls of five standard errors that are called."""
    worst = min(share_called(name, 7, 500) for name, world in WORLDS.items() if world.error)
    return _entry("runs.falls_of_5_se_called", worst, 1, 1, "500 falls in each of three worlds, below all of the past")


def certify_causes() -> dict:
    """Planted changes of which exactly the cause is named, 50 of each kind."""
    right = 0
    for kind in KINDS:
        for seed in range(50):
            with tempfile.TemporaryDirectory() as folder:
                before = state(fact("a.sum", 100.0))
                after = plant(before, kind, np.random.default_rng(seed))
                runs = (write_run(Path(folder), f"2024-04-0{n}T06-00-00Z", s) for n, s in ((1, before), (8, after)))
                (change,) = compare_runs(*runs).facts
                right += named(change) == ({"as_of", kind} if kind == "new_rows" else {kind})
    return _entry("runs.causes_named", right, 50 * len(KINDS), 50 * len(KINDS), f"{len(KINDS)} causes x 50")


def certify_kills() -> dict:
    """Kills at every file operation and beyond, 1,000 in all, after which something was half, blocked or left."""
    points = {links: kill_points(links=links) for links in (True, False)}
    wrong = []
    for number in range(1000):
        links = bool(number % 2)
        with tempfile.TemporaryDirectory() as folder:
            wrong += state_after_a_kill(Path(folder), number // 2 % points[links], links=links)
    return _entry("runs.kills_that_left_something", len(wrong), 0, 0, f"{points} file operations; {wrong[:3]}")


def certify_killed_runs() -> dict:
    """Whole small runs of the command line, killed at 200 random times, after which something was half or blocked."""
    with tempfile.TemporaryDirectory() as folder:
        number, wrong = kills(Path(folder), 1, lambda so_far: so_far >= 200)
    return _entry("runs.killed_runs_that_left_something", len(wrong), 0, 0, f"{number} kills; {wrong[:3]}")


def certify_equal_bytes() -> dict:
    """Files that differ among three runs of the tour: two folders, one job and two, three zones, two locales."""
    with tempfile.TemporaryDirectory() as folder:
        files, found, chinese = differences(Path(folder), "tour")
    what = f"{files} files x 3 runs{'' if chinese else '; the Chinese locale could not be made'}; {found[:3]}"
    return _entry("runs.files_that_differ", len(found), 0, 0, what)


def certify_fuzz() -> dict:
    """Random suites, settings and names, 10,000 of each, that end in anything but a plan or a sentence."""
    known = notebooks(project_root())
    with tempfile.TemporaryDirectory() as folder:
        wrong = [said for seed in range(10_000) for said in what_happens(seed, Path(folder), known)]
    return _entry("runs.fuzz_without_a_sentence", len(wrong), 0, 0, f"10,000 seeds of six kinds; {wrong[:3]}")


def _entry(name: str, value: float, lo: float, hi: float, what: str) -> dict:
    return {"name": name, "value": value, "lo": lo, "hi": hi, "ok": lo <= value <= hi, "what": what}
