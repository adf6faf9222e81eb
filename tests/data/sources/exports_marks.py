"""What says in an export that a row is no sale, or a return: the name of a product, a mark, how a number begins."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.data.sources.exports import Line

KINDS = ["", "", "", "goods", "no_sale", "back", "prefix"]
NAMES = {
    "en": ("Product name", "Gift card 50", "Shipping", "10% discount"),
    "de": ("Bezeichnung", "Gutschein 50 EUR", "Versandkosten", "Rabatt"),
    "fr": ("Nom produit", "Carte cadeau", "Livraison", "Remise"),
    "es": ("Descripción", "Tarjeta regalo", "Envío", "Descuento"),
    "zh": ("商品名称", "礼品卡", "运费", "优惠"),
    "tw": ("商品名稱", "礼品卡", "运费", "折扣"),
}
MARKS = {
    "no_sale": [
        ("Training", "N", "Y"), ("Deleted", "0", "1"), ("deleted_at", "", "2024-05-05"), ("active", "Y", "N"),
        ("is_valid", "True", "False"), ("Test", "no", "yes"), ("X", "", "x"), ("Storniert", "nein", "ja"),
        ("Gelöscht", "", "X"), ("作废", "否", "是"), ("Void", "0", "1"),
    ],
    "back": [
        ("Return reason", "", "too small"), ("Credit note for", "", "1007"), ("Retourengrund", "", "zu klein"),
        ("Motif de retour", "", "trop petit"), ("退货原因", "", "尺码"), ("Is return", "false", "true"),
    ],
}  # fmt: skip
PREFIXES = [("INV", "CN", "return"), ("SO-", "QU-", "no_sale"), ("RE", "GS", "return"), ("A", "ANG", "no_sale")]


def dress(lines: list[Line], form: dict[str, object], dice: random.Random) -> None:
    """Mark some orders, or add lines that are no merchandise; a status tells enough by itself."""
    kind = dice.choice(KINDS)
    if form["status"] or (kind == "goods" and str(form["layout"]).startswith("total")):
        kind = ""
    form["marks_kind"] = kind
    near = [line for line in lines if line.status == "sale" and line.units > 0]
    some = set(dice.sample(sorted({line.order for line in near}), 4))
    if kind == "goods":
        form["marked"] = NAMES[str(form["language"])]
        _add_goods(lines, [line for line in near if line.order in some], NAMES[str(form["language"])])
    elif kind:
        form["marked"] = dice.choice(PREFIXES if kind == "prefix" else MARKS[kind])
        means = str(form["marked"][2]) if kind == "prefix" else "return" if kind == "back" else "no_sale"  # type: ignore[index]
        for line in lines:
            if line.order in some and line.status == "sale":
                line.mark, line.status = "marked", "back" if means == "return" else "marked"


def _add_goods(lines: list[Line], near: list[Line], words: Sequence[str]) -> None:
    """A voucher, postage and a discount beside the first line of some orders."""
    for first in {line.order: line for line in reversed(near)}.values():
        for item, name, price, counts in (("9001", words[1], "50", "none"), ("9002", words[2], "4.95", "fee"),
                                          ("9003", words[3], "-1.25", "sale")):  # fmt: skip
            lines.append(
                replace(first, item=item, name=name, units=1, price=Decimal(price), off=Decimal(0), status=counts)
            )


def number_of(line: Line, form: dict[str, object]) -> str:
    """The order's number as it stands."""
    if form["marks_kind"] != "prefix":
        return str(line.order)
    usual, other, _ = form["marked"]  # type: ignore[misc]
    return f"{other if line.mark else usual}{line.order}"


def column(form: dict[str, object]) -> list[str]:
    """The name of the column that says so, if any."""
    return [str(form["marked"][0])] if form["marks_kind"] in ("goods", "no_sale", "back") else []  # type: ignore[index]


def cell(line: Line, form: dict[str, object]) -> list[str]:
    """What stands in it."""
    if form["marks_kind"] == "goods":
        return [line.name or f"Thing {line.item}"]
    return [str(form["marked"][2 if line.mark else 1])] if column(form) else []  # type: ignore[index]


def opened(form: dict[str, object]) -> tuple[set[str], dict[str, object]]:
    """What is asked, and the right answer."""
    if not form["marks_kind"]:
        return set(), {}
    name, other, means = form["marked"][:3]  # type: ignore[index]
    return {
        "goods": ({"product"}, {"products": {"usual": ""}}),
        "no_sale": ({"ignored", "status"}, {"columns": {"taken_back": name}}),
        "back": ({"ignored", "status"}, {"columns": {"returned": name, "status": ""}}),
        "prefix": ({"prefixes"}, {"prefixes": {str(other).rstrip("-"): means}}),
    }[str(form["marks_kind"])]
