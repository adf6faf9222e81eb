"""Trigger rules: intervals of planted effects cover them, with customers of several events and few held out."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from certification.experiments import entry
from crm_lab.recommend import TriggerReport, TriggerRule

SEED = 20_261_202


def planted_events(
    seed: int, customers: int, effect: float, *, often: int = 1, holdout: float = 0.2
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Events after purchases, messages to nine of ten in the treatment arm, and what follows.

    Customers have habits of their own, so that several events of one are alike; a message raises the chance of a
    purchase by `effect`.
    """
    rng = np.random.default_rng(seed)
    ids = np.array([f"c{seed}_{k:05}" for k in range(customers)], dtype=object)
    times = rng.integers(1, often + 1, customers)
    day = np.concatenate([np.arange(n) for n in times]) * 40
    first = pd.DataFrame(
        {"customer_id": np.repeat(ids, times), "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(day, "D")}
    )
    rule = TriggerRule(kind="post_purchase", holdout=holdout, quiet_days=28)
    events = rule.eligible("2024-01-01", "2024-12-31", purchases=first, days=14)
    sent = events[(events["arm"] == "treatment") & (rng.random(len(events)) < 0.9)]
    habit = pd.Series(rng.beta(1, 4, customers) * 0.8, index=ids)
    chance = events["customer_id"].map(habit).to_numpy() + effect * events.index.isin(sent.index)
    bought = events[rng.random(len(events)) < chance]
    later = bought[["customer_id"]].assign(date=bought["date"] + pd.Timedelta(days=5))
    return events, sent, later


def certify_trigger_effects(draws: int = 400) -> Iterator[dict]:
    """95 % intervals of effects cover what was planted, and 0 where nothing was."""
    most, least = 1.0, 0.95 - 3 * math.sqrt(0.95 * 0.05 / draws)
    for name, customers, effect, often in (("few", 200, 0.1, 1), ("often", 300, 0.1, 4), ("none", 300, 0.0, 4)):
        held = []
        for k in range(draws):
            events, sent, bought = planted_events(SEED + k, customers, effect, often=often)
            row = TriggerReport(least=10).analyze(events, sent, bought, as_of="2025-12-31").to_frame().iloc[0]
            held.append(row["lo"] <= 0.9 * effect <= row["hi"])
        yield entry(f"recommend.trigger_covers_{name}", float(np.mean(held)), least, most, f"{draws} draws")
