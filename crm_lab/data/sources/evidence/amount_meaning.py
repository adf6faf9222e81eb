"""What an amount is: of the line, before discount, of the order, with tax; counted against price times quantity."""

from __future__ import annotations

import re

from crm_lab.data.quoting import name_of
from crm_lab.data.sources.evidence.amount_alone import (
    ask_of_a_unit_price,
    ask_of_orders_of_nothing,
    of_units,
    settle_price,
    settle_tax,
    settle_unit,
)
from crm_lab.data.sources.evidence.findings import Answers, Settled, say, shell
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.first_look.column_vocabulary import plain_name
from crm_lab.data.sources.lines.unit_price import unit_price
from crm_lab.data.sources.refusal import refused

_PER_CENT = re.compile(r"per ?cent|pct|prozent|porcent|pourcent|percentu")
_SURE = 0.95
_CENT = 0.0101
_MIN_ORDERS = 5


def settle_amount(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Find what the amounts are; where two readings fit, ask."""
    columns = settled.columns
    if answers.counts_only:
        for role in ("amount", "price", "discount"):
            columns.pop(role, None)
        settled.take(say("amount.counts_only"), counts_only=True)
        return
    if _settle_pieces(file, answers, settled):
        return
    if answers.amount_is:
        settled.take(
            say("amount.as_given", n=columns.get("amount"), amount_is=answers.amount_is), amount_is=answers.amount_is
        )
    elif "amount" in columns and "price" in columns:
        _against_price(file, answers, settled)
    elif "amount" in columns:
        settle_tax(file, answers, settled)
        _by_itself(file, settled)
        ask_of_a_unit_price(file, answers, settled)
    elif "price" in columns:
        settle_price(file, answers, settled)
    settle_unit(file, answers, settled)
    _settle_discount(file, answers, settled)
    ask_of_orders_of_nothing(file, settled)


def _number(file: WholeFile, settled: Settled, role: str) -> str:
    return file.number(settled.columns[role], settled.decimal)


def _product(file: WholeFile, settled: Settled) -> str:
    units = _number(file, settled, "quantity") if "quantity" in settled.columns else "1"
    price = unit_price(settled.columns, lambda column: file.number(column, settled.decimal))
    return file.once(f"({units} * {price})::decimal(18,4)")


def _order(file: WholeFile, settled: Settled) -> str:
    return file.text(settled.columns["order_id"]) if "order_id" in settled.columns else "source_row::text"


def _settle_pieces(file: WholeFile, answers: Answers, settled: Settled) -> bool:
    """Whether a column called amount beside a price may count pieces, which is asked then."""
    columns = settled.columns
    if not {"amount", "price"} <= set(columns) or "quantity" in columns or "amount" in answers.columns:
        return False
    amount = _number(file, settled, "amount")
    whole, middle = file.row(f"bool_and({amount} = trunc({amount})), median({amount})")
    if not whole or middle is None or middle > 20:
        return False
    a, p = shell(columns["amount"]), shell(columns["price"])
    settled.ask(
        "amount",
        say("amount.pieces_or_money", amount=columns['amount'], price=columns['price']),
        (say("amount.pieces_of_the_line", price=columns['price']),
         f"--column quantity={a} --column amount={p} --column price="),
        (say("amount.pieces_at_that_price"), f"--column quantity={a} --column price={p} --column amount="),
        (say("amount.money"), f"--column amount={a}"),
    )  # fmt: skip
    return True


def _against_price(file: WholeFile, answers: Answers, settled: Settled) -> None:
    columns = settled.columns
    shares = _agreement(file, settled)
    a, product = columns["amount"], f"{columns['price']} x {columns.get('quantity', '1')}{of_units(columns)}"
    if shares["net"] >= _SURE and shares["net"] >= shares["line"]:
        kind = next(k for k in ("amount", "share", "percent") if shares[k] == shares["net"])
        settled.take(
            say("amount.product_less_discount", a=a, product=product, kind=kind, net=shares["net"]), discount_is=kind
        )
        return
    if shares["line"] >= _SURE:
        is_gross = "discount" in columns
        settled.take(
            say("amount.product", a=a, product=product, line=shares["line"]), amount_is="gross" if is_gross else "line"
        )
    elif shares["total"] >= _SURE:
        del columns["amount"]
        settled.take(say("amount.total_repeated", a=a, product=product, total=shares["total"]))
    elif shares["first"] >= _SURE:
        del columns["amount"]
        settled.take(say("amount.first_line_only", a=a, product=product))
    elif "amount" in answers.columns:
        settled.take(say("amount.not_the_product", a=a, product=product, n=1 - shares["line"]))
    else:
        settled.ask(
            "amount",
            say("amount.differs_from_product", a=a, product=product, n=1 - shares['line']),
            (say("amount.is_the_line", a=a), f"--column amount={shell(a)} --column price="),
            (say("amount.product_is", product=product), f"--column amount= --column price={shell(columns['price'])}"),
        )  # fmt: skip


def _agreement(file: WholeFile, settled: Settled) -> dict[str, float]:
    """Share of lines (orders for totals) on which the amount is what."""
    amount, product = _number(file, settled, "amount"), _product(file, settled)
    near = f"abs({{}}) <= {_CENT}"
    tests = {"line": f"abs({amount}) - abs({product})"}
    if "discount" in settled.columns:
        off = f"abs(coalesce({file.number(settled.columns['discount'], settled.decimal, without='%')}, 0))"
        tests["amount"] = f"abs({amount}) - abs({product}) + {off}"
        tests["share"] = f"abs({amount}) - abs({product}) * (1 - {off})"
        tests["percent"] = f"abs({amount}) - abs({product}) * (1 - {off} / 100)"
    counts = ", ".join(f"avg(({near.format(sql)})::integer)" for sql in tests.values())
    found = dict(zip(tests, file.row(counts, f"{amount} is not null and {product} is not null"), strict=True))
    shares = {name: float(value or 0) for name, value in found.items()}
    orders = f"""
        select avg((abs(total - summed) <= 0.02 and low = total)::integer) as total,
               avg((said = 1 and n > 1)::integer) filter (n > 1) as first
        from (select max({amount}) as total, min({amount}) as low, sum({product}) as summed, count({amount}) as said,
                     count(*) as n from looked where broken_row is null and {_order(file, settled)} is not null
              group by {_order(file, settled)})"""
    total, first = file.rows(orders)[0]
    shares |= {"total": float(total or 0), "first": float(first or 0)}
    shares["net"] = max((shares[k] for k in ("amount", "share", "percent") if k in shares), default=0.0)
    return shares


def _by_itself(file: WholeFile, settled: Settled) -> None:
    """An amount without price: of its line, unless it is the same on all lines of nearly all orders."""
    columns = settled.columns
    amount = _number(file, settled, "amount")
    if "order_id" not in columns:
        settled.take(say("amount.of_the_line", amount=columns["amount"]))
        return
    order = _order(file, settled)
    orders = f"""
        select count(*) filter (n > 1), count(*) filter (n > 1 and low = high and said = n),
               count(*) filter (n > 1 and said = 1)
        from (select count(*) as n, count({amount}) as said, min({amount}) as low, max({amount}) as high
              from looked where broken_row is null and {order} is not null group by {order})"""
    several, same, once = file.rows(orders)[0]
    chance = file.rows(
        f"select coalesce(sum(n * n), 0)::double / greatest(sum(n), 1) ^ 2 from"
        f" (select count(*) as n from looked where {amount} is not null group by {amount})"
    )[0][0]
    if several and once >= _SURE * several and several >= 2:
        settled.take(
            say("amount.total_on_first_line", amount=columns['amount'], once=once),
            amount_is="order_total", fill=True,
        )  # fmt: skip
    elif several >= _MIN_ORDERS and same >= _SURE * several and chance < 0.3:
        settled.take(
            say("amount.total_on_each_line", amount=columns['amount'], same=same, several=several),
            amount_is="order_total",
        )  # fmt: skip
    elif several and same == several:
        settled.ask(
            "amount_is",
            say("amount.same_in_few_orders", amount=columns['amount'], several=several),
            (say("amount.each_line"), "--amount-is line"), (say("amount.order_total"), "--amount-is order_total"),
        )  # fmt: skip
    else:
        settled.take(say("amount.lines_differ", amount=columns["amount"], n=several - same, several=several))


def _settle_discount(file: WholeFile, answers: Answers, settled: Settled) -> None:
    columns = settled.columns
    if "discount" not in columns:
        return
    if answers.discount_is:
        found = settled.settings.get("discount_is", answers.discount_is)
        settled.take(
            say("amount.discount_as_given", discount=columns["discount"], discount_is=answers.discount_is),
            discount_is=answers.discount_is,
        )
        if found != answers.discount_is:
            settled.take(say("amount.other_discount", discount=columns["discount"], found=found))
    elif "discount_is" not in settled.settings:
        _refuse_values_without_sign(file, settled)
        _discount_by_itself(file, settled)
    open_question = "price" not in columns and "amount" in columns and "amount_is" not in settled.settings
    if open_question and file.row("count(*)", f"{_number(file, settled, 'discount')} <> 0")[0]:
        _before_or_after(answers, settled)


def _before_or_after(answers: Answers, settled: Settled) -> None:
    name = settled.columns["amount"].lower()
    if any(word in name for word in ("net", "paid", "实付")) or answers.amount_is:
        return
    if any(word in name for word in ("gross", "brutto", "list", "before")):
        settled.settings["amount_is"] = "gross"
        return
    settled.ask(
        "amount_is",
        say("amount.before_or_after", amount=settled.columns['amount'], discount=settled.columns['discount']),
        (say("amount.after"), "--amount-is line"), (say("amount.before"), "--amount-is gross"),
    )  # fmt: skip


def _refuse_values_without_sign(file: WholeFile, settled: Settled) -> None:
    column = settled.columns["discount"]
    value = file.number(column, settled.decimal)
    sign = f"{name_of(column)} like '%\\%%' escape '\\'"
    signs, bare = file.row(f"count(*) filter ({sign}), count(*) filter ({value} <> 0 and not {sign})")
    if signs and bare:
        raise refused("mixed_discounts", column=column, signs=signs, bare=bare)


def _discount_by_itself(file: WholeFile, settled: Settled) -> None:
    column = settled.columns["discount"]
    value = f"abs({file.number(column, settled.decimal, without='%折')})"
    base = _product(file, settled) if "price" in settled.columns else _number(file, settled, "amount")
    if any(word in plain_name(column) for word in ("perunit", "unitdiscount", "prostuck", "unitaire", "unitario")):
        settled.take(say("amount.discount_of_a_unit", column=column), discount_is="unit")
        return
    signs, high, between, kinds, usual, fives = file.row(
        f"count(*) filter ({name_of(column)} like '%\\%%' escape '\\'), max({value}),"
        f" count(*) filter ({value} > 0 and {value} < 1), count(distinct {value}),"
        f" median(abs({base})), bool_and({value} = trunc({value}) and {value} <= 100)"
    )
    if signs or "%" in column or _PER_CENT.search(plain_name(column)):
        said = say("amount.signs_say_so", signs=signs) if signs else say("amount.name_says_so")
        settled.take(say("amount.discount_per_cent", column=column, said=said), discount_is="percent")
    elif "折" in column and high and 0.5 < high <= 10:
        settled.ask(
            "discount_is",
            say("amount.paid_share", column=column, high=high),
            (say("amount.what_is_paid"), "--discount-is paid_share"), (say("amount.taken_off"), "--discount-is share"),
            (say("amount.money"), "--discount-is amount"),
        )  # fmt: skip
    elif not high:
        settled.take(say("amount.no_discount", column=column), discount_is="amount")
    elif high <= 1 and between and kinds <= 30 and (usual or 0) >= 3:
        settled.take(say("amount.discount_is_a_share", column=column, high=high), discount_is="share")
    elif fives and kinds <= 20 and high > 1:
        settled.ask(
            "discount_is",
            say("amount.currency_or_per_cent", column=column, high=high),
            (say("amount.currency"), "--discount-is amount"), (say("amount.per_cent"), "--discount-is percent"),
        )  # fmt: skip
    elif high <= 1:
        settled.ask(
            "discount_is",
            say("amount.currency_or_share", column=column),
            (say("amount.currency"), "--discount-is amount"), (say("amount.a_share"), "--discount-is share"),
        )  # fmt: skip
    else:
        settled.take(say("amount.discount_in_currency", column=column, high=high), discount_is="amount")
