"""Sufficient statistics per arm: n, means, cross-products."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, need_columns


@dataclass(frozen=True, slots=True)
class Moments:
    """Sufficient statistics of some columns: count, means, centred cross-products; chunks add up with ``+``.

    >>> a, b = Moments.from_array(["x"], [[1.0], [2.0]]), Moments.from_array(["x"], [[6.0]])
    >>> whole = a + b
    >>> whole.n, whole.mean.tolist(), whole.covariance.tolist()
    (3, [3.0], [[7.0]])

    Attributes:
        names: The columns, k of them.
        n: Rows.
        mean: Means, shape (k,).
        comoment: Sums of products of deviations from the means, shape (k, k).
    """

    names: tuple[str, ...]
    n: int
    mean: Floats
    comoment: Floats

    @classmethod
    def from_array(cls, names: Sequence[str], values: ArrayLike) -> Moments:
        """Moments of an array (n, k) whose columns have these names.

        >>> Moments.from_array(["x"], [[1.0], [3.0]]).mean.tolist()
        [2.0]

        Args:
            names: Names of the columns.
            values: Shape (n, k).

        Returns:
            The moments.

        Raises:
            BadInput: If a value is missing or infinite; say what a gap means before averaging over it.
        """
        x = np.asarray(values, dtype=float).reshape(-1, len(names))
        return cls.from_rows(names, np.array(x.T, order="C"))

    @classmethod
    def from_rows(cls, names: Sequence[str], rows: Floats) -> Moments:
        """Moments of a contiguous array (k, n) with one row per column; it is centred in place.

        >>> Moments.from_rows(["x"], np.array([[1.0, 3.0]])).n
        2

        Args:
            names: Names of the columns.
            rows: Shape (k, n); it is overwritten.

        Returns:
            The moments.

        Raises:
            BadInput: If a value is missing or infinite.
        """
        n = rows.shape[1]
        mean = rows.mean(axis=1) if n else np.zeros(len(names))
        if not np.isfinite(mean).all():
            bad = [name for name, ok in zip(names, np.isfinite(mean), strict=True) if not ok]
            raise BadInput(f"Values are missing or infinite in {', '.join(bad)}; fill or drop them first, knowing why.")
        rows -= mean[:, None]
        return cls(tuple(names), n, mean, rows @ rows.T)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, names: Sequence[str]) -> Moments:
        """Moments of columns of a frame.

        >>> Moments.from_frame(pd.DataFrame({"x": [1.0, 3.0], "y": [2.0, 2.0]}), ["x", "y"]).names
        ('x', 'y')

        Args:
            frame: One row per unit.
            names: Numeric columns.

        Returns:
            The moments.
        """
        need_columns(frame.columns, names, "The frame")
        return cls.from_array(names, frame[list(names)].to_numpy(dtype=float))

    def __add__(self, other: Moments) -> Moments:
        """Moments of both chunks together (Chan, Golub & LeVeque 1979)."""
        if self.names != other.names:
            raise BadInput(f"These chunks hold different columns: {self.names} and {other.names}.")
        n = self.n + other.n
        if n == 0:
            return self
        gap = other.mean - self.mean
        return Moments(
            self.names,
            n,
            self.mean + gap * (other.n / n),
            self.comoment + other.comoment + np.outer(gap, gap) * (self.n * other.n / n),
        )

    @property
    def covariance(self) -> Floats:
        """Sample covariance (divisor n - 1), shape (k, k); zeros for fewer than two rows.

        >>> whole.covariance.tolist()
        [[7.0]]
        """
        return self.comoment / max(self.n - 1, 1)

    def positions(self, names: Iterable[str]) -> list[int]:
        """Positions of columns among the moments.

        >>> whole.positions(["x"])
        [0]

        Args:
            names: Some of the columns.

        Returns:
            Positions, in the order of `names`.

        Raises:
            BadInput: If a column is not among the moments.
        """
        wanted = list(names)
        need_columns(self.names, wanted, "The moment object")
        return [self.names.index(name) for name in wanted]

    def select(self, names: Sequence[str]) -> Moments:
        """The moments of some of the columns, in this order.

        >>> whole.select(["x"]).n
        3

        Args:
            names: Some of the columns.

        Returns:
            Their moments.
        """
        at = self.positions(names)
        return Moments(tuple(names), self.n, self.mean[at], self.comoment[np.ix_(at, at)])


def total(parts: Iterable[Moments]) -> Moments:
    """The sum of all chunks or arms.

    >>> part = Moments.from_array(["x"], [[1.0], [3.0]])
    >>> total([part, part]).n
    4

    Args:
        parts: Moments of the same columns.

    Returns:
        The moments of all rows together.

    Raises:
        BadInput: If there is no part.
    """
    whole: Moments | None = None
    for part in parts:
        whole = part if whole is None else whole + part
    if whole is None:
        raise BadInput("There is nothing to add up: no moment object was given.")
    return whole


def moments_by(frame: pd.DataFrame, by: str, names: Sequence[str]) -> dict[Any, Moments]:
    """Moments of columns for each value of another column.

    >>> found = moments_by(pd.DataFrame({"arm": list("aab"), "x": [1, 3, 5]}), "arm", ["x"])
    >>> {arm: float(m.mean[0]) for arm, m in found.items()}
    {'a': 2.0, 'b': 5.0}

    Args:
        frame: One row per unit.
        by: Column with the groups, e.g. the arm.
        names: Numeric columns.

    Returns:
        Group to moments.
    """
    need_columns(frame.columns, [by, *names], "The frame")
    values = frame[list(names)].to_numpy(dtype=float)
    groups = frame.groupby(by, sort=True, observed=True).indices
    return {key: Moments.from_array(names, values[rows]) for key, rows in groups.items()}


def moments_query(relation: str, by: str, names: Sequence[str]) -> str:
    """SQL (DuckDB) that reduces a relation to one row per group: one pass, from Parquet or a table.

    Feed its rows to `moments_from_rows`. DuckDB's ``covar_samp`` updates running means, so that large
    levels do not cancel.

    >>> moments_query("sales", "arm", ["spend"]).startswith("select")
    True

    Args:
        relation: What stands after ``from``, e.g. ``read_parquet('members.parquet')``.
        by: Column with the arm.
        names: Numeric columns.

    Returns:
        SQL text.
    """
    quoted = [_quoted(name) for name in names]
    averages = [f"avg({q})::double" for q in quoted]
    pairs = [f"coalesce(covar_samp({q}, {r}), 0) * (count(*) - 1)" for i, q in enumerate(quoted) for r in quoted[i:]]
    gaps = " + ".join(f"count(*) - count({q})" for q in quoted)
    return (
        f"select {_quoted(by)}, count(*), {gaps}, {', '.join(averages)}, {', '.join(pairs)}\n"
        f"from {relation} group by 1 order by 1"
    )


def moments_from_rows(rows: Iterable[Sequence[Any]], names: Sequence[str]) -> dict[Any, Moments]:
    """Moments per group from the rows that `moments_query` gives.

    >>> import duckdb
    >>> sales = pd.DataFrame({"arm": ["a", "a", "b"], "spend": [1.0, 3.0, 5.0]})
    >>> rows = duckdb.sql(moments_query("sales", "arm", ["spend"])).fetchall()
    >>> moments_from_rows(rows, ["spend"])["a"].mean.tolist()
    [2.0]

    Args:
        rows: Rows of the query's result.
        names: The columns given to `moments_query`.

    Returns:
        Group to moments.

    Raises:
        BadInput: If a column had gaps.
    """
    k = len(names)
    upper = np.triu_indices(k)
    found = {}
    for group, n, gaps, *numbers in rows:
        if gaps:
            raise BadInput(f"{gaps:,} values are missing in group {group!r}; fill or drop them first.")
        values = np.asarray(numbers, dtype=float)
        comoment = np.zeros((k, k))
        comoment[upper] = values[k:]
        comoment = comoment + np.triu(comoment, 1).T
        found[group] = Moments(tuple(names), int(n), values[:k], comoment)
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
