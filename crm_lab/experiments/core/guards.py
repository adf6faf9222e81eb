"""What a test's own columns say against it, before any effect is read: gaps, imbalance, who was really assigned."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from crm_lab.arrays import Floats
from crm_lab.experiments.core.column_words import has_word, known_after, words_of
from crm_lab.messages import Message
from crm_lab.stats.multiplicity.holm_comparisons import holm

MISSING = "_missing"
UNLIKE = 1e-3  # family-wise: a covariate on which arms differ more surely does not adjust
UNEVEN_GAPS = 1e-2  # the same of gaps; adjusting costs little to forgo
BROKEN = 1e-6  # of all covariates together: units cannot have been drawn by lot
_ALPHA = 0.05  # a test of whole clusters whose smallest possible p value is above it cannot show anything
_FEWEST = 3  # levels an arm must have in a column of unknown meaning before they may be what was assigned
_MIXED = (
    0.95  # share of units in levels of one arm from which a column with a few mixed levels is one that was assigned
)
Truths = NDArray[np.bool_]


@dataclass(frozen=True)
class Guards:
    """What must not be used, and why no effect may be read, if so.

    Attributes:
        withdrawn: Covariate that does not adjust -> why.
        refused: Why the test has no effect to read, or ``None``.
        cluster: Column with what was assigned, where that is not the unit; empty if it is.
        pvalues: Covariate -> p value of no difference between the arms (ranks; Fisher's exact test of two values).
        joint: p value of all covariates together (Hotelling's test on ranks); nan without covariates.
    """

    withdrawn: Mapping[str, Message] = field(default_factory=dict)
    refused: Message | None = None
    cluster: str = ""
    pvalues: Mapping[str, float] = field(default_factory=dict)
    joint: float = math.nan


def guards_of(
    frame: pd.DataFrame, arm: str, arms: Sequence[str], covariates: Sequence[str], cluster: str = "",
    skip: Sequence[str] = (),
) -> Guards:  # fmt: skip
    """Look through a test's columns.

    Args:
        frame: One row per unit; gaps of a covariate are 0 beside a ``…_missing`` flag.
        arm: Column with the arm.
        arms: The arms, control first.
        covariates: Covariates, flags included.
        cluster: Column with what was assigned, as the user said; empty to find it.
        skip: Columns that cannot be what was assigned (outcomes, the id of the unit).
    """
    named = {name: Message("experiments.withdrawn.name", {"column": name}) for name in covariates if known_after(name)}
    assigned = cluster or unit_of_assignment(frame, arm, arms, [*skip, *covariates])
    mixed = _mixed_levels(frame, arm, assigned) if assigned else 0
    rows = _one_a_cluster(frame, arm, assigned, covariates) if assigned and not mixed else frame
    past = [name for name in covariates if name not in named and not _is_flag(name, covariates)]
    groups = rows[arm].to_numpy()
    ranks = np.column_stack([_ranks(rows, name) for name in past]) if past else np.empty((len(rows), 0))
    pvalues = _smallest(arms, lambda a: _columns(ranks, rows[past], groups, arms[0], a), len(past))
    gaps = [name + MISSING for name in past if name + MISSING in covariates]
    uneven = _smallest(arms, lambda a: _columns(np.empty(0), rows[gaps], groups, arms[0], a), len(gaps))
    joint = _joint(ranks, groups, arms)
    unlike = dict(zip(past, holm(pvalues), strict=True))
    withdrawn = dict(named)
    for flag, p in zip(gaps, holm(uneven), strict=True):
        if p < UNEVEN_GAPS:
            withdrawn[flag.removesuffix(MISSING)] = _gap_message(frame, arm, arms, flag, p)
    for name, p in unlike.items():
        if p < UNLIKE:
            withdrawn.setdefault(name, Message("experiments.withdrawn.unlike", {"column": name, "p": p}))
    refused = _assigned_message(frame, arm, arms, assigned, mixed) if assigned else None
    if refused is None and joint < BROKEN:
        refused = Message("experiments.refused.imbalance", {"p": joint, "columns": _listed(past, pvalues)})
    return Guards(withdrawn, refused, assigned, dict(zip(past, map(float, pvalues), strict=True)), joint)


def unit_of_assignment(frame: pd.DataFrame, arm: str, arms: Sequence[str], skip: Sequence[str] = ()) -> str:
    """The coarsest column within whose levels the arm never changes, so that whole levels were assigned; else empty.

    A column whose name says that it groups units (store, city, household) may have a few levels with both arms;
    one of any other name needs several levels in each arm. That chance alone keeps the arm apart must be out of the
    question.

    >>> stores = [f"s{i % 10}" for i in range(200)]
    >>> arm = ["offer" if i % 10 < 4 else "control" for i in range(200)]
    >>> unit_of_assignment(pd.DataFrame({"store": stores, "arm": arm}), "arm", ("control", "offer"))
    'store'
    """
    found = []
    for name in frame.columns.difference([arm, *skip], sort=False):
        if not _may_group(frame[name], _measures(str(name))):
            continue
        grouping = has_word(str(name), words_of("when")["cluster"])
        table = _counts(frame[name], frame[arm], arms)
        if _keeps_apart(table, grouping):
            found.append((len(table), str(name)))
    return min(found)[1] if found else ""


def _counts(levels: pd.Series, groups: pd.Series, arms: Sequence[str]) -> NDArray[np.int64]:
    """Units by level of a column (rows) and arm (columns); those without a level are left out."""
    rows, columns = pd.factorize(levels)[0], pd.Index(list(arms)).get_indexer(pd.Index(groups))
    kept = (rows >= 0) & (columns >= 0)
    cells = np.bincount(rows[kept] * len(arms) + columns[kept])
    found = np.zeros((-(-len(cells) // len(arms)), len(arms)), dtype=np.int64)
    found.flat[: len(cells)] = cells
    return found


def _measures(name: str) -> bool:
    """Whether a column's name says that its numbers are amounts or counts, which a treatment may keep apart."""
    words = {word for group in ("numbers", "counted") for known in words_of(group).values() for word in known}
    return known_after(name) or (has_word(name, words) and not has_word(name, words_of("when")["number"]))


def _may_group(column: pd.Series, measure: bool) -> bool:
    """Whether a column may hold groups of units: text, or whole numbers that measure nothing."""
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return False
    if pd.api.types.is_numeric_dtype(column) and (measure or (column.dropna() % 1 != 0).any()):
        return False
    levels = column.nunique()
    return 2 <= levels <= column.count() / 2


def _keeps_apart(table: NDArray[np.int64], grouping: bool) -> bool:
    """Whether levels (rows) belong to one arm (columns) each, by more than chance."""
    sizes, largest = table.sum(axis=1), table.max(axis=1)
    several = sizes > 1
    whole = largest == sizes
    per_arm = [int((table[whole, a] > 0).sum()) for a in range(table.shape[1])]
    if min(per_arm) < (1 if grouping else _FEWEST) or sum(per_arm) == table.shape[1]:
        return False  # a level per arm is the arm again
    if largest[several].sum() < (_MIXED if grouping else 1) * sizes[several].sum():
        return False
    shares = table.sum(axis=0) / table.sum()
    by_chance = np.log((shares[None, :] ** sizes[several & whole, None]).sum(axis=1)).sum()
    return bool(by_chance < math.log(BROKEN))


def _mixed_levels(frame: pd.DataFrame, arm: str, cluster: str) -> int:
    arms = frame.groupby(cluster)[arm].nunique()
    return int((arms > 1).sum())


def _assigned_message(frame: pd.DataFrame, arm: str, arms: Sequence[str], cluster: str, mixed: int) -> Message | None:
    if mixed:
        return Message(
            "experiments.refused.mixed", {"cluster": cluster, "n": mixed, "levels": frame[cluster].nunique()}
        )
    sizes = frame.groupby(arm)[cluster].nunique()
    least = max(2 / math.comb(int(sizes[arms[0]] + sizes[name]), int(sizes[name])) for name in arms[1:])
    if least <= _ALPHA:
        return None
    counts = ", ".join(f"{name} {sizes[name]:,}" for name in arms)
    return Message("experiments.refused.few_clusters", {"cluster": cluster, "counts": counts, "p": least})


def _one_a_cluster(frame: pd.DataFrame, arm: str, cluster: str, covariates: Sequence[str]) -> pd.DataFrame:
    """One row a cluster: what was assigned, and the means of its units."""
    groups = frame.groupby(cluster, sort=True)
    return groups[list(covariates)].mean().assign(**{arm: groups[arm].first()}).reset_index(drop=True)


def _is_flag(name: str, covariates: Sequence[str]) -> bool:
    return name.endswith(MISSING) and name.removesuffix(MISSING) in covariates


def _ranks(frame: pd.DataFrame, name: str) -> Floats:
    """Ranks of the known values; a gap has their mean rank, which says nothing."""
    values = frame[name].to_numpy(dtype=float)
    known = frame[name + MISSING].to_numpy() < 1 if name + MISSING in frame else np.ones(len(values), dtype=bool)
    ranks: Floats = np.full(len(values), (known.sum() + 1) / 2, dtype=float)
    ranks[known] = stats.rankdata(values[known])
    return ranks


def _smallest(arms: Sequence[str], test: Callable[[str], Floats], columns: int) -> Floats:
    """Smallest p value over the treatments, corrected for their number."""
    if not columns:
        return np.empty(0)
    smallest: Floats = np.min([test(a) for a in arms[1:]], axis=0)
    return np.minimum(1.0, (len(arms) - 1) * smallest)


def _columns(ranks: Floats, values: pd.DataFrame, groups: NDArray[np.object_], control: str, treatment: str) -> Floats:
    """P value of each column between two arms: exact where it has two values, else on ranks."""
    ours = (groups == control) | (groups == treatment)
    treated = groups[ours] == treatment
    found = []
    for j, name in enumerate(values):
        column = values[name].to_numpy()[ours]
        levels = np.unique(column)
        if len(levels) < 2:
            found.append(1.0)
        elif len(levels) == 2:
            found.append(_exact(column == levels[1], treated))
        else:
            found.append(_rank_test(ranks[ours, j], treated))
    return np.array(found)


def _exact(high: Truths, treated: Truths) -> float:
    table = np.array([[(high & side).sum(), (~high & side).sum()] for side in (treated, ~treated)])
    return float(stats.fisher_exact(table).pvalue)


def _rank_test(ranks: Floats, treated: Truths) -> float:
    """Student's t test on ranks (Conover & Iman 1981)."""
    sides = ranks[treated], ranks[~treated]
    free = len(ranks) - 2
    pooled = sum(float(((side - side.mean()) ** 2).sum()) for side in sides) / max(free, 1)
    if pooled == 0 or free < 1:
        return 1.0
    se = math.sqrt(pooled * sum(1 / len(side) for side in sides))
    return float(2 * stats.t.sf(abs(sides[0].mean() - sides[1].mean()) / se, free))


def _joint(ranks: Floats, groups: NDArray[np.object_], arms: Sequence[str]) -> float:
    """Hotelling's test on ranks, control against each treatment; the smallest p value, corrected for their number."""
    if not ranks.shape[1]:
        return math.nan
    found = [_hotelling(ranks[groups == arms[0]], ranks[groups == arm]) for arm in arms[1:]]
    return min(1.0, len(found) * min(found))


def _hotelling(control: Floats, treated: Floats) -> float:
    n, m = len(control), len(treated)
    if min(n, m) < 2:
        return 1.0
    pooled = ((n - 1) * np.cov(control, rowvar=False) + (m - 1) * np.cov(treated, rowvar=False)) / (n + m - 2)
    pooled = np.atleast_2d(pooled)
    rank = int(np.linalg.matrix_rank(pooled))
    free = n + m - rank - 1
    if not rank or free < 1:
        return 1.0
    gap = treated.mean(axis=0) - control.mean(axis=0)
    distance = n * m / (n + m) * gap @ np.linalg.pinv(pooled, hermitian=True) @ gap
    return float(stats.f.sf(distance * free / (rank * (n + m - 2)), rank, free))


def _gap_message(frame: pd.DataFrame, arm: str, arms: Sequence[str], flag: str, p: float) -> Message:
    shares = frame[flag].groupby(frame[arm]).agg(["sum", "mean"])
    counts = ", ".join(f"{name} {int(shares['sum'][name]):,} ({shares['mean'][name]:.0%})" for name in arms)
    return Message("experiments.withdrawn.gaps", {"column": flag.removesuffix(MISSING), "counts": counts, "p": p})


def _listed(past: Sequence[str], pvalues: Floats) -> str:
    return ", ".join(past[i] for i in np.argsort(pvalues)[:3])
