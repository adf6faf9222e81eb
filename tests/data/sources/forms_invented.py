"""Exports that no system was looked at for: what goes wrong in silence where two things are written alike."""

# ruff: noqa: E501 - a row stands on one line, as its system writes it

from __future__ import annotations

import json
from datetime import date, timedelta
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
HEAD = "Order No,Date,Customer No,Item,Quantity,Unit price,Amount"
FEW = {7, 15, 23, 31, 39, 47}


def plain(one: Sale, *more: object, **changes: object) -> str:
    """A line in the plainest form, some fields changed, some added."""
    fields = {"order": one.order, "day": one.day, "who": one.who, "item": one.item, "units": one.units,
              "price": one.price, "money": one.money, **changes}  # fmt: skip
    return ",".join(map(str, (*fields.values(), *more)))


def listed(head: str, again: dict[int, str], usual: str, *flags: str) -> Form:
    """Lines of which some stand again with another word in the last column."""
    text = table(f"{HEAD},{head}", lambda s: "\n".join(
        plain(s, word) for word in (usual, *([again[s.order % 4]] if s.order % 4 in again else []))), SALES)  # fmt: skip
    return shop(text, flags=flags, ends=ONLY_ASKED)


def without_cents() -> dict[str, Form]:
    """A dash in the place of the cents is no minus."""
    whole = [replace(s, price=s.price.quantize(Decimal(1)) if s.order % 3 else s.price) for s in SALES]

    def swiss(value: Decimal) -> str:
        return f"{value:.0f}.-" if value == value.to_integral() else f"{value:.2f}"

    def german(value: Decimal) -> str:
        return f"{value:.0f},--" if value == value.to_integral() else comma(value)

    return {
        "Swiss": shop(
            table(
                "Order No;Date;Customer No;Item;Amount",
                lambda s: f"{s.order};{s.day};{s.who};{s.item};{swiss(s.money)}",
                whole,
            ),
            money=truth(whole),
        ),
        "German": shop(
            table(
                "Bestellnr;Datum;Kundennr;Artikel;Betrag",
                lambda s: f"{s.order};{s.day:%d.%m.%Y};{s.who};{s.item};{german(s.money)} €",
                whole,
            ),
            money=truth(whole),
        ),
    }


def days() -> dict[str, Form]:
    """A month is no day, whatever its name; days with names, ordinals and commas are read."""
    russian = [
        "января",
        "февраля",
        "марта",
        "апреля",
        "мая",
        "июня",
        "июля",
        "августа",
        "сентября",
        "октября",
        "ноября",
        "декабря",
    ]
    turkish = [
        "Ocak",
        "Şubat",
        "Mart",
        "Nisan",
        "Mayıs",
        "Haziran",
        "Temmuz",
        "Ağustos",
        "Eylül",
        "Ekim",
        "Kasım",
        "Aralık",
    ]
    polish = ["sty", "lut", "mar", "kwi", "maj", "cze", "lip", "sie", "wrz", "paź", "lis", "gru"]
    italian = ("lun", "mar", "mer", "gio", "ven", "sab", "dom")

    def written(form: object) -> Form:
        return shop(
            table(
                HEAD.replace(",", ";"),
                lambda s: f"{s.order};{form(s.day)};{s.who};{s.item};{s.units};{s.price};{s.money}",
                SALES,
            ),
            ends=READ,
        )  # type: ignore[operator]

    def ordinal(day: int) -> str:
        return f"{day}{'th' if 10 <= day % 100 <= 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"

    return {
        "months by name": refused(table(HEAD, lambda s: plain(s, day=f"{s.day:%B %Y}"), SALES), "no days"),
        "months by a short name": refused(table(HEAD, lambda s: plain(s, day=f"{s.day:%b-%y}"), SALES), "no days"),
        "ordinals": written(lambda d: f"{d:%A}, {d:%B} {ordinal(d.day)}, {d.year}"),
        "a comma before the clock": written(lambda d: f"{d.day}.{d.month}.{d.year}, 11:09:00"),
        "Russian": written(lambda d: f"{d.day} {russian[d.month - 1]} {d.year} г."),
        "Turkish": written(lambda d: f"{d.day} {turkish[d.month - 1]} {d.year}"),
        "Polish": written(lambda d: f"{d.day} {polish[d.month - 1]} {d.year}"),
        "an Italian weekday": written(lambda d: f"{italian[d.weekday()]} {d:%d/%m/%Y}"),
        "a form not known, and no name for the order": shop(table("Datum;Transaktions-ID;Kunde;Betrag", lambda s:
            f"{s.day:%Y%j};TX{s.order};{s.who};{comma(s.money)}", SALES), flags=("--date-format", "%Y%j"), ends=ONLY_ASKED, orders=0),
    }  # fmt: skip


def said_again() -> dict[str, Form]:
    """The same sale, listed for each of something that is not read."""
    parts = table("Order No,Date,Customer No,Item ID,Parent Item ID,Item,Quantity,Unit price,Amount", lambda s:
                  f"{s.order},{s.day},{s.who},{s.line * 2 + 1},,{s.item},{s.units},{s.price},{s.money}\n"
                  f"{s.order},{s.day},{s.who},{s.line * 2 + 2},{s.line * 2 + 1},{s.item}-part,{s.units},{s.price},{s.money}", SALES)  # fmt: skip
    return {
        "for each parcel": listed("Tracking", {0: "P2"}, "P1", "--repeats", "set_aside"),
        "for each promotion": listed("Promotion", {1: "VIP"}, "SPRING", "--repeats", "set_aside"),
        "in each snapshot": listed("Snapshot", dict.fromkeys(range(4), "2025-07-02"), "2025-07-01", "--repeats", "set_aside"),
        "parts of a bundle with money": shop(parts, flags=("--column", "taken_back=Parent Item ID"), ends=ONLY_ASKED),
        "lines that are numbered are lines": shop(table(f"{HEAD},Line", lambda s: f"{plain(s, 2 * s.line)}\n{plain(s, 2 * s.line + 1)}", SALES),
                                                  money=truth([*SALES, *SALES]), ends=READ),
    }  # fmt: skip


def no_sales() -> dict[str, Form]:
    """Rows that are no sale by a word in a column that is called something else."""

    def marked(head: str, word: str, usual: str) -> Form:
        text = table(f"{HEAD},{head}", lambda s: plain(s, word if s.order in FEW else usual), SALES)
        left = [s for s in SALES if s.order not in FEW]
        return shop(text, left, flags=("--column", f"status={head}", "--status", f"{word}=no_sale", "--status", f"{usual}=sale"), ends=ONLY_ASKED)  # fmt: skip

    def beside(word: str, value: Decimal) -> Form:
        extra = "\n".join(
            plain(s, item=word, units=1, price=value, money=value) for s in SALES if s.first and s.order in FEW
        )
        text = table(HEAD, plain, SALES) + extra + "\n"
        return shop(text, flags=("--product", f"{word.lower()}=no_sale"), ends=ONLY_ASKED)

    return {
        "drafts in a state": marked("State", "draft", "confirmed"),
        "a budget among the actuals": marked("Scenario", "Budget", "Actual"),
        "samples": marked("Order type", "Sample", "Standard"),
        "transfers": marked("Movement type", "Transfer", "Sale"),
        **{word: beside(word, Decimal(30)) for word in (
            "Buono regalo", "Karta podarunkowa", "Cadeaubon", "Vale presente", "Hediye kartı", "Подарочный сертификат", "ギフト券")},
        "store credit": beside("Store credit", Decimal(-8)),
    }  # fmt: skip


def prices() -> dict[str, Form]:
    """A discount in a column of another name, a price of 100 grams, amounts in thousands."""
    off = [replace(s, price=s.price * (Decimal("0.8") if s.order in FEW else 1)) for s in SALES]

    def each(head: str) -> Form:
        return shop(table(f"Order No,Date,Customer No,Item,Quantity,Unit price,{head}", lambda s:
            f"{s.order},{s.day},{s.who},{s.item},{s.units},{s.price},{20 if s.order in FEW else 0}", SALES),
            money=truth(off), flags=("--column", f"discount={head}", "--discount-is", "percent"))  # fmt: skip

    return {
        "discount_pct": each("discount_pct"),
        "a discount by another name": each("Staff discount %"),
        "sconto": each("Sconto"),
        "a price of 100 grams": shop(table("Order No,Date,Customer No,Item,grams,price_per_100g", lambda s:
            f"{s.order},{s.day},{s.who},{s.item},{s.units * 100},{s.price}", SALES), flags=("--column", "quantity=grams", "--column", "price=price_per_100g")),
        "thousands in brackets": shop(table("Order No;Date;Customer No;Item;Sales (in thousands)", lambda s:
            f"{s.order};{s.day};{s.who};{s.item};{s.money / 1000:.5f}", SALES), ends=READ),
        "an amount in euros beside one in several": shop(table("Order No,Date,Customer No,Item,currency,amount,amount_eur", lambda s:
            f"{s.order},{s.day},{s.who},{s.item},{('EUR', 'USD')[s.order % 2]},{s.money * (1 + s.order % 2)},{s.money}", SALES), ends=READ),
        "thousands by a comma, nothing else": shop(table("Order No;Date;Customer No;Item;Amount", lambda s:
            f"{s.order};{s.day};{s.who};{s.item};{s.money * 100:,.0f}", SALES), money=truth(SALES, lambda s: s.money * 100), ends=READ),
    }  # fmt: skip


def letters() -> dict[str, Form]:
    """Capitals that Python and SQL make small in two ways, letters without a dot, and zero bytes."""
    kept = [s for s in SALES if s.order not in FEW]
    turkish = table("Sipariş Numarası;Sipariş Tarihi;Alıcı;Ürün Adı;Adet;Satış Tutarı;Durum", lambda s:
                    f"{s.order};{s.day:%d.%m.%Y};{s.who};{s.item};{s.units};{comma(s.money)};{'İptal Edildi' if s.order in FEW else 'Teslim Edildi'}", SALES)  # fmt: skip
    flags = ("--column", "status=Durum", "--status", "İptal Edildi=no_sale", "--status", "Teslim Edildi=sale")
    return {
        "Turkish": shop(turkish, kept, flags=flags, ends=ONLY_ASKED),
        "Turkish of Windows": shop(turkish.encode("cp1254"), kept, flags=flags, ends=ONLY_ASKED),
        "a zero byte in a text": shop(table(HEAD + ",Note", lambda s: plain(s, "caf\0" if s.order == 2 else ""), SALES), ends=READ),
    }  # fmt: skip


def numbers() -> dict[str, Form]:
    """Numbers of orders and customers that look like something else."""
    early = [replace(s, day=date(2024, 1, 9) if s.order < 2 else s.day + timedelta(days=24)) for s in sales(24)]
    credit = {s.order for s in SALES if s.order % 9 == 4}
    return {
        "a number and its year": shop(table("Numero;Data;Cliente;Totale", lambda s:
            f"{10_000 + s.order}/2024;{s.day:%d/%m/%Y};{s.who};{comma(order_total(SALES, s.order))}" if s.first else None, SALES), flags=("--column", "order_id=Numero")),
        "credit notes by numbers that no name is sure of": shop(table("Documento;Data;Cliente;Totale", lambda s:
            f"{'NC' if s.order in credit else 'FT'} 2024/{s.order};{s.day:%d/%m/%Y};{s.who};{comma(order_total(SALES, s.order))}" if s.first else None, SALES),
            money=truth(SALES, lambda s: -s.money if s.order in credit else s.money), orders=0,
            flags=("--column", "order_id=Documento", "--order-prefix", "NC=return"), ends=ONLY_ASKED),
        "a first week of January": shop(table(HEAD, plain, early), early, ends=READ),
        "customers from 000 on": shop(table(HEAD, lambda s: plain(s, who=f"{int(s.who[1:]) - 100:03d}"), SALES),
                                      money=truth(SALES, who=lambda s: f"{int(s.who[1:]) - 100:03d}"), ends=READ),
    }  # fmt: skip


def wrapped() -> dict[str, Form]:
    """Records as interfaces wrap them."""
    first = [s for s in SALES if s.first]

    def record(s: Sale) -> dict[str, object]:
        return {
            "order_id": str(s.order),
            "date": f"{s.day}T10:00:00",
            "customer_id": s.who,
            "amount": str(order_total(SALES, s.order)),
        }

    def typed(s: Sale) -> dict[str, object]:
        said = record(s)
        return {**said, "date": {"$date": f"{said['date']}Z"}, "amount": {"$numberDecimal": said["amount"]}}

    def named(content: str) -> Form:
        return shop(content, name="shop.json", ends=READ)

    return {
        "MongoDB": named(json.dumps([typed(s) for s in first])),
        "DynamoDB": named("\n".join(json.dumps({"Item": {key: {"N" if key == "amount" else "S": value} for key, value in record(s).items()}}) for s in first)),
        "OData": named(json.dumps({"d": {"results": [record(s) for s in first]}})),
        "JSON:API": named(json.dumps({"data": [{"type": "order", "id": s.order, "attributes": record(s)} for s in first]})),
        "XML without its first line": refused("<rows><row><date>2024-01-03</date></row></rows>", "XML", name="shop.xml"),
    }  # fmt: skip


FORMS = {
    f"{group.__name__}: {name}": form
    for group in (without_cents, days, said_again, no_sales, prices, letters, numbers, wrapped)
    for name, form in group().items()
}
