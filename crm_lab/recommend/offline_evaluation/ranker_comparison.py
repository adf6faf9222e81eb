"""Does any ranker find more of what customers buy next than the plain sort?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput, check_settings, not_among, not_levels, too_small
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.recommend.offline_evaluation.list_measures import MEASURES
from crm_lab.recommend.offline_evaluation.list_scores import ListScores, scores_of
from crm_lab.recommend.offline_evaluation.temporal_split import Split
from crm_lab.recommend.rankers.ease import Ease
from crm_lab.recommend.rankers.global_top import GlobalTop
from crm_lab.recommend.rankers.item_neighbours import ItemNeighbours
from crm_lab.recommend.rankers.list_candidates import Scope
from crm_lab.recommend.rankers.personal_frequency import PersonalFrequency
from crm_lab.recommend.rankers.popularity_ties import PopularityTies
from crm_lab.recommend.rankers.ranker import Ranker
from crm_lab.recommend.rankers.recency_weighted import RecencyWeighted
from crm_lab.recommend.rankers.tifu_knn import TifuKnn
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.stats.intervals import ratio_by_customer
from crm_lab.stats.multiplicity.holm_comparisons import holm_comparisons

FEWEST = 30  # customers with something to be found
SCOPES: tuple[Scope, ...] = ("all", "repeat", "new")
ALL: tuple[Ranker, ...] = (
    PopularityTies(), GlobalTop(), PersonalFrequency(), RecencyWeighted(), TifuKnn(), ItemNeighbours(), Ease(),
)  # fmt: skip
"""Every ranker with its settings from the literature; the plain sort first."""


@dataclass(frozen=True, kw_only=True)
class RankerComparison:
    """Which rankers are held against the plain sort, and by what.

    >>> import pandas as pd
    >>> from crm_lab.recommend.interactions import Interactions
    >>> from crm_lab.recommend.offline_evaluation import LastBasketSplit
    >>> rng = np.random.default_rng(0)
    >>> lines = pd.DataFrame({"customer_id": np.repeat([f"c{k:02}" for k in range(60)], 18),
    ...     "order_id": np.repeat(np.arange(360), 3).astype(str), "product_id": [f"p{k}" for k in
    ...     rng.integers(0, 30, 1080)], "date": np.tile(pd.date_range("2024-01-01", periods=6).repeat(3), 60)})
    >>> split = LastBasketSplit().split(Interactions.of(lines, "2024-01-31"))
    >>> result = RankerComparison(rankers=(PopularityTies(), GlobalTop())).analyze(split)
    >>> result.winner("all") is None
    True

    Attributes:
        rankers: Which, the first being the plain sort that the others have to beat; each with a name of its own.
        k: Length of a list.
        scopes: ``all`` products, those to ``repeat``, those ``new`` to the customer.
        measure: What decides: ``recall``, ``precision``, ``ndcg``, ``average_precision`` or ``hit_rate``.
        level: Confidence level, jointly for all rankers and scopes.
    """  # fmt: skip

    rankers: tuple[Ranker, ...] = ALL
    k: int = 10
    scopes: tuple[Scope, ...] = SCOPES
    measure: Literal["recall", "precision", "ndcg", "average_precision", "hit_rate"] = "recall"
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(
            self, too_small(self, k=1), not_levels(self, "level"), not_among(self, scopes=SCOPES, measure=MEASURES)
        )
        names = [ranker.name for ranker in self.rankers]
        if len(names) < 2 or len(set(names)) < len(names):
            raise BadInput(f"rankers are {', '.join(names) or 'none'}; give two or more of different names.")

    def analyze(self, split: Split) -> RankerComparisonResult:
        """Fit each on the past and hold its lists against what was bought later.

        >>> RankerComparison(rankers=(PopularityTies(), GlobalTop()), scopes=("new",)).analyze(split).plain
        'popularity_ties'

        Args:
            split: Past and later purchases.

        Returns:
            Measures, paired differences against the plain sort, and whether any ranker is better.

        Raises:
            CannotAnswer: If fewer than 30 customers have anything to be found.
        """
        if len(split.customers) < FEWEST:
            raise cannot_answer("few_to_recommend", n=len(split.customers), least=FEWEST)
        return RankerComparisonResult(
            self, split, {ranker.name: scores_of(ranker, split, self.k, self.scopes) for ranker in self.rankers}
        )


@dataclass(frozen=True, eq=False)
class RankerComparisonResult(Result):
    """How much of what was bought later each ranker lists, and the paired difference against the plain sort.

    >>> import pandas as pd
    >>> from crm_lab.recommend.interactions import Interactions
    >>> from crm_lab.recommend.offline_evaluation import LastBasketSplit
    >>> rng = np.random.default_rng(0)
    >>> lines = pd.DataFrame({"customer_id": np.repeat([f"c{k:02}" for k in range(60)], 18),
    ...     "order_id": np.repeat(np.arange(360), 3).astype(str), "product_id": [f"p{k}" for k in
    ...     rng.integers(0, 30, 1080)], "date": np.tile(pd.date_range("2024-01-01", periods=6).repeat(3), 60)})
    >>> split = LastBasketSplit().split(Interactions.of(lines, "2024-01-31"))
    >>> result = RankerComparison(rankers=(PopularityTies(), GlobalTop())).analyze(split)

    Attributes:
        spec: What was compared.
        split: Past and later purchases.
        scores: Measures by ranker and scope.
    """  # fmt: skip

    spec: RankerComparison
    split: Split
    scores: dict[str, dict[Scope, ListScores]]

    name: ClassVar[str] = "ranker_comparison"
    formats: ClassVar[dict[str, str]] = {
        **dict.fromkeys((*MEASURES, "debiased_recall", "coverage", "value"), ".1%"), "novelty": ".2f",
        "gain": "+.2%", "lo": "+.2%", "hi": "+.2%", "p_holm": "p",
    }  # fmt: skip
    words: ClassVar[dict[str, str]] = {
        "ranker": "recommend.ranker_", "scope": "recommend.scope_", "measure": "recommend.measure_",
    }  # fmt: skip

    @property
    def plain(self) -> str:
        """Name of the plain sort.

        >>> result.plain
        'popularity_ties'
        """
        return self.spec.rankers[0].name

    def to_frame(self) -> pd.DataFrame:
        """One row per scope and ranker: measures, and the gain over the plain sort with its joint interval.

        >>> frame = result.to_frame()
        >>> frame.loc[frame["ranker"] == "popularity_ties", "gain"].tolist()
        [0.0, 0.0, 0.0]
        """
        rows = [self._row(scope, ranker.name) for scope in self.spec.scopes for ranker in self.spec.rankers]
        frame = pd.DataFrame(rows)
        others = (frame["ranker"] != self.plain).to_numpy() & (frame["customers"] > 1).to_numpy()
        found = holm_comparisons(
            frame["gain"][others], frame["se"][others], frame["customers"][others] - 1, self.spec.level
        )
        for column, values in (("lo", found.lo), ("hi", found.hi), ("p_holm", found.p)):
            frame[column] = np.nan
            frame.loc[others, column] = values
        return frame.drop(columns="se")

    def _row(self, scope: Scope, name: str) -> dict[str, object]:
        own, plain = self.scores[name][scope], self.scores[self.plain][scope]
        n = len(own.customers)
        gain = own.by_customer[self.spec.measure] - plain.by_customer[self.spec.measure]
        return {
            "scope": scope, "ranker": name, "customers": n,
            **{measure: float(own.by_customer[measure].mean()) if n else np.nan for measure in MEASURES},
            "debiased_recall": own.weighted_hits.sum() / own.weighted_truth.sum() if n else np.nan,
            "coverage": own.coverage, "novelty": own.novelty, "gain": float(gain.mean()) if n else np.nan,
            "se": float(gain.std(ddof=1) / np.sqrt(n)) if n > 1 else np.nan,
        }  # fmt: skip

    def measures(self) -> pd.DataFrame:
        """One row per scope, ranker and measure with an interval of its own, customers being the sampling unit.

        >>> found = result.measures()
        >>> bool(((found["lo"] <= found["value"]) & (found["value"] <= found["hi"])).all())
        True
        """
        rows = []
        for scope in self.spec.scopes:
            for ranker in self.spec.rankers:
                own = self.scores[ranker.name][scope]
                if len(own.customers) > 1:
                    rows += [(scope, ranker.name, *row) for row in self._measures(own)]
        return pd.DataFrame(rows, columns=["scope", "ranker", "measure", "value", "lo", "hi"])

    def _measures(self, own: ListScores) -> list[tuple[str, float, float, float]]:
        ones = np.ones(len(own.customers))
        pairs = {measure: (own.by_customer[measure], ones) for measure in MEASURES}
        pairs["debiased_recall"] = (own.weighted_hits, own.weighted_truth)
        found = [(measure, *ratio_by_customer(up, down, self.spec.level)) for measure, (up, down) in pairs.items()]
        return [(measure, value, ci.lo, ci.hi) for measure, value, ci in found]

    def winner(self, scope: Scope) -> str | None:
        """The ranker with the largest gain among those surely better than the plain sort, if any.

        >>> result.winner("new") is None
        True

        Args:
            scope: Of the products.

        Returns:
            Its name, or ``None`` where no joint interval lies above 0.
        """
        frame = self._others(scope)
        better = frame[frame["lo"] > 0]
        return None if better.empty else str(better["ranker"].iloc[0])

    def _others(self, scope: Scope) -> pd.DataFrame:
        """The rows of a scope but that of the plain sort, largest gain first."""
        frame = self.to_frame()
        rows = frame[(frame["scope"] == scope) & (frame["ranker"] != self.plain) & frame["gain"].notna()]
        return rows.sort_values("gain", ascending=False, kind="stable")

    def readout(self) -> Readout:
        """Whether anything beats the plain sort, how that was tested, and what to list.

        >>> result.readout().finding.key
        'recommend.comparison.finding_none'
        """
        first, values = self.spec.scopes[0], self._values()
        found = "finding" if self.winner(first) else "finding_none"
        return Readout.of("recommend.comparison", values, found, f"certainty_{self.split.kind}", self._action())

    def _action(self) -> Message:
        """What to list, by scope."""
        parts = [Message(f"recommend.comparison.action_{self._act(scope)}", self._named(scope)) for scope in SCOPES[:1]]
        if "new" in self.spec.scopes:
            parts.append(Message(f"recommend.comparison.new_{self._act('new')}", self._named("new")))
        return Message("recommend.comparison.action", {"first": parts[0], "more": parts[1] if parts[1:] else ""})

    def _act(self, scope: Scope) -> str:
        scope = scope if scope in self.spec.scopes else self.spec.scopes[0]
        return "winner" if self.winner(scope) else "plain"

    def _named(self, scope: Scope) -> dict[str, object]:
        scope = scope if scope in self.spec.scopes else self.spec.scopes[0]
        rows = self._others(scope)
        best = str(rows["ranker"].iloc[0]) if len(rows) else self.plain
        name = self.winner(scope) or best
        return {"ranker": Message(f"recommend.ranker_{name}"), "plain": Message(f"recommend.ranker_{self.plain}")}

    def _values(self) -> dict[str, object]:
        scope = self.spec.scopes[0]
        frame = self.to_frame().set_index(["scope", "ranker"])
        rows = self._others(scope)
        best = self.winner(scope) or str(rows["ranker"].iloc[0])
        row: Any = frame.loc[(scope, best)]
        plain: Any = frame.loc[(scope, self.plain)]
        return {
            **self._named(scope), "ranker": Message(f"recommend.ranker_{best}"),
            "scope": Message(f"recommend.scope_{scope}"),
            "measure": Message(f"recommend.measure_{self.spec.measure}"), "k": self.spec.k,
            "value": float(row[self.spec.measure]), "base": float(plain[self.spec.measure]),
            "gain": 100 * float(row["gain"]), "lo": 100 * float(row["lo"]), "hi": 100 * float(row["hi"]),
            "level": self.spec.level, "n": int(row["customers"]), "rankers": len(self.spec.rankers),
            "first": self.split.first_day, "last": self.split.last_day, "unknown": self.split.unknown,
        }  # fmt: skip

    def facts(self) -> tuple[Fact, ...]:
        """Recall (or what decides) of each ranker and scope, and each gain over the plain sort.

        >>> result.facts()[0].id
        'recommend.all.popularity_ties.recall'
        """
        kind: Kind = "simulated" if self.split.train.simulated else "estimate"
        own, frame = self.measures(), self.to_frame().dropna(subset=["gain", "lo"])
        values: Any = own[own["measure"] == self.spec.measure].itertuples()
        gains: Any = frame.itertuples()
        said = [self._fact(row, self.spec.measure, row.value, kind) for row in values]
        return (*said, *(self._fact(row, "gain", row.gain, kind) for row in gains))

    def _fact(self, row: Any, what: str, value: float, kind: Kind) -> Fact:
        label = Message(f"recommend.comparison.fact_{'gain' if what == 'gain' else 'value'}", self._words(row))
        ci = Interval(row.lo, row.hi, self.spec.level)
        n = len(self.scores[row.ranker][row.scope].customers)
        fact_id = f"recommend.{row.scope}.{row.ranker}.{what}"
        return Fact(fact_id, label, value, "share", ci=ci, n=n, kind=kind, better="up")

    def _words(self, row: Any) -> dict[str, object]:
        return {
            "scope": Message(f"recommend.scope_{row.scope}"), "ranker": Message(f"recommend.ranker_{row.ranker}"),
            "plain": Message(f"recommend.ranker_{self.plain}"), "k": self.spec.k,
            "measure": Message(f"recommend.measure_{self.spec.measure}"),
        }  # fmt: skip
