"""What a sentence on leaving claims is true of the numbers beside it: more than, most, better, on the same side."""

from dataclasses import replace

import pandas as pd
import pytest

from crm_lab import churn
from crm_lab.churn.definition.churn_window import ChurnWindow, WindowEvidence
from crm_lab.fronts.front import front_of


def window(chance, hi):
    row = {"segment": "all", "silent_days": 273, "at_risk": 1995, "chance": chance, "lo": 0.07, "hi": hi}
    return WindowEvidence(pd.DataFrame([row]), ChurnWindow(), pd.Timestamp("2024-10-31").date(), 2600)


@pytest.mark.parametrize(
    ("chance", "hi", "said"), [(0.088, 0.102, "the interval reaches above 10%"), (0.138, 0.16, "more than 10%")]
)
def test_a_chance_below_the_limit_is_never_called_more_than_it(chance, hi, said):
    assert str(window(chance, hi).readout().finding).endswith(f"come back within 91 days: {said}.")


@pytest.fixture(scope="module")
def returning(known, orders):
    features, _, as_of = known
    spec = churn.ReturnHazard(covariates=("n_days", "recency_days"), clock="waiting")
    return spec.analyze(features, orders, as_of=as_of, last_day="2024-02-05")


def test_no_feature_moves_the_rate_most_where_chance_explains_each(returning):
    unsure = returning.frame.assign(ratio=[1.0, 1.04], ratio_lo=[0.91, 0.37], ratio_hi=[1.1, 2.9], odds=[0.72, 0.68])
    said = replace(returning, frame=unsure).readout()
    assert str(said.finding).startswith("None of 2 features moves")
    assert "on the other side of 1" in str(said.certainty)
    assert "moves the rate most" in str(returning.readout().finding)
    assert "lie further from 1" in str(returning.readout().certainty)


@pytest.fixture(scope="module")
def report(known):
    features, left, _ = known
    rivals = {"frequency_then_recency": churn.frequency_then_recency(features)}
    spec, models = churn.ChurnComparison(folds=2, draws=100), {"logistic": churn.logistic()}
    return spec.analyze(features, left, models=models, rivals=rivals, rng=0)


@pytest.mark.parametrize(
    ("rule", "action", "answer"), [(0.957, "Rank by recency", "a rule"), (0.828, "Rank by the model", "the model")]
)
def test_a_rule_that_ranks_as_well_as_the_model_is_named(report, rule, action, answer):
    rows = report.frame.copy()
    rows.loc[rows["ranking"] == "logistic", ["auc", "auc_lo", "auc_hi", "gain", "gain_lo", "gain_hi"]] = (
        0.961, 0.94, 0.97, 0.34, 0.3, 0.38,
    )  # fmt: skip
    recency = {**rows.iloc[-1], "ranking": "recency", "kind": "rule", "auc": rule, "auc_lo": 0.8, "auc_hi": 0.97}
    changed = replace(
        report, frame=pd.concat([rows, pd.DataFrame([recency])], ignore_index=True), design="earlier_date"
    )
    assert str(changed.readout().action).startswith(action)
    assert answer in front_of(changed)["answer"]
