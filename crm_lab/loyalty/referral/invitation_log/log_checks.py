"""What keeps tables of invitations from being read, found before anything is counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_lab.arrays import Booleans, Integers
from crm_lab.checks import BadInput, Problems
from crm_lab.loyalty.referral.invitation_log.mark_hashes import KINDS, marks_in_the_clear

NEVER: Final = -(10**9)  # day of what did not happen, before all days
_NEEDED: Final = {
    "referrals": ("referral", "customer_id", "invited_id", "invited_on", "joined_on", "rewarded_on", "reward_amount"),
    "customers": ("customer_id",),
    "account_marks": ("customer_id", "kind", "mark"),
    "transactions": ("customer_id", "date", "net_amount"),
}
_DATES: Final = {
    "referrals": ("invited_on", "joined_on", "rewarded_on"),
    "customers": ("joined_on",),
    "account_marks": ("first_seen",),
    "transactions": ("date",),
}


def checked_tables(
    problems: Problems,
    referrals: pd.DataFrame,
    customers: pd.DataFrame,
    marks: pd.DataFrame | None,
    transactions: pd.DataFrame | None,
) -> None:
    """Note everything that is wrong with the tables."""
    tables = {"referrals": referrals, "customers": customers, "account_marks": marks, "transactions": transactions}
    for name, table in tables.items():
        if table is not None:
            problems.extend(_columns(name, table))
            problems.extend(_dates(name, table))
    if problems.found:
        return
    problems.unless(len(referrals), "there is no invitation in the table; give one with rows.")
    twice = int(customers["customer_id"].duplicated().sum())
    problems.unless(not twice, f"{twice:,} rows of customers repeat an id; keep one row per customer.")
    nobody = int(customers["customer_id"].isna().sum())
    problems.unless(not nobody, f"{nobody:,} rows of customers have no id; take them out.")
    problems.extend(_rewards(referrals))
    if marks is not None:
        problems.extend(_kinds(marks))
        problems.extend(marks_in_the_clear(marks))


def _columns(name: str, table: pd.DataFrame) -> Iterator[str]:
    missing = [column for column in _NEEDED[name] if column not in table]
    if missing:
        yield f"{name} lacks {', '.join(missing)}; it has {', '.join(map(str, table.columns))}."


def _dates(name: str, table: pd.DataFrame) -> Iterator[str]:
    for column in _DATES[name]:
        if column not in table:
            continue
        given = table[column]
        if pd.api.types.is_datetime64_any_dtype(given) or isinstance(given.dtype, pd.ArrowDtype):
            continue
        wrong = given.notna() & pd.to_datetime(given, errors="coerce", format="ISO8601").isna()
        if wrong.any():
            example = given[wrong].iloc[0]
            yield (
                f"{int(wrong.sum()):,} of {len(given):,} values of {name}.{column} are no dates like 2024-01-31, "
                f"e.g. {example!r}."
            )


def _rewards(referrals: pd.DataFrame) -> Iterator[str]:
    given = referrals["reward_amount"]
    amounts = pd.to_numeric(given, errors="coerce")
    text = int((given.notna() & amounts.isna()).sum())
    below = int((amounts < 0).sum())
    endless = int(np.isinf(amounts.to_numpy(dtype=float)).sum())
    for n, what in ((text, "are no numbers"), (below, "are below 0: a reward taken back is no reward"),
                    (endless, "are infinite")):  # fmt: skip
        if n:
            yield f"{n:,} of {len(given):,} values of referrals.reward_amount {what}; mend or empty them."


def _kinds(marks: pd.DataFrame) -> Iterator[str]:
    unknown = marks.loc[~marks["kind"].isin(KINDS), "kind"]
    if len(unknown):
        names = ", ".join(map(str, unknown.unique()[:5]))
        yield f"{len(unknown):,} marks are of a kind nobody knows ({names}); name it {', '.join(KINDS[:-1])} or ip."


def ids_of(given: pd.Series) -> pd.Series:
    """Ids as text: whole numbers that became decimals beside empty cells are whole again.

    >>> ids_of(pd.Series([7.0, None])).tolist()
    ['7', <NA>]

    Args:
        given: A column of ids.
    """
    if pd.api.types.is_float_dtype(given) and (given.dropna() % 1 == 0).all():
        given = given.astype("Int64")
    return given.astype("string").str.strip()


def refuse_strangers(table: pd.DataFrame, reason: NDArray[Any]) -> None:
    """Refuse invitations most of which name accounts that are no customers: the ids are of another system.

    Args:
        table: Invitations with ids.
        reason: Why each cannot be used.

    Raises:
        BadInput: With counts and what the ids look like.
    """
    strange = np.isin(reason, ("unknown_inviter", "unknown_invited"))
    if 2 * strange.sum() > len(table):
        raise BadInput(
            f"{int(strange.sum()):,} of {len(table):,} referrals name accounts that are not among the customers: the "
            "ids are of another system, or written in another way. Give both with the same ids."
        )


def refuse_swapped(rows: pd.DataFrame, existing: Booleans, joined: Integers) -> None:
    """Refuse invitations whose two accounts stand in each other's column.

    Args:
        rows: Invitations as the log has them.
        existing: Which name an account that was there before.
        joined: Day each account joined.

    Raises:
        BadInput: If most of those invited were there before and those who invited them joined on the row's day.
    """
    came = (rows["joined_day"] != NEVER).to_numpy()
    fresh = joined[rows["inviter"].to_numpy()] == rows["joined_day"].to_numpy()
    swapped = existing & fresh
    if came.sum() and 2 * swapped.sum() > came.sum():
        raise BadInput(
            f"In {int(swapped.sum()):,} of {int(came.sum()):,} referrals that brought somebody, invited_id was a "
            "member before and customer_id joined on that day: the two columns look swapped; the first is the inviter."
        )


def days_of(dates: pd.Series) -> Integers:
    """Days since 1970-01-01; `NEVER` where there is no date.

    Args:
        dates: Dates, times or texts in ISO form.
    """
    if isinstance(dates.dtype, pd.ArrowDtype):
        dates = dates.astype("object")
    if not pd.api.types.is_datetime64_any_dtype(dates):
        dates = pd.to_datetime(dates, errors="coerce", format="ISO8601")
    if getattr(dates.dt, "tz", None) is not None:
        dates = dates.dt.tz_localize(None)
    days = dates.to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), NEVER, days.astype(np.int64))
