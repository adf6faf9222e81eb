"""How much lines of one order go together, beyond what their customer's share has it: a voucher takes a whole order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats, Integers
from crm_lab.stats.pooling.clustered_shares import ClusterSums, effective_trials

_SAMPLE: Final = 20_000  # customers from whom the correlation of a feature is learnt

Asked = Mapping[str, tuple[str, str]]
"""Feature to the SQL that is true for its lines, and for those that have an answer."""


def order_correlations(run: Callable[[str], pd.DataFrame], lines: str, features: Asked) -> dict[str, float]:
    """Correlation of two lines of one order of the same customer, a feature each, from 0 to 1.

    Of more than 20,000 customers, those whose ids have the first hashes are asked.

    Args:
        run: Gives what a query finds.
        lines: SQL of sale lines with ``customer_id`` and ``order_id``.
        features: What is asked.

    Returns:
        Correlation by feature; 0 where nobody has two orders.
    """
    if not features:
        return {}
    known = _numbered(features)
    counted = [f"count(*) filter (where {yes}) as k{i}" for i, (yes, _) in enumerate(features.values())]
    pairs = [(i, known[sql]) for i, (_, sql) in enumerate(features.values())]
    sums = [f"sum(n{j}::double ** {power}) as n{j}_{power}" for j in known.values() for power in (1, 2, 3)]
    sums += [
        part
        for i, j in pairs
        for part in (f"sum(k{i}) as k{i}", f"sum(k{i}::double ** 2) as kk{i}", f"sum(k{i}::double * n{j}) as kn{i}")
    ]
    rows = run(f"""
        with lines as ({lines}),
        chosen as (select customer_id from lines group by customer_id order by md5(customer_id) limit {_SAMPLE}),
        orders as (select customer_id, order_id, {", ".join(_counts(known) + counted)}
                   from lines semi join chosen using (customer_id) group by customer_id, order_id)
        select {", ".join(sums)} from orders group by customer_id""")
    return {name: _sums(rows, i, j).correlation() for name, (i, j) in zip(features, pairs, strict=True)}


def squared_orders(run: Callable[[str], pd.DataFrame], lines: str, features: Asked) -> dict[str, Integers]:
    """Sum over each customer's orders of the squared number of lines of which a feature is known.

    Args:
        run: Gives what a query finds.
        lines: SQL of sale lines with ``customer_id`` and ``order_id``.
        features: What is asked.

    Returns:
        Feature to an array of shape (customers,), by customer.
    """
    known = _numbered(features)
    if not known:
        return {}
    sums = [f"sum(n{j} * n{j})::bigint as nn{j}" for j in known.values()]
    rows = run(f"""
        with lines as ({lines}),
        orders as (select customer_id, {", ".join(_counts(known))} from lines group by customer_id, order_id)
        select {", ".join(sums)} from orders group by customer_id order by customer_id""")
    columns = {j: rows[f"nn{j}"].to_numpy(dtype=np.int64) for j in known.values()}
    return {name: columns[known[sql]] for name, (_, sql) in features.items()}


def independent_lines(k: Integers, n: Integers, squared: Integers, correlation: float) -> tuple[Floats, Floats]:
    """Counts of so many lines as would tell as much if they were independent, to one digit.

    >>> [x.tolist() for x in independent_lines(np.array([5]), np.array([20]), np.array([200]), 1.0)]
    [[0.5], [2.0]]

    Args:
        k: Lines with a feature, shape (customers,).
        n: Lines of which it is known.
        squared: As `squared_orders` gives it.
        correlation: Of two lines of one order.

    Returns:
        Lines with it and lines in all; 0 where it is known of none.
    """
    some = n > 0
    size, share = np.zeros(len(n)), np.zeros(len(n))
    trials = n[some].astype(float)
    size[some] = effective_trials(trials, trials, squared[some].astype(float), correlation).round(1)
    share[some] = k[some] / trials
    return (share * size).round(1), size


def _numbered(features: Asked) -> dict[str, int]:
    return {sql: j for j, sql in enumerate(dict.fromkeys(sql for _, sql in features.values()))}


def _counts(known: Mapping[str, int]) -> list[str]:
    return [f"count(*) filter (where {sql}) as n{j}" for sql, j in known.items()]


def _sums(rows: pd.DataFrame, feature: int, known: int) -> ClusterSums:
    """Of those of whom the feature is known."""
    named = {"k": f"k{feature}", "n": f"n{known}_1", "nn": f"n{known}_2", "nnn": f"n{known}_3",
             "kk": f"kk{feature}", "kn": f"kn{feature}"}  # fmt: skip
    some = rows[f"n{known}_1"].to_numpy() > 0
    found = {name: rows[column].to_numpy(dtype=float)[some] for name, column in named.items()}
    return ClusterSums(**found, q=found["n"], qn=found["nn"])
