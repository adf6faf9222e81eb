"""A price or an amount by itself: of a unit or the line, with tax, in cents; and what contradicts it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from crm_lab.data.sources.evidence.findings import Answers, Settled, say, shell
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.first_look.column_vocabulary import plain_name, unit_of
from crm_lab.data.sources.lines.unit_price import price_per

_OF_A_UNIT = (
    "unit", "each", "perpiece", "peritem", "einzel", "stuck", "einheit", "listprice", "itemcost", "retail", "vkpreis",
    "单价", "單價", "售价", "単価", "list",
)  # fmt: skip
_ENOUGH = 5
_FEW = 10
_NEAR = 0.35
_MOSTLY = 0.8
_CENT = 0.0101
_ALL = 0.9
_APART = 0.02
_SOME, _LARGE = 20, 500
_WITHOUT_CENTS = frozenset(
    {
        "JPY",
        "KRW",
        "VND",
        "IDR",
        "CLP",
        "ISK",
        "HUF",
        "TWD",
        "INR",
        "RUB",
        "COP",
        "PKR",
        "LKR",
        "ARS",
        "UZS",
        "KZT",
        "PYG",
        "NGN",
        "THB",
    }
)
_RIVALS = re.compile(
    r"paidprice|pricepaid|^paid$|actual|finalprice|sellingprice|netsales|^subtotal|warenwert|goodsvalue|实付|成交|商品金额"
)
_RIVAL_UNITS = re.compile(
    r"shipped|delivered|^net(?:qty|quantity|units)|nettomenge|净数量|geliefert|livr|enviad|发货数量|实发"
)
_TAX = 0.98
_WITH_TAX = re.compile(r"(?i)\b(?:inc(?:l|luding)?\.?[ _-]?(?:tax|vat|gst)|inkl|brutto|ttc|gross)\b|含税|税込")
_WITHOUT_TAX = re.compile(r"(?i)\b(?:ex(?:cl|cluding)?\.?[ _-]?(?:tax|vat|gst)|exkl|netto|net|ht)\b|不含税|未税|税抜")
_SIDE = re.compile(r"(?i)ship|freight|versand|porto|livraison|env[ií]o|cost|discount|rabatt|运费|邮费")


def settle_price(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Take a price for that of a unit or of the line by how it goes with the quantity; ask where nothing tells."""
    columns = settled.columns
    price = columns["price"]
    if "quantity" not in columns:
        settled.take(say("price.no_quantity", price=price))
        return
    product = f"amount = {price} x {columns['quantity']}{of_units(columns)}"
    named = any(word in plain_name(price) for word in _OF_A_UNIT)
    if "price" in answers.columns or named or of_units(columns):
        settled.take(product)
        return
    seen, of_unit = _goes_with_quantity(file, settled)
    if of_unit is None and seen < _FEW:
        settled.take(say("price.few_of_several_units", product=product, seen=seen))
    elif of_unit:
        settled.take(say("price.same_whatever_the_quantity", product=product, price=price))
    elif of_unit is False:
        settled.columns["amount"] = settled.columns.pop("price")
        settled.take(say("price.grows_with_quantity", price=price, quantity=columns["quantity"]), amount_is="line")
    else:
        settled.ask(
            "price",
            say("price.unit_or_line", price=price, seen=seen),
            (say("price.of_one_unit"), f"--column price={shell(price)}"),
            (say("price.of_the_line"), f"--column amount={shell(price)} --column price="),
        )  # fmt: skip


def of_units(columns: Mapping[str, str]) -> str:
    """What a product of price and quantity is divided by, in words; empty where the price is of one unit."""
    per = price_per(columns["price"])
    return f" / {columns['price_unit']}" if "price_unit" in columns else f" / {per:,.0f}" if per != 1 else ""


def ask_of_a_unit_price(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Ask where an amount beside a quantity is the same for a thing whatever its quantity: it looks like a price."""
    columns = settled.columns
    if not {"quantity", "product_id"} <= set(columns) or "discount" in columns or "amount" in answers.columns:
        return
    if settled.settings.get("amount_is") == "order_total":
        return
    seen, of_unit = _goes_with_quantity(file, settled, "amount")
    if of_unit:
        amount = columns["amount"]
        settled.ask(
            "amount",
            say("price.amount_like_a_unit_price", amount=amount, quantity=columns["quantity"], seen=seen),
            (say("price.of_a_unit"), f"--column price={shell(amount)} --column amount="),
            (say("price.of_the_line"), f"--column amount={shell(amount)}"),
        )


def _goes_with_quantity(file: WholeFile, settled: Settled, role: str = "price") -> tuple[int, bool | None]:
    """Rows of several units; and whether the price is a unit's: by things sold in several quantities, else by slope."""
    columns = settled.columns
    price, units = (f"abs({file.number(columns[one], settled.decimal)})::double" for one in (role, "quantity"))
    rows = f"(select {price} as p, {units} as q, {_thing(file, settled)} as thing from looked where broken_row is null)"
    (several,) = file.rows(f"select count(*) from {rows} where q > 1")[0]
    spread = "stddev_pop({0}) / nullif(avg({0}), 0)"
    unit, line = file.rows(
        f"select count(*) filter (u < l), count(*) filter (l < u) from (select {spread.format('p')} as u,"
        f" {spread.format('p / q')} as l from {rows} where q > 0 and p > 0 group by thing"
        " having count(distinct q) > 1)"
    )[0]
    if "product_id" in columns and unit + line >= _ENOUGH and max(unit, line) >= _MOSTLY * (unit + line):
        return several, unit > line
    slope, n = file.rows(f"select regr_slope(ln(p), ln(q)), count(*) from {rows} where q > 0 and p > 0")[0]
    if slope is None or several < _FEW or n < 3 * _FEW:
        return several, None
    return several, True if abs(slope) < _NEAR else False if abs(slope - 1) < _NEAR else None


def _thing(file: WholeFile, settled: Settled) -> str:
    return file.text(settled.columns["product_id"]) if "product_id" in settled.columns else "1"


def ask_of_orders_of_nothing(file: WholeFile, settled: Settled) -> None:
    """Ask where orders add up to nothing: what was paid stands among the lines with a minus."""
    columns = settled.columns
    if "order_id" not in columns or "amount" not in columns or settled.settings.get("amount_is") == "order_total":
        return
    if settled.settings.get("status"):  # a column tells the rows apart already
        return
    amount = file.number(columns["amount"], settled.decimal)
    several, nothing = file.rows(
        f"select count(*), count(*) filter (abs(total) < {_CENT} and most > 0) from (select sum({amount}) as total,"
        f" max(abs({amount})) as most from looked where broken_row is null"
        f" group by {file.text(columns['order_id'])} having count(*) > 1)"
    )[0]
    if several >= _ENOUGH and nothing >= 0.5 * several:
        settled.ask(
            "status",
            say("price.orders_of_nothing", nothing=nothing, several=several),
            (say("price.a_row_type"), "--column status=COLUMN --status usual --status payment=no_sale"),
        )


def settle_unit(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Cents and thousands by the column's name or as given; ask where nearly all amounts are negative."""
    column = settled.columns.get("amount") or settled.columns.get("price") or ""
    unit = answers.amount_unit or unit_of(column)
    if unit != 1 or answers.amount_unit:
        said = say("price.unit_as_given" if answers.amount_unit else "price.unit_by_name")
        settled.take(say("price.unit", column=column, unit=unit, said=said), amount_unit=unit)
        return
    value = file.number(column, settled.decimal) if column else "0"
    n, negative, whole, middle, kinds = file.row(
        f"count(*), count(*) filter ({value} < 0), bool_and({value} = trunc({value})), median(abs({value})),"
        f" count(distinct {value})", f"{value} <> 0"
    )  # fmt: skip
    if whole and column:  # what is written with cents, or with marks of thousands, is in no smaller unit
        whole = not file.row("count(*)", f"regexp_matches({file.text(column)}, '\\d[.,'' ]\\d{{2,3}}(?:\\D|$)')")[0]
    plain = settled.settings.get("currency") not in _WITHOUT_CENTS
    if whole and plain and n >= _SOME and kinds >= _FEW and middle >= _LARGE and not settled.settings.get("rates"):
        settled.ask(
            "amount_unit",
            say("price.whole_numbers", n=n, column=column, middle=middle),
            (say("price.cents"), "--amount-unit 0.01"), (say("price.no"), "--amount-unit 1"),
        )  # fmt: skip
    if n >= _FEW and negative >= _ALL * n:
        settled.ask(
            "amount_unit",
            say("price.mostly_negative", negative=negative, n=n, column=column),
            (say("price.yes"), "--amount-unit -1"), (say("price.they_are_returns"), "--amount-unit 1"),
        )  # fmt: skip


def ask_of_rivals(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Ask where another column is called like what was paid or sold, and says something else."""
    if settled.questions or {"amount", "price", "quantity"} & set(answers.columns):
        return
    columns = settled.columns
    left = [c for c in file.header if c not in {*columns.values(), *answers.ignored} and not c.startswith("lab_")]
    role = "amount" if "amount" in columns else "price"
    for mine, names in ((role, _RIVALS), ("quantity", _RIVAL_UNITS)):
        if mine not in columns:
            continue
        own = file.number(columns[mine], settled.decimal)
        for other in (c for c in left if names.search(plain_name(c)) and not names.search(plain_name(columns[mine]))):
            theirs = file.number(other, settled.decimal)
            n, apart = file.row(f"count({theirs}), count(*) filter ({theirs} <> {own})")
            if n >= 0.5 * file.row("count(*)")[0] and apart > _APART * n:
                settled.ask(
                    mine,
                    say("price.rivals", n=columns[mine], other=other, apart=apart, n2=n),
                    (columns[mine], f"--column {mine}={shell(columns[mine])}"),
                    (other, f"--column {mine}={shell(other)}"),
                )
                return


def settle_tax(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Another column that is the amount with or without its tax: which one is revenue is asked."""
    columns = settled.columns
    if "amount" in answers.columns:
        return
    mine = file.number(columns["amount"], settled.decimal)
    others = [c for c in file.header if c not in columns.values()]
    if _WITH_TAX.search(columns["amount"]):
        without = [c for c in others if _WITHOUT_TAX.search(c) and not _WITH_TAX.search(c)]
        numbers = [
            c for c in without if file.row(f"count({file.number(c, settled.decimal)})")[0] and not _SIDE.search(c)
        ]
        if numbers:
            _ask_of_tax(settled, numbers[0])
            return
    for other in others:
        theirs = file.number(other, settled.decimal)
        both = f"{mine} is not null and {theirs} is not null and {mine} <> 0"
        more = f"coalesce(abs({file.number(columns['tax'], settled.decimal)}), 0)" if "tax" in columns else None
        ratio = f"{theirs}::double / {mine}::double"
        (n,) = file.row("count(*)", both)
        (rows,) = file.row("count(*)", f"{mine} is not null")
        if n < max(5, 0.9 * rows):
            continue
        low, high, exact = file.row(
            f"quantile_cont({ratio}, 0.05), quantile_cont({ratio}, 0.95),"
            f" avg((abs(abs({theirs} - {mine}) - {more or '-1'}) <= {_CENT} and {theirs} <> {mine})::integer)", both,
        )  # fmt: skip
        constant = (1.03 <= low <= high <= 1.30 or 0.77 <= low <= high <= 0.97) and high - low < 0.02
        if constant or float(exact or 0) >= _TAX:
            _ask_of_tax(settled, other)
            return


def _ask_of_tax(settled: Settled, other: str) -> None:
    mine = settled.columns["amount"]
    settled.ask(
        "amount",
        say("price.two_with_and_without_tax", mine=mine, other=other),
        (mine, f"--column amount={shell(mine)}"),
        (other, f"--column amount={shell(other)}"),
    )
