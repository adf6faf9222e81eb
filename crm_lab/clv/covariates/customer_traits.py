"""What is known of customers from the first day, as numbers that multiply a model's parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from crm_lab.arrays import Floats, Positions
from crm_lab.checks import BadInput, Problems, need_columns
from crm_lab.messages.no_answer import cannot_answer

MOST_KINDS = 2_000  # of customers: each is a likelihood of its own
_FEW = 20  # customers a level must have


@dataclass(frozen=True)
class CustomerTraits:
    """Which columns of a table of customers count, and how.

    Attributes:
        levels: For each column of text its levels, the most frequent first, which the others are compared with.
        centres: For each column of numbers its mean, which is taken off.
    """

    levels: dict[str, tuple[str, ...]]
    centres: dict[str, float]

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the design: ``column=level`` for every level but the first, then the numbers.

        >>> CustomerTraits({"channel": ("web", "shop")}, {"age": 40.0}).names
        ('channel=shop', 'age')
        """
        return (*(f"{column}={level}" for column, of in self.levels.items() for level in of[1:]), *self.centres)

    def values(self, customers: pd.DataFrame) -> Floats:
        """The design of customers, shape (n, columns).

        >>> CustomerTraits({}, {"age": 40.0}).values(pd.DataFrame({"age": [30, 50]})).ravel().tolist()
        [-10.0, 10.0]

        Args:
            customers: Rows with the columns.

        Returns:
            Ones and zeros for levels, centred numbers.

        Raises:
            BadInput: If columns are missing, hold gaps, or levels that were not there when these were learned.
        """
        need_columns(customers.columns, (*self.levels, *self.centres), "The table of customers")
        problems = Problems("The traits of customers")
        design: list[Floats] = []
        for column, of in self.levels.items():
            text = customers[column].astype(str)
            new = ~text.isin(of)
            problems.unless(
                not new.any(),
                f"{column} holds {text[new].iloc[0] if new.any() else ''!r}, which the model has not seen.",
            )
            design += [np.asarray(text == level, dtype=np.float64) for level in of[1:]]
        for column, centre in self.centres.items():
            design.append(customers[column].to_numpy(dtype=float) - centre)
        problems.raise_any()
        return np.column_stack(design)


def customer_traits(customers: pd.DataFrame, columns: tuple[str, ...]) -> CustomerTraits:
    """Learn traits from a table of customers: text by levels, numbers as they are.

    >>> customer_traits(pd.DataFrame({"channel": ["web"] * 30 + ["shop"] * 20}), ("channel",)).names
    ('channel=shop',)

    Args:
        customers: One row a customer.
        columns: What is to be used.

    Returns:
        The traits.

    Raises:
        BadInput: If columns are missing or hold gaps, if levels are too rare, or if all customers are alike.
    """
    need_columns(customers.columns, columns, "The table of customers")
    problems = Problems("The traits of customers")
    levels: dict[str, tuple[str, ...]] = {}
    centres: dict[str, float] = {}
    for column in columns:
        values = customers[column]
        gaps = int(values.isna().sum())
        problems.unless(not gaps, f"{column} is missing for {gaps:,} customers; fill it, e.g. with 'unknown'.")
        if is_numeric_dtype(values) and not is_bool_dtype(values):
            centres[column] = float(values.mean())
            continue
        sizes = values.dropna().astype(str).value_counts()
        rare = sizes.index[sizes < _FEW].tolist()
        problems.unless(
            not rare, f"{column} has {len(rare):,} levels of fewer than {_FEW} customers ({', '.join(rare[:3])}); "
            "put them together.",
        )  # fmt: skip
        levels[column] = tuple(sizes.index)
    problems.raise_any()
    alike = [c for c, of in levels.items() if len(of) < 2]
    alike += [c for c in centres if customers[c].nunique() < 2]
    if alike:
        raise cannot_answer("traits_alike", names=", ".join(alike))
    return CustomerTraits(levels, centres)


def kinds_of(design: Floats) -> tuple[Floats, list[Positions]]:
    """Distinct rows of a design, and the places of the customers of each.

    Raises:
        BadInput: If there are too many to give each a likelihood of its own.

    >>> [places.tolist() for places in kinds_of(np.array([[1.0], [0.0], [1.0]]))[1]]
    [[1], [0, 2]]
    """
    code = np.zeros(len(design), dtype=np.int64)
    for column in design.T:
        own, levels = pd.factorize(column, sort=True)
        code = pd.factorize(code * len(levels) + own, sort=True)[0].astype(np.int64)
    first = np.unique(code, return_index=True)[1]
    kinds, back = design[first], code
    if len(kinds) > MOST_KINDS:
        raise BadInput(
            f"The traits make {len(kinds):,} kinds of customers; at most {MOST_KINDS:,} are fitted. Round "
            "numbers, or cut them into classes, e.g. quarters."
        )
    order = np.argsort(back, kind="stable")
    return kinds, np.split(order, np.cumsum(np.bincount(back))[:-1])
