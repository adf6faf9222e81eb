"""`RuleMiner`: readable rules on tastes that go together, confirmed on other customers in later months."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from crm_lab.checks import check_settings, not_inside, not_levels, not_positive, too_small
from crm_lab.data.workspace import Tables
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.segmentation.personas.rule_mining.cross_period_lift import Lift, lift_of
from crm_lab.segmentation.personas.rule_mining.feature_periods import FeaturePeriods, feature_periods
from crm_lab.segmentation.personas.rule_mining.rule_miner_result import RuleMinerResult
from crm_lab.segmentation.personas.rule_mining.rule_outcomes import outcomes_of
from crm_lab.segmentation.personas.rule_mining.rule_search import (
    Conditions,
    Traits,
    conditions_of,
    found_rules,
    halves_of,
)
from crm_lab.stats.multiplicity.holm_comparisons import holm

_LEAST_CUSTOMERS: Final = 200
MINED: Final = 4
"""Periods of six in which rules are searched for; in the last two they are confirmed."""
_PERIODS: Final = 6


@dataclass(frozen=True)
class RuleMiner:
    """Searches for rules of two or three conditions whose tastes go together in the same customers.

    A window before the as-of day is cut into six periods. On a part of the customers, in the first four, each pair of
    conditions is compared across periods: one seen in the first and third, the other in the second and fourth. What
    goes together beyond customers with as many lines and orders is found (Benjamini and Yekutieli over all pairs and
    triples looked at) and then must hold in customers who were not searched, between the first four periods and the
    last two (Holm over the rules found). Features that the same products have are not joined.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("simulated:personas,customers=2500").at("latest")
    >>> rules = RuleMiner().analyze(tables)
    >>> any({"night_share", "category:baby"} <= set(features) for features in rules.features())
    True

    Attributes:
        window_days: Days of the window; all there are where the data are shorter.
        most_conditions: 2 or 3.
        quantiles: Where shares are cut into yes and no.
        also: Features to look at beside the largest ones, such as ``category:baby food``.
        least_share: Least share of customers who meet a condition, and least share a rule may have of them, a tenth.
        least_lines: Fewest lines with a feature that a condition asks for.
        least_lift: Smallest lift worth telling.
        alpha: Share of false rules among those found; also the level of the confirmation.
        held_out: Share of customers who are not searched.
        level: Confidence level of intervals.

    Raises:
        BadInput: If the settings are wrong.

    Source:
        Benjamini & Yekutieli (2001), The control of the false discovery rate under dependency; Holm (1979).
    """

    window_days: int = 365
    most_conditions: int = 3
    quantiles: tuple[float, ...] = (0.75, 0.9)
    also: tuple[str, ...] = ()
    least_share: float = 0.05
    least_lines: int = 3
    least_lift: float = 1.2
    alpha: float = 0.05
    held_out: float = 0.4
    level: float = 0.95

    def __post_init__(self) -> None:
        inside = all(0 < q < 1 for q in self.quantiles)
        check_settings(
            self, too_small(self, window_days=7 * _PERIODS, least_lines=1, least_lift=1), not_levels(self, "level"),
            not_inside(self, "least_share", "alpha", "held_out"), not_positive(self, "alpha"),
            quantiles="" if self.quantiles and inside else "give shares between 0 and 1, such as (0.75, 0.9)",
            most_conditions="" if self.most_conditions in (2, 3) else "a rule has 2 or 3 conditions",
        )  # fmt: skip

    def analyze(self, tables: Tables) -> RuleMinerResult:
        """Search the tables as of a day; nothing later is looked at.

        Args:
            tables: As of a day.

        Returns:
            The rules that hold, with lift, support, stability and what their customers did next.

        Raises:
            CannotAnswer: If the data are too short, too few customers have enough lines, or no condition can be made.

        >>> RuleMiner().analyze(open_workspace("cdnow_sample").at("1997-01-20"))
        Traceback (most recent call last):
        crm_lab.checks.CannotAnswer: The data hold 20 days; rules need 42, to be searched in some and confirmed in ...
        """
        return self.mine(feature_periods(tables, self.window_days, _PERIODS, self.also), tables.currency)

    def mine(self, counts: FeaturePeriods, currency: str = "") -> RuleMinerResult:
        """The same on counts that are at hand.

        Args:
            counts: In six periods.
            currency: Of the revenue.

        Returns:
            As of `analyze`.

        Raises:
            CannotAnswer: As of `analyze`.

        >>> RuleMiner().mine(feature_periods(open_workspace("cdnow_sample").at("1998-06-30")))
        Traceback (most recent call last):
        crm_lab.checks.CannotAnswer: ...
        """
        searched = _split(counts.customers) >= self.held_out
        least_lines = 2 * self.least_lines
        first, second = [0, 2], [1, 3]
        enough = (counts.sums(first)[2] >= least_lines) & (counts.sums(second)[2] >= least_lines)
        if (searched & enough).sum() < _LEAST_CUSTOMERS:
            raise cannot_answer(
                "rules_few_customers", n=int((searched & enough).sum()), least=_LEAST_CUSTOMERS, lines=least_lines
            )
        mined = slice(0, MINED)
        rows = searched & enough
        conditions = conditions_of(counts, mined, rows, self.quantiles, self.least_lines, self.least_share)
        if len(set(conditions.family.tolist())) < 2:
            raise cannot_answer("rules_one_feature", n=len(counts.names), share=self.least_share)
        have, known, _, _ = counts.sums(mined)
        members = conditions.met(have, known)
        halves = halves_of(counts, conditions, first, second, least_lines, searched)
        least = max(20, int(self.least_share / 10 * rows.sum()))
        found = found_rules(halves, conditions, members[rows], self.most_conditions, self.alpha, least)
        later = halves_of(counts, conditions, list(range(MINED)), [4, 5], least_lines, ~searched)
        frame = _confirmed(self, found, later)
        return self._result(counts, conditions, members, frame, (halves, later), currency)

    def _result(
        self,
        counts: FeaturePeriods,
        conditions: Conditions,
        members: Any,
        frame: pd.DataFrame,
        both: Any,
        currency: str,
    ) -> RuleMinerResult:
        kept = frame[frame["holds"]].reset_index(drop=True)
        rules: list[Traits] = kept["traits"].tolist()
        inside = [members[:, list(rule)].min(axis=1) > 0 for rule in rules]
        kept["customers"] = [int(mask.sum()) for mask in inside]
        kept["share"] = [float(mask.mean()) for mask in inside]
        kept["periods_held"] = [_periods_held(counts, conditions, rule, self.least_lines) for rule in rules]
        outcomes = [outcomes_of(counts, mask, MINED, self.level) for mask in inside]
        table = pd.concat([kept, pd.DataFrame(outcomes, index=kept.index)], axis=1)
        names = [[conditions.said(t) for t in rule] for rule in rules]
        masks = np.stack(inside) if inside else np.zeros((0, len(counts.customers)), dtype=bool)
        return RuleMinerResult(
            self, table.drop(columns=["traits", "holds"]), tuple(map(tuple, names)), masks, counts, len(conditions),
            (len(frame), both[0].first.shape[0], both[1].first.shape[0]), currency,
        )  # fmt: skip


def _split(customers: np.ndarray) -> np.ndarray:
    """A number from 0 to 1 by the customer's id, the same wherever and whenever it is asked."""
    read = (hashlib.blake2b(f"rules:{one}".encode(), digest_size=6).digest() for one in customers)
    return np.fromiter((int.from_bytes(b, "big") / 2**48 for b in read), dtype=float, count=len(customers))


def _confirmed(spec: RuleMiner, found: list[Traits], later: Any) -> pd.DataFrame:
    """Lift of each rule in the customers and periods that were not searched, and whether it holds (Holm)."""
    lifts: list[Lift] = [lift_of(later, rule, spec.level) for rule in found] if len(later.first) else []
    frame = pd.DataFrame(
        {
            "traits": pd.Series(found if lifts else [], dtype=object),
            **{name: [getattr(x, of) for x in lifts] for name, of in (("lift", "value"), ("lo", "lo"), ("hi", "hi"))},
            "p_value": [x.p for x in lifts],
        }
    )
    frame["p_holm"] = holm(frame["p_value"])
    frame["holds"] = (frame["p_holm"] <= spec.alpha) & (frame["lift"] >= spec.least_lift) & (frame["lo"] > 1)
    return frame.sort_values("lift", ascending=False, kind="stable")


def _periods_held(counts: FeaturePeriods, conditions: Conditions, rule: Traits, least: int) -> int:
    """In how many periods the rule goes together with the other periods more than usual."""
    everybody = np.ones(len(counts.customers), dtype=bool)
    own = Conditions(
        conditions.names, conditions.feature[list(rule)], conditions.threshold[list(rule)],
        conditions.family[list(rule)], conditions.least_lines,
    )  # fmt: skip
    held = 0
    for period in range(counts.periods):
        others = [p for p in range(counts.periods) if p != period]
        halves = halves_of(counts, own, [period], others, least, everybody)
        held += len(halves.first) > 0 and lift_of(halves, tuple(range(len(rule)))).value > 1
    return held
