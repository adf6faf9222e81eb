"""What an amount is: of the line, before discount, of the order, with tax; counted against price times quantity."""

from __future__ import annotations

from crm_lab.data.quoting import name_of
from crm_lab.data.sources.evidence.amount_alone import ask_of_orders_of_nothing, settle_price, settle_tax, settle_unit
from crm_lab.data.sources.evidence.findings import Answers, Settled, shell
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.first_look.column_vocabulary import plain_name
from crm_lab.data.sources.sql import PRICE, filled, number, number_in

_SURE = 0.95
_CENT = 0.0101
_MIN_ORDERS = 5
_SPREAD = "spread evenly over the lines"


def settle_amount(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Find what the amounts are; where two readings fit, ask."""
    columns = settled.columns
    if answers.counts_only:
        for role in ("amount", "price", "discount"):
            columns.pop(role, None)
        settled.take("no amounts: counts only", counts_only=True)
        return
    if _settle_pieces(file, answers, settled):
        return
    if answers.amount_is:
        settled.take(f"{columns.get('amount')} as given: {answers.amount_is}", amount_is=answers.amount_is)
    elif "amount" in columns and "price" in columns:
        _against_price(file, answers, settled)
    elif "amount" in columns:
        settle_tax(file, answers, settled)
        _by_itself(file, settled)
    elif "price" in columns:
        settle_price(file, answers, settled)
    settle_unit(file, answers, settled)
    _settle_discount(file, answers, settled)
    ask_of_orders_of_nothing(file, settled)


def _number(settled: Settled, role: str) -> str:
    return number(settled.columns[role], str(settled.settings.get("decimal", ".")), PRICE)


def _product(settled: Settled) -> str:
    units = _number(settled, "quantity") if "quantity" in settled.columns else "1"
    return f"({units} * {_number(settled, 'price')})::decimal(18,4)"


def _order(settled: Settled) -> str:
    return filled(settled.columns["order_id"]) if "order_id" in settled.columns else "source_row::text"


def _settle_pieces(file: WholeFile, answers: Answers, settled: Settled) -> bool:
    """Whether a column called amount beside a price may count pieces, which is asked then."""
    columns = settled.columns
    if not {"amount", "price"} <= set(columns) or "quantity" in columns or "amount" in answers.columns:
        return False
    amount = _number(settled, "amount")
    whole, middle = file.row(f"bool_and({amount} = trunc({amount})), median({amount})")
    if not whole or middle is None or middle > 20:
        return False
    a, p = shell(columns["amount"]), shell(columns["price"])
    settled.ask(
        "amount",
        f"{columns['amount']} holds small whole numbers and stands beside {columns['price']}: pieces or money?",
        (f"pieces; {columns['price']} is the line's", f"--column quantity={a} --column amount={p} --column price="),
        ("pieces at that price", f"--column quantity={a} --column price={p} --column amount="),
        ("money", f"--column amount={a}"),
    )  # fmt: skip
    return True


def _against_price(file: WholeFile, answers: Answers, settled: Settled) -> None:
    columns = settled.columns
    shares = _agreement(file, settled)
    a, product = columns["amount"], f"{columns['price']} x {columns.get('quantity', '1')}"
    if shares["net"] >= _SURE and shares["net"] >= shares["line"]:
        kind = next(k for k in ("amount", "share", "percent") if shares[k] == shares["net"])
        settled.take(f"{a} = {product} less discount ({kind}) on {shares['net']:.1%} of lines", discount_is=kind)
        return
    if shares["line"] >= _SURE:
        is_gross = "discount" in columns
        settled.take(f"{a} = {product} on {shares['line']:.1%} of lines", amount_is="gross" if is_gross else "line")
    elif shares["total"] >= _SURE:
        del columns["amount"]
        settled.take(
            f"{a} is the order's total, repeated; taken: {product} (adds up to it in {shares['total']:.1%} of orders)"
        )
    elif shares["first"] >= _SURE:
        del columns["amount"]
        settled.take(f"{a} stands on an order's first line only; taken: {product}")
    elif "amount" not in answers.columns:
        settled.ask(
            "amount",
            f"{a} and {product} differ on {1 - shares['line']:.0%} of lines.",
            (f"{a} is the line's money", f"--column amount={shell(a)} --column price="),
            (f"{product} is", f"--column amount= --column price={shell(columns['price'])}"),
        )  # fmt: skip


def _agreement(file: WholeFile, settled: Settled) -> dict[str, float]:
    """Share of lines (orders for totals) on which the amount is what."""
    amount, product = _number(settled, "amount"), _product(settled)
    near = f"abs({{}}) <= {_CENT}"
    tests = {"line": f"abs({amount}) - abs({product})"}
    if "discount" in settled.columns:
        text = f"replace({name_of(settled.columns['discount'])}, '%', '')"
        off = f"abs(coalesce({number_in(text, str(settled.settings.get('decimal', '.')), PRICE)}, 0))"
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
                     count(*) as n from looked where broken_row is null and {_order(settled)} is not null
              group by {_order(settled)})"""
    total, first = file.rows(orders)[0]
    shares |= {"total": float(total or 0), "first": float(first or 0)}
    shares["net"] = max((shares[k] for k in ("amount", "share", "percent") if k in shares), default=0.0)
    return shares


def _by_itself(file: WholeFile, settled: Settled) -> None:
    """An amount without price: of its line, unless it is the same on all lines of nearly all orders."""
    columns = settled.columns
    amount = _number(settled, "amount")
    if "order_id" not in columns:
        settled.take(f"{columns['amount']} is the line's money")
        return
    orders = f"""
        select count(*) filter (n > 1), count(*) filter (n > 1 and low = high and said = n),
               count(*) filter (n > 1 and said = 1)
        from (select count(*) as n, count({amount}) as said, min({amount}) as low, max({amount}) as high
              from looked where broken_row is null and {_order(settled)} is not null group by {_order(settled)})"""
    several, same, once = file.rows(orders)[0]
    chance = file.rows(
        f"select coalesce(sum(n * n), 0)::double / greatest(sum(n), 1) ^ 2 from"
        f" (select count(*) as n from looked where {amount} is not null group by {amount})"
    )[0][0]
    if several and once >= _SURE * several and several >= 2:
        settled.take(
            f"{columns['amount']} stands on an order's first line only ({once:,} orders): its total, {_SPREAD}",
            amount_is="order_total", fill=True,
        )  # fmt: skip
    elif several >= _MIN_ORDERS and same >= _SURE * several and chance < 0.3:
        settled.take(
            f"{columns['amount']} is the same on all lines of {same:,} of {several:,} orders: their total, {_SPREAD}",
            amount_is="order_total",
        )  # fmt: skip
    elif several and same == several:
        settled.ask(
            "amount_is",
            f"{columns['amount']} is the same on all lines of all {several:,} orders with several lines.",
            ("each line's money", "--amount-is line"), ("the order's total", "--amount-is order_total"),
        )  # fmt: skip
    else:
        settled.take(
            f"{columns['amount']} is the line's money ({several - same:,} of {several:,} orders have lines that differ)"
        )


def _settle_discount(file: WholeFile, answers: Answers, settled: Settled) -> None:
    columns = settled.columns
    if "discount" not in columns:
        return
    if answers.discount_is:
        settled.take(f"{columns['discount']} as given: {answers.discount_is}", discount_is=answers.discount_is)
    elif "discount_is" not in settled.settings:
        _discount_by_itself(file, settled)
    open_question = "price" not in columns and "amount" in columns and "amount_is" not in settled.settings
    if open_question and file.row("count(*)", f"{_number(settled, 'discount')} <> 0")[0]:
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
        f"Is {settled.columns['amount']} before or after {settled.columns['discount']}?",
        ("after: it is what was paid", "--amount-is line"), ("before", "--amount-is gross"),
    )  # fmt: skip


def _discount_by_itself(file: WholeFile, settled: Settled) -> None:
    column = settled.columns["discount"]
    text = f"replace(replace({name_of(column)}, '%', ''), '折', '')"
    value = f"abs({number_in(text, str(settled.settings.get('decimal', '.')), PRICE)})"
    base = _product(settled) if "price" in settled.columns else _number(settled, "amount")
    if any(word in plain_name(column) for word in ("perunit", "unitdiscount", "prostuck", "unitaire", "unitario")):
        settled.take(f"{column} is of one unit", discount_is="unit")
        return
    signs, high, between, kinds, usual, fives = file.row(
        f"count(*) filter ({name_of(column)} like '%\\%%' escape '\\'), max({value}),"
        f" count(*) filter ({value} > 0 and {value} < 1), count(distinct {value}),"
        f" median(abs({base})), bool_and({value} = trunc({value}) and {value} <= 100)"
    )
    if signs or "%" in column or "percent" in plain_name(column):
        said = f"{signs:,} values say so" if signs else "its name says so"
        settled.take(f"{column} is per cent: {said}", discount_is="percent")
    elif "折" in column and high and 0.5 < high <= 10:
        settled.ask(
            "discount_is",
            f"{column} goes up to {high:g}: the share that is paid (九折), the share taken off, or money?",
            ("what is paid", "--discount-is paid_share"), ("taken off", "--discount-is share"),
            ("money", "--discount-is amount"),
        )  # fmt: skip
    elif not high:
        settled.take(f"{column} is never above 0", discount_is="amount")
    elif high <= 1 and between and kinds <= 30 and (usual or 0) >= 3:
        settled.take(f"{column} is a share: all values between 0 and {high:g}", discount_is="share")
    elif fives and kinds <= 20 and high > 1:
        settled.ask(
            "discount_is",
            f"{column} holds whole numbers up to {high:g} only: currency or per cent?",
            ("currency", "--discount-is amount"), ("per cent", "--discount-is percent"),
        )  # fmt: skip
    elif high <= 1:
        settled.ask(
            "discount_is",
            f"{column} is never above 1: currency or a share?",
            ("currency", "--discount-is amount"), ("a share of the price", "--discount-is share"),
        )  # fmt: skip
    else:
        settled.take(f"{column} is in currency: values up to {high:g}", discount_is="amount")
