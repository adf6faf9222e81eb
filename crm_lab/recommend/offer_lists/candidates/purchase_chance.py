"""Chance that a candidate is bought within the horizon, learnt from the last span of the past."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from crm_lab.arrays import Booleans, Floats
from crm_lab.calendar import day_number
from crm_lab.recommend.interactions.tie_order import keyed_hashes
from crm_lab.recommend.offer_lists.candidates.candidate_pool import Pool
from crm_lab.recommend.offer_lists.candidates.pair_history import PairHistory, PairsSeen, last_days
from crm_lab.stats.calibration import CalibrationLine, calibration_line

FEWEST = 30  # candidates that were bought, and such that were not
_EDGE = 1e-4


@dataclass(frozen=True, eq=False)
class ChanceModel:
    """Logistic regression of "bought within the horizon" on what was known of a candidate.

    Attributes:
        scaler: Of the columns of `features`.
        model: Fitted to all customers of the past span.
        line: Calibration of chances for customers that were not learnt from (two halves by a hash of the id).
        n: Candidates it was learnt from.
        events: Candidates among them that were bought.
    """

    scaler: StandardScaler
    model: LogisticRegression
    line: CalibrationLine
    n: int
    events: int

    def chance(self, columns: Floats) -> Floats:
        """Chances of candidates.

        Args:
            columns: As `features` gives them.

        Returns:
            Shape (rows,).
        """
        if not len(columns):
            return np.zeros(0)
        return np.asarray(self.model.predict_proba(self.scaler.transform(columns))[:, 1], dtype=np.float64)


def features(pool: Pool, history: PairHistory, seen: PairsSeen, horizon: int) -> Floats:
    """What was known of each candidate: rank, purchases, when last, whether due, and how active the customer is.

    Args:
        pool: Candidates.
        history: What was known of customers.
        seen: What was known of the candidates.
        horizon: Days.

    Returns:
        Shape (rows, columns).
    """
    known = history.interactions
    end = day_number(known.as_of)
    recent = np.bincount(known.customer[known.day > end - horizon], minlength=known.shape[0])
    buyers = max(int((known.baskets_of > 0).sum()), 1)
    due = np.clip(seen.chance_within(horizon), _EDGE, 1 - _EDGE)
    dated = np.isfinite(due)
    per_basket = (seen.times + 0.5) / (known.baskets_of[pool.customer] + 1)
    columns = (
        np.log(pool.rank), np.log1p(known.baskets_of[pool.customer]), np.log1p(recent[pool.customer]),
        np.log1p(last_days(known)[pool.customer]), np.log((known.buyers[pool.product] + 0.5) / buyers),
        np.log1p(seen.times), np.log(per_basket), np.log1p(np.maximum(seen.days, 0)), dated,
        np.where(dated, np.log(due / (1 - due)), 0.0), pool.cold,
    )  # fmt: skip
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])


def learnt_chance(columns: Floats, bought: Booleans, pool: Pool, history: PairHistory) -> ChanceModel | None:
    """Learn chances from candidates of the past and what became of them.

    Args:
        columns: Of the candidates.
        bought: Which were bought within the horizon, shape (rows,).
        pool: The candidates.
        history: Of the same day.

    Returns:
        The model; nothing where too few were bought, or too few not.
    """
    events = int(bought.sum())
    half = (keyed_hashes(history.interactions.customer_ids, "halves") % 2 == 0)[pool.customer]
    each = [int(bought[side].sum()) for side in (half, ~half)]
    if min(*each, len(bought) - events) < FEWEST:
        return None
    unseen = np.empty(len(bought))
    for side in (half, ~half):
        scaler, model = _fitted(columns[side], bought[side])
        unseen[~side] = model.predict_proba(scaler.transform(columns[~side]))[:, 1]
    line = calibration_line(bought, unseen, pool.customer)
    return ChanceModel(*_fitted(columns, bought), line, len(bought), events)


def _fitted(columns: Floats, bought: Booleans) -> tuple[StandardScaler, LogisticRegression]:
    scaler = StandardScaler().fit(columns)
    return scaler, LogisticRegression(max_iter=500).fit(scaler.transform(columns), bought)
