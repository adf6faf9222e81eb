"""Forms that were once read wrong without a word: read right, or asked, and the answer gives exact books."""

import pytest
from click.testing import CliRunner

from crm_lab import BadInput, open_workspace
from crm_lab.cli import main
from crm_lab.data.connection import connect, workspaces_dir
from crm_lab.data.sources.evidence.findings import Answers
from crm_lab.data.sources.evidence.whole_reading import read_whole

DAYS = [f"2024-0{1 + i // 25}-{1 + i % 25:02d}" for i in range(60)]


def lines(head, row):
    return "\n".join([head, *(row(i) for i in range(60))]) + "\n"


CASES = {
    "order numbers begin anew in each store": (
        lines("Store,Receipt No,Date,Customer No,Item,Amount",
              lambda i: f"S{i % 3},{i // 6},{DAYS[i]},K{i % 9},A{i},{i + 1}"),
        "begins anew", (), 1830,
    ),
    "an order's first row alone says who and when": (
        lines("Order,Date,Customer No,Item,Amount",
              lambda i: f"o{i},{DAYS[i]},K{i % 9},A{i},{i + 1}" if i % 2 == 0 else f",,,A{i},{i + 1}"),
        "first row only", (), 1830,
    ),
    "a price is the line's": (
        lines("Order,Date,Customer No,Item,Qty,Price",
              lambda i: f"o{i},{DAYS[i]},K{i % 9},A{i % 6},{1 + i // 6 % 3},{(1 + i // 6 % 3) * (2 + i % 6)}.00"),
        "is the line's money", (), sum((1 + i // 6 % 3) * (2 + i % 6) for i in range(60)),
    ),
    "payments stand among the lines": (
        lines("Receipt,Date,Customer,Row type,Item,Amount",
              lambda i: f"r{i // 3},{DAYS[i // 3]},K{i // 3 % 9},"
                        + ("PAYMENT,Thing,-4" if i % 3 == 2 else f"ITEM,A{i},2")),
        "", ("--status", "usual"), 80,
    ),
    "a day of cancelling": (
        lines("Order,Date,Customer,Item,Total,Cancelled at",
              lambda i: f"o{i},{DAYS[i]},K{i % 9},A{i},2,{DAYS[i] if i % 10 == 0 else ''}"),
        "", (), 108,
    ),
    "cents": (
        lines("order_id,date,customer_id,charged_cents", lambda i: f"o{i},{DAYS[i]},K{i % 9},{200 + i}"),
        "", ("--column", "amount=charged_cents"), sum(200 + i for i in range(60)) / 100,
    ),
    "sales with a minus": (
        lines("order_id,date,customer_id,amount", lambda i: f"o{i},{DAYS[i]},K{i % 9},-{200 + i}"),
        "", ("--amount-unit", "-1"), sum(200 + i for i in range(60)),
    ),
}  # fmt: skip


@pytest.fixture
def init(tmp_path, monkeypatch):
    for folder in ("suites", "notebooks"):
        (tmp_path / folder).mkdir()
    (tmp_path / "notebooks" / "00_start_here.ipynb").write_text("{}")
    monkeypatch.setenv("CRM_LAB_HOME", str(tmp_path))
    return lambda *flags: CliRunner().invoke(
        main, ["init", str(tmp_path / "shop.csv"), "--name", "case", "--force", *flags]
    )


@pytest.mark.parametrize("case", CASES)
def test_a_form_is_read_or_asked_and_its_money_is_exact(init, tmp_path, case):
    text, finding, flags, money = CASES[case]
    (tmp_path / "shop.csv").write_text(text)
    if flags:
        asked = init()
        assert asked.exit_code == 2, asked.output
        assert flags[0] in asked.output
    said = init(*flags)
    assert said.exit_code == 0, said.output
    assert finding in said.output
    sold = open_workspace("suites/case.toml").stored("transactions")
    assert round(float(sold["net_amount"].sum()), 2) == money


ROLES = ["date", "customer_id", "amount", "order_id", "product_id", "status", "currency", "returned"]


@pytest.mark.parametrize("role", ROLES)
def test_a_column_that_is_not_there_is_one_sentence(tmp_path, role):
    path = tmp_path / "shop.csv"
    path.write_text(lines("Order,Date,Customer,Amount", lambda i: f"{i},{DAYS[i]},K{i % 9},{i}.50"))
    with pytest.raises(BadInput, match="there is no column 'zzz'; the file has Order, Date"):
        read_whole(connect(workspaces_dir()).cursor(), workspaces_dir(), [path], [], Answers(columns={role: "zzz"}))
