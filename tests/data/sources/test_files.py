"""A retailer's own file: read right, refused in words, nothing lost."""

import gzip
import io

import duckdb
import pandas as pd
import pytest

from crm_lab import BadInput, open_workspace
from crm_lab.data.quality.reconciliation import reconcile

ROWS = """\
order,customer,item,units,price,when
1,a,tea,2,3.50,2024-01-05 10:00:00
1,a,cup,1,8.00,2024-01-05 10:00:00
2,b,tea,1,3.50,2024-02-01 12:30:00
3,a,tea,-1,3.50,2024-02-03 09:00:00
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Write a file and its [source] table; open the workspace in a folder of its own."""
    monkeypatch.setenv("CRM_LAB_WORKSPACES", str(tmp_path / "workspaces"))

    def make(content=ROWS, name="shop.csv", **settings):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        columns = settings.pop("columns", {})
        lines = [f"{key} = {value!r}" for key, value in {"name": "shop", "path": name, **settings}.items()]
        roles = {"order_id": "order", "customer_id": "customer", "product_id": "item", "quantity": "units",
                 "price": "price", "date": "when", **columns}  # fmt: skip
        mapped = [f"{role} = {column!r}" for role, column in roles.items() if column]
        (tmp_path / "shop.toml").write_text("\n".join(["[source]", *lines, "[source.columns]", *mapped]))
        return open_workspace(str(tmp_path / "shop.toml"))

    return make


def lines_of(workspace):
    return workspace.stored("transactions")


def test_a_plain_file_becomes_signed_dated_lines(shop):
    lines = lines_of(shop())
    assert lines["net_amount"].tolist() == [7.0, 8.0, 3.5, -3.5]
    assert lines["kind"].tolist() == ["sale", "sale", "sale", "return"]
    assert lines["return_of"].tolist()[3] == 1
    assert lines["hour"].tolist() == [10, 10, 12, 9]


@pytest.mark.parametrize(
    ("content", "settings"),
    [
        (b"\xef\xbb\xbf" + ROWS.encode(), {}),
        (ROWS.replace("tea", "thé").encode("cp1252"), {"encoding": "cp1252"}),
        (ROWS.replace("tea", "茶").encode("gb18030"), {"encoding": "gb18030"}),
        (gzip.compress(ROWS.encode()), {"name": "shop.csv.gz", "path": "shop.csv.gz"}),
        (ROWS.replace(",", ";").replace(".", ","), {"delimiter": ";", "decimal": ","}),
        (ROWS.replace("\n", "\r\n"), {}),
    ],
    ids=["mark", "cp1252", "gb18030", "gzip", "semicolons", "crlf"],
)
def test_the_same_lines_whatever_the_dress(shop, content, settings):
    assert lines_of(shop(content, **settings))["net_amount"].tolist() == [7.0, 8.0, 3.5, -3.5]


def test_parquet_and_excel_give_the_same_lines(shop, tmp_path):
    frame = pd.read_csv(io.StringIO(ROWS), parse_dates=["when"])
    frame.to_parquet(tmp_path / "shop.parquet")
    frame.to_excel(tmp_path / "shop.xlsx", index=False)
    for name, kind in (("shop.parquet", "parquet"), ("shop.xlsx", "excel")):
        content = (tmp_path / name).read_bytes()
        assert lines_of(shop(content, name=name, path=name, format=kind))["net_amount"].tolist() == [7, 8, 3.5, -3.5]


@pytest.mark.parametrize(
    ("content", "settings", "sentence"),
    [
        (b"", {}, "it is empty"),
        (ROWS, {"name": "shop.csv.gz", "path": "shop.csv.gz"}, "it is not gzip data"),
        (gzip.compress(ROWS.encode() * 99)[:60], {}, "cannot be read as gzipped CSV"),
        (b"PAR1" + bytes(40), {"format": "parquet"}, "cannot be read as Parquet"),
        (b"PK nothing", {"format": "excel"}, "cannot be read as Excel"),
        (ROWS.replace("tea", "thé").encode("cp1252"), {}, "is not utf-8 text"),
        (ROWS, {"encoding": "klingon"}, "there is no encoding 'klingon'"),
        (ROWS, {"delimiter": ";"}, "suggests a comma"),
        (ROWS, {"columns": {"price": "cost", "date": "day"}}, r"'day' for date is not there[^$]*'cost' for price"),
        (ROWS.replace("order,customer", "order,Order"), {"columns": {"customer_id": "Order"}}, "stand twice: 'order'"),
        ("order,customer,item,units,price,when\n", {}, "it has column names but no rows"),
        (ROWS, {"date_format": "%d/%m/%Y"}, "4 of 4 dates cannot be read, e.g. order='1'"),
        (ROWS.replace("3.50", "free"), {}, "3 of 4 amounts cannot be read"),
    ],
    ids=["empty", "no gzip", "cut gzip", "cut parquet", "no excel", "cp1252", "no encoding", "delimiter", "columns",
         "twice", "no rows", "dates", "amounts"],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused_in_words(shop, content, settings, sentence):
    with pytest.raises(BadInput, match=sentence):
        shop(content, **settings)


def test_category_and_region_become_tables(shop):
    workspace = shop(columns={"category": "item", "region": "units"})
    assert workspace.stored("products")["category"].tolist() == ["cup", "tea"]
    assert workspace.stored("customers")["customer_id"].tolist() == ["a", "b"]


def test_a_database_gives_the_same_lines(shop, tmp_path):
    (tmp_path / "rows.csv").write_text(ROWS)
    with duckdb.connect(str(tmp_path / "made.duckdb")) as database:
        database.execute(f"create table sales as from '{tmp_path}/rows.csv'")
    content = (tmp_path / "made.duckdb").read_bytes()
    workspace = shop(content, name="shop.duckdb", path="shop.duckdb", format="duckdb", query="from sales")
    assert lines_of(workspace)["net_amount"].tolist() == [7.0, 8.0, 3.5, -3.5]


def test_a_few_unreadable_rows_are_set_aside_with_their_text(shop):
    many = ROWS + "".join(f"{n},c,tea,1,3.50,2024-03-01 12:00:00\n" for n in range(100, 200))
    workspace = shop(many + "200,c,tea,one,3.50,2024-03-01 12:00:00\n201,c,tea\n")
    books = reconcile(workspace.at())
    assert books.closes
    assert books.total("raw")[0] == 106
    aside = workspace.stored("quarantine")
    assert aside["reason"].tolist() == ["unreadable", "broken_row"]
    assert '"one"' in aside["raw_row"].iloc[0]
    assert "201,c,tea" in aside["raw_row"].iloc[1]


def test_mistakes_in_the_table_are_all_named(shop):
    with pytest.raises(BadInput, match=r"timezone: .*did you mean Europe/London[^$]*surprise: "):
        shop(timezone="Europe/Londn", surprise=1)


def test_missing_table_and_file_are_refused(tmp_path):
    (tmp_path / "x.toml").write_text("title = 'x'")
    with pytest.raises(BadInput, match=r"has no \[source\] table"):
        open_workspace(str(tmp_path / "x.toml"))
    with pytest.raises(BadInput, match="There is no file"):
        open_workspace(str(tmp_path / "y.toml"))


def test_uci_online_retail_has_the_published_counts(uci):
    books = reconcile(uci.at())
    touched = books.ledger.set_index("item")["rows_touched"]
    assert books.closes
    assert books.total("raw")[0] == 541_909
    assert touched["no_customer"] == 135_080
    assert touched["repeated_line"] == 5_268
    assert touched["cancellation"] == 9_288
    lines = lines_of(uci)
    assert lines.loc[lines["kind"] == "cancellation", "order_id"].nunique() == 3_836
    assert (lines["quantity"] < 0).sum() == 10_624
    assert ((lines["quantity"] < 0) & (lines["kind"] != "cancellation")).sum() == 1_336
    known = lines[lines["customer_id"].notna()]
    sold = known[(known["quantity"] > 0) & (known["net_amount"] > 0)]
    assert len(sold) == 397_884
    assert (~sold["flags"].str.contains("repeated_line")).sum() == 392_692
    assert sold["customer_id"].nunique() == 4_338
    assert sold["order_id"].nunique() == 18_532
    assert sold["net_amount"].sum() == pytest.approx(8_911_407.90, abs=0.005)
    net = sold["net_amount"].sum() + known.loc[known["kind"] == "cancellation", "net_amount"].sum()
    assert net == pytest.approx(8_300_065.81, abs=0.005)
