"""`crm-lab init`: what a file seems to be, and what is asked instead of guessed."""

import tomllib
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from crm_lab import BadInput, open_workspace
from crm_lab.cli import main
from crm_lab.data.sources.first_look.column_roles import propose
from crm_lab.project import project_root

SAMPLE = project_root() / "data" / "samples" / "messy_orders.csv"


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """An empty project of its own, so that no suite of the lab is touched."""
    for folder in ("suites", "notebooks"):
        (tmp_path / folder).mkdir()
    for page in ("00_start_here", "06_do_new_customers_return", "14_how_large_a_test"):
        (tmp_path / "notebooks" / f"{page}.ipynb").write_text("{}")
    monkeypatch.setenv("CRM_LAB_HOME", str(tmp_path))
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, ["init", *map(str, arguments)])


def test_the_sample_is_seen_for_what_it_is():
    seen = propose(SAMPLE)
    assert (seen.reading.delimiter, seen.reading.encoding, seen.decimal) == (";", "utf-8", ",")
    assert seen.date_formats == ("%d.%m.%Y %H:%M",)
    assert seen.columns == {
        "order_id": "Bestellung", "customer_id": "Kunde", "product_id": "Artikel", "quantity": "Menge",
        "price": "Preis", "date": "Datum",
    }  # fmt: skip
    assert seen.unused == ("Bezeichnung",)


def test_the_sample_becomes_a_suite_and_its_books_close(lab):
    result = run(SAMPLE, "--timezone", "Europe/Berlin", "--cancelled", "^ST")
    assert result.exit_code == 0, result.output
    assert "closed but for 3 lines whose day, units or amount could not be read" in result.output
    assert "2,774 lines" in result.output
    assert "crm-lab run messy_orders" in result.output
    suite = (lab / "suites" / "messy_orders.toml").read_text()
    assert 'date_format = "%d.%m.%Y %H:%M"' in suite
    assert 'notebook = "00_start_here"' in suite
    again = run(SAMPLE)
    assert again.exit_code == 2
    assert "--force to write over it" in again.output


@pytest.mark.parametrize(
    ("rows", "formats"),
    [
        (["2024-01-05", "2024-02-30"], ()),
        (["03/04/2024", "05/06/2024"], ("%d/%m/%Y", "%m/%d/%Y")),
        (["03/04/2024", "25/06/2024"], ("%d/%m/%Y",)),
        (["03/04/2024", "06/25/2024"], ("%m/%d/%Y",)),
        (["20240304", "20240625"], ("%Y%m%d",)),
        (["2024年3月4日"], ("%Y年%m月%d日",)),
        (["yesterday"], ()),
    ],
)
def test_date_formats_that_fit(tmp_path, rows, formats):
    path = tmp_path / "shop.csv"
    pd.DataFrame({"date": rows, "customer": "a", "amount": 5}).to_csv(path, index=False)
    seen = propose(path)
    assert seen.date_formats == (formats if "date" in seen.columns else ())
    assert ("date" in seen.columns) or not formats


def test_day_and_month_are_asked_not_guessed(lab, tmp_path):
    path = tmp_path / "shop.csv"
    pd.DataFrame({"date": ["03/04/2024", "05/06/2024"], "customer": ["a", "b"], "amount": [5, 6]}).to_csv(
        path, index=False
    )
    asked = run(path)
    assert asked.exit_code == 2
    assert "Day and month cannot be told apart in '03/04/2024'" in asked.output
    assert "--date-format %d/%m/%Y (%d/%m/%Y) or --date-format %m/%d/%Y" in asked.output
    told = run(path, "--date-format", "%d/%m/%Y")
    assert told.exit_code == 0, told.output


def test_chinese_names_and_encoding_are_known(tmp_path):
    path = tmp_path / "订单.csv"
    frame = pd.DataFrame(
        {"订单号": ["1"], "会员号": ["甲"], "商品": ["茶"], "金额": ["12.5"], "下单时间": ["2024/3/4 10:20"]}
    )
    frame.to_csv(path, index=False, encoding="gb18030")
    seen = propose(path)
    assert seen.reading.encoding == "gb18030"
    assert seen.columns["customer_id"] == "会员号"
    assert seen.columns["amount"] == "金额"


def test_what_init_writes_has_windows_that_fit(lab):
    assert run(SAMPLE, "--timezone", "Europe/Berlin", "--cancelled", "^ST").exit_code == 0
    suite = tomllib.loads((lab / "suites" / "messy_orders.toml").read_text())
    pages = {page["notebook"]: page.get("parameters", {}) for page in suite["page"]}
    assert list(pages) == ["00_start_here", "06_do_new_customers_return", "14_how_large_a_test"]
    assert pages["14_how_large_a_test"]["pre_days"] == 182
    assert pages["00_start_here"] == {}


def test_a_wrong_zone_is_refused_and_nothing_is_written(lab):
    wrong = run(SAMPLE, "--timezone", "Europe/Berlinn")
    assert wrong.exit_code == 2
    assert "did you mean Europe/Berlin" in wrong.output
    assert not list((lab / "suites").iterdir())


def test_missing_roles_and_wrong_corrections_are_refused(lab, tmp_path):
    path = tmp_path / "shop.csv"
    path.write_text("a,b\n1,2\n")
    bare = run(path)
    assert bare.exit_code == 2
    for what in ("the day of a sale", "the customer", "what was paid"):
        assert f"No column is called like {what}; which one holds it?" in bare.output
    wrong = run(path, "--column", "colour=a", "--column", "date=c")
    assert "there is no role 'colour'" in wrong.output
    assert "there is no column 'c'" in wrong.output


def test_a_column_named_by_the_user_is_read_like_a_guessed_one(lab, tmp_path):
    path = tmp_path / "shop.csv"
    path.write_text("who;mystery;eur;entered\na;05.01.2024;1,50;2024-03-01\nb;13.02.2024;2,00;2024-03-01\n")
    done = run(path, "--column", "date=mystery", "--column", "amount=eur", "--column", "customer_id=who")
    assert done.exit_code == 0, done.output
    suite = tomllib.loads((lab / "suites" / "shop.toml").read_text())
    assert suite["source"]["date_format"] == "%d.%m.%Y"
    assert suite["source"]["decimal"] == ","


def test_the_only_column_with_dates_is_the_date(tmp_path):
    path = tmp_path / "shop.csv"
    path.write_text("customer,mystery,amount\na,2024-01-05,1\n")
    assert propose(path).columns["date"] == "mystery"
    path.write_text("customer,one,two,amount\na,2024-01-05,2024-01-06,1\n")
    assert "date" in propose(path).missing


def test_further_tables_are_looked_at_and_written(lab, tmp_path):
    messages = tmp_path / "messages.csv"
    rows = "".join(f"{n};fruehling;2024-03-{n + 1:02d};ja;0,05\n" for n in range(20))
    messages.write_text("Kunde;Campaign;Date;Opened;Cost amount\n" + rows)
    done = run(SAMPLE, "--timezone", "Europe/Berlin", "--cancelled", "^ST", "--table", f"exposures={messages}")
    assert done.exit_code == 0, done.output
    written = tomllib.loads((lab / "suites" / "messy_orders.toml").read_text())["source"]["tables"]["exposures"]
    assert written["columns"] == {
        "customer_id": "Kunde", "campaign": "Campaign", "date": "Date", "opened": "Opened",
        "cost_amount": "Cost amount",
    }  # fmt: skip
    assert (written["decimal"], written["date_format"], written["delimiter"]) == (",", "%Y-%m-%d", ";")
    sent = open_workspace(str(lab / "suites" / "messy_orders.toml")).stored("exposures")
    assert sent["opened"].all()
    assert sent["cost_amount"].sum() == pytest.approx(1.0)
    unknown = run(SAMPLE, "--table", f"mails={messages}", "--force")
    assert unknown.exit_code == 2
    assert "there is no table mails; the contract has customers" in unknown.output


@pytest.mark.parametrize(("content", "sentence"), [(None, "There is no file"), (b"", "is empty")])
def test_no_file_and_an_empty_file_are_refused(tmp_path, content, sentence):
    path = Path(tmp_path / "shop.csv")
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput, match=sentence):
        propose(path)


def test_excel_and_parquet_are_seen(tmp_path):
    frame = pd.DataFrame(
        {"date": pd.to_datetime(["2024-01-05", "2024-02-06"]), "customer": ["a", "b"], "amount": [5.5, 6]}
    )
    frame.to_excel(tmp_path / "shop.xlsx", index=False)
    frame.to_parquet(tmp_path / "shop.parquet")
    for name, kind in (("shop.xlsx", "excel"), ("shop.parquet", "parquet")):
        seen = propose(tmp_path / name)
        assert seen.reading.format == kind
        assert seen.date_formats == ("%Y-%m-%d %H:%M:%S",)
        assert not seen.missing


WRONG_NAMES = [
    "../../escape",
    "a/b",
    "x" * 300,
    "\udcff",
    "",
    " ",
    ".hidden",
    "a\\b",
    "CON",
    "a\nb",
    "a:b",
    "..",
    "-" * 101,
]


@pytest.mark.parametrize("name", WRONG_NAMES)
def test_a_name_that_is_no_file_of_the_project_is_refused(lab, name):
    (lab / "shop.csv").write_text("date,customer,amount\n2024-01-01,a,3\n2024-02-01,b,4\n", encoding="utf-8")
    done = run(lab / "shop.csv", "--name", name)
    assert done.exit_code == 2
    assert done.output.startswith("Error: The name of the suite ")
    assert list((lab / "suites").iterdir()) == []
