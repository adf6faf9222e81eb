"""Amounts in the currency of each sale and in one of the shop's: which column is added up."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crm_lab.data.sources.evidence.findings import Answers, Settled, say
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.first_look.column_vocabulary import plain_name
from crm_lab.data.sources.sql import CODES

_LOCAL = re.compile(
    r"local|home|base(?!d)|company|reporting|functional|group|shop|store|hauswahr|inlandswahr|konzern|eigenwahr|locale?$|locale"
    r"|tenuedecompte|societe|本位币|本幣|本币|记账|記帳|自国|現地"
)
_MONEY = re.compile(
    r"amount|total|revenue|sales|value|price|net|betrag|umsatz|wert|montant|importe|monto|金额|金額|сумма"
)
_CODE = re.compile(rf"(?<![A-Za-z])({'|'.join(CODES)})(?![A-Za-z])")
_ALMOST = 0.98
_CENT = 0.011


@dataclass(frozen=True, slots=True)
class Money:
    """A column of amounts in one currency, and that currency's code."""

    column: str
    code: str


def settle_local_amount(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Find the column of currencies by its values; where there are several, take the amount in the shop's own.

    Args:
        file: The file.
        answers: What the user said.
        settled: Its role ``currency`` is the column of currencies where there is one, and its ``amount`` is the column
            in the shop's currency where one is named so.
    """
    columns = settled.columns
    if answers.counts_only or "currency" in answers.columns:
        return
    codes = {column: found for column in file.header if (found := _codes(file, column))}
    several = [column for column, found in codes.items() if len(found) > 1]
    if not several:
        if "currency" not in columns and len(codes) == 1:
            columns["currency"] = next(iter(codes))
        return
    own = {} if "amount" in answers.columns or answers.keep_currency or answers.rates else _own(file, settled, codes)
    if own:
        money = next(iter(own.values()))
        for role in ("price", "currency", *(("discount",) if money.column != columns.get("amount") else ())):
            columns.pop(role, None)
        columns["amount"] = money.column
        settled.take(say("marks.own_amount", column=money.column, code=money.code, several=", ".join(several)))
        settled.settings["currency"] = money.code
    elif not _is_own(columns.get("amount", "")):
        columns["currency"] = several[0]
    elif code := _code_of(columns["amount"], codes):
        columns.pop("currency", None)
        settled.settings["currency"] = code


def _codes(file: WholeFile, column: str) -> list[str]:
    """The codes of a column that holds codes of currencies and nothing else."""
    first = file.rows(f"select upper({file.text(column)}) as v from looked where v is not null limit 1")
    if not first or first[0][0] not in CODES:
        return []
    counts = file.counts(column, 40)
    codes = [value.upper() for value, _ in counts]
    rows = file.row("count(*)")[0]
    full = sum(n for _, n in counts) >= _ALMOST * rows
    return codes if codes and full and set(codes) <= set(CODES) else []


def _is_own(column: str) -> bool:
    """Whether an amount's name says that it is in one currency, whatever the others are."""
    return bool(column) and bool(_CODE.search(column.upper()) or _LOCAL.search(plain_name(column)))


def _own(file: WholeFile, settled: Settled, codes: dict[str, list[str]]) -> dict[str, Money]:
    """Columns of amounts that are named as in the shop's currency, with its code."""
    found = {}
    for column in file.header:
        plain = plain_name(column)
        if not _MONEY.search(plain) or not _is_own(column) or column in codes:
            continue
        value = file.number(column, settled.decimal)
        n, rows = file.row(f"count({value}), count(*)")
        code = _code_of(column, codes)
        if code and n >= _ALMOST * rows and _agrees(file, settled, column, code, codes):
            found[column] = Money(column, code)
    return found


def _code_of(column: str, codes: dict[str, list[str]]) -> str:
    """The code in a column's name, else that of the one column of currencies named so that has a single value."""
    said = _CODE.search(column.upper())
    own = [found[0] for name, found in codes.items() if len(found) == 1 and _LOCAL.search(plain_name(name))]
    return said[1] if said else own[0] if len(own) == 1 else ""


def _agrees(file: WholeFile, settled: Settled, column: str, code: str, codes: dict[str, list[str]]) -> bool:
    """Whether rows in the shop's currency say the same in the column of theirs, where there are such rows."""
    theirs = next(name for name, found in codes.items() if len(found) > 1)
    amount = settled.columns.get("amount")
    if not amount or amount == column:
        return True
    apart = f"abs({file.number(amount, settled.decimal)} - {file.number(column, settled.decimal)}) <= {_CENT}"
    same, n = file.row(f"count(*) filter ({apart}), count(*)", f"upper({file.text(theirs)}) = '{code}'")
    return bool(same >= _ALMOST * n)
