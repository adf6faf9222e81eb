"""How an export of a ledger of points becomes rows of the contract's table `rewards`, as SQL."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, field_validator

from crm_lab.data.quoting import name_of, text_of
from crm_lab.data.sources.dates_and_times import moment
from crm_lab.data.sources.point_ledgers.event_words import MEANINGS, NO_EVENT
from crm_lab.data.sources.sql import customer, filled, number

_NEVER_FROM = 2090  # years from which on a last day means that points do not expire
NEVER = "9999|2999|2099"
"""Years of last days that stand for points without one."""

_MINUS = ("redeem", "expire", "reverse")


class LedgerMeaning(BaseModel):
    """Key ``ledger`` of ``[source.tables.rewards]``: what the columns and words of an export mean.

    Attributes:
        roles: Role to column: customer_id, date, kind, points, direction, balance, order_id, expires_on, channel,
            counterpart_id, cost_amount.
        parts: Column of points to what they mean, where each kind has a column of its own.
        kinds: Word to what it means; ``WORD+`` and ``WORD-`` for its rows above and below 0, ``+`` and ``-`` where
            there are no words.
        directions: Word of the column of directions to ``+`` or ``-``.
        expires_format: strptime format of last days, where it is not that of the dates.
        newest_first: Whether the file lists the newest rows first.
        by_balance: Words whose points are written without a sign and go the way in which the running balance moves.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    roles: dict[str, str] = Field(default_factory=dict)
    parts: dict[str, str] = Field(default_factory=dict)
    kinds: dict[str, str] = Field(default_factory=dict)
    directions: dict[str, str] = Field(default_factory=dict)
    expires_format: str = ""
    newest_first: bool = False
    by_balance: tuple[str, ...] = ()

    @field_validator("parts", "kinds")
    @classmethod
    def _known(cls, given: dict[str, str]) -> dict[str, str]:
        wrong = sorted({meaning for meaning in given.values() if meaning not in (*MEANINGS, NO_EVENT)})
        if wrong:
            raise ValueError(f"{', '.join(wrong)} is no kind of event; kinds are {', '.join((*MEANINGS, NO_EVENT))}")
        return given


def events_sql(raw: str, meaning: LedgerMeaning, decimal: str, date_format: str) -> str:
    """SQL of an export's rows, one for each column of points: ``word``, ``sign`` and ``given``, and what else is there.

    Args:
        raw: SQL of the raw rows.
        meaning: Of their columns.
        decimal: Decimal mark.
        date_format: Of the dates.
    """
    roles = meaning.roles
    texts = {
        role: filled(roles[role]) if role in roles else "null::text"
        for role in ("order_id", "channel", "counterpart_id", "kind")
    }
    stamp = moment(name_of(roles["date"]), date_format)
    shared = ", ".join([
        "source_row", f"{customer(filled(roles['customer_id']))} as customer_id", f"{stamp} as stamp",
        f"{filled(roles['date'])} as date_text", f"{texts['order_id']} as order_id", f"{texts['channel']} as channel",
        f"{texts['counterpart_id']} as counterpart_id", f"{_last_day(meaning, date_format)} as expires_on",
        f"{_last_day_unread(meaning, date_format)} as last_day_unread",
        f"{_number(roles.get('balance'), decimal)} as balance",
        f"{_number(roles.get('cost_amount'), decimal, 'decimal(18,4)')} as cost_amount",
        f"{'try_cast(' + filled(roles['event']) + ' as bigint)' if 'event' in roles else 'null::bigint'} as event",
    ])  # fmt: skip
    columns = list(meaning.parts) or [roles["points"]]
    several = bool(meaning.parts)
    made = " union all ".join(
        f"select {place} as part, {text_of(column) if several else texts['kind']} as word, "
        f"{name_of(column)} as written, {_number(column, decimal)} as number, {_direction(meaning)} as direction, "
        f"{shared} from ({raw}) "
        f"where broken_row is null{f' and coalesce({_number(column, decimal)}, 1) <> 0' if several else ''}"
        for place, column in enumerate(columns)
    )
    signed = "case direction when '+' then abs(number) when '-' then -abs(number) else number end"
    told = f"select *, {signed} as given, coalesce(word, '') as said, {moved_sql(meaning)} as moved from ({made})"
    if meaning.by_balance:
        words = ", ".join(map(text_of, meaning.by_balance))
        told = f"select * replace (case when said in ({words}) then {BY_BALANCE} else given end as given) from ({told})"
    return f"select *, case when given < 0 then '-' else '+' end as sign from ({told})"


BY_BALANCE = (
    "(case when number = 0 then 0 when moved = -abs(number) then -abs(number) "
    "when moved = abs(number) then abs(number) when moved is null and balance = abs(number) then abs(number) end)"
)
"""SQL of points without a sign as the running balance moves; null where it does not say; the first ones start at 0."""


def moved_sql(meaning: LedgerMeaning) -> str:
    """SQL of what the running balance moved by since the customer's row before.

    >>> moved_sql(LedgerMeaning())
    'null::decimal(28,4)'

    Args:
        meaning: Of the columns.
    """
    if "balance" not in meaning.roles:
        return "null::decimal(28,4)"
    way = "desc" if meaning.newest_first else ""
    return f"balance - lag(balance) over (partition by customer_id order by stamp, source_row {way})"


def _number(column: str | None, decimal: str, kind: str = "decimal(28,4)") -> str:
    return f"null::{kind}" if column is None else number(column, decimal, kind)


def _last_day(meaning: LedgerMeaning, date_format: str) -> str:
    if "expires_on" not in meaning.roles:
        return "null::date"
    day = f"{_moment_of_last_day(meaning, date_format)}::date"
    return f"(case when year({day}) < {_NEVER_FROM} then {day} end)"


def _last_day_unread(meaning: LedgerMeaning, date_format: str) -> str:
    """SQL of a last day that is there and cannot be read, those that stand for never left out."""
    if "expires_on" not in meaning.roles:
        return "null::text"
    text, read = filled(meaning.roles["expires_on"]), _moment_of_last_day(meaning, date_format)
    return f"(case when {read} is null and not regexp_matches({text}, {text_of(NEVER)}) then {text} end)"


def _moment_of_last_day(meaning: LedgerMeaning, date_format: str) -> str:
    return moment(name_of(meaning.roles["expires_on"]), meaning.expires_format or date_format)


def _direction(meaning: LedgerMeaning) -> str:
    """SQL of the sign that a column of directions says."""
    if "direction" not in meaning.roles or not meaning.directions:
        return "null::text"
    cases = " ".join(f"when {text_of(word)} then {text_of(sign)}" for word, sign in meaning.directions.items())
    return f"case {filled(meaning.roles['direction'])} {cases} end"


def contract_sql(events: str, meaning: LedgerMeaning, also: str = "") -> str:
    """SQL of the contract's rows; the kind is null where a word has no meaning.

    Args:
        events: SQL of `events_sql`.
        meaning: Of the words.
        also: Further columns, after a comma.
    """
    kinds = {**meaning.parts, **meaning.kinds}
    cases = " ".join(
        f"when said = {text_of(word)} and sign = {text_of(sign)} then {text_of(kind)}"
        for word, sign, kind in _by_sign(kinds)
    )
    meant = f"case {cases} else null end" if cases else "null::text"
    plus = "meant in ('earn', 'pending', 'activate', 'adjust+', 'transfer+')"
    minus = f"meant in ({', '.join(map(text_of, _MINUS))}, 'adjust-', 'transfer-')"
    way = "-" if meaning.newest_first else ""
    counted = f"row_number() over (partition by customer_id order by stamp::date, {way}source_row, part)"
    timed = f"row_number() over (partition by customer_id order by stamp, {way}source_row, part)"
    number_of = "event" if "event" in meaning.roles else f"case when has_hours then {timed} else {counted} end"
    return (
        f"select customer_id, ({number_of})::bigint as event, stamp::date as date, rtrim(meant, '+-') as kind, "
        f"(case when {plus} then abs(given) when {minus} then -abs(given) else given end) as points, "
        f"order_id, cost_amount, expires_on, channel, counterpart_id{f', {also}' if also else ''} "
        f"from (select *, {meant} as meant, bool_or(stamp <> stamp::date) over () as has_hours from ({events})) "
        f"where meant is distinct from '{NO_EVENT}'"
    )


def _by_sign(kinds: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Word, sign and meaning; a word with a sign goes before the word alone."""
    pairs = {}
    for word, kind in kinds.items():
        if word[-1:] in ("+", "-"):
            pairs[word[:-1], word[-1]] = kind
    for word, kind in kinds.items():
        if word[-1:] not in ("+", "-"):
            for sign in "+-":
                pairs.setdefault((word, sign), kind)
    return [(word, sign, kind) for (word, sign), kind in pairs.items()]
