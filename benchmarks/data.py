"""The customer table from 10 million lines in Parquet, beside the same columns in hand-written SQL."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import psutil

from crm_lab.data.kernels.customer360 import customer_table

LINES = 10_000_000
CUSTOMERS = 1_000_000
AS_OF = 19_000
RUNS = 3

_MAKE = """
    copy (select i as line_id, i as source_row, (i // 3)::text as order_id,
                 (hash(i // 3) % {customers})::text as customer_id, (hash(i) % 5000)::text as product_id,
                 (18000 + hash(i // 3, 1) % 1000)::integer as day,
                 date '1970-01-01' + (18000 + hash(i // 3, 1) % 1000)::integer as date,
                 case when hash(i, 2) % 50 = 0 then 'return' else 'sale' end as kind,
                 1.0::double as quantity, (hash(i, 3) % 10000 / 100.0)::decimal(18,4) as gross_amount,
                 0::decimal(18,4) as discount_amount, (hash(i, 3) % 10000 / 100.0)::decimal(18,4) as net_amount
          from range({lines}) t(i)) to '{path}' (format parquet)"""

_BY_HAND = """
    with known as (from read_parquet('{path}') where customer_id is not null and day <= {day} and kind <> 'fee'),
    bought as (select customer_id, min(day) as first_day, max(day) as last_day, min(date) as first_date,
                      max(date) as last_date, count(distinct order_id) as n_orders, count(distinct day) as n_days,
                      count(*) as n_lines
               from known where kind = 'sale' group by 1),
    money as (select customer_id, sum(net_amount) as revenue,
                     sum(net_amount) filter (day > {day} - 365) as revenue_12m,
                     -sum(net_amount) filter (kind <> 'sale') as returned,
                     sum(discount_amount) filter (kind = 'sale')
                     / nullif(sum(gross_amount) filter (kind = 'sale'), 0) as discount_share
              from known group by 1),
    gaps as (select customer_id, day - lag(day) over (partition by customer_id order by day) as gap
             from (select distinct customer_id, day from known where kind = 'sale')),
    rhythm as (select customer_id, median(gap) as median_gap_days from gaps where gap is not null group by 1)
    select *, {day} - last_day as recency_days, {day} - first_day as tenure_days,
           revenue / n_orders as mean_order_value,
           ({day} - last_day) / median_gap_days as overdue
    from bought join money using (customer_id) left join rhythm using (customer_id)"""


def bench_customer_table() -> dict:
    """Ours through narwhals against hand-written SQL, both into Parquet, 4 GB, same columns; median of three."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "lines.parquet", Path(folder) / "out.parquet"
        duckdb.sql(_MAKE.format(lines=LINES, customers=CUSTOMERS, path=path))

        def ours() -> None:
            with _connection(folder) as connection:
                lines = connection.sql(f"from read_parquet('{path}')")
                customer_table(lines, AS_OF).write_parquet(str(out))

        def by_hand() -> None:
            with _connection(folder) as connection:
                connection.execute(f"copy ({_BY_HAND.format(path=path, day=AS_OF)}) to '{out}'")

        mine, peer = _medians(ours, by_hand)
    return {
        "name": "data.customer_table",
        "value": round(mine, 2),
        "unit": "s",
        "ratio": round(mine / peer, 2),
        "peer": "hand-written DuckDB SQL of the same columns (lower is better)",
        "sizes": {
            "lines": LINES,
            "customers": CUSTOMERS,
            "runs": RUNS,
            "rss_mb": psutil.Process().memory_info().rss >> 20,
        },
    }


def _connection(folder: str) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"memory_limit": "4GB", "temp_directory": f"{folder}/spill"})


def _medians(*jobs: Callable[[], None]) -> list[float]:
    """Median seconds of each job, the jobs taking turns."""
    seconds: list[list[float]] = [[] for _ in jobs]
    for _ in range(RUNS):
        for job, taken in zip(jobs, seconds, strict=True):
            start = time.perf_counter()
            job()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in seconds]
