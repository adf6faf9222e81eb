"""Lists that are not of sales, whatever they are called: of stock, of prices, of what was ordered from suppliers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from crm_lab.data.sources.evidence.findings import Answers, Settled, say, shell
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.first_look.column_roles import Proposal
from crm_lab.data.sources.first_look.column_vocabulary import plain_name
from crm_lab.data.sources.first_look.value_looks import reads_as_date
from crm_lab.data.sources.refusal import refused

_STOCK = re.compile(r"stock(?!code|ist)|inventory|onhand|bestand|lager|existencia|reorder|库存|庫存|在庫")
SUPPLIERS = re.compile(r"supplier|vendor|lieferant|kreditor|fournisseur|proveedor|供应商|供應商|仕入")
"""Names of columns of those from whom the shop buys."""

_ENOUGH = 20


def refuse_lists_without_customers(proposal: Proposal, values: Mapping[str, Sequence[str]]) -> None:
    """Refuse a file without customers that is a list of stock, of things, or of purchases from suppliers.

    Raises:
        BadInput: With what speaks for it.
    """
    name = proposal.reading.path.name
    if len(proposal.header) == 1:
        raise refused("one_column", name=name, column=proposal.header[0][:60])
    if "customer_id" not in proposal.missing:
        return
    stock = [column for column in proposal.header if _STOCK.search(plain_name(column))]
    if stock:
        raise refused("stock", name=name, column=stock[0])
    product = proposal.columns.get("product_id")
    things = values.get(product, ()) if product else ()
    if "order_id" not in proposal.columns and len(things) == len(set(things)) >= _ENOUGH:
        raise refused("list_of_things", name=name, column=product)
    suppliers = [column for column in proposal.unused if SUPPLIERS.search(plain_name(column))]
    if suppliers:
        raise refused("suppliers", name=name, column=suppliers[0])


def refuse_lists_of_one_day(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Refuse a list in which each thing stands once and all on one day; ask where another column has other days.

    Raises:
        BadInput: If the file is a list of things.
    """
    columns = settled.columns
    day = file.text(columns["date"])
    rows, days, example = file.row(f"count(*), count(distinct {day}), min({day})")
    if days != 1 or rows < _ENOUGH or "date" in answers.columns or answers.kind == "purchases":
        return
    others = [c for c in file.header if c not in columns.values() and not c.startswith("lab_") and _has_days(file, c)]
    if others:
        settled.ask(
            "date",
            say("lists.one_day", date=columns["date"], example=example, n=" and ".join(others)),
            *((column, f"--column date={shell(column)}") for column in (*others, columns["date"])),
        )
    elif "product_id" in columns and "order_id" not in columns:
        (things,) = file.row(f"count(distinct {file.text(columns['product_id'])})")
        if things == rows:
            raise refused("things_of_one_day", column=columns["product_id"], day=example)


def _has_days(file: WholeFile, column: str) -> bool:
    seen = [value for value, _ in file.counts(column)]
    return len(seen) > 1 and reads_as_date(seen)
