"""Shares of each customer's sale lines: on discount, by hour and weekday, by what was bought, with their counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats, Integers
from crm_lab.calendar import EPOCH
from crm_lab.checks import BadInput, as_date
from crm_lab.data.quoting import name_of, text_of
from crm_lab.data.workspace import Tables
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.segmentation.personas.shopper_tags.order_correlation import (
    independent_lines,
    order_correlations,
    squared_orders,
)  # fmt: skip

LAUNCH_DAYS = 60
"""Days from its launch in which an item is new."""
NAMED = ("category", "brand", "style", "scene")
"""Columns of the products whose largest values are features of their own, named ``category:tops``."""
MOST_NAMES = 20
LINES_SHARE, CUSTOMERS_SHARE = 0.02, 0.05
_HOURS = {
    "night_share": "hour >= 22 or hour < 6",
    "morning_share": "hour between 6 and 11",
    "afternoon_share": "hour between 12 and 17",
    "evening_share": "hour between 18 and 21",
}
_NEVER_EMPTY = ("price_share", "new_product_share", "eco_share")
"""Features that the data do not have where not one line shows them."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A yes-or-no question to a sale line.

    Attributes:
        name: Of the share.
        yes: SQL that is true for the lines counted.
        known: SQL that is true for the lines that have an answer.
        of_order: Whether all lines of an order share it, as its day and hour.
    """

    name: str
    yes: str
    known: str = "true"
    of_order: bool = False


@dataclass(frozen=True, eq=False)
class ShopperFeatures:
    """Shares of sale lines, one row a customer, and the counts behind them.

    >>> from crm_lab import open_workspace
    >>> features = shopper_features(open_workspace("simulated:fashion,customers=300").at("latest"))
    >>> features.names[:6]
    ('price_share', 'night_share', 'morning_share', 'afternoon_share', 'evening_share', 'weekend_share')

    Attributes:
        frame: ``customer_id``, ``n_lines``, ``n_orders``, and a column a feature: its share of the customer's lines of
            which it is known, missing where it is known of none; ordered by customer.
        counts: Feature to how many of the customer's lines have it, and of how many that is known, each of shape (n,).
        coverage: One row a feature: ``feature``, ``coverage`` (share of lines of which it is known), ``lines`` (those),
            ``customers`` (with such a line), ``share`` (of those lines that have it).
        start: First day of the window.
        end: Last day of the window.
        simulated: Whether the data are.
        launch_days: Days from its launch in which an item is new.
        orders: Feature that an order has as a whole to how many of the customer's orders have it, and of how many that
            is known; none for the other features.
        correlation: Of the other features, that of two lines of one order beyond their customer's share.
        squared: Sum over the customer's orders of the squared number of lines of which the feature is known.
    """

    frame: pd.DataFrame
    counts: Mapping[str, tuple[Integers, Integers]]
    coverage: pd.DataFrame
    start: date
    end: date
    simulated: bool = False
    launch_days: int = LAUNCH_DAYS
    orders: Mapping[str, tuple[Integers, Integers]] = field(default_factory=dict)
    correlation: Mapping[str, float] = field(default_factory=dict)
    squared: Mapping[str, Integers] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The features that the data have.

        >>> "category:tops" in features.names
        True
        """
        return tuple(self.counts)

    def __len__(self) -> int:
        return len(self.frame)

    def of(self, feature: str) -> tuple[Integers, Integers]:
        """Lines with a feature and lines of which it is known, a customer each, in the order of `frame`.

        >>> k, n = features.of("price_share")
        >>> bool((k <= n).all())
        True

        Args:
            feature: One of `names`.

        Returns:
            Two arrays of shape (n,).

        Raises:
            BadInput: If the data do not have it.
        """
        if feature not in self.counts:
            raise BadInput(f"These data have no {feature}; they have {', '.join(self.counts)}.")
        return self.counts[feature]

    def independent(self, feature: str) -> tuple[Integers | Floats, Integers | Floats]:
        """As `of`, counted so that nothing is told twice: ten lines of one Saturday are one visit.

        What all lines of an order share, as its hour, is counted in orders. For any other feature the lines are cut to
        the number of independent ones that would tell as much, by the correlation within orders.

        >>> bool(features.independent("weekend_share")[1].sum() == features.frame["n_orders"].sum())
        True

        Args:
            feature: One of `names`.

        Returns:
            Two arrays of shape (n,).

        Raises:
            BadInput: If the data do not have it.
        """
        k, n = self.of(feature)
        if feature in self.orders or not self.correlation.get(feature):
            return self.orders.get(feature, (k, n))
        return independent_lines(k, n, self.squared[feature], self.correlation[feature])


def shopper_features(
    tables: Tables,
    start: str | date | None = None,
    end: str | date | None = None,
    *,
    launch_days: int = LAUNCH_DAYS,
    names: Sequence[str] | None = None,
) -> ShopperFeatures:
    """What share of each named customer's sale lines is on discount, at night, in a category, and so on.

    Categories, brands, styles and scenes are features where they have 2 % of all lines or reach 5 % of customers, at
    most 20 of each, the largest first; they are chosen on all lines up to the as-of day, so that windows of the same
    tables have the same features. A product without a launch day was on sale before the records and counts as not new.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("simulated:fashion,customers=300").at("latest")
    >>> shopper_features(tables, start="2024-06-01").start
    datetime.date(2024, 6, 1)

    Args:
        tables: The tables as of a day (`workspace.at`).
        start: First day of the window; the first of the data unless given.
        end: Last day; the as-of day unless given.
        launch_days: Days from its launch in which an item is new.
        names: Features to measure, as those of an earlier month; those that the data have unless given.

    Returns:
        Shares, their counts and their coverage.

    Raises:
        BadInput: If the window is empty or ends after the as-of day, or a named feature is not in the data.
        CannotAnswer: If no named customer has a sale line in the window.
    """
    first, last = _window(tables, start, end)
    features = list(_features(tables, launch_days, names))
    rows = tables.sql(_query(tables, _counting(features), first, last))
    if rows.empty:
        raise cannot_answer("nobody_in_window", start=first, end=last)
    known = {sql: f"n{i}" for i, sql in enumerate(dict.fromkeys(f.known for f in features))}
    of_known = {sql: rows[column].to_numpy(dtype=np.int64) for sql, column in known.items()}
    counts = {f.name: (rows[f"k{i}"].to_numpy(dtype=np.int64), of_known[f.known]) for i, f in enumerate(features)}
    if names is None:
        counts = {name: (k, n) for name, (k, n) in counts.items() if n.any() and (name not in _NEVER_EMPTY or k.any())}
    base = rows[["customer_id", "n_lines", "n_orders"]]
    shares = {name: np.divide(k, n, out=np.full(len(k), np.nan), where=n > 0) for name, (k, n) in counts.items()}
    frame = pd.concat([base, pd.DataFrame(shares)], axis=1)
    orders = {f.name: _orders(rows, i) for i, f in enumerate(features) if f.of_order and f.name in counts}
    simulated = bool(tables.workspace.about["simulated"])
    coverage = _coverage(counts, int(base["n_lines"].sum()))
    lines = _lines(tables, first, last)
    asked = {f.name: (f.yes, f.known) for f in features if not f.of_order and f.name in counts}
    together = order_correlations(tables.sql, lines, asked)
    squared = squared_orders(tables.sql, lines, {name: asked[name] for name, rho in together.items() if rho > 0})
    return ShopperFeatures(
        frame, counts, coverage, first, last, simulated, launch_days, orders, together, squared
    )  # fmt: skip


def _orders(rows: pd.DataFrame, feature: int) -> tuple[Integers, Integers]:
    return rows[f"o{feature}"].to_numpy(dtype=np.int64), rows[f"m{feature}"].to_numpy(dtype=np.int64)


def _window(tables: Tables, start: str | date | None, end: str | date | None) -> tuple[date, date]:
    first = tables.workspace.day_range[0] if start is None else as_date(start, "start")
    last = tables.as_of if end is None else as_date(end, "end")
    if last > tables.as_of:
        raise BadInput(f"end is {last}, but these tables are as of {tables.as_of}; end there or before.")
    if first > last:
        raise BadInput(f"The window runs from {first} to {last}; start must not lie after end.")
    return first, last


def _features(tables: Tables, launch_days: int, names: Sequence[str] | None) -> Iterator[Feature]:
    found = list(_all_features(tables, launch_days, names))
    if names is None:
        yield from found
        return
    by_name = {feature.name: feature for feature in found}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise BadInput(f"These data have no {', '.join(unknown)}; they have {', '.join(by_name)}.")
    yield from (by_name[name] for name in dict.fromkeys(names))


def _all_features(tables: Tables, launch_days: int, names: Sequence[str] | None) -> Iterator[Feature]:
    yield Feature("price_share", "discount_amount > 0")
    yield from (Feature(name, sql, "hour is not null", True) for name, sql in _HOURS.items())
    yield Feature("weekend_share", "weekday >= 6", of_order=True)
    columns = tables.workspace.columns("products") if "products" in tables else {}
    if "launched_on" in columns:
        new = f"launched_on is not null and day - (launched_on - date '{EPOCH}') between 0 and {launch_days - 1}"
        yield Feature("new_product_share", new, "in_products")
    if "eco" in columns:
        yield Feature("eco_share", "eco", "eco is not null")
    for column in NAMED:
        if column in columns:
            values = _largest(tables, column) if names is None else _asked(names, column)
            yield from (
                Feature(f"{column}:{v}", f"{name_of(column)} = {text_of(v)}", f"{name_of(column)} is not null")
                for v in values
            )


def _asked(names: Sequence[str], column: str) -> list[str]:
    return [name.removeprefix(f"{column}:") for name in names if name.startswith(f"{column}:")]


def _largest(tables: Tables, column: str) -> list[str]:
    """The values with enough of the lines or of the customers, by number of lines."""
    of = name_of(column)
    counted = tables.sql(f"""
        with sales as (select customer_id, product_id from transactions
                       where kind = 'sale' and customer_id is not null),
        named as (select customer_id, {of} as value from sales join products using (product_id)
                  where {of} is not null)
        select value, count(*) as lines, count(distinct customer_id) as customers,
               (sum(count(*)) over ())::bigint as all_lines,
               (select count(distinct customer_id) from named) as all_customers
        from named group by value order by lines desc, value""")
    large = (counted["lines"] >= LINES_SHARE * counted["all_lines"]) | (
        counted["customers"] >= CUSTOMERS_SHARE * counted["all_customers"]
    )
    return counted["value"][large].head(MOST_NAMES).astype(str).tolist()


def last_days(tables: Tables, features: ShopperFeatures) -> pd.DataFrame:
    """The day (since 1970-01-01) of each customer's last line that shows a feature; missing where none does.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("simulated:fashion,customers=300").at("latest")
    >>> features = shopper_features(tables)
    >>> last_days(tables, features)["price_share"].notna().sum() == (features.of("price_share")[0] > 0).sum()
    np.True_

    Args:
        tables: The tables the features were made of.
        features: Shares of lines.

    Returns:
        A row a customer in the order of the features' frame, a column a feature.
    """
    asked = list(_features(tables, features.launch_days, features.names))
    latest = [f"max(day) filter (where {f.yes}) as k{i}" for i, f in enumerate(asked)]
    rows = tables.sql(_query(tables, latest, features.start, features.end))
    return pd.DataFrame({f.name: rows[f"k{i}"] for i, f in enumerate(asked)})


def _counting(features: Sequence[Feature]) -> list[str]:
    known = dict.fromkeys(feature.known for feature in features)
    sums = [f"count(*) filter (where {sql}) as n{i}" for i, sql in enumerate(known)]
    whole = [
        f"count(distinct order_id) filter (where {sql}) as {letter}{i}"
        for i, f in enumerate(features) if f.of_order for letter, sql in (("o", f.yes), ("m", f.known))
    ]  # fmt: skip
    return sums + [f"count(*) filter (where {f.yes}) as k{i}" for i, f in enumerate(features)] + whole


def _lines(tables: Tables, first: date, last: date) -> str:
    """SQL of the sale lines of named customers, with what is known of their products."""
    columns = tables.workspace.columns("products") if "products" in tables else {}
    wanted = [name_of(c) for c in (*NAMED, "eco", "launched_on") if c in columns]
    products = f"(select product_id, true as in_products, {', '.join(wanted) or 'null as nothing'} from products)"
    join = f" left join {products} using (product_id)" if columns else ""
    return f"""
        select * from (select customer_id, order_id, product_id, day, hour, weekday, discount_amount
                       from transactions
                       where kind = 'sale' and customer_id is not null
                         and date between date '{first}' and date '{last}'){join}"""


def _query(tables: Tables, sums: Sequence[str], first: date, last: date) -> str:
    """One pass over them, a row a customer."""
    return f"""
        select customer_id, count(*) as n_lines, count(distinct order_id) as n_orders, {", ".join(sums)}
        from ({_lines(tables, first, last)}) group by customer_id order by customer_id"""


def _coverage(counts: Mapping[str, tuple[Integers, Integers]], lines: int) -> pd.DataFrame:
    rows = [
        (name, n.sum() / lines, int(n.sum()), int((n > 0).sum()), k.sum() / n.sum() if n.any() else np.nan)
        for name, (k, n) in counts.items()
    ]
    return pd.DataFrame(rows, columns=["feature", "coverage", "lines", "customers", "share"])
