"""BG/NBD: a customer may drop out after each repeat purchase (Fader, Hardie & Lee 2005, Marketing Science 24).

One-time buyers have P(alive) = 1: before a repeat purchase there is no moment to drop out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crm_lab.arrays import Floats
from crm_lab.clv.fitting.counts import Counts
from crm_lab.clv.fitting.newton import LogLikelihood
from crm_lab.clv.models import beta_geometric as geometric
from crm_lab.clv.models.purchase_model import PurchaseModel


@dataclass(frozen=True)
class BGNBD(PurchaseModel):
    """Poisson purchases at rate λ ~ Gamma(r, alpha); drop-out with p ~ Beta(a, b) after a purchase."""

    key: ClassVar[str] = "bgnbd"
    title: ClassVar[str] = "BG/NBD"
    parameters: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")

    def log_likelihood(self, counts: Counts) -> LogLikelihood:
        """See `geometric.log_likelihood`."""
        return geometric.log_likelihood(counts, first=0)

    def start(self, counts: Counts) -> Floats:
        """Shapes of an ordinary shop; alpha such that r/alpha is about twice the base's own rate."""
        return np.array([0.5, 0.25 * counts.mean_age / max(counts.mean_x, 0.05), 0.8, 2.0])

    def p_alive(self, params: Floats, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """See `geometric.p_alive`."""
        return geometric.p_alive(params, x, t_x, T, first=0)

    def alive_rate(self, params: Floats, x: Floats, T: Floats, ahead: Floats) -> Floats:
        """See `geometric.alive_rate`."""
        return geometric.alive_rate(params, x, T, ahead, first=0)

    def draw_alive(
        self, params: Floats, x: Floats, T: Floats, window: tuple[float, float], rng: np.random.Generator
    ) -> Floats:
        """See `geometric.draw_alive`."""
        return geometric.draw_alive(params, x, T, window, rng, first=0)

    def alive_pmf(self, params: Floats, n: int, x: Floats, T: Floats, ahead: Floats) -> Floats:
        """See `geometric.alive_pmf`."""
        return geometric.alive_pmf(params, n, x, T, ahead, first=0)
