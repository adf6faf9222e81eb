"""What each action is expected to earn, and how sure a sum of such gains is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats, Integers
from crm_lab.recommend.next_best_action.effect_shrinkage import FEWEST, shrunk_effects
from crm_lab.stats.intervals import z_value

Money = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class ActionGains:
    """Expected gains of actions and their errors.

    Attributes:
        raw: Gain if the estimate of the effect is taken at its word, shape (rows,).
        mean: Expected gain given all estimates, shape (rows,).
        uplift: Expected effect, shape (rows,).
        sd: Standard deviation of the true gain about `mean`, nan where the effect has no standard error, shape (rows,).
        group: Rows whose effects were drawn to one mean, shape (rows,).
        of_centre: Standard error that a row has from its group's mean, shape (rows,).
        shared: Share of the variance that rows of a group have in common.
    """

    raw: Floats
    mean: Floats
    uplift: Floats
    sd: Floats
    group: Integers
    of_centre: Floats
    shared: float

    def total(self, weight: Floats, level: float) -> Money:
        """Expected gain of a plan with its interval.

        Args:
            weight: How often each row is done, 0 or 1, or a mean of several plans, shape (rows,).
            level: Confidence level.

        Returns:
            Gain, lower and upper end; ends are nan where an effect of the plan has no standard error.
        """
        rows = np.flatnonzero(weight)
        gain = float(weight[rows] @ self.mean[rows])
        error = weight[rows] * self.sd[rows]
        groups = np.unique(self.group[rows], return_inverse=True)[1]
        common = np.bincount(groups, error) ** 2
        centre = np.abs(np.bincount(groups, weight[rows] * self.of_centre[rows])).sum() ** 2
        variance = (1 - self.shared) * float(error @ error) + self.shared * common.sum() + centre
        half = z_value(level) * math.sqrt(float(variance))
        return gain, gain - half, gain + half


def action_gains(frame: pd.DataFrame, fatigue: float, shared: float) -> ActionGains:
    """Gains: uplift × margin × response × send time × fatigue − cost, with noise of measured uplifts drawn back.

    A measured uplift is drawn to the mean of its action and channel. An assumed one stays: its error is that of the
    assumption, the same for everybody, and says nothing of how customers differ.

    >>> frame = pd.DataFrame({"action": "tea", "channel": "email", "uplift": [0.1, 0.2], "uplift_se": 0.0,
    ...     "source": "measured", "margin": 10.0, "response": 0.5, "send_time": 1.0, "cost": 0.1,
    ...     "recent_contacts": [0, 1]})
    >>> action_gains(frame, 0.5, 1.0).mean.round(3).tolist()
    [0.4, 0.4]

    Args:
        frame: As `ActionCandidates` has it.
        fatigue: Factor on the effect for each recent contact.
        shared: Share of the variance of errors that rows of one action and channel have in common.

    Returns:
        The gains.
    """  # fmt: skip
    number = {
        name: frame[name].to_numpy(dtype=float)
        for name in ("uplift", "uplift_se", "margin", "response", "send_time", "cost", "recent_contacts")
    }
    measured = (frame["source"] == "measured").to_numpy()
    noise = np.where(measured, number["uplift_se"], np.nan)
    group = _groups(frame, np.isfinite(noise))
    found = shrunk_effects(number["uplift"], noise, group)
    sd = np.where(measured, found.sd, number["uplift_se"])
    factor = number["margin"] * number["response"] * number["send_time"] * fatigue ** number["recent_contacts"]
    return ActionGains(
        raw=factor * number["uplift"] - number["cost"], mean=factor * found.mean - number["cost"], uplift=found.mean,
        sd=np.abs(factor) * sd, group=group, of_centre=factor * found.pull * found.centre_se, shared=shared,
    )  # fmt: skip


def _groups(frame: pd.DataFrame, known: np.ndarray) -> Integers:
    """Action and channel; where these have few estimates the channel, where that has few all together."""
    channel = pd.factorize(frame["channel"], sort=True)[0].astype(np.int64)
    both = frame.groupby(["action", "channel"], sort=True, observed=True).ngroup().to_numpy(dtype=np.int64)
    few_both = np.bincount(both, known)[both] < FEWEST
    few_channel = np.bincount(channel, known & few_both)[channel] < FEWEST
    rest = np.where(few_channel, both.max() + channel.max() + 2, both.max() + 1 + channel)
    return np.where(few_both, rest, both)
