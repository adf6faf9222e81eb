"""Exports in which a row for the whole order stands beside its lines: the money is there twice."""

from __future__ import annotations

from crm_lab.data.quoting import text_of
from crm_lab.data.sources.evidence.findings import Answers, Settled, say, shell
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.refusal import refused
from crm_lab.data.sources.sql import filled, small

_MOST = 0.95
_ENOUGH = 5
_WORDS = 7
_CENT = 0.011


def ask_of_money_twice(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Ask which rows are the lines where in nearly all orders one row holds what the others come to.

    Args:
        file: The file, its status settled.
        answers: What the user said.
        settled: Where the question is noted.

    Raises:
        BadInput: If no column tells these rows from the lines.
    """
    columns = settled.columns
    if not {"order_id", "amount"} <= set(columns) or answers.amount_is:
        return
    amount = file.number(columns["amount"], str(settled.settings.get("decimal", ".")))
    order, none = filled(columns["order_id"]), _no_sales(settled)
    orders, twice, told = file.rows(
        f"select count(*), count(*) filter (half), count(*) filter (half and n > 2) from"
        f" (select count(*) as n, abs(2 * max(m) - sum(m)) < {_CENT} as half from"
        f" (select {order} as o, {amount} as m from looked where broken_row is null and not ({none}))"
        " where o is not null and m <> 0 group by o having count(*) > 1)"
    )[0]
    if told < _ENOUGH or twice < _MOST * orders:  # two equal lines are no row for the order
        return
    options = [flags for column in file.header if (flags := _told_apart(file, column, amount, none, settled))]
    if not options:
        raise refused("money_twice", n=twice, orders=orders, column=columns["amount"])
    settled.ask(
        "status",
        say("sales.money_twice", n=twice, orders=orders, column=columns["amount"]),
        *((say("sales.by_its_words", column=column), flags) for column, flags in options[:3]),
        (say("sales.no_twice"), "--amount-is line"),
    )


def _no_sales(settled: Settled) -> str:
    """SQL condition that the status of a row says that it is no sale."""
    words = [text_of(w) for w, means in settled.settings.get("status", {}).items() if means == "no_sale"]
    status = settled.columns.get("status")
    return f"coalesce(lower({filled(status)}) in ({', '.join(words)}), false)" if status and words else "false"


def _told_apart(file: WholeFile, column: str, amount: str, none: str, settled: Settled) -> tuple[str, str] | None:
    """The column and the flags, if one of its words has half of all money."""
    if column.startswith("lab_") or column in (settled.columns["amount"], settled.columns["order_id"]):
        return None
    found = file.rows(
        f"select {filled(column)} as w, coalesce(sum({amount}), 0) from looked where broken_row is null"
        f" and not ({none}) group by 1 order by 2 desc, 1 limit {_WORDS + 1}"
    )
    whole = sum(money for _, money in found)
    if not 1 < len(found) <= _WORDS or any(word is None for word, _ in found) or not whole:
        return None
    halves = [word for word, money in found if abs(2 * money - whole) < _CENT]
    rows = dict(file.counts(column))
    if not halves:
        return None
    head = min(halves, key=lambda word: rows[word])
    means = {word: "sale" if money and word != head else "no_sale" for word, money in found}
    flags = " ".join(f"--status {shell(f'{small(word)}={meaning}')}" for word, meaning in means.items())
    return column, f"--column status={shell(column)} {flags}"
