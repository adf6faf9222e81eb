"""Several files, sheets and odd workbooks: read as one, joined, counted once, or asked about; nothing lost unsaid."""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from crm_lab import BadInput, open_workspace
from crm_lab.cli import main
from crm_lab.data.sources.lines import several_files

HERE = Path(__file__).parent


@pytest.fixture
def lab(tmp_path, monkeypatch):
    home = tmp_path / "O'Brien's [shop]"  # nothing in a path is SQL or a pattern
    for folder in ("suites", "notebooks"):
        (home / folder).mkdir(parents=True)
    (home / "notebooks" / "00_start_here.ipynb").write_text("{}")
    monkeypatch.setenv("CRM_LAB_HOME", str(home))
    monkeypatch.delenv("CRM_LAB_WORKSPACES", raising=False)
    return home


@pytest.fixture
def read(lab):
    def put(*paths_and_flags):
        said = CliRunner().invoke(main, ["init", *map(str, paths_and_flags), "--name", "case", "--force"])
        assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
        return said, open_workspace("suites/case.toml") if said.exit_code == 0 else None

    return put


@pytest.fixture
def sales():
    """200 orders of two lines each over 500 days, made up."""
    dice = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "Order ID": [f"o{i}" for i in range(200)],
            "Customer": dice.integers(1, 60, 200),
            "Date": (pd.Timestamp("2023-01-02") + pd.to_timedelta(np.sort(dice.integers(0, 500, 200)), "D")).strftime(
                "%Y-%m-%d"
            ),
        }
    ).loc[np.repeat(np.arange(200), 2)].assign(
        Product=dice.integers(1, 9, 400), Amount=dice.integers(100, 9_999, 400) / 100
    ).reset_index(drop=True)  # fmt: skip


def total(workspace):
    stored = workspace.stored("transactions")
    return len(stored), round(float(stored["net_amount"].sum()), 2)


def truth(frame):
    return len(frame), round(float(frame["Amount"].sum()), 2)


def written(folder, **frames):
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return [folder / f"{name}.csv" for name in frames]


def test_a_column_that_came_later_makes_no_file_a_list_of_something_else(read, lab, sales):
    said, workspace = read(*written(lab, y1=sales[:200], y2=sales[180:].assign(Channel="web")))
    assert total(workspace) == truth(sales)
    assert "y2.csv has Channel besides" in said.output
    assert "20 rows stood in an earlier file" in said.output
    assert (workspace.stored("quarantine")["reason"] == "overlap").sum() == 20


def test_alike_rows_of_two_files_without_order_numbers_are_asked_about(read, lab, sales):
    plain = sales.drop(columns="Order ID")
    shops = written(lab, north=plain[::2], south=pd.concat([plain[1::2], plain[:20:2]]))
    said, _ = read(*shops)
    assert said.exit_code == 2
    assert "--overlap once" in said.output
    assert total(read(*shops, "--overlap", "once")[1]) == truth(sales)
    assert total(read(*shops, "--overlap", "kept")[1]) == truth(pd.concat([plain, plain[:20:2]]))


def test_the_same_days_exported_twice_without_order_numbers_count_once(read, lab, sales):
    plain = sales.drop(columns="Order ID")
    cut = plain["Date"].searchsorted(plain["Date"][150])
    said, workspace = read(*written(lab, a=plain[:200], b=plain[cut:]))
    assert said.exit_code == 0
    assert total(workspace) == truth(sales)


def test_joined_files_say_what_found_no_match(read, lab, sales):
    orders = sales[["Order ID", "Customer", "Date"]].drop_duplicates("Order ID")
    items = sales[["Order ID", "Product", "Amount"]]
    said, workspace = read(*written(lab, items=items, orders=orders[:-5]))
    assert "orders.csv joined by Order ID: 10 of 400 rows find no key there, 0 of its 195 rows" in said.output
    assert total(workspace) == truth(sales[:-10])
    strangers = orders.assign(**{"Order ID": "x" + orders["Order ID"]})
    said, _ = read(*written(lab, items=items, strangers=strangers))
    assert said.exit_code == 2
    assert "do not belong together" in said.output
    assert total(read(*written(lab, orders=orders, items=items))[1]) == truth(sales)


def test_of_a_folder_only_new_files_are_read(read, lab, sales, monkeypatch):
    (lab / "weekly").mkdir()
    written(lab / "weekly", w0=sales[:100], w1=sales[100:200])
    _, workspace = read(lab / "weekly")
    assert total(workspace) == truth(sales[:200])
    opened = []
    monkeypatch.setattr(
        several_files, "read_raw", lambda *a, raw=several_files.read_raw: opened.append(a[1].path.name) or raw(*a)
    )
    written(lab / "weekly", w2=sales[200:])
    assert total(open_workspace("suites/case.toml")) == truth(sales)
    assert opened == ["w2.csv"]
    (lab / "weekly" / "w0.csv").unlink()
    assert total(open_workspace("suites/case.toml")) == truth(sales[100:])
    kept = list((lab / "data" / ".workspaces" / ".parts").rglob("*.parquet"))
    assert len(kept) == 2
    assert {oct(path.stat().st_mode & 0o777) for path in kept} == {"0o600"}


def test_sheets_of_one_form_are_one_wherever_their_header_stands_and_others_are_named(read, lab, sales):
    with pd.ExcelWriter(lab / "two.xlsx") as book:
        sales[:200].to_excel(book, sheet_name="2023", index=False)
        turned = sales[200:][["Date", "Customer", "Order ID", "Amount", "Product"]]
        turned.to_excel(book, sheet_name="2024", index=False, startrow=2)
        pd.DataFrame({"Month": ["Jan"], "Revenue": [1]}).to_excel(book, sheet_name="Summary", index=False)
    said, workspace = read(lab / "two.xlsx")
    assert total(workspace) == truth(sales)
    assert "sheet 'Summary' is not read" in said.output
    assert "sheet 'Summary' is not read (its columns: Month, Revenue)" in set(workspace.readings()["evidence"])


def test_a_second_sheet_of_purchases_in_other_columns_is_asked_about(read, lab, sales):
    with pd.ExcelWriter(lab / "rival.xlsx") as book:
        sales[:200].to_excel(book, sheet_name="2023", index=False)
        sales[200:].rename(columns={"Amount": "Total"}).to_excel(book, sheet_name="2024", index=False)
    said, _ = read(lab / "rival.xlsx")
    assert said.exit_code == 2
    assert "--sheet 2023" in said.output
    assert total(read(lab / "rival.xlsx", "--sheet", "2024")[1]) == truth(sales[200:])


def test_numbers_that_a_spreadsheet_shortened_are_refused(read, lab, sales):
    sales.assign(Customer=1_234_567_890_123_456_000 + sales["Customer"]).to_excel(lab / "cards.xlsx", index=False)
    short = sales.assign(Customer=[f"{5e15 + c:.5E}" for c in sales["Customer"]])
    for file in (lab / "cards.xlsx", *written(lab, short=short)):
        said, _ = read(file)
        assert said.exit_code == 2
        assert "400 of 400 values of Customer are shortened" in said.output


def test_workbooks_of_before_2007_are_read(read):
    said, workspace = read(HERE / "old_form.xls")
    assert total(workspace) == (3, 39.75)
    assert "all times are midnight: days only" in said.output
    assert workspace.stored("transactions")["hour"].isna().all()


def test_open_document_sheets_are_read(read, lab, sales):
    def cell(value):
        kind = 'float" office:value="' + str(value) if isinstance(value, (int, float)) else "string"
        return f'<table:table-cell office:value-type="{kind}"><text:p>{value}</text:p></table:table-cell>'

    table = [list(sales.columns), *sales.astype(object).to_numpy().tolist()]
    rows = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in table)
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f"<office:document-content {spaces}><office:body><office:spreadsheet>"
        f'<table:table table:name="Sales">{rows}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    with zipfile.ZipFile(lab / "sales.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
        archive.writestr("META-INF/manifest.xml", f'<m:manifest xmlns:m="{manifest}"/>')
        archive.writestr("content.xml", content)
    assert total(read(lab / "sales.ods")[1]) == truth(sales)


def test_a_web_page_that_is_named_xls_is_read(read, lab, sales):
    sales.to_html(lab / "table.xls", index=False)
    assert total(read(lab / "table.xls")[1]) == truth(sales)


def test_json_is_read_as_lines_and_as_a_list(read, lab, sales):
    sales.to_json(lab / "list.json", orient="records", indent=1)
    sales.to_json(lab / "lines.json", orient="records", lines=True)
    assert total(read(lab / "list.json")[1]) == total(read(lab / "lines.json")[1]) == truth(sales)


def test_a_folder_beside_a_file_and_files_that_belong_together_in_a_folder_are_read_whole(read, lab, sales):
    (lab / "weekly").mkdir()
    written(lab / "weekly", w0=sales[:100], w1=sales[100:200])
    assert total(read(lab / "weekly", *written(lab, later=sales[200:]))[1]) == truth(sales)
    (lab / "together").mkdir()
    orders = sales[["Order ID", "Customer", "Date"]].drop_duplicates("Order ID")
    written(lab / "together", a_orders=orders, b_items=sales[["Order ID", "Product", "Amount"]])
    assert total(read(lab / "together")[1]) == truth(sales)


def test_rates_stand_in_a_file(read, lab, sales):
    (file,) = written(lab, two=sales.assign(Currency=["EUR", "USD"] * 200))
    (lab / "rates.csv").write_text("code,rate\nUSD,0.5\n")
    _, workspace = read(file, "--currency", "EUR", "--rate", str(lab / "rates.csv"))
    assert total(workspace)[1] == round(sum(sales["Amount"][::2]) + sum(sales["Amount"][1::2]) / 2, 2)
    (lab / "rates.csv").write_text("USD;0.5\nUSD;0.6\n")
    said, _ = read(file, "--currency", "EUR", "--rate", str(lab / "rates.csv"))
    assert "USD has two rates" in said.output


NEW = {
    "a status": ({"Status": "cancelled"}, "w1.csv", "--status cancelled=no_sale"),
    "a status of no usual word": ({"Status": "bezirzt"}, "w1.csv", "--status bezirzt=return"),
    "a currency": ({"Currency": "USD"}, "w1.csv", "--rate USD=RATE"),
    "a sign": ({"Amount": "$5.00"}, "w1.csv", "--keep-currency EUR"),
    "a name of the file": ({}, "w1_returns.csv", "--part returns=return"),
    "the beginning of order numbers": ({"Order ID": "CN77"}, "w1.csv", "--order-prefix CN=return"),
}


@pytest.mark.parametrize("kind", NEW)
def test_what_a_later_file_says_for_the_first_time_is_asked_at_the_run(read, lab, sales, kind):
    change, name, flag = NEW[kind]
    known = sales.assign(Status="completed", Amount=[f"€{a}" for a in sales["Amount"]])
    known = known.assign(Currency="EUR") if kind != "a sign" else known
    folder = lab / "weekly"
    folder.mkdir()
    known[:200].to_csv(folder / "w0.csv", index=False)
    said, workspace = read(folder)
    assert said.exit_code == 0, said.output
    assert total(workspace) == truth(sales[:200])
    known[200:300].to_csv(folder / "w05.csv", index=False)
    assert total(open_workspace("suites/case.toml")) == truth(sales[:300])
    known[300:].assign(**change).to_csv(folder / name, index=False)
    with pytest.raises(BadInput, match="does not know") as asked:
        open_workspace("suites/case.toml")
    assert flag in str(asked.value)
