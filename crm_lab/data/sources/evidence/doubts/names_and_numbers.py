"""Files, sheets and order numbers whose names say that their rows are returns or no sales: asked about."""

from __future__ import annotations

import re
from collections.abc import Mapping

from crm_lab.data.sources.evidence.findings import Answers, Settled, say, shell
from crm_lab.data.sources.evidence.sales_and_buyers import meaning_of, words
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.first_look.column_vocabulary import plain_name
from crm_lab.data.sources.lines.edited_orders import sells
from crm_lab.data.sources.lines.row_meaning import begins_with, in_part, prefix_of
from crm_lab.data.sources.raw_rows import PART
from crm_lab.data.sources.refusal import refused
from crm_lab.data.sources.sql import small
from crm_lab.messages import Message

MEANINGS = ("sale", "no_sale", "return")
_ENDINGS = re.compile(r"\.(?:csv|txt|tsv|xlsx?|xlsm|parquet|jsonl?|gz|zip)\b")
_AND = re.compile(r" (?:and|und|et|y|with|mit|incl|inkl|avec|con) |[&+和与及含]")
_GENERAL = frozenset(
    {"export", "list", "report", "data", "all", "shop", "pos", "liste", "q", "h", "kw", "week", "month"}
)
_ANYTHING = frozenset({"test", "training", "plan", "target", "targets", "deleted", "credit", "credits"})
"""Words that say little in the name of a file that stands alone."""

_NUMBER = re.compile(r"number|nummer|numero|(?:no|nr|id)$|beleg|doc|invoice|order|receipt|单号|編號|编号|番号")
_MOST = 40
_POSITIVE = 0.5


def settle_parts(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Ask what a file or sheet is whose name says that it holds returns, or no sales, while its amounts are positive.

    Args:
        file: The files.
        answers: What the user said.
        settled: Where the reading is noted.

    Raises:
        BadInput: If an answer has no meaning.
    """
    given = _given(answers.parts, "--part")
    several = (PART,) in file.rows("select column_name from (describe looked)")
    found = file.rows(f"select distinct {PART} from looked where {PART} is not null order by 1") if several else []
    proposed = {}
    for part in (re.sub(r"^\d{5} ", "", str(part)) for (part,) in found):
        word, meaning = said_by_name(part)
        here = in_part(word)
        answered = any(one in part.lower() for one in given)
        if word and not answered and _positive(file, settled, here) and not _told(file, settled, here):
            proposed[word] = (part, meaning)
    for word, (part, meaning) in proposed.items():
        settled.ask("parts", say("parts.named", part=part, word=word), *_choices("--part", word, meaning))
    taken = {**{word: meaning for word, (_, meaning) in proposed.items()}, **given}
    if taken:
        settled.take(say("parts.taken", said=", ".join(f"{w} {m}" for w, m in taken.items())), parts=taken)


def ask_of_the_name(file: WholeFile, name: str, answers: Answers, settled: Settled) -> None:
    """Ask what a file alone is whose whole name says returns, or no sales, where no column tells its rows apart."""
    word, meaning = said_by_name(name, alone=True)
    told = {"status", "taken_back", "returned", "returned_quantity", "refund"} & set(settled.columns)
    asked = {"status", "ignored", "prefixes", "parts"} & {question.topic for question in settled.questions}
    if word in _ANYTHING or answers.parts or told or asked or answers.ignored:
        return
    if word and _positive(file, settled, "true"):
        settled.ask("parts", say("parts.named", part=name, word=word), *_choices("--part", word, meaning))


def _choices(flag: str, word: str, meaning: str) -> list[tuple[Message | str, str]]:
    """The answers, the likely one first."""
    means = {"sale": say("parts.sale"), "no_sale": say("parts.no_sale"), "return": say("parts.return")}
    order = (meaning, *(other for other in MEANINGS if other != meaning))
    return [(means[one], f"{flag} {shell(f'{word}={one}')}") for one in order]


def said_by_name(name: str, *, alone: bool = False) -> tuple[str, str]:
    """The word in the name of a file or sheet that says that its rows are returns or no sales, and which.

    Args:
        name: Of the file or sheet.
        alone: There is no other: then the name must say nothing else.

    >>> (
    ...     said_by_name("Retouren_2024.csv"),
    ...     said_by_name("sales_and_returns.csv"),
    ...     said_by_name("returns.csv", alone=True),
    ... )
    (('retouren', 'return'), ('', ''), ('returns', 'return'))
    """
    plain = _ENDINGS.sub("", name.lower())
    said = " ".join(token for token in re.split(r"[\W\d_]+", plain) if token and not (alone and token in _GENERAL))
    for meaning in ("return", "no_sale"):
        there = sorted((word for word in words(meaning, "parts") if _holds(said, word)), key=lambda w: (-len(w), w))
        both = _AND.search(f" {said} {plain}") and any(_holds(said, word) for word in words("sale", "parts"))
        if there and not both and (not alone or said == there[0]):
            return there[0], meaning
    return "", ""


def _holds(said: str, word: str) -> bool:
    """Whether a name holds a word; between Chinese words there are no spaces."""
    return word in said if word[0] > "\u2e80" else f" {word} " in f" {said} "


def settle_prefixes(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Ask what orders are whose numbers begin like those of returns or offers, and the others' do not.

    Raises:
        BadInput: If an answer has no meaning.
    """
    given = _given(answers.prefixes, "--order-prefix")
    asked = {}
    for column in _numbers(file, settled):
        counts = file.rows(
            f"select {prefix_of(column)} as p, count(*) as n from looked where broken_row is null"
            f" and {file.text(column)} is not null group by 1 order by n desc, p limit {_MOST}"
        )
        for start, n in counts[1:]:
            meaning = next((m for m in ("return", "no_sale") if start in words(m, "prefixes")), "")
            here = begins_with(column, start)
            if start in given and "order_id" not in {*settled.columns, *answers.columns}:
                settled.columns["order_id"] = column
            if meaning and start not in given and _positive(file, settled, here) and not _told(file, settled, here):
                asked[start] = meaning
                flag = "" if column == settled.columns.get("order_id") else f"--column order_id={shell(column)} "
                settled.ask(
                    "prefixes",
                    say(
                        "parts.numbered",
                        column=column,
                        n=n,
                        start=start.upper(),
                        usual=counts[0][0].upper() or say("parts.none"),
                    ),
                    *_choices(f"{flag}--order-prefix", start.upper(), meaning),
                )
    taken = asked | given
    if taken:
        said = ", ".join(f"{start.upper()} {meaning}" for start, meaning in taken.items())
        settled.take(say("parts.prefixes", said=said), order_prefixes=taken)


def _numbers(file: WholeFile, settled: Settled) -> list[str]:
    """The column of order numbers, or where there is none those that are called like a number."""
    if "order_id" in settled.columns:
        return [settled.columns["order_id"]]
    used = settled.columns.values()
    return [c for c in file.header if c not in used and _NUMBER.search(plain_name(c))]


def _given(said: Mapping[str, str], flag: str) -> dict[str, str]:
    given = {small(word.strip()): means for word, means in said.items()}
    wrong = [f"{word}={means}" for word, means in given.items() if means not in MEANINGS]
    if wrong:
        raise refused("part_meaning", flag=flag, given=wrong[0])
    return given


def _positive(file: WholeFile, settled: Settled, where: str) -> bool:
    """Whether the money of some rows is not mostly negative: then it counts as sold unless something else is said."""
    sold, rows = file.row(f"count(*) filter ({sells(settled.columns)}), count(*)", where)
    return bool(rows and sold > _POSITIVE * rows)


def _told(file: WholeFile, settled: Settled, where: str) -> bool:
    """Whether the status of all these rows says already that they are no sale."""
    status, meanings = settled.columns.get("status"), settled.settings.get("status", {})
    if not status:
        return False
    seen = file.rows(f"select distinct lower({file.text(status)}) from looked where broken_row is null and {where}")
    told = [meanings.get(word) or meaning_of(word or "") for (word,) in seen]
    return bool(told) and all(meaning in ("no_sale", "return") for meaning in told)
