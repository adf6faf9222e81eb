"""Order numbers that begin anew in each shop or on each day, and what stands on an order's first row only."""

from __future__ import annotations

from itertools import combinations

from crm_lab.data.quoting import name_of, text_of
from crm_lab.data.sources.evidence.findings import Settled, say
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.lines.ditto_marks import DASHES, MARKS, is_mark, with_marks_read
from crm_lab.data.sources.lines.line_mapping import totals_pattern
from crm_lab.data.sources.lines.order_values import HELD
from crm_lab.data.sources.lines.page_breaks import with_page_breaks
from crm_lab.data.sources.raw_rows import PART
from crm_lab.data.sources.refusal import refused
from crm_lab.data.sources.sql import customer, filled, filled_down

_MIXED = 0.05
_CLEAN = 0.01
_MIN_ORDERS = 3
_LEFT_OUT = 0.05
_AS_ABOVE = 0.95
_MANY, _GROUPS = 20, 0.8
_LINE = ("product_id", "quantity", "amount", "price")
_HEAD = ("order_id", "customer_id", "date", "time", "status", "currency", "store_id", "region")


def settle_page_breaks(file: WholeFile, settled: Settled) -> None:
    """Leave out headers, titles and feet that stand on each page of a report."""
    columns = settled.columns
    rows = with_page_breaks("from looked", columns["date"], columns["customer_id"])
    ((n,),) = file.rows(f"select count(*) filter (lab_page) from ({rows})")
    if n:
        settled.take(say("orders.page_breaks", n=n), pages=True)
        file.rewrite(lambda _: f"select * exclude (lab_page) from ({rows}) where not lab_page")


def settle_marks_of_above(file: WholeFile, settled: Settled) -> None:
    """Read ditto marks as what stands above them; a dash in the day is one where the rest of its row is as above.

    Raises:
        BadInput: If there are several files, whose rows cannot be told to be alike then.
    """
    columns = settled.columns
    day = columns["date"]
    asked = dict.fromkeys(columns[role] for role in (*_HEAD, "product_id") if role in columns)
    dashed = _dashes_are_marks(file, columns, day)
    dash = f"{is_mark(day, (*MARKS, *DASHES))} and " if dashed else "false and "
    each = (f"count(*) filter ({is_mark(column)} or {dash} {is_mark(column, DASHES)})" for column in asked)
    counts = dict(zip(asked, map(int, file.row(", ".join(each))), strict=True))
    found = [column for column, n in counts.items() if n]
    if not found:
        return
    if (PART,) in file.rows("select column_name from (describe looked)"):
        raise refused("marks_of_above", column=found[0])
    n = ", ".join(f"{column} ({counts[column]:,})" for column in found)
    settled.take(say("orders.marks_of_above", n=n), as_above=found, **({"dash_as_above": True} if dashed else {}))
    file.rewrite(lambda rows: with_marks_read(rows, found, day if dashed else ""))


def _dashes_are_marks(file: WholeFile, columns: dict[str, str], day: str) -> bool:
    """Whether rows with a dash for their day say the same of their order or customer, or nothing, or what is above."""
    keys = [columns[role] for role in ("order_id", "customer_id") if role in columns]
    same = " or ".join(
        f"{is_mark(key, (*MARKS, *DASHES))} or {filled(key)} is null or {filled(key)} = lag({filled(key)}) over w"
        for key in keys
    )
    n, alike = file.rows(
        f"select count(*), count(*) filter (same) from (select {is_mark(day, DASHES)} as dash, ({same}) as same"
        " from looked where broken_row is null window w as (order by source_row)) where dash"
    )[0]
    return bool(n and alike >= _AS_ABOVE * n)


def settle_first_rows(file: WholeFile, settled: Settled) -> None:
    """Take what stands on an order's first row for the rows below it, where those name a product and nothing else.

    Merged cells and lists with an order's heading above its lines look so.
    """
    columns = settled.columns
    if "date" not in columns or settled.settings.get("fill") or _fill_within_orders(file, settled):
        return
    down, n = _first_rows_of_orders(file, columns)
    if not down:
        down, n = _first_rows_of_groups(file, columns)
    if not down:
        return
    settled.take(say("orders.first_rows", n=", ".join(down), n2=n), fill_down=down)
    below = filled(columns.get("product_id", columns["date"]))
    filled_in = ", ".join(f"{filled_down(column, below)} as {name_of(column)}" for column in down)
    file.rewrite(lambda rows: f"select * replace ({filled_in}) from ({rows})")


def _first_rows_of_orders(file: WholeFile, columns: dict[str, str]) -> tuple[list[str], int]:
    """Columns that stand on an order's first row only, and the rows below; none where customers are not among them."""
    if "product_id" not in columns:
        return [], 0
    head = [column for role, column in columns.items() if role in _HEAD]
    product = file.text(columns["product_id"])
    below = f"{file.text(columns['date'])} is null and {product} is not null"
    below += f" and not regexp_matches({product}, {text_of(totals_pattern())})"
    counts = ", ".join(f"count({file.text(column)})" for column in head)
    rows, (n, *said) = file.row("count(*)")[0], file.row(f"count(*), {counts}", below)
    down = [column for column, k in zip(head, said, strict=True) if k <= _CLEAN * n]
    return (down, n) if n >= _LEFT_OUT * rows and columns["customer_id"] in down else ([], 0)


def _first_rows_of_groups(file: WholeFile, columns: dict[str, str]) -> tuple[list[str], int]:
    """The customer's column of a pivot: named once for the rows of each, below which a total may name the customer.

    Without totals each customer must stand once, in ascending order, with rows of nobody between many of them.
    """
    who, day = file.text(columns["customer_id"]), file.text(columns["date"])
    names, once, groups, rising, told, below = file.rows(
        "select * from (with said as (select source_row, w, d, w is not null and d is not null as named from"
        f" (select source_row, {who} as w, {day} as d from looked where broken_row is null) where w is not null"
        " or d is not null), seen as (select *, lag(w is null) over (order by source_row) as after_blank,"
        " last_value(case when named then w end ignore nulls)"
        " over (order by source_row rows between unbounded preceding and 1 preceding) as above from said)"
        " select count(*) filter (named), count(distinct w) filter (named), count(*) filter (named and after_blank),"
        " count(*) filter (named and w > above), count(*) filter (d is null and contains(w, above) and w <> above),"
        " count(*) filter (w is null and above is not null) from seen)"
    )[0]
    by_totals = told >= max(_MIN_ORDERS, _GROUPS * names)
    by_order = names == once >= _MANY and rising == names - 1 and groups >= _GROUPS * names / 2
    return ([columns["customer_id"]], int(below)) if below and (by_totals or by_order) else ([], 0)


def _fill_within_orders(file: WholeFile, settled: Settled) -> bool:
    """Whether the day stands on one row of an order only, and the others carry its number."""
    columns = settled.columns
    if "order_id" not in columns:
        return False
    order, day = file.text(columns["order_id"]), file.text(columns["date"])
    without, found = file.rows(
        "select coalesce(sum(n - dated), 0), coalesce(sum(n - dated) filter (dated > 0), 0) from"
        f" (select count(*) as n, count({day}) as dated from looked where broken_row is null"
        f" and {order} is not null group by {order})"
    )[0]
    column = columns["date"]
    if without < _LEFT_OUT * file.row("count(*)")[0] or found < (1 - _CLEAN) * without:
        column, found = columns["customer_id"], _lines_without_their_customer(file, columns)
    if not found:
        return False
    held = dict.fromkeys(columns[role] for role in HELD if role in columns)
    settled.take(say("orders.one_row", date=column, found=found), fill=True)
    key = filled(columns["order_id"])
    over = f"over (partition by {key} order by source_row rows between unbounded preceding and unbounded following)"
    first = ", ".join(
        f"coalesce({filled(c)}, first_value({filled(c)} ignore nulls) {over}) as {name_of(c)}" for c in held
    )
    file.rewrite(lambda rows: f"select * replace ({first}) from ({rows})")
    return True


def _lines_without_their_customer(file: WholeFile, columns: dict[str, str]) -> int:
    """How many rows lack the customer that another row of their order names, where no order has two; 0 if few do."""
    order, who = filled(columns["order_id"]), filled(columns["customer_id"])
    gaps, several = file.rows(
        "select coalesce(sum(n - held) filter (held > 0), 0), count(*) filter (people > 1) from (select count(*) as n,"
        f" count({who}) as held, count(distinct {who}) as people from looked where broken_row is null"
        f" and {order} is not null group by {order})"
    )[0]
    return int(gaps) if not several and gaps >= _LEFT_OUT * file.row("count(*)")[0] else 0


def settle_order_numbers(file: WholeFile, settled: Settled) -> None:
    """Find out whether an order number is one order's, by its customers; name what an order is else."""
    columns, form = settled.columns, settled.settings.get("date_format")
    if "order_id" not in columns or not form or settled.questions:
        return
    if _mixed(file, settled, ()) < _MIXED:
        return
    parts = [role for role in ("store_id", "date", "customer_id") if role in columns]
    for size in (1, 2, 3):
        for roles in combinations(parts, size):
            if _mixed(file, settled, roles) <= _CLEAN:
                words = " and ".join(columns[role] for role in roles)
                settled.take(
                    say("orders.begins_anew", order_id=columns["order_id"], words=words), order_within=list(roles)
                )
                return


def _mixed(file: WholeFile, settled: Settled, roles: tuple[str, ...]) -> float:
    """Share of the orders of several rows that have several customers or days, if a number counts within some roles."""
    columns = settled.columns
    day = file.day(columns, settled.settings["date_format"])
    keys = [file.text(columns["order_id"]), *(day if role == "date" else file.text(columns[role]) for role in roles)]
    who = f"lower({customer(file.text(columns['customer_id']))})"
    n, mixed = file.rows(
        f"select count(*), count(*) filter (people > 1 and not edited) from (select count(distinct {who}) as people,"
        f" {_edited(file, settled, day)} as edited, count(*) as n"
        f" from looked where broken_row is null and {keys[0]} is not null group by {', '.join(keys)}) where n > 1"
    )[0]
    return float(mixed) / n if n >= _MIN_ORDERS else 0.0


def _edited(file: WholeFile, settled: Settled, day: str) -> str:
    """SQL of whether an order has a line again in another file on the same day: its customer was changed, no other."""
    if (PART,) not in file.rows("select column_name from (describe looked)"):
        return "false"
    said = [filled(settled.columns[role]) for role in _LINE if role in settled.columns]
    line = f"concat_ws('|', {', '.join([f'{day}::text', *said])})"
    return f"count(distinct ({PART}, {line})) > count(distinct {line})"
