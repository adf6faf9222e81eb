"""Settles what each word of a ledger of points means, by its name, its sign and the balance; the rest is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from crm_lab.data.sources.evidence.findings import Option, Question, say, shell
from crm_lab.data.sources.point_ledgers.event_words import NO_EVENT, meaning_of
from crm_lab.messages import Message

_GOES = ("redeem", "expire", "reverse")
_EITHER = ("adjust", "transfer")
_COMES = ("earn", "pending", "activate")


@dataclass(frozen=True, slots=True)
class WordRows:
    """Rows of a word with points of one sign.

    Attributes:
        word: As it stands in the file; empty where there are no words.
        sign: ``+`` or ``-``, as written.
        rows: How many.
        example: One of their points as written.
        balance: ``+`` or ``-`` where the running balance moves by as many points that way, ``±`` where it does so row
            by row one way or the other, else empty.
        zero: Whether all their points are 0.
    """

    word: str
    sign: str
    rows: int
    example: str
    balance: str = ""
    zero: bool = False


@dataclass(slots=True)
class SettledWords:
    """What the words mean.

    Attributes:
        kinds: Word, with or without a sign, to its meaning.
        by_balance: Words that go the way in which the balance moves.
        findings: A line each.
        questions: What is to be asked.
    """

    kinds: dict[str, str] = field(default_factory=dict)
    by_balance: list[str] = field(default_factory=list)
    findings: list[Message] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


def settle_words(groups: Iterable[WordRows], given: Mapping[str, str]) -> SettledWords:
    """Settle the words of a ledger.

    >>> found = settle_words([WordRows("获取", "+", 9, "100"), WordRows("神秘", "+", 1, "5")], {})
    >>> found.kinds, [question.topic for question in found.questions]
    ({'获取': 'earn'}, ['神秘'])

    Args:
        groups: Words with their rows.
        given: Answers: word, with or without a sign, to its meaning.

    Returns:
        Meanings and questions.
    """
    groups = list(groups)
    found = SettledWords()
    by_word: dict[str, list[WordRows]] = {}
    for group in groups:
        by_word.setdefault(group.word, []).append(group)
    signed = any(g.sign == "-" and not g.zero for g in groups)
    for rows in by_word.values():
        for group in rows:
            _settle(found, group, given, signed=signed, both=len([g for g in rows if not g.zero]) > 1)
    return found


def _settle(found: SettledWords, group: WordRows, given: Mapping[str, str], *, signed: bool, both: bool) -> None:
    """One word and sign: by the answer, or by what it means, or asked."""
    word, key = group.word, group.word + group.sign
    if said := given.get(key) or given.get(word if word else key):
        _take(found, group, said, "given", both=both)
        return
    meaning = meaning_of(word) if word else ""
    if group.zero:
        _take(found, group, _first(meaning) or NO_EVENT, "by_word", both=both)
        return
    if group.balance == "±" and group.sign == "+" and not both and (meaning in _EITHER or "|" in meaning):
        _by_balance(found, group, meaning)
        return
    if "|" in meaning:
        comes, goes = meaning.split("|")
        way = group.balance or (group.sign if signed else "")
        meaning = {"+": comes, "-": goes}.get(way, "")
    if open_key := _open(meaning, group, signed=signed, both=both):
        _ask(found, group, open_key, meaning)
        return
    by_balance = meaning in _EITHER and group.balance in {"+", "-"} and group.sign != group.balance
    _take(found, group, meaning + group.balance if by_balance else meaning, "by_balance" if by_balance else "by_word",
          both=both)  # fmt: skip


def _by_balance(found: SettledWords, group: WordRows, meaning: str) -> None:
    """A word whose rows go either way, as the balance says of each."""
    comes, _, goes = meaning.partition("|")
    found.by_balance.append(group.word)
    found.kinds |= {group.word + "+": comes, group.word + "-": goes} if goes else {group.word: meaning}
    found.findings.append(say("ledger.by_balance_rows", word=group.word, rows=group.rows, meaning=meaning))


def _open(meaning: str, group: WordRows, *, signed: bool, both: bool) -> str:
    """Which question a word leaves open; empty for none."""
    if not meaning:
        return "unknown" if group.word else "by_sign"
    if meaning in _COMES:
        return "comes_below" if group.sign == "-" or group.balance in {"-", "±"} else ""
    if meaning in _GOES:
        return "goes_above" if group.sign == "+" and (both or group.balance in {"+", "±"}) else ""
    if meaning in _EITHER:
        return "way_open" if group.sign == "+" and group.balance in {"", "±"} and not signed else ""
    return "other_way" if _against(meaning[-1], group) else ""


def _against(way: str, group: WordRows) -> bool:
    """Whether a word that says a way has points, or moves the balance, the other way; without signs it may not."""
    return (way == "+" and group.sign == "-") or group.balance not in {"", way}


def _first(meaning: str) -> str:
    return meaning.partition("|")[0]


def _take(found: SettledWords, group: WordRows, meaning: str, by: str, *, both: bool) -> None:
    key = group.word + group.sign if both or not group.word else group.word
    found.kinds[key] = meaning
    found.findings.append(
        say(f"ledger.{by}", word=group.word or group.sign, rows=group.rows, meaning=meaning, example=group.example)
    )


def _ask(found: SettledWords, group: WordRows, key: str, meaning: str = "") -> None:
    name = group.word + group.sign if key in ("comes_below", "goes_above", "other_way", "by_sign") else group.word
    options = tuple(
        Option(say(f"ledger.means_{_plain(option)}"), f"--point-kind {shell(f'{name}={option}')}")
        for option in _options(group, key)
    )
    sentence = say(f"ledger.ask_{key}", word=group.word or group.sign, rows=group.rows, example=group.example,
                   meaning=meaning)  # fmt: skip
    found.questions.append(Question(name, sentence, options))


def _plain(meaning: str) -> str:
    return meaning.replace("+", "_up").replace("-", "_down")


def _options(group: WordRows, key: str) -> tuple[str, ...]:
    """Meanings that fit."""
    down = ("redeem", "reverse", "expire", "adjust-", "transfer-")
    up = ("earn", "pending", "activate", "adjust+", "transfer+")
    way = group.balance.strip("±") or ("-" if group.sign == "-" else "")
    match key:
        case "way_open":
            kind = meaning_of(group.word)
            return (f"{kind}+", f"{kind}-")
        case "by_sign":
            return (*(down if group.sign == "-" else up), NO_EVENT)
        case "comes_below":
            return (*down, NO_EVENT)
        case "goes_above":
            return (*up, *(("redeem", "expire", "reverse") if not group.balance else ()), NO_EVENT)
        case _:
            return (*(down if way == "-" else up if way == "+" else (*up, *down)), NO_EVENT)
