"""Rules "who takes A takes B": support, confidence and lift with interval, corrected for all pairs looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.arrays import Floats, Integers
from crm_lab.checks import check_settings, not_among, not_inside, not_levels, too_small
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.recommend.association.pair_counts import Unit, pair_counts, unit_counts
from crm_lab.recommend.association.within_customers import chance_of_pairs, expected_by_habit
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.stats.intervals import z_value
from crm_lab.stats.multiplicity.false_discovery import benjamini_yekutieli


@dataclass(frozen=True, kw_only=True)
class AssociationRules:
    """Pairs of products that are looked at, and what a rule has to be.

    Support is the share of units with both, confidence that of the units with A that have B, lift the confidence by
    the share of units with B. The interval of the lift is that of its logarithm by the delta method on multinomial
    counts. A p-value is Fisher's, one-sided; Benjamini–Yekutieli's correction counts every pair of products that
    are looked at, also those that are never bought together.

    >>> lines = pd.DataFrame({"customer_id": np.repeat([f"c{k}" for k in range(60)], 2),
    ...     "product_id": ["tea", "milk"] * 30 + ["gin", "tonic"] * 30, "date": pd.Timestamp("2024-01-01")})
    >>> result = AssociationRules(least=5).analyze(Interactions.of(lines, "2024-01-31"))
    >>> result.to_frame()[["antecedent", "consequent", "lift"]].to_numpy().tolist()[0]
    ['gin', 'tonic', 2.0]

    Attributes:
        unit: ``basket`` or ``customer``; whoever buys much buys both, so of customers nearly everything goes together.
        least: Fewest units with a product and with a pair.
        most_products: Most bought products that are looked at.
        false_share: Expected share of false ones among the rules that are found.
        level: Confidence level of each interval.

    Source:
        R. Agrawal, T. Imieliński & A. Swami (1993). Mining association rules between sets of items. SIGMOD.
    """  # fmt: skip

    unit: Unit = "basket"
    least: int = 30
    most_products: int = 5_000
    false_share: float = 0.05
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(
            self, not_among(self, unit=["basket", "customer"]), too_small(self, least=1, most_products=2),
            not_inside(self, "false_share"), not_levels(self, "level"),
        )  # fmt: skip

    def analyze(self, interactions: Interactions) -> AssociationRulesResult:
        """Count pairs of products.

        >>> AssociationRules(least=5, unit="customer").analyze(Interactions.of(lines, "2024-01-31")).units
        60

        Args:
            interactions: What was bought.

        Returns:
            Two rules a pair, the surest first.

        Raises:
            CannotAnswer: If fewer than two products are in so many baskets, or bought by so many.
        """
        counts, units = unit_counts(interactions, self.unit)
        order = np.lexsort((np.arange(len(counts)), -counts))[: self.most_products]
        products = np.sort(order[counts[order] >= self.least])
        if len(products) < 2:
            raise cannot_answer("too_few_frequent_products", n=len(products), least=self.least)
        pairs = pair_counts(interactions, products, self.least, self.unit)
        tests = len(products) * (len(products) - 1) // 2
        sides = counts[pairs["a"]], counts[pairs["b"]]
        expected, p = self._chances(interactions, pairs, *sides, units)
        frame = self._rules(pairs.assign(expected=expected, p=p), *sides, units, tests)
        for side in ("antecedent", "consequent"):
            frame[side] = interactions.product_ids[frame[side]]
        frame["found_"] = _found(frame, self.false_share)
        frame = frame.sort_values(["lo", "antecedent", "consequent"], ascending=[False, True, True], kind="stable")
        frame = frame.sort_values("found_", ascending=False, kind="stable")
        rules = frame.drop(columns="found_").reset_index(drop=True)
        return AssociationRulesResult(self, rules, units, tests, interactions.simulated)

    def _chances(
        self, interactions: Interactions, pairs: pd.DataFrame, one: Integers, other: Integers, units: int
    ) -> tuple[Floats, Floats]:
        """Units with both that are expected without a rule, and the p-values."""
        if self.unit == "basket":
            expected = expected_by_habit(interactions, pairs)
            return expected, chance_of_pairs(interactions, pairs, expected)
        p = stats.hypergeom.sf(pairs["together"].to_numpy() - 1, units, one, other)
        return one * (other / units), np.asarray(p, dtype=float)

    def _rules(self, pairs: pd.DataFrame, one: np.ndarray, other: np.ndarray, units: int, tests: int) -> pd.DataFrame:
        """Both rules of each pair; `one` and `other` are the units with its products."""
        both = pairs["together"].to_numpy()
        log = np.log(both * float(units)) - np.log(one * other.astype(float))
        variance = 1 / both - 1 / one - 1 / other + (2.0 * both / one / other) - 1 / units
        half = z_value(self.level) * np.sqrt(np.maximum(variance, 0.0))
        same = {
            "together": both, "expected": pairs["expected"], "support": both / units,
            "lift": both * (units / (one * other.astype(float))),
            "lo": np.exp(log - half), "hi": np.exp(log + half), "p_corrected": benjamini_yekutieli(pairs["p"], tests),
        }  # fmt: skip
        sides = [("a", "b", one), ("b", "a", other)]
        rules = [
            pd.DataFrame({"antecedent": pairs[a], "consequent": pairs[b], **same, "confidence": both / n})
            for a, b, n in sides
        ]
        columns = ["antecedent", "consequent", "together", "expected", "support", "confidence", "lift", "lo", "hi"]
        return pd.concat(rules, ignore_index=True)[[*columns, "p_corrected"]]


def _found(rules: pd.DataFrame, false_share: float) -> pd.Series:
    return (rules["p_corrected"] <= false_share) & (rules["lo"] > 1)


@dataclass(frozen=True, eq=False)
class AssociationRulesResult(Result):
    """Rules with their support, confidence and lift.

    >>> lines = pd.DataFrame({"customer_id": np.repeat([f"c{k}" for k in range(60)], 2),
    ...     "product_id": ["tea", "milk"] * 30 + ["gin", "tonic"] * 30, "date": pd.Timestamp("2024-01-01")})
    >>> result = AssociationRules(least=5).analyze(Interactions.of(lines, "2024-01-31"))

    Attributes:
        spec: What was looked for.
        rules: Two rules a pair, those found first, then by the lower end of the lift.
        units: Baskets or customers in all.
        tests: Pairs of products that were looked at.
        simulated: Whether the purchases are made up.
    """  # fmt: skip

    spec: AssociationRules
    rules: pd.DataFrame
    units: int
    tests: int
    simulated: bool

    name: ClassVar[str] = "association_rules"
    formats: ClassVar[dict[str, str]] = {
        "expected": ",.1f", "support": ".2%", "confidence": ".1%",
        "lift": ",.2f", "lo": ",.2f", "hi": ",.2f", "p_corrected": "p",
    }  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """One row a rule: those that are found, then the others, each by the lower end of the lift.

        ``antecedent, consequent, together, expected`` (units with both if customers kept to their habits), ``support,
        confidence, lift, lo, hi, p_corrected``.

        >>> len(result.to_frame())
        4
        """
        return self.rules.copy()

    def found(self) -> pd.DataFrame:
        """Rules whose corrected p-value is within `false_share` and whose lift is above 1.

        >>> len(result.found())
        4
        """
        return self.rules[_found(self.rules, self.spec.false_share)].reset_index(drop=True)

    def readout(self) -> Readout:
        """How many pairs go together, the surest of them, and what that is good for.

        >>> result.readout().finding.key
        'recommend.association.finding_found'
        """
        found = self.found()
        part = "none" if found.empty else "found"
        return Readout.of(
            "recommend.association", self._values(found), f"finding_{part}", f"certainty_{self.spec.unit}",
            f"action_{part}",
        )  # fmt: skip

    def _values(self, found: pd.DataFrame) -> dict[str, object]:
        values: dict[str, object] = {
            "n": len(found) // 2, "tests": self.tests, "units": self.units, "share": self.spec.false_share,
            "unit": Message(f"recommend.association.unit_{self.spec.unit}"),
            "least": self.spec.least, "most": self.spec.most_products,
            "level": self.spec.level,
        }  # fmt: skip
        if not found.empty:
            first = found.iloc[0]
            values |= {"one": first["antecedent"], "other": first["consequent"]}
            values |= {name: float(first[name]) for name in ("lift", "lo", "hi")}
        return values

    def facts(self) -> tuple[Fact, ...]:
        """How many pairs go together, and the lift of the surest.

        >>> [fact.value for fact in result.facts()]
        [2, 2.0]
        """
        found, kind = self.found(), self._kind
        count = Fact(
            "recommend.association.pairs", Message("recommend.association.fact_pairs"), len(found) // 2, kind=kind,
            n=self.units, denominator=Message("recommend.association.looked_at", {"tests": self.tests}),
        )  # fmt: skip
        if found.empty:
            return (count,)
        first = found.iloc[0]
        ci = Interval(float(first["lo"]), float(first["hi"]), self.spec.level)
        label = Message("recommend.association.fact_lift", self._values(found))
        lift = Fact("recommend.association.lift", label, float(first["lift"]), ci=ci, kind=kind, n=self.units)
        return (count, lift)

    @property
    def _kind(self) -> Kind:
        return "simulated" if self.simulated else "estimate"
