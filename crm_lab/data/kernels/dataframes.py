"""Tables as users have them: any DataFrame as pandas, and purchases by the user's own column names.

Every analysis takes its tables through here, so that each engine gives the same answer and the same refusal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.checks import BadInput, Problems, need_columns
from crm_lab.messages.no_answer import cannot_answer

PURCHASES = "The purchases table"
ACCEPTED = "a DataFrame of pandas, Polars (eager or lazy), DuckDB (relation), PyArrow or PySpark"
_EXACT = 2**53  # whole numbers up to here are their own as fractions
_PER_DAY = {"s": 86_400, "ms": 86_400 * 10**3, "us": 86_400 * 10**6, "ns": 86_400 * 10**9}


def as_pandas(table: IntoFrame, what: str = "The table", columns: Iterable[str] | None = None) -> pd.DataFrame:
    """A table of any engine as a pandas frame; a pandas frame is given back as it is.

    Args:
        table: A DataFrame of pandas, Polars, DuckDB, PyArrow, PySpark or another engine that narwhals reads.
        what: What an error calls it.
        columns: Columns to read from another engine, those of them that it has; all of them by default.

    Returns:
        The rows in the table's order; dates are ``datetime64``, decimal numbers are floats.

    Raises:
        BadInput: If it is no table, or two columns have one name.

    >>> import polars as pl
    >>> as_pandas(pl.DataFrame({"spend": [1, 2]}))["spend"].sum()
    np.int64(3)
    >>> as_pandas([1, 2], "The experiment's table")
    Traceback (most recent call last):
    crm_lab.checks.BadInput: The experiment's table is a list; give a DataFrame of pandas, Polars ...
    """
    if isinstance(table, pd.DataFrame):
        _refuse_repeated(table.columns, what)
        return table
    frame = _known_engine(table, what)
    schema = frame.collect_schema()
    wanted = list(schema) if columns is None else [name for name in dict.fromkeys(columns) if name in schema]
    read: Any = frame.select(
        *(nw.col(name).cast(nw.Float64) if schema[name] == nw.Decimal else nw.col(name) for name in wanted)
    ).collect("pyarrow")
    made: pd.DataFrame = read.to_native().to_pandas(date_as_object=False)
    return made


def _known_engine(table: IntoFrame, what: str) -> nw.LazyFrame[Any]:
    try:
        frame = nw.from_native(table)
    except TypeError:
        kind = type(table)
        home = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
        raise BadInput(f"{what} is a {home}{kind.__qualname__}; give {ACCEPTED}.") from None
    except nw.exceptions.DuplicateError:
        _refuse_repeated(getattr(table, "column_names", ()), what)
        raise
    if frame.implementation.is_duckdb():  # whose schema would hide a name that comes twice
        _refuse_repeated(getattr(table, "columns", ()), what)
    return frame.lazy()


def column_names(table: IntoFrame, what: str = "The table") -> list[str]:
    """The names of a table's columns, nothing else being read.

    Raises:
        BadInput: As `as_pandas`.
    """
    if isinstance(table, pd.DataFrame):
        return list(as_pandas(table, what).columns)
    return _known_engine(table, what).collect_schema().names()


def purchase_table(
    purchases: IntoFrame,
    what: str = PURCHASES,
    *,
    customer: str = "customer_id",
    date: str = "date",
    amount: str | None = "net_amount",
    also: Sequence[str] = (),
) -> pd.DataFrame:
    """Purchases of any engine under the names that every analysis uses.

    Args:
        purchases: One row per purchase, receipt or line.
        what: What an error calls it.
        customer: Column with the customer; rows without one are kept, for the analysis to count and leave out.
        date: Column with the date: dates, stamps (of one with a time zone the day on its own clock), or text
            like 2024-01-31. Without a column ``date``, a column ``day`` (days since 1970-01-01) will do.
        amount: Column with the amount, which each purchase of a customer must have; ``None`` where it is not needed.
        also: Further columns that are used where they are there.

    Returns:
        ``customer_id``, ``date`` (midnight, no time zone), ``net_amount`` and those of `also`; a pandas frame that
        is in this form already is given back as it is, with all its columns.

    Raises:
        BadInput: With every problem of dates and amounts, counted.
        CannotAnswer: If the table has no rows.

    >>> sales = pd.DataFrame({"cust": ["a", "b"], "when": ["2024-01-31", "2024-02-01 18:30"], "eur": [5, 7]})
    >>> purchase_table(sales, customer="cust", date="when", amount="eur")
      customer_id       date  net_amount
    0           a 2024-01-31           5
    1           b 2024-02-01           7
    """
    roles = {"customer_id": customer, "date": date} | ({} if amount is None else {"net_amount": amount})
    names = column_names(purchases, what)
    if date == "date" and "date" not in names and "day" in names:
        roles["date"] = "day"
    _need_roles(names, roles, what, _index_names(purchases))
    frame = _renamed(as_pandas(purchases, what, [*roles.values(), *also]), roles, also)
    if frame.empty:
        raise cannot_answer("no_rows", what=what)
    problems = Problems(what)
    changed: dict[str, Any] = {}
    customers = plain_ids(frame["customer_id"])
    if customers is not frame["customer_id"]:
        changed["customer_id"] = customers
    days = _days_from_numbers(frame["date"]) if roles["date"] == "day" else _days(frame["date"], date, problems)
    if days is not frame["date"]:
        changed["date"] = days
    if amount is not None:
        values = _amounts(frame, amount, problems)
        if values is not frame["net_amount"]:
            changed["net_amount"] = values
    problems.raise_any()
    return frame.assign(**changed) if changed else frame


def _refuse_repeated(names: Iterable[object], what: str) -> None:
    twice = {name: n for name, n in Counter(names).items() if n > 1}
    if twice:
        said = "; ".join(f"{n} columns are named {name}" for name, n in twice.items())
        raise BadInput(f"{what} cannot be read: {said}. Rename or drop all but one.")


def _index_names(table: IntoFrame) -> list[str]:
    return [str(name) for name in table.index.names if name is not None] if isinstance(table, pd.DataFrame) else []


def _need_roles(names: Sequence[str], roles: Mapping[str, str], what: str, index: Sequence[str]) -> None:
    repeated = [column for column in dict.fromkeys(roles.values()) if list(roles.values()).count(column) > 1]
    if repeated:
        raise BadInput(
            f"The column {repeated[0]} is named for two things; customer, date and amount are three columns."
        )
    try:
        need_columns(names, roles.values(), what)
    except BadInput as error:
        hidden = [column for column in roles.values() if column in index and column not in names]
        if hidden:
            raise BadInput(f"{error} The index holds {', '.join(hidden)}: call reset_index() first.") from None
        raise BadInput(f"{error} Name yours by customer=, date= and amount=, or rename them.") from None


def _renamed(frame: pd.DataFrame, roles: Mapping[str, str], also: Sequence[str]) -> pd.DataFrame:
    """The frame under our names; other columns that bear one of them by chance are left out."""
    if all(role == column for role, column in roles.items()):
        return frame
    further = [name for name in also if name in frame and name not in roles and name not in roles.values()]
    chosen = frame[[*roles.values(), *further]]
    return chosen.rename(columns={column: role for role, column in roles.items()}).reset_index(drop=True)


def plain_ids(customers: pd.Series) -> pd.Series:
    """Customers as text or numbers rather than categories or objects; the same series where they are that already."""
    if isinstance(customers.dtype, pd.CategoricalDtype):
        return customers.astype(customers.cat.categories.dtype)
    return customers.infer_objects() if customers.dtype == object else customers


def id_texts(ids: pd.Series) -> pd.Series:
    """Ids as text: 7 where a gap in the column has made whole numbers 7.0, and nothing where there is none.

    >>> id_texts(pd.Series([7.0, None])).tolist(), id_texts(pd.Series(["07", "a"])).tolist()
    (['7', None], ['07', 'a'])

    Args:
        ids: Ids of any type.

    Returns:
        Text, ``None`` where it is missing, with the index of `ids`.
    """
    plain = plain_ids(ids)
    if pd.api.types.is_float_dtype(plain) and (plain.dropna() % 1 == 0).all() and (plain.dropna().abs() < _EXACT).all():
        plain = plain.astype("Int64")
    elif plain.dtype == object:
        plain = plain.map(lambda one: int(one) if isinstance(one, float) and one.is_integer() else one)
    return plain.astype(str).astype(object).where(ids.notna(), None)


def _days_from_numbers(numbers: pd.Series) -> pd.Series:
    if not pd.api.types.is_integer_dtype(numbers):
        raise BadInput(f"The column day is of type {numbers.dtype}; it must hold whole days since 1970-01-01.")
    return pd.Series(numbers.to_numpy().astype("datetime64[D]").astype("datetime64[s]"), index=numbers.index)


def _days(dates: pd.Series, name: str, problems: Problems) -> pd.Series:
    """The day of each row at midnight; the same series where it holds that already."""
    missing = int(dates.isna().sum())
    problems.unless(not missing, f"{missing:,} rows without a date (column {name}); drop them.")
    read = dates if pd.api.types.is_datetime64_any_dtype(dates) else _read(dates, name, problems)
    if read is None or problems.found:
        return dates
    if read.dt.tz is not None:
        read = read.dt.tz_localize(None)
    stamps = read.to_numpy()
    at_midnight = not (stamps.view(np.int64) % _PER_DAY[np.datetime_data(stamps.dtype)[0]]).any()
    return read if at_midnight else read.dt.normalize()


def _read(dates: pd.Series, name: str, problems: Problems) -> pd.Series | None:
    """Dates in words or objects as stamps; ``None`` where they cannot be read, which is noted."""
    known = dates.notna().to_numpy()
    if pd.api.types.is_numeric_dtype(dates):
        example = f", e.g. {dates[known].iloc[0]:.0f}," if known.any() else ""
        problems.found.append(
            f"{name} holds numbers{example} and no dates; turn them into dates first, e.g. "
            f"pandas.to_datetime(table['{name}'], format='%Y%m%d')."
        )
        return None
    try:
        read = pd.to_datetime(dates.astype(object), format="ISO8601", errors="coerce")
    except (ValueError, TypeError):
        problems.found.append(f"{name} mixes time zones; give all dates in one.")
        return None
    wrong = dates[known & read.isna().to_numpy()]
    if len(wrong):
        problems.found.append(
            f"{len(wrong):,} of {len(dates):,} values of {name} are no dates or can be read in more than one way; "
            f"give them as dates or in the form 2024-01-31, not as {wrong.iloc[0]!r}."
        )
    return read


def _amounts(frame: pd.DataFrame, name: str, problems: Problems) -> pd.Series:
    """Amounts as numbers; the same series where they are that already.

    An unknown amount is not 0 and makes a customer's mean unknown: it is the caller's to fill or drop.
    """
    given = frame["net_amount"]
    values = given if pd.api.types.is_numeric_dtype(given) else pd.to_numeric(given, errors="coerce")
    known = given.notna().to_numpy()
    unread = given[known & values.isna().to_numpy()]
    if len(unread):
        problems.found.append(f"{len(unread):,} values of {name} are no numbers, e.g. {unread.iloc[0]!r}.")
    missing = ~(known if len(unread) else np.isfinite(values.to_numpy(dtype=float, na_value=np.nan)))
    missing = missing & frame["customer_id"].notna().to_numpy()
    if missing.any():
        problems.found.append(
            f"{int(missing.sum()):,} of {len(given):,} purchases have no {name}; fill or drop them first, knowing why."
        )
    return values
