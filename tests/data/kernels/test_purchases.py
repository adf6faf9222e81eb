"""Purchase summary: published counts, the same by every way in, and refusals."""

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from crm_lab.checks import BadInput
from crm_lab.data.kernels.purchases import UNIT_DAYS, _sorted_by, calibration_holdout, purchase_days, purchase_summary

rows = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bo", "cy", None]),
        st.integers(19_000, 19_060),
        st.integers(-500, 5000),
        st.sampled_from(["sale", "sale", "return"]),
    ),
    min_size=1,
    max_size=40,
)


def frame_of(lines):
    frame = pd.DataFrame(lines, columns=["customer_id", "day", "net_amount", "kind"])
    frame["customer_id"] = frame["customer_id"].astype("str")
    frame["net_amount"] = frame["net_amount"] / 100
    return frame


def by_hand(frame, end):
    """The summary by plain groupby, one customer at a time."""
    sales = frame[(frame["kind"] == "sale") & frame["customer_id"].notna() & (frame["day"] <= end)]
    out = []
    for customer, own in sales.groupby("customer_id"):
        daily = own.groupby("day")["net_amount"].sum()
        repeat = daily.iloc[1:]
        first, last = daily.index[0], daily.index[-1]
        out.append((customer, len(repeat), last - first, end - first, repeat.mean() if len(repeat) else 0.0))
    return pd.DataFrame(out, columns=["customer_id", "frequency", "recency", "T", "monetary_value"])


@settings(max_examples=60, deadline=None)
@given(rows)
def test_summary_is_what_a_groupby_by_hand_gives(lines):
    frame, end = frame_of(lines), 19_050
    expected = by_hand(frame, end)
    as_of = np.datetime64(end, "D").astype(object)
    if expected.empty:
        with pytest.raises(BadInput, match="hold no sale of a known customer"):
            purchase_summary(frame, as_of, unit="D")
        return
    got = purchase_summary(frame, as_of, unit="D")
    assert_frame_equal(got, expected, check_dtype=False, check_exact=False, rtol=1e-12)


@settings(max_examples=15, deadline=None)
@given(rows)
def test_polars_and_duckdb_give_what_pandas_gives(lines):
    frame = frame_of([*lines, ("ann", 19_000, 100, "sale")])
    expected = purchase_summary(frame, "2022-03-01")
    assert_frame_equal(purchase_summary(pl.from_pandas(frame), "2022-03-01"), expected, rtol=1e-12)
    relation = duckdb.from_arrow(pl.from_pandas(frame).to_arrow())
    assert_frame_equal(purchase_summary(relation, "2022-03-01"), expected, rtol=1e-12)


def test_equals_lifetimes_summary_on_cdnow():
    from importlib import resources

    from lifetimes.utils import summary_data_from_transaction_data

    file = resources.files("lifetimes") / "datasets" / "CDNOW_sample.txt"
    raw = pd.read_csv(str(file), sep=r"\s+", header=None, dtype=str)
    frame = pd.DataFrame({"customer_id": raw[1], "date": pd.to_datetime(raw[2]), "net_amount": raw[4].astype(float)})
    theirs = summary_data_from_transaction_data(
        frame, "customer_id", "date", "net_amount", observation_period_end="1998-06-30"
    ).reset_index()
    ours = purchase_summary(frame, "1998-06-30", unit="D")
    assert_frame_equal(ours, theirs, check_dtype=False, check_column_type=False, rtol=1e-12)


def test_first_purchase_counts_in_money_only_when_asked_and_the_column_says_so():
    frame = pd.DataFrame({"customer_id": ["a", "a"], "day": [0, 7], "net_amount": [10.0, 20.0]})
    assert purchase_summary(frame, "1970-01-15")["monetary_value"].tolist() == [20.0]
    both = purchase_summary(frame, "1970-01-15", first_purchase_in_money=True)
    assert both["monetary_value_with_first"].tolist() == [15.0]


def test_days_without_positive_spend_are_dropped_only_when_asked():
    frame = pd.DataFrame({"customer_id": ["a", "a", "b"], "day": [0, 7, 3], "net_amount": [10.0, 0.0, 0.0]})
    assert purchase_summary(frame, "1970-01-15")["frequency"].tolist() == [1.0, 0.0]
    positive = purchase_summary(frame, "1970-01-15", keep_zero=False)
    assert positive["customer_id"].tolist() == ["a"]
    assert positive["frequency"].tolist() == [0.0]
    with pytest.raises(BadInput, match="No purchase day has an amount above zero"):
        purchase_summary(frame[frame["net_amount"] <= 0], "1970-01-15", keep_zero=False)


@given(st.lists(st.integers(0, 5) | st.integers(0, 2**62), min_size=1, max_size=30))
def test_rows_are_sorted_by_key_and_equal_keys_keep_their_order(keys):
    key, row = _sorted_by(np.array(keys), np.arange(len(keys), dtype=float))
    order = sorted(range(len(keys)), key=lambda i: (keys[i], i))
    assert row.tolist() == order
    assert key.tolist() == [keys[i] for i in order]


@pytest.mark.parametrize("unit", UNIT_DAYS)
def test_units_only_rescale_time(unit):
    frame = pd.DataFrame({"customer_id": ["a", "a"], "day": [0, 70], "net_amount": [1.0, 1.0]})
    one = purchase_summary(frame, "1970-06-01", unit=unit).iloc[0]
    assert one["recency"] == pytest.approx(70 / UNIT_DAYS[unit])
    assert one["T"] == pytest.approx(151 / UNIT_DAYS[unit])


def test_holdout_counts_only_what_comes_after_the_cut_and_of_known_customers():
    frame = pd.DataFrame(
        {"customer_id": list("aaabbc"), "day": [0, 10, 11, 0, 5, 12], "net_amount": [1.0, 2, 4, 8, 16, 32]}
    )
    got = calibration_holdout(frame, "1970-01-11", "1970-01-15", unit="D")
    assert got["customer_id"].tolist() == ["a", "b"]
    assert got["holdout_purchases"].tolist() == [1.0, 0.0]
    assert got["holdout_spend"].tolist() == [4.0, 0.0]
    assert got["holdout_duration"].tolist() == [4.0, 4.0]


def test_purchase_days_are_sorted_and_merged():
    frame = pd.DataFrame({"customer_id": list("baa"), "day": [5, 9, 9], "net_amount": [1.0, 2, 3]})
    assert purchase_days(frame, "1970-02-01").to_numpy().tolist() == [["a", 9, 5.0], ["b", 5, 1.0]]


def test_input_is_not_changed():
    frame = pd.DataFrame({"customer_id": ["a", None], "day": [0, 70], "net_amount": [1.0, 1.0]})
    before = frame.copy()
    purchase_summary(frame, "1970-06-01")
    assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"unit": "Q"}, "unit is 'Q'; it must be one of D, W, M, Y."),
        ({"as_of": "1969-01-01"}, "hold no sale of a known customer up to as_of"),
        ({"as_of": "soon"}, "as_of is 'soon'; it must be a date like"),
    ],
)
def test_bad_arguments_are_refused_in_words(change, sentence):
    frame = pd.DataFrame({"customer_id": ["a"], "day": [0], "net_amount": [1.0]})
    with pytest.raises(BadInput, match=sentence):
        purchase_summary(frame, **{"as_of": "1970-06-01", **change})


def test_missing_columns_and_dates_are_named():
    with pytest.raises(BadInput, match="lacks the columns customer_id, net_amount"):
        purchase_summary(pd.DataFrame({"day": [1]}), "1970-06-01")
    undated = pd.DataFrame({"customer_id": ["a"], "date": [pd.NaT], "net_amount": [1.0]})
    with pytest.raises(BadInput, match="1 rows without a date"):
        purchase_summary(undated, "1970-06-01")


def test_a_holdout_that_ends_before_it_starts_is_refused():
    frame = pd.DataFrame({"customer_id": ["a"], "day": [0], "net_amount": [1.0]})
    with pytest.raises(BadInput, match="the holdout must end later"):
        calibration_holdout(frame, "1970-06-01", "1970-06-01")


ENGINES = {"pandas": lambda frame: frame, "polars": pl.from_pandas, "duckdb": duckdb.from_df}


def three(dates, amounts=(10.0, 20.0, 30.0)):
    return pd.DataFrame({"customer_id": ["a"] * 3, "date": dates, "net_amount": amounts})


@pytest.mark.parametrize("engine", ENGINES)
class TestOneAnswerOnEveryEngine:
    DATES = pd.to_datetime(["2014-03-08", "2014-03-15", "2014-03-29"])

    def test_a_column_date_will_do(self, engine):
        made = purchase_summary(ENGINES[engine](three(self.DATES)), "2014-04-05")
        assert made.to_dict("records") == [
            {"customer_id": "a", "frequency": 2.0, "recency": 3.0, "T": 4.0, "monetary_value": 25.0}
        ]

    def test_an_unknown_amount_is_refused_with_its_count(self, engine):
        frame = ENGINES[engine](three(self.DATES, (10.0, np.nan, 30.0)))
        with pytest.raises(BadInput, match="1 of 3 purchases have no net_amount; fill or drop them first"):
            purchase_summary(frame, "2014-04-05")

    def test_dates_that_may_be_read_in_two_ways_are_refused(self, engine):
        frame = ENGINES[engine](three(["08/03/2014", "15/03/2014", "29/03/2014"]))
        with pytest.raises(BadInput, match="read in more than one way; give them as dates"):
            purchase_summary(frame, "2014-04-05")

    def test_a_missing_date_is_refused_with_its_count(self, engine):
        frame = ENGINES[engine](three(self.DATES.where([True, False, True])))
        with pytest.raises(BadInput, match="1 rows without a date"):
            purchase_summary(frame, "2014-04-05")


def test_stamps_with_a_zone_count_the_days_of_their_own_clock():
    late = pd.to_datetime(["2014-03-08 23:30", "2014-03-15 00:30", "2014-03-29 12:00"]).tz_localize("Asia/Tokyo")
    assert purchase_summary(three(late), "2014-04-05")["recency"].item() == 3.0


def test_text_in_iso_form_is_read():
    made = purchase_summary(three(["2014-03-08", "2014-03-15", "2014-03-29"]), "2014-04-05")
    assert made["recency"].item() == 3.0
