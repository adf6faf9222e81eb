"""The column of order numbers, where no name is sure: its values stand on rows of one customer and one day each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crm_lab.data.sources.evidence.findings import Answers, Settled, say, shell
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.first_look.column_vocabulary import names_of, plain_name
from crm_lab.data.sources.first_look.first_rows import SAMPLE
from crm_lab.data.sources.first_look.value_looks import reads_as_date
from crm_lab.data.sources.sql import customer

_ENOUGH = 20
_FILLED = 0.95
_ONE_CUSTOMER, _ONE_DAY, _SURE = 0.99, 0.9, 0.99
_MONEY = re.compile(r"-?[\d.,' ]*[.,]\d{1,2}|.*[€$£¥].*|\d+:\d.*")
_CODE = re.compile(r"[\w#][\w#./-]{1,39}")
_WITH_WORDS = re.compile(r"[\w#№][\w#№./: -]{0,59}")
_IDS = re.compile(r"(?:^|line|row|item|position|zeilen|pos)(?:id|nr|no|number|uuid|index)$|^column\d+$|行号")
"""Names of columns that count rows, or may."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A column whose values may be order numbers.

    Attributes:
        column: The column.
        named: Whether it is called as order numbers may be.
        each_row: Whether each row has a value of its own.
        parts: Values beyond one a customer and day: purchases that would be taken together without it.
    """

    column: str
    named: bool
    each_row: bool
    parts: int


def settle_order_column(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Find the order number by its values where no name is sure; ask of columns that may be one; say if none is.

    Without one, what a customer buys on one day counts as one order.

    Args:
        file: The file, its days settled.
        answers: What the user said.
        settled: Where the column or the question is noted.
    """
    columns = settled.columns
    if "order_id" in answers.columns and not columns.get("order_id"):
        settled.take(say("orders.none"))
    given = "order_id" in columns or "order_id" in answers.columns
    if given or "customer_id" not in columns or "date_format" not in settled.settings:
        return
    _release_references(file, answers, settled)
    found = _candidates(file, settled)
    sure = [one for one in found if one.named]
    if sure:
        best = sure[0]
        columns["order_id"] = best.column
        for role in ("status", "product_id"):
            if columns.get(role) == best.column:
                del columns[role]
        settled.take(say("orders.by_its_rows", column=best.column))
        return
    open_ones = [one for one in found if one.parts and not (one.each_row and "product_id" in columns)]
    if open_ones:
        best = open_ones[0]
        settled.ask(
            "order_id",
            say("orders.may_be", column=best.column, parts=best.parts),
            *(
                (say("orders.it_is", column=one.column), f"--column order_id={shell(one.column)}")
                for one in open_ones[:3]
            ),
            (say("orders.it_is_not"), "--column order_id="),
        )
    else:
        settled.take(say("orders.none"))


def _release_references(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """A reference that is on each row another one is no product: a list with a row an order has one."""
    column = settled.columns.get("product_id")
    if not column or "product_id" in answers.columns or plain_name(column) not in names_of("may_be_order_id"):
        return
    rows, kinds = file.row(f"count({file.text(column)}), count(distinct {file.text(column)})")
    if rows == kinds >= _ENOUGH:
        del settled.columns["product_id"]


def _candidates(file: WholeFile, settled: Settled) -> list[Candidate]:
    """Columns that could number orders, those that are called so first, in the order of the vocabulary."""
    used = {column for role, column in settled.columns.items() if role != "status"}
    weak = names_of("may_be_order_id")
    left = [c for c in file.header if c not in used and not c.startswith("lab_")]
    named = sorted((c for c in left if plain_name(c) in weak), key=lambda c: weak.index(plain_name(c)))
    found = [one for column in named if (one := _looked_at(file, settled, column, named=True))]
    if not found:
        others = [
            c for c in left if c not in named and c != settled.columns.get("status") and not _IDS.search(plain_name(c))
        ]
        found = [one for column in others if (one := _looked_at(file, settled, column, named=False))]
    lines = "product_id" in settled.columns
    return [one for one in found if not (lines and one.each_row and _IDS.search(plain_name(one.column)))]


def _looked_at(file: WholeFile, settled: Settled, column: str, *, named: bool) -> Candidate | None:
    """A column as a candidate, if its values can be order numbers at all."""
    seen = [value for value, _ in file.counts(column)]
    days = reads_as_date(seen) and not (named and any(letter.isalpha() for letter in seen[0]))
    if len(seen) < _ENOUGH or days or not _are_codes(seen, words=named):
        return None
    columns, value = settled.columns, file.text(column)
    who = f"lower({customer(file.text(columns['customer_id']))})"
    day = file.day(columns, str(settled.settings["date_format"]))
    rows, there = file.row(f"count(*), count({value})")
    values, people, one, one_day, beside = file.rows(
        "select count(*), max(all_people), avg((people <= 1)::integer), avg((days <= 1)::integer),"
        " avg((last - first + 1 = n)::integer) from (select count(*) as n, min(source_row) as first,"
        f" max(source_row) as last, count(distinct {who}) as people, count(distinct {day}) as days,"
        f" (select count(distinct {who}) from looked) as all_people from looked where broken_row is null"
        f" and {value} is not null group by {value})"
    )[0]
    strict = _ONE_DAY if named else _SURE
    if there < _FILLED * rows or one < _ONE_CUSTOMER or one_day < strict or (not named and beside < _SURE):
        return None
    if not named and values <= people:  # something of the customer
        return None
    (pairs,) = file.rows(
        f"select count(distinct ({who}, {day})) from looked where broken_row is null and {who} is not null"
        f" and {value} is not null"
    )[0]
    (numbers,) = file.rows(
        f"select count(distinct ({value}, {who}, {day})) from looked where broken_row is null and {who} is not null"
        f" and {value} is not null"
    )[0]
    return Candidate(column, named, values == there, int(numbers - pairs))


def _are_codes(seen: Sequence[str], *, words: bool) -> bool:
    """Whether some values are numbers or codes, maybe with words around them, and no money, clock or names."""
    form = _WITH_WORDS if words else _CODE
    codes = [v for v in seen[:SAMPLE] if form.fullmatch(v) and any(c.isdigit() for c in v) and not _MONEY.fullmatch(v)]
    letters = [v for v in seen if _CODE.fullmatch(v) and v.isupper() and len(v) > 5]
    return max(len(codes), len(letters)) >= _SURE * len(seen)
