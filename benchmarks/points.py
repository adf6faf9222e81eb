"""The ledger of points: lots of redemptions by FIFO and the redemption triangle, against a plain loop over events."""

from __future__ import annotations

import resource
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from crm_lab.loyalty.points import PointsLedger

SIZES = (100_000, 1_000_000, 5_000_000)
LOOPED = 1_000_000  # more events are not put through the loop
AS_OF = "2024-12-31"
DAYS = 1_096


def made_up_ledger(events: int, seed: int = 0) -> pd.DataFrame:
    """About fifty events a member over three years; a quarter redeems at most what is there."""
    rng = np.random.default_rng(seed)
    members = max(events // 50, 1)
    member = np.sort(rng.integers(0, members, events))
    first = np.searchsorted(member, np.arange(members))
    place = np.arange(events) - first[member]
    day = rng.integers(0, DAYS, events)
    day = day[np.lexsort((day, member))]
    redeems = (rng.random(events) < 0.25) & (place > 0)
    points = rng.integers(1, 300, events)
    balance = np.zeros(members, dtype=np.int64)
    for step in range(int(place.max()) + 1):  # the k-th event of every member
        at = first[np.diff(np.append(first, events)) > step] + step
        who = member[at]
        points[at] = np.where(redeems[at], -np.minimum(2 * points[at], balance[who]), points[at])
        balance[who] += points[at]
    ids = pd.array(np.char.add("m", np.char.zfill(np.arange(members).astype(str), 7)), dtype="str")
    kind = pd.Categorical.from_codes(redeems.astype(np.int8), ["earn", "redeem"]).astype("str")
    dates = pd.Timestamp("2022-01-01") + pd.to_timedelta(day, "D")
    return pd.DataFrame(
        {"customer_id": ids.take(member), "event": place, "date": dates, "kind": kind, "points": points}
    )


def by_loop(ledger: pd.DataFrame) -> dict[tuple[int, int], int]:
    """Lots in a queue a member, as an analyst writes it: points by month of issue and of redemption. The peer."""
    months = (ledger["date"].dt.year * 12 + ledger["date"].dt.month).tolist()
    triangle: dict[tuple[int, int], int] = {}
    lots: dict[str, deque[list[int]]] = {}
    for who, month, points in zip(ledger["customer_id"].tolist(), months, ledger["points"].tolist(), strict=True):
        queue = lots.setdefault(who, deque())
        if points > 0:
            queue.append([month, points])
        left = max(-points, 0)
        while left:
            lot = queue[0]
            given = min(left, lot[1])
            triangle[lot[0], month] = triangle.get((lot[0], month), 0) + given
            left, lot[1] = left - given, lot[1] - given
            if not lot[1]:
                queue.popleft()
    return triangle


def bench_triangle() -> list[dict[str, Any]]:
    """FIFO and the triangle of month of issue by age from a Parquet file, without pandas."""
    rows, ratio = [], float("nan")
    for size in SIZES:
        ledger = made_up_ledger(size)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "ledger.parquet"
            table = pa.Table.from_pandas(ledger, preserve_index=False)
            date = table.schema.get_field_index("date")
            pq.write_table(table.set_column(date, "date", table.column("date").cast(pa.date32())), path)
            start = time.perf_counter()
            found = PointsLedger().analyze_file(path, AS_OF).redeemed_by_month()
            ours = time.perf_counter() - start
        if size <= LOOPED:
            start = time.perf_counter()
            looped = by_loop(ledger)
            ratio = (time.perf_counter() - start) / ours
            if sum(looped.values()) != found["points"].sum():
                raise RuntimeError("the loop redeems other points")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        rows.append({
            "name": f"points.triangle.{size}", "value": round(ours, 3), "unit": "s", "ratio": round(ratio, 2),
            "peer": "a plain loop over events" + ("" if size <= LOOPED else f" ({LOOPED:,} of them)"),
            "sizes": {"events": size, "members": ledger["customer_id"].nunique(), "peak_gib": round(peak, 2)},
        })  # fmt: skip
    return rows
