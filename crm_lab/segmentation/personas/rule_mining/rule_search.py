"""Search for rules of two or three conditions among binarised features."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from crm_lab.arrays import Floats
from crm_lab.segmentation.personas.rule_mining.cross_period_lift import Halves, by_threshold, cells_of, z_of_pairs
from crm_lab.segmentation.personas.rule_mining.feature_periods import FeaturePeriods

Traits = tuple[int, ...]
_SHELF = 1.25
"""Features that the same lines have more often than this are not joined: one taste would be told as two."""
_DAY = frozenset({"night_share", "morning_share", "afternoon_share", "evening_share"})


@dataclass(frozen=True)
class Conditions:
    """Binary conditions: at least a share of the lines, and at least some lines.

    Attributes:
        names: Features, F.
        feature: Which feature each condition is on, shape (m,).
        threshold: Least share, shape (m,).
        family: Conditions of one family compete for the same lines and are never in one rule, shape (m,).
        least_lines: Fewest lines with the feature.
        shelf: How often the same lines have both features, against chance, shape (m, m).
    """

    names: tuple[str, ...]
    feature: np.ndarray
    threshold: Floats
    family: np.ndarray
    least_lines: int
    shelf: Floats | None = None

    def apart(self, most: float) -> np.ndarray:
        """Which conditions may be in one rule: of other families, and not met by the same lines, shape (m, m)."""
        other: np.ndarray = self.family[:, None] != self.family[None, :]
        return other if self.shelf is None else other & (self.shelf <= most)

    def __len__(self) -> int:
        return len(self.feature)

    def met(self, have: Floats, known: Floats, least: int | None = None) -> Floats:
        """Who meets which condition, shape (n, m), from lines with each feature and lines known."""
        x, n = have[:, self.feature], known[:, self.feature]
        fewest = self.least_lines if least is None else least
        share = np.divide(x, n, out=np.full(x.shape, -1.0), where=n > 0)
        met: Floats = ((share >= self.threshold) & (x >= fewest)).astype(float)
        return met

    def said(self, trait: int) -> tuple[str, float]:
        """Feature and threshold of a condition."""
        return self.names[self.feature[trait]], float(self.threshold[trait])


def conditions_of(
    counts: FeaturePeriods, periods: slice, rows: np.ndarray, quantiles: Iterable[float], least_lines: int, least: float
) -> Conditions:
    """Conditions at quantiles of each feature's share among some customers, rounded to whole per cents.

    Args:
        counts: Of all customers.
        periods: Which are looked at.
        rows: Customers who are.
        quantiles: E.g. ``(0.75, 0.9)``.
        least_lines: Fewest lines of a condition.
        least: Smallest share of the customers who must meet a condition.
    """
    have, known, _, _ = (part[rows] for part in counts.sums(periods))
    share = np.divide(have, known, out=np.zeros_like(have), where=known > 0)
    cuts = {
        (f, round(max(float(np.quantile(share[:, f], q)), 0.01), 2))
        for f in range(len(counts.names))
        for q in quantiles
    }
    feature, threshold = (np.array(part) for part in zip(*sorted(cuts), strict=True))
    families: dict[str, int] = {}
    of = [families.setdefault(_family(counts.names[f]), len(families)) for f in feature]
    every = Conditions(counts.names, feature, threshold.astype(float), np.array(of), least_lines)
    met = every.met(have, known).mean(axis=0)
    good = (met >= least) & (met <= 0.5)
    kept = feature[good]
    shelf = None if counts.shelf is None else counts.shelf[np.ix_(kept, kept)]
    return Conditions(counts.names, kept, every.threshold[good], every.family[good], least_lines, shelf)


def _family(name: str) -> str:
    return "day" if name in _DAY else name.partition(":")[0]


def halves_of(
    counts: FeaturePeriods,
    conditions: Conditions,
    first: list[int],
    second: list[int],
    least_lines: int,
    rows: np.ndarray,
) -> Halves:
    """Conditions in two sets of periods, of the customers who have enough lines in both.

    Args:
        counts: Of all customers.
        conditions: What is looked for; one line with the feature is enough in a set of periods.
        first: Periods.
        second: Others.
        least_lines: Fewest lines in each set.
        rows: Which customers may be looked at, shape (n,).
    """
    one, two = counts.sums(first), counts.sums(second)
    used = rows & (one[2] >= least_lines) & (two[2] >= least_lines)
    seen = [conditions.met(part[0][used], part[1][used], least=1) for part in (one, two)]
    cells = (
        np.stack([cells_of(part[2][used], part[3][used]) for part in (one, two)])
        if used.any()
        else np.zeros((2, 0), dtype=np.int64)
    )
    return Halves.of(seen[0], seen[1], cells)


def found_rules(
    halves: Halves, conditions: Conditions, members: Floats, most: int, alpha: float, least: int
) -> list[Traits]:
    """Rules that go together beyond what is usual, strongest first, without those that say the same.

    Args:
        halves: Conditions of the customers who are searched.
        conditions: What they are.
        members: Who meets each condition over the whole time, shape (n, m).
        most: Most conditions of a rule, 2 or 3.
        alpha: Share of false rules among those found, by Benjamini and Yekutieli.
        least: Fewest customers who meet a whole rule.
    """
    z = z_of_pairs(halves, halves)
    support = members.T @ members
    allowed = np.triu(conditions.apart(_SHELF), 1) & (support >= least)
    pairs = [tuple(map(int, pair)) for pair in np.argwhere(allowed)]
    p = stats.norm.sf(z[allowed])
    bound = by_threshold(p, alpha)
    scored: dict[Traits, float] = {pair: float(z[pair]) for pair, one in zip(pairs, p, strict=True) if one <= bound}
    best = _best_cuts(scored, conditions)
    if most > 2:
        best |= _best_cuts(_triples(halves, conditions, members, list(best), alpha, least), conditions)
    return _without_repeats(best, members)


def _best_cuts(scored: dict[Traits, float], conditions: Conditions) -> dict[Traits, float]:
    """Of rules on the same features the one with the strongest thresholds."""
    best: dict[Traits, Traits] = {}
    for rule, z in scored.items():
        key = tuple(int(f) for f in conditions.feature[list(rule)])
        if key not in best or z > scored[best[key]]:
            best[key] = rule
    return {rule: scored[rule] for rule in best.values()}


def _triples(
    halves: Halves, conditions: Conditions, members: Floats, pairs: list[Traits], alpha: float, least: int
) -> dict[Traits, float]:
    """Rules of three of which each condition adds to the other two."""
    tested: dict[Traits, float] = {}
    for pair in pairs:
        whole = members[:, list(pair)].min(axis=1)
        support = whole @ members
        apart = conditions.apart(_SHELF)[list(pair)].all(axis=0)
        third = np.flatnonzero(apart & (support >= least))
        with_third = z_of_pairs(halves.joined(*pair), halves).ravel()
        for t in third[with_third[third] > 2]:  # a third that adds nothing is not worth two more looks
            rule = tuple(sorted((*pair, int(t))))
            if rule not in tested:
                tested[rule] = min(with_third[t], *(_adds(halves, rule, x) for x in pair))
        tested |= {tuple(sorted((*pair, int(t)))): float(with_third[t]) for t in third[with_third[third] <= 2]}
    p = stats.norm.sf(np.array(list(tested.values())))
    bound = by_threshold(p, alpha)
    return {rule: z for rule, z in tested.items() if stats.norm.sf(z) <= bound}


def _adds(halves: Halves, rule: Traits, trait: int) -> float:
    rest = halves.joined(*(t for t in rule if t != trait))
    return float(z_of_pairs(rest, halves.joined(trait)).item())


def _without_repeats(scored: dict[Traits, float], members: Floats, most: float = 0.6) -> list[Traits]:
    """Rules in order of strength, without those that share most of their customers with a stronger one."""
    kept: list[Traits] = []
    masks: list[Floats] = []
    for rule in sorted(scored, key=lambda r: (-scored[r], r)):
        mask = members[:, list(rule)].min(axis=1)
        same = [float((mask * other).sum() / np.maximum(mask, other).sum()) for other in masks]
        if max(same, default=0) <= most:
            kept.append(rule)
            masks.append(mask)
    return kept
