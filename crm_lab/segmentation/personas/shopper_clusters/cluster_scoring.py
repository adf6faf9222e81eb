"""Segments with fixed centres in a readable file: next month's run scores with the same ones."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, Problems, as_date
from crm_lab.exports import out_dir, write_whole
from crm_lab.project import project_root
from crm_lab.segmentation.personas.shopper_clusters.cluster_features import REST, columns_of, counts_of
from crm_lab.segmentation.personas.shopper_tags.shopper_features import ShopperFeatures
from crm_lab.stats.clustering.count_mixture import CountMixture

_KIND = "crm_lab shopper segments"


@dataclass(frozen=True, eq=False)
class ClusterScoring:
    """Centres of segments and what is needed to score customers with them.

    >>> from datetime import date
    >>> centres = {"s1": {"price_share": 0.2}, "s2": {"price_share": 0.7}}
    >>> scoring = scoring_of(centres, (("price_share",),), {"s1": 0.6, "s2": 0.4}, (0.05,), as_of=date(2024, 6, 30))
    >>> scoring.centres().round(2).to_dict("list")
    {'segment': ['s1', 's2'], 'price_share': [0.2, 0.7]}

    Attributes:
        segments: Ids, ``s1`` ...; they stay the same from run to run.
        groups: Features by block: those of a block are parts of one whole.
        mixture: Shares, weights and overdispersion of the segments.
        overall: Share of each column among all customers of the fit, shape (columns,).
        jaccard: Stability of each segment; missing where it was not measured.
        as_of: Last day of the data they were found on.
        customers: Customers per segment then.
    """

    segments: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    mixture: CountMixture
    overall: Floats
    jaccard: tuple[float, ...]
    as_of: date
    customers: tuple[int, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """The features that a customer is scored by.

        >>> scoring.features
        ('price_share',)
        """
        return tuple(name for group in self.groups for name in group)

    def centres(self) -> pd.DataFrame:
        """Share of each feature in each segment, a row a segment.

        >>> list(scoring.centres())
        ['segment', 'price_share']
        """
        return self._by_feature(self.mixture.shares).assign(segment=self.segments)[["segment", *self.features]]

    def base(self) -> pd.Series:
        """Share of each feature among all customers of the fit, by feature.

        >>> scoring.base().round(2).to_dict()
        {'price_share': 0.4}
        """
        return self._by_feature(self.overall[None, :]).iloc[0]

    def _by_feature(self, shares: Floats) -> pd.DataFrame:
        columns = columns_of(self.groups)
        kept = [k for k, name in enumerate(columns) if name != REST]
        return pd.DataFrame(shares[:, kept], columns=[columns[k] for k in kept])

    def posterior(self, features: ShopperFeatures, prior: Floats | None = None) -> Floats:
        """Probability of each segment for each customer, shape (customers, segments).

        Args:
            features: Shares with counts; missing ones of a customer say nothing.
            prior: Of each customer, same shape; the sizes of the segments unless given.

        Returns:
            Rows sum to 1.

        Raises:
            BadInput: If the data lack a feature of the segments.
        """
        return self.mixture.posterior(counts_of(features, self.groups), prior)

    def score(self, features: ShopperFeatures) -> pd.DataFrame:
        """The most probable segment of each customer, with its probability.

        Args:
            features: Shares with counts.

        Returns:
            ``customer_id, segment, p``, a row a customer.

        Raises:
            BadInput: If the data lack a feature of the segments.
        """
        chances = self.posterior(features)
        best = chances.argmax(axis=1) if len(chances) else np.zeros(0, dtype=int)
        ids = np.asarray(self.segments, dtype=object)
        return pd.DataFrame(
            {
                "customer_id": features.frame["customer_id"].to_numpy(),
                "segment": ids[best],
                "p": chances[np.arange(len(chances)), best],
            }
        )

    def to_toml(self) -> str:
        """The segments as TOML, made to be read and compared by people.

        >>> scoring.to_toml().splitlines()[:2]
        ['kind = "crm_lab shopper segments"', 'as_of = 2024-06-30']
        """
        lines = [
            f"kind = {_text(_KIND)}",
            f"as_of = {self.as_of.isoformat()}",
            f"groups = {json.dumps(self.groups, ensure_ascii=False)}",
            f"correlation = {json.dumps(self.mixture.correlation.tolist())}",
        ]
        for k, segment in enumerate(self.segments):
            lines += ["", "[[segment]]", f"id = {_text(segment)}", f"weight = {float(self.mixture.weights[k])!r}"]
            lines += [f"customers = {self.customers[k]}"]
            lines += [f"jaccard = {self.jaccard[k]!r}"] if np.isfinite(self.jaccard[k]) else []
            lines += ["[segment.shares]", *self._lines(self.mixture.shares[k])]
        return "\n".join([*lines, "", "[overall]", *self._lines(self.overall)]) + "\n"

    def _lines(self, shares: Floats) -> list[str]:
        named = zip(columns_of(self.groups), shares, strict=True)
        return [f"{_text(name)} = {float(share)!r}" for name, share in named if name != REST]

    def save(self, name: str = "shopper_segments.toml") -> Path:
        """Write the segments to the page's output folder (`crm_lab.exports.out_dir`), whole or not at all.

        >>> path = scoring.save("spring_segments.toml")
        >>> load_clusters(path).to_toml() == scoring.to_toml()
        True
        >>> path.unlink()

        Args:
            name: Name of the file.

        Returns:
            The path written.
        """
        return write_whole(out_dir() / name, self.to_toml().encode())


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def scoring_of(
    centres: dict[str, dict[str, float]],
    groups: tuple[tuple[str, ...], ...],
    weights: dict[str, float],
    correlation: tuple[float, ...],
    *,
    as_of: date,
    jaccard: dict[str, float] | None = None,
    customers: dict[str, int] | None = None,
) -> ClusterScoring:
    """Segments from the shares of their features.

    Args:
        centres: Segment to the share of each feature.
        groups: Features by block.
        weights: Segment to its share of customers.
        correlation: Overdispersion of each block.
        as_of: Last day of the data behind them.
        jaccard: Stability of each, where measured.
        customers: Customers of each.

    Returns:
        The segments.

    Raises:
        BadInput: If shares are missing, or are none.
    """
    problems = Problems("Shopper segments")
    for segment, shares in centres.items():
        wrong = [name for group in groups for name in group if not 0 <= shares.get(name, -1) <= 1]
        problems.unless(not wrong, f"{segment} has no share from 0 to 1 of {', '.join(wrong)}; give it.")
        problems.unless(0 < weights.get(segment, -1) <= 1, f"{segment} has no weight in (0, 1]; give it.")
    problems.unless(
        len(correlation) == len(groups), f"There are {len(correlation)} correlations of {len(groups)} blocks."
    )
    problems.raise_any()
    table = np.array([_row(groups, centres[segment]) for segment in centres])
    sizes = np.array([weights[segment] for segment in centres])
    known, counted = jaccard or {}, customers or {}
    return ClusterScoring(
        tuple(centres), groups, CountMixture(table, sizes, np.array(correlation, dtype=np.float64)),
        np.asarray(sizes @ table / sizes.sum()), tuple(known.get(s, float("nan")) for s in centres), as_of,
        tuple(counted.get(s, 0) for s in centres),
    )  # fmt: skip


def _row(groups: tuple[tuple[str, ...], ...], shares: dict[str, float]) -> list[float]:
    row: list[float] = []
    for group in groups:
        own = [max(float(shares[name]), 1e-4) for name in group]
        row += [*own, max(1 - sum(own), 1e-6)]
    return row


def load_clusters(path: str | Path) -> ClusterScoring:
    """Read segments that `ClusterScoring.save` wrote; a relative path starts at the project's folder.

    >>> load_clusters("no_such_segments.toml")
    Traceback (most recent call last):
    crm_lab.checks.BadInput: 'no_such_segments.toml' is no file; give one that `ClusterScoring.save` wrote.

    Args:
        path: The file.

    Returns:
        The segments, with the same ids and centres.

    Raises:
        BadInput: If there is no such file, or it holds no segments.
    """
    file = project_root() / path
    if not file.is_file():
        raise BadInput(f"{str(path)!r} is no file; give one that `ClusterScoring.save` wrote.")
    try:
        return _from_toml(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{file.name} holds no segments that can be read ({error}); save them again.") from error


def _from_toml(content: dict[str, Any]) -> ClusterScoring:
    if content.get("kind") != _KIND:
        raise KeyError("kind")
    rows, groups = content["segment"], tuple(tuple(map(str, group)) for group in content["groups"])
    found = scoring_of(
        {row["id"]: row["shares"] for row in rows}, groups, {row["id"]: row["weight"] for row in rows},
        tuple(map(float, content["correlation"])), as_of=as_date(content["as_of"]),
        jaccard={row["id"]: float(row["jaccard"]) for row in rows if "jaccard" in row},
        customers={row["id"]: int(row["customers"]) for row in rows},
    )  # fmt: skip
    overall = np.array(_row(groups, content["overall"]))
    return ClusterScoring(found.segments, groups, found.mixture, overall, found.jaccard, found.as_of, found.customers)
