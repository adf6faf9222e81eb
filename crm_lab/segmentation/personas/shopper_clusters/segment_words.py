"""What sets a segment apart, in words: marks, names that follow from them, and what to test next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from crm_lab.messages import Message
from crm_lab.segmentation.personas.shopper_clusters.cluster_scoring import ClusterScoring
from crm_lab.stats.clustering.group_stability import verdicts

CLEAR = 0.25
"""Least distance of a mark from the base on the scale 2 arcsin(sqrt(share)): .20 is told apart from .31."""
MOST_MARKS = 3
VERDICTS = ("dissolves", "uncertain", "stable")
_KINDS = ("category", "brand", "style", "scene")
_ROOM = "persona_clusters"


def marks(scoring: ClusterScoring) -> pd.DataFrame:
    """Every feature of every segment beside the base, the most different first.

    >>> from datetime import date
    >>> from crm_lab.segmentation.personas.shopper_clusters.cluster_scoring import scoring_of
    >>> centres = {"s1": {"price_share": 0.2}, "s2": {"price_share": 0.7}}
    >>> scoring = scoring_of(centres, (("price_share",),), {"s1": 0.6, "s2": 0.4}, (0.05,), as_of=date(2024, 6, 30))
    >>> marks(scoring)["index"].round(2).tolist()
    [0.5, 1.75]

    Args:
        scoring: The segments.

    Returns:
        ``segment, feature, share, base, index`` (share by base), ``distance`` (signed, on the scale on which sampling
        noise is alike at every share).
    """
    table = scoring.centres().melt("segment", var_name="feature", value_name="share")
    table["base"] = table["feature"].map(scoring.base())
    table["index"] = table["share"] / table["base"]
    table["distance"] = 2 * (np.arcsin(np.sqrt(table["share"])) - np.arcsin(np.sqrt(table["base"])))
    table["size"] = table["distance"].abs()
    table["segment"] = pd.Categorical(table["segment"], scoring.segments)
    table = table.sort_values(["segment", "size"], ascending=[True, False], kind="stable", ignore_index=True)
    return table.drop(columns="size").astype({"segment": object})


def clear_marks(scoring: ClusterScoring, segment: str) -> list[dict[str, Any]]:
    """The most different features of a segment, at most three, those it has more of first.

    Args:
        scoring: The segments.
        segment: One of them.

    Returns:
        Rows of `marks`.
    """
    table = marks(scoring)
    own = table[(table["segment"] == segment) & (table["distance"].abs() >= CLEAR)]
    more, less = own[own["distance"] > 0], own[own["distance"] < 0]
    rows: Any = pd.concat([more, less]).head(MOST_MARKS).to_dict("records")
    return list(rows)


def feature_words(feature: str) -> Message:
    """A feature in words: *at night*, *baby*.

    >>> feature_words("night_share").text("en"), feature_words("category:baby").text("en")
    ('at night', 'baby')
    """
    kind, _, value = feature.partition(":")
    return Message(f"{_ROOM}.feature_{kind}", {"value": value})


def mark_words(mark: Mapping[str, Any]) -> Message:
    """A mark as a phrase: *at night: 31% of lines, all 6%*."""
    return Message(f"{_ROOM}.mark", {**mark, "words": feature_words(mark["feature"])})


def segment_names(scoring: ClusterScoring) -> dict[str, Message]:
    """Names that follow from the clearest mark; equal ones are numbered, and what is not stable has no name.

    >>> from datetime import date
    >>> from crm_lab.segmentation.personas.shopper_clusters.cluster_scoring import scoring_of
    >>> centres = {"s1": {"price_share": 0.2}, "s2": {"price_share": 0.7}}
    >>> scoring = scoring_of(centres, (("price_share",),), {"s1": 0.6, "s2": 0.4}, (0.05,), as_of=date(2024, 6, 30))
    >>> {segment: name.text("en") for segment, name in segment_names(scoring).items()}
    {'s1': 'seldom on discount', 's2': 'often on discount'}

    Args:
        scoring: The segments.

    Returns:
        A message by segment.
    """
    stems = {segment: _stem(scoring, segment, k) for k, segment in enumerate(scoring.segments)}
    said = Counter(message.text("en") for message in stems.values())
    seen: Counter[str] = Counter()
    names = {}
    for segment, message in stems.items():
        text = message.text("en")
        seen[text] += 1
        numbered = said[text] > 1 and message.key != f"{_ROOM}.unnamed"
        names[segment] = Message(f"{_ROOM}.numbered", {"name": message, "n": seen[text]}) if numbered else message
    return names


def _stem(scoring: ClusterScoring, segment: str, place: int) -> Message:
    if len(scoring.segments) == 1:
        return Message(f"{_ROOM}.name_everyone")
    if verdict(scoring.jaccard[place]) in ("dissolves", "uncertain"):
        return Message(f"{_ROOM}.unnamed", {"segment": segment})
    found = clear_marks(scoring, segment)
    if not found:
        return Message(f"{_ROOM}.name_average")
    way = "more" if found[0]["distance"] > 0 else "less"
    return Message(f"{_ROOM}.name_{way}", {"words": feature_words(found[0]["feature"])})


def verdict(jaccard: float) -> str:
    """How stable a segment is by its Jaccard similarity: ``stable``, ``uncertain``, ``dissolves`` or ``not_measured``.

    >>> verdict(0.9), verdict(0.5), verdict(float("nan"))
    ('stable', 'dissolves', 'not_measured')
    """
    return "not_measured" if np.isnan(jaccard) else VERDICTS[int(verdicts(np.array([jaccard]))[0])]


def next_test(scoring: ClusterScoring, segment: str) -> Message:
    """What a test of the segment could ask, by its clearest mark: a hypothesis, no effect.

    Args:
        scoring: The segments.
        segment: One of them.

    Returns:
        A sentence.
    """
    place = scoring.segments.index(segment)
    if verdict(scoring.jaccard[place]) in ("dissolves", "uncertain"):
        return Message(f"{_ROOM}.test_unstable")
    found = clear_marks(scoring, segment)
    if not found:
        return Message(f"{_ROOM}.test_average")
    feature = found[0]["feature"]
    kind = feature.partition(":")[0]
    family = "named" if kind in _KINDS else "hours" if kind in _HOURS else kind.removesuffix("_share")
    way = "more" if found[0]["distance"] > 0 else "less"
    return Message(f"{_ROOM}.test_{family}_{way}", {"words": feature_words(feature)})


_HOURS = ("night_share", "morning_share", "afternoon_share", "evening_share", "weekend_share")
