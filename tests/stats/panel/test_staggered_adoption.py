"""Callaway and Sant'Anna: published numbers, the same by influence functions written out, and bad input."""

import math

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.stats.panel import DifferenceInDifferences, Panel, StaggeredAdoption
from tests.stats.panel.published import read


def mpdta():
    """Teen employment in counties by year, and the year of their first rise of the minimum wage."""
    frame = read("causal/mpdta.csv")
    panel = Panel.from_frame(frame, unit="countyreal", period="year", value="lemp")
    counties = frame.drop_duplicates("countyreal").set_index("countyreal")
    first = counties["first.treat"]
    return panel, {str(unit): int(year) for unit, year in first.items() if year > 0}, counties[["lpop"]]


@pytest.mark.parametrize(
    ("kind", "effect", "se"),
    [
        ("simple", -0.0399513, 0.0120340),
        ("dynamic", -0.0772398, 0.0199650),
        ("group", -0.0310183, 0.0124461),
        ("calendar", -0.0417004, 0.0159719),
    ],
)
def test_minimum_wages_without_covariates(kind, effect, se):
    """REFERENCE section 5, to 1e-6 (printed to 1e-7)."""
    panel, starts, _ = mpdta()
    found = StaggeredAdoption().fit(panel, starts).totals[kind]
    assert found.effect == pytest.approx(effect, abs=1e-6)
    assert found.se == pytest.approx(se, abs=1e-6)


def test_minimum_wages_with_covariates():
    """The vignette of the authors' package `did`, with the log of the population, as printed to 1e-4."""
    panel, starts, counties = mpdta()
    cells = StaggeredAdoption().fit(panel, starts, counties).cells.set_index(["cohort", "period"])
    for (cohort, period), (effect, se) in {
        (2004, 2004): (-0.0145, 0.0221),
        (2004, 2005): (-0.0764, 0.0287),
        (2006, 2006): (0.0010, 0.0194),
        (2007, 2007): (-0.0288, 0.0162),
    }.items():
        assert cells.loc[(cohort, period), "effect"] == pytest.approx(effect, abs=6e-5)
        assert cells.loc[(cohort, period), "se"] == pytest.approx(se, abs=6e-5)


def world(n=90, t=8, seed=1, cohorts=(3, 5, 99), effect=0.0):
    rng = np.random.default_rng(seed)
    starts = np.array(cohorts)[rng.integers(0, len(cohorts), n)]
    values = rng.normal(0, 1, (n, t)).cumsum(axis=1) * 0.5 + rng.normal(0, 3, (n, 1)) + rng.normal(0, 1, (1, t))
    values += effect * (np.arange(t) >= starts[:, None])
    panel = Panel(values, tuple(f"u{i:03d}" for i in range(n)), tuple(range(t)))
    return panel, {unit: int(start) for unit, start in zip(panel.units, starts, strict=True) if start < t}


@pytest.mark.parametrize("controls", ["never", "not_yet"])
@pytest.mark.parametrize("cohorts", [(3, 5, 99), (2, 4, 5, 6, 99, 99), (1, 99)])
def test_a_constant_covariate_changes_nothing(controls, cohorts):
    """Sums by cohort and influence functions written out unit by unit are the same numbers."""
    panel, starts = world(cohorts=cohorts)
    plain = StaggeredAdoption(controls).fit(panel, starts)
    nothing = pd.DataFrame(index=list(panel.units))
    written = StaggeredAdoption(controls).fit(panel, starts, nothing)
    for column in ("effect", "se", "treated", "controls"):
        assert plain.cells[column].to_numpy() == pytest.approx(written.cells[column].to_numpy(), abs=1e-9)
    for kind, total in plain.totals.items():
        assert total.effect == pytest.approx(written.totals[kind].effect, abs=1e-9)
        assert total.se == pytest.approx(written.totals[kind].se, abs=1e-9)
        assert total.parts["se"].to_numpy() == pytest.approx(written.totals[kind].parts["se"].to_numpy(), abs=1e-9)


def test_one_cohort_and_two_periods_are_the_difference_in_differences():
    panel, starts = world(t=2, cohorts=(1, 99))
    treated = panel.mask(starts)
    found = StaggeredAdoption().fit(panel, starts)
    plain = DifferenceInDifferences("cr1").claim(panel.values, treated, 1)
    n = len(panel.units)
    assert found.totals["simple"].effect == pytest.approx(plain.effect, rel=1e-9)
    assert found.totals["simple"].se == pytest.approx(plain.se * math.sqrt((n - 1) / n * (2 * n - 4) / (2 * n - 1)))


def test_effects_by_hand():
    panel, starts = world()
    cells = StaggeredAdoption("not_yet").fit(panel, starts).cells.set_index(["cohort", "period"])
    first = np.array([starts.get(unit, 99) for unit in panel.units])
    y = panel.values
    for cohort, period, base in ((3, 4, 2), (3, 6, 2), (5, 2, 1), (5, 7, 4)):
        change = y[:, period] - y[:, base]
        others = first > max(period, base)
        others &= first != cohort
        expected = change[first == cohort].mean() - change[others].mean()
        assert cells.loc[(cohort, period), "effect"] == pytest.approx(expected)
        assert cells.loc[(cohort, period), "controls"] == others.sum()


@pytest.mark.parametrize("controls", ["never", "not_yet"])
def test_intervals_cover_what_was_planted(controls):
    runs, hits = 120, dict.fromkeys(("simple", "dynamic", "group", "calendar"), 0)
    for seed in range(runs):
        panel, starts = world(150, seed=seed, effect=1.0)
        totals = StaggeredAdoption(controls).fit(panel, starts).totals
        for kind, total in totals.items():
            interval = total.interval()
            hits[kind] += interval.lo <= 1.0 <= interval.hi
    assert min(hits.values()) / runs > 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs) - 0.01


def test_without_never_treated_the_last_start_ends_the_comparison():
    panel, starts = world(cohorts=(3, 5, 7))
    with pytest.raises(BadInput, match="compare with controls='not_yet'"):
        StaggeredAdoption().fit(panel, starts)
    found = StaggeredAdoption("not_yet").fit(panel, starts)
    assert found.cells["period"].max() == 6
    assert set(found.cells["cohort"]) == {3, 5}


def test_units_that_start_with_the_data_are_left_out():
    panel, starts = world(cohorts=(0, 3, 99))
    found = StaggeredAdoption().fit(panel, starts)
    assert found.left_out == sum(start == 0 for start in starts.values())
    assert set(found.cells["cohort"]) == {3}


def test_starts_beyond_the_panel_are_not_yet():
    panel, starts = world(cohorts=(3, 99))
    never = {unit: 50 for unit in panel.units if unit not in starts}
    assert (
        StaggeredAdoption()
        .fit(panel, starts | never)
        .to_frame()
        .equals(StaggeredAdoption().fit(panel, starts).to_frame())
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda s: s | {"berlin": 3}, "1 are of no unit of the panel: 'berlin'"),
        (lambda s: s | {"u000": -4}, "1 are no period of the panel: u000"),
        (lambda s: s | {"u000": "soon"}, "1 are no period of the panel: u000"),
        (lambda _: {}, "no unit starts after the first period"),
        (lambda s: dict.fromkeys(s, 0), "no unit starts after the first period"),
    ],
)
def test_starts_that_cannot_be_are_refused(change, sentence):
    panel, starts = world()
    with pytest.raises(BadInput, match=sentence):
        StaggeredAdoption().fit(panel, change(starts))


def test_everybody_at_once_has_nobody_to_compare_with():
    panel, _ = world()
    with pytest.raises(BadInput, match="No cohort has units to compare it with"):
        StaggeredAdoption("not_yet").fit(panel, dict.fromkeys(panel.units, 3))


def test_covariates_that_cannot_be_used_are_refused():
    panel, starts = world()
    table = pd.DataFrame({"size": np.arange(90.0)}, index=list(panel.units))
    with pytest.raises(BadInput, match="1 units have none: u000"):
        StaggeredAdoption().fit(panel, starts, table.drop("u000"))
    with pytest.raises(BadInput, match="1 units stand there more than once"):
        StaggeredAdoption().fit(panel, starts, pd.concat([table, table.head(1)]))
    with pytest.raises(BadInput, match="1 covariates are no finite number"):
        StaggeredAdoption().fit(panel, starts, table.replace(4.0, np.nan))
    with pytest.raises(BadInput, match="collinear"):
        StaggeredAdoption().fit(panel, starts, table.assign(twice=2 * table["size"]))
    apart = table.assign(size=[float(unit in starts) for unit in panel.units])
    with pytest.raises(BadInput, match=r"without fail|collinear"):
        StaggeredAdoption().fit(panel, starts, apart)
