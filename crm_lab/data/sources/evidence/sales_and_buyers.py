"""What counts as a sale, who is nobody, and which rows are totals or blank: by words and by frequency."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from functools import cache
from importlib import resources

from crm_lab.data.quoting import name_of, text_of
from crm_lab.data.sources.direct_ids import masked
from crm_lab.data.sources.evidence.findings import Answers, Settled, say, shell
from crm_lab.data.sources.evidence.roles.kinds_of_bills import holds_kinds_of_bills, kind_of_bill, told_by_amounts
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.first_look.column_vocabulary import plain_name
from crm_lab.data.sources.lines.edited_orders import sells
from crm_lab.data.sources.lines.line_mapping import totals_in
from crm_lab.data.sources.refusal import refused
from crm_lab.data.sources.sql import filled, number, small

MEANINGS = ("sale", "no_sale", "return")
_MOST_WORDS = 25
_FREQUENT = 0.02
_TIMES = 10
_AT_LEAST = 20
_ALIKE = 0.01
_TIMES_OF_MANY, _OF_MANY = 4, 0.1
_SHORTENED = 0.01
_BESIDE = 0.9
_STRONG = re.compile(
    r"status|statut|estado|etat|zustand|状态|狀態|linetype|rowtype|recordtype|entrytype|doctype|documenttype|fkart|fakturaart|billingtype|belegart|auart"
)
_LINES = {"item", "items", "line", "product", "article", "artikel", "position", "sale", "sales", "商品", "销售"}
_YES = {"true", "t", "yes", "y", "1", "ja", "j", "oui", "si", "sí", "x", "是", "voided", "cancelled", "да", "истина"}
_NO = {"false", "f", "no", "n", "0", "nein", "non", "否", "нет", "ложь", ""}
_POSTED = {"проведен", "posted", "isposted", "gebucht", "verbucht", "已过账", "已记账"}
_PAYMENTS = {
    "payment",
    "payments",
    "tender",
    "zahlung",
    "bezahlung",
    "paiement",
    "règlement",
    "pago",
    "支付",
    "付款",
    "収款",
}


@cache
def words(meaning: str, of: str = "") -> frozenset[str]:
    """Words of a meaning, in lower case: as statuses, or ``of`` the names of ``parts`` or ``prefixes`` of numbers."""
    text = resources.files(__package__).joinpath("meanings.toml").read_text(encoding="utf-8")
    known = tomllib.loads(text)
    return frozenset((known[of] if of else known)[meaning])


def meaning_of(word: str) -> str:
    """What a status means; empty if nobody knows.

    >>> meaning_of("Cancelled"), meaning_of("sonderbar")
    ('no_sale', '')
    """
    return next((meaning for meaning in MEANINGS if small(word.strip()) in words(meaning)), "")


def _meaning_in(column: str) -> Callable[[str], str]:
    """What words of a column mean: those of a column called e.g. "voided" are yes and no."""
    plain = plain_name(column)
    kind = "no_sale" if plain in words("switches") else "return" if plain in words("return_switches") else ""
    if holds_kinds_of_bills(column):
        return lambda word: meaning_of(word) or kind_of_bill(word)
    if plain in _POSTED:
        return lambda word: "sale" if word in _YES else "no_sale" if word in _NO else meaning_of(word)
    if not kind:
        return meaning_of
    return lambda word: kind if word in _YES else "sale" if word in _NO else ""


def settle_status(file: WholeFile, answers: Answers, settled: Settled, known: dict[str, str]) -> None:
    """Find what the words of a status column mean; ask, with a proposal, where some are no sale.

    Args:
        file: The file.
        answers: What the user said.
        settled: Where the reading is noted.
        known: Word to meaning where the exporter is known.
    """
    column = settled.columns.get("status", "")
    if not column:
        return
    means = _meaning_in(column)
    counts = {small(word.strip()): 0 for word, _ in file.counts(column)}
    for word, n in file.counts(column):
        counts[small(word.strip())] += n
    given = {small(word): meaning for word, meaning in answers.status.items()}
    proposed = {word: given.get(word) or known.get(word) or means(word) for word in counts}
    if _LINES & set(counts):  # rows of payments beside rows of things
        proposed |= {word: "no_sale" for word in _PAYMENTS & set(counts) if word not in given}
    back = {*_beside_their_sale(file, settled, proposed), *_take_back(file, settled, proposed)}
    proposed |= {word: "return" for word in back if word not in given}
    told = told_by_amounts(file, settled, proposed)
    proposed |= {word: meaning for word, meaning in told.items() if word not in given}
    unlike = not any(proposed.values()) and not _STRONG.search(plain_name(column))
    unlike = unlike or (not any(proposed.values()) and _told_by_sign(file, settled))
    if (len(counts) > _MOST_WORDS or unlike) and "status" not in answers.columns:
        del settled.columns["status"]  # a column that is called so and holds something else
        return
    said = ", ".join(
        f"{word!r} {say('sales.is_' + (proposed[word] or 'not_known'))} ({n:,})" for word, n in counts.items()
    )
    open_words = [word for word in counts if not proposed[word]]
    decided = "usual" in given or all(
        word in given or word in known or word in told or proposed[word] == "sale" for word in counts
    )
    if open_words or not decided:
        flags = " ".join(f"--status {shell(f'{word}=MEANING')}" for word in open_words)
        settled.ask(
            "status",
            say("sales.words", column=column, said=said),
            (say("sales.as_proposed"), f"--status usual {flags}".strip()),
            (say("sales.otherwise"),
             f"--status {shell(next(iter(counts)) + '=sale')}, =no_sale or =return, once a word"),
        )  # fmt: skip
    settled.take(
        say("sales.taken", column=column, said=said),
        status={**known, **{word: meaning for word, meaning in proposed.items() if meaning}},
    )


def _told_by_sign(file: WholeFile, settled: Settled) -> bool:
    """Whether all amounts of some words are negative and none of the others: they take back by their sign."""
    column = settled.columns.get("amount")
    if not column:
        return False
    negative = f"{file.once(number(column, settled.decimal))} < 0"
    words_of = file.rows(
        f"select bool_or({negative}), bool_and({negative}) from looked where broken_row is null"
        f" and {file.text(column)} is not null group by lower({file.text(settled.columns['status'])})"
    )
    return any(none for none, _ in words_of) and all(some == every for some, every in words_of)


def _beside_their_sale(file: WholeFile, settled: Settled, proposed: dict[str, str]) -> list[str]:
    """Words of no sale whose rows stand beside the sale they take back: same order, same product, same money."""
    columns = settled.columns
    sold = [word for word, meaning in proposed.items() if meaning == "sale"]
    if "order_id" not in columns or not sold or "no_sale" not in proposed.values():
        return []
    same = [
        file.text(columns[role])
        for role in ("order_id", "product_id", "amount", "price", "quantity")
        if role in columns
    ]
    status = f"lower({file.text(columns['status'])})"
    is_sale = f"{status} in ({', '.join(map(text_of, sold))})"
    rows = file.rows(
        f"select word, count(*), count(*) filter (sales > 0) from (select {status} as word,"
        f" count(*) filter ({is_sale}) over (partition by {', '.join(same)}) as sales"
        " from looked where broken_row is null) group by 1"
    )
    return [word for word, n, beside in rows if proposed.get(word) == "no_sale" and beside >= _BESIDE * n]


def _take_back(file: WholeFile, settled: Settled, proposed: dict[str, str]) -> list[str]:
    """Words of no sale whose rows are negative: they take back a sale that stands in a row of its own."""
    if "no_sale" not in proposed.values():
        return []
    words_of_rows = f"lower({file.text(settled.columns['status'])})"
    rows = file.rows(
        f"select {words_of_rows}, count(*), count(*) filter (not ({sells(settled.columns)}))"
        " from looked where broken_row is null group by 1"
    )
    others = [(n, negative) for word, n, negative in rows if proposed.get(word) == "sale"]
    if sum(negative for _, negative in others) > _BESIDE * sum(n for n, _ in others):
        return []  # sales are negative, too
    return [
        word for word, n, negative in rows
        if proposed.get(word) == "no_sale" and word not in _PAYMENTS and negative >= _BESIDE * n
    ]  # fmt: skip


def refuse_lost_digits(file: WholeFile, settled: Settled) -> None:
    """Refuse customer and order numbers of which a spreadsheet kept the first digits only.

    Raises:
        BadInput: With counts and an example.
    """
    for role in ("customer_id", "order_id"):
        column = settled.columns.get(role)
        if column is None:
            continue
        text = file.text(column)
        short = f"regexp_full_match({text}, '\\d(?:[.,]\\d+)?[eE]\\+?\\d{{2}}')"
        n, of, example = file.row(f"count(*) filter ({short}), count({text}), min({text}) filter ({short})")
        if n > _SHORTENED * of:
            raise refused("shortened", n=n, of=of, column=column, example=example)


def settle_buyers(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Find customer numbers that are nobody's, by word; ask of those that buy impossibly often."""
    column = settled.columns["customer_id"]
    who = f"lower({file.text(column)})"
    listed = ", ".join(text_of(word) for word in (words("nobody") | words("zeros")))
    found = dict(file.rows(f"select {who} as w, count(*) from looked where w in ({listed}) group by 1 order by 2 desc"))
    somebody = {small(word) for word in answers.somebody}
    zeros = {word for word in found if word in words("zeros") and _is_a_number_among_numbers(file, who, word)}
    nobody = [word for word in found if word not in somebody | zeros] + [small(word) for word in answers.nobody]
    settled.settings["nobody"] = sorted({*words("nobody"), *nobody} - somebody - zeros)
    if found and nobody:
        rows = sum(found.get(word, 0) for word in nobody)
        settled.take(say("sales.nobody", n=", ".join(nobody), column=column, rows=rows))
    _ask_of_the_frequent(file, who, set(nobody) | somebody, settled)
    _ask_of_capitals(file, file.text(column), answers, settled)


def _ask_of_capitals(file: WholeFile, who: str, answers: Answers, settled: Settled) -> None:
    """Customer numbers that differ from another only in capitals: one person, or two? Addresses are one in any case."""
    if answers.customer_case:
        settled.take(
            say("sales.capitals_as_given", customer_case=answers.customer_case), customer_case=answers.customer_case
        )
        return
    people, apart, example = file.rows(
        "select count(*), count(*) filter (n > 1), min(a) filter (n > 1)"
        " from (select count(distinct w) as n, min(w) as a"
        f" from (select {who} as w from looked) where w is not null and w not like '%@%' group by lower(w))"
    )[0]
    if apart >= max(2, _ALIKE * people):
        settled.ask(
            "customer_case",
            say("sales.capitals", apart=apart, people=people, n=masked(example)),
            (say("sales.one_person"), "--customer-case same"), (say("sales.several_people"), "--customer-case apart"),
        )  # fmt: skip


def _is_a_number_among_numbers(file: WholeFile, who: str, word: str) -> bool:
    """Whether 0 is a number like the others: they count from it, and it buys no more than they do."""
    following = str(int(word) + 1).zfill(len(word) if word.isdigit() else 1)
    other, mine, most = file.rows(
        f"select count(*) filter (w = {text_of(following)}), coalesce(max(n) filter (w = {text_of(word)}), 0),"
        f" coalesce(max(n) filter (w <> {text_of(word)}), 0)"
        f" from (select {who} as w, count(*) as n from looked where w is not null group by 1)"
    )[0]
    return bool(other) and mine <= 2 * most


def _ask_of_the_frequent(file: WholeFile, who: str, decided: set[str], settled: Settled) -> None:
    order = file.text(settled.columns["order_id"]) if "order_id" in settled.columns else "source_row"
    counted = file.rows(
        f"select {who} as w, count(distinct {order}) as n from looked where w is not null"
        " group by 1 order by 2 desc, 1 limit 12"
    )
    orders = file.row(f"count(distinct {order})")[0] or 1
    rest = [row for row in counted if row[0] not in decided]
    if len(rest) < 4:
        return
    word, n = rest[0]
    if masked(word) in decided and masked(word) != word:  # an address is asked about as ***, and answered so
        if masked(word) in settled.settings["nobody"]:
            settled.settings["nobody"] = sorted({*settled.settings["nobody"], word})
        return
    usual = rest[1:][len(rest[1:]) // 2][1]
    often = max(_TIMES * usual, _FREQUENT * orders), max(_TIMES_OF_MANY * usual, _OF_MANY * orders)
    if n >= max(_AT_LEAST, min(often)):
        shown = masked(word)
        settled.ask(
            "nobody",
            say("sales.too_frequent", shown=shown, n=n, orders=orders, n2=n / usual),
            (say("sales.a_common_number"), f"--nobody {shell(shown)}"),
            (say("sales.somebody"), f"--somebody {shell(shown)}"),
        )  # fmt: skip


def settle_rows_that_are_none(file: WholeFile, settled: Settled) -> None:
    """Find rows that are totals of others, and blank ones."""
    columns = settled.columns
    keys = [columns[role] for role in ("customer_id", "order_id", "product_id") if role in columns]
    lacking = file.once(" or ".join(f"{filled(key)} is null" for key in keys))
    candidates = [
        c for c in file.header if c not in (columns.get("amount"), columns.get("price"), columns.get("quantity"))
    ]
    totals = file.once(totals_in(candidates, columns["date"]))
    its_own = f"in ({', '.join(map(name_of, keys))})"
    counts = [
        f"count(*) filter ({totals}[{place}] and ({lacking} or {name_of(column)} {its_own}))"
        for place, column in enumerate(candidates, start=1)
    ]
    found = {column: n for column, n in zip(candidates, file.row(", ".join(counts)), strict=True) if n}
    if found:
        settled.take(say("sales.totals", n=max(found.values()), n2=", ".join(found)), totals_in=list(found))
    blank = " and ".join(f"{file.text(c)} is null" for c in file.header if not c.startswith("lab_"))
    (n,) = file.row("count(*)", blank)
    if n:
        settled.take(say("sales.blank_rows", n=n))
