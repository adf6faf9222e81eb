"""How ``crm-lab init`` ends on a form: exact, asked (the right answer gives exact books), refused, or wrong."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from crm_lab import BadInput, open_workspace
from crm_lab.cli.init import init
from crm_lab.cli.own_data.init_purchases import PurchasesRead, read_purchases
from tests.data.sources.forms import Form

ASKED = "Some things can be read in two ways"


def end_of(form: Form, folder: Path) -> tuple[str, str]:
    """How it ends, and what was said, or found to be wrong."""
    paths = []
    for name, content in form.files.items():
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        paths.append(path)
    if "contradicted" in form.ends:
        return _contradicted(form, paths)
    try:
        read = _read(paths)
    except BadInput as error:
        said = str(error)
        if ASKED not in said or not form.money:
            return ("asked" if ASKED in said else "refused"), said
        try:
            wrong = _differences(form, _read(paths, *form.flags))
        except BadInput as again:
            return "unanswered", f"{said}\nTHEN {again}"
        return ("wrong", f"after {form.flags}: {wrong}\n{said}") if wrong else ("asked", said)
    said = "\n".join(map(str, read.whole.settled.findings))
    try:
        wrong = _differences(form, read) if form.money else "read, and is no list of sales"
    except BadInput as error:
        return "refused", str(error)
    return ("wrong", f"{wrong}\n{said}") if wrong else ("exact", said)


def _contradicted(form: Form, paths: list[Path]) -> tuple[str, str]:
    try:
        return "contradicted", "\n".join(map(str, _read(paths, *form.flags).whole.settled.findings))
    except BadInput as error:
        return "contradicted", str(error)


def _read(paths: list[Path], *flags: str) -> PurchasesRead:
    def parse(words: list[str]) -> dict[str, object]:
        options = init.make_context("init", words).params
        return {**options, "chosen": dict(pair.partition("=")[::2] for pair in options["chosen"])}

    return read_purchases(paths, parse([*map(str, paths), "--name", "form", *flags]), parse)


def _differences(form: Form, read: PurchasesRead) -> str:
    """What differs between the books and the truth: money by customer and day, orders."""
    workspace = open_workspace(read.source)
    lines = f"read_parquet('{workspace.folder}/transactions.parquet')"
    rows = workspace.cursor().execute(
        f"select coalesce(customer_id, ''), date::text, sum(net_amount)::text from {lines}"
        " where kind <> 'fee' group by all"
    )
    found = {(who, day): Decimal(money) for who, day, money in rows.fetchall()}
    apart = [
        key
        for key in found.keys() | form.money.keys()
        if abs(found.get(key, Decimal(0)) - form.money.get(key, Decimal(0))) > Decimal("0.0051")
    ]
    if apart:
        key = min(apart)
        totals = f"{sum(found.values())} for {sum(form.money.values())}"
        return f"{len(apart)} differ, e.g. {key}: {found.get(key)} for {form.money.get(key)}; in all {totals}"
    (orders,) = workspace.cursor().execute(
        f"select count(distinct order_id) from {lines} where kind = 'sale'"
    ).fetchone() or (0,)
    return f"{orders} orders for {form.orders}" if form.orders and orders != form.orders else ""


def check(form: Form, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Assert that a form ends as it may."""
    monkeypatch.setenv("CRM_LAB_WORKSPACES", str(folder / "workspaces"))
    end, said = end_of(form, folder)
    assert end in form.ends, f"{end}: {said}"
    assert form.says.lower() in said.lower(), said
