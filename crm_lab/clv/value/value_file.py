"""Values of more customers than fit into memory: a Parquet file of purchase summaries in, one of values out."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crm_lab.arrays import Floats, Integers, Positions
from crm_lab.checks import BadInput, CannotAnswer, Problems, need_columns
from crm_lab.clv.fitting.counts import broken_rules
from crm_lab.clv.fitting.discounting import on_distinct
from crm_lab.clv.models.purchase_fit import PurchaseFit
from crm_lab.clv.value.customer_value import CustomerValueResult
from crm_lab.data.kernels.purchases import UNIT_DAYS

_KNOWN = ("frequency", "recency", "T", "monetary_value")
_MOST_KINDS = 2_000_000  # distinct (x, T) whose purchases are kept for the whole file
_AT_ONCE = 20_000  # customers at a time: what is worked on stays in the processor's cache
_DAYS = 2**20


def score_file(
    result: CustomerValueResult, summaries: str | Path, target: str | Path, *, unit: str = "", rows: int = 500_000
) -> Path:
    """Value the customers of a file by a fitted model, part by part, and write a file of values.

    The same numbers as `CustomerValueResult.to_frame` without single customers' intervals: margin, returns and, where
    a record was given, its correction are those of the fit (of all customers, where each had an own margin).
    Purchases ahead are computed once for each distinct pair of frequency and T in the file.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.clv import CustomerValue
    >>> from crm_lab.exports import out_dir
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> value = CustomerValue(margin=0.3, draws=100).fit(tables["orders"], tables.as_of)
    >>> base = out_dir() / "example_summary.parquet"
    >>> value.summary.to_parquet(base)
    >>> path = score_file(value, base, out_dir() / "example_values.parquet")
    >>> pq.read_table(path).column_names
    ['customer_id', 'value', 'p_alive', 'expected_purchases', 'expected_spend']
    >>> base.unlink(), path.unlink()
    (None, None)

    Args:
        result: Values of the base that the model was fitted to; all customers or a sample.
        summaries: Parquet file with customer_id, frequency, recency, T and monetary_value: what `purchase_summary`
            returns, as of the day that values are of.
        target: Parquet file to write, whole or not at all.
        unit: Unit of recency and T, where the file does not tell it (``purchase_summary(...).to_parquet`` does).
        rows: Customers in memory at a time.

    Returns:
        The path written.

    Raises:
        CannotAnswer: If no value of this base may be stated.
        BadInput: If columns are missing, the unit is not the model's or not told, or rows are impossible.
    """
    refusal = result.refusal()
    if refusal is not None:
        raise CannotAnswer(refusal.text())
    source, path = pq.ParquetFile(summaries), Path(target)
    need_columns(source.schema_arrow.names, ("customer_id", *_KNOWN), "The file of purchase summaries")
    _check_unit(source, unit, result.spec.unit)
    scoring = _Scoring.of(result, _kinds(source, rows, UNIT_DAYS[result.spec.unit]))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    schema = pa.schema([source.schema_arrow.field("customer_id"), *((name, pa.float64()) for name in _Scoring.columns)])
    try:
        with pq.ParquetWriter(part, schema) as out:
            for batch in source.iter_batches(rows, columns=["customer_id", *_KNOWN]):
                values = scoring.values(*_arrays(batch))
                out.write_batch(pa.record_batch([batch.column(0), *map(pa.array, values)], schema=schema))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


@dataclass(frozen=True, eq=False)
class _Kinds:
    """The distinct pairs of frequency and T of a file, where T is of whole days and they are not too many."""

    key: Integers
    days: float

    def of(self, x: Floats, T: Floats) -> Positions:
        """Place of each customer's pair."""
        return np.searchsorted(self.key, _key(x, T, self.days))


def _key(x: Floats, T: Floats, days: float) -> Integers:
    return x.astype(np.int64) * _DAYS + np.rint(T * days).astype(np.int64)


def _kinds(source: pq.ParquetFile, rows: int, days: float) -> _Kinds | None:
    """Read the file once: refuse impossible rows, all counted, and collect the distinct pairs."""
    key, broken, whole, read = np.empty(0, dtype=np.int64), Counter[str](), True, 0
    for batch in source.iter_batches(rows, columns=list(_KNOWN)):
        x, t_x, T, mean = _arrays(batch)
        read += len(x)
        broken.update(broken_rules(x, t_x, T))
        broken["have a monetary_value that is missing or below 0"] += int((~(mean >= 0)).sum())
        if not any(broken.values()) and whole:
            whole = bool(T.max(initial=0.0) * days < _DAYS and np.abs(T * days - np.rint(T * days)).max() < 1e-6)
            key = np.union1d(key, _key(x, T, days)) if whole else key
            whole = whole and len(key) <= _MOST_KINDS
    problems = Problems("The file of purchase summaries")
    problems.unless(read, "it has no rows; at least one customer is needed.")
    for words, count in broken.items():
        problems.unless(not count, f"{count:,} rows {words}.")
    problems.raise_any()
    return _Kinds(key, days) if whole else None


@dataclass(frozen=True, eq=False)
class _Scoring:
    """What is needed of a fitted value to score others."""

    result: CustomerValueResult
    counted: float
    kinds: _Kinds | None
    ahead: tuple[Floats, Floats] | None

    columns = ("value", "p_alive", "expected_purchases", "expected_spend")

    @classmethod
    def of(cls, result: CustomerValueResult, kinds: _Kinds | None) -> _Scoring:
        """With the value of a unit of discounted spend, and purchases ahead of each kind."""
        summary = result.summary
        x, t_x, T, mean = (summary[name].to_numpy(dtype=float) for name in _KNOWN)
        plain = cls(result, 1.0, None, None).values(x, t_x, T, mean)[0]
        counted = float(result.valuation.value.sum() / plain.sum())
        if kinds is None:
            return cls(result, counted, None, None)
        pair = (kinds.key // _DAYS).astype(float), kinds.key % _DAYS / kinds.days
        return cls(result, counted, kinds, _if_alive(result, *pair))

    def values(self, x: Floats, t_x: Floats, T: Floats, mean: Floats) -> list[Floats]:
        """The columns written, of some customers."""
        fit, spend = self.result.fit, self.result.spend
        alive = np.concatenate([_alive(fit, x[some], t_x[some], T[some]) for some in _pieces(len(x))])
        if self.kinds is None or self.ahead is None:
            bought, discounted = _if_alive(self.result, x, T)
        else:
            place = self.kinds.of(x, T)
            bought, discounted = (table[place] for table in self.ahead)
        each = spend.expected_spend(x, mean)
        return [self.counted * alive * discounted * each, alive, alive * bought, each]


def _pieces(n: int) -> Iterator[slice]:
    yield from (slice(first, first + _AT_ONCE) for first in range(0, n, _AT_ONCE))


def _alive(fit: PurchaseFit, x: Floats, t_x: Floats, T: Floats) -> Floats:
    return fit.model.p_alive(fit.estimates, x, t_x, T)


def _if_alive(result: CustomerValueResult, x: Floats, T: Floats) -> tuple[Floats, Floats]:
    """Purchases in the window of customers alive at T, as they are and discounted."""
    fit, (start, end) = result.fit, result.valuation.window
    rates = (0.0, result.spec.annual_discount_rate)
    bought, discounted = (on_distinct(fit.ahead_if_alive(start, end, rate), x, T) for rate in rates)
    return bought, discounted


def _arrays(batch: pa.RecordBatch) -> list[Floats]:
    return [batch.column(name).to_numpy(zero_copy_only=False).astype(float) for name in _KNOWN]


def _check_unit(source: pq.ParquetFile, said: str, ours: str) -> None:
    """The unit of the file must be told, and be the model's: a week taken for a day looks like a value too."""
    told = (source.schema_arrow.metadata or {}).get(b"pandas", b"{}")
    unit = said or json.loads(told).get("attributes", {}).get("unit", "")
    if unit != ours:
        got = f"is {unit!r}" if unit else "is not told by the file"
        raise BadInput(
            f"The unit of recency and T {got}, and the model is in {ours!r}; give both one unit, and state it by unit=."
        )
