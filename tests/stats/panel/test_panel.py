"""Panels: what is refused, and what is kept."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.checks import BadInput
from crm_lab.stats.panel import Panel


def rows(n=3, periods=("2024-01-01", "2024-01-08", "2024-01-15")):
    cells = [(f"city {i}", p, 10.0 * i + j) for i in range(n) for j, p in enumerate(periods)]
    return pd.DataFrame(cells, columns=["city", "week", "sales"])


def of(frame):
    return Panel.from_frame(frame, unit="city", period="week", value="sales")


def test_order_of_rows_does_not_matter():
    panel, other = of(rows()), of(rows().sample(frac=1, random_state=1))
    assert panel.periods == (date(2024, 1, 1), date(2024, 1, 8), date(2024, 1, 15))
    assert panel.units == other.units
    assert (panel.values == other.values).all()


def test_a_panel_comes_back_from_its_own_frame():
    panel = of(rows())
    again = Panel.from_frame(panel.to_frame(), unit="unit", period="period", value="value")
    assert (again.values == panel.values).all()
    assert again.periods == panel.periods


def test_every_problem_is_said_at_once_with_its_count():
    bad = rows(1)
    bad["sales"] = bad["sales"].astype(object)
    bad.loc[1, "sales"] = "many"
    bad = pd.concat([bad, bad.tail(1), pd.DataFrame({"city": [None], "week": ["2024-01-08"], "sales": [1.0]})])
    bad.loc[len(bad)] = ["city 0", "soon", 3.0]
    with pytest.raises(BadInput) as error:
        of(bad)
    said = " ".join(error.value.problems)
    for part in (
        "1 row names no city",
        "1 row has no date or whole number as week",
        "1 row has no number as sales",
        "1 cell has more than one row (2 rows): city 0 in 2024-01-15",
        "there is 1 unit",
    ):
        assert part in said


def test_missing_cells_are_counted_and_named():
    with pytest.raises(BadInput, match=r"2 of 9 cells .* have no row: city 0 in 2024-01-01, city 1 in 2024-01-15;"):
        of(rows().drop([0, 5]))


@pytest.mark.parametrize(
    ("periods", "sentence"),
    [
        (("2024-01-01", "2024-01-08", "2024-01-22", "2024-01-29"), "usual 7 days: after 2024-01-08"),
        (("2024-01-31", "2024-02-29", "2024-04-30", "2024-05-31"), "usual 1 months: after 2024-02-29"),
        ((1, 2, 4, 5), "usual 1: after 2"),
    ],
)
def test_gaps_between_periods_are_refused(periods, sentence):
    with pytest.raises(BadInput, match=f"1 step between periods differs from the {sentence}"):
        of(rows(2, periods))


@pytest.mark.parametrize(
    "periods",
    [
        ("2023-11-01", "2023-12-01", "2024-01-01", "2024-02-01"),
        ("2023-12-31", "2024-01-31", "2024-02-29"),
        ("2023-01-01", "2023-04-01", "2023-07-01"),
        (2001, 2002, 2003),
        ("2024-02-01", "2024-02-29", "2024-03-28"),
    ],
)
def test_equal_steps_of_days_months_and_numbers_are_kept(periods):
    assert len(of(rows(2, periods)).periods) == len(periods)


def test_parts_of_a_panel():
    panel = of(rows())
    assert panel.between(date(2024, 1, 8), date(2024, 1, 15)).values.shape == (3, 2)
    assert panel.without(["city 1"]).units == ("city 0", "city 2")
    with pytest.raises(BadInput, match="no unit 'berlin'"):
        panel.without(["berlin"])
    with pytest.raises(BadInput, match="there is 1 unit"):
        panel.without(["city 1", "city 2"])
    with pytest.raises(BadInput, match="no period of the panel"):
        panel.index(date(2024, 1, 9))
    with pytest.raises(BadInput, match="earlier one first"):
        panel.between(date(2024, 1, 15), date(2024, 1, 8))


def test_values_that_are_no_numbers_are_refused():
    with pytest.raises(BadInput, match="2 values are no finite number"):
        Panel(np.array([[1.0, np.nan], [np.inf, 2.0]]), ("a", "b"), (1, 2))
    with pytest.raises(BadInput, match="need \\(2, 3\\)"):
        Panel(np.ones((2, 2)), ("a", "b"), (1, 2, 3))
    with pytest.raises(BadInput, match="1 unit has the name of another"):
        Panel(np.ones((2, 2)), ("a", "a"), (1, 2))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c"]),
            st.integers(1, 4),
            st.one_of(st.floats(-1e6, 1e6), st.just(float("nan")), st.none()),
        ),
        max_size=14,
    )
)
def test_any_table_gives_a_whole_panel_or_words(cells):
    frame = pd.DataFrame(cells, columns=["city", "week", "sales"])
    frame["week"] = frame["week"].astype("int64")
    try:
        panel = of(frame)
    except BadInput:
        return
    assert panel.values.size == len(frame)
    assert np.isfinite(panel.values).all()
    assert panel.values.sum() == pytest.approx(frame["sales"].astype(float).sum())
