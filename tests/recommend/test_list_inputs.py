"""What the tables of a workspace tell of products: the margin of a basket with one, and its describing columns."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from crm_lab import open_workspace
from crm_lab.checks import BadInput
from crm_lab.recommend import ListInputs
from crm_lab.recommend.offer_lists.list_inputs import _margins


def test_tables_tell_margins_of_baskets():
    tables = open_workspace("complete_journey").at("2017-12-31")
    told = ListInputs.of_tables(tables, 0.25)
    lines = tables.sql("select * from transactions where product_id = '1082185' and kind = 'sale' and net_amount > 0")
    margin = 0.25 * lines["net_amount"].astype(float).sum() / lines["order_id"].nunique()
    assert told.margins(np.array(["1082185"], dtype=object))[0] == pytest.approx(margin)
    assert told.products["category"].notna().mean() > 0.9
    with pytest.raises(BadInput, match="margin_share is 30"):
        ListInputs.of_tables(tables, 30)


def test_costs_of_products_are_used_and_a_share_only_where_there_is_none():
    tables = open_workspace("simulated:fashion,customers=200").at("latest")
    lines = tables.sql("""select * from transactions join products using (product_id)
        where kind = 'sale' and net_amount > 0""").astype({"net_amount": float, "unit_cost": float})
    known = lines[lines["unit_cost"].notna()]
    earned = (known["net_amount"] - known["quantity"] * known["unit_cost"]).groupby(known["product_id"]).sum()
    by_hand = earned / known.groupby("product_id")["order_id"].nunique()
    told = ListInputs.of_tables(tables, 0.3)
    assert len(by_hand) > 20
    np.testing.assert_allclose(told.margins(by_hand.index.to_numpy(dtype=object)), by_hand, rtol=1e-9)


def test_a_product_whose_cost_is_missing_takes_the_share_or_tells_no_margin():
    lines = pd.DataFrame({
        "customer_id": ["a", "a", "b", "b"], "order_id": list("1234"), "product_id": ["tea", "tea", "gin", "gin"],
        "date": pd.to_datetime(["2024-01-01"] * 4), "quantity": [1, 1, 1, 1], "net_amount": [10.0, 20.0, 8.0, 8.0],
    })  # fmt: skip
    products = pd.DataFrame({"product_id": ["tea", "gin"], "unit_cost": [4.0, None]})
    with duckdb.connect() as connection:
        connection.register("transactions", lines.assign(kind="sale", unit_cost=[4.0, None, None, None]))
        by_line = connection.sql(_margins("order_id", "transactions")).df().set_index("product_id")
        connection.unregister("transactions")
        connection.register("transactions", lines.assign(kind="sale"))
        connection.register("products", products)
        joined = "transactions left join products using (product_id)"
        by_product = connection.sql(_margins("order_id", joined)).df().set_index("product_id")
    assert by_line["margin"].to_dict() == pytest.approx({"tea": 6.0, "gin": np.nan}, nan_ok=True)  # of its known line
    assert by_product["margin"].to_dict() == pytest.approx({"tea": 11.0, "gin": np.nan}, nan_ok=True)
    assert by_product["sales"].to_dict() == {"tea": 15.0, "gin": 8.0}
