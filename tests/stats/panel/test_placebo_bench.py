"""The placebo bench: where nothing happened, and how a claimed error stands beside the real one."""

import numpy as np
import pytest

from crm_lab.checks import BadInput
from crm_lab.stats.panel import DifferenceInDifferences, Panel, PlaceboBench, SyntheticControl, TimeBasedRegression

DID = DifferenceInDifferences()


def panel(n=12, t=30, seed=1, rho=0.0):
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 3, (n, t))
    for j in range(1, t):
        noise[:, j] += rho * noise[:, j - 1]
    values = 100 + noise + rng.normal(0, 2, (1, t))
    return Panel(values, tuple(f"u{i:02d}" for i in range(n)), tuple(range(t)))


def test_treated_units_and_weeks_are_left_alone():
    data = panel()
    values = data.values.copy()
    values[:2] = 1e9
    values[:, 26:] = -1e9
    spoilt = Panel(values, data.units, data.periods)
    found, other = (PlaceboBench().run(p, ["u00", "u01"], 26, DID) for p in (data, spoilt))
    assert found.runs.equals(other.runs)
    assert not found.runs["units"].str.contains("u00|u01").any()
    assert found.runs["start"].max() + found.treated_periods == 26
    assert found.sets == 45 == len(found.runs) / found.starts


def test_each_run_is_the_estimator_itself():
    data = panel()
    found = PlaceboBench(step=3).run(data, ["u00"], 26, TimeBasedRegression())
    row = found.runs.iloc[-1]
    part = data.without(["u00"]).between(0, int(row["start"]) + 3)
    again = TimeBasedRegression().fit(part, [row["units"]], int(row["start"]))
    assert row["effect"] == pytest.approx(again.effect)
    assert row["se"] == pytest.approx(again.claim.se)
    assert row["rel_effect"] == pytest.approx(again.effect / (again.path["observed"][-4:].mean() - again.effect))
    assert set(np.diff(sorted(set(found.runs["start"])))) == {3}


def test_a_claimed_error_is_right_where_its_model_holds_and_too_small_where_not():
    fair = PlaceboBench(sets=60).run(panel(40, 60), ["u00", "u01"], 54, TimeBasedRegression())
    assert fair.real_sd == pytest.approx(fair.claimed_se, rel=0.25)
    assert fair.rejection_rate < 0.12
    lasting = PlaceboBench(sets=60).run(panel(40, 60, rho=0.9), ["u00", "u01"], 54, TimeBasedRegression())
    assert lasting.real_sd > 1.5 * lasting.claimed_se
    assert lasting.rejection_rate > 0.2


def test_a_method_without_an_error_of_its_own_has_only_the_real_one():
    found = PlaceboBench(claims=False).run(panel(), ["u00"], 26, SyntheticControl())
    assert np.isnan(found.claimed_se)
    assert np.isnan(found.rejection_rate)
    assert found.real_sd > 0
    row = found.to_frame().iloc[0]
    assert row["p05"] < 0 < row["p95"]
    assert row["placebos"] == len(found.runs)
    assert found.pvalue(0.0) == 1.0
    assert found.pvalue(1e6) == 1 / (len(found.runs) + 1)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: PlaceboBench().run(panel(4), ["u00", "u01"], 26, DID), "2 untouched units are left"),
        (lambda: PlaceboBench().run(panel(), ["u00"], 3, DID), "no span of 27 periods fits"),
        (lambda: PlaceboBench().run(panel(), [], 26, DID), "no unit is treated"),
        (lambda: PlaceboBench(periods=0).run(panel(), ["u00"], 26, DID), "the span has no periods"),
    ],
)
def test_too_little_for_a_bench_is_refused(call, sentence):
    with pytest.raises(BadInput, match=sentence):
        call()
