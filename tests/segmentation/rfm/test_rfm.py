import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.checks import BadInput
from crm_lab.segmentation import RFM, THREE_SEGMENTS, apply_scoring, load_scoring
from crm_lab.segmentation.rfm.scoring_file import DIMENSIONS

AS_OF = "2024-06-30"


@st.composite
def customer_tables(draw):
    n = draw(st.integers(5, 40))
    column = lambda hi: draw(st.lists(st.integers(0, hi), min_size=n, max_size=n))  # noqa: E731 - a shorthand
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(n)],
            "recency_days": column(20),
            "n_orders": [1 + v for v in column(9)],
            "revenue": [float(v - 5) for v in column(60)],
        }
    )


@given(customer_tables(), st.integers(2, 5))
def test_customers_and_revenue_are_conserved_over_segments(frame, bins):
    table = RFM(bins=bins).fit(frame, as_of=AS_OF).segments().to_frame()
    assert table["customers"].sum() == len(frame)
    assert table["revenue"].sum() == pytest.approx(frame["revenue"].sum())


@given(customer_tables(), st.randoms(use_true_random=False))
def test_row_order_changes_nothing(frame, random):
    order = list(range(len(frame)))
    random.shuffle(order)
    straight = RFM().fit(frame, as_of=AS_OF).to_frame().set_index("customer_id")
    mixed = RFM().fit(frame.iloc[order], as_of=AS_OF).to_frame().set_index("customer_id")
    pd.testing.assert_frame_equal(mixed.loc[straight.index], straight)


@given(customer_tables())
def test_better_in_all_three_is_never_scored_less(frame):
    scored = RFM().fit(frame, as_of=AS_OF).to_frame()
    best = scored.sort_values(["recency_days", "n_orders", "revenue"], ascending=[True, False, False]).iloc[0]
    assert (scored["r_score"] <= best["r_score"]).all()


@given(customer_tables())
def test_the_input_is_not_changed(frame):
    before = frame.copy(deep=True)
    RFM().fit(frame, as_of=AS_OF)
    pd.testing.assert_frame_equal(frame, before)


def test_recency_is_scored_from_the_top(customers):
    scored = RFM().fit(customers, as_of=AS_OF).to_frame()
    assert scored["r_score"].tolist() == [5, 5, 5, 4, 4, 3, 3, 3, 2, 2, 1, 1]
    assert scored.loc[6, ["rfm_cell", "segment"]].tolist() == ["355", "loyal"]


def test_scores_on_complete_journey(complete_journey):
    result = RFM().fit(complete_journey["customer_360"], as_of=complete_journey.as_of)
    # independent: numpy's inverted-CDF quantiles of the table
    table = complete_journey["customer_360"]
    for name in DIMENSIONS:
        expected = np.quantile(table[name], np.arange(1, 5) / 5, method="inverted_cdf")
        np.testing.assert_array_equal(result.scoring.cut_points[name], expected)
    assert len(result.to_frame()) == 2469
    assert result.segments().to_frame()["revenue"].sum() == pytest.approx(4_596_039.58, abs=0.005)


def test_fewer_distinct_scores_than_bins_is_reported(customers):
    equal = customers.assign(n_orders=3)
    result = RFM().fit(equal, as_of=AS_OF)
    assert result.thin_dimensions() == ("f_score",)
    assert "f_score could not use all 5 scores" in result.readout().text("en")
    assert "f_score 用不满 5 档" in result.readout().text("zh")


def test_without_ties_nothing_is_reported(customers):
    result = RFM(bins=2).fit(customers, as_of=AS_OF)
    assert result.thin_dimensions() == ()
    assert "equal customers have equal scores (2 scores a dimension)" in result.readout().text("en")


def test_all_values_equal_give_one_segment(customers):
    equal = customers.assign(recency_days=4, n_orders=3, revenue=10.0)
    result = RFM().fit(equal, as_of=AS_OF)
    assert len(set(result.to_frame()["segment"])) == 1
    assert len(result.thin_dimensions()) == 3


def test_fixed_cut_points():
    spec = RFM(
        bins=3,
        method="fixed",
        cut_points={"recency_days": [30, 90], "n_orders": [1, 5], "revenue": [100, 500]},
        rules=THREE_SEGMENTS,
    )
    table = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c"],
            "recency_days": [30, 31, 91],
            "n_orders": [6, 5, 1],
            "revenue": [501.0, 500, 9],
        }
    )
    assert spec.fit(table, as_of=AS_OF).to_frame()["rfm_cell"].tolist() == ["333", "222", "111"]


def test_natural_breaks_find_the_gaps(customers):
    cuts = RFM(bins=3, method="natural_breaks").fit(customers, as_of=AS_OF).scoring.cut_points
    assert cuts["revenue"] == (300.0, 900.0)


def test_null_ids_and_customers_without_orders_are_counted(customers):
    odd = pd.concat(
        [customers, customers.iloc[:2].assign(customer_id=None), customers.iloc[:1].assign(customer_id="x", n_orders=0)]
    )
    result = RFM().fit(odd, as_of=AS_OF)
    assert (result.null_ids, result.without_orders, len(result.to_frame())) == (2, 1, 12)
    assert {f.id: f.value for f in result.facts()}["rfm.null_ids"] == 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"n_orders": 0}, "It has no customer with an order; choose a later as_of or other data."),
        ({"revenue": np.nan}, "revenue is missing or infinite in 12 rows; each needs a number."),
        ({"customer_id": "same"}, "customer_id repeats in 11 rows; give one row per customer."),
        ({"recency_days": -1}, "12 customers bought after as_of; cut the data at that day."),
    ],
)
def test_tables_that_cannot_be_scored_are_refused(customers, change, sentence):
    with pytest.raises(BadInput, match=sentence):
        RFM().fit(customers.assign(**change), as_of=AS_OF)


def test_fewer_customers_than_bins_are_refused(customers):
    with pytest.raises(BadInput, match="There are 1 customers for 5 bins; RFM needs at least one customer per bin"):
        RFM().fit(customers.head(1), as_of=AS_OF)


def test_a_missing_column_is_named(customers):
    with pytest.raises(BadInput, match="The customer table lacks the column n_orders; it has customer_id"):
        RFM().fit(customers.drop(columns="n_orders"), as_of=AS_OF)


def test_all_wrong_settings_are_named_together():
    with pytest.raises(BadInput) as error:
        RFM(bins=1, method="deciles")
    assert "bins is 1; it must be 2 to 10." in str(error.value)
    assert "method is 'deciles'" in str(error.value)


def test_fixed_needs_cut_points_for_all_three():
    with pytest.raises(BadInput, match="cut_points lacks n_orders, revenue; method 'fixed' needs them"):
        RFM(method="fixed", cut_points={"recency_days": [1]})


def test_a_saved_scoring_scores_the_next_quarter_the_same(customers, tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_OUT", str(tmp_path))
    result = RFM(rules=THREE_SEGMENTS).fit(customers, as_of=AS_OF)
    loaded = load_scoring(result.scoring.save())
    assert loaded == result.scoring
    later = apply_scoring(loaded, customers.head(2), as_of="2024-09-30")  # too few to fit, enough to score
    assert later.to_frame()["segment"].tolist() == result.to_frame()["segment"].head(2).tolist()
    assert later.as_of.isoformat() == "2024-09-30"


def test_a_missing_scoring_file_is_refused():
    with pytest.raises(BadInput, match=r"scoring_file is 'none\.toml'; there is no such file"):
        load_scoring("none.toml")


@pytest.mark.parametrize("text", ["kind = 3", "not toml", 'kind = "crm_lab RFM scoring"'])
def test_a_file_that_is_no_scoring_is_refused(tmp_path, text):
    file = tmp_path / "some.toml"
    file.write_text(text)
    with pytest.raises(BadInput, match=r"some.toml is no RFM scoring that can be read"):
        load_scoring(file)


def test_cut_points_that_descend_are_refused(customers, tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_OUT", str(tmp_path))
    path = RFM().fit(customers, as_of=AS_OF).scoring.save()
    lines = ["n_orders = [9.0, 1.0]" if x.startswith("n_orders") else x for x in path.read_text().splitlines()]
    path.write_text("\n".join(lines))
    with pytest.raises(BadInput, match=r"The cut points for n_orders are \[9.0, 1.0\]; they must ascend"):
        load_scoring(path)
