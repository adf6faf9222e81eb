"""Customers who can be offered one of several things: what is thought to be gained by each, and what truly is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.random import Generator

from crm_lab.arrays import Floats, Integers
from crm_lab.checks import BadInput
from crm_lab.simulate.scenario.streams import BLOCK, blocks_of, stream

ACTIONS = ("snacks", "coffee", "care set", "wine case")
CHANNELS = ("app", "email", "sms")
DAYS = (2, 6)
"""Days of the week on which a message can be sent: Tuesday and Saturday."""

_MARGIN = np.array([6.0, 11.0, 18.0, 32.0])  # currency an order, by action
_UPLIFT = np.array([0.12, 0.08, 0.05, 0.03])  # mean rise of the chance of an order, by action
_COST = np.array([0.0, 0.01, 0.08])  # currency a message, by channel
_RESPONSE = np.array([0.35, 0.25, 0.6])  # mean chance that a message is seen, by channel
_CONSENT = np.array([0.5, 0.7, 0.6])
_RECENT = 1.2  # mean messages of the last 28 days
_BUDGET = 0.015  # currency a customer
_CAPACITY = (0.15, 0.25, 0.2)  # messages a customer, by channel


@dataclass(frozen=True, eq=False)
class ActionWorld:
    """A choice of one message at most for each customer; made up, and marked so.

    >>> world = action_world(200, seed=1)
    >>> world.broken(world.candidates.iloc[:0])
    {}

    Attributes:
        candidates: A row a customer, action, channel and day (`to_frame` names the columns).
        capacity: Most messages by channel.
        budget: Most that all messages may cost.
        most_contacts: Most messages of a customer in 28 days, those of the last 28 among them.
        fatigue: What is left of an effect with each of the recent messages.
    """

    candidates: pd.DataFrame
    capacity: Mapping[str, int]
    budget: float
    most_contacts: int = 4
    fatigue: float = 0.85

    simulated: ClassVar[bool] = True

    def to_frame(self) -> pd.DataFrame:
        """The candidates.

        >>> world.to_frame().shape
        (4800, 15)

        Returns:
            ``customer_id, action, channel, day`` (of the week, Monday is 1); ``margin`` of an order, currency;
            ``uplift_estimate`` of the chance of an order if the message is seen, and its standard error ``uplift_se``;
            ``response``, the chance that it is seen, times ``send_time`` on that day; ``cost``, currency; ``consent``;
            ``recent_contacts``, messages of the last 28 days; ``score``, the predicted chance of an order with the
            message; and what only the key knows, ``true_uplift`` and ``true_gain``, currency.
        """
        return self.candidates.copy()

    def expected_gain(self, uplift: pd.Series | Floats) -> pd.Series:
        """What each row brings if its uplift were this: uplift × margin × response × send time × fatigue − cost.

        >>> world = action_world(200, seed=1)
        >>> bool(np.allclose(world.expected_gain(world.candidates["true_uplift"]), world.candidates["true_gain"]))
        True

        Args:
            uplift: Of each candidate, in their order.

        Returns:
            Currency.
        """
        return _gain(self.candidates, np.asarray(uplift, dtype=np.float64), self.fatigue)

    def true_gain(self, chosen: pd.DataFrame) -> float:
        """What a choice truly brings, less what it costs.

        >>> world.true_gain(world.candidates.iloc[:0])
        0.0

        Args:
            chosen: Rows of the candidates: ``customer_id, action, channel, day``; other columns do not matter.

        Returns:
            Currency.

        Raises:
            BadInput: If a row is no candidate, or given twice.
        """
        return float(self._rows(chosen)["true_gain"].sum())

    def broken(self, chosen: pd.DataFrame) -> dict[str, float]:
        """By how much a choice breaks each rule; empty if it keeps all.

        >>> world.broken(world.candidates)["one_each"] > 0
        True

        Args:
            chosen: Rows of the candidates.

        Returns:
            ``one_each``, ``consent``, ``contacts`` (messages too many), ``capacity`` (the same), ``budget`` (currency).

        Raises:
            BadInput: If a row is no candidate, or given twice.
        """
        rows = self._rows(chosen)
        sent = rows["channel"].value_counts()
        over = {
            "one_each": len(rows) - rows["customer_id"].nunique(),
            "consent": int((~rows["consent"]).sum()),
            "contacts": int((rows["recent_contacts"] >= self.most_contacts).sum()),
            "capacity": sum(max(int(sent.get(name, 0)) - most, 0) for name, most in self.capacity.items()),
            "budget": max(float(rows["cost"].sum()) - self.budget, 0.0),
        }
        return {name: value for name, value in over.items() if value > 1e-9}

    def _rows(self, chosen: pd.DataFrame) -> pd.DataFrame:
        """Candidates that were chosen."""
        key = ["customer_id", "action", "channel", "day"]
        found = chosen[key].merge(self.candidates, on=key, how="left", validate="many_to_one")
        lost, twice = int(found["true_gain"].isna().sum()), int(chosen.duplicated(key).sum())
        if lost or twice:
            raise BadInput(f"Of the chosen rows {lost:,} are no candidates and {twice:,} are there twice.")
        return found


def action_world(customers: int = 1_000, seed: int = 0) -> ActionWorld:
    """Make up customers, their candidates and the limits.

    Uplifts are skewed: most customers are hardly moved, some are put off. Who buys anyway has nothing to do with who is
    moved, so the top of the score is not the top of the gain.

    >>> action_world(10).candidates.groupby("customer_id").size().unique().tolist()
    [24]

    Args:
        customers: How many; more of them never change those there are.
        seed: The chance that plays.

    Returns:
        The world; limits grow with the customers.

    Raises:
        BadInput: If there are no customers, or the seed is below 0.
    """
    if customers < 1 or seed < 0:
        raise BadInput(f"customers is {customers}, seed {seed}; they must be 1 and 0 or more.")
    blocks = [_block(stream(seed, "action_world", number), number) for number in blocks_of(customers)]
    each = len(ACTIONS) * len(CHANNELS) * len(DAYS)
    frame = pd.concat(blocks, ignore_index=True).iloc[: each * customers]
    capacity = {name: int(share * customers) for name, share in zip(CHANNELS, _CAPACITY, strict=True)}
    gain = _gain(frame, frame["true_uplift"].to_numpy(np.float64), ActionWorld.fatigue)
    return ActionWorld(frame.assign(true_gain=gain), capacity, round(_BUDGET * customers, 2))


def _gain(rows: pd.DataFrame, uplift: Floats, fatigue: float) -> pd.Series:
    margin, response, send_time, recent, cost = (
        rows[name].to_numpy(np.float64) for name in ("margin", "response", "send_time", "recent_contacts", "cost")
    )
    return pd.Series(uplift * margin * response * send_time * fatigue**recent - cost, index=rows.index, name="gain")


def _block(rng: Generator, number: int) -> pd.DataFrame:
    """Candidates of one block of customers without their true gain."""
    a, c, d = len(ACTIONS), len(CHANNELS), len(DAYS)
    margin = _MARGIN * np.exp(rng.normal(0, 0.4, (BLOCK, a)) - 0.08)
    moved = _UPLIFT * (1.25 * rng.exponential(1.0, (BLOCK, a)) - 0.25)
    error = _UPLIFT * rng.uniform(0.4, 1.5, (BLOCK, a))
    noise = rng.standard_normal((BLOCK, a))
    anyway = rng.beta(1.2, 5.0, (BLOCK, a))
    true = np.clip(moved, -anyway, 1 - anyway)  # the chance of buying stays one
    estimate = true + error * noise
    response = rng.beta(4 * _RESPONSE, 4 * (1 - _RESPONSE), (BLOCK, c))
    lean = rng.uniform(0.6, 1.0, (BLOCK, d))
    consent = rng.random((BLOCK, c)) < _CONSENT
    recent = rng.poisson(_RECENT, BLOCK)
    who, act, chan, when = (part.ravel() for part in np.indices((BLOCK, a, c, d)))
    names = np.array([f"C{number * BLOCK + k:07d}" for k in range(BLOCK)], dtype=object)
    return pd.DataFrame({
        "customer_id": names[who], "action": _named(ACTIONS, act), "channel": _named(CHANNELS, chan),
        "day": np.array(DAYS)[when], "margin": margin[who, act], "uplift_estimate": estimate[who, act],
        "uplift_se": error[who, act], "response": response[who, chan], "send_time": lean[who, when],
        "cost": _COST[chan], "consent": consent[who, chan], "recent_contacts": recent[who],
        "score": np.clip(anyway + np.maximum(estimate, 0), 0, 1)[who, act], "true_uplift": true[who, act],
    })  # fmt: skip


def _named(names: tuple[str, ...], number: Integers) -> np.ndarray:
    return np.array(names, dtype=object)[number]
