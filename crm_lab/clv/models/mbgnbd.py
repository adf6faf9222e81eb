"""MBG/NBD: a customer may drop out after every purchase, the first included (Batislam, Denizel & Filiztekin 2007).

The default for P(alive): one-time buyers can be gone, and under BG/NBD they never are.
"""

from dataclasses import dataclass

from crm_lab.clv.models.beta_geometric import BetaGeometric


@dataclass(frozen=True)
class MBGNBD(BetaGeometric):
    """Poisson purchases at rate λ ~ Gamma(r, alpha); drop-out with p ~ Beta(a, b) after any purchase."""

    key = "mbgnbd"
    title = "MBG/NBD"
    first = 1
