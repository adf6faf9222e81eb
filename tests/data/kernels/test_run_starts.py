import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.data.kernels.receipts import run_starts

RUNS = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(1, 3)), min_size=1, max_size=20)


@given(RUNS)
@pytest.mark.parametrize("dtype", ["str", "string", "object"])
def test_a_run_ends_where_the_value_changes(dtype, runs):
    values = [value for value, length in runs for _ in range(length)]
    starts = run_starts(pd.Series(values, dtype=dtype))
    expected = [i for i, v in enumerate(values) if i == 0 or v != values[i - 1]]
    assert starts.tolist() == expected


@given(RUNS)
def test_sums_over_runs_are_the_sum(runs):
    column = pd.Series([value for value, length in runs for _ in range(length)])
    amount = np.arange(len(column), dtype=float)
    assert np.add.reduceat(amount, run_starts(column, column)).sum() == amount.sum()


@pytest.mark.parametrize("dtype", ["str", "string", "object"])
def test_missing_values_are_never_joined(dtype):
    assert run_starts(pd.Series(["a", None, None, "a"], dtype=dtype)).tolist() == [0, 1, 2, 3]


def test_no_rows_have_no_runs():
    assert run_starts(pd.Series([], dtype="str")).tolist() == []
