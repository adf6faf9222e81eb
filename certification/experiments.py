"""Size, power and coverage of the experiments room on real and simulated histories; every seed is fixed here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_lab.data.workspace import open_workspace
from crm_lab.experiments import Design, Programme, TableTest, mean_of, spend_windows
from crm_lab.experiments.core.estimate import Adjust, Column, JointMeans, difference, joint_means
from crm_lab.experiments.effects.effect import relative_effect
from crm_lab.experiments.payoff.money_parts import Return
from crm_lab.experiments.payoff.return_bootstrap import redeemed_shares
from crm_lab.experiments.payoff.terms import GAINS
from crm_lab.simulate import make_retailer, open_key
from crm_lab.stats.intervals import z_value
from crm_lab.stats.moments import Moments

SEED = 20171231
AA_SPLITS, PLANTED_SPLITS, POWER_TESTS = 10_000, 2_000, 5_000
LIFT = 0.05
Floats = NDArray[np.float64]


@cache
def households() -> pd.DataFrame:
    """Complete Journey households with spend before and after 2017-07-01 (those of page 16)."""
    tables = open_workspace("complete_journey").at("2017-12-31")
    return spend_windows(tables["orders"], start="2017-07-01", pre_days=181, post_days=184, as_of=tables.as_of)


@cache
def simulated() -> pd.DataFrame:
    """Simulated members in the same form: a log-normal level, gamma noise, Poisson orders."""
    rng = np.random.default_rng(SEED)
    level, n = rng.lognormal(6, 0.9, 2000), 2000
    before, spend = (level * rng.gamma(5, 0.2, n) for _ in range(2))
    orders = 1.0 + rng.poisson(np.sqrt(level) / 3)
    return pd.DataFrame({"spend_before": before, "spend": spend, "orders": orders})


def entry(name: str, value: float, lo: float, hi: float, what: str) -> dict[str, Any]:
    """One certified number with the bounds it must keep."""
    return {"name": f"experiments.{name}", "value": value, "lo": lo, "hi": hi, "ok": lo <= value <= hi, "what": what}


def with_paths(units: pd.DataFrame) -> pd.DataFrame:
    """The units with one column per metric path: share, capped, profit below 0, a covariate with gaps."""
    rng, spend = np.random.default_rng(SEED + 7), units["spend"]
    gap = rng.random(len(units)) < 0.3
    return units.assign(
        high=(spend > spend.median()) * 1.0,
        capped=spend.clip(upper=spend[spend > 0].quantile(0.99)),
        profit=0.3 * spend - 0.6 * spend.mean(),
        gappy=units["spend_before"].where(~gap, 0.0),
        gappy_missing=gap * 1.0,
    )


METRICS: dict[str, Column] = {
    "mean": ("spend", None), "share": ("high", None), "winsorised": ("capped", None), "negative": ("profit", None),
    "ratio": ("spend", "orders"),
}  # fmt: skip
WAYS: tuple[tuple[str, Adjust, tuple[str, ...]], ...] = (
    ("plain", "none", ()),
    ("cuped", "cuped", ("spend_before",)),
    ("lin", "lin", ("spend_before",)),
    ("lin_missing_30", "lin", ("gappy", "gappy_missing")),
)


def halves(values: Floats, raised: Floats, draws: int, seed: int, names: Sequence[str]) -> Iterator[list[Moments]]:
    """Random halves of the units: the first as it is, the second raised."""
    rng, n = np.random.default_rng(seed), len(values)
    for _ in range(draws):
        order = rng.permutation(n)
        control, treated = values[order[: n // 2]], raised[order[n // 2 :]]
        yield [Moments.from_array(names, control), Moments.from_array(names, treated)]


def type_one(units: pd.DataFrame, label: str, seed: int) -> list[dict[str, Any]]:
    """Type I error of every metric in every way, and of the relative effect of a negative base."""
    data = with_paths(units)
    names = ["spend", "orders", "high", "capped", "profit", "spend_before", "gappy", "gappy_missing"]
    values, missed, relative = data[names].to_numpy(dtype=float), dict.fromkeys(_paths(), 0), 0
    for arms in halves(values, values, AA_SPLITS, seed, names):
        for way, adjust, covariates in WAYS:
            means = joint_means(arms, list(METRICS.values()), covariates, adjust)
            for j, metric in enumerate(METRICS):
                missed[metric, way] += difference(means, j).pvalue < 0.05
            if way == "plain":
                span = relative_effect(means, list(METRICS).index("negative"), 1, 0.95)[1]
                relative += span is not None and not span.lo <= 0 <= span.hi
    what = f"type I at 5 %, {AA_SPLITS:,} A/A splits of {len(units):,} {label}"
    found = [
        entry(f"aa_{label}_{m}_{w}", k / AA_SPLITS, 0.04, 0.06, f"{what}: {m}, {w}") for (m, w), k in missed.items()
    ]
    rate = relative / AA_SPLITS
    return [*found, entry(f"aa_{label}_relative_negative", rate, 0.04, 0.06, f"{what}: relative effect, base below 0")]


def _paths() -> list[tuple[str, str]]:
    return [(metric, way) for metric in METRICS for way, _, _ in WAYS]


def certify_type_one_on_history() -> list[dict[str, Any]]:
    """Every metric path on Complete Journey households."""
    return type_one(households(), "cj", SEED)


def certify_type_one_simulated() -> list[dict[str, Any]]:
    """Every metric path on simulated members."""
    return type_one(simulated(), "simulated", SEED + 1)


def certify_type_one_clustered() -> dict[str, Any]:
    """Members of 120 stores, whole stores assigned: mean per member by the delta method over stores."""
    rng, stores = np.random.default_rng(SEED + 2), 120
    size = rng.integers(20, 80, stores)
    total = size * rng.lognormal(4, 0.2, stores) + rng.normal(0, 40, stores) * np.sqrt(size)
    values, names, missed = np.column_stack([total, size]).astype(float), ["total", "size"], 0
    for arms in halves(values, values, AA_SPLITS, SEED + 3, names):
        missed += difference(joint_means(arms, [("total", "size")]), 0).pvalue < 0.05
    what = f"type I at 5 %, {AA_SPLITS:,} A/A splits of {stores} stores: mean per member, clustered"
    return entry("aa_clustered", missed / AA_SPLITS, 0.04, 0.06, what)


def certify_power() -> list[dict[str, Any]]:
    """Power of designs from Complete Journey history, against the planned 80 %."""
    units, found = households(), []
    data = units[["spend", "spend_before"]].to_numpy(dtype=float)
    for number, way in enumerate(("none", "lin")):
        spec = Design(metrics=(mean_of("spend"),), lift=LIFT, adjust=(way,))  # type: ignore[arg-type]  # a literal
        n = math.ceil(spec.analyze(units, ["spend_before"]).headline.n_total)
        rng, seen = np.random.default_rng(SEED + 10 + number), 0
        for _ in range(POWER_TESTS):
            drawn = data[rng.integers(0, len(data), n)]
            treated = drawn[: n // 2] * [1 + LIFT, 1.0]
            arms = [Moments.from_array(["y", "x"], a) for a in (drawn[n // 2 :], treated)]
            seen += difference(joint_means(arms, [("y", None)], ["x"], way), 0).pvalue < 0.05  # type: ignore[arg-type]
        what = f"power of a design for 80 %, {POWER_TESTS:,} tests of {n:,} households with a lift of 5 %, {way}"
        found.append(entry(f"power_cj_{way}", seen / POWER_TESTS, 0.78, 0.82, what))
    return found


def certify_planted_coverage() -> list[dict[str, Any]]:
    """Effect, ROI and the parts of the P&L of a planted 5 % lift, over 2,000 splits of real households."""
    units, names = households(), ["spend", "spend_before", "orders_before"]
    values = units[names].to_numpy(dtype=float)
    level = values[:, 0].mean()
    terms = Programme(margin_share=0.3, reward_rate=0.01, contact_cost=0.5, running_cost=1000.0)
    true_shares = redeemed_shares(terms, np.random.default_rng(SEED + 4), PLANTED_SPLITS)
    hits: dict[str, int] = {}
    for arms, redeemed in zip(
        halves(values, values * [1 + LIFT, 1, 1], PLANTED_SPLITS, SEED + 5, names), true_shares, strict=True
    ):
        plain = difference(joint_means(arms, [("spend", None)]), 0)
        means = joint_means(arms, [("spend", None)], names[1:], "lin")
        adjusted = difference(means, 0)
        truth = terms.amounts(np.array([level, level * (1 + LIFT), redeemed]), arms[1].n)
        _count(hits, "effect_plain", plain.lo <= LIFT * level <= plain.hi)
        _count(hits, "effect_lin", adjusted.lo <= LIFT * level <= adjusted.hi)
        _count_return(hits, terms, means, arms[1].n, truth)
    what = (
        f"coverage of 95 % intervals, lift of 5 % planted in {PLANTED_SPLITS:,} splits of Complete Journey households"
    )
    return [entry(f"cover_cj_{k}", n / PLANTED_SPLITS, 0.93, 0.97, f"{what}: {k}") for k, n in hits.items()]


def _count(hits: dict[str, int], name: str, hit: object) -> None:
    hits[name] = hits.get(name, 0) + bool(hit)


def _count_return(hits: dict[str, int], terms: Programme, means: JointMeans, treated: int, truth: Floats) -> None:
    parts = terms.parts(means, treated)
    _count(hits, "roi", Return.of(parts, GAINS).multiple_set().contains(truth[0] / -truth[1:].sum()))
    for name, true in [*zip(parts.names, truth, strict=True), ("net", truth.sum())]:
        if name not in ("contact", "running"):  # known amounts
            value, se = parts.total() if name == "net" else parts.total([name])
            _count(hits, name, abs(value - true) <= z_value() * se)


def certify_coverage_against_the_key() -> list[dict[str, Any]]:
    """The simulated loyalty test: both worlds from the answer key, arms drawn again 2,000 times, late joiners too."""
    shop = make_retailer("fashion", n_customers=4000, seed=SEED % 1000)
    units = TableTest(experiment="loyalty", until=_last_test_day(shop)).open(_Tables(shop)).frame
    key = open_key(shop).customers.set_index("customer_id").loc[units["customer_id"]]
    names = ["spend", "spend_before", "orders_before", "spend_before_missing", "orders_before_missing"]
    past = units[[n for n in names[1:] if n in units]]
    names = ["spend", *past.columns]
    without, offered = (np.column_stack([key[c], past]).astype(float) for c in ("spend_0", "spend_1"))
    truth = float((offered - without)[:, 0].mean())
    hits: dict[str, int] = {}
    for arms in halves(without, offered, PLANTED_SPLITS, SEED + 6, names):
        for way, adjust in (("plain", "none"), ("lin", "lin")):
            found = difference(joint_means(arms, [("spend", None)], names[1:], adjust), 0)  # type: ignore[arg-type]
            _count(hits, way, found.lo <= truth <= found.hi)
    what = f"coverage of the key's effect, {PLANTED_SPLITS:,} draws of the simulated test ({len(units):,} members)"
    return [entry(f"cover_key_{k}", n / PLANTED_SPLITS, 0.93, 0.97, f"{what}: {k}") for k, n in hits.items()]


KEY_PARTS = {"margin": ("margin_0", "margin_1"), "later": ("later_0", "later_1"), "rewards": ("none", "rewards_cost"),
             "member_spend": ("none", "member_spend")}  # fmt: skip
KEY_TERMS = Programme(margin_share=1.0, reward_rate=0.0, contact_cost=0.45)
TEST_UNITS = 3000


@cache
def both_worlds(scenario: str, customers: int) -> pd.DataFrame:
    """Members of a simulated test who were offered the programme, as they were and as they would have been without."""
    shop = make_retailer(scenario, customers, SEED % 1000, {"programme.treatment": 0.98})
    until = date.fromisoformat(_last_test_day(shop))
    later = (shop.scenario.last_date - until).days
    test = TableTest(experiment="loyalty", pre_days=365, until=until.isoformat(), later_days=later).open(_Tables(shop))
    key = open_key(shop).customers.set_index("customer_id").loc[test.frame["customer_id"]].reset_index()
    worlds = {f"later_{w}": key[f"margin_whole_{w}"] - key[f"margin_{w}"] for w in "01"}
    own = test.frame.drop(columns=["spend", "margin", "later", "rewards"])
    known = ["treated", "rewards_cost", "rewards_cost_subsidised", "spend_0", "spend_1", "margin_0", "margin_1"]
    both = own.join(key[known].assign(**worlds, none=0.0))
    return both[both["treated"]].reset_index(drop=True)


def _in_world(units: pd.DataFrame, world: int, past: Sequence[str]) -> Floats:
    """Columns of a test in one world: spend, the parts of the money, the past."""
    parts = [f"spend_{world}", *(pair[world] for pair in KEY_PARTS.values()), *past]
    return units[parts].to_numpy(dtype=float)


def true_amounts(units: pd.DataFrame) -> dict[str, float]:
    """What the key says of each part, per member offered the programme, its own split of the rewards included."""
    gain = {name: float((units[after] - units[before]).mean()) for name, (before, after) in KEY_PARTS.items()}
    anyway = float(units["rewards_cost_subsidised"].mean())
    parts = {"margin": gain["margin"], "pulled_forward": gain["later"], "rewards_new": anyway - gain["rewards"],
             "rewards_anyway": -anyway, "contact": -KEY_TERMS.contact_cost}  # fmt: skip
    cost = gain["rewards"] + KEY_TERMS.contact_cost
    return {**parts, "net": sum(parts.values()), "roi": (gain["margin"] + gain["later"]) / cost - 1}


def cover_the_key(scenario: str, customers: int, draws: int) -> dict[str, float]:
    """How often the interval of each part of the P&L, the net result and the ROI holds the key's value.

    Tests of `TEST_UNITS` are drawn with replacement from the members of a larger retailer: the intervals are
    for members like these and not only for these.
    """
    units, rng, hits = both_worlds(scenario, customers), np.random.default_rng(SEED + 8), dict[str, int]()
    past = [c for c in units if c in ("spend_before", "orders_before") or str(c).endswith("_before_missing")]
    truth, names = true_amounts(units), ["spend", *KEY_PARTS, *past]
    without, offered = (_in_world(units, world, past) for world in (0, 1))
    half = TEST_UNITS // 2
    for _ in range(draws):
        chosen = rng.integers(0, len(units), (2, half))
        arms = [Moments.from_array(names, without[chosen[0]]), Moments.from_array(names, offered[chosen[1]])]
        means = joint_means(arms, [(c, None) for c in ("spend", *KEY_PARTS)], past, "lin")
        parts = KEY_TERMS.parts(means, half, ("spend", *KEY_PARTS))
        _count(hits, "roi", Return.of(parts, GAINS).multiple_set().contains(1 + truth["roi"]))
        for name in ("margin", "pulled_forward", "rewards_new", "rewards_anyway", "net"):
            value, se = parts.total() if name == "net" else parts.total([name])
            _count(hits, name, abs(value - truth[name]) <= z_value() * se)
    return {name: n / draws for name, n in hits.items()}


def certify_programme_against_the_key() -> list[dict[str, Any]]:
    """ROI, net result and every part of the P&L of simulated programmes, against their answer keys."""
    found = []
    for scenario, customers in (("fashion", 20_000), ("beauty", 20_000)):
        what = f"coverage of the key's value, {PLANTED_SPLITS:,} tests of {TEST_UNITS:,} simulated {scenario} members"
        covered = cover_the_key(scenario, customers, PLANTED_SPLITS)
        found += [entry(f"cover_key_{scenario}_{k}", v, 0.93, 0.97, f"{what}: {k}") for k, v in covered.items()]
    return found


class _Tables(dict[str, pd.DataFrame]):
    """A simulated shop's tables with their last day."""

    def __init__(self, shop: Any) -> None:
        super().__init__(shop.tables)
        self.as_of = shop.scenario.last_date


def _last_test_day(shop: Any) -> str:
    given = shop.scenario.programme
    return f"{shop.scenario.start + pd.Timedelta(days=given.start + given.days - 1):%Y-%m-%d}"
