"""Values from file to file: those of the fit, part by part; nothing half, nothing in a wrong unit, refusals carry."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.clv import CustomerValue, TotalForecast, score_file
from crm_lab.clv.value import value_file

AS_OF = "1998-06-30"


@pytest.fixture(scope="module")
def value(sample):
    return CustomerValue(margin=0.3, draws=100).fit(sample, AS_OF)


@pytest.fixture
def file(tmp_path, value):
    value.summary.to_parquet(tmp_path / "in.parquet")
    return tmp_path / "in.parquet"


def assert_same(path, frame):
    found = pd.read_parquet(path).set_index("customer_id")
    ours = frame.set_index("customer_id").loc[found.index, list(found)]
    assert_allclose(found, ours, rtol=1e-12)


@pytest.mark.parametrize("model", ["mbgnbd", "paretonbd", "mbgcnbd", "nbd"])
def test_values_are_those_of_the_fit(sample, tmp_path, model):
    value = CustomerValue(model=model, margin=0.3, draws=100, start_days=30).fit(sample, AS_OF)
    value.summary.to_parquet(tmp_path / "in.parquet")
    if value.refusal() is not None:
        with pytest.raises(CannotAnswer):
            score_file(value, tmp_path / "in.parquet", tmp_path / "out.parquet")
        return
    assert_same(score_file(value, tmp_path / "in.parquet", tmp_path / "out.parquet", rows=700), value.to_frame())


def test_what_is_counted_of_sales_is_that_of_the_fit(sample, tmp_path):
    record = TotalForecast(horizon_days=182, draws=20).analyze(sample, AS_OF)
    value = CustomerValue(margin=0.3, horizon_days=182, draws=100).fit(sample, AS_OF, record=record)
    value.summary.to_parquet(tmp_path / "in.parquet")
    assert_same(score_file(value, tmp_path / "in.parquet", tmp_path / "out.parquet"), value.to_frame())


def test_times_off_the_grid_and_too_many_kinds_change_no_value(monkeypatch, value, tmp_path, file):
    apart = value.summary.assign(T=value.summary["T"] + np.random.default_rng(0).random(len(value.summary)) / 100)
    apart.to_parquet(tmp_path / "apart.parquet")
    found = pd.read_parquet(score_file(value, tmp_path / "apart.parquet", tmp_path / "out.parquet", rows=900))
    x, t_x, T = (apart[name] for name in ("frequency", "recency", "T"))
    expected = value.fit.conditional_purchases(365 / 7, x, t_x, T)
    assert_allclose(found["expected_purchases"], expected, rtol=1e-12)
    monkeypatch.setattr(value_file, "_MOST_KINDS", 10)
    assert_same(score_file(value, file, tmp_path / "out.parquet"), value.to_frame())


def test_a_unit_that_is_not_told_or_another_is_refused(value, tmp_path, file):
    bare = value.summary.copy()
    bare.attrs = {}
    bare.to_parquet(tmp_path / "bare.parquet")
    with pytest.raises(BadInput, match="is not told by the file, and the model is in 'W'"):
        score_file(value, tmp_path / "bare.parquet", tmp_path / "out.parquet")
    with pytest.raises(BadInput, match="is 'D', and the model is in 'W'"):
        score_file(value, tmp_path / "bare.parquet", tmp_path / "out.parquet", unit="D")
    assert_same(score_file(value, tmp_path / "bare.parquet", tmp_path / "out.parquet", unit="W"), value.to_frame())


def test_impossible_rows_are_counted_over_the_whole_file_and_nothing_is_left(value, tmp_path):
    wrong = value.summary.copy()
    wrong.loc[[5, 2000], "recency"] = 1e6
    wrong.loc[[7, 8, 9], "monetary_value"] = np.nan
    wrong.to_parquet(tmp_path / "wrong.parquet")
    with pytest.raises(BadInput) as said:
        score_file(value, tmp_path / "wrong.parquet", tmp_path / "out.parquet", rows=500)
    assert "2 rows have recency > T" in str(said.value)
    assert "3 rows have a monetary_value that is missing or below 0" in str(said.value)
    value.summary.iloc[:0].to_parquet(tmp_path / "none.parquet")
    with pytest.raises(BadInput, match="has no rows"):
        score_file(value, tmp_path / "none.parquet", tmp_path / "out.parquet")
    value.summary.drop(columns="monetary_value").to_parquet(tmp_path / "less.parquet")
    with pytest.raises(BadInput, match="monetary_value"):
        score_file(value, tmp_path / "less.parquet", tmp_path / "out.parquet")
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]


def test_where_no_value_is_stated_no_file_is_written(sample, tmp_path):
    known = sample[sample["date"] <= "1997-05-17"]
    value = CustomerValue(model="paretonbd", draws=100).fit(known, "1997-05-17")
    value.summary.to_parquet(tmp_path / "in.parquet")
    with pytest.raises(CannotAnswer) as said:
        score_file(value, tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert str(said.value) == value.refusal().text()
    assert not (tmp_path / "out.parquet").exists()
