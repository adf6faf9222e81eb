"""BG/NBD: a customer may drop out after each repeat purchase (Fader, Hardie & Lee 2005, Marketing Science 24).

One-time buyers have P(alive) = 1: before a repeat purchase there is no moment to drop out.
"""

from dataclasses import dataclass

from crm_lab.clv.models.beta_geometric import BetaGeometric


@dataclass(frozen=True)
class BGNBD(BetaGeometric):
    """Poisson purchases at rate λ ~ Gamma(r, alpha); drop-out with p ~ Beta(a, b) after each repeat purchase."""

    key = "bgnbd"
    title = "BG/NBD"
    first = 0
