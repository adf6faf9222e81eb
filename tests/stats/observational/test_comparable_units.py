"""Two groups that nobody drew: published E-values, exact balance, other software's numbers, coverage, refusals."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.treatment as teffects
from statsmodels.discrete.discrete_model import Logit
from statsmodels.regression.linear_model import OLS
from statsmodels.treatment.treatment_effects import TreatmentEffect

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.stats.observational import compare, design_of, e_value, e_value_of_difference, entropy_weights, propensity

BIRTHS = Path(teffects.__file__).parent / "tests" / "results" / "cataneo2.csv"  # Cattaneo (2010), with statsmodels


def members(n=1_500, effect=0.0, seed=0):
    """Who spent more before joins more often; spend has log-normal tails."""
    rng = np.random.default_rng(seed)
    level, age = rng.standard_normal(n), rng.normal(45, 12, n)
    joined = rng.random(n) < 1 / (1 + np.exp(0.4 - 0.8 * level - 0.02 * (age - 45)))
    spend = np.exp(3 + 0.6 * level + 0.4 * rng.standard_normal(n)) + effect * joined
    before = np.exp(3 + 0.6 * level)
    return pd.DataFrame({"member": joined.astype(int), "spend": spend, "before": before, "age": age})


@pytest.mark.parametrize(
    ("ratio", "lo", "hi", "point", "end"),
    [
        (3.9, 1.8, 8.7, 7.26, 3.0),  # VanderWeele & Ding (2017): breast feeding and respiratory infection
        (0.80, 0.71, 0.91, 1.81, 1.43),  # the same: leukaemia
        (1.2, 0.9, 1.6, 1.69, 1.0),
    ],
)
def test_e_values_are_those_published(ratio, lo, hi, point, end):
    found = e_value(ratio, lo, hi)
    assert (found.point, found.end) == pytest.approx((point, end), abs=0.005)
    turned = e_value(1 / ratio, 1 / hi, 1 / lo)
    assert (turned.point, turned.end) == pytest.approx((found.point, found.end))


def test_the_e_value_of_a_difference_is_that_of_its_approximate_ratio():
    found = e_value_of_difference(-0.42, 0.14, 1.0)
    ratio = np.exp(-0.91 * 0.42)
    assert found.ratio == pytest.approx(ratio)
    assert found.point == pytest.approx(e_value(ratio, 0.5, 0.9).point)
    assert e_value_of_difference(0.0, 0.1, 1.0).end == 1
    with pytest.raises(BadInput, match="above 0"):
        e_value(0.0, 0.0, 1.0)


def test_overlap_weights_make_all_means_equal_and_entropy_weights_those_of_the_treated():
    frame = members()
    for estimand in ("overlap", "treated"):
        balance = compare(frame, treated="member", outcome="spend", covariates=["before", "age"], estimand=estimand)
        assert balance.balance["std_diff"].max() > 0.5
        assert balance.balance["std_diff_weighted"].abs().max() < 1e-4
    group = frame["member"].to_numpy() == 1
    x = design_of(frame, ["before", "age"])
    w = entropy_weights(x, group)
    assert np.average(x[~group], axis=0, weights=w[~group]) == pytest.approx(x[group].mean(axis=0), abs=1e-5)
    assert (w[~group] > 0).all()


def test_the_propensities_add_up_to_the_treated():
    frame = members()
    p = propensity(design_of(frame, ["before", "age"]), frame["member"].to_numpy() == 1)
    assert p.sum() == pytest.approx(frame["member"].sum())


def test_all_units_agree_with_statsmodels_on_births():
    """AIPW of smoking on birth weight; ours has weights that add up to one, and adds degrees of freedom."""
    births = pd.read_csv(BIRTHS)
    names = ["mmarried_", "mage", "fbaby_", "prenatal1_"]
    design = np.column_stack([np.ones(len(births)), births[names]])
    treated = births["mbsmoke_"].to_numpy()
    theirs = TreatmentEffect(
        OLS(births["bweight"].to_numpy(), design), treated, results_select=Logit(treated, design).fit(disp=0)
    ).aipw()
    ours = compare(births, treated="mbsmoke_", outcome="bweight", covariates=names, estimand="all")
    assert ours.value == pytest.approx(theirs.effect[0], abs=0.5)
    assert ours.se == pytest.approx(theirs.sd[0], rel=0.03)


@pytest.mark.parametrize("estimand", ["overlap", "all", "treated"])
def test_comparable_units_show_the_effect_where_the_plain_difference_is_wrong(estimand):
    """No unit's own effect differs, so that all three are of one number; 95 % intervals of 80 draws."""
    covered, plain = 0, []
    for seed in range(80):
        found = compare(
            members(600, 3.0, seed), treated="member", outcome="spend", covariates=["before", "age"], estimand=estimand
        )
        covered += found.interval.lo <= 3.0 <= found.interval.hi
        plain.append(found.plain)
    assert np.mean(plain) > 12
    assert covered >= 80 * (0.95 - 3 * (0.95 * 0.05 / 80) ** 0.5)


def test_an_outcome_of_0_and_1_has_the_e_value_of_its_risk_ratio():
    frame = members().assign(back=lambda d: (d["spend"] > 20) * 1)
    found = compare(frame, treated="member", outcome="back", covariates=["before", "age"])
    assert found.e_value.ratio == pytest.approx((found.control + found.value) / found.control)


def test_groups_that_do_not_overlap_are_refused():
    frame = members()
    apart = frame.assign(before=frame["member"] * 1000 + frame["before"])
    with pytest.raises(CannotAnswer, match="without fail"):
        compare(apart, treated="member", outcome="spend", covariates=["before"])
    design = design_of(apart, ["before"])
    with pytest.raises(CannotAnswer, match="lie apart"):
        entropy_weights(design, apart["member"].to_numpy() == 1)
    with pytest.raises(CannotAnswer, match="the least"):
        compare(frame.head(30), treated="member", outcome="spend", covariates=["before"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.assign(before=d["before"].where(d.index > 3)), "before 4"),
        (lambda d: d.assign(member=d["member"] + 1), "not 0 or 1"),
        (lambda d: d.drop(columns="age"), "age"),
    ],
)
def test_a_frame_that_cannot_be_read_is_refused(change, said):
    with pytest.raises(BadInput, match=said):
        compare(change(members(200)), treated="member", outcome="spend", covariates=["before", "age"])


def test_what_another_column_gives_enters_once():
    frame = members(300).assign(twice=lambda d: 2 * d["age"], same=1.0)
    x = design_of(frame, ["before", "age", "twice", "same"])
    assert x.shape == (300, 3)  # spend before, its logarithm, age
    assert x.mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-9)
