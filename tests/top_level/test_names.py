"""The names at the top of the package, and calls as users of other packages write them first."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import crm_lab
from crm_lab import BGNBD, RFM, BadInput, Design, Effects, Experiment, GammaGamma, SampleRatios, load_cdnow, ratio_of
from crm_lab.checks import CannotAnswer
from crm_lab.experiments import SoundnessCheck, mean_of, share_of

SOURCE = ast.parse(Path(crm_lab.__file__).read_text(encoding="utf-8"))


def test_every_name_is_there_for_users_for_types_and_for_completion():
    (typed,) = (node for node in SOURCE.body if isinstance(node, ast.If))
    imported = {alias.name: node.module for node in typed.body for alias in node.names}
    assert imported == crm_lab._HOMES
    assert sorted(imported) == sorted(crm_lab.__all__)
    assert set(crm_lab.__all__) <= set(dir(crm_lab))
    for name, home in imported.items():
        assert getattr(crm_lab, name).__module__ == home
        assert inspect.getdoc(getattr(crm_lab, name))


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(AttributeError, match="crm_lab has no name 'CLV'; it has BGNBD, MBGNBD, RFM"):
        crm_lab.CLV  # noqa: B018 - asking is the test


@pytest.mark.parametrize(
    ("name", "unneeded"), [("RFM", "sklearn"), ("BadInput", "pandas"), ("ChurnList", "matplotlib")]
)
def test_a_name_loads_only_what_it_needs(name, unneeded):
    code = f"import sys; from crm_lab import {name}; print('{unneeded}' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.fixture
def units():
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "variant": [0, 1] * 200, "revenue": rng.gamma(1, 10, 400), "orders": rng.integers(1, 4, 400),
            "bought": rng.integers(0, 2, 400),
        }
    )  # fmt: skip


@pytest.fixture
def experiment(units):
    return Experiment.from_frame(units, arm="variant", control=0, outcomes=["revenue", "orders", "bought"])


def test_a_metric_may_be_given_by_its_column(experiment):
    by_name = Effects(["revenue", "bought", "revenue / orders"]).analyze(experiment)
    metrics = (mean_of("revenue"), share_of("bought"), ratio_of("revenue", "orders"))
    pd.testing.assert_frame_equal(by_name.to_frame(), Effects(metrics=metrics).analyze(experiment).to_frame())
    assert Effects("revenue").analyze(experiment).headline.metric == mean_of("revenue")


def test_a_column_with_a_stroke_in_its_name_is_no_ratio(units):
    odd = units.rename(columns={"revenue": "net / gross"})
    test = Experiment.from_frame(odd, arm="variant", control=0, outcomes="net / gross")
    assert Effects(["net / gross"]).analyze(test).headline.metric == mean_of("net / gross")


def test_one_way_of_adjusting_may_be_given_as_text(units, experiment):
    assert Effects("revenue", adjust="cuped").adjust == ("cuped",)
    one, many = (Design(["revenue"], adjust=way).analyze(units) for way in ("none", ("none",)))
    pd.testing.assert_frame_equal(one.to_frame(), many.to_frame())


@pytest.mark.parametrize("analysis", [Effects("revenue"), SampleRatios(), SoundnessCheck()])
def test_a_table_where_an_experiment_is_needed_is_answered_with_how_to_make_one(analysis, units):
    with pytest.raises(BadInput, match="was given a DataFrame; make an experiment of it first"):
        analysis.analyze(units)


def test_a_metric_that_is_not_there_is_named(experiment):
    with pytest.raises(BadInput, match="The experiment lacks the column revenu; it has variant, revenue"):
        Effects(["revenu"]).analyze(experiment)


def test_the_control_is_asked_for_by_name_and_may_be_of_any_type(units):
    with pytest.raises(BadInput, match="no row is in the control 'control'; the arms are 0, 1: name one as control"):
        Experiment.from_frame(units, arm="variant", outcomes="revenue")
    planned = Experiment.from_frame(units, arm="variant", control=0, outcomes="revenue", shares={0: 0.5, 1: 0.5})
    assert planned.counts() == {"0": 200, "1": 200}


def test_an_experiment_of_no_rows_is_refused(units):
    with pytest.raises(CannotAnswer, match="has no rows; give one row per unit"):
        Experiment.from_frame(units.head(0), arm="variant", control=0, outcomes="revenue")


def test_customers_in_the_index_are_found_there():
    sales = load_cdnow(sample=True).set_index("customer_id")
    with pytest.raises(BadInput, match=r"The index holds customer_id: call reset_index\(\) first"):
        RFM().fit(sales, as_of="1998-06-30", amount="amount")


def test_a_column_named_for_two_things_is_refused():
    with pytest.raises(BadInput, match="The column date is named for two things"):
        RFM().fit(load_cdnow(sample=True), as_of="1998-06-30", amount="date")


@pytest.mark.parametrize("model", [BGNBD(), GammaGamma()])
def test_purchases_where_their_summary_is_needed_are_answered_with_what_makes_it(model):
    with pytest.raises(BadInput, match=r"The summary \(made by purchase_summary\) lacks the columns frequency"):
        model.fit(load_cdnow(sample=True))
