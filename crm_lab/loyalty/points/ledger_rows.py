"""Rows of a ledger of points as events: what cannot be one is refused with counts, copies are set aside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans
from crm_lab.calendar import day_date, day_numbers
from crm_lab.checks import BadInput, Problems, need_columns
from crm_lab.loyalty.points.lots.point_events import PointEvents
from crm_lab.loyalty.points.lots.point_kinds import KINDS, NEGATIVE, NEVER, POSITIVE

NEEDED = ("customer_id", "event", "date", "kind", "points")
OPTIONAL = ("order_id", "cost_amount", "expires_on", "channel", "counterpart_id")
_WHAT = "The ledger of points"
_SHOWN = 5


@dataclass(frozen=True, eq=False)
class LedgerRows:
    """A ledger as read.

    Attributes:
        frame: The rows that are events, with a fresh index.
        events: The same as arrays, in order within members.
        members: The customers, sorted, shape (members,).
        quarantine: Rows set aside, with their ``reason``.
        later: Rows after the day of the analysis, which are not known yet.
    """

    frame: pd.DataFrame
    events: PointEvents
    members: pd.Index
    quarantine: pd.DataFrame
    later: int

    def with_points(self, points: pd.Series) -> LedgerRows:
        """The ledger with other points.

        Args:
            points: Of the rows of `frame`.

        Returns:
            The same rows and events with them.
        """
        frame = self.frame.assign(points=points)
        events, members = _events(frame)
        return replace(self, frame=frame, events=events, members=members)

    def without(self, aside: Booleans, reason: str) -> LedgerRows:
        """The ledger with some rows set aside.

        Args:
            aside: Which rows of `frame`.
            reason: Why.

        Returns:
            The ledger without them.
        """
        if not aside.any():
            return self
        taken = self.frame[aside].assign(reason=reason)
        kept = self.frame[~aside].reset_index(drop=True)
        if not len(kept):
            raise BadInput(f"{_WHAT} has no row left: all of them are set aside.")
        events, members = _events(kept)
        quarantine = pd.concat([self.quarantine, taken], ignore_index=True) if len(self.quarantine) else taken
        return replace(
            self, frame=kept, events=events, members=members, quarantine=quarantine.reset_index(drop=True)
        )  # fmt: skip


def read_ledger(rewards: pd.DataFrame, as_of: int) -> LedgerRows:
    """Read a table of rewards.

    >>> rows = read_ledger(
    ...     pd.DataFrame(
    ...         {
    ...             "customer_id": ["b", "a", "a"],
    ...             "event": [1, 1, 2],
    ...             "date": pd.to_datetime(["2024-01-05"] * 3),
    ...             "kind": ["earn", "earn", "redeem"],
    ...             "points": [10, 100, -40],
    ...         }
    ...     ),
    ...     as_of=20_000,
    ... )
    >>> rows.members.tolist(), rows.events.points.tolist()
    (['a', 'b'], [100, -40, 10])

    Args:
        rewards: Rows as the contract's table ``rewards`` has them.
        as_of: Last day that counts, days since 1970-01-01.

    Returns:
        The ledger.

    Raises:
        BadInput: With everything that keeps rows from being events, and counts.
    """
    need_columns(rewards.columns, NEEDED, _WHAT)
    problems = Problems(_WHAT)
    dated = [name for name in ("date", "expires_on") if name in rewards]
    frame = rewards[[name for name in (*NEEDED, *OPTIONAL) if name in rewards]].copy()
    for name in dated:
        if frame[name].isna().all() and name == "expires_on":
            frame[name] = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[s]")
        elif not pd.api.types.is_datetime64_any_dtype(frame[name]):
            problems.found.append(f"{name} holds {frame[name].dtype}; it must hold dates (pandas.to_datetime).")
        elif frame[name].dt.tz is not None:
            problems.found.append(f"{name} has a time zone; give the retailer's own days without one.")
    for name in NEEDED:
        missing = int(frame[name].isna().sum())
        problems.unless(not missing, f"{missing:,} of {len(frame):,} rows have no {name}.")
    problems.unless(len(frame), "it has no rows.")
    for name in ("points", "event"):
        _whole(frame, name, problems)
    problems.raise_any()
    known = frame["date"].to_numpy() < np.datetime64(day_date(as_of + 1), "s")
    later = int((~known).sum())
    frame = frame[known].reset_index(drop=True)
    problems.unless(len(frame), f"it has no rows up to {day_date(as_of)}; {later:,} lie after it.")
    problems.raise_any()
    frame["points"], frame["event"] = frame["points"].astype(np.int64), frame["event"].astype(np.int64)
    frame["customer_id"] = frame["customer_id"].astype("str")
    frame["kind"] = frame["kind"].astype("str").str.strip()
    copies = frame.duplicated().to_numpy()
    _kinds_and_keys(frame[~copies], problems)
    problems.raise_any()
    events, members = _events(frame)
    return LedgerRows(frame, events, members, frame.head(0).assign(reason=""), later).without(copies, "copy")


def _whole(frame: pd.DataFrame, name: str, problems: Problems) -> None:
    values = frame[name]
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        problems.found.append(f"{name} holds {values.dtype}; it must hold whole numbers.")
        return
    known = values.dropna().to_numpy(dtype=np.float64)
    broken = int((~np.isfinite(known) | (known != np.floor(known))).sum())
    problems.unless(
        not broken,
        f"{broken:,} of {len(frame):,} values of {name} are no whole number; points are counted in whole ones (give "
        "the smallest unit, e.g. hundredths).",
    )
    large = int((np.abs(known[np.isfinite(known)]) > 2**53).sum())
    problems.unless(not large, f"{large:,} values of {name} are larger than {2**53:,}; they cannot be whole points.")


def unknown_kinds(rows: Mapping[str, int]) -> Iterator[str]:
    """A sentence about kinds that are none of the contract's.

    >>> next(unknown_kinds({"burned": 3})).partition(":")[2][:15]
    " 'burned' (3). "

    Args:
        rows: Rows by kind.
    """
    if rows:
        often = sorted(rows.items(), key=lambda pair: (-pair[1], pair[0]))
        shown = ", ".join(f"{kind!r} ({n:,})" for kind, n in often[:_SHOWN])
        yield (
            f"{sum(rows.values()):,} rows have a kind that is none of {', '.join(KINDS)}: {shown}. Say what each of "
            "them is; it is not guessed."
        )


def sign_problems(rows: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    """A sentence for each kind with rows of the wrong sign.

    >>> next(sign_problems({"redeem": (2, 5)}))
    '2 of 7 rows of kind redeem lie above 0; points that go are negative.'

    Args:
        rows: Rows above and below 0 by kind.
    """
    for code in (*POSITIVE, *NEGATIVE):
        above, below = rows.get(KINDS[code], (0, 0))
        n = above + below
        if code in POSITIVE and below:
            yield f"{below:,} of {n:,} rows of kind {KINDS[code]} lie below 0; points that come are positive."
        if code in NEGATIVE and above:
            yield f"{above:,} of {n:,} rows of kind {KINDS[code]} lie above 0; points that go are negative."


def _kinds_and_keys(frame: pd.DataFrame, problems: Problems) -> None:
    unknown = frame.loc[~frame["kind"].isin(KINDS), "kind"].value_counts()
    problems.extend(unknown_kinds({str(kind): int(rows) for kind, rows in unknown.items()}))
    above, below = (frame.loc[test, "kind"].value_counts() for test in (frame["points"] > 0, frame["points"] < 0))
    problems.extend(sign_problems({kind: (int(above.get(kind, 0)), int(below.get(kind, 0))) for kind in KINDS}))
    twice = frame.duplicated(["customer_id", "event"], keep=False)
    if n := int(twice.sum()):
        members = frame.loc[twice, "customer_id"].nunique()
        problems.found.append(
            f"{n:,} rows of {members:,} customers have the number of another event of the same customer and differ "
            "from it; number the events of a customer, each once."
        )


def _events(frame: pd.DataFrame) -> tuple[PointEvents, pd.Index]:
    member, members = pd.factorize(frame["customer_id"], sort=True)
    kind = pd.Categorical(frame["kind"], categories=list(KINDS)).codes
    order = pd.factorize(frame["order_id"])[0] if "order_id" in frame else np.full(len(frame), -1)
    expires = np.full(len(frame), NEVER, dtype=np.int64)
    if "expires_on" in frame:
        given = frame["expires_on"].notna().to_numpy()
        expires[given] = day_numbers(frame.loc[given, "expires_on"])
    events = PointEvents.sorted(
        member=member.astype(np.int64), day=day_numbers(frame["date"]), event=frame["event"].to_numpy(),
        kind=kind.astype(np.int64), points=frame["points"].to_numpy(), order=order.astype(np.int64),
        expires=expires, members=len(members),
    )  # fmt: skip
    return events, pd.Index(members)
