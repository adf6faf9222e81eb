"""BG/NBD: a customer may drop out after each repeat purchase (Fader, Hardie & Lee 2005, Marketing Science 24).

One-time buyers have P(alive) = 1: before a repeat purchase there is no moment to drop out.
"""

from dataclasses import dataclass

from crm_lab.clv.models.beta_geometric import BetaGeometric


@dataclass(frozen=True)
class BGNBD(BetaGeometric):
    """BG/NBD: Poisson purchases at rate λ ~ Gamma(r, alpha); drop-out with p ~ Beta(a, b) after each repeat purchase.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.data.kernels.purchases import purchase_summary
    >>> summary = purchase_summary(open_workspace("cdnow_sample").at("1997-09-30")["orders"], "1997-09-30")
    >>> {name: round(value, 3) for name, value in BGNBD().fit(summary).params.items()}
    {'r': 0.243, 'alpha': 4.414, 'a': 0.793, 'b': 2.426}

    Attributes:
        unit: Unit of recency and T in the summaries it is fitted to.
        ridge: Penalty per customer that pulls the parameters to their start; 0 is plain maximum likelihood.

    Source:
        Fader, Hardie & Lee (2005), "Counting your customers" the easy way, Marketing Science 24.
    """

    key = "bgnbd"
    title = "BG/NBD"
    first = 0
