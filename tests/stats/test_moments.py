"""Moments: equal to numpy's, additive over chunks, the same from SQL."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crm_lab.checks import BadInput
from crm_lab.stats.moments import Moments, moments_by, moments_from_rows, moments_query, total

NAMES = ["x", "y"]
rows = st.integers(0, 30).flatmap(lambda n: arrays(float, (n, 2), elements=st.floats(-1e4, 1e4)))


@given(rows, rows, rows)
def test_chunks_add_up_to_the_whole_in_any_order(a, b, c):
    parts = [Moments.from_array(NAMES, x) for x in (a, b, c)]
    whole = Moments.from_array(NAMES, np.vstack([a, b, c]))
    for order in ((0, 1, 2), (2, 0, 1)):
        found = total(parts[i] for i in order)
        assert found.n == whole.n
        np.testing.assert_allclose(found.mean, whole.mean, atol=1e-7)
        np.testing.assert_allclose(found.comoment, whole.comoment, atol=1e-3, rtol=1e-9)


def test_covariance_is_numpys():
    x = np.random.default_rng(1).normal(1e6, 1, size=(500, 3))
    np.testing.assert_allclose(Moments.from_array(list("abc"), x).covariance, np.cov(x.T), rtol=1e-9)


@pytest.fixture
def frame():
    rng = np.random.default_rng(2)
    return pd.DataFrame(
        {"arm": rng.choice(["control", "treatment"], 1000), "x": rng.gamma(2, 50, 1000) + 1e7, 'a "b"': 1.5}
    )


def test_one_sql_aggregate_gives_the_same_moments(frame):
    names = ["x", 'a "b"']
    found = moments_from_rows(duckdb.sql(moments_query("frame", "arm", names)).fetchall(), names)
    for arm, expected in moments_by(frame, "arm", names).items():
        assert found[arm].n == expected.n
        np.testing.assert_allclose(found[arm].mean, expected.mean, rtol=1e-12)
        np.testing.assert_allclose(found[arm].comoment, expected.comoment, rtol=1e-7, atol=1e-6)


def test_a_group_of_one_row_has_no_spread():
    one = pd.DataFrame({"arm": ["a"], "x": [3.0]})
    found = moments_from_rows(duckdb.sql(moments_query("one", "arm", ["x"])).fetchall(), ["x"])
    assert found["a"].comoment.tolist() == [[0.0]]
    assert one["x"].tolist() == [3.0]


def test_gaps_are_refused_from_frames_and_from_sql(frame):
    frame.loc[3, "x"] = np.nan
    with pytest.raises(BadInput, match="missing or infinite in x"):
        moments_by(frame, "arm", ["x"])
    gaps = frame.astype({"x": "Float64"})
    gaps["x"] = gaps["x"].mask(gaps.index == 3)
    with pytest.raises(BadInput, match="1 values are missing in group"):
        moments_from_rows(
            duckdb.sql(moments_query("(select arm, nullif(x, 'nan') as x from frame)", "arm", ["x"])).fetchall(), ["x"]
        )


def test_select_keeps_the_pairs_together():
    m = Moments.from_array(["a", "b", "c"], np.random.default_rng(3).normal(size=(20, 3)))
    turned = m.select(["c", "a"])
    assert turned.comoment[0, 1] == m.comoment[2, 0]
    with pytest.raises(BadInput, match="lacks the column d; it has a, b, c"):
        m.select(["d"])


def test_different_columns_do_not_add():
    with pytest.raises(BadInput, match="different columns"):
        Moments.from_array(["a"], [[1.0]]) + Moments.from_array(["b"], [[1.0]])
    with pytest.raises(BadInput, match="nothing to add up"):
        total([])
