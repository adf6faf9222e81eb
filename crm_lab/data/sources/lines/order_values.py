"""Values of an order that stand on its first line or on each: spread over its lines, or lines of their own."""

from __future__ import annotations

from dataclasses import replace

from crm_lab.data.quoting import name_of, text_of
from crm_lab.data.sources.lines.line_mapping import BLANK, LineReading
from crm_lab.data.sources.lines.several_files import LAST, OVERLAP
from crm_lab.data.sources.raw_rows import PART
from crm_lab.data.sources.sql import MONEY, PRICE, filled

SHIPPING = "shipping"
"""Product of the fee lines made from what was paid for delivery."""

COMPUTED = ("lab_order", "lab_line", "lab_lines", "lab_gross", "lab_net", "lab_quantity")
_WHOLE_ORDER = (
    "over (partition by lab_order order by source_row rows between unbounded preceding and unbounded following)"
)
_ORDER_ROLES = ("order_discount", "shipping", "refund")
_IN_HEADER = (PART, OVERLAP, LAST)
"""Columns that say of a row where it is from: they stay, where there are several files."""

_RETURNED = "returned"
HELD = ("customer_id", "date", "time", "status", "currency", "store_id", "region")


def needed(reading: LineReading, fill: bool) -> bool:
    """Whether a file has values of whole orders."""
    columns = reading.columns.used()
    whole = any(role in columns for role in (*_ORDER_ROLES, "returned_quantity"))
    return fill or reading.amount_is == "order_total" or whole or bool(reading.discounts)


def with_order_values(raw: str, reading: LineReading, header: list[str], fill: bool, several: bool = False) -> str:
    """SQL of the raw rows with `COMPUTED` columns, and rows of their own for delivery and refunds.

    Args:
        raw: SQL of the raw rows.
        reading: How the columns are read; without an order number each row is an order.
        header: The raw columns beside ``source_row`` and ``broken_row``.
        fill: What stands on an order's first line only holds for all its lines.
        several: Whether the rows are of several files or sheets; those that stand twice are of no order then.
    """
    header = [*header, *(_IN_HEADER if several else ())]
    order = f"coalesce({reading.order()}, 'row ' || source_row)" if _has_orders(reading) else "'row ' || source_row"
    if several:
        order = f"case when {OVERLAP} then 'row ' || source_row else {order} end"
    used = reading.columns.used()
    beside = {used.get("amount"), used.get("price")}  # a currency that stands beside each amount is not filled in
    held = [used[role] for role in HELD if fill and role in used and used[role] not in beside]
    filled_in = ", ".join(
        f"coalesce({filled(c)}, first_value({filled(c)} ignore nulls) {_WHOLE_ORDER}) as {name_of(c)}"
        for c in dict.fromkeys(held)
    )
    numbered = f"""
        select *, row_number() over (partition by lab_order order by source_row) as lab_line,
               count(*) over (partition by lab_order) as lab_lines
        from {_marked("from lab_rows", order, reading)}"""
    held_rows = f"select * replace ({filled_in}) from ({numbered})" if filled_in else numbered
    plain = replace(reading, rates={}, amount_is="line" if reading.amount_is == "order_total" else reading.amount_is)
    values = {
        role: _of_order(column, reading) for role, column in reading.columns.used().items() if role in _ORDER_ROLES
    }
    if reading.discounts:
        values["order_discount"] = f"({values.get('order_discount', 0)} + lab_order_off)"
    extra = "".join(f", {sql} as lab_order_{role}" for role, sql in values.items())
    zero = ", ".join(f"case when lab_off then 0 else {name} end as {name}" for name in ("lab_before", "lab_after"))
    back = "lab_after = 0 and lab_order_refund <> 0" if "refund" in values else "false"  # nothing was sold in the row
    priced = f"""
        select * replace ({zero}, case when lab_off or ({back}) then 0 else lab_quantity end as lab_quantity)
        from (select *, {_gross(reading, plain)} as lab_before, {_net(reading, plain)} as lab_after,
                     {plain.quantity()} as lab_quantity, null::text as lab_product{extra} from ({held_rows}))"""
    lines = _lines(reading, priced)
    names = ", ".join(name_of(c) for c in ("source_row", *header, "broken_row", BLANK))
    kept = f"select {names}, {', '.join(COMPUTED)}, lab_product from"
    sold = f" where not ({_only_paid_back(reading)})" if "refund" in values else ""
    made = [f"{kept} (select *, lab_before as lab_gross, lab_after - lab_share as lab_net from ({lines}){sold})"]
    for role, product, sign in (("shipping", SHIPPING, 1), ("refund", None, -1)):
        if role in values:
            unless = reading.is_of("no_sale") if role == "refund" else "false"
            made.append(f"{kept} ({_own_rows(lines, role, product, sign, unless)})")
    if reading.columns.returned_quantity:
        made.append(f"{kept} ({_pieces_back(lines, reading)})")
    union = " union all by name ".join(f"({part})" for part in made)
    read = f"with lab_rows as not materialized ({reading.with_readings(raw)})"
    placed = "* replace (row_number() over (order by lab_product nulls first, source_row) as source_row)"
    return f"{read} select {placed if len(made) > 1 else '*'} from ({union})"


def _has_orders(reading: LineReading) -> bool:
    return bool(reading.columns.order_id or reading.discounts)


def _marked(raw: str, order: str, reading: LineReading) -> str:
    """The rows with their order, and which are a discount on the others of it: those are of no order themselves."""
    rows = f"(select *, {order} as lab_order from ({raw}))"
    if not reading.discounts:
        return f"(select *, false as lab_off from {rows})"
    over = "over (partition by lab_order)"
    off = f"({reading.is_product(reading.discounts)} and broken_row is null)"
    money = f"coalesce(sum({reading.net()}) filter ({off}) {over}, 0)"
    other = f"({off} or {reading.is_product((*reading.not_sold, *reading.fees))})"
    alone = f"count(*) filter (not {other}) {over} = 0"
    return f"""(
        select * exclude (lab_other) replace (
            case when lab_other then 'row ' || source_row else lab_order end as lab_order,
            case when lab_other then 0 else lab_order_off end as lab_order_off)
        from (select *, {off} and not ({alone}) as lab_off, {other} as lab_other,
                     case when {alone} then 0 else abs({money}) end::{MONEY} as lab_order_off from {rows}))"""


def _only_paid_back(reading: LineReading) -> str:
    """SQL condition of a row that says what was paid back and nothing of a sale."""
    back = reading.number(str(reading.columns.refund))
    return f"coalesce(lab_after, 0) = 0 and coalesce({back}, 0) <> 0"


def _of_order(column: str, reading: LineReading) -> str:
    """A value of the order: once where each line repeats it, else the sum of what its lines say."""
    value = reading.number(column)
    over = "over (partition by lab_order)"
    same = f"min({value}) {over} = max({value}) {over} and count({value}) {over} = lab_lines"
    return f"coalesce(case when {same} then max({value}) {over} else sum({value}) {over} end, 0)::{MONEY}"


def _gross(reading: LineReading, plain: LineReading) -> str:
    return _spread_total(reading) if reading.amount_is == "order_total" else plain.gross()


def _net(reading: LineReading, plain: LineReading) -> str:
    return _spread_total(reading) if reading.amount_is == "order_total" else plain.net()


def _spread_total(reading: LineReading) -> str:
    """The order's total in equal parts, what does not divide on the first line."""
    value = reading.number(str(reading.columns.amount))
    total = f"first_value({value} ignore nulls) {_WHOLE_ORDER}"
    part = f"trunc({total} / lab_lines, 4)::{MONEY}"
    return f"(case when lab_line = 1 then {total} - {part} * (lab_lines - 1) else {part} end)::{MONEY}"


def _lines(reading: LineReading, priced: str) -> str:
    """The lines with their share of the order's discount, by amount, what does not divide on the first line."""
    if not (reading.columns.order_discount or reading.discounts):
        return f"select *, 0::{MONEY} as lab_share from ({priced})"
    over = "over (partition by lab_order)"
    share = f"lab_after::double / nullif(sum(lab_after) {over}, 0)::double"
    part = f"trunc(abs(lab_order_order_discount) * {share}, 4)::{MONEY}"
    return f"""
        select *, (case when lab_line = 1 then abs(lab_order_order_discount) - coalesce(lab_all_parts - lab_part, 0)
                        else lab_part end)::{MONEY} as lab_share
        from (select *, sum(lab_part) {over} as lab_all_parts
              from (select *, coalesce({part}, 0)::{MONEY} as lab_part from ({priced})))"""


def _own_rows(lines: str, role: str, product: str | None, sign: int, unless: str) -> str:
    """Rows of an order's value, on the row of its first line, unless a condition holds."""
    name = text_of(product) if product else "'refund'"
    value = f"({sign} * abs(lab_order_{role}))::{MONEY}"
    return f"""
        select * replace ({name} as lab_product, 0::{PRICE} as lab_quantity), {value} as lab_gross, {value} as lab_net
        from ({lines}) where lab_line = 1 and lab_order_{role} <> 0 and not ({unless})"""


def _pieces_back(lines: str, reading: LineReading) -> str:
    """Rows of the pieces of a line that came back, at what was paid for them."""
    back = f"abs({reading.number(str(reading.columns.returned_quantity), PRICE)})"
    paid = {"lab_gross": "lab_before", "lab_net": "(lab_after - lab_share)"}
    money = ", ".join(
        f"(-abs({of}) * {back} / nullif(abs(lab_quantity), 0))::{MONEY} as {name}" for name, of in paid.items()
    )
    return f"""
        select * replace ({text_of(_RETURNED)} as lab_product, -{back} as lab_quantity), {money}
        from ({lines}) where {back} > 0 and not ({reading.is_of("no_sale")})"""


def mapping_of(reading: LineReading) -> dict[str, str]:
    """SQL of each staged column over the rows of `with_order_values`."""
    product, own = reading.product(), f"lab_product is null or lab_product = {text_of(_RETURNED)}"
    signed = LineReading.money(_Computed(**{name: getattr(reading, name) for name in LineReading.__slots__}))
    return {
        **reading.mapping(),
        "product_id": f"(case when {own} then {product} else nullif(lab_product, 'refund') end)",
        **signed,
    }


class _Computed(LineReading):
    """A reading whose units and amounts are the computed ones."""

    def quantity(self) -> str:
        return "lab_quantity"

    def gross(self) -> str:
        return "lab_gross"

    def net(self) -> str:
        return "lab_net"
