"""SQL of the lab in the dialects of warehouses: one text, transpiled and read back."""

from __future__ import annotations

from datetime import date
from typing import Final

import sqlglot
from sqlglot import exp

from crm_lab.activation.warehouse.warehouse_names import is_plain
from crm_lab.checks import BadInput

DIALECTS: Final = ("duckdb", "snowflake", "bigquery", "postgres")
TODAY: Final = "today"


def in_dialect(query: str, dialect: str) -> str:
    """A query of ours in a dialect, laid out to be read.

    >>> print(in_dialect("select date_diff('day', max(day), date '2024-06-30') as days from sales", "bigquery"))
    SELECT
      DATE_DIFF(CAST('2024-06-30' AS DATE), MAX(day), DAY) AS days
    FROM sales

    Args:
        query: SQL as DuckDB reads it.
        dialect: One of `DIALECTS`.

    Returns:
        SQL that sqlglot reads back as the same query.

    Raises:
        BadInput: If the dialect is unknown.
    """
    if dialect not in DIALECTS:
        raise BadInput(f"dialect is {dialect!r}; it must be one of {', '.join(DIALECTS)}.")
    return written(sqlglot.parse_one(query, read="duckdb"), dialect)


def written(tree: exp.Expr, dialect: str) -> str:
    """A parsed query in a dialect; read back once, so that no text leaves that sqlglot cannot parse.

    >>> print(written(sqlglot.parse_one("select 1 as x"), "postgres"))
    SELECT
      1 AS x

    Args:
        tree: The query.
        dialect: One of `DIALECTS`.

    Returns:
        SQL.
    """
    ordering = sqlglot.Dialect.get_or_raise(dialect).NULL_ORDERING
    for ordered in tree.find_all(
        exp.Ordered
    ):  # nothing that we order by is ever missing: each dialect's own way will do
        small = ordering == "nulls_are_small"
        ordered.set("nulls_first", small != bool(ordered.args.get("desc")) and ordering != "nulls_are_last")
    text: str = tree.sql(dialect=dialect, pretty=True)
    sqlglot.parse_one(text, read=dialect)
    return text


def portable(query: str) -> exp.Expr:
    """A query of the lab's own that only DuckDB reads alike everywhere, without what warehouses read differently.

    ``filter (where ...)`` becomes ``case``, a day minus a day `date_diff`, a quotient one of doubles (Postgres cuts
    whole numbers, Snowflake rounds them to six digits), ``arg_max`` a row number; names lose quotes they do not need.

    >>> portable("select count(*) filter (where x > 1) as n from t").sql("snowflake")
    'SELECT COUNT(CASE WHEN x > 1 THEN 1 END) AS n FROM t'

    Args:
        query: SQL as DuckDB reads it, in which only days are subtracted.

    Returns:
        The query as a tree.
    """
    tree = sqlglot.parse_one(query, read="duckdb")
    for select in [node.find_ancestor(exp.Select) for node in tree.find_all(exp.ArgMax)]:
        if select is not None:
            select.replace(_latest(select))
    for change in (_without_filter, _day_difference, _of_doubles, _bare):
        tree = tree.transform(change)
    return tree


def _without_filter(node: exp.Expr) -> exp.Expr:
    if not isinstance(node, exp.Filter):
        return node
    counted: exp.Expr = node.this
    condition = node.expression.this
    inner = counted.this
    if isinstance(inner, exp.Distinct):
        inner.set("expressions", [_when(condition, inner.expressions[0])])
    else:
        counted.set("this", _when(condition, exp.Literal.number(1) if isinstance(inner, exp.Star) else inner))
    return counted


def _when(condition: exp.Expr, value: exp.Expr) -> exp.Case:
    return exp.Case(ifs=[exp.If(this=condition.copy(), true=value.copy())])


def _day_difference(node: exp.Expr) -> exp.Expr:
    if not isinstance(node, exp.Sub):
        return node
    return exp.DateDiff(this=node.this.copy(), expression=node.expression.copy(), unit=exp.Var(this="DAY"))


def _of_doubles(node: exp.Expr) -> exp.Expr:
    if not isinstance(node, exp.Div):
        return node
    top, bottom = (exp.cast(side.copy(), "double", dialect="duckdb") for side in (node.this, node.expression))
    return exp.Div(this=top, expression=bottom, typed=False, safe=False)


def _bare(node: exp.Expr) -> exp.Expr:
    if not (isinstance(node, exp.Identifier) and node.args.get("quoted") and is_plain(node.name)):
        return node
    bare: exp.Identifier = exp.to_identifier(node.name)
    return bare


def _latest(select: exp.Select) -> exp.Select:
    """``select id, arg_max(x, t) as x from ... group by 1`` with the row number of the latest ``t``."""
    who, wanted = select.expressions
    found = wanted.this
    value, when = found.this, found.expression
    place = sqlglot.parse_one(
        f"row_number() over (partition by {who.sql('duckdb')} order by {when.sql('duckdb')} desc)", read="duckdb"
    )
    inner = select.copy()
    inner.set("group", None)
    inner.set("expressions", [who.copy(), exp.alias_(value.copy(), "held"), exp.alias_(place, "place")])
    outer = exp.select(who.copy(), exp.alias_(exp.column("held"), wanted.alias)).from_(inner.subquery("lab_held"))
    return outer.where("place = 1")


def day_sql(day: date | None) -> str:
    """A day as SQL of DuckDB; ``current_date`` where it is that of each run.

    >>> day_sql(date(2024, 6, 30)), day_sql(None)
    ("date '2024-06-30'", 'current_date')

    Args:
        day: The day, or ``None`` for that of each run.

    Returns:
        SQL.
    """
    return "current_date" if day is None else f"date '{day.isoformat()}'"
