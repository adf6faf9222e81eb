"""Cox and discrete-time hazard: published fits, brute force, identities."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from crm_lab.checks import BadInput
from crm_lab.stats.hazard import concordance, cox, discrete_hazard, person_periods


def published(name):
    """A data set beside this file; its README says where it is from."""
    return pd.read_csv(Path(__file__).parent / "published" / name)


def test_rossi():
    """REFERENCE section 3: Rossi, Efron; survival::coxph and lifelines agree on these."""
    data = published("rossi.csv")
    names = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
    fit = cox(data["week"], data["arrest"], data[names])
    reference = [-0.3794222, -0.0574377, 0.3138998, -0.1497957, -0.4337039, -0.0848711, 0.0914971]
    np.testing.assert_allclose(fit.coef, reference, atol=1e-5)
    assert fit.log_likelihood == pytest.approx(-658.747659, abs=1e-5)
    assert concordance(data["week"], data["arrest"], fit.risk(data[names])) == pytest.approx(0.640329, abs=1e-5)


def test_stanford_heart_with_time_varying_transplant():
    """REFERENCE section 3: survival::coxph(Surv(start, stop, event) ~ age + year + surgery + transplant)."""
    data = published("stanford_heart.csv")
    names = ["age", "year", "surgery", "transplant"]
    fit = cox(data["stop"], data["event"], data[names], entry=data["start"])
    np.testing.assert_allclose(fit.coef, [0.027167, -0.146346, -0.637210, -0.010251], atol=2e-6)
    assert fit.log_likelihood == pytest.approx(-290.565616, abs=1e-5)


def partial_log_likelihood(beta, time, event, x, entry):
    """Cox's partial likelihood written out; risk sets are entry < t <= time (no tied events here)."""
    total = 0.0
    for t, row in zip(time[event == 1], x[event == 1], strict=True):
        at_risk = (entry < t) & (time >= t)
        total += row @ beta - np.log(np.exp(x[at_risk] @ beta).sum())
    return total


def changing_covariate(seed=0, n=60):
    """Units switch their covariate at an event time of others, where a closed risk set would be wrong."""
    rng = np.random.default_rng(seed)
    end = rng.permutation(np.arange(2, n + 2)).astype(float)
    switch = np.minimum(end - 1, np.round(end * rng.uniform(0.2, 0.9, n))).clip(min=1)
    before = np.column_stack([np.zeros(n), switch, np.zeros(n), np.zeros(n)])
    after = np.column_stack([switch, end, rng.random(n) < 0.8, rng.normal(size=n)])
    entry, time, event, x = np.vstack([before, after]).T
    return time, event, x[:, None], entry


def test_entry_times_give_open_risk_sets_against_the_likelihood_written_out():
    time, event, x, entry = changing_covariate()
    fit = cox(time, event, x, entry=entry)
    best = minimize(lambda b: -partial_log_likelihood(b, time, event, x, entry), [0.0], method="BFGS")
    assert fit.coef[0] == pytest.approx(best.x[0], abs=1e-4)
    assert fit.log_likelihood == pytest.approx(-best.fun, abs=1e-6)


def test_closed_risk_sets_would_be_another_answer():
    """The trap itself: statsmodels as it comes differs on these data, so the test above can fail."""
    from statsmodels.duration.hazard_regression import PHReg

    time, event, x, entry = changing_covariate()
    naive = PHReg(time, x, status=event, entry=entry, ties="efron").fit(disp=0)
    assert abs(naive.llf - cox(time, event, x, entry=entry).log_likelihood) > 0.1


def test_a_split_row_with_the_same_covariate_changes_nothing():
    rng = np.random.default_rng(1)
    time, x = rng.exponential(10, 80) + 1, rng.normal(size=(80, 2))
    event = (rng.random(80) < 0.7).astype(float)
    whole = cox(time, event, x)
    half = time / 2
    split = cox(np.r_[half, time], np.r_[np.zeros(80), event], np.r_[x, x], entry=np.r_[np.zeros(80), half])
    np.testing.assert_allclose(split.coef, whole.coef, atol=1e-8)
    assert split.log_likelihood == pytest.approx(whole.log_likelihood, abs=1e-8)


def test_concordance_by_pairs():
    rng = np.random.default_rng(2)
    time, event, risk = rng.integers(1, 8, 40), rng.integers(0, 2, 40), rng.integers(0, 4, 40)
    won, pairs = 0.0, 0
    for i in range(40):
        for j in range(40):
            if event[i] and (time[i] < time[j] or (time[i] == time[j] and not event[j])):
                pairs += 1
                won += (risk[i] > risk[j]) + 0.5 * (risk[i] == risk[j])
    assert concordance(time, event, risk) == pytest.approx(won / pairs)
    assert np.isnan(concordance([1, 2], [0, 0], [1, 2]))


def test_without_covariates_the_discrete_hazard_is_kaplan_meiers():
    rng = np.random.default_rng(3)
    periods, event = rng.integers(1, 6, 500), (rng.random(500) < 0.6).astype(float)
    spread = person_periods(periods, event)
    fit = discrete_hazard(spread, np.empty((len(spread.unit), 0)), 5)
    at_risk = [(periods >= p).sum() for p in range(1, 6)]
    ended = [((periods == p) & (event == 1)).sum() for p in range(1, 6)]
    hazard = fit.hazard(np.arange(1, 6), np.empty((5, 0)))
    np.testing.assert_allclose(hazard, np.divide(ended, at_risk), atol=1e-8)


def test_the_discrete_hazard_recovers_the_odds_ratio_that_was_built_in():
    rng = np.random.default_rng(4)
    x = rng.normal(size=4000)
    chance = 1 / (1 + np.exp(-(-2 + 0.7 * x)))
    draws = rng.random((4000, 8)) < chance[:, None]
    first = np.where(draws.any(1), draws.argmax(1) + 1, 8)
    spread = person_periods(first, draws.any(1))
    fit = discrete_hazard(spread, x[spread.unit][:, None], 8)
    assert abs(fit.coef[0] - 0.7) < 4 * fit.se[0]
    assert fit.se[0] < 0.05


def test_bad_input_is_named_together():
    with pytest.raises(BadInput) as error:
        cox([1.0, 2.0], [0, 2], [[np.nan], [1.0]], entry=[1.0, 0.0])
    assert len(error.value.problems) == 3
    assert "1 rows end before or when they start; time must be above entry." in error.value.problems[0]
    with pytest.raises(BadInput, match="no event happened; a hazard needs events"):
        cox([1.0, 2.0], [0, 0], [[0.0], [1.0]])
    with pytest.raises(BadInput, match="1 are below 1; count the period of the event as a period"):
        person_periods([0, 2], [1, 1])
    spread = person_periods([1, 2, 2], [0, 1, 0])
    with pytest.raises(BadInput, match="no event, or nothing but events, in period 1; use fewer periods"):
        discrete_hazard(spread, np.empty((5, 0)), 2)
