"""Rows that stand twice: in two files or sheets, or in one order."""

from __future__ import annotations

from crm_lab.data.quoting import name_of
from crm_lab.data.sources.evidence.findings import Answers, Settled
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
        settled.take(
            f"{n:,} rows stand in two files or sheets; each counts",
            rules={**settled.settings.get("rules", {}), "overlap": "flag"},
        )
    elif answers.overlap == "once" or "order_id" in settled.columns or _whole_days_repeat(file, settled):
        settled.take(f"{n:,} rows stood in an earlier file or sheet already; they count once")
    else:
        settled.ask(
            "overlap",
            f"{n:,} rows stand in two files or sheets alike, and there is no order number: the same sale exported"
            " twice, or equal sales of two places?",
            ("exported twice", "--overlap once"),
            ("equal sales", "--overlap kept"),
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
        f"select sum(n), sum(n - 1) from (select count(*) as n from looked where broken_row is null group by {same})"
    )[0]
    if not n or "repeated_line" in rules:
        return
    if answers.repeats:
        action = "quarantine" if answers.repeats == "set_aside" else "flag"
        settled.take(f"{n:,} lines stand in their order twice: as given", rules={**rules, "repeated_line": action})
    elif "quantity" not in columns:
        settled.take(
            f"{n:,} lines stand in their order twice and no column counts units: each is one",
            rules={**rules, "repeated_line": "flag"},
        )
    elif n > max(_A_FEW, _MANY * rows):
        settled.ask(
            "repeats",
            f"{n:,} of {rows:,} lines stand in their order twice: the same thing scanned again, or lines repeated by"
            " mistake?",
            ("scanned again", "--repeats kept"),
            ("by mistake", "--repeats set_aside"),
        )  # fmt: skip
