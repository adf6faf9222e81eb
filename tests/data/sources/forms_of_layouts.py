"""Forms of currencies, of several files and of pages that were once read wrong, asked in vain or not read."""

# ruff: noqa: E501 - a row stands on one line, as its system writes it

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import permutations

from tests.data.sources.forms import (
    ONLY_ASKED,
    READ,
    Form,
    Sale,
    comma,
    order_total,
    refused,
    replace,
    sales,
    shop,
    table,
    truth,
)

SALES = sales()
HEAD = "Order No,Date,Customer,SKU,Qty"
CODES = {s.order: ("EUR", "USD", "GBP")[s.order % 3] for s in SALES}
SIGN = {"EUR": "€", "USD": "$", "GBP": "£"}
RATE = {"EUR": Decimal(1), "USD": Decimal("0.92"), "GBP": Decimal("1.17")}


def row(one: Sale, *more: object) -> str:
    """A line and what stands behind it."""
    return ",".join(map(str, (f"o{one.order}", one.day, one.who, one.item, one.units, *more)))


def currencies() -> dict[str, Form]:
    """Several currencies: a column of them, or signs and codes beside amounts or prices; one kept, or converted."""
    kept = [s for s in SALES if CODES[s.order] == "EUR"]
    answers: dict[str, dict[str, object]] = {
        "kept": {"money": truth(kept), "orders": 20, "flags": ("--keep-currency", "EUR")},
        "converted": {"money": truth(SALES, lambda s: s.money * RATE[CODES[s.order]]),
                      "flags": ("--currency", "EUR", "--rate", "USD=0.92", "--rate", "GBP=1.17")},
    }  # fmt: skip
    ways: dict[str, tuple[str, Callable[[Sale], tuple[object, ...]]]] = {
        "signs": ("Amount", lambda s: (f"{SIGN[CODES[s.order]]}{s.money}",)),
        "codes": ("Amount", lambda s: (f"{s.money} {CODES[s.order]}",)),
        "a column of signs": ("Amount,Currency", lambda s: (s.money, SIGN[CODES[s.order]])),
        "signs beside the price": ("Unit price", lambda s: (f"{CODES[s.order]} {s.price}",)),
    }
    first = [s for s in SALES if s.order % 3 == 1]

    def some(mark: str, head: str = "Amount", other: str = "", **more: object) -> Form:
        return shop(table(f"{HEAD},{head}", lambda s: row(s, f"{mark if s in first else other}{s.money}"), SALES),
                    **{"ends": ONLY_ASKED, **more})  # fmt: skip

    only = {"money": truth(first), "orders": 0}
    others = {"money": truth([s for s in SALES if s not in first]), "orders": 0}
    return {
        **{f"{way} {how}": shop(table(f"{HEAD},{head}", lambda s, more=more: row(s, *more(s)), SALES), ends=ONLY_ASKED, **answer)
           for way, (head, more) in ways.items() for how, answer in answers.items()},
        "some without a sign, all alike": some("$", flags=("--currency", "USD")),
        "some without a sign, the others kept": some("$", flags=("--currency", "EUR", "--keep-currency", "USD"), **only),
        "a dollar beside another": some("A$", other="$", flags=("--currency", "USD", "--keep-currency", "USD"), **others),
        "two dollars that are one": some("US$", other="$", ends=READ),
        "a sign of several": some("kr ", other="kr ", flags=("--currency", "SEK")),
        "a column that is empty at home": shop(
            table(f"{HEAD},Amount,Currency", lambda s: row(s, s.money, "USD" if s in first else ""), SALES),
            flags=("--currency", "EUR", "--rate", "USD=0.92"), ends=ONLY_ASKED,
            money=truth(SALES, lambda s: s.money * (RATE["USD"] if s in first else 1))),
    }  # fmt: skip


def files_in_any_order() -> dict[str, Form]:
    """Lines, orders, customers and products that are named in any order."""
    heads = [s for s in SALES if s.first]
    texts = {
        "orders.csv": table("order_id,customer_id,order_date,city", lambda s: f"o{s.order},{s.who},{s.day},X{s.order % 4}", heads),
        "items.csv": table("order_id,sku,qty,price", lambda s: f"o{s.order},{s.item},{s.units},{s.price}", SALES),
        "customers.csv": "customer_id,segment,city\n" + "".join(f"{who},g{who[-1]},C\n" for who in sorted({s.who for s in SALES})),
        "products.csv": "sku,category\n" + "".join(f"{item},c{item[-1]}\n" for item in sorted({s.item for s in SALES})),
    }  # fmt: skip
    totals = {
        "orders.csv": table("order_id,customer_id,order_date,total", lambda s: f"o{s.order},{s.who},{s.day},{order_total(SALES, s.order)}", heads),
        "items.csv": table("order_id,sku,qty,line_total", lambda s: f"o{s.order},{s.item},{s.units},{s.money}", SALES),
    }  # fmt: skip
    orders = [*permutations(list(texts)[:3]), tuple(reversed(texts))]
    return {
        **{" ".join(names): Form({n: texts[n] for n in names}, truth(SALES), 60, ends=READ) for names in orders},
        **{f"totals in {' '.join(names)}": Form({n: totals[n] for n in names}, truth(SALES), 60) for names in permutations(totals)},
    }  # fmt: skip


def edited_customers() -> dict[str, Form]:
    """Overlapping exports between which the customer of some orders was changed, and numbers that begin anew."""

    def changed(orders: range, head: str = f"{HEAD},Unit price") -> Form:
        late = [replace(s, who=f"{s.who}X") if s.order in orders else s for s in SALES if s.order >= 15]
        early = [s for s in SALES if s.order < 45]
        return Form({name: table(head, lambda s: row(s, s.price), part) for name, part in (("w1.csv", early), ("w2.csv", late))},
                    truth([s for s in SALES if s.order < 15] + late), 60, ("--overlap", "latest"), ONLY_ASKED)  # fmt: skip

    north = sales(start=date(2024, 1, 5))
    again = [replace(s, order=s.order + 60, who=f"{s.who}N") for s in north]
    return {
        "one": changed(range(20, 21)),
        "some": changed(range(20, 23)),
        "many": changed(range(20, 40)),
        "two shops that number alike": Form(
            {"north.csv": table(f"{HEAD},Unit price", lambda s: row(replace(s, who=f"{s.who}N"), s.price), north),
             "south.csv": table(f"{HEAD},Unit price", lambda s: row(s, s.price), SALES)}, truth(SALES + again), 120),
    }  # fmt: skip


def marks_of_above() -> dict[str, Form]:
    """Ditto marks under a day, a customer and an order, alone or together; dashes that say nothing stay so."""

    def marked(mark: str, *fields: int, ends: frozenset[str] = READ, **more: object) -> Form:
        def made(one: Sale) -> str:
            cells = [*row(one, one.price).split(",")]
            return ",".join(mark if place in fields and not one.first else cell for place, cell in enumerate(cells))

        return shop(table(f"{HEAD},Unit price", made, SALES), ends=ends, **more)

    guests = [replace(s, who="-") if s.order % 4 == 0 else s for s in SALES]
    quotes = '""""'
    return {
        **{f"{mark} for all": marked(mark, 0, 1, 2) for mark in (quotes, "〃", "do.", "Idem", "同上", "—", "-")},
        **{f"〃 for {name}": marked("〃", place) for place, name in enumerate(("the order", "the day", "the customer"))},
        "a dash for the day": marked("—", 1),
        "a dash for a guest": shop(table(f"{HEAD},Unit price", lambda s: row(s, s.price), guests), ends=READ,
                                   money=truth(guests, who=lambda s: None if s.who == "-" else s.who)),
    }  # fmt: skip


def kinds_of_bills() -> dict[str, Form]:
    """Kinds of bills that the sign of their amounts tells, and those that it does not."""
    back = {5, 21, 40, 41}

    def bills(kinds: tuple[str, str, str], column: str = "FkArt", sign: int = -1, **more: object) -> Form:
        def made(one: Sale) -> str:
            kind = kinds[1] if one.order in back else kinds[0 if one.order % 2 else 2]
            money = comma(one.money * (sign if one.order in back else 1))
            return f"{one.order};{kind};{one.day:%d.%m.%Y};{one.who};{one.item};{one.units};{money}"

        head = f"Faktura;{column};Fakturadatum;Kundennr;Material;Menge;Nettowert"
        signed = truth(SALES, lambda s: -s.money if s.order in back else s.money)
        return shop(table(head, made, SALES), **{"money": signed, "orders": 56, "ends": READ, **more})

    no_pro_forma = [s for s in SALES if s.order % 2 or s.order in back]
    usual = {"flags": ("--status", "usual"), "ends": ONLY_ASKED}
    return {
        "of the retailer's own": bills(("ZF2", "ZG2", "ZXY")),
        "of nobody's knowledge": bills(("ZXA", "ZXB", "ZXC")),
        "some known": bills(("Rechnung", "Gutschrift", "ZXY"), "Belegart"),
        "credits are positive": bills(("ZF2", "ZQQ", "F2"), sign=1, flags=("--status", "usual", "--status", "ZQQ=return"), ends=ONLY_ASKED),
        "pro forma": bills(("F2", "G2", "F5"), **{**usual, "orders": 0},
                           money=truth(no_pro_forma, lambda s: -s.money if s.order in back else s.money)),
    }  # fmt: skip


def fixed_positions() -> dict[str, Form]:
    """Columns that stand at fixed positions: refused in a sentence that says what to do."""

    def set_out(head: tuple[str, ...], cells: Callable[[Sale], tuple[object, ...]]) -> Form:
        widths = (10, 14, 14, 16, 6, 12)
        rows = [head, *map(cells, SALES)]
        text = "\n".join("".join(str(c).ljust(w) for c, w in zip(one, widths, strict=True)).rstrip() for one in rows)
        return refused(f"{text}\n", "fixed positions", name="list.txt")

    german = ("Beleg", "Datum", "Kunde", "Artikel", "Menge", "Betrag")
    english = ("Order No", "Order date", "Customer No", "Item", "Qty", "Amount")
    return {
        "names of several words": set_out(english, lambda s: (s.order, s.day, s.who, s.item, s.units, s.money)),
        "commas in the text": set_out(english, lambda s: (s.order, s.day, s.who, f"Tea, {s.item}", s.units, s.money)),
        "decimal commas": set_out(german, lambda s: (s.order, s.day, s.who, s.item, s.units, comma(s.money))),
        "no names": set_out(("1", "2024-01-01", "K1", "A1", "1", "1.5"), lambda s: (s.order, s.day, s.who, s.item, s.units, s.money)),
    }  # fmt: skip


def pages() -> dict[str, Form]:
    """Reports whose title, header and foot stand on each page."""

    def report(above: str, foot: str = "", *, units: bool = True) -> Form:
        head, text = f"{HEAD},Amount" if units else "Order No,Date,Customer,SKU,Amount", ""
        for place, one in enumerate(SALES):
            if place % 20 == 0:
                text += (foot if place else "") + above.format(page=place // 20 + 1) + f"{head}\n"
            cells = row(one, one.money).split(",")
            text += ",".join(cells if units else [*cells[:4], cells[5]]) + "\n"
        return shop(text, ends=READ)

    return {
        "a title and the header": report("Sales report,,,,,Page {page}\n"),
        "a foot and two titles": report("Shop Ltd,,,,,\nSales 2024,,,,,\n", "Page,,,,,\n"),
        "the header alone": report(""),
        "no column of units": report("Sales report,,,,Page {page}\n", units=False),
    }  # fmt: skip


def rows_of_orders_beside_lines() -> dict[str, Form]:
    """A row for the order, which alone names the customer, its lines, and what was paid."""
    head = "Date,Receipt Number,Line Type,Customer Code,Quantity,Total,Paid,Details,Status,Sku"

    def sold(one: Sale, *, guest: bool = False) -> str:
        line = f"{one.day},{1000 + one.order},Sale Line,,{one.units},{one.money},,a thing,,{one.item}"
        if not one.first:
            return line
        total, who = order_total(SALES, one.order), "" if guest else one.who
        return (f"{one.day},{1000 + one.order},Sale,{who},,{total},{total},,CLOSED,\n{line}\n"
                f"{one.day},{1000 + one.order},Payment,,,,{total},Paid,CLOSED,")  # fmt: skip

    flags = ("--column", "status=Line Type", "--status", "sale=no_sale", "--status", "sale line=sale",
             "--status", "payment=no_sale")  # fmt: skip
    guests = truth(SALES, who=lambda s: None if s.order % 5 == 0 else s.who)
    return {
        "all members": shop(table(head, sold, SALES), flags=flags, ends=ONLY_ASKED),
        "some guests": shop(table(head, lambda s: sold(s, guest=s.order % 5 == 0), SALES), flags=flags, ends=ONLY_ASKED,
                            money=guests),
    }  # fmt: skip


KINDS = (
    currencies,
    files_in_any_order,
    edited_customers,
    marks_of_above,
    kinds_of_bills,
    fixed_positions,
    pages,
    rows_of_orders_beside_lines,
)
FORMS: dict[str, Form] = {f"{kind.__name__}: {name}": form for kind in KINDS for name, form in kind().items()}
