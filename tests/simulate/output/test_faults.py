import pandas as pd
import pytest

from crm_lab.simulate import make_retailer, open_key
from crm_lab.simulate.scenario.actions import DIRT_KINDS

SHARE = 0.02


@pytest.fixture(scope="module")
def pair():
    """The same retailer with clean and with faulty records."""
    dirt = {f"dirt.{kind}": SHARE for kind in DIRT_KINDS}
    return make_retailer("null", 2500, 9), make_retailer("null", 2500, 9, dirt)


def test_every_fault_comes_as_often_as_it_should(pair):
    clean, dirty = pair
    sales = (clean.tables["transactions"]["kind"] == "sale").sum()
    counts = open_key(dirty).dirt["fault"].value_counts()
    for kind in DIRT_KINDS:
        assert counts[kind] == pytest.approx(SHARE * sales, rel=0.15)


def test_mending_by_the_key_gives_the_clean_file(pair):
    clean, dirty = pair
    labels = open_key(dirty).dirt.set_index("line_id")
    lines = dirty.tables["transactions"].set_index("line_id")
    lines = lines.drop(index=labels.index[labels["fault"] == "duplicate"])
    labels = labels[labels["fault"] != "duplicate"]
    columns = ["customer_id", "product_id", "quantity", "date"]
    lines.loc[labels.index, columns] = labels[columns]
    kept = ["order_id", *columns, "net_amount", "kind"]
    pd.testing.assert_frame_equal(lines[kept].reset_index(drop=True), clean.tables["transactions"][kept])


def test_every_labelled_line_is_wrong_and_no_other(pair):
    _, dirty = pair
    lines = dirty.tables["transactions"].set_index("line_id")
    labels = open_key(dirty).dirt.set_index("line_id")
    wrong = lines.loc[labels.index]
    assert wrong.loc[labels["fault"] == "null_customer", "customer_id"].isna().all()
    assert lines["customer_id"].isna().sum() == (labels["fault"] == "null_customer").sum()
    known = lines["product_id"].isin(dirty.tables["products"]["product_id"])
    assert (~known).sum() == (labels["fault"] == "orphan_product").sum() > 0
    skewed = labels["fault"] == "clock_skew"
    assert (wrong.loc[skewed, "date"] != labels.loc[skewed, "date"]).all()
    assert (wrong.loc[labels["fault"] == "wrong_unit", "quantity"] >= 1000).all()
    copies = labels.index[labels["fault"] == "duplicate"]
    content = lines.drop(columns=["source_row", "return_of"])
    pd.testing.assert_frame_equal(
        content.loc[copies].reset_index(drop=True), content.loc[copies - 1].reset_index(drop=True)
    )


def test_clean_records_have_no_labels(pair):
    assert open_key(pair[0]).dirt.empty
