"""Roles without a column, columns without a role: both are asked about where money or people hang on them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from crm_lab.data.quoting import text_of
from crm_lab.data.sources.evidence.findings import Answers, Settled, shell
from crm_lab.data.sources.evidence.sales_and_buyers import meaning_of
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.first_look.column_roles import Proposal
from crm_lab.data.sources.first_look.column_vocabulary import plain_name
from crm_lab.data.sources.first_look.value_looks import looks_like_numbers, reads_as_date
from crm_lab.data.sources.lines.line_mapping import NOTHING
from crm_lab.data.sources.sql import PRICE, filled, number

_MOST = 6
_MANY_CUSTOMERS = 20
_WHAT = {"date": "the day of a sale", "customer_id": "the customer", "amount": "what was paid"}


_SIDE_MONEY = re.compile(
    r"^tips?$|tipamount|trinkgeld|gratuity|pourboire|propina|小费|giftcard|gutschein|voucher|coupon|deposit|pfand"
    r"|servicecharge|orderdiscount|^shipping|versand|porto|livraison|运费|邮费"
)
_SAYS = re.compile(
    r"soll|haben|debitcredit|creditdebit|return|refund|cancel|storno|storn|void|revers|retour|retoure|gutschrift"
    r"|rembours|annul|devol|anulad|reembols|退|取消|作废|冲|返品|返金|キャンセル"
)
_CARRIAGE = re.compile(r"^shipping|versand|porto|livraison|运费|邮费")
_WHOLE = re.compile(r"^(?!.*(?:sub|line|item)).*(?:total|gesamt|summe|paid|bezahlt)|合计|总")
_PAID = re.compile(r"^(?:is)?(?:paid|bezahlt|payee?|pagad[oa])$|已付款|是否付款")
_FEW_VALUES = 12
_NOT = re.compile(r"policy|reason|allowed|deadline|window|url|until|grund|motif|motivo|原因|政策|rate|id$|no$|number$")


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
        "customer_id": lambda seen: 1 < len(set(seen)) < len(seen) and not reads_as_date(seen[:200]),
    }
    for role in proposal.missing:
        could = [name for name in proposal.unused if values.get(name) and fits[role](values[name])][:_MOST]
        options = [(name, f"--column {role}={shell(name)}") for name in could]
        if role == "amount":
            options.append(("there are no amounts", "--counts-only"))
        if not could:
            options.append(("a column of this file", f"--column {role}=COLUMN"))
        settled.ask(role, f"No column is called like {_WHAT[role]}; which one holds it?", *options)


def settle_unread_columns(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Ask of columns that are not read and say in some rows that a sale was taken back, or hold other money."""
    used = {*settled.columns.values(), *answers.ignored}
    for column in (c for c in file.header if c not in used and not c.startswith("lab_")):
        plain = plain_name(column)
        if _SIDE_MONEY.search(plain) and not _NOT.search(plain):
            _ask_of_side_money(file, column, settled)
            continue
        words = _words_of_no_sale(file, column)
        if words:
            n = sum(words.values())
            _ask_of_taken_back(column, n, next(iter(words)), settled)
        elif _SAYS.search(plain) and not _NOT.search(plain):
            listed = ", ".join(map(text_of, NOTHING))
            text = f"lower({filled(column)})"
            n, example = file.row(
                f"count(*), min({filled(column)})", f"{text} is not null and {text} not in ({listed})"
            )
            if n and n < file.row("count(*)")[0]:
                _ask_of_taken_back(column, n, example, settled)


def _words_of_no_sale(file: WholeFile, column: str) -> dict[str, int]:
    """Values of a column of few words that are no sale, with their rows."""
    counts = file.counts(column, _FEW_VALUES + 1)
    if len(counts) > _FEW_VALUES:
        return {}
    no = NOTHING if _PAID.search(plain_name(column)) else ()
    return {word: n for word, n in counts if meaning_of(word) in ("no_sale", "return") or word.strip().lower() in no}


def _ask_of_taken_back(column: str, n: int, example: str, settled: Settled) -> None:
    c = shell(column)
    status = () if "status" in settled.columns else (("it is a status", f"--column status={c} --status usual"),)
    settled.ask(
        "ignored",
        f"{column} says something in {n:,} rows, e.g. {example!r}, and is not read: is it that a sale was taken back?",
        *status,
        ("those rows are no sale", f"--column taken_back={c}"),
        ("money paid back", f"--column refund={c}"),
        ("it does not matter", f"--ignore {c}"),
    )


def settle_taken_back(file: WholeFile, settled: Settled) -> None:
    """Of a column that says where a sale was taken back, the words that say so, where it has words."""
    column = settled.columns.get("taken_back")
    words = _words_of_no_sale(file, column) if column else {}
    if column and words:
        settled.take(f"{column}: {', '.join(words)} are no sale", taken_back_words=[w.strip().lower() for w in words])


def _ask_of_side_money(file: WholeFile, column: str, settled: Settled) -> None:
    """Ask whether the amount holds a tip, a voucher or a deposit that stands in a column of its own."""
    amount = settled.columns.get("amount") or settled.columns["price"]
    if _CARRIAGE.search(plain_name(column)) and not _WHOLE.search(plain_name(amount)):
        return
    value = number(column, str(settled.settings.get("decimal", ".")), PRICE)
    (n,) = file.row("count(*)", f"{value} <> 0")
    if n:
        settled.ask(
            "ignored",
            f"{column} holds money in {n:,} rows and is not read: is {amount} what the goods came to?",
            ("yes", f"--ignore {shell(column)}"),
            ("no, another column is", "--column amount=COLUMN"),
        )


def ask_of_a_list_of_customers(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Ask where each customer stands once and there are no order numbers: a list of customers is no list of sales."""
    columns = settled.columns
    if "order_id" in columns or "product_id" in columns or answers.kind == "purchases":
        return
    who = filled(columns["customer_id"])
    rows, people = file.row(f"count({who}), count(distinct {who})")
    if rows == people >= _MANY_CUSTOMERS:
        settled.ask(
            "kind",
            f"Each of {people:,} customers stands once: is this a list of customers with their sums, not of sales?",
            ("it is a list of sales", "--as purchases"),
        )
