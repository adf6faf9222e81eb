"""Which kind of shopper somebody is, as well as anybody can tell from counts: the posterior of the planted process.

Own shares are Dirichlet (or beta) around those of the kind, so counts are Dirichlet-multinomial given the kind; a
change of kind draws the own shares again, so a customer who may have changed once is a sum over the month of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crm_lab.arrays import Floats, Integers
from crm_lab.simulate.scenario.persona_settings import CHANCES, MIXES, PersonaSettings

BY_ORDER = ("hours", "weekend")
"""What is drawn once an order; the rest is drawn for each line."""


def count_columns(given: PersonaSettings) -> list[str]:
    """The columns of counts that tell about kinds."""
    mixes = [f"{name}:{value}" for name in MIXES for value in getattr(given, name)]
    return ["orders", "lines", *mixes, *CHANCES]


def planted_shares(given: PersonaSettings) -> dict[str, Floats]:
    """Mean shares of each kind (kinds,) by column of counts."""
    out: dict[str, Floats] = {}
    for name in MIXES:
        mix = given.mix(name)
        out |= {f"{name}:{value}": mix[:, n] for n, value in enumerate(getattr(given, name))}
    return out | {name: given.chance(name) for name in CHANCES}


def log_likelihood(given: PersonaSettings, counts: dict[str, Integers]) -> Floats:
    """Log-likelihood of each customer's counts under each kind (..., kinds), up to a term that all kinds share.

    Args:
        given: What is planted.
        counts: Column of `count_columns` -> counts (...,).
    """
    kinds = range(len(given.names))
    total = np.zeros((*counts["lines"].shape, len(kinds)))
    for name in MIXES:
        parts = np.stack([counts[f"{name}:{value}"] for value in getattr(given, name)])
        mix = given.spread * given.mix(name)
        for kind in kinds:
            total[..., kind] += _dirichlet_multinomial(parts, mix[kind])
    for name in CHANCES:
        whole = counts["orders" if name in BY_ORDER else "lines"]
        parts = np.stack([counts[name], whole - counts[name]])
        for kind, chance in enumerate(given.chance(name)):
            total[..., kind] += _dirichlet_multinomial(parts, given.spread * np.array([chance, 1 - chance]))
    return total


def _dirichlet_multinomial(parts: Integers, size: Floats) -> Floats:
    """Log-probability of counts (values, ...), without the multinomial coefficient, under Dirichlet sizes (values,)."""
    most = int(parts.sum(axis=0).max(initial=0))
    steps = np.arange(most)
    out: Floats = -_rising(size.sum(), steps)[parts.sum(axis=0)]
    for part, each in zip(parts, size, strict=True):
        out += _rising(each, steps)[part]
    return out


def _rising(size: float, steps: Integers) -> Floats:
    """Logs of the rising factorials of a size (steps + 1,): the log gamma function at whole distances."""
    return np.concatenate([[0.0], np.cumsum(np.log(size + steps))])


def posterior(given: PersonaSettings, counts: dict[str, Integers]) -> Floats:
    """Chance of each kind (customers, kinds), of customers who never change."""
    return _normed(np.log(given.shares) + log_likelihood(given, counts))


def posterior_now(given: PersonaSettings, months: dict[str, Integers]) -> Floats:
    """Chance of each kind in the last month (customers, kinds), of customers who may have changed once.

    Args:
        given: What is planted.
        months: Column of `count_columns` -> counts (customers, months), each month of the window up to now.
    """
    n_months = months["lines"].shape[1]
    before = {name: np.cumsum(values, axis=1) for name, values in months.items()}
    whole = {name: values[:, -1] for name, values in before.items()}
    stay = np.log(given.shares) + (n_months - 1) * np.log1p(-given.change) + log_likelihood(given, whole)
    if len(given.names) == 1 or not given.change:
        return _normed(stay)
    changed = [
        month_log + _after(given, {k: v[:, month] for k, v in before.items()}, whole)
        for month, month_log in enumerate(_waiting(given.change, n_months - 1))
    ]
    return _normed(_log_sum(np.stack([stay, *changed])))


def _waiting(change: float, months: int) -> Sequence[float]:
    """Log-chance that the change comes after each number of months."""
    return [float(np.log(change) + month * np.log1p(-change)) for month in range(months)]


def _after(given: PersonaSettings, before: dict[str, Integers], whole: dict[str, Integers]) -> Floats:
    """Log of kind and counts (customers, kinds now), if the change comes between `before` and the rest."""
    shares = given.shares
    leave = np.log(shares) - np.log1p(-shares) + log_likelihood(given, before)
    now = log_likelihood(given, {name: whole[name] - before[name] for name in whole})
    others = [_log_sum(np.delete(leave, kind, axis=1).T) for kind in range(shares.size)]
    return np.log(shares) + np.stack(others, axis=1) + now


def _log_sum(parts: Floats) -> Floats:
    """Log of the sum of exponentials over the first axis."""
    top = parts.max(axis=0)
    out: Floats = top + np.log(np.exp(parts - top).sum(axis=0))
    return out


def _normed(logs: Floats) -> Floats:
    """Chances from logs of anything proportional to them, over the last axis."""
    weights = np.exp(logs - logs.max(axis=-1, keepdims=True))
    out: Floats = weights / weights.sum(axis=-1, keepdims=True)
    return out
