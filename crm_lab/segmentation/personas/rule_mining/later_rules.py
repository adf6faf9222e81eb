"""Whether rules that were mined go on to hold in days that came after."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput
from crm_lab.data.workspace import Tables
from crm_lab.segmentation.personas.rule_mining.cross_period_lift import lift_of
from crm_lab.segmentation.personas.rule_mining.feature_periods import FeaturePeriods
from crm_lab.segmentation.personas.rule_mining.rule_miner_result import RuleMinerResult
from crm_lab.segmentation.personas.rule_mining.rule_search import Conditions, halves_of
from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features


def hold_later(mined: RuleMinerResult, tables: Tables) -> pd.DataFrame:
    """Lift of each mined rule between the days it was mined in and the days after them.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation.personas.rule_mining import RuleMiner
    >>> workspace = open_workspace("simulated:personas,customers=2500")
    >>> mined = RuleMiner().analyze(workspace.at("2024-09-30"))
    >>> bool(hold_later(mined, workspace.at("latest"))["holds"].mean() >= 0.9)
    True

    Args:
        mined: The rules.
        tables: As of a later day.

    Returns:
        One row per rule: `segment`, `lift`, `lo`, `hi`, `holds` (the interval lies above 1).

    Raises:
        BadInput: If the tables have no day after those that were mined.
        CannotAnswer: If nobody bought in these days.
    """
    last = mined.counts.days[-1]
    if tables.as_of <= last:
        raise BadInput(f"The rules were mined up to {last}, the tables end on {tables.as_of}; give later ones.")
    later = _with_later(mined.counts, tables)
    everybody = np.ones(len(later.customers), dtype=bool)
    least = 2 * mined.spec.least_lines
    rows = []
    for name, rule in zip(mined.names(), mined.conditions, strict=True):
        feature = np.array([later.names.index(f) for f, _ in rule])
        own = Conditions(later.names, feature, np.array([share for _, share in rule]), feature, mined.spec.least_lines)
        before = list(range(later.periods - 1))
        halves = halves_of(later, own, before, [later.periods - 1], least, everybody)
        lift = lift_of(halves, tuple(range(len(rule))), mined.spec.level)
        rows.append((name, lift.value, lift.lo, lift.hi, lift.lo > 1))
    return pd.DataFrame(rows, columns=["segment", "lift", "lo", "hi", "holds"])


def _with_later(counts: FeaturePeriods, tables: Tables) -> FeaturePeriods:
    """The counts with one more period: the days after."""
    start = counts.days[-1] + timedelta(days=1)
    part = shopper_features(tables, start, tables.as_of, names=counts.names)
    ids = part.frame["customer_id"].to_numpy(dtype=str)
    place = np.clip(np.searchsorted(counts.customers, ids), 0, len(counts.customers) - 1)
    known = counts.customers[place] == ids
    place = place[known]
    shape = (1, *counts.have.shape[1:])
    have, of, lines, orders = np.zeros(shape), np.zeros(shape), np.zeros(shape[:2]), np.zeros(shape[:2])
    for f, name in enumerate(counts.names):
        x, n = part.of(name)
        have[0, place, f], of[0, place, f] = x[known], n[known]
    lines[0, place], orders[0, place] = part.frame["n_lines"][known], part.frame["n_orders"][known]
    pairs = ((counts.have, have), (counts.known, of), (counts.lines, lines), (counts.orders, orders))
    one, two, three, four = (np.concatenate(pair) for pair in pairs)
    days = (*counts.days[:-1], start, tables.as_of)
    return FeaturePeriods(counts.names, counts.customers, one, two, three, four, days=days, simulated=counts.simulated)
