"""Pivots whose customer stands once, above its rows: with totals or in order, beside lists with guests."""

from collections import Counter
from decimal import Decimal

import openpyxl
import pytest

from crm_lab import open_workspace
from tests.data.sources.door_outcomes import _read

HEAD = ["Customer", "Date", "Amount"]
GROUPS = {f"K{c:03d}": [(f"2024-{1 + c % 12:02d}-{1 + k:02d}", 5 + c + k) for k in range(1 + c % 4)] for c in range(40)}


def pivot(total, wide=False):
    """Rows of a pivot; with ``total`` a row below each customer; ``wide`` has a product on each row."""
    for who, bought in GROUPS.items():
        for k, (day, money) in enumerate(bought):
            yield [who if k == 0 else None, day, money, *([f"A{k}"] if wide else [])]
        if total:
            yield [total.format(who), None, sum(money for _, money in bought), *([None] if wide else [])]
    if total:
        yield [total.format("Grand"), None, sum(m for b in GROUPS.values() for _, m in b), *([None] if wide else [])]


def write(path, rows, head=HEAD):
    book = openpyxl.Workbook()
    for row in [head, *rows]:
        book.active.append(row)
    book.save(path)
    return path


def money(path, *flags):
    workspace = open_workspace(_read([path], *flags).source)
    lines = f"read_parquet('{workspace.folder}/transactions.parquet')"
    rows = workspace.cursor().execute(
        f"select coalesce(customer_id, ''), sum(net_amount)::text from {lines} group by 1"
    )
    return {who: Decimal(text) for who, text in rows.fetchall()}


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("total", ["{} Total", "Total {}", "{} 合计", ""])
def test_a_customer_that_stands_once_is_read_for_the_rows_below(tmp_path, monkeypatch, total, wide):
    monkeypatch.setenv("CRM_LAB_WORKSPACES", str(tmp_path / "workspaces"))
    path = write(tmp_path / "pivot.xlsx", pivot(total, wide), [*HEAD, "Item"] if wide else HEAD)
    assert money(path) == {who: sum(m for _, m in bought) for who, bought in GROUPS.items()}


def test_rows_of_guests_stay_nobodys(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_WORKSPACES", str(tmp_path / "workspaces"))
    rows = [
        [f"K{i * 7 % 30:03d}" if i % 3 else None, f"2024-{1 + i % 12:02d}-{1 + i % 28:02d}", i + 1] for i in range(120)
    ]
    true = Counter()
    for who, _, amount in rows:
        true[who or ""] += amount
    assert money(write(tmp_path / "shop.xlsx", rows)) == dict(true)
