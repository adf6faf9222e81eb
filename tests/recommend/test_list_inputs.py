"""What the tables of a workspace tell of products: the margin of a basket with one, and its describing columns."""

import numpy as np
import pytest

from crm_lab import open_workspace
from crm_lab.checks import BadInput
from crm_lab.recommend import ListInputs


def test_tables_tell_margins_of_baskets():
    tables = open_workspace("complete_journey").at("2017-12-31")
    told = ListInputs.of_tables(tables, 0.25)
    lines = tables.sql("select * from transactions where product_id = '1082185' and kind = 'sale' and net_amount > 0")
    margin = 0.25 * lines["net_amount"].astype(float).sum() / lines["order_id"].nunique()
    assert told.margins(np.array(["1082185"], dtype=object))[0] == pytest.approx(margin)
    assert told.products["category"].notna().mean() > 0.9
    with pytest.raises(BadInput, match="margin_share is 30"):
        ListInputs.of_tables(tables, 30)
