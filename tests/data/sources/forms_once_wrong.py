"""Forms that were once read wrong without a word, with their siblings."""

# ruff: noqa: E501 - a row stands on one line, as its system writes it

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.data.sources.forms import ONLY_REFUSED, Form, comma, order_total, refused, replace, sales, shop, table, truth

SALES = sales()
YEAR = sales(days=330)
CANCELLED = {3, 11, 19, 27, 35}
REFUNDED = {5, 21, 40}
KEPT = [one for one in SALES if one.order not in CANCELLED | REFUNDED]
HEAD = "Order No,Date,Customer No,Item,Quantity,Unit price"


def plain(one, **changes):
    """A line in the plainest form, some fields changed."""
    fields = {"order": f"o{one.order}", "day": one.day, "who": one.who, "item": one.item, "units": one.units,
              "price": one.price, **changes}  # fmt: skip
    return ",".join(str(value) for value in fields.values())


def per(one, unit):
    """A price of so many units."""
    return one.price * unit


def unit_of(one):
    """A unit of the price that differs from item to item."""
    return (1, 10, 100, 1000)[int(one.item[1:]) % 4]


def short(one, form):
    """A day in a form."""
    return one.day.strftime(form)


def price_units():
    """A price is of 1, 10, 100 units, as a column, or the price's name, says."""
    return {
        "SAP's Preiseinheit, no amount": shop(table(
            "Faktura;Fakturadatum;Kundennr;Material;Menge;Preis;Preiseinheit",
            lambda s: f"9{s.order:03d};{s.day:%d.%m.%Y};{s.who};{s.item};{s.units};{comma(per(s, unit_of(s)))};{unit_of(s)}",
            SALES)),
        "a unit of the price beside the amount": shop(table(
            "Order No,Date,Customer No,Item,Quantity,Price,Price unit,Amount",
            lambda s: plain(s, price=per(s, unit_of(s)), unit=unit_of(s), amount=s.money), SALES)),
        "a price per 100 by its name": shop(table(
            "Order No,Date,Customer No,Item,Quantity,Price per 100", lambda s: plain(s, price=per(s, 100)), SALES),
            flags=("--column", "price=Price per 100")),
        "a price per 1000 by its name": shop(table(
            "Belegnr;Datum;Kundennr;Artikel;Menge;Preis je 1000 Stk",
            lambda s: f"{s.order};{s.day:%d.%m.%Y};{s.who};{s.item};{s.units};{comma(per(s, 1000))}", SALES),
            flags=("--column", "price=Preis je 1000 Stk")),
        "KPEIN of SAP": shop(table(
            "VBELN;FKDAT;KUNAG;MATNR;FKIMG;Unit price;KPEIN",
            lambda s: f"9{s.order:03d};{s.day:%Y%m%d};{s.who};{s.item};{s.units};{per(s, unit_of(s))};{unit_of(s)}", SALES)),
        "每价格单位": shop(table(
            "订单编号,日期,会员编号,商品编码,数量,单价,价格单位",
            lambda s: plain(s, price=per(s, unit_of(s)), unit=unit_of(s)), SALES)),
    }  # fmt: skip


def short_years():
    """Two digits for the year, in any place."""

    def made(form, lines, *flags, head=HEAD):
        return shop(table(head, lambda s: plain(s, day=short(s, form)), lines), lines,
                    flags=flags or ("--date-format", form))  # fmt: skip

    march = [replace(one, day=date(2024, 3, 1 + one.order % 9)) for one in SALES]
    march = [one if one.order < 40 else replace(one, day=date(2024, 3, 10)) for one in march]
    early = sales(days=330, start=date(2005, 1, 3))
    eleven = sales(days=330, start=date(2011, 1, 3))
    return {
        f"{form} of {name}": made(form, lines)
        for form in ("%y/%m/%d", "%d/%m/%y", "%m/%d/%y", "%y-%m-%d", "%y.%m.%d", "%d.%m.%y", "%y%m%d", "%d%m%y", "%m%d%y")
        for name, lines in (("one year", YEAR), ("2005", early), ("2011", eleven), ("ten days", march))
    } | {
        f"{form} in full": made(form, YEAR) for form in ("%d%m%Y", "%m%d%Y", "%d-%b-%y", "%y-%b-%d", "%Y/%d/%m")
    }  # fmt: skip


def status():
    """What counts as a sale stands in single letters, in notes, in several rows of an order."""
    letter = {**dict.fromkeys(CANCELLED, "C"), **dict.fromkeys(REFUNDED, "X")}
    kept = {"money": truth(KEPT), "orders": len({s.order for s in KEPT})}
    note = {
        **dict.fromkeys(CANCELLED, "customer called - cancelled on {d}"),
        **dict.fromkeys(REFUNDED, "refunded on {d}"),
    }
    german = {
        **dict.fromkeys(CANCELLED, "am {d} storniert (Kunde)"),
        **dict.fromkeys(REFUNDED, "Gutschrift erstellt {d}"),
    }
    chinese = {**dict.fromkeys(CANCELLED, "客户{d}要求取消"), **dict.fromkeys(REFUNDED, "已于{d}退款")}
    french = {**dict.fromkeys(CANCELLED, "commande annulée le {d}"), **dict.fromkeys(REFUNDED, "remboursé le {d}")}

    def noted(notes, column, every="deliver to neighbour {d}"):
        return shop(table(f"{HEAD},{column}", lambda s: plain(
            s, note=notes.get(s.order, every if s.order % 3 == 0 else "").format(d=f"{s.day:%d.%m.%Y}")), SALES),
            flags=("--column", f"taken_back={column}"), **kept)  # fmt: skip

    def lettered(column, good="S", words=letter):
        flags = ("--column", f"status={column}", *(w for m in sorted({*words.values()})
                 for w in ("--status", f"{m}=no_sale")), *(("--status", f"{good}=sale") if good else ()))  # fmt: skip
        return shop(
            table(
                f"{HEAD},{column},Notes",
                lambda s: plain(s, st=words.get(s.order, good), note="please ring" if s.order % 5 == 0 else ""),
                SALES,
            ),
            flags=flags,
            **kept,
        )

    history = [(one, word) for one in SALES for word in
               (("created", "paid", "shipped") if one.order not in CANCELLED else ("created", "cancelled"))]  # fmt: skip
    return {
        "a refund beside its sale": shop(table("Order,Date,Customer,Item,Amount,Status", lambda s:
            f"o{s.order},{s.day},{s.who},{s.item},{s.money},completed"
            + (f"\no{s.order},{s.day},{s.who},{s.item},{s.money},refunded" if s.order in REFUNDED else ""), SALES),
            money=truth([s for s in SALES if s.order not in REFUNDED]), orders=0, flags=("--status", "usual")),
        "a net quantity beside the quantity": shop(table(f"{HEAD},Net qty", lambda s:
            plain(s, units=s.units + (s.order in REFUNDED), net=s.units), SALES), flags=("--column", "quantity=Net qty")),
        "letters called Status": lettered("Status"),
        "letters called St": lettered("St"),
        "letters called Kz": lettered("Kz"),
        "letters called Flag, empty for sales": lettered("Flag", good=""),
        "letters S and R": shop(table(f"{HEAD},Tp", lambda s: plain(s, t="R" if s.order in REFUNDED else "S"), SALES),
            flags=("--column", "status=Tp", "--status", "R=return", "--status", "S=sale"),
            money=truth(SALES, lambda s: -s.money if s.order in REFUNDED else s.money), orders=0),
        "numbers called State code": lettered("State code", "10", dict.fromkeys(CANCELLED | REFUNDED, "90")),
        "a note says refunded": noted(note, "Notes"),
        "Bemerkung says storniert": noted(german, "Bemerkung"),
        "备注 says 退款": noted(chinese, "备注"),
        "commentaire says annulée": noted(french, "Commentaire"),
        "a note on few rows only": noted(note, "Internal memo", every=""),
        "a history of statuses": Form({"shop.csv": "\n".join(
            [f"{HEAD},Order status,Changed", *(plain(s, st=w, at=f"{s.day} 1{i}:00") for i, (s, w) in enumerate(history))]
            ) + "\n"}, ends=ONLY_REFUSED, says="status"),
        "a history of statuses of whole orders": Form({"shop.csv": "\n".join(
            ["order_id,created_at,customer_id,order_total,status",
             *(f"o{s.order},{s.day},{s.who},{order_total(SALES, s.order)},{w}" for s, w in history if s.first)]) + "\n"},
            ends=ONLY_REFUSED, says="status"),
        "a history with the day of each status": Form({"shop.csv": "\n".join(
            ["order_id,date,customer_id,amount,event",
             *(f"o{s.order},{s.day},{s.who},{order_total(SALES, s.order)},{w}" for s, w in history if s.first)]) + "\n"},
            ends=frozenset({"refused", "asked"})),
    }  # fmt: skip


def swapped_days():
    """A spreadsheet has exchanged day and month where it could and left the rest as text."""

    def mixed(one, good, text):
        return (
            one.day.replace(month=one.day.day, day=one.day.month).strftime(good)
            if one.day.day <= 12
            else short(one, text)
        )

    half = sales(days=150, start=date(2024, 2, 1))

    def made(good, text, fixed):
        return shop(table(HEAD, lambda s: plain(s, day=mixed(s, good, text)), YEAR), YEAR,
                    flags=("--date-format", f"{fixed} | {text}"), ends=frozenset({"asked", "refused"}))  # fmt: skip

    return {
        "days as dates, the others as text": made("%Y-%m-%d", "%d/%m/%Y", "%Y-%d-%m"),
        "times as dates, the others as text": made("%Y-%m-%d 00:00:00", "%d.%m.%Y", "%Y-%d-%m 00:00:00"),
        "American days in a German spreadsheet": made("%d.%m.%Y", "%m/%d/%Y", "%m.%d.%Y"),
        "all in one form, half a year": shop(
            table(HEAD, lambda s: plain(s, day=mixed(s, "%Y-%m-%d", "%Y-%m-%d")), half), half, ends=ONLY_REFUSED,
            says="exchanged"),
    }  # fmt: skip


def lists():
    """What is no list of sales whatever it is called."""
    items = [f"A{i}" for i in range(80)]
    return {
        "a stock list": refused("Date,Item,Description,Supplier,Stock,Price\n" + "".join(
            f"2024-03-31,{a},Thing {a},S{i % 5},{i * 3 % 40},{i}.50\n" for i, a in enumerate(items))),
        "Lagerbestand": refused("Artikel;Bezeichnung;Lieferant;Bestand;Preis;Datum\n" + "".join(
            f"{a};Ding {a};L{i % 5};{i * 3 % 40};{i},50;31.03.2024\n" for i, a in enumerate(items))),
        "a price list with groups of customers": refused("Item,Customer group,Valid from,Price\n" + "".join(
            f"{a},G{i % 3},2024-01-01,{i}.50\n" for i, a in enumerate(items))),
        "a price list with a customer column": refused("Item,Customer,Date,Price\n" + "".join(
            f"{a},G{i % 3},2024-01-01,{i}.50\n" for i, a in enumerate(items)), asked=True),
        "库存表": refused("商品编码,商品名称,供应商,库存数量,单价,日期\n" + "".join(
            f"{a},物{i},供{i % 4},{i * 3 % 40},{i}.50,2024-03-31\n" for i, a in enumerate(items))),
        "purchase orders to suppliers": refused("PO Number,Date,Supplier,Item,Quantity,Unit cost\n" + "".join(
            f"P{i // 3},2024-0{1 + i % 9}-05,S{i % 5},{a},{i + 1},{i}.50\n" for i, a in enumerate(items)), asked=True),
    }  # fmt: skip


def contradictions():
    """The answer given contradicts the file: it is said, or refused."""
    few = [replace(one, day=one.day.replace(day=1 + one.order % 12)) for one in SALES]
    few = [replace(one, day=one.day.replace(day=28)) if one.order == 17 else one for one in few]

    def given(form, *flags, says, **more):
        return replace(form, flags=flags, says=says, ends=frozenset({"contradicted"}), **more)

    dated = shop(table(HEAD, lambda s: plain(s, day=short(s, "%m/%d/%Y")), few), few)
    plain_form = shop(table(HEAD + ",Amount", lambda s: plain(s, amount=s.money), SALES))
    total = shop(
        table("Order,Date,Customer,Item,Amount", lambda s: f"o{s.order},{s.day},{s.who},{s.item},{s.money}", SALES)
    )
    worded = shop(
        table(
            "Order,Date,Customer,Amount,Status",
            lambda s: f"o{s.order},{s.day},{s.who},{s.money}," + ("cancelled" if s.order in CANCELLED else "paid"),
            SALES,
        )
    )
    off = shop(
        table(
            "Order,Date,Customer,Item,Qty,Price,Discount,Amount",
            lambda s: (
                f"o{s.order},{s.day},{s.who},{s.item},{s.units},{s.price},{10 * (s.order % 3)},"
                f"{s.money * (100 - 10 * (s.order % 3)) / 100:.2f}"
            ),
            SALES,
        )
    )
    return {
        "the other order of day and month": given(dated, "--date-format", "%d/%m/%Y", says="contradict"),
        "the other decimal mark": given(shop(table(HEAD, lambda s: plain(s, price=f"{s.price:.3f}"), SALES)),
                                        "--decimal", ",", says="contradict"),
        "an amount that is not price x units": given(
            shop(table(HEAD + ",Amount", lambda s: plain(s, amount=s.order + 1), SALES)),
            "--column", "amount=Amount", says="contradict"),
        "a total that differs within its order": given(total, "--amount-is", "order_total", says="contradict"),
        "a word that is not there": given(worded, "--status", "canceld=no_sale", "--status", "usual", says="canceld"),
        "cancelled for a sale": given(worded, "--status", "cancelled=sale", says="contradict"),
        "a discount of currency that is per cent": given(off, "--discount-is", "amount", says="contradict"),
        "a currency that is not there": given(plain_form, "--keep-currency", "USD", says="USD"),
        "nobody who is not there": given(plain_form, "--nobody", "K9999", says="K9999"),
        "a product that is not there": given(plain_form, "--product", "Postage=fee", says="postage"),
        "a column to be ignored that is not there": given(plain_form, "--ignore", "Remarks", says="Remarks"),
        "counts only beside amounts": given(plain_form, "--counts-only", says="contradict"),
        "cents that are not": given(shop(table("Order,Date,Customer,Amount (cents)",
            lambda s: f"o{s.order},{s.day},{s.who},{s.money * 100:.0f}", SALES)),
            "--column", "amount=Amount (cents)", "--amount-unit", "1", says="contradict"),
    }  # fmt: skip


def several():
    """One file among several has another decimal mark, or another form of dates."""
    first, second = [s for s in SALES if s.order < 40], [s for s in SALES if s.order >= 40]
    months, days = [s for s in SALES if s.order < 40], second
    return {
        "another decimal mark": shop("", files={
            "2024.csv": table(HEAD.replace(",", ";"), lambda s: plain(s).replace(",", ";"), first),
            "2025.csv": table(HEAD.replace(",", ";"), lambda s: plain(s).replace(",", ";").replace(str(s.price), comma(s.price)), second)}),
        "another delimiter": shop("", files={
            "2024.csv": table(HEAD, plain, first),
            "2025.csv": table(HEAD.replace(",", ";"), lambda s: plain(s).replace(",", ";"), second)}),
        "another delimiter and mark": shop("", files={
            "2024.csv": table(HEAD, plain, first),
            "2025.csv": table(HEAD.replace(",", ";"), lambda s: plain(s).replace(",", ";").replace(str(s.price), comma(s.price)), second)}),
        "another encoding": shop("", files={
            "2024.csv": table(HEAD.replace("Item", "Größe"), plain, first).encode("utf-8"),
            "2025.csv": table(HEAD.replace("Item", "Größe"), plain, second).encode("cp1252")},
            flags=("--column", "product_id=Größe")),
        "months first, then days": shop("", files={
            "2024.csv": table(HEAD, lambda s: plain(s, day=short(s, "%m/%d/%Y")), months),
            "2025.csv": table(HEAD, lambda s: plain(s, day=short(s, "%d/%m/%Y")), days)}),
        "days in two forms": shop("", files={
            "2024.csv": table(HEAD, lambda s: plain(s, day=short(s, "%d.%m.%Y")), months),
            "2025.csv": table(HEAD, lambda s: plain(s, day=short(s, "%Y-%m-%d")), days)}),
        "a title above the second": shop("", files={
            "2024.csv": table(HEAD, plain, first),
            "2025.csv": table(HEAD, plain, second, above="Sales 2025,,,,,\n,,,,,\n")}),
    }  # fmt: skip


def counted():
    """What is no sale, or a return, by the name of a product, file or number, by a mark, by what stands in two files."""
    back, gone = {5, 21, 40}, {3, 11}

    def added(*rows):
        return shop(table("Beleg;Datum;Kundennr;Artikelnr;Bezeichnung;Betrag", lambda s: "\n".join(
            [f"{s.order};{s.day};{s.who};{s.item};Ding {s.item};{comma(s.money)}",
             *(f"{s.order};{s.day};{s.who};9{i};{name};{comma(money)}" for i, (name, money) in enumerate(rows)
               if s.first and s.order in back)]), SALES), flags=("--product", "usual"))  # fmt: skip

    def less(lines):
        made = truth(SALES)
        for s in lines:
            made[s.who, s.day.isoformat()] -= s.money
        return {key: money for key, money in made.items() if money}

    def minus(s):
        return -s.money if s.order in gone else s.money

    def marked(column, usual, other, *flags, some=gone, money=None):
        means = truth([s for s in SALES if s.order not in some]) if money is None else truth(SALES, money)
        return shop(table(f"{HEAD},{column}", lambda s: plain(s, m=other if s.order in some else usual), SALES),
                    money=means, orders=0, flags=flags, ends=frozenset({"asked"}))  # fmt: skip

    returned = [s for s in SALES if s.order in back]
    edited = [replace(s, units=s.units + 1) if s.order in back else s for s in SALES]
    early, late = [s for s in SALES if s.order < 45], [s for s in edited if s.order >= 15]
    now = [s for s in SALES if s.order < 15] + late
    storno = shop(table("Bonnr,Datum,Kundennr,Vorgang,Artikelnr,Menge,Betrag", lambda s:
        f"{s.order},{s.day},{s.who},Verkauf,{s.item},{s.units},{s.money}"
        + (f"\n{s.order},{s.day},{s.who},Storno,{s.item},-{s.units},-{s.money}" if s.order in back else ""), SALES),
        money=truth([s for s in SALES if s.order not in back]), orders=0, flags=("--status", "usual"))  # fmt: skip
    pieces = [replace(s, units=0) if s.order in back else s for s in SALES]
    return {
        "vouchers by the name beside a number": added(("Gutschein", 50)),
        "payments by the name beside a number": replace(added(("Zahlung bar", -20), ("Anzahlung", 5)), orders=0),
        "a discount as a line": shop(table("Order,Date,Customer,SKU,Name,Amount", lambda s:
            f"o{s.order},{s.day},{s.who},{s.item},Thing,{s.money}"
            + (f"\no{s.order},{s.day},{s.who},DISC,10% discount,-0.50" if s.first else ""), SALES),
            money=truth(SALES, lambda s: s.money - s.first * Decimal("0.5")), flags=("--product", "usual")),
        "a file called Retouren": Form({"orders.csv": table(HEAD, plain, SALES),
            "Retouren_2024.csv": table(HEAD, lambda s: plain(s, order=f"x{s.order}"), returned)}, less(returned),
            flags=("--part", "retouren=return"), ends=frozenset({"asked"})),
        "a file called cancelled": Form({"orders.csv": table(HEAD, plain, [s for s in SALES if s.order not in back]),
            "cancelled_orders.csv": table(HEAD, plain, returned)}, truth([s for s in SALES if s.order not in back]),
            flags=("--part", "cancelled=no_sale"), ends=frozenset({"asked"})),
        "an order edited between two exports": Form({"w1.csv": table(HEAD, plain, early), "w2.csv": table(HEAD, plain, late)},
            truth(now), flags=("--overlap", "latest"), ends=frozenset({"asked"})),
        "negative rows called Storno": storno,
        "Training Y": marked("Training", "N", "Y", "--column", "taken_back=Training"),
        "active N": marked("active", "Y", "N", "--column", "taken_back=active"),
        "deleted_at NULL": marked("deleted_at", "NULL", "2024-05-05", "--column", "taken_back=deleted_at"),
        "an x": marked("X", "", "x", "--column", "taken_back=X"),
        "a sign": marked("Sign", "+", "-", "--column", "status=Sign", "--status", "+=sale", "--status", "-=return", money=minus),
        "debit and credit": marked("D/C", "D", "C", "--column", "status=D/C", "--status", "D=sale", "--status", "C=return", money=minus),
        "movements of SAP": marked("BWART", "601", "602", "--column", "status=BWART", "--status", "601=sale", "--status", "602=return", money=minus),
        "a reason of a return": marked("Return reason", "", "too small", "--column", "returned=Return reason", money=minus),
        "an order that is credited": marked("Credit note for", "", "o2", "--column", "returned=Credit note for", money=minus),
        "pieces that came back": shop(table(f"{HEAD},Line total,Qty returned", lambda s:
            plain(s, total=s.money, back=s.units if s.order in back else 0), SALES), money=truth(pieces), orders=0,
            flags=("--column", "returned_quantity=Qty returned")),
        "credit notes by their numbers": shop(table(HEAD, lambda s:
            plain(s, order=f"{'CN' if s.order in gone else 'INV'}{s.order}"), SALES), money=truth(SALES, minus), orders=0,
            flags=("--order-prefix", "CN=return"), ends=frozenset({"asked"})),
        "quotes by their numbers": shop(table(HEAD, lambda s:
            plain(s, order=f"{'QU-' if s.order in gone else 'SO-'}{s.order}"), SALES),
            money=truth([s for s in SALES if s.order not in gone]), flags=("--order-prefix", "QU=no_sale"), orders=0,
            ends=frozenset({"asked"})),
    }  # fmt: skip


FORMS = {
    f"{group.__name__}: {name}": form
    for group in (price_units, short_years, status, swapped_days, lists, contradictions, several, counted)
    for name, form in group().items()
}
