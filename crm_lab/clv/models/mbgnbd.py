"""MBG/NBD: a customer may drop out after every purchase, the first included (Batislam, Denizel & Filiztekin 2007).

The default for P(alive): one-time buyers can be gone, and under BG/NBD they never are.
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
class MBGNBD(PurchaseModel):
    """Poisson purchases at rate λ ~ Gamma(r, alpha); drop-out with p ~ Beta(a, b) after a purchase."""

    key: ClassVar[str] = "mbgnbd"
    title: ClassVar[str] = "MBG/NBD"
    parameters: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")

    def log_likelihood(self, counts: Counts) -> LogLikelihood:
        """See `geometric.log_likelihood`."""
        return geometric.log_likelihood(counts, first=1)

    def start(self, counts: Counts) -> Floats:
        """Shapes of an ordinary shop; alpha such that r/alpha is about twice the base's own rate."""
        return np.array([0.5, 0.25 * counts.mean_age / max(counts.mean_x, 0.05), 0.8, 2.0])

    def p_alive(self, params: Floats, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """See `geometric.p_alive`."""
        return geometric.p_alive(params, x, t_x, T, first=1)

    def alive_rate(self, params: Floats, x: Floats, T: Floats, ahead: Floats) -> Floats:
        """See `geometric.alive_rate`."""
        return geometric.alive_rate(params, x, T, ahead, first=1)

    def draw_alive(
        self, params: Floats, x: Floats, T: Floats, window: tuple[float, float], rng: np.random.Generator
    ) -> Floats:
        """See `geometric.draw_alive`."""
        return geometric.draw_alive(params, x, T, window, rng, first=1)

    def alive_pmf(self, params: Floats, n: int, x: Floats, T: Floats, ahead: Floats) -> Floats:
        """See `geometric.alive_pmf`."""
        return geometric.alive_pmf(params, n, x, T, ahead, first=1)
