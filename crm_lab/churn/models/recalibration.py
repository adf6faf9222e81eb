"""Recalibration on outcomes that the model was not trained on: on a later slice if it is large enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from crm_lab.churn.models.churn_calibration import recalibrate
from crm_lab.churn.models.learners import Estimator, quiet_threads
from crm_lab.stats.calibration import CalibrationLine, calibration_line

Method = Literal["later_slice", "left_out", "none"]
LATE_LEAVERS, FEWEST_LEAVERS = 200, 50  # customers who left, and as many who stayed
PARTS = 5
ENOUGH_ROWS = 200_000  # beyond it every second, third ... customer suffices for a line


@dataclass(frozen=True, slots=True)
class Correction:
    """Recalibration of a model's probabilities on the log-odds scale (Platt scaling).

    >>> import numpy as np
    >>> from crm_lab.churn.models.churn_calibration import calibration
    >>> correction = Correction("left_out", calibration.CalibrationLine(0.5, 1.0, 0.1, 0.1, 0.0))

    Attributes:
        method: ``later_slice`` (earlier dates scored the latest third of the dates, customers left out in turn),
            ``left_out`` (all dates, customers left out in turn), or ``none`` where too few customers left.
        line: The calibration line; missing where there is no correction.
    """

    method: Method
    line: CalibrationLine | None = None

    def apply(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """The corrected probabilities; the ranking stays.

        >>> correction.apply(np.array([0.2, 0.5])).round(3).tolist()
        [0.292, 0.622]

        Args:
            probability: Shape (n,).

        Returns:
            Shape (n,).
        """
        if self.line is None:
            return probability
        return recalibrate(pd.Series(probability), self.line).to_numpy(dtype=float)


def learn_correction(model: Estimator, features: pd.DataFrame, left: pd.Series, when: ArrayLike) -> Correction:
    """Learn how far a model's probabilities are off, from rows that it was not trained on.

    Windows of neighbouring dates overlap, so a later date of the same customer would not be new to the model:
    in both methods customers are left out in turn.

    >>> from crm_lab.churn import logistic
    >>> features = pd.DataFrame({"recency_days": range(40)})
    >>> learn_correction(logistic(), features, pd.Series([0, 1] * 20), ["2024-01-31"] * 40).method
    'none'

    Args:
        model: Classifier, not fitted.
        features: Training rows, indexed by customer; a customer may come with several dates.
        left: 0 or 1, same rows.
        when: Date of each row (n,).

    Returns:
        The correction; method ``none`` if too few left.
    """
    every = -(-len(left) // ENOUGH_ROWS)
    kept = pd.factorize(features.index, sort=True)[0] % every == 0
    features, left, when = features[kept], left[kept], np.asarray(when)[kept]
    y, day = left.to_numpy(dtype=float), when
    days = np.unique(day)
    late = day >= days[-max(1, len(days) // 3)]
    everything = np.ones(len(y), dtype=bool)
    people = features.index.to_numpy()
    method: Method = "none"
    if _fewest(people, y, late) >= LATE_LEAVERS and _fewest(people, y, ~late) >= LATE_LEAVERS:
        method = "later_slice"
    elif _fewest(people, y, everything) >= FEWEST_LEAVERS:
        method = "left_out"
    if method == "none":
        return Correction(method)
    scored, learnt = (late, ~late) if method == "later_slice" else (everything, everything)
    line = calibration_line(y[scored], unseen_customers(model, features, left, learnt)[scored])
    return Correction(method, line) if line.slope > 0 else Correction("none")


def _fewest(people: NDArray[np.object_], left: NDArray[np.float64], rows: NDArray[np.bool_]) -> int:
    """Distinct customers who left or who stayed in some rows, whichever are fewer."""
    return min(len(pd.unique(people[rows & (left == value)])) for value in (0, 1))


def unseen_customers(
    model: Estimator, features: pd.DataFrame, left: pd.Series, learnt: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Probability for each row from a model that learnt from the rows `learnt` of other customers (five parts)."""
    from sklearn.base import clone
    from sklearn.model_selection import GroupKFold

    out = np.empty(len(left))
    with quiet_threads(len(features)):
        for inside, outside in GroupKFold(PARTS).split(features, left, features.index):
            rows = inside[learnt[inside]]
            fitted = clone(model).fit(features.iloc[rows], left.iloc[rows])
            out[outside] = fitted.predict_proba(features.iloc[outside])[:, 1]
    return out
