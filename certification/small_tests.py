"""Size, coverage and power of tests with small or unequal arms, heavy tails and whole stores; seeds are fixed here.

Draws are read on arrays, by the same functions as the pages and without their tables (`Trial.pvalue`); that this is
what the pages say is checked on the first draws of every entry (`PAGES`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from certification.experiments import Floats, entry
from crm_lab.experiments import Effects, Experiment, Programme, mean_of
from crm_lab.experiments.core.estimate import Adjust, Difference
from crm_lab.experiments.core.outcome_metrics import FEWEST_BUYERS
from crm_lab.experiments.core.small_samples import Pair
from crm_lab.stats.permutation import shifts, statistics

SEED = 20_240_601
DRAWS, POWER_DRAWS = 2_000, 2_000
PAGES = 10  # draws of each entry that are read as the pages do, too
TIE = 1 / 1_000  # of a p value: a split equal to the test's own but for rounding, on both sides
ALPHA = 0.05
Spend = Callable[[np.random.Generator, Floats], Floats]


def bound(draws: int, alpha: float = ALPHA) -> float:
    """The largest rate that passes: three standard errors above what is said."""
    return alpha + 3 * (alpha * (1 - alpha) / draws) ** 0.5


def lognormal(rng: np.random.Generator, level: Floats) -> Floats:
    """Spend with log-normal tails, sigma 1.5, half of whose variance the past knows."""
    return np.exp(1.5 * (np.sqrt(0.5) * level + np.sqrt(0.5) * rng.standard_normal(len(level))))


def buyers(rng: np.random.Generator, level: Floats) -> Floats:
    """Spend of members of whom one in ten buys, more of those with a high level."""
    buys = rng.random(len(level)) < 0.1 * np.exp(0.5 * level - 0.125)
    return buys * np.exp(3 + 0.5 * level + 0.8 * rng.standard_normal(len(level)))


SPENDS: dict[str, Spend] = {"lognormal": lognormal, "buyers": buyers}


@dataclass(frozen=True)
class Trial:
    """A kind of test that is drawn again and again.

    Attributes:
        spend: What is bought.
        arms: Units of the control and of the treatment.
        wider: Arm whose spend varies more at the same mean: 0, 1, or none.
        lift: Multiplies the treated arm's spend.
        stores: Whether the arms are stores of some 12 to 60 members, who resemble each other.
    """

    spend: Spend
    arms: tuple[int, int]
    wider: int | None = None
    lift: float = 1.0
    stores: bool = False

    @cached_property
    def treated(self) -> NDArray[np.bool_]:
        """Which units (stores) are treated."""
        return np.arange(sum(self.arms)) >= self.arms[0]

    def columns(self, rng: np.random.Generator) -> dict[str, Floats]:
        """One draw of the test, a row a member: unit, spend, and spend before."""
        units = np.arange(sum(self.arms))
        sizes = rng.integers(12, 60, len(units)) if self.stores else np.ones(len(units), dtype=int)
        unit = np.repeat(units, sizes)
        level = rng.standard_normal(len(unit))
        if self.stores:
            level = np.sqrt(0.9) * level + np.sqrt(0.1) * rng.standard_normal(len(units))[unit]
        arm = self.treated[unit]
        spend = self.spend(rng, level) * np.where(arm, self.lift, 1.0)
        if self.wider is not None:
            spend = np.where(arm == bool(self.wider), spend * rng.choice([0.5, 1.5], len(spend)), spend)
        return {"unit": unit, "spend": spend, "before": self.spend(rng, level)}

    def test(self, columns: dict[str, Floats]) -> Experiment:
        """The test with the shares that were planned; whole stores are to be found from the data."""
        unit, shares = columns["unit"], dict(zip(("control", "treatment"), self.arms, strict=True))
        arm = np.where(self.treated[unit], "treatment", "control")
        frame = pd.DataFrame({"arm": arm, "spend": columns["spend"], "before": columns["before"]})
        if self.stores:
            frame["store"] = [f"s{i:04d}" for i in unit]  # in the order of `rows`
        return Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"], shares=shares)

    def read(self, columns: dict[str, Floats], adjust: Adjust) -> Difference | None:
        """The effect as the pages read it, or ``None`` where they refuse it."""
        return Effects(metrics=(mean_of("spend"),), adjust=(adjust,)).analyze(self.test(columns)).headline.found

    def rows(self, columns: dict[str, Floats]) -> tuple[Pair, Floats, Floats | None]:
        """What was assigned: the two arms, spend of each row, and its members where rows are stores.

        The pair knows of no past, so that its statistic is chosen by the sizes alone.
        """
        unit, n = columns["unit"].astype(int), sum(self.arms)
        members = np.bincount(unit, minlength=n).astype(float)
        spend = np.bincount(unit, columns["spend"], n)
        names = np.where(self.treated, "treatment", "control")
        frame = pd.DataFrame(
            {"arm": names, "spend": spend, "before": np.bincount(unit, columns["before"], n) / members}
        )
        if self.stores:
            frame["members"] = members
        test = Experiment(
            frame, "arm", "control", ("treatment",), ("spend",), (), None, {},
            size="members" if self.stores else "",
        )  # fmt: skip
        return Pair(test, np.ones(n, dtype=bool), self.treated), spend, members if self.stores else None

    def pvalue(self, columns: dict[str, Floats], adjust: Adjust, effect: float = 0.0) -> float | None:
        """The p value of an effect of that size as the pages compute it, or ``None`` where they refuse it."""
        pair, spend, members = self.rows(columns)
        if min((spend[side] != 0).sum() for side in (self.treated, ~self.treated)) < FEWEST_BUYERS and not self.stores:
            return None
        if pair.normal_holds(spend):
            found = self.read(columns, adjust)
            return None if found is None else float(2 * stats.t.sf(abs(found.effect - effect) / found.se, found.df))
        weights = np.ones(len(spend)) if members is None else members
        values = pair.adjusted(spend, () if adjust == "none" else ("before",)) - effect * weights * self.treated
        return permutation_pvalue(pair, values, members)

    def checked(self, columns: dict[str, Floats], adjust: Adjust, effect: float) -> None:
        """Raise if the pages say something else of a draw."""
        fast, found = self.pvalue(columns, adjust, effect), self.read(columns, adjust)
        if self.test(columns).guards.withdrawn:
            return  # one past in a thousand is withdrawn by chance
        if (fast is None) != (found is None):
            raise AssertionError(f"{self}: the pages refuse what is read here, or the reverse")
        if fast is not None and found is not None:
            same = (
                abs(fast - found.pvalue) <= 2 * TIE
                if effect == 0
                else (fast > ALPHA) == (found.lo <= effect <= found.hi)
            )
            if not same:
                raise AssertionError(f"{self}: p = {fast}, and the pages say {found}")


def permutation_pvalue(pair: Pair, values: Floats, weights: Floats | None) -> float:
    """Two-sided p value without the interval, which takes longer."""
    if pair.statistic == "raw":
        return pair.shifts(values, weights).pvalue
    own, others = statistics(values[:, None], pair.splits, weights)
    least = min((others[:, 0] >= own[0]).sum(), (others[:, 0] <= own[0]).sum())
    return float(min(1.0, 2 * pair.allowance * (1 + least) / (len(others) + 1)))


def rate(trial: Trial, adjust: Adjust, draws: int, seed: int, effect: float = 0.0) -> tuple[int, int]:
    """Draws in which an effect of that size is rejected, and how many were read; a refusal claims nothing."""
    rng, claims, read = np.random.default_rng(seed), 0, 0
    for draw in range(draws):
        columns = trial.columns(rng)
        if draw < PAGES:
            trial.checked(columns, adjust, effect)
        p = trial.pvalue(columns, adjust, effect)
        read += p is not None
        claims += p is not None and p <= ALPHA
    return claims, read


ARMS = {"30_3000": (30, 3_000), "50_500": (50, 500), "50_50": (50, 50), "200_2000": (200, 2_000)}
ADJUST: tuple[Adjust, ...] = ("none", "lin")  # by permutation both ways of adjusting are one slope


def certify_type_one_of_small_arms() -> Iterator[dict[str, Any]]:
    """Equal distributions, and equal means with unequal variances."""
    for kind, spend in SPENDS.items():
        for name, arms in ARMS.items():
            for wider in (None, 0, 1):
                for adjust in ADJUST if wider is None else ("none",):
                    hits, read = rate(Trial(spend, arms, wider), adjust, DRAWS, SEED)
                    spread = "equal" if wider is None else f"{('control', 'treatment')[wider]}_wider"
                    what = f"type I at 5 %, {read:,} A/A tests read of {DRAWS:,}: {kind}, {name}, {spread}, {adjust}"
                    yield entry(f"small_{kind}_{name}_{spread}_{adjust}", hits / DRAWS, 0.0, bound(DRAWS), what)


def certify_type_one_of_stores() -> Iterator[dict[str, Any]]:
    """Whole stores assigned, members in the file, nothing said: found from the data."""
    for arms in ((254, 3), (8, 8)):
        for adjust in ADJUST:
            hits, read = rate(Trial(lognormal, arms, stores=True), adjust, DRAWS, SEED + 1)
            name = f"stores_{arms[0]}_{arms[1]}_{adjust}"
            what = f"type I at 5 %, {read:,} A/A tests read of {DRAWS:,}: {arms[1]} of {sum(arms)} stores, {adjust}"
            yield entry(name, hits / DRAWS, 0.0, bound(DRAWS), what)


def certify_coverage_of_small_arms() -> Iterator[dict[str, Any]]:
    """A multiplicative lift of 30 %."""
    for kind, spend in SPENDS.items():
        mean = mean_spend(spend)
        for name, arms in ARMS.items():
            missed, read = rate(Trial(spend, arms, lift=1.3), "lin", DRAWS, SEED + 2, 0.3 * mean)
            if 2 * read < DRAWS:
                what = f"share of {DRAWS:,} tests refused for fewer than ten buyers in an arm: {kind}, {name}"
                yield entry(f"small_refused_{kind}_{name}", 1 - read / DRAWS, 0.5, 1.0, what)
                continue
            what = f"coverage of 95 % intervals, {read:,} tests read of {DRAWS:,}, lift of 30 %: {kind}, {name}"
            yield entry(f"small_cover_{kind}_{name}", 1 - missed / read, 0.93, 1.0, what)


def mean_spend(spend: Spend) -> float:
    """Mean of a distribution of spend, from four million draws."""
    level = np.random.default_rng(SEED + 9).standard_normal(4_000_000)
    return float(spend(np.random.default_rng(SEED), level).mean())


CANDIDATES = ("studentised", "raw", "winsorised")


def rejected_by(trial: Trial, draws: int, seed: int, effect: float = 0.0) -> Floats:
    """Share of draws in which each candidate statistic rejects an effect."""
    rng, hits = np.random.default_rng(seed), np.zeros(len(CANDIDATES))
    for _ in range(draws):
        pair, spend, _ = trial.rows(trial.columns(rng))
        moved = spend - effect * trial.treated
        capped = np.minimum(moved, np.quantile(spend[spend > 0], 0.95))
        p = (
            permutation_pvalue(pair, moved, None), shifts(moved, pair.splits, None, "raw").pvalue,
            permutation_pvalue(pair, capped, None) / pair.allowance,
        )  # fmt: skip
        hits += np.array(p) <= ALPHA
    return hits / draws


def certify_the_statistic() -> Iterator[dict[str, Any]]:
    """Power of the studentised statistic against the best valid one of three, log-normal spend that doubles.

    Valid is what rejects no null too often, arms of unlike spread included, and covers in 93 % a lift and a fall: that
    of the power, and of 30 %.
    """
    mean = mean_spend(lognormal)
    for arms in ((30, 3_000), (3_000, 30), (50, 500)):
        nulls = [rejected_by(Trial(lognormal, arms, wider), DRAWS, SEED + 5) for wider in (None, 0, 1)]
        lifts = [(lift, (lift - 1) * mean) for lift in (0.7, 2.0)]
        missed = np.max(
            [rejected_by(Trial(lognormal, arms, lift=lift), DRAWS, SEED + 6, effect) for lift, effect in lifts], axis=0
        )
        power = rejected_by(Trial(lognormal, arms, lift=2.0), DRAWS, SEED + 7)
        valid = (np.max(nulls, axis=0) <= bound(DRAWS)) & (missed <= 0.07)
        best = float(np.max(power[valid], initial=1e-9))
        measured = "; ".join(
            f"{name} type I {worst:.3f}, covers {1 - miss:.3f}, power {strong:.3f}"
            for name, worst, miss, strong in zip(CANDIDATES, np.max(nulls, axis=0), missed, power, strict=True)
        )
        what = f"power against the best valid statistic, {DRAWS:,} tests of {arms[0]:,} against {arms[1]:,}: {measured}"
        yield entry(f"small_statistic_{arms[0]}_{arms[1]}", power[0] / best if valid[0] else 0.0, 0.9, 100.0, what)


def mild(rng: np.random.Generator, level: Floats) -> Floats:
    """Spend without heavy tails, of which the raw difference sees more."""
    return rng.gamma(2.0, 1.0, len(level)) * np.exp(0.5 * level)


def certify_the_statistic_chosen_on_the_past() -> Iterator[dict[str, Any]]:
    """The choice by power on the pre-period, where it may fall on the raw difference: type I, and what is covered."""
    effect = 0.3 * mean_spend(mild)
    for name, wider, lift, true in (("type_one", 0, 1.0, 0.0), ("missed", None, 1.3, effect)):
        trial, rng, hits, raw = Trial(mild, (50, 100), wider, lift), np.random.default_rng(SEED + 8), 0, 0
        for _ in range(DRAWS):
            columns = trial.columns(rng)
            pair = Pair.of(trial.test(columns), "treatment")
            values = pair.adjusted(columns["spend"], ("before",)) - true * trial.treated
            hits += permutation_pvalue(pair, values, None) <= ALPHA
            raw += pair.statistic == "raw"
        said = "5 % intervals that miss a lift of 30 %" if true else "type I at 5 %, the control's spend wider"
        what = f"{said}, {DRAWS:,} tests of 50 against 100, gamma spend; the raw difference in {raw / DRAWS:.0%}"
        yield entry(f"small_chosen_{name}", hits / DRAWS, 0.0, 0.07 if true else bound(DRAWS), what)


def certify_power_against_welch() -> dict[str, Any]:
    """1,000 against 1,000 with log-normal spend: what is lost against Welch's test on the same draws."""
    trial, rng, lost = Trial(lognormal, (1_000, 1_000), lift=1.35), np.random.default_rng(SEED + 3), 0
    for _ in range(POWER_DRAWS):
        frame = trial.test(trial.columns(rng)).frame
        control, treated = (frame.loc[frame["arm"] == arm, "spend"] for arm in ("control", "treatment"))
        test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"])
        ours = Effects(metrics=(mean_of("spend"),), adjust=("none",)).analyze(test).headline.found
        welch = stats.ttest_ind(treated, control, equal_var=False).pvalue <= ALPHA
        lost += int(welch) - int(ours is not None and ours.pvalue <= ALPHA)
    what = f"power lost against Welch's test, {POWER_DRAWS:,} tests of 1,000 against 1,000, log-normal"
    return entry("small_power_loss", lost / POWER_DRAWS, -0.02, 0.02, what)


def certify_false_ship() -> Iterator[dict[str, Any]]:
    """A true ROI of 0, a small hold-out and a large one: how often the decision is ship by the default rule."""
    mean = float(np.exp(1.5**2 / 2))
    fixed = 0.3 * 0.2 * mean - 0.01 * 0.7 * 1.2 * mean  # what the lift earns less its rewards: a true ROI of 0
    terms = Programme(margin_share=0.3, reward_rate=0.01, redemption_sd=0.0, contact_cost=fixed)
    for arms in ((50, 500), (500, 50), (1_000, 1_000)):
        trial, rng = Trial(lognormal, arms, lift=1.2), np.random.default_rng(SEED + 4)
        answers = [terms.analyze(trial.test(trial.columns(rng)), "spend") for _ in range(DRAWS)]
        shipped = np.mean([answer.under_terms == "ship" for answer in answers])
        earlier = np.mean([answer.p_needed >= 0.9 for answer in answers])
        what = (
            f"ship at a true ROI of 0 by the default rule (from {terms.ship_at:.0%}), {DRAWS:,} tests with a hold-out "
            f"of {arms[0]:,} against {arms[1]:,}, log-normal; from 90 % {earlier:.3f}"
        )
        yield entry(f"small_false_ship_{arms[0]}_{arms[1]}", float(shipped), 0.0, bound(DRAWS), what)
