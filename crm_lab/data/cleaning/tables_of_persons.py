"""How the tables of accounts become tables of persons: which rows are put together, and by which rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from crm_lab.data.quoting import name_of
from crm_lab.tables import TABLES

_EARLIEST: Final = ("enrolments", "responses", "account_marks")
_LEDGERS: Final = ("rewards", "rewards_other_system")
ACCOUNT: Final = "account_"


@dataclass(frozen=True, slots=True)
class Merged:
    """A table on persons.

    Attributes:
        sql: Its rows.
        counts: What was put together: key of a note to SQL of its number.
    """

    sql: str
    counts: Mapping[str, str]


def person_columns(table: str, columns: Mapping[str, str]) -> list[str]:
    """Columns of a table that hold the number of a customer.

    >>> person_columns("referrals", {"referral": "VARCHAR", "customer_id": "VARCHAR", "invited_id": "VARCHAR"})
    ['customer_id', 'invited_id']

    Args:
        table: Its name.
        columns: Column to type.
    """
    known = TABLES[table].person_columns if table in TABLES else ("customer_id",)
    return [name for name in known if name.endswith("_id") and name in columns]


def placed_sql(table: str, rows: str, columns: Mapping[str, str]) -> str:
    """Rows with persons in place of customers, and the account that each was of in ``account_``.

    Args:
        table: Name of the table.
        rows: SQL of a relation.
        columns: Column to type.
    """
    held = person_columns(table, columns)
    joins = " ".join(f"left join person_map m{n} on t.{name} = m{n}.customer_id" for n, name in enumerate(held))
    replaced = ", ".join(f"coalesce(m{n}.person_id, t.{name}) as {name}" for n, name in enumerate(held))
    return f"select t.* replace ({replaced}), t.{held[0]} as {ACCOUNT} from {rows} t {joins}"


def merged(table: str, rows: str, columns: Mapping[str, str]) -> Merged:
    """A table of accounts on persons.

    Args:
        table: Name of the table.
        rows: SQL of a relation with ``customer_id``.
        columns: Column to type.

    Returns:
        SQL of the rows, and of what is counted.

    >>> merged("exposures_elsewhere", "(select '1' as customer_id)", {"customer_id": "VARCHAR"}).counts
    {}
    """
    placed = f"({placed_sql(table, rows, columns)})"
    if table in _LEDGERS:
        return _ledger(placed)
    if table in _EARLIEST:
        return _earliest(table, placed)
    makers = {
        "customers": _customers, "tiers": _tiers, "tier_history": _tier_history, "assignments": _assignments,
        "exposures": _exposures, "referrals": _referrals,
    }  # fmt: skip
    if table in makers:
        return makers[table](placed, columns)
    return Merged(f"select * exclude ({ACCOUNT}) from {placed}", {})


def _shared(table: str, placed: str) -> str:
    """Rows with ``several_``: whether accounts of one person meet in the table's key."""
    key = ", ".join(TABLES[table].key)
    several = f"min({ACCOUNT}) over same <> max({ACCOUNT}) over same as several_"
    return f"(select *, {several} from {placed} window same as (partition by {key}))"


def _groups(table: str, where: str = "true") -> str:
    key = ", ".join(TABLES[table].key)
    return f"select count(*) from (select 1 from {{rows}} where several_ and {where} group by {key})"


def _earliest(table: str, placed: str) -> Merged:
    """The earliest of several rows of a person."""
    known, key = TABLES[table].known_on, ", ".join(TABLES[table].key)
    rows = _shared(table, placed)
    first = f"row_number() over (partition by {key} order by {known}, {ACCOUNT}) = 1"
    sql = f"select * exclude ({ACCOUNT}, several_) from {rows} qualify not several_ or {first}"
    return Merged(sql, {f"{table}_again": _groups(table).format(rows=rows)})


def _customers(placed: str, columns: Mapping[str, str]) -> Merged:
    """One row a person: the earliest day and channel, the latest of what else is known, the sum of what it cost."""
    rows = _shared("customers", placed)
    by = f"joined_on nulls first, {ACCOUNT}" if "joined_on" in columns else ACCOUNT
    first = f"joined_on nulls last, {ACCOUNT}" if "joined_on" in columns else ACCOUNT
    rules = {
        "joined_on": "min(joined_on)",
        "opted_out_on": "min(opted_out_on)",
        "acquisition_channel": f"first(acquisition_channel order by {first})",
        "acquisition_cost": f"sum(acquisition_cost)::{columns.get('acquisition_cost', 'double')}",
    }
    parts = []
    for column in columns:
        name = name_of(column)
        latest = f"last({name} order by {by}) filter (where nullif(trim({name}::varchar), '') is not null)"
        parts.append(name if column == "customer_id" else f"{rules.get(column, latest)} as {name}")
    sql = f"""select * exclude ({ACCOUNT}, several_) from {rows} where not several_
              union all by name select {", ".join(parts)} from {rows} where several_ group by customer_id"""
    return Merged(sql, {"customers": _groups("customers").format(rows=rows)})


def _tiers(placed: str, columns: Mapping[str, str]) -> Merged:
    """Of several tiers on one day, that of the span which began last; days are cut at every beginning and end."""
    several = f"min({ACCOUNT}) over person <> max({ACCOUNT}) over person as several_"
    rows = f"(select *, {several} from {placed} window person as (partition by customer_id))"
    extra = [name_of(c) for c in columns if c not in ("customer_id", "valid_from", "valid_to", "tier")]
    more = "".join(f", {name}" for name in extra)
    spans = f"""
        with mine as (select * from {rows} where several_),
        cuts as (select customer_id, valid_from as day from mine
                 union select customer_id, valid_to + 1 from mine where valid_to is not null),
        pieces as (select customer_id, day::date as day,
                          (lead(day) over (partition by customer_id order by day))::date as next from cuts),
        held as (select p.customer_id, p.day, p.next, m.tier{"".join(f", m.{n}" for n in extra)},
                        min(m.tier) over piece <> max(m.tier) over piece as differ
                 from pieces p join mine m on p.customer_id = m.customer_id and m.valid_from <= p.day
                      and (m.valid_to is null or m.valid_to >= p.day)
                 window piece as (partition by p.customer_id, p.day)
                 qualify row_number() over (partition by p.customer_id, p.day
                                            order by m.valid_from desc, m.{ACCOUNT}) = 1),
        steps as (select *, coalesce(lag(tier) over w <> tier or lag(next) over w <> day, true) as starts
                  from held window w as (partition by customer_id order by day)),
        runs as (select *, sum(starts::int) over (partition by customer_id order by day) as run from steps)"""
    merged_ = f"""{spans}
        select customer_id, min(day) as valid_from,
               case when bool_or(next is null) then null else max(next) - 1 end::date as valid_to,
               any_value(tier) as tier{"".join(f", first({n} order by day) as {n}" for n in extra)}
        from runs group by customer_id, run"""
    sql = f"""select customer_id, valid_from, valid_to, tier{more} from {rows} where not several_
              union all by name from ({merged_})"""
    differ = f"select count(distinct customer_id) from ({spans} select * from held) where differ"
    return Merged(sql, {"tiers_differ": differ})


def _tier_history(placed: str, _columns: Mapping[str, str]) -> Merged:
    """Of several tiers set on one day, the one with the higher qualifying amount."""
    rows, key = _shared("tier_history", placed), ", ".join(TABLES["tier_history"].key)
    best = f"row_number() over (partition by {key} order by qualifying_amount desc nulls last, {ACCOUNT}) = 1"
    differ = f"""select count(*) from (select 1 from {rows} where several_ group by {key}
                 having count(distinct tier) > 1)"""
    sql = f"select * exclude ({ACCOUNT}, several_) from {rows} qualify not several_ or {best}"
    return Merged(sql, {"tier_history_differ": differ})


def _assignments(placed: str, _columns: Mapping[str, str]) -> Merged:
    """The earliest draw of a person; who was drawn into two arms is in neither."""
    rows = f"""(select *, min(arm) over same <> max(arm) over same as torn_
                from {_shared("assignments", placed)} window same as (partition by experiment, customer_id))"""
    first = f"row_number() over (partition by experiment, customer_id order by assigned_on, {ACCOUNT}) = 1"
    sql = f"""select * exclude ({ACCOUNT}, several_, torn_) from {rows} where not (several_ and torn_)
              qualify not several_ or {first}"""
    counts = {
        "assignments_torn": _groups("assignments", "torn_").format(rows=rows),
        "assignments_again": _groups("assignments", "not torn_").format(rows=rows),
    }
    return Merged(sql, counts)


def _ledger(placed: str) -> Merged:
    """Events of all accounts of a person, numbered anew by day; each account's own order is kept."""
    several = f"min({ACCOUNT}) over (partition by customer_id) <> max({ACCOUNT}) over (partition by customer_id)"
    inner = f"""select *, {several} as several_,
                       max(date) over (partition by {ACCOUNT} order by event) as reached_ from {placed}"""
    number = f"row_number() over (partition by customer_id order by reached_, {ACCOUNT}, event)"
    sql = f"""select * exclude ({ACCOUNT}, several_, reached_)
                     replace (case when several_ then {number} else event end as event) from ({inner})"""
    return Merged(sql, {"rewards": f"select count(distinct customer_id) from ({inner}) where several_"})


def _exposures(placed: str, columns: Mapping[str, str]) -> Merged:
    """Messages of one campaign to several accounts of a person are one: the first day, and the sum of the costs."""
    rows, key = _shared("exposures", placed), TABLES["exposures"].key
    rules = {
        "date": "min(date)",
        "delivered": "bool_or(delivered)",
        "opened": "bool_or(opened)",
        "cost_amount": f"sum(cost_amount)::{columns.get('cost_amount', 'double')}",
    }
    parts = [
        name_of(c) if c in key else f"{rules.get(c, f'first({name_of(c)} order by date, {ACCOUNT})')} as {name_of(c)}"
        for c in columns
    ]
    sql = f"""select * exclude ({ACCOUNT}, several_) from {rows} where not several_
              union all by name select {", ".join(parts)} from {rows} where several_ group by {", ".join(key)}"""
    return Merged(sql, {"exposures_again": _groups("exposures").format(rows=rows)})


def _referrals(placed: str, _columns: Mapping[str, str]) -> Merged:
    """Invitations stay as they are; those that a person sent to another account of the same person are counted."""
    own = f"select count(*) from {placed} where customer_id = invited_id"
    return Merged(f"select * exclude ({ACCOUNT}) from {placed}", {"referrals_to_self": own})
