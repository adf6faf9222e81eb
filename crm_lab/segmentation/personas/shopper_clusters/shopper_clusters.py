"""Kinds of shoppers by clustering: how many there are, how stable each is, who is in which."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from crm_lab.arrays import Integers
from crm_lab.checks import check_settings, not_among, too_small
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Kind, Readout, TableResult
from crm_lab.segmentation.personas.shopper_clusters.cluster_features import counts_of, varying_groups
from crm_lab.segmentation.personas.shopper_clusters.cluster_scoring import ClusterScoring
from crm_lab.segmentation.personas.shopper_clusters.segment_words import feature_words, marks, segment_names, verdict
from crm_lab.segmentation.personas.shopper_tags.shopper_features import ShopperFeatures
from crm_lab.stats.clustering.count_blocks import CountBlocks
from crm_lab.stats.clustering.count_mixture import CountMixture, Method, fit_counts
from crm_lab.stats.clustering.group_alignment import align_by_units
from crm_lab.stats.clustering.group_stability import group_stability
from crm_lab.stats.clustering.number_of_groups import NumberOfGroups, number_of_groups

FEWEST = 100


@dataclass(frozen=True, kw_only=True)
class ShopperClusters:
    """How kinds of shoppers are looked for.

    Shares are drawn towards those of all customers by how few lines they rest on, and put on a scale on which sampling
    noise is alike at every share; scikit-learn's `KMeans` or `GaussianMixture` finds groups there. Who is in which
    follows from the counts of lines themselves, so a customer with few lines is never sure and makes no group. Kinds
    are groups with a gap between them; any that overlap without one are not told from differences by degree.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features
    >>> features = shopper_features(open_workspace("simulated:fashion,customers=300").at("latest"))
    >>> clusters = ShopperClusters(most=3, repeats=3, draws=5).fit(features)
    >>> int(clusters.to_frame()["customers"].sum()) == len(features)
    True

    Attributes:
        method: ``mixture`` (soft, on counts) or ``kmeans``.
        k: Number of segments, or ``auto``: by prediction strength, where 1 is an answer.
        features: Which to use; all that the data give unless named.
        most: The largest number that ``auto`` tries.
        least_lines: Customers with fewer lines are scored, but do not shape the segments.
        repeats: Random halves for the prediction strength.
        draws: Bootstrap samples for the stability.
        seed: Of all that is drawn.
        sample: Most customers used for number and stability.

    Raises:
        BadInput: If a setting is out of its range.

    Source:
        Tibshirani & Walther (2005), Cluster validation by prediction strength; Hennig (2007), Cluster-wise assessment
        of cluster stability.
    """

    method: Method = "mixture"
    k: int | Literal["auto"] = "auto"
    features: Sequence[str] | None = None
    most: int = 8
    least_lines: int = 5
    repeats: int = 10
    draws: int = 30
    seed: int = 0
    sample: int = 8_000

    def __post_init__(self) -> None:
        fixed = self.k == "auto" or (isinstance(self.k, int) and self.k >= 1)
        check_settings(
            self,
            not_among(self, method=("mixture", "kmeans")),
            too_small(self, most=1, least_lines=1, repeats=2, draws=2, seed=0, sample=200),
            k=not fixed and "it must be a whole number from 1 or 'auto'",
            features=self.features is not None and not len(self.features) and "name features, or leave it out",
        )

    def fit(self, features: ShopperFeatures, previous: ClusterScoring | None = None) -> ShopperClustersResult:
        """Find kinds of shoppers and score every customer.

        >>> clusters.scoring.segments[0]
        's1'

        Args:
            features: Shares of the customers' lines with their counts.
            previous: Segments of an earlier run: those found again keep their ids.

        Returns:
            Segments with their size and stability, the scoring, the members.

        Raises:
            BadInput: If a named feature is missing.
            CannotAnswer: If there are too few customers with enough lines, or all are alike in every feature.
        """
        names = features.names if self.features is None else tuple(self.features)
        enough = np.flatnonzero(features.frame["n_lines"].to_numpy() >= self.least_lines)
        if len(enough) < FEWEST:
            raise cannot_answer("too_few_shoppers", n=len(enough), lines=self.least_lines, least=FEWEST)
        groups = varying_groups(features, names)
        if not groups:
            raise cannot_answer("shoppers_alike")
        whole = counts_of(features, groups)
        blocks = whole.take(enough)
        number = self._number(blocks)
        found = fit_counts(blocks, number.k, self.method, self.seed)
        found = found.ordered(np.argsort(-found.weights))
        stability = group_stability(blocks, found, self.method, self.draws, self.seed, self.sample)
        scoring = self._scoring(features, groups, whole, found, stability, previous)
        return ShopperClustersResult(
            self._table(scoring, stability), scoring, scoring.score(features), number.curve, self, features.simulated
        )

    def _number(self, blocks: CountBlocks) -> NumberOfGroups:
        if self.k != "auto":
            return NumberOfGroups(int(self.k), pd.DataFrame(columns=["k", "strength", "se", "p_gap"]))
        rows = np.random.default_rng(self.seed).permutation(len(blocks.counts))[: 2 * self.sample]
        return number_of_groups(blocks.take(rows), self.most, self.method, self.repeats, self.seed, self.sample)

    def _scoring(
        self, features: ShopperFeatures, groups: tuple[tuple[str, ...], ...], whole: CountBlocks, found: CountMixture,
        stability: pd.DataFrame, previous: ClusterScoring | None,
    ) -> ClusterScoring:  # fmt: skip
        labels = found.labels(whole)
        ids = tuple(f"s{n + 1}" for n in range(found.k))
        if previous is not None:
            ids = _kept_ids(previous, features, labels, found.k)
        counted = np.bincount(labels, minlength=found.k)
        return ClusterScoring(
            ids, groups, found, whole.overall(), tuple(map(float, stability["jaccard"])), features.end,
            tuple(map(int, counted)),
        )  # fmt: skip

    def _table(self, scoring: ClusterScoring, stability: pd.DataFrame) -> pd.DataFrame:
        customers = np.array(scoring.customers)
        first = marks(scoring).groupby("segment", sort=False).first().reindex(scoring.segments).reset_index(drop=True)
        reach = 1.96 * stability["se"]
        return pd.DataFrame(
            {
                "segment": scoring.segments, "customers": customers, "share": customers / max(customers.sum(), 1),
                "jaccard": stability["jaccard"], "lo": (stability["jaccard"] - reach).clip(0, 1),
                "hi": (stability["jaccard"] + reach).clip(0, 1),
                "verdict": [verdict(value) for value in stability["jaccard"]], "feature": first["feature"],
                "feature_share": first["share"], "feature_base": first["base"], "feature_index": first["index"],
            }
        )  # fmt: skip


def _kept_ids(previous: ClusterScoring, features: ShopperFeatures, labels: Integers, k: int) -> tuple[str, ...]:
    """Ids of earlier segments for those found again, new ones for the rest."""
    before = previous.posterior(features).argmax(axis=1)
    earlier = align_by_units(before, labels, (len(previous.segments), k)).earlier
    used = [int(name[1:]) for name in previous.segments if name[1:].isdigit()]
    fresh = iter(range(max(used, default=0) + 1, max(used, default=0) + k + 1))
    return tuple(previous.segments[place] if place >= 0 else f"s{next(fresh)}" for place in earlier)


@dataclass(frozen=True, eq=False)
class ShopperClustersResult(TableResult):
    """Kinds of shoppers that were found; one segment of all customers where there are none.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features
    >>> features = shopper_features(open_workspace("simulated:fashion,customers=300").at("latest"))
    >>> clusters = ShopperClusters(most=3, repeats=3, draws=5).fit(features)

    Attributes:
        frame: One row a segment: ``segment, customers, share``, its stability ``jaccard`` with ``lo, hi`` (95 %) and
            ``verdict``, and its most different feature beside the base.
        scoring: Fixed centres, to be saved and used next month.
        members: ``customer_id, segment, p``, a row a customer.
        curve: Prediction strength by number of segments, with the tests of those that reached the bar.
        spec: How they were looked for.
        simulated: Whether the data are.
    """

    frame: pd.DataFrame
    scoring: ClusterScoring
    members: pd.DataFrame
    curve: pd.DataFrame
    spec: ShopperClusters
    simulated: bool = False

    name: ClassVar[str] = "shopper_clusters"
    formats: ClassVar[dict[str, str]] = {
        "customers": ",.0f", "share": ".1%", "jaccard": ".2f", "lo": ".2f", "hi": ".2f", "feature_share": ".1%",
        "feature_base": ".1%", "feature_index": ".2f",
    }  # fmt: skip
    words: ClassVar[dict[str, str]] = {"verdict": "persona_clusters.verdict_"}

    @property
    def k(self) -> int:
        """Number of segments.

        >>> clusters.k >= 1
        True
        """
        return len(self.scoring.segments)

    def shown(self) -> pd.DataFrame:
        """The table with names of segments and features in words; where there is one, its name and size.

        >>> "name" in clusters.shown()
        True
        """
        names = segment_names(self.scoring)
        frame = self.in_words(self.frame)
        frame["feature"] = [feature_words(name).text() for name in frame["feature"]]
        frame.insert(1, "name", [names[segment].text() for segment in frame["segment"]])
        return frame if self.k > 1 else frame[["segment", "name", "customers", "share"]]

    def readout(self) -> Readout:
        """How many kinds there are, which of them are stable, and what to do with them.

        >>> len(clusters.readout().text()) > 0
        True
        """
        stable = self.frame["verdict"] == "stable"
        values = {
            "k": self.k, "stable": int(stable.sum()), "customers": int(self.frame["customers"].sum()),
            "share": float(self.frame["share"][stable].sum()), "tried": self.spec.most,
            "strength": self._strength, "draws": self.spec.draws, "lines": self.spec.least_lines,
            "sure": float((self.members["p"] >= 0.8).mean()), "unstable": ", ".join(self.frame["segment"][~stable]),
        }  # fmt: skip
        if self.k == 1:
            return Readout.of("persona_clusters", values, "none_finding", "none_certainty", "none_action")
        certainty = "certainty_auto" if self.spec.k == "auto" else "certainty_given"
        finding = "finding_all" if stable.all() else "finding" if stable.any() else "finding_none"
        return Readout.of("persona_clusters", values, finding, certainty, "action" if stable.all() else "action_some")

    @property
    def _strength(self) -> float:
        own = self.curve["strength"][self.curve["k"] == self.k]
        return float(own.iloc[0]) if len(own) else float("nan")

    def facts(self) -> tuple[Fact, ...]:
        """Number of segments; where there are several, their sizes and stability.

        >>> clusters.facts()[0].id
        'clusters.k'
        """
        kind: Kind = "simulated" if self.simulated else "estimate"
        n = int(self.frame["customers"].sum())
        names = segment_names(self.scoring)
        label = "persona_clusters.fact_"

        def of(key: str) -> Callable[[Mapping[str, Any]], Message]:
            return lambda row: Message(f"{label}{key}", {"name": names[row["segment"]]})

        found = Fact("clusters.k", f"{label}k_one" if self.k == 1 else f"{label}k", self.k, kind=kind, n=n)
        if self.k == 1:
            return (found,)
        return (
            found,
            *facts_of(self.frame, "clusters.{segment}.share", of("share"), "share", "share", n="customers", kind=kind),
            *facts_of(
                self.frame, "clusters.{segment}.jaccard", of("jaccard"), "jaccard", ends=("lo", "hi"), n=n, kind=kind
            ),
        )
