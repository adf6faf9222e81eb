"""Files in the forms of other systems, each against what is true of it, from `init` to the tables."""

import os
import subprocess
import sys
import tomllib

import pytest
from click.testing import CliRunner

from crm_lab import open_workspace
from crm_lab.cli import main
from crm_lab.data.sources.first_look.column_roles import propose
from crm_lab.project import project_root

CASES = project_root().parent / "shared" / "cases"
THERE = (CASES / "truth.toml").exists()
pytestmark = pytest.mark.skipif(not THERE, reason="the made-up files are not beside the project")


@pytest.fixture
def lab(tmp_path, monkeypatch):
    for folder in ("suites", "notebooks"):
        (tmp_path / folder).mkdir()
    (tmp_path / "notebooks" / "00_start_here.ipynb").write_text("{}")
    monkeypatch.setenv("CRM_LAB_HOME", str(tmp_path))
    monkeypatch.delenv("CRM_LAB_WORKSPACES", raising=False)
    return tmp_path


@pytest.fixture
def read(lab):
    """Put one of the files through `init`; its output and, where it was read, its workspace."""

    def put(name, *flags):
        said = CliRunner().invoke(main, ["init", str(CASES / "files" / name), "--name", "case", "--force", *flags])
        assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
        return said, (open_workspace(str(lab / "suites" / "case.toml")) if said.exit_code == 0 else None)

    return put


def lines(workspace, where="true"):
    """Rows, orders, customers and sums of the lines, in ten-thousandths as they are stored."""
    sums = ", ".join(f"sum({name}_amount)::double" for name in ("net", "gross", "discount"))
    counts = "count(*), count(distinct order_id), count(distinct customer_id)"
    stored = f"read_parquet('{workspace.folder}/transactions.parquet')"
    return workspace.cursor().execute(f"select {counts}, {sums} from {stored} where {where}").fetchone()


def aside(workspace):
    counted = workspace.stored("quarantine").groupby("reason")["net_amount"].agg(["size", "sum"])
    return counted.round(2).T.to_dict("list")


def test_every_file_of_the_truth_has_a_test():
    named = set(tomllib.loads((CASES / "truth.toml").read_text())["files"])
    assert named == {
        "future", "tz", "comma", "minus", "birthday", "guests", "status", "price_discount", "woo_total_repeated",
        "shopify", "blank_rows", "utf16", "no_dimension",
    }  # fmt: skip


def test_a_date_in_2099_is_set_aside_with_its_count(read):
    _, workspace = read("future.csv")
    assert aside(workspace) == {"implausible_day": [1, 30.0]}
    assert str(workspace.last_complete_day) == "2024-01-10"


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
def test_times_with_an_offset_are_local_days_on_every_machine(lab, zone):
    command = [sys.executable, "-m", "crm_lab.cli", "init", str(CASES / "files" / "tz.csv"), "--name", "case"]
    env = {**os.environ, "TZ": zone}
    assert subprocess.run(command, env=env, capture_output=True, check=False).returncode == 0
    made = open_workspace(str(lab / "suites" / "case.toml")).stored("transactions", "date", "hour")
    assert made["date"].dt.strftime("%m-%d").tolist() == ["03-01", "03-02", "03-03", "03-05"]
    assert made["hour"].tolist() == [0, 23, 12, 12]


def test_a_zone_that_is_named_counts_days_in_it_and_makes_another_workspace(read):
    _, written = read("tz.csv")
    _, converted = read("tz.csv", "--timezone", "UTC")
    assert converted.stored("transactions")["date"].dt.strftime("%m-%d").tolist() == [
        "02-29",
        "03-02",
        "03-03",
        "03-05",
    ]
    assert written.key != converted.key
    _, dubai = read("tz.csv", "--timezone", "Asia/Dubai")
    assert dubai.stored("transactions")["hour"].tolist() == [0, 23, 12, 12]


def test_two_decimal_marks_are_refused(read):
    said, _ = read("comma.csv")
    assert said.exit_code == 2
    assert "two decimal marks" in said.output
    assert "--decimal ." in said.output


def test_a_trailing_minus_is_a_return(read):
    _, workspace = read("minus.csv")
    assert lines(workspace)[3] == 3_000.0
    assert lines(workspace, "kind = 'return'")[0] == 1


def test_a_birthday_is_never_the_date(read):
    said, workspace = read("birthday.csv")
    assert "date           <- created_at" in said.output
    assert [str(day) for day in workspace.day_range] == ["2023-01-03", "2023-03-26"]
    path = CASES / "files" / "birthday.csv"
    assert "birthday" not in propose(path).columns.values()


def test_nobody_is_kept_in_revenue_and_is_no_customer(read):
    said, workspace = read("guests.csv")
    assert lines(workspace)[0] == 299
    assert lines(workspace)[3] == 119_997.94
    assert lines(workspace, "customer_id is null")[::3] == (135, 58_701.13)
    assert lines(workspace)[2] == 39
    assert "135 rows" in said.output


def test_what_a_status_means_is_asked_with_a_proposal(read):
    asked, _ = read("status.csv")
    assert asked.exit_code == 2
    assert "--status usual" in asked.output
    _, workspace = read("status.csv", "--status", "usual")
    assert lines(workspace)[::3] == (370, 138_827.28)
    assert aside(workspace) == {"no_sale": [29, pytest.approx(8_360.66 + 9_588.70)]}
    _, otherwise = read("status.csv", "--status", "usual", "--status", "refunded=sale")
    assert lines(otherwise)[3] == pytest.approx(138_827.28 + 9_588.70)


def test_price_quantity_and_discount_in_currency(read):
    _, workspace = read("price_discount.csv")
    assert lines(workspace)[3:] == (125_421.25, 156_776.64, 31_355.39)


def test_a_total_on_each_line_is_not_added_up(read):
    _, workspace = read("woo_total_repeated.csv")
    assert lines(workspace)[3] == 138_827.28
    assert aside(workspace) == {"no_sale": [29, pytest.approx(8_360.66 + 9_588.70)]}
    assert reconciled(workspace) == pytest.approx(156_776.64)


def reconciled(workspace):
    ledger = workspace.stored("ledger").set_index("item")
    return ledger.loc["raw", "money_touched"]


def test_a_shopify_export_is_read_order_by_order(read):
    said, workspace = read("shopify.csv")
    assert said.exit_code == 0, said.output
    raw = workspace.cursor().execute(
        "select count(*) filter (product_id <> 'shipping' or product_id is null), count(distinct order_id),"
        " count(distinct customer_id), sum(gross_amount) filter (product_id <> 'shipping')::double,"
        " sum(discount_amount)::double, sum(net_amount) filter (product_id = 'shipping')::double"
        f" from read_parquet('{workspace.folder}/judged.parquet')"
    ).fetchone()  # fmt: skip
    assert raw == (269, 152, 59, 110_775.64, 1_303.60, 760.0)
    assert lines(workspace, "kind = 'fee'")[0] == 140
    set_aside = workspace.stored("judged")
    gone = set_aside[set_aside["reason"] == "no_sale"]
    assert gone["order_id"].nunique() == 12
    assert "example.com" not in said.output
    assert workspace.stored("transactions")["customer_id"].dropna().str.startswith("p_").all()


def test_blank_rows_are_counted_and_ignored(read):
    _, workspace = read("blank_rows.csv")
    assert lines(workspace)[0] == 59


def test_utf16_is_found(read):
    said, workspace = read("utf16.txt")
    assert "utf-16" in said.output
    assert "Müller 26" in set(workspace.stored("transactions")["customer_id"])


def test_a_workbook_without_dimension_is_read(read):
    _, workspace = read("no_dimension.xlsx")
    assert workspace.stored("ledger").set_index("item").loc["raw", "rows_touched"] == 5_091
