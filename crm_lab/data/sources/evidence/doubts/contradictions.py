"""Answers of the user that the file contradicts: they are followed, and what contradicts them is said."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from crm_lab.checks import BadInput
from crm_lab.data.sources.direct_ids import masked
from crm_lab.data.sources.evidence.findings import Answers, Settled, say
from crm_lab.data.sources.evidence.money_forms import number_marks
from crm_lab.data.sources.evidence.sales_and_buyers import meaning_of
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.first_look.column_vocabulary import unit_of
from crm_lab.data.sources.first_look.value_looks import looks_like_numbers
from crm_lab.data.sources.lines.currency_code import code_of
from crm_lab.data.sources.lines.line_columns import Columns
from crm_lab.data.sources.lines.own_forms import MONEY_ROLES
from crm_lab.data.sources.refusal import refused
from crm_lab.data.sources.sql import small
from crm_lab.messages import Message

_SURE = 0.95


def refuse_unknown_columns(answers: Answers, header: Iterable[str]) -> None:
    """Refuse columns that an answer names and the file has not.

    Raises:
        BadInput: With the columns there are.
    """
    unknown = [column for column in answers.ignored if column not in header]
    if unknown:
        raise refused("no_column_to_ignore", column=unknown[0], header=", ".join(header))
    problems = [
        refused("no_such_role", role=role, roles=", ".join(Columns.model_fields))
        for role in answers.columns if role not in Columns.model_fields
    ] + [
        refused("no_column_for_role", column=column, header=", ".join(header))
        for column in answers.columns.values() if column and column not in header
    ]  # fmt: skip
    if problems:
        raise BadInput("--column", [str(problem) for problem in problems])


def say_contradictions(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Say what in the file contradicts the user's answers.

    Raises:
        BadInput: If the currency to be kept is nowhere in the file.
    """
    looks: tuple[Callable[[WholeFile, Answers, Settled], Iterable[Message]], ...] = (
        _of_days, _of_marks, _of_units, _of_totals, _of_words, _of_names, _of_amounts,
    )  # fmt: skip
    for look in looks:
        for words in look(file, answers, settled):
            settled.take(say("contradiction.said", words=words))


def _of_days(file: WholeFile, answers: Answers, settled: Settled) -> Iterable[Message]:
    if not answers.date_format:
        return
    text = file.date_text(settled.columns)
    unread = f"{text} <> '' and {file.once(file.moment(settled.columns, answers.date_format))} is null"
    n, example = file.row(f"count(*) filter ({unread}), min({text}) filter ({unread})")
    if n:
        yield say("contradiction.unread_days", date_format=answers.date_format, n=n, example=example)


def _of_marks(file: WholeFile, answers: Answers, settled: Settled) -> Iterable[Message]:
    if not answers.decimal:
        return
    columns = dict.fromkeys(column for role, column in settled.columns.items() if role in MONEY_ROLES)
    n = sum(number_marks(file, column)[0 if answers.decimal == "," else 1] for column in columns)
    if n:
        yield say("contradiction.other_mark", decimal=answers.decimal, n=n)


def _of_units(file: WholeFile, answers: Answers, settled: Settled) -> Iterable[Message]:  # noqa: ARG001 - one signature
    column = settled.columns.get("amount") or settled.columns.get("price") or ""
    if answers.amount_unit and unit_of(column) not in (1, answers.amount_unit):
        yield say("contradiction.unit_by_name", amount_unit=answers.amount_unit, column=column, n=unit_of(column))


def _of_totals(file: WholeFile, answers: Answers, settled: Settled) -> Iterable[Message]:
    columns = settled.columns
    if not answers.amount_is or not {"amount", "order_id"} <= set(columns):
        return
    amount = file.number(columns["amount"], settled.decimal)
    several, apart = file.rows(
        f"select count(*), count(*) filter (kinds > 1) from (select count(distinct {amount}) as kinds, count(*) as n"
        f" from looked where broken_row is null and {file.text(columns['order_id'])} is not null"
        f" group by {file.text(columns['order_id'])}) where n > 1"
    )[0]
    if answers.amount_is == "order_total" and apart:
        yield say("contradiction.no_total", amount=columns["amount"], apart=apart, several=several)
    if answers.amount_is == "line" and "price" not in columns and several and several - apart >= _SURE * several:
        yield say("contradiction.no_line", amount=columns["amount"], n=several - apart)


def _of_words(file: WholeFile, answers: Answers, settled: Settled) -> Iterable[Message]:
    given = {small(word): means for word, means in answers.status.items() if means}
    if not given:
        return
    column = settled.columns.get("status")
    there = {small(word) for word, _ in file.counts(column, 1000)} if column else set()
    for word, means in given.items():
        if word not in there:
            yield say("contradiction.no_such_word", word=word, means=means, n=column or say("contradiction.no_column"))
        elif meaning_of(word) not in ("", means):
            yield say("contradiction.other_meaning", word=word, means=means, n=meaning_of(word))


def _of_names(file: WholeFile, answers: Answers, settled: Settled) -> Iterable[Message]:
    """Customers and products that are not in the file."""
    named = {
        "customer_id": {*answers.nobody, *answers.somebody},
        "product_id": {word for word, means in answers.products.items() if means},
    }
    for role, words in named.items():
        column = settled.columns.get(role)
        for word in sorted(word for word in words if masked(word) == word and "*" not in word):
            n = column and file.row(f"count(*) filter (lower({file.text(column)}) = lower($word))", word=word)[0]
            if not n:
                yield say("contradiction.nowhere", word=word, n=column or say("contradiction.the_file"))


def _of_amounts(file: WholeFile, answers: Answers, settled: Settled) -> Iterable[Message]:
    kept = answers.keep_currency.upper()
    column = settled.columns.get("currency")
    code = code_of(column, settled.settings.get("currency_signs", {})) if column else ""
    if kept and column and not file.row(f"count(*) filter ({code} = $kept)", kept=kept)[0]:
        raise refused("no_such_currency", kept=kept, column=column)
    if (kept or answers.rates) and not column:
        given = f"--keep-currency {kept}" if kept else "--rate"
        yield say("contradiction.no_currency_column", given=given)
    if answers.counts_only:
        money = [c for c in file.header if _is_money(file, c)]
        if money:
            yield say("contradiction.there_are_amounts", n=money[0], n2=file.counts(money[0], 1)[0][0])


def _is_money(file: WholeFile, column: str) -> bool:
    seen = [value for value, _ in file.counts(column)]
    return looks_like_numbers(seen) and any("." in value or "," in value for value in seen)
