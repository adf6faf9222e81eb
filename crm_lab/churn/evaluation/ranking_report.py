"""Base of the reports on rankings of leavers: rows by ranking, refusal with too few leavers, calibration measures."""

from __future__ import annotations

from abc import abstractmethod

import pandas as pd
from numpy.typing import ArrayLike

from crm_lab.messages import Message, catalogue
from crm_lab.results import Readout, TableResult
from crm_lab.stats.bootstrap import percentile_interval
from crm_lab.stats.calibration import calibration_line

REFUSED = "churn.compare.refused_certainty"


def ranking_words(name: str) -> Message | str:
    """What readers see for a ranking: its words in the catalogue, or the name the user gave."""
    key = f"churn.ranking.{name}"
    return Message(key) if key in catalogue("en") else name


def in_ranking_words(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """A table with the rankings of a column in words."""
    return frame.assign(**{column: [str(ranking_words(name)) for name in frame[column]]})


def ends(name: str, draws: ArrayLike, level: float = 0.95) -> dict[str, float]:
    """The columns with the ends of a measure's interval."""
    return dict(zip((f"{name}_lo", f"{name}_hi"), percentile_interval(draws, level), strict=True))


def probability_measures(left: ArrayLike, probability: ArrayLike) -> dict[str, float]:
    """How right stated chances are: Brier score, log loss (nats), calibration slope, and the mean less the share."""
    from sklearn.metrics import brier_score_loss, log_loss

    line = calibration_line(left, probability)
    return {
        "brier": float(brier_score_loss(left, probability, pos_label=1)),
        "log_loss": float(log_loss(left, probability, labels=(0, 1))),
        "slope": line.slope,
        "slope_se": line.slope_se,
        "in_the_large": line.in_the_large,
    }


class RankingReport(TableResult):
    """Rankings of leavers, the best first.

    A subclass is a frozen dataclass with `frame`: ranking, kind, measures.

    >>> import pandas as pd
    >>> from crm_lab import churn
    >>> left = pd.Series([0, 1] * 100)
    >>> features = pd.DataFrame({"n_days": range(200)}, index=left.index)
    >>> rivals = {"frequency_then_recency": -features["n_days"] + 3.0 * left}
    >>> spec = churn.ChurnComparison(draws=100)
    >>> report = spec.analyze(features, left, models={"logistic": churn.logistic()}, rivals=rivals, rng=0)
    """

    @property
    @abstractmethod
    def counted(self) -> tuple[int, int, int]:
        """Leavers, stayers, and how many of each are needed to judge a ranking.

        >>> report.counted
        (100, 100, 20)
        """

    def shown(self) -> pd.DataFrame:
        """`to_frame` with the rankings in words.

        >>> list(report.shown())[:2]
        ['ranking', 'kind']
        """
        return in_ranking_words(super().shown(), "ranking")

    def row(self, ranking: str) -> pd.Series:
        """The row of one ranking.

        >>> report.row("logistic")["kind"]
        'model'
        """
        return self.frame[self.frame["ranking"] == ranking].iloc[0]

    def best(self, kind: str) -> str:
        """The best ranking that is a ``model`` or a ``rule``.

        >>> report.best("rule")
        'frequency_then_recency'
        """
        return str(self.frame.loc[self.frame["kind"] == kind, "ranking"].iloc[0])

    @property
    def best_model(self) -> str:
        """The best model.

        >>> report.best_model
        'logistic'
        """
        return self.best("model")

    def refusal(self) -> Message | None:
        """A sentence if there are too few leavers or stayers to judge a ranking, else ``None``.

        >>> report.refusal() is None
        True
        """
        values = dict(zip(("events", "stayers", "least"), self.counted, strict=True))
        enough = min(values["events"], values["stayers"]) >= values["least"]
        return None if enough else Message("churn.compare.refusal", values)

    def readout(self) -> Readout:
        """What the best model adds, how precise that is, what to do.

        >>> print(report.readout().finding)
        Of 200 customers known on the day of the list, 50.0% left; the best model (logistic regression, ...
        """
        refusal = self.refusal()
        return self.answer() if refusal is None else Readout(refusal, REFUSED, "churn.compare.refused_action")

    @abstractmethod
    def answer(self) -> Readout:
        """The readout if there are enough leavers.

        >>> report.answer() == report.readout()
        True
        """
