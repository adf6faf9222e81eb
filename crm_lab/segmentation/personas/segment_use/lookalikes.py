"""`Lookalikes`: the customers most like those of a list, by what was known before, without being told the answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Booleans, Floats
from crm_lab.checks import (
    BadInput,
    Problems,
    check_settings,
    need_columns,
    not_among,
    not_inside,
    not_levels,
    too_small,
)
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.segmentation.personas.segment_use.lookalike_result import LookalikesResult
from crm_lab.stats.ranking import auc

Learner = Literal["logistic", "boosting"]
_LEAST: Final = 20
_COUNTS: Final = ("n_lines", "n_orders")


@dataclass(frozen=True)
class Lookalikes:
    """Finds customers like those of a seed list by features known on the day of the list.

    Each customer is scored by a model that did not see that customer (cross-fitting), so seeds that are held out say
    how well the list finds others like them. Features that the seeds were chosen by are dropped by name; one that
    tells seeds apart almost alone is asked about, for then the model would repeat the rule and find nobody else.

    >>> rng = np.random.default_rng(1)
    >>> table = pd.DataFrame({"customer_id": np.arange(600).astype(str), "night_share": rng.random(600)})
    >>> table["eco_share"] = rng.random(600)
    >>> liked = table["customer_id"][rng.random(600) < 0.4 * (table["night_share"] > 0.6)]
    >>> found = Lookalikes().analyze(table, liked)
    >>> found.auc[0] > 0.7, set(found.like["customer_id"]) & set(liked)
    (True, set())

    Attributes:
        learner: ``logistic`` (standardised, regularised) or ``boosting`` (gradient boosting on histograms).
        defined_by: Features that the seeds were chosen by; they are not used (`RuleSegment.features` names them).
        allowed: Features that may tell seeds apart almost alone.
        list_size: Customers to find; as many as there are seeds unless given.
        folds: Parts of the cross-fitting.
        leak_auc: AUC of a single feature from which it is asked about.
        level: Confidence level.
        seed: Of the folds.

    Raises:
        BadInput: If the settings are wrong.
    """

    learner: Learner = "logistic"
    defined_by: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    list_size: int | None = None
    folds: int = 5
    leak_auc: float = 0.98
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        wrong = self.list_size is not None and self.list_size < 1
        check_settings(
            self, too_small(self, folds=2, seed=0), not_inside(self, "leak_auc"), not_levels(self, "level"),
            not_among(self, learner=("logistic", "boosting")),
            list_size="name 1 customer or more, or leave it out" if wrong else "",
        )  # fmt: skip

    def analyze(
        self, features: IntoFrame, seeds: Iterable[str] | pd.DataFrame, simulated: bool = False
    ) -> LookalikesResult:
        """Score everybody, judge the scores on held-out seeds, list those most like them.

        Args:
            features: `customer_id` and numbers, one row a customer, as known on the day of the list
                (`shopper_features(tables).frame`).
            seeds: Ids, or a table with `customer_id`.
            simulated: Whether the data are.

        Returns:
            The list, its lift by tenths, AUC, recall; it refuses where seeds are like anybody else.

        Raises:
            BadInput: If ids repeat, seeds are unknown, features are no numbers, or one tells seeds apart almost alone.
            CannotAnswer: If fewer than 20 seeds or 20 others have features.

        >>> Lookalikes().analyze(table.assign(vip=table["customer_id"].isin(liked) * 1.0), liked)
        Traceback (most recent call last):
        crm_lab.checks.BadInput: The features:
          - vip tells seeds apart almost alone (AUC 1.000): name it in defined_by if they were chosen by it, or ...
        """
        table = as_pandas(features, "The features")
        need_columns(table.columns, ("customer_id",), "The features")
        table = table.assign(customer_id=table["customer_id"].astype(str))
        ids = seeds["customer_id"] if isinstance(seeds, pd.DataFrame) else pd.Series(list(seeds), dtype=object)
        event = table["customer_id"].isin(set(ids.astype(str))).to_numpy()
        names = self._usable(table, event, set(ids.astype(str)))
        x = table[names].to_numpy(dtype=float)
        alone = pd.DataFrame({"feature": names, "auc_alone": [_auc_alone(x[:, k], event) for k in range(len(names))]})
        _refuse_leaks(alone, self.allowed, self.leak_auc)
        scores = cross_fitted(x, event, self.learner, self.folds, self.seed)
        dropped = tuple(name for name in table if name in self.defined_by)
        weights = alone.assign(weight=_weights(x, event) if self.learner == "logistic" else np.nan)
        people = pd.DataFrame({"customer_id": table["customer_id"], "score": scores, "seed": event})
        return LookalikesResult(self, people, weights, dropped, int(ids.nunique()) - int(event.sum()), simulated)

    def _usable(self, table: pd.DataFrame, event: Booleans, seeds: set[str]) -> list[str]:
        problems = Problems("The features")
        again = int(table["customer_id"].duplicated().sum())
        problems.unless(not again, f"{again:,} rows repeat a customer_id; give one row a customer.")
        problems.unless(seeds, "There is no seed; name the customers whose like is looked for.")
        problems.unless(not seeds or event.any(), f"Not one of {len(seeds):,} seeds is among {len(table):,} customers.")
        others = [c for c in table if c != "customer_id" and c not in self.defined_by]
        texts = [c for c in others if not pd.api.types.is_numeric_dtype(table[c])]
        problems.unless(not texts, f"{', '.join(map(str, texts))} hold no numbers; leave them out or code them.")
        numbers = [str(c) for c in others if c not in texts]
        infinite = [c for c in numbers if np.isinf(table[c].to_numpy(dtype=float)).any()]
        problems.unless(not infinite, f"{', '.join(infinite)} hold infinite values; mend or drop them.")
        varied = [c for c in numbers if table[c].max() > table[c].min()]
        problems.unless(texts or varied, "No feature is left that differs between customers; name others.")
        problems.raise_any()
        if min(event.sum(), (~event).sum()) < max(_LEAST, self.folds):
            raise cannot_answer("few_seeds", seeds=int(event.sum()), others=int((~event).sum()), least=_LEAST)
        return varied


def _auc_alone(x: Floats, event: Booleans) -> float:
    """How well a feature alone tells seeds apart, in either direction; missing values are a value of their own."""
    known = ~np.isnan(x)
    low = np.nanmin(x) - 1 if known.any() else 0.0
    one = auc(event, np.where(known, x, low))
    return max(one, 1 - one)


def _refuse_leaks(alone: pd.DataFrame, allowed: tuple[str, ...], most: float) -> None:
    leaks = alone[(alone["auc_alone"] > most) & ~alone["feature"].isin(allowed)]
    problems = [
        f"{row['feature']} tells seeds apart almost alone (AUC {row['auc_alone']:.3f}): name it in defined_by if they "
        "were chosen by it, or in allowed if they were not."
        for row in leaks.to_dict("records")
    ]
    if problems:
        raise BadInput("The features", problems)


def model_of(learner: Learner) -> Any:
    """The scikit-learn model that scores customers.

    >>> type(model_of("boosting")).__name__
    'HistGradientBoostingClassifier'

    Args:
        learner: ``logistic`` or ``boosting``.

    Returns:
        An unfitted classifier.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if learner == "boosting":
        return HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=8, learning_rate=0.08, random_state=0)
    impute = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return make_pipeline(impute, StandardScaler(), LogisticRegression(C=0.5, max_iter=1_000))


def cross_fitted(x: Floats, event: Booleans, learner: Learner, folds: int, seed: int) -> Floats:
    """Chance of each customer to be a seed, by a model that did not see the customer.

    >>> x = np.arange(100.0)[:, None]
    >>> cross_fitted(x, x[:, 0] > 70, "logistic", 5, 0).argmax() > 90
    np.True_

    Args:
        x: Features, shape (n, F).
        event: Whether a seed.
        learner: Which model.
        folds: Number of parts.
        seed: Of the parts.

    Returns:
        Shape (n,).
    """
    from sklearn.model_selection import StratifiedKFold

    scores = np.zeros(len(x))
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=seed).split(x, event):
        scores[test] = model_of(learner).fit(x[train], event[train]).predict_proba(x[test])[:, 1]
    return scores


def _weights(x: Floats, event: Booleans) -> Floats:
    fitted = model_of("logistic").fit(x, event)
    weights: Floats = fitted[-1].coef_[0][: x.shape[1]]
    return weights
