"""Forms in which a column, a currency, a day or a number was once taken for another one, or not found."""

# ruff: noqa: E501 - a row stands on one line, as its system writes it

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

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
TWICE = [replace(s, who="K1", day=SALES[0].day + timedelta(days=s.order // 2)) for s in SALES]
"""Two orders of one customer on each day."""
FIRST = [s for s in SALES if s.first]
WHOLE = [replace(s, price=Decimal(int(s.price) + 1) * 1000) for s in SALES]


def lines(header: str, row: Callable[[Sale], str], made: list[Sale] = SALES, **more: object) -> Form:
    """A form that is read without a question."""
    return shop(table(header, row, made), made, **{"ends": READ, **more})


def order_numbers() -> dict[str, Form]:
    """The order's number under another name, known by the rows it stands on, asked about, or missing and said."""

    def named(header: str, **more: object) -> Form:
        return lines(f"{header},Date,Customer,SKU,Qty,Amount",
                     lambda s: f"{7000 + s.order},{s.day},{s.who},{s.item},{s.units},{s.money}", TWICE, **more)  # fmt: skip

    return {
        **{f"called {name}": named(name) for name in ("ID", "Ticket n°", "주문번호", "Номер", "Document")},
        "a reference that is no product": lines(
            "Référence,Date,Client,Total",
            lambda s: f"R{s.order}XQ,{s.day},{s.who},{order_total(TWICE, s.order)}" if s.first else None, TWICE),
        "called as nobody calls it": named("Wurst", ends=frozenset({"asked"}), flags=("--column", "order_id=Wurst")),
        "none": lines("Date,Customer,SKU,Qty,Amount", lambda s: f"{s.day},{s.who},{s.item},{s.units},{s.money}",
                      orders=0, says="no column of order numbers"),
    }  # fmt: skip


def people() -> dict[str, Form]:
    """Who sells stands beside who buys."""
    return {
        "users of the till": lines(
            "Receipt,Date,User ID,Member,SKU,Qty,Amount",
            lambda s: f"{s.order},{s.day},{s.order % 3},{s.who},{s.item},{s.units},{s.money}"),
        "cashiers, products and money are no customers": shop(table(
            "Receipt,Date,Cashier,Bezeichnung,Qty,Amount,Wer",
            lambda s: f"{s.order},{s.day},Z{s.order % 7},{s.item},{s.units},{s.money},{s.who}", SALES),
            ends=frozenset({"asked"}), flags=("--column", "customer_id=Wer"),
            says="which one holds it? Say which: --column customer_id=Wer (Wer)."),
    }  # fmt: skip


def currencies() -> dict[str, Form]:
    """Amounts in the currency of each sale beside those in the shop's."""
    foreign = {"USD": Decimal(2), "JPY": Decimal(100), "EUR": Decimal(1)}

    def code(s: Sale) -> str:
        return list(foreign)[s.order % 3]

    return {
        "an amount in euros": lines(
            "Order,Date,Customer,Amount (transaction currency),Transaction currency,Amount EUR",
            lambda s: f"{s.order},{s.day},{s.who},{s.money * foreign[code(s)]},{code(s)},{s.money}"),
        "no amount in one currency": shop(table(
            "Order,Date,Customer,Amount,Valuta der Buchung", lambda s: f"{s.order},{s.day},{s.who},{s.money},{code(s)}",
            SALES), ends=frozenset({"asked"}), money=truth([s for s in SALES if code(s) == "EUR"]), orders=0,
            flags=("--keep-currency", "EUR")),
    }  # fmt: skip


def days() -> dict[str, Form]:
    """The trading day before the clock's; days in forms that no strptime format reads."""

    def on(form: Callable[[Sale], str], header: str = "Receipt,Date,Customer,SKU,Qty,Amount", **more: object) -> Form:
        return lines(header, lambda s: f"{s.order},{form(s)},{s.who},{s.item},{s.units},{s.money}", **more)

    return {
        "closed after midnight": on(lambda s: f"{s.day},{s.day + timedelta(days=1)} 00:3{s.order % 10}:00",
                                    "Receipt,Business Date,Closed At,Customer,SKU,Qty,Amount"),
        "24:00": on(lambda s: f"{s.day - timedelta(days=1)} 24:00:00" if s.order % 5 else f"{s.day} 10:20:30"),
        "令和": on(lambda s: f"令和{s.day.year - 2018}年{s.day.month}月{s.day.day}日"),
        "오후": on(lambda s: f"{s.day.year}. {s.day.month}. {s.day.day}. 오후 2:52"),
        "SAS": on(lambda s: f"{s.day:%d%b%Y}:09:33:21".upper()),
        "a spreadsheet's with a comma": on(lambda s: f"\"{(s.day - SALES[0].day).days + 45294},5\""),
        "JD Edwards": on(lambda s: f"1{s.day:%y%j}"),
        "de enero": on(lambda s: f"{s.day.day} de {['enero', 'febrero', 'marzo', 'abril', 'mayo', 'junio', 'julio', 'agosto', 'septiembre', 'octubre', 'noviembre', 'diciembre'][s.day.month - 1]} de {s.day.year} 09:06 hs."),
        "weeks": replace(refused(table("Receipt,Week,Customer,Amount", lambda s: f"{s.order},{s.day:%G%V},{s.who},{s.money}", SALES),
                                 "weeks, months or periods"), flags=("--column", "date=Week"), ends=frozenset({"asked", "refused"}), says=""),
    }  # fmt: skip


def numbers() -> dict[str, Form]:
    """Numbers in the dress of a country or an account."""

    def as_(form: Callable[[Decimal], str], made: list[Sale] = SALES, header: str = "Amount", **more: object) -> Form:
        return lines(f"Receipt,Date,Customer,SKU,Qty,{header}",
                     lambda s: f"{s.order},{s.day},{s.who},{s.item},{s.units},\"{form(s.money)}\"", made, **more)  # fmt: skip

    back = [replace(s, units=-1, price=s.price) if s.line % 9 == 0 else s for s in SALES]
    credit = lines("Receipt,Date,Customer,Amount",
                   lambda s: f"{s.line},{s.day},{s.who},{abs(s.money)}{' CR' if s.units < 0 else ''}", back, orders=0)  # fmt: skip
    return {
        "CR is a minus": credit,
        "▲ is a minus": lines("Receipt,Date,Customer,Amount", lambda s: f"{s.line},{s.day},{s.who},{'▲' if s.units < 0 else ''}{abs(s.money)}", back, orders=0),
        "S and H": lines("Receipt;Date;Customer;Amount", lambda s: f"{s.line};{s.day};{s.who};{comma(abs(s.money))} {'H' if s.units < 0 else 'S'}", back, orders=0),
        "rupees with /-": as_(lambda m: f"₹ {m:,}/-"),
        "rupiahs by points": as_(lambda m: f"Rp{m:,.0f}".replace(",", "."), WHOLE),
        "won": as_(lambda m: f"{m:,.0f}원", WHOLE),
        "two marks, each plain by itself": lines(
            "Receipt,Date,Customer,SKU,Qty,Amount",
            lambda s: f"{s.order},{s.day},{s.who},{s.item},{s.units},\"{str(s.money).replace('.', ',') if s.line % 3 else s.money}\"",
            flags=("--decimal", ".,"), ends=ONLY_ASKED),
        "cents by the name": lines("Receipt,Date,Customer,amount_cents", lambda s: f"{s.order},{s.day},{s.who},{s.money * 100:.0f}"),
        "thousands of euros": shop(table("Receipt,Date,Customer,Amount in kEUR", lambda s: f"{s.order},{s.day},{s.who},{s.money / 1000}", SALES),
                                   flags=("--column", "amount=Amount in kEUR")),
        "debit and credit": shop(table("Receipt,Date,Customer,Debit,Credit",
            lambda s: f"{s.line},{s.day},{s.who},{s.money if s.units > 0 else ''},{-s.money if s.units < 0 else ''}", back), back, orders=0,
            flags=("--column", "amount=Debit", "--column", "refund=Credit")),
    }  # fmt: skip


def objects() -> dict[str, Form]:
    """Orders with their lines inside, as a shop's interface gives them."""
    kept = FIRST[4]
    paid_back = {(kept.who, (kept.day + timedelta(days=3)).isoformat()): Decimal("-0.85")}

    def order(s: Sale, refund: object = None) -> dict[str, object]:
        inside = [
            {"id": o.line, "sku": o.item, "quantity": o.units, "price": str(o.price)}
            for o in SALES
            if o.order == s.order
        ]
        return {"id": 4000 + s.order, "created_at": f"{s.day}T10:00:00", "total_price": str(order_total(SALES, s.order)),
                "customer": {"id": s.who, "orders_count": s.order, "email": f"{s.who}@example.com"}, "line_items": inside,
                "refunds": [refund] if refund else []}  # fmt: skip

    refund = {"created_at": f"{kept.day + timedelta(days=3)}T09:00:00", "amount": "0.85"}
    money = truth(SALES)
    back = {key: money.get(key, Decimal(0)) + paid_back.get(key, Decimal(0)) for key in {*money, *paid_back}}
    listed = [order(s) for s in FIRST]
    return {
        "a list": shop(json.dumps(listed), name="orders.json", ends=READ),
        "a list in an object": shop(json.dumps({"page": 1, "orders": listed}, indent=1), name="orders.json", ends=READ),
        "one a line, one paid back later": shop(
            "\n".join(json.dumps(order(s, refund if s is kept else None)) for s in FIRST), name="orders.json",
            money=back, ends=READ, says="refunds inside an order are returns"),
    }  # fmt: skip


def no_lists() -> dict[str, Form]:
    """Files that are no list of sales are refused in a sentence."""
    row = table("", lambda s: f"{s.order},{s.day},{s.who},{s.item},{s.money}", SALES).strip()
    return {
        "no header": refused(row, "no names of columns"),
        "no rows": refused("Receipt,Date,Customer,Amount\n", "no rows"),
        "months as columns": refused("Customer,2024-01,2024-02,2024-03\n" + "\n".join(f"K{i},{i}.00,0.00,3.50" for i in range(30)), "periods as columns"),
        "SQL": refused("INSERT INTO `sales` (a, b) VALUES (1, 2);\n" * 9, "SQL commands", name="dump.sql"),
    }  # fmt: skip


FORMS = {
    f"{group.__name__}: {name}": form
    for group in (order_numbers, people, currencies, days, numbers, objects, no_lists)
    for name, form in group().items()
}
