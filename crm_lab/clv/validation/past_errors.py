"""How far purchase models usually miss the total of a period, by its length."""

from __future__ import annotations

import math

import pandas as pd

_QUARTER = 91
_PERSISTENT, _PASSING = 0.13, 0.10
_OFF = 0.25  # a total missed by more than a quarter at most origins is off the track
WIDEST = 4.0  # upper over lower end of an interval beyond which no total is stated


def usual_errors(days: int) -> tuple[float, float]:
    """Usual size of the part of an error that a base keeps and of the part that passes, as logarithms.

    At 34 past dates of six public bases, mostly a quarter ahead, models missed the total by 13 % on average, and by
    11 % after the ratio of the same season a year before was taken off: root mean squares of .163 = √(p² + q²) and of
    .138 = √2 q. What passes averages out over a longer period, what a base keeps adds up: on CDNOW, Complete Journey
    and UCI Online Retail the errors of periods of 30 to 182 days spread over past dates with the inverse root of the
    length, and their mean grew with its root (`python -m certification totals.certify_errors_by_length`).

    >>> [round(part, 3) for part in usual_errors(91)], [round(part, 3) for part in usual_errors(364)]
    ([0.13, 0.1], [0.26, 0.05])

    Args:
        days: Length of the period.
    """
    longer = math.sqrt(days / _QUARTER)
    return _PERSISTENT * longer, _PASSING / longer


def off_track(scores: pd.DataFrame, model: str) -> dict[str, float] | None:
    """A model's mean bias, with the limit it is held to, if it missed the total by more at most origins, or ``None``.

    >>> off_track(pd.DataFrame({"model": "nbd", "bias": [0.5, -0.1, 0.35]}), "nbd")
    {'bias': 0.25, 'limit': 0.25}
    """
    bias = scores.loc[scores["model"] == model, "bias"]
    return {"bias": float(bias.mean()), "limit": _OFF} if (bias.abs() > _OFF).mean() > 0.5 else None
