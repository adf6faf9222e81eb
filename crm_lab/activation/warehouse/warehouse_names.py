"""Names of a warehouse's tables and columns as SQL identifiers: hostile ones are refused, unusual ones quoted."""

from __future__ import annotations

import re
from typing import Final

from sqlglot import exp

from crm_lab.checks import BadInput

_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*|[A-Z_][A-Z0-9_]*")
_PART: Final = re.compile(r'"[^"]*"|[^."]+')
_NEVER: Final = frozenset('"`\\;')
_LONGEST: Final = 128
_RESERVED: Final = frozenset(
    """all alter and any array as asc between by case cast check column connect constraint create cross current default
    delete desc distinct drop else end except exists false fetch for foreign from full grant group having in inner
    insert intersect interval into is join lateral left like limit merge natural not null of offset on or order outer
    over partition primary qualify range references right row rows sample select set some start table then to trigger
    true union unique unnest update user using values view when where window with within""".split()  # noqa: SIM905 - a page of words, not of quotes
)


def identifier(name: str) -> exp.Identifier:
    """One name as an identifier: quoted where a warehouse would not find it without.

    A name in one case, of letters, digits and ``_``, stays bare, so that each warehouse reads it in its own case
    (Snowflake stores ``customer_id`` as ``CUSTOMER_ID``). Any other is quoted as it stands; so is one given in quotes.

    >>> [identifier(n).sql() for n in ("cust", "CUST", "CustId", "order", "Kunden Nr.", '"cust"')]
    ['cust', 'CUST', '"CustId"', '"order"', '"Kunden Nr."', '"cust"']
    >>> identifier('x"; drop table sales; --')
    Traceback (most recent call last):
    crm_lab.checks.BadInput: 'x"; drop table sales; --' is no name of a column or table: it holds " and ;.

    Args:
        name: As the warehouse has it.

    Returns:
        The identifier.

    Raises:
        BadInput: If it is empty, longer than 128 characters, or holds quotes, backslashes, semicolons or characters
            that cannot be seen.
    """
    exact = len(name) > 1 and name[0] == name[-1] == '"'
    inner = name[1:-1] if exact else name
    wrong = sorted({c for c in inner if c in _NEVER or not c.isprintable()})
    if wrong:
        shown = " and ".join(c if c.isprintable() else repr(c) for c in wrong)
        raise BadInput(f"{name!r} is no name of a column or table: it holds {shown}.")
    if not inner.strip() or len(inner) > _LONGEST:
        raise BadInput(f"{name[:20]!r} is no name of a column or table: it has 1 to {_LONGEST} characters.")
    return exp.to_identifier(inner, quoted=exact or not is_plain(inner))


def is_plain(name: str) -> bool:
    """Whether a name needs no quotes anywhere.

    >>> is_plain("net_amount"), is_plain("Net"), is_plain("group")
    (True, False, False)

    Args:
        name: A name.

    Returns:
        Whether it is of one case, of letters, digits and ``_``, and no word of SQL.
    """
    return bool(_PLAIN.fullmatch(name)) and name.lower() not in _RESERVED


def table_path(name: str) -> exp.Table:
    """A table with the schema and database before it.

    >>> table_path("my-project.shop.sales").sql("bigquery")
    '`my-project`.shop.sales'
    >>> table_path('shop."2024.sales"').sql()
    'shop."2024.sales"'

    Args:
        name: One to three names with points between; a name that holds a point itself stands in double quotes.

    Returns:
        The table.

    Raises:
        BadInput: If a name in it is refused, or there are more than three.
    """
    parts = _PART.findall(name)
    if ".".join(parts) != name or not 1 <= len(parts) <= 3:
        raise BadInput(f"{name!r} is no table; write table, schema.table or database.schema.table.")
    table, *above = [identifier(part) for part in reversed(parts)]
    db, catalog = (*above, None, None)[:2]
    return exp.Table(this=table, db=db, catalog=catalog)


def text_value(value: str) -> str:
    """A text as an SQL literal of DuckDB, from which the other dialects are made.

    >>> text_value("O'Neil")
    "'O''Neil'"

    Args:
        value: A segment's name or a value of a column.

    Returns:
        The literal.

    Raises:
        BadInput: If it holds characters that cannot be seen, such as line ends: dialects write them differently.
    """
    if not all(c.isprintable() for c in value):
        raise BadInput(f"{value!r} holds characters that cannot be seen; SQL texts are made without them.")
    return exp.Literal.string(value).sql(dialect="duckdb")
