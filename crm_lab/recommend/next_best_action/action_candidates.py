"""Customers and the actions that each could get: the table as it is checked and put in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Integers
from crm_lab.checks import Problems, need_columns
from crm_lab.data.kernels.dataframes import as_pandas, id_texts
from crm_lab.messages.no_answer import cannot_answer

WHAT = "The table of actions"
UpliftIn = Literal["chance", "money"]
NEEDED = ("customer_id", "action", "channel", "uplift", "source", "consent")
SOURCES = ("measured", "assumed")
_ERRORS = 4  # standard errors by which a noisy estimate of a chance may lie beyond what can be
_KEY = ["customer_id", "action", "channel", "day"]
_AS_IF = {
    "uplift_se": np.nan, "margin": 1.0, "response": 1.0, "send_time": 1.0, "cost": 0.0, "recent_contacts": 0.0,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class ActionCandidates:
    """One row per customer and action, by customer, action, channel and day.

    >>> table = pd.DataFrame({"customer_id": ["b", "a"], "action": "tea", "channel": "email", "uplift": [0.1, 0.2],
    ...     "margin": 5.0, "source": "assumed", "consent": True})
    >>> candidates = ActionCandidates.of(table)
    >>> candidates.customer_ids.tolist(), candidates.frame["uplift"].tolist()
    (['a', 'b'], [0.2, 0.1])

    Attributes:
        customer_ids: Customers in order, shape (customers,).
        customer: Customer of each row, shape (rows,).
        frame: The rows with all columns: what is not given counts as not there (cost 0, factors 1, no error).
    """  # fmt: skip

    customer_ids: np.ndarray
    customer: Integers
    frame: pd.DataFrame

    @classmethod
    def of(cls, table: IntoFrame, uplift_in: UpliftIn = "chance") -> ActionCandidates:
        """Check a table and put it in order.

        Args:
            table: ``customer_id, action, channel, uplift, source, consent`` and for chances ``margin``; ``day``,
                ``uplift_se``, ``response``, ``send_time``, ``cost``, ``recent_contacts`` and ``score`` where known.
            uplift_in: Whether uplift is a chance, worth ``margin`` if it comes true, or money.

        Returns:
            The candidates.

        Raises:
            BadInput: If columns or values are missing or cannot be; all of it is listed.
            CannotAnswer: If the table has no rows.
        """
        frame = as_pandas(table, WHAT)
        need_columns(frame.columns, [*NEEDED, *(["margin"] if uplift_in == "chance" else [])], WHAT)
        if frame.empty:
            raise cannot_answer("no_actions")
        frame = frame.assign(**{name: value for name, value in _AS_IF.items() if name not in frame})
        if uplift_in == "money":
            frame = frame.assign(margin=1.0)
        if "day" not in frame:
            frame = frame.assign(day=pd.Series(pd.NaT, index=frame.index))
        _refuse(frame, uplift_in)
        numbers = ["uplift", *_AS_IF, *(["score"] if "score" in frame else [])]
        frame = frame.assign(
            customer_id=id_texts(frame["customer_id"]), consent=frame["consent"].eq(True),
            **{name: frame[name].astype(float) for name in numbers},
        )  # fmt: skip
        codes, ids = pd.factorize(frame["customer_id"], sort=True)
        order = np.lexsort((*(pd.factorize(frame[name], sort=True)[0] for name in _KEY[:0:-1]), codes))
        return cls(
            np.asarray(ids, dtype=object), codes[order].astype(np.int64), frame.iloc[order].reset_index(drop=True)
        )


def _refuse(frame: pd.DataFrame, uplift_in: UpliftIn) -> None:
    """Refuse a table with values that cannot be, all of them at once."""
    problems = Problems(WHAT)
    for name in ("customer_id", "action", "channel"):
        missing = int(frame[name].isna().sum())
        problems.unless(not missing, f"{missing:,} rows have no {name}; fill it or leave the rows out.")
    problems.extend(_impossible(frame, uplift_in))
    odd = int((~frame["source"].isin(SOURCES)).sum())
    problems.unless(
        not odd, f"{odd:,} rows have a source that is not {' or '.join(SOURCES)}; say where uplift is from."
    )
    consent = frame["consent"]
    odd = int((consent.notna() & ~consent.isin([True, False])).sum())
    problems.unless(not odd, f"{odd:,} rows have a consent that is not true or false; write it so.")
    twice = int(frame.duplicated(_KEY).sum())
    problems.unless(not twice, f"{twice:,} rows repeat a customer, action, channel and day; keep one of each.")
    problems.raise_any()


def _impossible(frame: pd.DataFrame, uplift_in: UpliftIn) -> Iterator[str]:
    """A sentence for each column with numbers that cannot be."""
    reach = {
        "uplift": (-np.inf, np.inf), "uplift_se": (0.0, np.inf), "margin": (-np.inf, np.inf), "response": (0.0, 1.0),
        "send_time": (0.0, np.inf), "cost": (0.0, np.inf), "recent_contacts": (0.0, np.inf),
    }  # fmt: skip
    for name, (low, high) in reach.items():
        try:
            values = frame[name].astype(float)
        except (TypeError, ValueError):
            yield f"{name} is not a number; give numbers."
            continue
        lacks = values.isna() & (name == "uplift_se")
        odd = int((~values.between(low, high) & ~lacks | np.isinf(values)).sum())
        if odd:
            within = f"from {low:g} to {high:g}" if high < np.inf else f"{low:g} or more" if low == 0 else "finite"
            yield f"{odd:,} rows have a {name} that is missing or out of reach; it must be {within}."
        elif name == "uplift" and uplift_in == "chance":
            yield from _no_chances(frame)


def _no_chances(frame: pd.DataFrame) -> Iterator[str]:
    """A sentence where uplifts are no differences of chances, not even with their error."""
    error = pd.to_numeric(frame["uplift_se"], errors="coerce").fillna(0.0).clip(lower=0.0)
    odd = int((frame["uplift"].astype(float).abs() > 1 + _ERRORS * error).sum())
    if odd:
        yield (
            f"{odd:,} rows have an uplift beyond -1 to 1 by more than {_ERRORS} standard errors; give differences of"
            ' chances (0.02, not 2 %), or set uplift_in="money".'
        )
