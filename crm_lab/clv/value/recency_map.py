"""Frequency/recency matrix: predictions of a fitted model for every frequency and recency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_lab.clv.models.purchase_fit import PurchaseFit
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, TableResult


@dataclass(frozen=True, eq=False)
class RecencyMap(TableResult):
    """P(alive) and expected purchases for every frequency and recency at one length of observation.

    Attributes:
        frame: frequency, recency, p_alive, expected_purchases; one row per cell.
        fit: The model behind it.
        ahead: Horizon of expected_purchases, in the model's unit.
    """

    frame: pd.DataFrame
    fit: PurchaseFit
    ahead: float

    name = "recency_map"

    def to_frame(self) -> pd.DataFrame:
        """One row per cell; none where the data do not identify drop-out."""
        return self.frame.copy() if self.refusal() is None else self.frame.iloc[:0]

    def refusal(self) -> Message | None:
        """Why the model's chances cannot be stated, or ``None``."""
        return self.fit.refusal()

    def readout(self) -> Readout:
        """Who is worth most, and the paradox of the silent heavy buyer."""
        refused = self.refusal()
        if refused is not None:
            return Readout(Message("clv.map.refused"), refused, Message("clv.value.refused_action"))
        best = self.frame.sort_values("expected_purchases").iloc[-1]
        heavy = self.frame[self.frame["frequency"] == self.frame["frequency"].max()]
        middle = heavy.iloc[len(heavy) // 2]
        values = {
            "frequency": int(best["frequency"]),
            "expected": best["expected_purchases"],
            "silent": middle["p_alive"],
            "model": self.fit.model.title,
        }
        return Readout.of("clv.map", values)

    def facts(self) -> tuple[Fact, ...]:
        """None: the map illustrates the model."""
        return ()


def recency_map(fit: PurchaseFit, T: float, ahead: float, most: int = 20, steps: int = 40) -> RecencyMap:
    """P(alive) and expected purchases over a grid of frequency 1..most and recency up to T.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.clv import MBGNBD
    >>> from crm_lab.data.kernels.purchases import purchase_summary
    >>> fit = MBGNBD().fit(purchase_summary(open_workspace("cdnow_sample").at("1997-09-30")["orders"], "1997-09-30"))
    >>> recency_map(fit, T=39.0, ahead=52.0, most=5, steps=4).to_frame().columns.tolist()
    ['frequency', 'recency', 'p_alive', 'expected_purchases']

    Args:
        fit: A fitted model.
        T: Time under observation, in the model's unit.
        ahead: Horizon of expected purchases, in the model's unit.
        most: Highest frequency.
        steps: Recency steps.

    Returns:
        One row per cell.
    """
    frequency, recency = np.meshgrid(np.arange(1.0, most + 1), np.linspace(T / steps, T, steps))
    x, t_x = frequency.ravel(), recency.ravel()
    frame = pd.DataFrame(
        {
            "frequency": x,
            "recency": t_x,
            "p_alive": fit.p_alive(x, t_x, T),
            "expected_purchases": fit.conditional_purchases(ahead, x, t_x, np.full_like(x, T)),
        }
    )
    return RecencyMap(frame, fit, ahead)
