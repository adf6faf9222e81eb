"""Measured values of metrics, with which claims are compared."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crm_lab.checks import BadInput, Problems, need_columns
from crm_lab.results import Fact
from crm_lab.scorecard.kpi_registry import metrics
from crm_lab.stats.intervals import ratio_by_customer

COLUMNS = ("metric", "value", "lo", "hi", "n", "data", "definition")


@dataclass(frozen=True, slots=True)
class Measured:
    """One measured value with its interval, in the plain unit of its metric (shares as 0-1).

    >>> Measured("response_rate", 0.12, 0.11, 0.13, 4000, "spring campaign").n
    4000

    Attributes:
        metric: Name of the registry.
        value: The value; shares as 0-1.
        lo: Lower end of its interval.
        hi: Upper end.
        n: Observations behind it.
        data: Name of the data set.
        definition: What was counted, in words.
    """

    metric: str
    value: float
    lo: float
    hi: float
    n: int
    data: str
    definition: str = ""


def share_by_customer(
    metric: str, hits: ArrayLike, of: ArrayLike, *, data: str, definition: str = "", level: float = 0.95
) -> Measured:
    """A share of items that customers have several of, with customers as the sampling unit.

    The ratio of two sums over customers; its error by linearisation (Cochran 1977, section 6.3).

    >>> share_by_customer("response_rate", [1, 0, 2, 1], [2, 3, 3, 2], data="toy").value
    0.4

    Args:
        metric: Name of the registry.
        hits: Per customer, how many (n,).
        of: Per customer, of how many (n,).
        data: Name of the data set.
        definition: What was counted, in words.
        level: Confidence level.

    Returns:
        The share (0-1) with its interval.

    Raises:
        BadInput: If there are fewer than two customers, or nothing to take a share of.

    Source:
        Cochran (1977), Sampling techniques, section 6.3.
    """
    up, down = np.asarray(hits, dtype=float), np.asarray(of, dtype=float)
    n, total = len(down), float(down.sum())
    if n < 2 or total <= 0:
        raise BadInput(
            f"{metric}: {n} customers with {total:g} in all; a share takes two customers and something to share."
        )
    share, ci = ratio_by_customer(up, down, level)
    return Measured(metric, share, ci.lo, ci.hi, int(total), data, definition)


def from_fact(metric: str, fact: Fact, *, data: str, definition: str = "") -> Measured:
    """A published estimate as a measured value.

    >>> from crm_lab.results import Fact, Interval
    >>> fact = Fact("response.rate", "roi.name", 0.12, "share", Interval(0.11, 0.13), "estimate", 4000)
    >>> from_fact("response_rate", fact, data="spring").hi
    0.13

    Args:
        metric: Name of the registry.
        fact: An estimate with an interval and an n.
        data: Name of the data set.
        definition: What was counted, in words.

    Returns:
        The measured value.

    Raises:
        BadInput: If the fact has no number, no interval or no n.
    """
    if fact.value is None or isinstance(fact.value, str) or fact.ci is None or fact.n is None:
        raise BadInput(f"the fact {fact.id} has no number with interval and n; take an estimate.")
    return Measured(metric, float(fact.value), float(fact.ci.lo), float(fact.ci.hi), int(fact.n), data, definition)


def packaged() -> pd.DataFrame:
    """Values measured on Complete Journey, which come with the package; page 23 computes them again.

    >>> packaged()["metric"].tolist()
    ['response_rate', 'second_visit_30d', 'top20_revenue_share', 'tier_rise_untreated', 'never_alert_accuracy']
    """
    text = resources.files(__package__).joinpath("measured_values.toml").read_text(encoding="utf-8")
    content = tomllib.loads(text)
    return pd.DataFrame([{**row, "data": content["data"]} for row in content["measured"]], columns=list(COLUMNS))


def as_measured(frame: pd.DataFrame) -> tuple[Measured, ...]:
    """Measured values from a table.

    >>> len(as_measured(packaged()))
    5

    Args:
        frame: metric, value, lo, hi, n, data and, optionally, definition.

    Returns:
        One value per row.

    Raises:
        BadInput: With everything that is wrong in the frame.
    """
    need_columns(frame.columns, COLUMNS[:-1], "The measured values")
    problems = Problems("The measured values")
    unknown = sorted(set(frame["metric"]) - set(metrics()))
    problems.unless(not unknown, f"unknown metrics {', '.join(map(str, unknown))}; use names of the registry.")
    twice = frame.loc[frame["metric"].duplicated(), "metric"].tolist()
    problems.unless(not twice, f"{', '.join(map(str, twice))} is there twice; give one row per metric.")
    order = (frame["lo"] <= frame["value"]) & (frame["value"] <= frame["hi"])
    wrong = frame.loc[~order, "metric"].tolist()
    problems.unless(not wrong, f"value lies outside lo to hi, or is missing, for {', '.join(map(str, wrong))}.")
    problems.raise_any()
    return tuple(
        Measured(
            str(row["metric"]), float(row["value"]), float(row["lo"]), float(row["hi"]), int(row["n"]),
            str(row["data"]), str(row.get("definition") or ""),
        )
        for _, row in frame.iterrows()
    )  # fmt: skip
