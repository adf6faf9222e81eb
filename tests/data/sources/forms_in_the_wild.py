"""Exports as systems and people write them, as different from one another as they come."""

# ruff: noqa: E501 - a row stands on one line, as its system writes it

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import openpyxl

from tests.data.sources.forms import (
    MAY_REFUSE,
    ONLY_ASKED,
    READ,
    Form,
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
FIRST = [one for one in SALES if one.first]
BY_ORDER = {(s.who, s.day.isoformat()): Decimal(0) for s in SALES}
RETURNED = {4, 14, 24, 34}
ASK = frozenset({"asked", "refused"})
EXCEL_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet knows no zone


def total(one):
    """What the order of a line comes to."""
    return order_total(SALES, one.order)


def tills():
    """What tills write."""
    return {
        "a German till with times apart": shop(table(
            "Bon-Nr;Datum;Uhrzeit;Kundenkarte;Artikel;Menge;E-Preis;G-Preis",
            lambda s: f"{s.order};{s.day:%d.%m.%Y};{s.clock};{s.who};{s.item};{s.units};{comma(s.price)};{comma(s.money)}",
            SALES), flags=("--column", "amount=G-Preis")),
        "sums of days among the rows": shop(table(
            "Beleg;Datum;Kunde;Artikel;Betrag",
            lambda s: f"{s.order};{s.day:%d.%m.%Y};{s.who};{s.item};{comma(s.money)}"
                      + (f"\n;{s.day:%d.%m.%Y};;Tagessumme;{comma(total(s))}" if s.first else ""), SALES)),
        "heads and positions": shop(table(
            "Type;Order;Date;Customer;Item;Qty;Amount",
            lambda s: (f"H;{s.order};{s.day};{s.who};;;{total(s)}\n" if s.first else "")
                      + f"P;{s.order};{s.day};{s.who};{s.item};{s.units};{s.money}", SALES),
            flags=("--status", "H=no_sale", "--status", "P=sale"), ends=MAY_REFUSE),
        "heads and positions without a word": shop(table(
            "Order;Date;Customer;Item;Qty;Amount",
            lambda s: (f"{s.order};{s.day};{s.who};;;{total(s)}\n" if s.first else "")
                      + f"{s.order};{s.day};{s.who};{s.item};{s.units};{s.money}", SALES), ends=MAY_REFUSE),
        "brackets and dollars": shop(table(
            "Receipt,Date,Customer ID,Item,Total",
            lambda s: f'{s.order},{s.day:%m/%d/%Y} {s.minute // 60 % 12 or 12}:{s.minute % 60:02d} {"PM" if s.minute >= 720 else "AM"},'
                      f'{s.who},{s.item},"{"($" if s.order in RETURNED else "$"}{s.money:,.2f}{")" if s.order in RETURNED else ""}"',
            SALES), money=truth(SALES, lambda s: -s.money if s.order in RETURNED else s.money), orders=56),
        "returns in a column of their own": shop(table(
            "Receipt,Date,Customer,Item,Qty,Returned qty,Unit price",
            lambda s: f"{s.order},{s.day},{s.who},{s.item},{s.units},{s.units if s.order in RETURNED else 0},{s.price}", SALES),
            money=truth([s for s in SALES if s.order not in RETURNED]), orders=56,
            flags=("--column", "taken_back=Returned qty")),
        "kilograms": shop(table(
            "Bon;Datum;Kunde;Artikel;Menge;Preis;Betrag",
            lambda s: f"{s.order};{s.day:%d.%m.%Y};{s.who};{s.item};{s.units},000 kg;{comma(s.price)};{comma(s.money)}", SALES),
            ends=MAY_REFUSE, flags=("--column", "amount=Betrag", "--column", "price=")),
        "an order number on each line": shop(table(
            "Order line,Order,Date,Customer,Item,Amount",
            lambda s: f"{s.line},{s.order},{s.day},{s.who},{s.item},{s.money}", SALES)),
        "a header in the middle": shop(table(
            "Order,Date,Customer,Item,Amount",
            lambda s: ("Order,Date,Customer,Item,Amount\n" if s.line == 50 else "")
                      + f"{s.order},{s.day},{s.who},{s.item},{s.money}", SALES)),
        "a footer with counts": shop(table(
            "Order,Date,Customer,Item,Amount", lambda s: f"{s.order},{s.day},{s.who},{s.item},{s.money}", SALES,
            below="120 rows exported,,,,\n")),
    }  # fmt: skip


def erps():
    """What ERPs write."""
    zero = "0000"
    return {
        "SAP with minus behind": shop(table(
            "Faktura\tFakturadatum\tKundennr\tMaterial\tFakturierte Menge\tNettowert\tWährung",
            lambda s: f"9{s.order:03d}\t{s.day:%d.%m.%Y}\t{zero}{s.who[1:]}\t{s.item}\t{s.units}{'-' if s.order in RETURNED else ''}"
                      f"\t{comma(s.money)}{'-' if s.order in RETURNED else ''}\tEUR", SALES),
            money=truth(SALES, lambda s: -s.money if s.order in RETURNED else s.money, lambda s: zero + s.who[1:]), orders=56,
            flags=("--column", "quantity=Fakturierte Menge")),
        "a French ledger with and without tax": shop(table(
            "N° pièce;Date pièce;Code client;Référence;Qté;PU HT;Montant HT;TVA;Montant TTC",
            lambda s: f"{s.order};{s.day:%d/%m/%Y};{s.who};{s.item};{s.units};{comma(s.price)};{comma(s.money)};"
                      f"{comma(s.money / 5)};{comma(s.money * 6 / 5)}", SALES).encode("cp1252"),
            flags=("--column", "amount=Montant HT")),
        "debit and credit": shop(table(
            "Belegnr;Datum;Debitor;Artikel;Soll;Haben",
            lambda s: f"{s.order};{s.day:%d.%m.%Y};{s.who};{s.item};{comma(s.money)};", SALES),
            ends=MAY_REFUSE, flags=("--column", "amount=Soll")),
        "a ledger with a minus on sales": shop(table(
            "Document No,Posting Date,Customer No,Item No,Sales amount",
            lambda s: f"{s.order},{s.day},{s.who},{s.item},-{s.money}", SALES),
            flags=("--column", "amount=Sales amount", "--amount-unit", "-1")),
        "ordered and delivered": shop(table(
            "Order,Date,Customer,Item,Qty ordered,Qty shipped,Unit price",
            lambda s: f"{s.order},{s.day},{s.who},{s.item},{s.units + s.order % 2},{s.units},{s.price}", SALES),
            flags=("--column", "quantity=Qty shipped")),
        "numbers of customers as floats": shop(table(
            "Order,Date,Customer,Item,Amount",
            lambda s: f"{s.order},{s.day},{s.who[1:]}{'.0' if s.order % 2 else ''},{s.item},{s.money}", SALES),
            money=truth(SALES, who=lambda s: s.who[1:])),
        "months only": shop(table(
            "Order,Month,Customer,Item,Amount", lambda s: f"{s.order},{s.day:%Y-%m},{s.who},{s.item},{s.money}", SALES),
            ends=ASK, money={}),
        "periods as columns": refused(
            "Customer,2024-01,2024-02,2024-03\n" + "".join(f"K{i},{i}.50,{i + 1}.00,0\n" for i in range(40)), asked=True),
        "a sum per customer": refused(
            "Customer,First order,Orders,Revenue\n" + "".join(f"K{i},2024-01-{1 + i % 28:02d},{i},{i}.50\n" for i in range(40)), asked=True),
        "fixed width": shop(table(
            "ORDER  DATE        CUSTOMER  ITEM    AMOUNT",
            lambda s: f"{s.order:<6d} {s.day}  {s.who:<9s} {s.item:<5s} {s.money:>8}", SALES), ends=MAY_REFUSE),
        "a table of a wiki": shop(table(
            "| Order | Date | Customer | Item | Amount |\n|---|---|---|---|---|",
            lambda s: f"| {s.order} | {s.day} | {s.who} | {s.item} | {s.money} |", SALES), ends=MAY_REFUSE),
        "thousands in the column's name": shop(table(
            "Order;Date;Customer;Item;Umsatz (TEUR)",
            lambda s: f"{s.order};{s.day};{s.who};{s.item};{str(s.money / 1000).replace('.', ',')}", SALES),
            flags=("--column", "amount=Umsatz (TEUR)"), ends=MAY_REFUSE),
    }  # fmt: skip


def marketplaces():
    """What marketplaces and payment services write."""
    return {
        "an auction with a title and a count": shop(table(
            '"Sales Record Number","Buyer Username","Item Number","Quantity","Sold For","Sale Date"',
            lambda s: f'"{s.order}","{s.who}","{s.item}","{s.units}","${s.price:,.2f}","{s.day:%b-%d-%y}"', SALES,
            above='"","","","","",""\n', below='"120 record(s) downloaded"\n'), flags=("--column", "price=Sold For", "--column", "amount="), ends=MAY_REFUSE),
        "a payment service": shop(table(
            "id,Created (UTC),Amount,Amount Refunded,Currency,Captured,Status,Customer ID",
            lambda s: f"ch_{s.order},{s.day} {s.clock},{total(s)},{total(s) if s.order in RETURNED else '0.00'},eur,"
                      f"{'false' if s.order == 9 else 'true'},{'Failed' if s.order == 9 else 'Paid'},{s.who}", FIRST),
            money=truth([s for s in SALES if s.order not in {*RETURNED, 9}]), orders=0,
            flags=("--status", "usual", "--column", "taken_back=", "--ignore", "Captured")),
        "payments with fees": shop(table(
            "Date,Time,Type,Status,Currency,Gross,Fee,Net,From Email,Transaction ID",
            lambda s: f'{s.day:%d/%m/%Y},{s.clock}:00,Payment,Completed,EUR,"{total(s):,.2f}",-0.35,"{total(s) - Decimal("0.35"):,.2f}",{s.who}@shop.example,T{s.order}', FIRST),
            money={}, ends=ASK),
        "minor units without a word": shop("\n".join(json.dumps(
            {"order_id": s.order, "created": f"{s.day}T10:00:00", "customer": s.who, "amount": int(total(s) * 100), "currency": "eur"})
            for s in FIRST) + "\n", name="charges.jsonl", flags=("--amount-unit", "0.01"), ends=ONLY_ASKED),
        "orders with a list of items": shop("\n".join(json.dumps(
            {"order_id": s.order, "created_at": str(s.day), "customer_id": s.who, "total": str(total(s)),
             "items": [{"sku": t.item, "qty": t.units} for t in SALES if t.order == s.order]}) for s in FIRST) + "\n",
            name="orders.jsonl"),
        "orders inside an object": shop(json.dumps({"orders": [
            {"order_id": s.order, "created_at": str(s.day), "customer_id": s.who, "total": str(total(s))} for s in FIRST]}),
            name="orders.json", ends=MAY_REFUSE),
        "a foreign currency beside the local one": shop(table(
            "Order,Date,Customer,Amount,Currency,Amount EUR",
            lambda s: f"{s.order},{s.day},{s.who},{s.money * (2 if s.order % 3 else 1)},{'USD' if s.order % 3 else 'EUR'},{s.money}", SALES),
            ends=READ),
        "two columns called amount": shop(table(
            "Order,Date,Customer,Amount,Amount",
            lambda s: f"{s.order},{s.day},{s.who},{s.money},{s.money * 2}", SALES), ends=ASK,
            flags=("--column", "amount=Amount")),
        "a code in the discount": shop(table(
            "Order,Date,Customer,Item,Amount,Discount",
            lambda s: f"{s.order},{s.day},{s.who},{s.item},{s.money},{'SUMMER10' if s.order % 7 == 0 else ''}", SALES), ends=MAY_REFUSE),
        "discounts per cent and in money": shop(table(
            "Order,Date,Customer,Item,Qty,Unit price,Discount",
            lambda s: f"{s.order},{s.day},{s.who},{s.item},{s.units},{s.price},{'10%' if s.order % 2 else '0.50'}", SALES),
            money={}, ends=ASK),
        "a suborder for each line": shop(table(
            "Sub-order ID,Order ID,Buyer,Paid at,SKU,Paid",
            lambda s: f"{s.order}-{s.line},{s.order},{s.who},{s.day} {s.clock},{s.item},{s.money}", SALES)),
        "a total repeated beside prices": shop(table(
            "Order,Date,Customer,SKU,Qty,Unit price,Order total",
            lambda s: f"{s.order},{s.day},{s.who},{s.item},{s.units},{s.price},{total(s)}", SALES)),
        "a total with delivery repeated": shop(table(
            "Order,Date,Customer,SKU,Qty,Unit price,Shipping,Order total",
            lambda s: f"{s.order},{s.day},{s.who},{s.item},{s.units},{s.price},5.00,{total(s) + 5}", SALES), ends=MAY_REFUSE,
            flags=("--column", "amount=", "--column", "price=Unit price", "--ignore", "Shipping")),
        "tips": shop(table(
            "Order,Date,Customer,Item,Amount,Tip",
            lambda s: f"{s.order},{s.day},{s.who},{s.item},{s.money},{'2.00' if s.order % 4 == 0 else '0.00'}", SALES),
            flags=("--ignore", "Tip")),
    }  # fmt: skip


def asia():
    """What shops in China, Japan and Thailand write."""

    def era(s):
        return f"R{s.day.year - 2018}.{s.day.month}.{s.day.day}"

    return {
        "交易关闭": shop(table(
            "订单号,下单时间,买家会员名,商品编码,数量,单价,实付金额,交易状态",
            lambda s: f"{s.order},{s.day:%Y年%m月%d日} {s.clock},{s.who},{s.item},{s.units},￥{s.price},\"￥{s.money:,.2f}\","
                      + ("交易关闭" if s.order in RETURNED else "交易成功"), SALES).encode("gb18030"),
            money=truth([s for s in SALES if s.order not in RETURNED]), orders=56, flags=("--status", "usual")),
        "楽天": shop(table(
            "注文番号,注文日時,会員番号,商品コード,個数,単価,合計",
            lambda s: f"{s.order},{s.day:%Y/%m/%d} {s.clock}:00,{s.who},{s.item},{s.units},{s.price},{s.money}", SALES).encode("cp932")),
        "a Japanese era": shop(table(
            "注文番号,日付,会員番号,商品コード,金額", lambda s: f"{s.order},{era(s)},{s.who},{s.item},{s.money}", SALES), ends=ASK, money={}),
        "令和": shop(table(
            "注文番号,日付,会員番号,商品コード,買上金額",
            lambda s: f"{s.order},令和{s.day.year - 2018}年{s.day.month}月{s.day.day}日,{s.who},{s.item},{s.money}", SALES), ends=READ),
        "a Buddhist year": shop(table(
            "Order,Date,Customer,Item,Amount",
            lambda s: f"{s.order},{s.day:%d/%m/}{s.day.year + 543},{s.who},{s.item},{s.money}", SALES), ends=ASK, money={}),
        "a year of Taiwan": shop(table(
            "訂單編號,日期,會員編號,商品編號,金額",
            lambda s: f"{s.order},{s.day.year - 1911}/{s.day:%m/%d},{s.who},{s.item},{s.money}", SALES), ends=ASK, money={}),
        "上午下午": shop(table(
            "单号,交易时间,会员卡号,商品,金额",
            lambda s: f"{s.order},{s.day:%Y/%m/%d} {'下午' if s.minute >= 720 else '上午'}{s.minute // 60 % 12 or 12}:{s.minute % 60:02d},{s.who},{s.item},{s.money}", SALES)),
        "万元": shop(table(
            "订单号,日期,会员编号,商品编码,金额（分）", lambda s: f"{s.order},{s.day},{s.who},{s.item},{s.money * 100:.0f}", SALES),
            flags=("--column", "amount=金额（分）")),
    }  # fmt: skip


def days():
    """Days in forms that are easy to get wrong."""

    def serial(s):
        return (datetime(s.day.year, s.day.month, s.day.day) - EXCEL_ZERO).days  # noqa: DTZ001

    def epoch(s):
        return int(datetime(s.day.year, s.day.month, s.day.day, tzinfo=UTC).timestamp()) + s.minute * 60

    plain = "Order,Date,Customer,Item,Amount"

    def made(write, **more):
        return shop(table(plain, lambda s: f"{s.order},{write(s)},{s.who},{s.item},{s.money}", SALES), **more)

    return {
        "Excel's numbers with hours": made(lambda s: f"{serial(s) + s.minute / 1440:.6f}"),
        "Excel's numbers": made(serial),
        "seconds with fractions": made(lambda s: f"{epoch(s)}.25", ends=MAY_REFUSE),
        "milliseconds": made(lambda s: epoch(s) * 1000),
        "without a year": made(lambda s: f"{s.day:%d.%m.}", ends=ASK, money={}),
        "weekdays before": made(lambda s: f"\"{s.day:%a, %d %b %Y}\""),
        "Uhr": shop(table("Bon;Datum;Kunde;Artikel;Betrag",
                          lambda s: f"{s.order};{s.day:%d.%m.%Y} {s.clock} Uhr;{s.who};{s.item};{comma(s.money)}", SALES), ends=MAY_REFUSE,
                    flags=("--date-format", "%d.%m.%Y %H:%M Uhr")),
        "hours with an h": made(lambda s: f"{s.day:%d/%m/%Y} {s.clock.replace(':', 'h')}", ends=MAY_REFUSE,
                                flags=("--date-format", "%d/%m/%Y %Hh%M")),
        "an offset": made(lambda s: f"{s.day}T{s.clock}:00+08:00"),
        "the day of the export in the first column": shop(table(
            "Date,Order,Sold on,Customer,Item,Amount", lambda s: f"2025-06-30,{s.order},{s.day},{s.who},{s.item},{s.money}", SALES),
            flags=("--column", "date=Sold on")),
        "a birthday beside": shop(table(
            "Geburtsdatum;Bestellt am;Kunde;Betrag", lambda s: f"0{1 + s.order % 9}.05.1980;{s.day:%d.%m.%Y};{s.who};{comma(s.money)}", SALES),
            orders=0, flags=("--column", "date=Bestellt am")),
        "months in Spanish": shop(table(
            "Pedido;Fecha;Cliente;Producto;Importe",
            lambda s: f"{s.order};{s.day.day}-{('ene', 'feb', 'mar', 'abr', 'may', 'jun', 'jul', 'ago', 'sep', 'oct', 'nov', 'dic')[s.day.month - 1]}-{s.day:%y};{s.who};{s.item};{comma(s.money)} €", SALES)),
        "past midnight": made(lambda s: f"{s.day + timedelta(days=1)} 00:30:00" if s.order % 50 == 1 else f"{s.day} {s.clock}:00",
                              money=truth([replace(s, day=s.day + timedelta(days=1)) if s.order % 50 == 1 else s for s in SALES])),
    }  # fmt: skip


def people():
    """Customers who are nobody, or written in several ways."""
    nobody = {s.order for s in SALES if s.order % 5 == 0}
    plain = "Order,Date,Customer,Item,Amount"

    def made(write, who):
        return shop(
            table(plain, lambda s: f"{s.order},{s.day},{write(s)},{s.item},{s.money}", SALES),
            money=truth(SALES, who=who),
        )

    def guest(word):
        return made(lambda s: word if s.order in nobody else s.who, lambda s: None if s.order in nobody else s.who)

    return {
        "Walk-in": guest("Walk-in Customer"),
        "Laufkunde": guest("Laufkundschaft"),
        "散客": guest("散客"),
        "nothing": guest(""),
        "capitals": shop(table(plain, lambda s: f"{s.order},{s.day},{s.who.lower() if s.line % 3 == 0 else s.who},{s.item},{s.money}", SALES),
                         money=truth(SALES), flags=("--customer-case", "same"), orders=60),
        "all to the till's card": shop(table(
            plain, lambda s: f"{s.order},{s.day},{'C777' if s.order % 2 else s.who},{s.item},{s.money}", SALES),
            money=truth(SALES, who=lambda s: None if s.order % 2 else s.who), flags=("--nobody", "C777"), ends=ONLY_ASKED),
    }  # fmt: skip


def containers():
    """Other files than plain text."""
    book, other = openpyxl.Workbook(), openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Sales report", None, None, None, None])
    sheet.append([])
    sheet.append(["Order", "Date", "Customer", "Item", "Amount"])
    for s in SALES:
        sheet.append([s.order, s.day, s.who, s.item, float(s.money)])
    sheet.append(["Total", None, None, None, float(sum(s.money for s in SALES))])
    first = other.active
    for half, at in ((SALES[:60], first), (SALES[60:], other.create_sheet("Second"))):
        at.append(["Order", "Date", "Customer", "Item", "Amount"])
        for s in half:
            at.append([s.order, s.day, s.who, s.item, float(s.money)])
    files = []
    for one in (book, other):
        stream = io.BytesIO()
        one.save(stream)
        files.append(stream.getvalue())
    plain = table("Order,Date,Customer,Item,Amount", lambda s: f"{s.order},{s.day},{s.who},{s.item},{s.money}", SALES)
    return {
        "a workbook with a title and a total": shop(files[0], name="shop.xlsx"),
        "two sheets": shop(files[1], name="shop.xlsx"),
        "gzip": shop(gzip.compress(plain.encode()), name="shop.csv.gz"),
        "UTF-16 with tabs": shop(plain.replace(",", "\t").encode("utf-16"), name="shop.txt"),
        "a comma too many in each row": shop(table(
            "Date,Customer,Amount", lambda s: f"{s.day},{s.who},{str(s.money).replace('.', ',')}", SALES), ends=ASK, money={}),
        "a header with a comma too many": shop(table(
            "Date,Customer,Amount,", lambda s: f"{s.day},{s.who},{str(s.money).replace('.', ',')}", SALES), ends=ASK, money={}),
    }  # fmt: skip


FORMS: dict[str, Form] = {
    f"{group.__name__}: {name}": form
    for group in (tills, erps, marketplaces, asia, days, people, containers)
    for name, form in group().items()
}
