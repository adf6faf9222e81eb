from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.checks import BadInput
from crm_lab.segmentation import Cohorts
from crm_lab.segmentation.cohorts.cohorts import cohort_counts


def orders(rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "date"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


SMALL = orders(
    [
        ("a", "2024-01-05"), ("a", "2024-02-05"), ("a", "2024-02-06"),
        ("b", "2024-02-10"), ("b", "2024-03-01"), ("c", "2024-02-11"), ("d", "2024-03-09"), (None, "2024-03-09"),
    ]
)  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), min_size=1, max_size=80))
def test_counts_are_those_of_sets(purchases):
    code, index = (np.array(a) for a in zip(*purchases, strict=True))
    _, code = np.unique(code, return_inverse=True)
    counts = cohort_counts(code, index, 6)
    active = {(c, i) for c, i in zip(code, index, strict=True)}
    first = {c: min(i for d, i in active if d == c) for c, _ in active}
    for cohort in range(6):
        for age in range(6):
            assert counts[cohort, age] == sum(first[c] == cohort and i == cohort + age for c, i in active)


def test_twelve_months_give_78_cells(complete_journey):
    result = Cohorts().analyze(complete_journey["orders"], as_of=complete_journey.as_of)
    frame = result.to_frame()
    assert frame["observed"].sum() == 78
    assert frame.loc[~frame["observed"], ["share", "lo", "hi", "customers"]].isna().all(axis=None)
    assert frame.loc[frame["observed"], ["share", "lo", "hi"]].notna().all(axis=None)
    assert not result.partial
    assert frame.loc[frame["age"] == 0, "customers"].sum() == 2469


def test_the_first_cohort_is_marked_and_left_out(complete_journey):
    result = Cohorts().analyze(complete_journey["orders"], as_of=complete_journey.as_of)
    assert set(result.to_frame().query("left_censored")["cohort"]) == {"2017-01"}
    sizes = result.to_frame().query("age == 0").set_index("cohort")["size"]
    assert result.returned()[1] == sizes["2017-02":"2017-11"].sum()
    assert "Cohort 2017-01 is cut off on the left" in result.readout().text("en")
    assert "左侧被截断" in result.readout().text("zh")


def test_data_that_begin_with_the_first_customers_keep_the_first_cohort():
    result = Cohorts(starts_new=True).analyze(SMALL, as_of="2024-03-31")
    assert not result.to_frame()["left_censored"].any()
    assert result.returned() == (2, 3)


def test_a_period_that_is_not_over_is_marked_and_not_counted():
    result = Cohorts().analyze(SMALL, as_of="2024-03-15")
    partial = result.to_frame().query("partial")
    assert partial["cohort"].tolist() == ["2024-01", "2024-02", "2024-03"]
    assert result.returned() == (0, 0)
    assert result.refusal().text("en").startswith("As of 2024-03-15 no cohort has a whole period after its first")
    assert result.facts()[1].value is None


def test_the_same_day_next_month_counts_it():
    assert Cohorts().analyze(SMALL, as_of="2024-03-31").returned() == (1, 2)


def test_orders_after_the_day_are_not_seen():
    later = Cohorts(starts_new=True).analyze(SMALL, as_of="2024-02-29")
    assert later.active.tolist() == [[1, 1], [2, 0]]


@pytest.mark.parametrize("unit", ["week", "quarter"])
def test_other_periods_conserve_customers(complete_journey, unit):
    result = Cohorts(period=unit).analyze(complete_journey["orders"], as_of=complete_journey.as_of)
    assert result.active[:, 0].sum() == 2469


def test_no_order_and_an_unknown_period_are_refused():
    with pytest.raises(BadInput, match="There are no purchases up to 2020-01-01; choose a later as_of"):
        Cohorts().analyze(SMALL, as_of="2020-01-01")
    with pytest.raises(BadInput, match="period is 'year'; it must be one of"):
        Cohorts(period="year")


def test_the_drawing_hatches_the_open_period_and_leaves_the_future_empty():
    axes = Cohorts().analyze(SMALL, as_of="2024-03-15").plot()
    assert sum(patch.get_hatch() == "////" for patch in axes.patches) == 3
    *cells, name = [text.get_text() for text in axes.texts]
    assert len(cells) == 6  # 3 + 2 + 1 observed
    assert name == "▨ period not over"
    assert axes.get_yticklabels()[0].get_text() == "2024-01 (cut off left)"


def test_the_page_shows_the_triangle_with_its_gaps():
    shown = Cohorts(starts_new=True).analyze(SMALL, as_of="2024-03-31")._repr_html_()
    assert shown.count("–") == 3
    assert "100%" in shown


@pytest.mark.parametrize(("settled", "old"), [(None, 1), ("2017-02-01", 1), ("2017-02-12", 2), ("2017-04-01", 3)])
def test_cohorts_with_days_before_everybody_was_seen_are_left_out(complete_journey, settled, old):
    day = None if settled is None else date.fromisoformat(settled)
    made = Cohorts().analyze(complete_journey["orders"], as_of="2017-12-31", settled=day)
    cut = made.to_frame().query("left_censored")["cohort"].unique().tolist()
    assert cut == list(made.labels[:old])
    assert made.returned()[1] == made.active[old:-1, 0].sum()
    said = made.readout().certainty.text("en")
    assert (f"Cohorts {cut[0]} to {cut[-1]} are" in said) is (old > 1)
