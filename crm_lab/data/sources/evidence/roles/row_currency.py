"""Which currency a row's amounts are in: by a column, or by the signs beside them; asked where there are several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crm_lab.data.quoting import text_of
from crm_lab.data.sources.evidence.findings import Answers, Settled, say
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.lines.currency_code import DOLLARS, MAY_BE, SIGNS, sign_of
from crm_lab.data.sources.sql import latin

_FEW = 0.01
_USUAL = "EUR"
_YEN, _CENTS = ("¥", "￥"), 0.2


@dataclass(frozen=True, slots=True)
class CodesSeen:
    """The currencies of a file.

    Attributes:
        column: Where they stand; empty where nothing says a currency.
        codes: Code to how many rows are in it.
        signs: Sign to code where the user decides what it means; ``""`` where none stands.
        unsaid: Signs of which nobody knows the currency, with their rows.
    """

    column: str
    codes: Mapping[str, int]
    signs: Mapping[str, str]
    unsaid: Mapping[str, int]


def codes_of(file: WholeFile, answers: Answers, settled: Settled) -> CodesSeen:
    """The currencies of a file's amounts, by their column, else by the signs beside amounts or prices."""
    columns = settled.columns
    beside = [columns[role] for role in ("amount", "price") if role in columns]
    places = [columns["currency"]] if "currency" in columns else beside
    for column in places:
        seen = _signs(file, column, settled)
        if set(seen) - {""}:
            return _codes(column, seen, answers, _yen_or_yuan(file, column, answers))
    return CodesSeen("", {}, {}, {})


def _yen_or_yuan(file: WholeFile, column: str, answers: Answers) -> str:
    """What ¥ is in a file: as the user says, yuan beside cents or headings in simplified characters, yen in kana."""
    if answers.currency in _SCRIPTS:
        return answers.currency
    signs = ", ".join(map(text_of, _YEN))
    cents = f"regexp_matches({latin(file.text(column))}, '[.,](?:0[1-9]|[1-9][0-9])($|[^0-9])')"
    n, with_cents = file.row(f"count(*), count(*) filter ({cents})", f"{file.once(sign_of(column))} in ({signs})")
    if with_cents > _CENTS * n:
        return "CNY"
    writes = {code: all(_can_write(name, codec) for name in file.header) for code, codec in _SCRIPTS.items()}
    only = [code for code, can in writes.items() if can]
    return only[0] if len(only) == 1 else ""


_SCRIPTS = {"CNY": "gb2312", "JPY": "shift_jis"}


def _can_write(text: str, codec: str) -> bool:
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _signs(file: WholeFile, column: str, settled: Settled) -> dict[str, int]:
    """Signs of a column and their rows; where none stands, only rows count that say a day, a customer and an amount."""
    columns = settled.columns
    money = columns.get("amount") or columns.get("price")
    bought = " and ".join(f"{file.text(columns[role])} is not null" for role in ("date", "customer_id"))
    bought += f" and regexp_matches({latin(file.text(money))}, '[1-9]')" if money else ""
    text, sign = file.text(column), file.once(sign_of(column))
    beside = column in (columns.get("amount"), columns.get("price"))
    said = f"regexp_matches({latin(text)}, '[0-9]')" if beside else f"{text} is not null"
    where = f"({said} and {sign} <> '') or ({bought} and {sign} = '')"
    held = beside or not settled.settings.get("fill")  # else an order's first row says it for the others
    return {
        one: int(n)
        for one, n in file.rows(
            f"select {sign} as s, count(*) as n from looked where broken_row is null and ({where})"
            " group by 1 order by n desc, s limit 40"
        )
        if one or held
    }


def _codes(column: str, seen: Mapping[str, int], answers: Answers, yen: str) -> CodesSeen:
    signs_here = {**SIGNS, **(dict.fromkeys(_YEN, yen) if yen else {})}
    dollars = {sign for sign in seen if sign.endswith("$")}
    several = len({signs_here.get(sign, sign) for sign in dollars - {"$"}} - {"USD"}) > 0
    several = several or (answers.currency in DOLLARS and "USD" not in (*answers.rates, answers.keep_currency.upper()))
    open_signs = {sign for sign in seen if (sign in MAY_BE and sign not in signs_here) or (sign == "$" and several)}
    rows = sum(seen.values())
    known = {signs_here.get(sign, sign) for sign in seen} - {""}
    if "" in seen and (len(known) > 1 or seen[""] > _FEW * rows):
        open_signs.add("")
    codes: dict[str, int] = {}
    for sign, n in seen.items():
        code = signs_here.get(sign, sign) if sign not in open_signs else answers.currency
        if code:
            codes[code] = codes.get(code, 0) + n
    signs = dict.fromkeys(sorted(open_signs), answers.currency) if answers.currency else {}
    signs |= {sign: yen for sign in _YEN if yen and sign in seen}
    unsaid = {} if answers.currency else {sign: seen[sign] for sign in open_signs}
    return CodesSeen(column, codes, signs, unsaid)


def settle_currency(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Find the currency by its column or the signs beside the amounts; ask where there are several.

    Args:
        file: The file.
        answers: What the user said.
        settled: Its role ``currency`` is the column of the signs where they are several.
    """
    seen = codes_of(file, answers, settled)
    if not seen.column:
        settled.settings["currency"] = answers.currency or _USUAL
        return
    if seen.unsaid:
        _ask_of_signs(seen, settled)
    codes = seen.codes
    if len(codes) > 1 or answers.rates or answers.keep_currency:
        settled.columns["currency"] = seen.column
    if seen.signs:
        settled.settings["currency_signs"] = dict(seen.signs)
    _settle_codes(codes, answers, settled)


def _settle_codes(codes: Mapping[str, int], answers: Answers, settled: Settled) -> None:
    """Convert, or keep one; ask where neither was said of several."""
    if answers.rates:
        settled.take(
            say("marks.converted", currency=answers.currency), rates=dict(answers.rates), currency=answers.currency
        )
        _ask_for_rates(codes, answers, settled)
    elif answers.keep_currency:
        kept = answers.keep_currency.upper()
        settled.take(say("marks.kept", kept=kept, n=codes.get(kept, 0)), keep_currency=kept, currency=kept)
    elif len(codes) > 1:
        shown = ", ".join(f"{code} ({n:,})" for code, n in list(codes.items())[:6])
        more = f"--currency {answers.currency} " if "currency_signs" in settled.settings else ""
        settled.ask(
            "currency",
            say("marks.several_currencies", shown=shown),
            *((say("marks.keep", code=code), f"{more}--keep-currency {code}") for code in list(codes)[:3]),
            (say("marks.convert"), "--currency CODE --rate CODE=RATE ..."),
        )
    elif codes:
        _take_currency(next(iter(codes)), answers, settled)


def _ask_of_signs(seen: CodesSeen, settled: Settled) -> None:
    """Ask in which currency amounts are whose sign has several meanings, or beside which none stands."""
    for sign, n in sorted(seen.unsaid.items()):
        others = list(MAY_BE.get(sign, ())) or [code for code in ("USD",) if sign == "$"] or list(seen.codes)[:2]
        settled.ask(
            "currency",
            say("marks.no_sign", column=seen.column, n=n, shown=", ".join(seen.codes)) if not sign
            else say("marks.open_sign", column=seen.column, n=n, sign=sign),
            *((say("marks.in_code", code=code), f"--currency {code}") for code in others),
            (say("marks.in_another"), "--currency CODE"),
        )  # fmt: skip


def _ask_for_rates(codes: Mapping[str, int], answers: Answers, settled: Settled) -> None:
    lacking = [code for code in codes if code not in answers.rates and code != answers.currency]
    if lacking or not answers.currency:
        without = ", ".join(lacking) or say("marks.the_currency_of_the_report")
        settled.ask("currency", say("marks.no_rate", n=without),
                    (say("marks.its_rate"), f"--rate {(lacking or ['CODE'])[0]}=RATE --currency CODE"))  # fmt: skip


def _take_currency(code: str, answers: Answers, settled: Settled) -> None:
    known = code if len(code) == 3 and code.isalpha() else ""
    if answers.currency and known and answers.currency != known:
        settled.ask(
            "currency",
            say("marks.other_currency", known=known, currency=answers.currency),
            (say("marks.the_file"), f"--currency {known}"),
        )
    settled.take(
        say("marks.currency", n=answers.currency or known or code), currency=answers.currency or known or _USUAL
    )
