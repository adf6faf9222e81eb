"""Kinds of bills, as SAP's FkArt: what they are by their codes, or by the sign of their amounts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from crm_lab.data.sources.evidence.findings import Settled
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.first_look.column_vocabulary import plain_name
from crm_lab.data.sources.sql import filled, number

_COLUMNS = re.compile(r"fkart|fakturaart|billingtype|belegart|auart|blart")
_CODES = {"f1": "sale", "f2": "sale", "l2": "sale", "s2": "sale", "g2": "return", "s1": "return", "f5": "no_sale",
          "f8": "no_sale"}  # fmt: skip
"""Invoices, debits, credits, cancellations, pro formas in SAP; a retailer's own kinds begin with z."""


def holds_kinds_of_bills(column: str) -> bool:
    """Whether a column is called as one of kinds of bills."""
    return _COLUMNS.search(plain_name(column)) is not None


def kind_of_bill(word: str) -> str:
    """What a code means; empty if it is no usual one.

    >>> kind_of_bill("ZF2"), kind_of_bill("G2"), kind_of_bill("ZXY")
    ('sale', 'return', '')
    """
    return _CODES.get(word.strip().lower().removeprefix("z"), "")


def told_by_amounts(file: WholeFile, settled: Settled, proposed: Mapping[str, str]) -> dict[str, str]:
    """Kinds of bills that the sign of their amounts tells: credits are negative, and the others positive.

    Args:
        file: The file.
        settled: Its role ``status`` is the column of the kinds.
        proposed: Word, in lower case, to meaning as far as it is known; one that is no sale leaves the others open.
    """
    column, status = settled.columns.get("amount"), settled.columns["status"]
    if not column or not holds_kinds_of_bills(status) or "no_sale" in proposed.values():
        return {}
    amount = number(column, str(settled.settings.get("decimal", ".")))
    kinds = file.rows(
        f"select lower({filled(status)}) as w, max({amount}) < 0, min({amount}) >= 0 from looked"
        f" where broken_row is null and w is not null and {amount} is not null group by 1"
    )
    signs = {word: "return" if negative else "sale" if positive else "" for word, negative, positive in kinds}
    agree = all(not proposed.get(word) or proposed[word] == meaning for word, meaning in signs.items())
    return signs if agree and set(signs.values()) == {"sale", "return"} else {}
