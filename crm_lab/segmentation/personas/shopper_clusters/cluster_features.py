"""Features of shoppers as counts for clustering: which share a denominator, and which are named but missing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput
from crm_lab.segmentation.personas.shopper_tags.shopper_features import ShopperFeatures
from crm_lab.stats.clustering.count_blocks import CountBlocks, blocks_of, varying

HOURS = ("night_share", "morning_share", "afternoon_share", "evening_share")
REST = "rest"


def compositions(names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Features that are parts of one whole together: hours of the day, values of one column; the others alone.

    >>> compositions(["price_share", "night_share", "evening_share", "category:baby", "category:toys"])
    (('price_share',), ('night_share', 'evening_share'), ('category:baby', 'category:toys'))

    Args:
        names: Features.

    Returns:
        The features of each block, in the order in which they first appear.
    """
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        groups.setdefault("hours" if name in HOURS else name.split(":")[0], []).append(name)
    return tuple(map(tuple, groups.values()))


def columns_of(groups: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Name of each column of counts: the features, and after each block its rest.

    >>> columns_of([("price_share",)])
    ('price_share', 'rest')
    """
    return tuple(name for group in groups for name in (*group, REST))


def counts_of(features: ShopperFeatures, groups: Sequence[Sequence[str]]) -> CountBlocks:
    """Lines of each customer by feature, in blocks.

    Args:
        features: Shares with their counts.
        groups: The features of each block.

    Returns:
        Shape (customers, features and rests).

    Raises:
        BadInput: If a feature is missing, or a count is no number from 0 to its total.
    """
    names = [name for group in groups for name in group]
    missing = [name for name in names if name not in features.counts]
    if missing:
        raise BadInput(
            f"These data have no {', '.join(missing)}; the segments were made with them. Give data that have them,"
            " or make segments without them."
        )
    hits, totals = (_matrix(features, names, side) for side in (0, 1))
    wrong = int(((hits < 0) | (hits > totals)).any(axis=1).sum())
    if wrong:
        raise BadInput(
            f"{wrong:,} customers have more lines with a feature than lines; counts lie from 0 to the total."
        )
    places = {name: k for k, name in enumerate(names)}
    return blocks_of(hits, totals, [[places[name] for name in group] for group in groups])


def _matrix(features: ShopperFeatures, names: Sequence[str], side: int) -> Floats:
    values = [np.nan_to_num(np.asarray(features.counts[name][side], dtype=np.float64)) for name in names]
    return np.column_stack(values) if values else np.zeros((len(features.frame), 0))


def varying_groups(features: ShopperFeatures, names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The blocks in which customers differ; a feature that is the same for all says nothing about kinds.

    Args:
        features: Shares with their counts.
        names: Features asked for.

    Returns:
        Blocks as of `compositions`.

    Raises:
        BadInput: If a feature is missing.
    """
    groups = compositions(names)
    if not groups or not len(features.frame):
        return ()
    differs = varying(counts_of(features, groups))
    return tuple(group for group, kept in zip(groups, differs, strict=True) if kept)
