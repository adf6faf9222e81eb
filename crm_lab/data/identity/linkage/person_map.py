"""The map from customers to persons, put on orders and on other tables with a customer."""

from __future__ import annotations

import pandas as pd

from crm_lab.checks import BadInput, Problems, need_columns


def check_map(persons: pd.DataFrame) -> None:
    """Refuse a map in which a customer has no person, or several.

    >>> check_map(pd.DataFrame({"customer_id": ["a", "a"], "person_id": ["a", "b"]}))
    Traceback (most recent call last):
    crm_lab.checks.BadInput: The map of persons:
      - 1 customer_id stands on several rows; each has one person.

    Args:
        persons: `customer_id`, `person_id`.

    Raises:
        BadInput: Naming what is wrong with counts.
    """
    need_columns(persons.columns, ("customer_id", "person_id"), "The map of persons")
    problems = Problems("The map of persons")
    empty = int(persons[["customer_id", "person_id"]].isna().any(axis=1).sum())
    again = int(persons.loc[persons["customer_id"].duplicated(), "customer_id"].nunique())
    problems.unless(not empty, f"{empty:,} rows lack a customer_id or a person_id; fill or drop them.")
    problems.unless(
        not again, f"{again:,} customer_id stand{'s' if again == 1 else ''} on several rows; each has one person."
    )
    problems.raise_any()


def on_persons(table: pd.DataFrame, persons: pd.DataFrame, *, customer: str = "customer_id") -> pd.DataFrame:
    """A table with the person in place of the customer; who is not in the map stays who he was.

    >>> orders = pd.DataFrame({"order_id": ["1", "2", "3"], "customer_id": ["a", "b", None]})
    >>> on_persons(orders, pd.DataFrame({"customer_id": ["a", "b"], "person_id": ["a", "a"]}))["customer_id"].tolist()[
    ...     :2
    ... ]
    ['a', 'a']

    Args:
        table: Any table with a column of customers, such as orders.
        persons: The map, as `LinkageResult.persons` gives it.
        customer: Name of the column.

    Returns:
        A copy; rows without a customer stay without one.

    Raises:
        BadInput: If the column is missing, the map is no map, or a customer who is not in it has a person's id.
    """
    need_columns(table.columns, (customer,), "The table")
    check_map(persons)
    who = table[customer]
    found = who.map(persons.set_index("customer_id")["person_id"])
    strangers = who[found.isna() & who.notna()]
    taken = int(strangers[strangers.isin(persons["person_id"])].nunique())
    if taken:
        raise BadInput(f"{taken:,} customers who are not in the map have the id of a person; complete the map.")
    return table.assign(**{customer: found.where(found.notna(), who)})


def mapped_share(table: pd.DataFrame, persons: pd.DataFrame, *, customer: str = "customer_id") -> float:
    """Share of rows whose customer is in the map; rows without a customer count as not.

    >>> orders = pd.DataFrame({"customer_id": ["a", "b", None, "a"]})
    >>> mapped_share(orders, pd.DataFrame({"customer_id": ["a"], "person_id": ["a"]}))
    0.5

    Args:
        table: Any table with a column of customers.
        persons: The map.
        customer: Name of the column.

    Returns:
        A share from 0 to 1; missing where the table is empty.
    """
    need_columns(table.columns, (customer,), "The table")
    return float(table[customer].isin(persons["customer_id"]).mean()) if len(table) else float("nan")
