"""Exports made up from one known table: random forms, each with the key that says what is true of it."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import openpyxl
import pandas as pd

from tests.data.sources import exports_marks

CENT = Decimal("0.01")
HEADERS = {
    "en": {
        "order": ["Order ID", "Invoice No", "order_number", "Receipt"],
        "who": ["Customer ID", "customer", "Member ID"],
        "item": ["SKU", "Product ID", "StockCode"],
        "units": ["Quantity", "Qty"],
        "price": ["Unit Price", "price"],
        "amount": ["Amount", "Net amount", "line_total"],
        "total": ["Order total", "Total"],
        "discount": ["Discount"],
        "date": ["Order Date", "Date", "created_at"],
        "status": ["Order Status", "status"],
        "currency": ["Currency"],
        "birthday": "Birthday",
        "shipped": "Shipped at",
        "note": "Notes",
    },
    "de": {
        "order": ["Bestellnummer", "Beleg"],
        "who": ["Kundennummer", "Kunde"],
        "item": ["Artikelnummer", "Artikel"],
        "units": ["Menge", "Stückzahl"],
        "price": ["Einzelpreis"],
        "amount": ["Betrag", "Umsatz"],
        "total": ["Gesamtbetrag"],
        "discount": ["Rabatt"],
        "date": ["Bestelldatum", "Datum"],
        "status": ["Bestellstatus"],
        "currency": ["Währung"],
        "birthday": "Geburtsdatum",
        "shipped": "Versanddatum",
        "note": "Bemerkung",
    },
    "fr": {
        "order": ["Numéro de commande", "Facture"],
        "who": ["Client"],
        "item": ["Référence"],
        "units": ["Quantité"],
        "price": ["Prix unitaire"],
        "amount": ["Montant"],
        "total": ["Montant total"],
        "discount": ["Remise"],
        "date": ["Date de commande"],
        "status": ["Statut"],
        "currency": ["Devise"],
        "birthday": "Date de naissance",
        "shipped": "Date de livraison",
        "note": "Remarque",
    },
    "es": {
        "order": ["Número de pedido"],
        "who": ["Cliente"],
        "item": ["Producto"],
        "units": ["Cantidad"],
        "price": ["Precio unitario"],
        "amount": ["Importe"],
        "total": ["Importe total"],
        "discount": ["Descuento"],
        "date": ["Fecha de pedido"],
        "status": ["Estado"],
        "currency": ["Moneda"],
        "birthday": "Fecha de nacimiento",
        "shipped": "Fecha de entrega",
        "note": "Nota",
    },
    "zh": {
        "order": ["订单编号", "订单号"],
        "who": ["会员编号", "客户编号"],
        "item": ["商品编码"],
        "units": ["数量"],
        "price": ["单价"],
        "amount": ["金额", "销售额"],
        "total": ["总金额"],
        "discount": ["折扣"],
        "date": ["下单时间", "日期"],
        "status": ["订单状态"],
        "currency": ["币种"],
        "birthday": "生日",
        "shipped": "发货时间",
        "note": "备注",
    },
    "tw": {
        "order": ["訂單編號"],
        "who": ["會員編號"],
        "item": ["商品編號"],
        "units": ["數量"],
        "price": ["單價"],
        "amount": ["金額"],
        "total": ["總金額"],
        "discount": ["折扣"],
        "date": ["訂購日期", "日期"],
        "status": ["訂單狀態"],
        "currency": ["幣別"],
        "birthday": "生日",
        "shipped": "出貨日期",
        "note": "備註",
    },
}
WORDS = {
    "en": {"sale": "completed", "no_sale": ["cancelled", "refunded"]},
    "de": {"sale": "abgeschlossen", "no_sale": ["storniert", "erstattet"]},
    "fr": {"sale": "terminée", "no_sale": ["annulée", "remboursée"]},
    "es": {"sale": "completado", "no_sale": ["cancelado", "reembolsado"]},
    "zh": {"sale": "交易成功", "no_sale": ["交易关闭", "已取消"]},
    "tw": {"sale": "已完成", "no_sale": ["已取消", "已退款"]},
}
GUESTS = ["Guest", "guest", "N/A", "NULL", "-", "0", "散客", "Gast", "", "invité", "anonymous"]
ENCODINGS = {
    "en": ["utf-8", "utf-8-sig", "utf-16", "cp1252"],
    "de": ["utf-8", "utf-8-sig", "utf-16", "cp1252"],
    "fr": ["utf-8", "utf-16", "cp1252"],
    "es": ["utf-8", "utf-8-sig", "cp1252"],
    "zh": ["utf-8", "utf-8-sig", "gb18030", "utf-16"],
    "tw": ["utf-8", "big5", "utf-16"],
}
MARKS = [
    ("", "."),
    (",", "."),
    ("", ","),
    (".", ","),
    (" ", ","),
    ("\u00a0", ","),
    ("\u202f", ","),
    ("'", "."),
    ("’", "."),
]
DATES = [
    "iso",
    "iso_time",
    "iso_t",
    "offset",
    "zulu",
    "dot",
    "dot_time",
    "day_slash",
    "month_slash",
    "slash_short",
    "ampm",
    "named",
    "compact",
    "epoch",
    "epoch_ms",
    "excel",
    "chinese",
    "wide",
]
LAYOUTS = [
    "amount",
    "amount_units",
    "price",
    "price_discount",
    "price_share",
    "total_repeated",
    "total_first",
    "total_alone",
    "amount_price",
]


@dataclass
class Line:
    order: int
    who: str
    item: str
    units: int
    price: Decimal
    moment: datetime
    off: Decimal = Decimal(0)
    status: str = "sale"
    guest: bool = False
    currency: str = "EUR"
    mark: str = ""
    name: str = ""

    @property
    def net(self) -> Decimal:
        return (self.units * self.price - self.off).quantize(CENT)


@dataclass
class Export:
    """A file in some form, and what is true of it.

    Attributes:
        path: The file.
        money: (customer or None, day) to net amount of all that counts.
        open: Topics on which two readings fit; a question about them is due, or at least no fault.
        answers: What the right answers are, as fields of `Answers`.
        refused: Whether a refusal is right.
        form: The choices made, for reports.
    """

    path: Path
    money: dict[tuple[str | None, str], Decimal]
    open: set[str]
    answers: dict[str, object]
    refused: bool
    form: dict[str, object] = field(default_factory=dict)


def base_table(dice: random.Random) -> list[Line]:
    """Orders of some customers over some months; no line twice."""
    start = datetime(2023, dice.randint(1, 12), dice.randint(1, 28), tzinfo=UTC)
    prices = {f"P{n:03d}": Decimal(dice.randint(95, 9900)) / 100 for n in range(12)}
    prices["P100"], prices["P101"] = Decimal("1250.00"), Decimal("2499.90")
    made = []
    for order in range(1001, 1001 + dice.randint(25, 60)):
        who = f"C{dice.randint(1, 18)}"
        moment = start + timedelta(minutes=dice.randint(0, 200 * 24 * 60))
        for item in dice.sample(sorted(prices), dice.choice([1, 1, 2, 3])):
            made += [Line(order, who, item, dice.randint(1, 4), prices[item], moment)]
    return sorted(made, key=lambda line: (line.moment, line.order))


def make_export(seed: int, folder: Path) -> Export:
    """The export of a seed, written into a folder."""
    dice = random.Random(seed)  # noqa: S311 - made-up data
    lines = base_table(dice)
    form: dict[str, object] = {
        "language": dice.choice(sorted(HEADERS)),
        "layout": dice.choice(LAYOUTS),
        "date": dice.choice(DATES),
        "marks": dice.choice(MARKS),
        "sign": dice.choice(["", "", "", "€", " €", "EUR ", " EUR"]),
        "minus": dice.choice(["-", "−", "behind", "brackets"]),
        "status": dice.random() < 0.3,
        "guests": dice.random() < 0.4,
        "currencies": dice.choice([0, 0, 0, 0, 1, 2]),
        "returns": dice.random() < 0.5,
        "titles": dice.choice([0, 0, 0, 1, 3]),
        "blank": dice.random() < 0.2,
        "subtotals": dice.random() < 0.2,
        "more": dice.random() < 0.4,
        "index": dice.random() < 0.1,
        "kind": dice.choice(["csv"] * 7 + ["xlsx", "parquet", "jsonl"]),
        "delimiter": dice.choice([",", ";", "\t", "|"]),
        "mixed_marks": dice.random() < 0.05,
        "outlier": dice.random() < 0.1,
    }
    form["encoding"] = dice.choice(ENCODINGS[str(form["language"])])
    _dress(lines, form, dice)
    exports_marks.dress(lines, form, random.Random(f"marks {seed}"))  # noqa: S311 - made-up data
    header, rows = _table(lines, form, dice)
    path = _write(folder, seed, header, rows, form, dice)
    return Export(path, _money(lines, form), *_open(lines, form), form)


def _dress(lines: list[Line], form: dict[str, object], dice: random.Random) -> None:
    orders = sorted({line.order for line in lines})
    _discount(lines, form, dice)
    _mark_orders(lines, orders, form, dice)
    _add_lines(lines, form, dice)


def _discount(lines: list[Line], form: dict[str, object], dice: random.Random) -> None:
    if form["layout"] in ("price_discount", "price_share"):
        for line in lines:
            rate = dice.choice([Decimal(0), Decimal("0.1"), Decimal("0.15"), Decimal("0.2")])
            line.off = (line.units * line.price * rate).quantize(CENT, ROUND_HALF_UP)
            if form["layout"] == "price_share":
                line.off = line.units * line.price * rate


def _mark_orders(lines: list[Line], orders: list[int], form: dict[str, object], dice: random.Random) -> None:
    if form["status"]:
        gone = set(dice.sample(orders, max(1, len(orders) // 6)))
        for line in lines:
            line.status = "no_sale" if line.order in gone else "sale"
    if form["guests"]:
        word, some = dice.choice(GUESTS), set(dice.sample(orders, len(orders) // 5))
        for line in lines:
            if line.order in some:
                line.who, line.guest = word, True
    if form["currencies"] == 2:
        others = set(dice.sample(orders, len(orders) // 4))
        for line in lines:
            line.currency = "USD" if line.order in others else "EUR"


def _add_lines(lines: list[Line], form: dict[str, object], dice: random.Random) -> None:
    if form["returns"] and form["layout"] in ("amount", "amount_units", "price"):
        for line in dice.sample(lines, 2):
            back = Line(
                line.order + 5000,
                line.who,
                line.item,
                -1,
                line.price,
                line.moment + timedelta(days=2),
                status=line.status,
                guest=line.guest,
                currency=line.currency,
            )
            lines.append(back)
    if form["outlier"]:
        last = lines[-1]
        year = (
            dice.choice([1900, 2098, 9999])
            if form["date"] not in ("epoch", "epoch_ms", "excel", "slash_short")
            else 2098
        )
        lines.append(
            Line(
                9001,
                last.who,
                "P000",
                1,
                Decimal("5.00"),
                datetime(year, 12, 31, 12, tzinfo=UTC),
                guest=last.guest,
                currency="EUR",
                status="far",
            )
        )


def _date(moment: datetime, kind: object) -> str:
    seconds = int(moment.timestamp())
    forms = {
        "iso": "%Y-%m-%d",
        "iso_time": "%Y-%m-%d %H:%M:%S",
        "iso_t": "%Y-%m-%dT%H:%M:%S",
        "offset": "%Y-%m-%d %H:%M:%S +0400",
        "zulu": "%Y-%m-%dT%H:%M:%SZ",
        "dot": "%d.%m.%Y",
        "dot_time": "%d.%m.%Y %H:%M",
        "day_slash": "%d/%m/%Y",
        "month_slash": "%m/%d/%Y",
        "slash_short": "%m/%d/%y",
        "ampm": "%m/%d/%Y %I:%M %p",
        "named": "%d-%b-%Y",
        "compact": "%Y%m%d",
        "chinese": "%Y年%m月%d日",
        "wide": "%Y-%m-%d",
    }
    if kind == "epoch":
        return str(seconds)
    if kind == "epoch_ms":
        return str(seconds * 1000)
    if kind == "excel":
        return str((moment.date() - datetime(1899, 12, 30, tzinfo=UTC).date()).days)
    text = moment.strftime(forms[str(kind)]).replace("1900", "1900")
    return text.translate(str.maketrans("0123456789", "０１２３４５６７８９")) if kind == "wide" else text


def _number(value: Decimal, form: dict[str, object], *, money: bool = True) -> str:
    group, mark = form["marks"]  # type: ignore[misc]
    text = f"{abs(value):,.2f}" if money else f"{abs(value)}"
    text = text.replace(",", "\x00").replace(".", str(mark)).replace("\x00", str(group))
    sign = str(form["sign"])
    if money:
        text = text + sign if sign.startswith(" ") or sign == "€" else sign + text
    if value >= 0:
        return text
    return {"-": f"-{text}", "−": f"−{text}", "behind": f"{text}-", "brackets": f"({text})"}[str(form["minus"])]


def _table(lines: list[Line], form: dict[str, object], dice: random.Random) -> tuple[list[str], list[list[str]]]:
    layout, names = str(form["layout"]), HEADERS[str(form["language"])]
    totals = {
        o: sum((line.net for line in lines if line.order == o), Decimal(0)) for o in {line.order for line in lines}
    }
    roles = {
        "amount": ["amount"],
        "amount_units": ["units", "amount"],
        "price": ["units", "price"],
        "price_discount": ["units", "price", "discount"],
        "price_share": ["units", "price", "discount"],
        "total_repeated": ["units", "price", "total"],
        "total_first": ["units", "price", "total"],
        "total_alone": ["total"],
        "amount_price": ["units", "price", "amount"],
    }[layout]
    used = ["order", "who", "item", "date", *roles]
    used += ["status"] if form["status"] else []
    used += ["currency"] if form["currencies"] else []
    dice.shuffle(used)
    header = [dice.choice(names[role]) for role in used]
    more = [str(names["birthday"]), str(names["shipped"]), str(names["note"])] if form["more"] else []
    words, seen, rows = WORDS[str(form["language"])], set(), []
    for line in lines:
        first = line.order not in seen
        seen.add(line.order)
        odd = form["mixed_marks"] and len(rows) % 5 == 0
        mine = {**form, "marks": ("", "," if form["marks"][1] == "." else ".")} if odd else form  # type: ignore[index]
        rate = line.off / (line.units * line.price) if line.off else Decimal(0)
        cells = {
            "order": exports_marks.number_of(line, form),
            "who": line.who,
            "item": line.item,
            "date": _date(line.moment, form["date"]),
            "units": str(line.units),
            "price": _number(line.price, mine),
            "amount": _number(line.net, mine),
            "discount": _number(rate.normalize(), {**mine, "sign": ""}, money=False)
            if layout == "price_share"
            else _number(line.off, mine),
            "total": _number(totals[line.order], mine) if first or layout != "total_first" else "",
            "status": words["sale"] if line.status != "no_sale" else words["no_sale"][line.order % 2],
            "currency": line.currency,
        }
        row = [cells[role] for role in used]
        if more:
            row += [
                "1980-05-17",
                _date(line.moment + timedelta(days=2), "iso") if line.moment.year < 9999 else "",
                "ok",
            ]
        row += exports_marks.cell(line, form)
        rows.append(row)
    form["used"] = used
    return [*header, *more, *exports_marks.column(form)], rows


def _write(
    folder: Path, seed: int, header: list[str], rows: list[list[str]], form: dict[str, object], dice: random.Random
) -> Path:
    kind, used = str(form["kind"]), list(form["used"])  # type: ignore[call-overload]
    rows = [list(row) for row in rows]
    if form["index"]:
        header, rows = ["", *header], [[str(n), *row] for n, row in enumerate(rows)]
        used = ["index", *used]
    _spoil(header, rows, used, form, dice)
    path = folder / f"export{seed}.{kind}"
    _write_as(path, header, rows, form, dice)
    return path


def _spoil(
    header: list[str], rows: list[list[str]], used: list[str], form: dict[str, object], dice: random.Random
) -> None:
    """Blank rows and totals in between."""
    if form["blank"]:
        for place in dice.sample(range(len(rows)), 3):
            rows.insert(place, [""] * len(header))
    if form["subtotals"] and form["kind"] != "parquet":
        money = next((used.index(role) for role in ("amount", "total", "price") if role in used), None)
        for place in (len(rows) // 2, len(rows)):
            row = [""] * len(header)
            row[used.index("order")], row[used.index("date")] = (
                "Total",
                next(r[used.index("date")] for r in rows if any(r)),
            )
            if money is not None:
                row[money] = _number(Decimal("777.70"), form)
            if "units" in used:
                row[used.index("units")] = "9"
            rows.insert(place, row)


def _write_as(
    path: Path, header: list[str], rows: list[list[str]], form: dict[str, object], dice: random.Random
) -> None:
    kind = form["kind"]
    if kind == "csv":
        text = io.StringIO()
        writer = csv.writer(text, delimiter=str(form["delimiter"]), lineterminator=dice.choice(["\n", "\r\n"]))
        for n in range(int(form["titles"])):  # type: ignore[call-overload]
            writer.writerow([f"Report {n}"] if n != 1 else [""] * len(header))
        writer.writerows([header, *rows])
        path.write_bytes(_encoded(text.getvalue(), form))
    elif kind == "xlsx":
        book = openpyxl.Workbook()
        book.active.title = "Summary"
        book.active.append(["Made by", "the till"])
        sheet = book.create_sheet("Data")
        for row in [header, *rows]:
            sheet.append([cell or None for cell in row])
        book.save(path)
    elif kind == "parquet":
        pd.DataFrame(rows, columns=header).to_parquet(path)
    else:
        objects = (json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False) for row in rows)
        path.write_text("\n".join(objects), encoding="utf-8")


def _encoded(text: str, form: dict[str, object]) -> bytes:
    """The text in the encoding chosen, in UTF-8 where that has no such letters."""
    try:
        return text.encode(str(form["encoding"]))
    except UnicodeEncodeError:
        form["encoding"] = "utf-8"
        return text.encode()


def _money(lines: list[Line], form: dict[str, object]) -> dict[tuple[str | None, str], Decimal]:
    made: Counter[tuple[str | None, str]] = Counter()
    for line in lines:
        if line.status in ("sale", "back") and (form["currencies"] != 2 or line.currency == "EUR"):
            who = None if line.guest else line.who
            net = (line.units * line.price - line.off).quantize(Decimal("0.0001"))
            made[(who, f"{line.moment:%Y-%m-%d}")] += -abs(net) if line.status == "back" else net
    return dict(made)


def _open(lines: list[Line], form: dict[str, object]) -> tuple[set[str], dict[str, object], bool]:
    """What two readings fit, by the key and not by the reader; the right answers; whether to refuse is right."""
    topics, answers = exports_marks.opened(form)
    slashes = {
        "day_slash": "%d/%m/%Y",
        "month_slash": "%m/%d/%Y",
        "slash_short": "%m/%d/%y",
        "ampm": "%m/%d/%Y %I:%M %p",
    }
    if form["date"] in slashes:
        swapped = all(line.moment.day <= 12 for line in lines)
        if swapped:
            topics.add("date_format")
        answers["date_format"] = slashes[str(form["date"])]
    if form["status"]:
        topics.add("status")
        answers["status"] = {"usual": ""}
    if form["currencies"] == 2:
        topics.add("currency")
        answers["keep_currency"] = "EUR"
    if form["layout"] == "total_alone":
        topics.add("amount_is")
        answers["amount_is"] = "order_total"
    if form["layout"] == "price_discount":
        topics.add("discount_is")
        answers["discount_is"] = "amount"
    refused = bool(form["mixed_marks"])
    if refused:
        topics.add("decimal")
    return topics, answers, refused
