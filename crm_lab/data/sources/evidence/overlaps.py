"""Rows that stand twice: in two files or sheets, or in one order."""

from __future__ import annotations

from crm_lab.data.quoting import name_of
from crm_lab.data.sources.evidence.findings import Answers, Settled, say
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.lines.several_files import OVERLAP
from crm_lab.data.sources.raw_rows import PART

_MOST = 0.9
_NONE = 0.02
_MANY = 0.03
_A_FEW = 10


def settle_overlaps(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Count a row of two parts once where they cover the same days or orders; ask where only some rows are alike.

    With order numbers the row is of one order. Without, parts that overlap in time repeat nearly all rows of the days
    they share; where they repeat a few, these may be equal sales of two shops.
    """
    found = file.rows("select column_name from (describe looked_at_all)")
    if (OVERLAP,) not in found:
        return
    (n,) = file.rows(f"select count(*) from looked_at_all where {OVERLAP}")[0]
    if not n:
        return
    if answers.overlap == "kept":
        settled.take(say("repeats.each_counts", n=n), rules={**settled.settings.get("rules", {}), "overlap": "flag"})
    elif answers.overlap == "once" or "order_id" in settled.columns or _whole_days_repeat(file, settled):
        settled.take(say("repeats.count_once", n=n))
    else:
        settled.ask(
            "overlap",
            say("repeats.in_two_files", n=n),
            (say("repeats.exported_twice"), "--overlap once"),
            (say("repeats.equal_sales"), "--overlap kept"),
        )


def _whole_days_repeat(file: WholeFile, settled: Settled) -> bool:
    """Whether, on days with a repeated row, the later part's rows are nearly all repeated."""
    day = name_of(settled.columns["date"])
    repeated, rows = file.rows(
        f"select coalesce(sum(r), 0), coalesce(sum(n), 0) from (select {PART}, {day},"
        f" count(*) filter ({OVERLAP}) as r, count(*) as n from looked_at_all group by all) where r > {_NONE} * n"
    )[0]
    return bool(repeated >= _MOST * rows)


def settle_repeats(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Lines that stand in an order twice: the same thing scanned again where no column counts it; else, if many, asked.

    A few among lines with a quantity are taken for repeats by mistake and set aside, which the books show.
    """
    columns = settled.columns
    if not {"order_id", "product_id"} <= set(columns):
        return
    rules = dict(settled.settings.get("rules", {}))
    same = ", ".join(name_of(c) for c in file.header if not c.startswith("lab_"))
    rows, n = file.rows(
        "select sum(n), sum(n - 1) from"
        f" (select count(*) as n from looked where broken_row is null group by hash({same}))"
    )[0]
    if not n or "repeated_line" in rules:
        return
    if answers.repeats:
        action = "quarantine" if answers.repeats == "set_aside" else "flag"
        settled.take(say("repeats.as_given", n=n), rules={**rules, "repeated_line": action})
    elif "quantity" not in columns:
        settled.take(say("repeats.each_is_one", n=n), rules={**rules, "repeated_line": "flag"})
    elif n > max(_A_FEW, _MANY * rows):
        settled.ask(
            "repeats",
            say("repeats.in_one_order", n=n, rows=rows),
            (say("repeats.scanned_again"), "--repeats kept"),
            (say("repeats.by_mistake"), "--repeats set_aside"),
        )  # fmt: skip
