"""MBG/NBD: a customer may drop out after every purchase, the first included (Batislam, Denizel & Filiztekin 2007).

The default for P(alive): one-time buyers can be gone, and under BG/NBD they never are.
"""

from dataclasses import dataclass

from crm_lab.clv.models.beta_geometric import BetaGeometric


@dataclass(frozen=True)
class MBGNBD(BetaGeometric):
    """MBG/NBD: Poisson purchases at rate λ ~ Gamma(r, alpha); drop-out with p ~ Beta(a, b) after any purchase.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.data.kernels.purchases import purchase_summary
    >>> summary = purchase_summary(open_workspace("cdnow_sample").at("1997-09-30")["orders"], "1997-09-30")
    >>> {name: round(value, 3) for name, value in MBGNBD().fit(summary).params.items()}
    {'r': 0.525, 'alpha': 6.183, 'a': 0.891, 'b': 1.614}

    Attributes:
        unit: Unit of recency and T in the summaries it is fitted to.
        ridge: Penalty per customer that pulls the parameters to their start; 0 is plain maximum likelihood.

    Source:
        Batislam, Denizel & Filiztekin (2007), Empirical validation and comparison of models for customer base
        analysis, International Journal of Research in Marketing 24.
    """

    key = "mbgnbd"
    title = "MBG/NBD"
    first = 1
