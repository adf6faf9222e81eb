"""A programme with three arms and four segments, looked at every week: the key's decision; seeds are fixed here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from certification.experiments import entry
from certification.small_tests import bound
from crm_lab.experiments import Experiment, Programme, SegmentEffects, SeveralArms, SeveralArmsResult
from crm_lab.experiments.payoff.several_arms import only

SEED, DRAWS, WEEKS, UNITS = 20_240_801, 500, 12, 4_500
LOOKS = tuple(range(1, WEEKS + 1))
ARMS = ("control", "card", "mail")
MARGIN, REWARDS, CONTACT, SHIP_AT = 0.4, 0.01, 0.25, 0.95
SPEND = 10.0  # of a member and week, on average
SEGMENTS = {"A": 2.0, "B": 1.2, "C": 0.8, "D": 0.5}  # how much their members spend, relative to each other


def programme(weeks: int) -> Programme:
    """Terms of so many weeks."""
    return Programme(
        margin_share=MARGIN, reward_rate=REWARDS, redemption_share=0.7, contact_cost=CONTACT * weeks, ship_at=SHIP_AT,
        currency="EUR",
    )  # fmt: skip


def break_even() -> float:
    """The lift of all spend at which a treated member earns exactly what they cost, whatever the weeks."""
    paid = REWARDS * 0.7
    spend = SPEND * float(np.mean(list(SEGMENTS.values())))
    return (paid * spend + CONTACT) / ((MARGIN - paid) * spend)


@dataclass(frozen=True)
class Key:
    """A scenario with its key: lift of spend and right decision of each treatment."""

    lifts: dict[str, float]
    right: dict[str, str]


KEYS = {
    "decides": Key({"card": 2.6 * break_even(), "mail": -0.08}, {"card": "ship", "mail": "stop"}),
    "roi_0": Key({"card": break_even(), "mail": break_even()}, {}),
}


def draw(rng: np.random.Generator, key: Key) -> pd.DataFrame:
    """Members with their segment, arm, spend of twelve weeks before and spend up to each week."""
    segment = rng.choice(list(SEGMENTS), UNITS)
    level = rng.gamma(4, 0.25, UNITS) * pd.Series(segment).map(SEGMENTS).to_numpy() * SPEND
    arm = rng.permutation(np.resize(ARMS, UNITS))
    lift = 1 + pd.Series(arm).map({"control": 0.0, **key.lifts}).to_numpy()
    weekly = level[:, None] * rng.gamma(0.5, 2.0, (UNITS, WEEKS)) * lift[:, None]
    before = level * rng.gamma(0.5 * WEEKS, 2.0, UNITS)
    sums = {f"spend_{week}": column for week, column in zip(LOOKS, np.cumsum(weekly, axis=1).T, strict=True)}
    return pd.DataFrame({"arm": arm, "segment": segment, "before": before, **sums})


@dataclass(frozen=True)
class Course:
    """What one test came to: each treatment's decision and week, z of the net result, and segments claimed."""

    decisions: dict[str, str]
    weeks: dict[str, int]
    z: dict[str, float]
    segments: bool


def run(rng: np.random.Generator, key: Key) -> Course:
    """Look every week; a treatment that is shipped or stopped stays so, the rest is read at the next look."""
    outcomes = [f"spend_{week}" for week in LOOKS]
    test = Experiment.from_frame(draw(rng, key), arm="arm", outcomes=outcomes, covariates=["before"])
    pairs = {arm: only(test, arm) for arm in test.treatments}
    decided: dict[str, str] = {}
    ended: dict[str, int] = {}
    for week in LOOKS:
        terms = programme(week).at_look(LOOKS, week)
        answers = {arm: terms.analyze(pair, f"spend_{week}") for arm, pair in pairs.items()}
        table = SeveralArmsResult(SeveralArms(programme=terms), answers, simulated=False).to_frame()
        for arm, said in zip(table["arm"], table["decision"], strict=True):
            if decided.get(arm, "extend") == "extend" and (said == "ship" or week > WEEKS // 2):
                decided[arm], ended[arm] = said, week
    z = {arm: answer.returns.net()[0] / answer.returns.net()[1] for arm, answer in answers.items()}
    return Course(decided, ended, z, _claims(rng, test, outcomes[-1]))


def _claims(rng: np.random.Generator, test: Experiment, outcome: str) -> bool:
    """Whether a segment is claimed between two halves of the control, to whom nothing was done."""
    frame = test.frame[test.frame["arm"] == "control"].reset_index(drop=True)
    halves = frame.assign(arm=rng.permutation(np.resize(("control", "mail"), len(frame))))
    nothing = Experiment.from_frame(halves, arm="arm", outcomes=[outcome], covariates=["before"])
    found = SegmentEffects(metric=outcome, by=("segment",)).analyze(nothing)
    return found.differ or bool(found.claimed())


def certify_weekly_programme(draws: int = DRAWS) -> Iterator[dict[str, Any]]:
    """The key's decision where an oracle would be right; a false ship at an ROI of 0; claims of segments that are none.

    An oracle knows the spread and reads once, at the end, at the same one-sided error for two treatments.
    """
    claims = 0
    for name, key in KEYS.items():
        rng = np.random.default_rng(SEED + len(name))
        courses = [run(rng, key) for _ in range(draws)]
        claims += sum(course.segments for course in courses)
        if not key.right:
            shipped = np.mean(["ship" in course.decisions.values() for course in courses])
            what = f"programmes at an ROI of 0 of which a treatment is shipped at one of {WEEKS} looks, {draws} tests"
            yield entry(f"weekly_{name}_shipped", float(shipped), 0.0, bound(draws), what)
            continue
        centre = {arm: float(np.mean([course.z[arm] for course in courses])) for arm in key.right}
        power = min(stats.norm.cdf(abs(z) - stats.norm.isf((1 - SHIP_AT) / 2)) for z in centre.values())
        yield entry(f"weekly_{name}_oracle", float(power), 0.97, 1.0, f"power of the oracle, scenario {name}")
        right = np.mean([course.decisions == key.right for course in courses])
        what = f"tests that end in the key's decision for both treatments, looked at {WEEKS} times, {draws} tests"
        yield entry(f"weekly_{name}_right", float(right), 0.9, 1.0, what)
    n = len(KEYS) * draws
    what = f"halves of a control in which a segment is claimed although nothing was done, {n:,} tests"
    yield entry("weekly_segments_claimed", claims / n, 0.0, bound(n), what)
