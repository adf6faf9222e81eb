"""Workspaces are built once into the project's data folder and shared by all tests."""

import sys
from pathlib import Path

import pytest
from hypothesis import settings

from crm_lab import open_workspace

UCI = Path(__file__).resolve().parents[2] / "shared/data/online_retail_uci/online_retail_2010_2011.csv.gz"

# no deadlines: a busy machine is no failure; the same examples in every run: a red test stays red
settings.register_profile("lab", deadline=None, derandomize=True)
settings.load_profile("lab")


@pytest.fixture(scope="session")
def complete_journey():
    return open_workspace("complete_journey").at("2017-12-31")


@pytest.fixture(scope="session")
def cdnow():
    return open_workspace("cdnow").at("1998-06-30")


@pytest.fixture(scope="session")
def cdnow_sample():
    return open_workspace("cdnow_sample").at("1998-06-30")


@pytest.fixture(scope="session")
def uci(tmp_path_factory):
    """UCI Online Retail as a workspace; exact duplicates are flagged, as the published counts have them."""
    if not UCI.exists():
        pytest.skip("the UCI Online Retail file is not beside the project")
    suite = tmp_path_factory.mktemp("uci") / "uci.toml"
    suite.write_text(f"""
[source]
name = "uci"
path = "{UCI}"
currency = "GBP"
timezone = "Europe/London"
cancelled = "^C"
[source.rules]
repeated_line = "flag"
[source.columns]
order_id = "InvoiceNo"
customer_id = "CustomerID"
product_id = "StockCode"
quantity = "Quantity"
price = "UnitPrice"
date = "InvoiceDate"
""")
    return open_workspace(str(suite))


@pytest.fixture(autouse=True)
def close_figures():
    """Figures that a test has drawn are closed behind it."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
