"""What reports on rankings of leavers share: rows by ranking, too few leavers, measures of stated chances."""

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
    """Rankings of leavers, the best first. A subclass is a frozen dataclass with `frame`: ranking, kind, measures."""

    @property
    @abstractmethod
    def counted(self) -> tuple[int, int, int]:
        """Who left, who stayed, and how many of each are needed to judge a ranking."""

    def row(self, ranking: str) -> pd.Series:
        """The row of one ranking."""
        return self.frame[self.frame["ranking"] == ranking].iloc[0]

    def best(self, kind: str) -> str:
        """The best ranking that is a ``model`` or a ``rule``."""
        return str(self.frame.loc[self.frame["kind"] == kind, "ranking"].iloc[0])

    @property
    def best_model(self) -> str:
        """The best model."""
        return self.best("model")

    def refusal(self) -> Message | None:
        """Too few leavers or stayers to judge a ranking."""
        values = dict(zip(("events", "stayers", "least"), self.counted, strict=True))
        enough = min(values["events"], values["stayers"]) >= values["least"]
        return None if enough else Message("churn.compare.refusal", values)

    def readout(self) -> Readout:
        """What the best model adds, how sure, what to do."""
        refusal = self.refusal()
        return self.answer() if refusal is None else Readout(refusal, REFUSED, "churn.compare.refused_action")

    @abstractmethod
    def answer(self) -> Readout:
        """The readout where there are enough leavers."""
