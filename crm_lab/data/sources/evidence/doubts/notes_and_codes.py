"""Columns that are not read and may say in a note, a letter or a number what a row is worth: asked about."""

from __future__ import annotations

import re

from crm_lab.data.quoting import text_of
from crm_lab.data.sources.evidence.findings import Settled, say, shell
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.first_look.column_vocabulary import plain_name
from crm_lab.data.sources.sql import filled

TAKEN_BACK = (
    r"(?i)\b(?:refund|cancel|void(?:ed)?\b|charge ?back|returned\b|storn|gutschrift|gutgeschrieben|erstattet|retour"
    r"|zurückg|annul|rembours|anulad|reembols|devuel)|rückerstatt|退款|取消|退货|退貨|退回|作废|作廢|返品|返金|キャンセル"
)
"""Regular expression of a note that says that a sale was taken back."""

_PIECES = re.compile(r"qty|quant|menge|pieces|units|anzahl|stuck|qte|cantidad|unidades|数量|件数|個数")
_FEW_VALUES = 12
_ENOUGH = 5
_HALF = 0.5
_REPEATED = 4
"""Rows, at least, for each of a column's codes."""
_CODE = re.compile(r"[\w*#!+-]{1,3}")
_CODED = re.compile(
    r"flag|kennz|^kz|^st$|stat|zustand|marker|^code$|void|vorgang|标志|标记|状态|状況|区分|フラグ"
    r"|^sign$|vorzeichen|signe|signo|^dc$|sollhaben|shkzg|bwart|movement|bewegung|mouvement|movimiento|正负|借贷"
)
_SIGNS = ({"+", "-"}, {"d", "c"}, {"dr", "cr"}, {"s", "h"}, {"x"})
"""Codes that say plus and minus, or mark a row, whatever their column is called."""

_LETTERS = frozenset("cxvrdg")
_GRADES, _SIZES, _SEXES = frozenset("abcde"), frozenset({"xs", "s", "m", "l", "xl", "xxl"}), frozenset("mfwdux")
_UNITS = (1, 10, 100, 1000, 10000)


def ask_of_doubts(file: WholeFile, column: str, settled: Settled) -> None:
    """Ask of a column that is not read, if it may say that a sale was taken back, or of how many units a price is."""
    if not _ask_of_a_note(file, column, settled) and not _ask_of_codes(file, column, settled):
        _ask_of_units(file, column, settled)


def says_taken_back(column: str) -> str:
    """SQL condition that a column's text says that a sale was taken back."""
    return f"regexp_matches({filled(column)}, {text_of(TAKEN_BACK)})"


def is_of(file: WholeFile, column: str, role: str, settled: Settled) -> bool:
    """Whether a column says something of each product, or customer, and not of the sale."""
    if role not in settled.columns or settled.columns[role] == column:
        return False
    keys, several = file.rows(
        "select count(*) filter (n > 1), count(*) filter (kinds > 1) from (select count(*) as n,"
        f" count(distinct coalesce({file.text(column)}, '')) as kinds from looked where broken_row is null"
        f" and {file.text(settled.columns[role])} is not null group by {file.text(settled.columns[role])})"
    )[0]
    return bool(keys >= _ENOUGH and several == 0)


def _ask_of_a_note(file: WholeFile, column: str, settled: Settled) -> bool:
    says = says_taken_back(column)
    n, of, example = file.row(f"count(*) filter ({says}), count(*), min({file.text(column)}) filter ({says})")
    if not 0 < n < _HALF * of:
        return False
    ask_of_taken_back(column, n, str(example)[:60], settled)
    return True


def ask_of_taken_back(column: str, n: int, example: str, settled: Settled) -> None:
    """Ask whether what a column says in some rows is that a sale was taken back."""
    c = shell(column)
    status = () if "status" in settled.columns else ((say("notes.a_status"), f"--column status={c} --status usual"),)
    settled.ask(
        "ignored",
        say("notes.taken_back", column=column, n=n, example=example),
        *status,
        (say("notes.no_sale"), f"--column taken_back={c}"),
        (say("notes.returns"), f"--column returned={c}"),
        (say("notes.pieces_back"), f"--column returned_quantity={c}")
        if _PIECES.search(plain_name(column))
        else (say("notes.paid_back"), f"--column refund={c}"),
        (say("notes.does_not_matter"), f"--ignore {c}"),
    )


def _ask_of_codes(file: WholeFile, column: str, settled: Settled) -> bool:
    counts = file.counts(column, _FEW_VALUES + 1)
    values = {value.lower() for value, _ in counts}
    rows = file.row("count(*)")[0]
    if not values or len(values) > min(_FEW_VALUES, rows / _REPEATED) or max(n for _, n in counts) == rows:
        return False
    if not all(_CODE.fullmatch(value) for value in values):
        return False
    other = any(values <= known for known in (_GRADES, _SIZES, _SEXES))
    unlike = values not in _SIGNS and (other or not values & _LETTERS)
    if not _CODED.search(plain_name(column)) and unlike:
        return False
    c = shell(column)
    words = " ".join(f"--status {shell(f'{value}=MEANING')}" for value, _ in counts)
    said = ", ".join(f"{value!r} ({n:,})" for value, n in counts)
    settled.ask(
        "ignored",
        say("notes.codes", column=column, said=said),
        (say("notes.meanings"), f"--column status={c} {words}"),
        (say("notes.anything_is_no_sale"), f"--column taken_back={c}"),
        (say("notes.does_not_matter"), f"--ignore {c}"),
    )
    return True


def _ask_of_units(file: WholeFile, column: str, settled: Settled) -> None:
    if "price" not in settled.columns or {"amount", "price_unit"} & set(settled.columns):
        return
    value = file.number(column, settled.decimal)
    n, of, other, most = file.row(f"count({value}), count(*), count(*) filter ({value} not in {_UNITS}), max({value})")
    if n == of and not other and most > 1:
        c, price = shell(column), settled.columns["price"]
        settled.ask(
            "price",
            say(
                "notes.units_of_the_price",
                column=column,
                n=", ".join(value for value, _ in file.counts(column, 5)),
                price=price,
            ),
            (say("notes.yes"), f"--column price_unit={c}"),
            (say("notes.no"), f"--ignore {c}"),
        )
