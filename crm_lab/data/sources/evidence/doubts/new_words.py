"""What later files say and nobody has said anything about: it is asked at the run and never counted in silence."""

from __future__ import annotations

import duckdb

from crm_lab.checks import BadInput
from crm_lab.data.sources.evidence.doubts.names_and_numbers import settle_parts, settle_prefixes
from crm_lab.data.sources.evidence.findings import Answers, Settled, say, shell
from crm_lab.data.sources.evidence.sales_and_buyers import MEANINGS, meaning_of
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.lines.currency_code import code_of
from crm_lab.data.sources.lines.line_mapping import LineReading
from crm_lab.data.sources.sql import filled, latin, small

_MOST_WORDS = 200


def refuse_new_words(
    connection: duckdb.DuckDBPyConnection, raw: str, lines: LineReading, currency: str, *, grows: bool
) -> None:
    """Refuse files with a status, a currency, a name or an order number that the source's description does not know.

    A description that names no word of a sale takes all others for sales, and is left so.

    Args:
        connection: Where the SQL runs.
        raw: SQL of the rows.
        lines: How they are read.
        currency: ISO code of all amounts.
        grows: New files drop in: their names and numbers are looked at, too.

    Raises:
        BadInput: With a question each, and the flags that answer it.
    """
    connection.execute(f"create or replace temp view looked as {raw}")
    file = WholeFile(connection, (), None, once_a_query=True)
    settled = Settled(columns=lines.columns.used(), settings={"status": dict(lines.status)})
    _ask_of_words(file, lines, settled)
    _ask_of_currencies(file, lines, currency, settled)
    if grows:
        said = Answers(parts=lines.marks.parts, prefixes=lines.marks.order_prefixes)
        settle_parts(file, said, settled)
        if "order_id" in settled.columns:
            settle_prefixes(file, said, settled)
    if settled.questions:
        raise BadInput(str(say("form.new_words")), [str(question) for question in settled.questions])


def _ask_of_words(file: WholeFile, lines: LineReading, settled: Settled) -> None:
    column, known = lines.columns.status, {small(word.strip()) for word in lines.status}
    if not column or "sale" not in lines.status.values():
        return
    for word, n in file.counts(column, _MOST_WORDS):
        if small(word) not in known:
            usual = meaning_of(word)
            order = [usual] * bool(usual) + [meaning for meaning in MEANINGS if meaning != usual]
            options = [(say(f"sales.is_{one}"), f"--status {shell(f'{small(word)}={one}')}") for one in order]
            settled.ask("status", say("sales.new_word", column=column, word=word, n=n), *options)


def _ask_of_currencies(file: WholeFile, lines: LineReading, currency: str, settled: Settled) -> None:
    columns = lines.columns
    column = columns.currency or columns.amount or columns.price
    if not column or lines.keep_currency or lines.counts_only:
        return
    code = code_of(column, lines.currency_signs)
    said = f"regexp_matches({latin(filled(column))}, '[0-9]')" if column != columns.currency else "true"
    found = file.rows(
        f"select {code} as c, count(*) as n from looked where broken_row is null and {said} and c is not null"
        " group by 1 order by n desc, c limit 20"
    )
    new = [(code, n) for code, n in found if code not in (*lines.rates, currency)]
    if new and (lines.rates or len(found) > 1):
        shown = ", ".join(f"{code} ({n:,})" for code, n in found)
        settled.ask(
            "currency",
            say("marks.several_currencies", shown=shown),
            (say("marks.keep", code=currency), f"--keep-currency {currency}"),
            (say("marks.convert"), " ".join(f"--rate {code}=RATE" for code, _ in new)),
        )
