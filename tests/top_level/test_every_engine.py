"""Every analysis at the top of the package gives on each engine what it gives on pandas, to the last digit."""

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

import crm_lab
from crm_lab import (
    BGNBD,
    MBGNBD,
    RFM,
    BadInput,
    ChurnList,
    ChurnWindow,
    Cohorts,
    CustomerValue,
    Design,
    Effects,
    Experiment,
    GammaGamma,
    ParetoNBD,
    SampleRatios,
    SecondPurchase,
    Tiers,
    calibration_holdout,
    load_cdnow,
    purchase_summary,
)

ENGINES = {
    "polars": pl.from_pandas,
    "polars lazy": lambda frame: pl.from_pandas(frame).lazy(),
    "duckdb": duckdb.from_df,
    "arrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
}
OWN = {"customer": "cust", "date": "when", "amount": "eur"}
WHO = {"customer": "cust", "date": "when"}
AS_OF, CUT = "1998-06-30", "1997-09-30"
NO_ANALYSES = {"BadInput", "check", "check_params", "load_cdnow", "open_workspace", "publish", "ratio_of", "write_csv"}


@pytest.fixture(scope="module")
def sales():
    """The CDNOW sample under a user's names, with a column that bears one of ours by chance."""
    frame = load_cdnow(sample=True)
    frame.columns = ["cust", "when", "eur"]
    return frame.assign(day=frame["when"].dt.day, customer_id="x")


@pytest.fixture(scope="module")
def named(sales):
    """The same with text for ids, as a shop has them."""
    return sales.assign(cust="c" + sales["cust"].astype(str).str.zfill(5))


def units(engine, frame):
    """One row per customer of a test that halves them by their id."""
    spent = frame.groupby("cust", as_index=False).agg(spend=("eur", "sum"), orders=("when", "nunique"))
    before = frame[frame["when"] <= CUT].groupby("cust")["eur"].sum()
    spent["before"] = spent["cust"].map(before)
    spent["variant"] = np.arange(len(spent)) % 2
    spent["bought_twice"] = (spent["orders"] > 1).astype(int)
    return engine(spent)


def summary(engine, frame):
    made = purchase_summary(frame, AS_OF, **OWN)
    return engine(made)


def experiment(engine, frame):
    return Experiment.from_frame(
        units(engine, frame), arm="variant", control=0, outcomes=["spend", "orders", "bought_twice"],
        covariates=["before"], unit="cust",
    )  # fmt: skip


def from_purchases(engine, frame):
    who = pd.DataFrame({"cust": frame["cust"].drop_duplicates().sort_values(ignore_index=True)})
    arms = who.assign(arm=np.arange(len(who)) % 2)
    return Experiment.from_purchases(engine(frame), engine(arms), start=CUT, end=AS_OF, control=0, **OWN)


CALLS = {
    "RFM": lambda e, f: RFM().fit(e(f), as_of=AS_OF, **OWN).to_frame(),
    "Tiers": lambda e, f: Tiers().analyze(e(f), as_of=AS_OF, **OWN).customers,
    "Cohorts": lambda e, f: Cohorts().analyze(e(f), as_of=AS_OF, **WHO).to_frame(),
    "SecondPurchase": lambda e, f: SecondPurchase(guard_days=0).analyze(e(f), as_of=AS_OF, **WHO).to_frame(),
    "purchase_summary": lambda e, f: purchase_summary(e(f), AS_OF, **OWN),
    "calibration_holdout": lambda e, f: calibration_holdout(e(f), CUT, AS_OF, **OWN),
    "BGNBD": lambda e, f: BGNBD().fit(summary(e, f)).to_frame(),
    "MBGNBD": lambda e, f: MBGNBD().fit(summary(e, f)).to_frame(),
    "ParetoNBD": lambda e, f: ParetoNBD().fit(summary(e, f)).to_frame(),
    "GammaGamma": lambda e, f: GammaGamma().fit(summary(e, f)).to_frame(),
    "CustomerValue": lambda e, f: CustomerValue(draws=100).fit(e(f), AS_OF, **OWN).to_frame(),
    "ChurnWindow": lambda e, f: ChurnWindow().analyze(e(f), as_of=AS_OF, **WHO).to_frame(),
    "ChurnList": lambda e, f: ChurnList(draws=100).analyze(e(f), as_of=AS_OF, **OWN).to_frame(),
    "Experiment": lambda e, f: from_purchases(e, f).frame,
    "Effects": lambda e, f: (
        Effects(metrics=["spend", "bought_twice", "spend / orders"]).analyze(experiment(e, f)).to_frame()
    ),
    "SampleRatios": lambda e, f: SampleRatios(by=("bought_twice",)).analyze(experiment(e, f)).to_frame(),
    "Design": lambda e, f: Design(metrics=["spend", "bought_twice"]).analyze(units(e, f), ["orders"]).to_frame(),
}


@pytest.fixture(scope="module")
def on_pandas(sales, named):
    return {
        (call, ids): CALLS[call](lambda frame: frame, frame)
        for call in CALLS
        for ids, frame in (("numbers", sales), ("text", named))
    }


def test_every_analysis_is_tried():
    assert set(CALLS) == set(crm_lab.__all__) - NO_ANALYSES
    assert len(crm_lab.__all__) <= 25


@pytest.mark.parametrize("ids", ["numbers", "text"])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("call", CALLS)
def test_each_engine_gives_what_pandas_gives(call, engine, ids, sales, named, on_pandas):
    made = CALLS[call](ENGINES[engine], sales if ids == "numbers" else named)
    expected = on_pandas[call, ids]
    assert len(expected) > 1
    made.attrs = expected.attrs
    assert_frame_equal(made, expected, check_exact=True)


def lacks(sales):
    return sales.rename(columns={"when": "at"})


def bad_rows(sales):
    broken = sales.head(100).astype({"when": "str"})
    broken.loc[[3, 4], "when"] = "31/01/1997"
    broken.loc[[5], "when"] = None
    broken.loc[[6, 7, 8], "eur"] = np.nan
    return broken


PURCHASE_CALLS = [
    "RFM", "Tiers", "Cohorts", "SecondPurchase", "purchase_summary", "calibration_holdout", "CustomerValue",
    "ChurnWindow", "ChurnList", "Experiment",
]  # fmt: skip


def refusal(call, engine, table, sales):
    arms = {1: "control", 2: "treatment"}
    calls = {**CALLS, "Experiment": lambda e, f: Experiment.from_purchases(e(f), arms, start=CUT, end=AS_OF, **OWN)}
    with pytest.raises(BadInput) as error:
        calls[call](engine, table)
    return str(error.value)


@pytest.mark.parametrize("call", PURCHASE_CALLS)
def test_each_engine_refuses_in_the_same_words(call, sales):
    for spoil in (lacks, bad_rows, lambda frame: frame.head(0)):
        said = {refusal(call, e, spoil(sales), sales) for e in (lambda frame: frame, *ENGINES.values())}
        assert len(said) == 1


@pytest.mark.parametrize("call", PURCHASE_CALLS)
def test_all_problems_are_said_at_once_with_counts(call, sales):
    said = refusal(call, lambda frame: frame, bad_rows(sales), sales)
    assert "1 rows without a date (column when)" in said
    assert "2 of 100 values of when are no dates" in said
    assert ("3 of 100 purchases have no eur" in said) == (call not in ("Cohorts", "SecondPurchase", "ChurnWindow"))


@pytest.mark.parametrize("table", [[1, 2], {"cust": [1]}, "sales.csv", None, np.zeros((2, 2)), pd.Series([1])])
@pytest.mark.parametrize("call", PURCHASE_CALLS)
def test_what_is_no_table_is_named_by_its_type(call, table, sales):
    said = refusal(call, lambda frame: frame, table, sales)
    assert f"is a {type(table).__qualname__}; give a DataFrame of pandas, Polars" in said.replace(
        f"{type(table).__module__}.", ""
    )


@pytest.mark.parametrize(
    "twice",
    [
        pd.DataFrame([[1, 2, 3]], columns=["cust", "when", "when"]),
        pa.table([pa.array([1])] * 3, names=["cust", "when", "when"]),
        duckdb.sql('select 1 as cust, 2 as "when", 3 as "when"'),
    ],
    ids=["pandas", "arrow", "duckdb"],
)
def test_a_frame_with_one_name_twice_is_refused(twice):
    with pytest.raises(BadInput, match=r"2 columns are named when\. Rename or drop all but one"):
        RFM().fit(twice, as_of=AS_OF, **OWN)


def stamped(sales):
    """Purchases late in the evening: the last of them on the day of the analysis itself."""
    return sales.assign(when=sales["when"] + pd.Timedelta(hours=23, minutes=30))


FORMS = {
    "text": lambda sales: sales.assign(when=sales["when"].dt.strftime("%Y-%m-%d")),
    "text with hours": lambda sales: sales.assign(when=stamped(sales)["when"].dt.strftime("%Y-%m-%dT%H:%M:%S")),
    "stamps": stamped,
    "nanoseconds": lambda sales: sales.assign(when=sales["when"].astype("datetime64[ns]")),
    "dates": lambda sales: sales.assign(when=sales["when"].dt.date),
    "customers as categories": lambda sales: sales.assign(cust=sales["cust"].astype("category")),
    "customers as objects": lambda sales: sales.assign(cust=sales["cust"].astype(object)),
}


@pytest.mark.parametrize("engine", [lambda frame: frame, *ENGINES.values()], ids=["pandas", *ENGINES])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("call", ["RFM", "SecondPurchase", "CustomerValue", "Experiment"])
def test_the_form_of_a_column_changes_nothing(call, form, engine, named, on_pandas):
    assert_frame_equal(CALLS[call](engine, FORMS[form](named)), on_pandas[call, "text"], check_exact=True)


@pytest.mark.parametrize("engine", ["pandas", "polars", "polars lazy", "arrow"])
def test_a_stamp_with_a_zone_counts_the_day_on_its_own_clock(engine, sales, on_pandas):
    tokyo = stamped(sales).assign(when=lambda frame: frame["when"].dt.tz_localize("Asia/Tokyo"))
    made = CALLS["RFM"](ENGINES.get(engine, lambda frame: frame), tokyo)
    assert_frame_equal(made, on_pandas["RFM", "numbers"], check_exact=True)


def test_duckdb_counts_the_day_of_its_session(sales, on_pandas):
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'Asia/Tokyo'")
    tokyo = stamped(sales).assign(when=lambda frame: frame["when"].dt.tz_localize("Asia/Tokyo"))
    made = CALLS["RFM"](connection.from_df, tokyo)
    assert_frame_equal(made, on_pandas["RFM", "numbers"], check_exact=True)


@pytest.mark.parametrize("engine", [lambda frame: frame, *ENGINES.values()], ids=["pandas", *ENGINES])
def test_rows_without_a_customer_are_left_out_whatever_their_amount(engine, named, on_pandas):
    nobody = pd.DataFrame(
        {"cust": [None, None], "when": pd.to_datetime(["1997-05-01", "1997-06-01"]), "eur": [5, np.nan]}
    )
    more = pd.concat([named[["cust", "when", "eur"]], nobody], ignore_index=True)
    result = RFM().fit(engine(more), as_of=AS_OF, **OWN)
    assert_frame_equal(result.to_frame(), on_pandas["RFM", "text"], check_exact=True)
    assert result.null_ids == 2
    assert_frame_equal(CALLS["purchase_summary"](engine, more), on_pandas["purchase_summary", "text"], check_exact=True)
    for call in ("Cohorts", "ChurnList", "Tiers"):
        assert_frame_equal(CALLS[call](engine, more), on_pandas[call, "text"], check_exact=True)


def test_decimal_amounts_of_a_database_are_numbers(named, on_pandas):
    relation = duckdb.sql('select cust, "when", eur::decimal(12, 2) as eur from named')
    made = purchase_summary(relation, AS_OF, **OWN)
    assert_frame_equal(made, on_pandas["purchase_summary", "text"], check_exact=True)


def test_without_order_numbers_a_customers_day_is_one_order_and_with_them_they_count(named):
    twice = pd.concat([named.head(200)] * 2, ignore_index=True)
    days = RFM().fit(twice, as_of=AS_OF, **OWN).to_frame()["n_orders"].sum()
    with_numbers = twice.assign(order_id=np.arange(len(twice)))
    numbered = RFM().fit(with_numbers, as_of=AS_OF, **OWN).to_frame()["n_orders"].sum()
    assert days == named.head(200).groupby("cust")["when"].nunique().sum()
    assert numbered == len(twice)


def test_numbers_that_look_like_dates_are_refused_with_the_way_out(sales):
    numbers = sales.assign(when=sales["when"].dt.strftime("%Y%m%d").astype("int64"))
    with pytest.raises(BadInput, match=r"when holds numbers, e.g. 19970101, and no dates; .*format='%Y%m%d'"):
        Cohorts().analyze(numbers, as_of=AS_OF, **WHO)


def test_text_that_is_no_amount_is_counted(sales):
    text = sales.head(10).assign(eur="12,50")
    with pytest.raises(BadInput, match=r"10 values of eur are no numbers, e\.g\. '12,50'"):
        Tiers().analyze(text, as_of=AS_OF, **OWN)


def test_ids_of_another_type_in_the_arms_are_noticed(sales):
    with pytest.raises(BadInput, match="Not one of the 2 assigned customers is among the purchases; are the ids alike"):
        Experiment.from_purchases(sales, {"1": "a", "2": "b"}, start=CUT, end=AS_OF, control="a", **OWN)


def test_everybody_assigned_counts_in_a_test(sales):
    arms = {1: "control", 2: "treatment", 999_999: "treatment"}
    test = Experiment.from_purchases(sales, arms, start=CUT, end=AS_OF, **OWN)
    assert test.counts() == {"control": 1, "treatment": 2}
    assert test.frame.set_index("customer_id").loc[999_999, ["spend", "spend_before"]].tolist() == [0, 0]
    before = sales[(sales["cust"] == 1) & (sales["when"] < CUT)]["eur"].sum()
    assert test.frame.set_index("customer_id").loc[1, "spend_before"] == pytest.approx(before)
    with pytest.raises(BadInput, match="end is 1997-09-29, before start 1997-09-30"):
        Experiment.from_purchases(sales, arms, start=CUT, end="1997-09-29", **OWN)
