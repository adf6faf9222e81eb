"""Adjusted means against regression, the delta method's identity with clustered OLS, and size."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import stats

from crm_lab.checks import BadInput
from crm_lab.experiments import Experiment
from crm_lab.experiments.core.adjusted_means import adjusted_means
from crm_lab.experiments.core.estimate import difference, joint_means
from crm_lab.stats.moments import Moments, moments_by


def arms_of(frame, columns):
    found = moments_by(frame, "arm", columns)
    return [found["control"], found["treatment"]]


def test_plain_difference_is_welchs_t_test(households):
    found = difference(joint_means(arms_of(households, ["spend"]), [("spend", None)]), 0)
    c, t = (households.loc[households["arm"] == a, "spend"] for a in ("control", "treatment"))
    welch = stats.ttest_ind(t, c, equal_var=False)
    interval = welch.confidence_interval(0.95)
    assert found.pvalue == pytest.approx(welch.pvalue, rel=1e-10)
    assert (found.lo, found.hi) == pytest.approx((interval.low, interval.high), rel=1e-10)


def test_lin_is_ols_with_centred_interactions(households):
    """Lin (2013): the coefficient is the same; HC2 and the arm-wise variance agree to a few per cent."""
    columns = ["spend", "spend_before", "orders"]
    means = joint_means(arms_of(households, columns), [("spend", None)], columns[1:], "lin")
    data = households.assign(w=(households["arm"] == "treatment") * 1.0)
    data[["b", "o"]] = data[columns[1:]] - data[columns[1:]].mean()
    ols = smf.ols("spend ~ w * (b + o)", data).fit(cov_type="HC2")
    found = difference(means, 0)
    assert found.effect == pytest.approx(ols.params["w"], rel=1e-10)
    assert found.se == pytest.approx(ols.bse["w"], rel=0.03)


@pytest.mark.parametrize("metric", [("spend", None), ("spend", "orders")])
def test_errors_of_lin_from_the_rows_are_hc3(households, metric):
    """MacKinnon & White (1985): statsmodels' HC3, to 1e-9, for a mean and for a ratio that is linearised."""
    past = ["spend_before", "income"] if "income" in households else ["spend_before"]
    test = Experiment.from_frame(
        households, arm="arm", outcomes=["spend", "orders"], covariates=past,
        shares=households["arm"].value_counts(normalize=True).to_dict(),
    )  # fmt: skip
    means = adjusted_means(test, [metric], past, "lin")
    data = households.assign(w=(households["arm"] == "treatment") * 1.0, y=households["spend"].astype(float))
    if metric[1]:
        totals = data.groupby("arm")[["spend", "orders"]].sum()
        ratio, base = totals["spend"] / totals["orders"], data.groupby("arm")["orders"].mean()
        data["y"] = (data["spend"] - data["arm"].map(ratio) * data["orders"]) / data["arm"].map(base)
    data[past] = data[past] - data[past].mean()
    ols = smf.ols(f"y ~ w * ({' + '.join(past)})", data).fit(cov_type="HC3")
    assert np.sqrt(means.own.sum()) == pytest.approx(ols.bse["w"], rel=1e-9)


def test_a_past_that_draws_the_slope_to_itself_does_not_hide_its_error():
    """1,000 nulls of 100 against 300 whose spend is a skewed past times chance: the moments' errors are too small."""
    rng, misses = np.random.default_rng(3), np.zeros(2)
    for _ in range(1000):
        past = np.exp(1.5 * rng.standard_normal(400))
        both = np.column_stack([past * np.exp(rng.standard_normal(400) - 0.5), past])
        rows = [both[:100], both[100:]]
        arms = [Moments.from_array(["y", "x"], part) for part in rows]
        for i, given in enumerate((None, rows)):
            misses[i] += difference(joint_means(arms, [("y", None)], ["x"], "lin", given), 0).pvalue < 0.05
    bound = 0.05 + 3 * (0.05 * 0.95 / 1000) ** 0.5
    assert misses[1] / 1000 <= bound
    assert misses[0] > 1.3 * misses[1]


def test_cuped_variance_ratio_is_one_minus_rho_squared():
    """REFERENCE section 4: CUPED variance ratio 1 - rho², to 1e-9 where both arms share slope and spread."""
    rng = np.random.default_rng(4)
    x, e = rng.normal(size=(2, 500))
    e -= np.polyval(np.polyfit(x, e, 1), x)
    y = 3 * x + e
    rho2 = np.corrcoef(x, y)[0, 1] ** 2
    arm = Moments.from_array(["y", "x"], np.column_stack([y, x]))
    plain, adjusted = (difference(joint_means([arm, arm], [("y", None)], ["x"], w), 0) for w in ("none", "cuped"))
    assert adjusted.se**2 / plain.se**2 == pytest.approx(1 - rho2, rel=1e-9)


def test_ratio_by_delta_method_is_cluster_robust_ols_on_lines():
    """REFERENCE section 4: ratio delta method = CR0 cluster OLS on lines (1e-9)."""
    rng = np.random.default_rng(5)
    sizes = rng.integers(1, 9, 400)
    customer = np.repeat(np.arange(400), sizes)
    arm = np.repeat(np.where(rng.random(400) < 0.5, "treatment", "control"), sizes)
    amount = rng.gamma(2, 10, len(customer)) * np.repeat(rng.gamma(3, 1 / 3, 400), sizes)
    lines = pd.DataFrame({"customer": customer, "arm": arm, "amount": amount, "n": 1.0})
    units = lines.groupby(["customer", "arm"], as_index=False)[["amount", "n"]].sum()
    means = joint_means(arms_of(units, ["amount", "n"]), [("amount", "n")])
    ols = sm.OLS(lines["amount"], sm.add_constant((lines["arm"] == "treatment") * 1.0))
    fit = ols.fit(cov_type="cluster", cov_kwds={"groups": lines["customer"], "use_correction": False})
    found = difference(means, 0)
    assert found.effect == pytest.approx(fit.params.iloc[1], rel=1e-9)
    # CR0 divides by n where the sample covariance divides by n - 1
    n0, n1 = (int((units["arm"] == a).sum()) for a in ("control", "treatment"))
    own = means.own[:, 0] * [(n0 - 1) / n0, (n1 - 1) / n1]
    assert np.sqrt(own.sum()) == pytest.approx(fit.bse.iloc[1], rel=1e-9)


def test_adjusting_for_a_perfect_past_leaves_no_error():
    x = np.random.default_rng(6).normal(size=(40, 1))
    half = [Moments.from_array(["y", "x"], np.hstack([2 * x[i::2] + shift, x[i::2]])) for i, shift in ((0, 0), (1, 5))]
    found = difference(joint_means(half, [("y", None)], ["x"], "lin"), 0)
    assert found.effect == pytest.approx(5, abs=1e-9)
    assert found.se == pytest.approx(0, abs=1e-6)


def test_a_repeated_covariate_changes_nothing(households):
    data = households.assign(again=households["spend_before"] * 3)
    columns = ["spend", "spend_before", "again"]
    once = difference(joint_means(arms_of(data, columns), [("spend", None)], columns[1:2], "cuped"), 0)
    twice = difference(joint_means(arms_of(data, columns), [("spend", None)], columns[1:], "cuped"), 0)
    assert twice.effect == pytest.approx(once.effect, rel=1e-9)
    assert twice.se == pytest.approx(once.se, rel=1e-9)


def test_chunks_give_the_effect_of_the_whole(households):
    columns = ["spend", "spend_before"]
    whole = difference(joint_means(arms_of(households, columns), [("spend", None)], columns[1:]), 0)
    parts = [arms_of(chunk, columns) for chunk in (households[:200], households[200:450], households[450:])]
    summed = [parts[0][a] + parts[1][a] + parts[2][a] for a in (0, 1)]
    assert difference(joint_means(summed, [("spend", None)], columns[1:]), 0).effect == pytest.approx(whole.effect)


def test_too_few_units_for_the_covariates_are_refused():
    arm = Moments.from_array(["y", "x"], [[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(BadInput, match="2 units; 1 covariates need at least 3 per arm"):
        joint_means([arm, arm], [("y", None)], ["x"], "lin")


def test_an_empty_denominator_is_refused():
    arm = Moments.from_array(["y", "n"], [[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]])
    with pytest.raises(BadInput, match="n is 0 for a whole arm"):
        joint_means([arm, arm], [("y", "n")])


def test_did_is_two_way_fixed_effects_is_the_change_score(households):
    """REFERENCE section 4: 2x2 DiD = TWFE = change score (1e-9), and their cluster-robust errors are one."""
    frame = households.assign(change=households["spend"] - households["spend_before"])
    columns = ["spend", "spend_before", "change"]
    means = joint_means(arms_of(frame, columns), [(c, None) for c in columns])
    did = means.weights({(1, 0): 1.0, (1, 1): -1.0, (0, 0): -1.0, (0, 1): 1.0})
    change = difference(means, 2)
    panel = frame.melt(["customer_id", "arm"], ["spend_before", "spend"], "time", "y")
    panel["post"] = (panel["time"] == "spend") * 1.0
    panel["did"] = panel["post"] * (panel["arm"] == "treatment")
    within = panel[["y", "post", "did"]] - panel.groupby("customer_id")[["y", "post", "did"]].transform("mean")
    ols = sm.OLS(within["y"], within[["post", "did"]])  # unit effects are swept out, `post` is the time effect
    fit = ols.fit(cov_type="cluster", cov_kwds={"groups": panel["customer_id"], "use_correction": False})
    assert means.contrast(did)[0] == pytest.approx(fit.params["did"], rel=1e-9)
    assert change.effect == pytest.approx(fit.params["did"], rel=1e-9)
    assert means.contrast(did)[1] == pytest.approx(change.se**2, rel=1e-9)
    n = frame["arm"].value_counts()[["control", "treatment"]].to_numpy()
    assert np.sqrt((means.own[:, 2] * (n - 1) / n).sum()) == pytest.approx(fit.bse["did"], rel=1e-9)
