"""Roles without a column, columns without a role: both are asked about where money or people hang on them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from crm_lab.data.quoting import text_of
from crm_lab.data.sources.evidence.doubts.notes_and_codes import (
    TAKEN_BACK,
    ask_of_doubts,
    ask_of_taken_back,
    is_of,
    says_taken_back,
)
from crm_lab.data.sources.evidence.doubts.other_lists import SUPPLIERS
from crm_lab.data.sources.evidence.doubts.said_again import ask_of_parts
from crm_lab.data.sources.evidence.findings import Answers, Settled, say, shell
from crm_lab.data.sources.evidence.sales_and_buyers import meaning_of
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.first_look.column_roles import Proposal
from crm_lab.data.sources.first_look.column_vocabulary import names_by_role, names_of, plain_name
from crm_lab.data.sources.first_look.value_looks import looks_like_numbers, reads_as_date
from crm_lab.data.sources.lines.edited_orders import sells
from crm_lab.data.sources.lines.row_meaning import NOTHING, says_something
from crm_lab.data.sources.sql import filled, small
from crm_lab.messages import Message

_MOST = 6
_MANY_CUSTOMERS = 20


_SIDE_MONEY = re.compile(
    r"^tips?$|tipamount|trinkgeld|gratuity|pourboire|propina|小费|giftcard|gutschein|voucher|coupon|deposit|pfand"
    r"|servicecharge|orderdiscount|^shipping|versand|porto|livraison|运费|邮费"
)
_SAYS = re.compile(
    r"soll|haben|debitcredit|creditdebit|return|refund|cancel|storno|storn|void|revers|retour|retoure|gutschrift"
    r"|rembours|annul|devol|anulad|reembols|退|取消|作废|冲|返品|返金|キャンセル|creditnote|creditmemo|creditfor"
    r"|^(?:is)?test(?:order|mode|run)?$|training|schulung|formation|^(?:is)?internal|^intern[eo]?$|delet|geloscht"
    r"|supprim|borrad|eliminad|删除|刪除|削除"
)
_LOWERS = re.compile(r"giftcard|gutschein|voucher|coupon|orderdiscount")
_CARRIAGE = re.compile(r"^shipping|versand|porto|livraison|运费|邮费")
_WHOLE = re.compile(r"^(?!.*(?:sub|line|item)).*(?:total|gesamt|summe|paid|bezahlt)|合计|总")
_DISCOUNTS = re.compile(
    r"discount|rabatt?|nachlass|remise|rabais|descuento|sconto|desconto|korting|indirim|скидк|折扣|优惠|優惠|値引|割引|할인"
)
_PAID = re.compile(
    r"^(?:is)?(?:paid|bezahlt|payee?|pagad[oa]|active|aktiv|actif|activ[oa]|valid[eo]?|gultig|enabled|approved|confirmed"
    r"|complete|completed|successful)$|已付款|是否付款|有效"
)
_FEW_VALUES = 12
_MANY_TIMES = 15
_HALF = 0.5
_WITH_CENTS = re.compile(r"[^\d-]{0,4}-?[\d.,' ]*[.,]\d{1,2}\D{0,4}")
_NOT = re.compile(r"policy|allowed|deadline|window|url|until|政策|rate")
_ABOUT = re.compile(r"reason|grund|motif|motivo|原因|id$|no$|number$|nr$")
"""Names of columns that say something of a return: that there was one, where they are mostly empty."""

_MOSTLY_EMPTY = 0.5


def ask_for_roles(proposal: Proposal, values: Mapping[str, Sequence[str]], settled: Settled) -> None:
    """Ask for each role that is needed and missing, with the columns that could hold it.

    Args:
        proposal: What was recognised by name.
        values: Column to its values among the first rows.
        settled: Where the questions are noted.
    """
    fits: Mapping[str, Callable[[Sequence[str]], bool]] = {
        "date": lambda seen: reads_as_date(seen[:200]),
        "amount": lambda seen: looks_like_numbers(seen) and len(set(seen)) > 2,
        "customer_id": _could_be_people,
    }
    others = {
        name for kind, names in names_by_role().items() if kind != "customer_id" for name in map(plain_name, names)
    }
    sellers = names_of("not_the_customer")
    for role in proposal.missing:
        could = [
            name
            for name in proposal.unused
            if values.get(name)
            and fits[role](values[name])
            and not SUPPLIERS.search(plain_name(name))
            and not (
                role == "customer_id" and (plain_name(name) in others or any(w in plain_name(name) for w in sellers))
            )
        ][:_MOST]
        options: list[tuple[Message | str, str]] = [(name, f"--column {role}={shell(name)}") for name in could]
        if role == "amount":
            options.append((say("columns.there_are_no_amounts"), "--counts-only"))
        if not could:
            options.append((say("columns.a_column"), f"--column {role}=COLUMN"))
        settled.ask(role, say("columns.no_role", n=say(f"columns.the_{role}")), *options)


def _could_be_people(seen: Sequence[str]) -> bool:
    """Whether some values could be customers: some come again, and they are no days, money, units or words of a few."""
    kinds = set(seen)
    money = sum(bool(_WITH_CENTS.fullmatch(value)) for value in kinds) > _HALF * len(kinds)
    few = len(kinds) <= _FEW_VALUES and len(seen) > _MANY_TIMES * len(kinds)
    return 1 < len(kinds) < len(seen) and not money and not few and not reads_as_date(seen[:200])


def settle_unread_columns(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Ask of columns that are not read and say in some rows that a sale was taken back, or hold other money."""
    used = {*settled.columns.values(), *answers.ignored}
    sold = _sold(settled)
    described = {settled.columns.get(role) for role in ("region", "category")}
    for column in file.header:
        if column.startswith("lab_") or column in {*answers.ignored, *answers.columns.values()}:
            continue
        if column in described:
            _ask_of_words(file, column, sold, settled)
        elif column not in used:
            _ask_of_an_unread_column(file, column, sold, settled)


def _ask_of_an_unread_column(file: WholeFile, column: str, sold: str, settled: Settled) -> None:
    plain = plain_name(column)
    if _SIDE_MONEY.search(plain) and not _NOT.search(plain) and not _ABOUT.search(plain):
        _ask_of_side_money(file, column, settled)
        return
    if is_of(file, column, "product_id", settled) or is_of(file, column, "customer_id", settled):
        return
    if any(asked(file, column, settled) for asked in (_ask_of_a_discount, ask_of_parts)):
        return
    if _ask_of_words(file, column, sold, settled):
        return
    if _says(file, column, plain):
        n, example = file.row(f"count(*), min({file.text(column)})", f"{says_something(column)} and {sold}")
        if n and n < file.row("count(*)")[0]:
            ask_of_taken_back(column, n, example, settled)
    else:
        ask_of_doubts(file, column, settled)


def _ask_of_words(file: WholeFile, column: str, sold: str, settled: Settled) -> bool:
    """Ask of words of no sale in a column of few words; whether there are any."""
    words = _words_of_no_sale(file, column)
    if words:
        said = f"lower({file.text(column)}) in ({', '.join(text_of(small(word.strip())) for word in words)})"
        (n,) = file.row("count(*)", f"{said} and {sold}")
        if n:
            ask_of_taken_back(column, n, next(iter(words)), settled)
    return bool(words)


def _ask_of_a_discount(file: WholeFile, column: str, settled: Settled) -> bool:
    """Ask of a column of numbers that is called a discount, where none is read."""
    named = _DISCOUNTS.search(plain_name(column)) and not _ABOUT.search(plain_name(column))
    if not named or {"discount", "order_discount"} & set(settled.columns):
        return False
    value = file.number(column, str(settled.settings.get("decimal", ".")), without="%")
    n, numbers, there = file.row(f"count(*) filter ({value} <> 0), count({value}), count({file.text(column)})")
    if not n or numbers < there:
        return False
    c, amount = shell(column), settled.columns.get("amount") or settled.columns["price"]
    settled.ask(
        "ignored",
        say("columns.a_discount", column=column, n=n, amount=amount),
        (say("columns.of_the_line"), f"--column discount={c}"),
        (say("columns.of_the_order"), f"--column order_discount={c}"),
        (say("columns.taken_off_already"), f"--ignore {c}"),
    )
    return True


def _says(file: WholeFile, column: str, plain: str) -> bool:
    """Whether a column's name says that what stands in it tells of sales taken back."""
    if not _SAYS.search(plain) or _NOT.search(plain):
        return False
    there, of = file.row(f"count(*) filter ({says_something(column)}), count(*)")
    return not _ABOUT.search(plain) or bool(there < _MOSTLY_EMPTY * of)


def _sold(settled: Settled) -> str:
    """SQL condition that a row counts as sold so far: what is negative, or no sale by its status, is told already."""
    status, meanings = settled.columns.get("status"), settled.settings.get("status", {})
    none = [text_of(word) for word, means in meanings.items() if means != "sale"]
    told = f" and coalesce(lower({filled(status)}), '') not in ({', '.join(none)})" if status and none else ""
    return f"({sells(settled.columns)}{told})"


def _words_of_no_sale(file: WholeFile, column: str) -> dict[str, int]:
    """Values of a column of few words that are no sale, with their rows."""
    counts = file.counts(column, _FEW_VALUES + 1)
    if len(counts) > _FEW_VALUES:
        return {}
    no = NOTHING if _PAID.search(plain_name(column)) else ()
    return {word: n for word, n in counts if meaning_of(word) in ("no_sale", "return") or small(word.strip()) in no}


def settle_taken_back(file: WholeFile, settled: Settled) -> None:
    """Of a column that says where a sale was taken back, the words that say so, where it has words."""
    column = settled.columns.get("taken_back")
    words = _words_of_no_sale(file, column) if column else {}
    if column and words:
        settled.take(
            say("columns.words_of_no_sale", column=column, n=", ".join(words)),
            taken_back_words=[small(w.strip()) for w in words],
        )
    elif column and not _SAYS.search(plain_name(column)):
        noted, of = file.row(f"count(*) filter ({says_taken_back(column)}), count({file.text(column)})")
        if 0 < noted < of:
            settled.take(say("columns.notes", column=column, noted=noted, of=of), taken_back_says=TAKEN_BACK)


def _ask_of_side_money(file: WholeFile, column: str, settled: Settled) -> None:
    """Ask whether the amount holds a tip, a voucher or a deposit that stands in a column of its own."""
    amount = settled.columns.get("amount") or settled.columns["price"]
    if _CARRIAGE.search(plain_name(column)) and not _WHOLE.search(plain_name(amount)):
        return
    value = file.number(column, settled.decimal)
    (n,) = file.row("count(*)", f"{value} <> 0")
    if n:
        settled.ask(
            "ignored",
            say("columns.side_money", column=column, n=n, amount=amount),
            (say("columns.yes"), f"--ignore {shell(column)}"),
            *(
                ((say("columns.lowers_the_order"), f"--column order_discount={shell(column)}"),)
                if _LOWERS.search(plain_name(column))
                else ()
            ),
            (say("columns.another_column"), "--column amount=COLUMN"),
        )


def ask_of_a_list_of_customers(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Ask where each customer stands once and there are no order numbers: a list of customers is no list of sales."""
    columns = settled.columns
    if "order_id" in columns or "product_id" in columns or answers.kind == "purchases":
        return
    who = file.text(columns["customer_id"])
    rows, people = file.row(f"count({who}), count(distinct {who})")
    if rows == people >= _MANY_CUSTOMERS:
        settled.ask(
            "kind", say("columns.list_of_customers", people=people), (say("columns.list_of_sales"), "--as purchases")
        )
