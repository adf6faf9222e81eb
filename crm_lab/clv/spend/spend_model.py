"""Which model says what a customer spends per purchase."""

from __future__ import annotations

import numpy as np
from narwhals.typing import IntoFrame

from crm_lab.clv.models.gammagamma import GammaGamma, GammaGammaFit, repeat_spend
from crm_lab.clv.spend.credibility import CredibilitySpend, credibility_spend
from crm_lab.messages import Message

SpendFit = GammaGammaFit | CredibilitySpend
"""A fitted model of spend per purchase."""
_NEAR_ONE = 1.05  # q so close to 1 that the mean is the tail's


def fit_spend(summary: IntoFrame) -> SpendFit:
    """Gamma-Gamma where it has an answer; by credibility where everybody spends alike or its mean is infinite.

    >>> import pandas as pd
    >>> flat = pd.DataFrame({"frequency": [1.0, 2.0] * 10, "monetary_value": [9.99] * 20})
    >>> round(fit_spend(flat).mean_spend, 2)
    9.99

    Args:
        summary: ``frequency`` and ``monetary_value`` (mean spend per repeat purchase).

    Returns:
        The fitted model; of credibility, it says why.

    Raises:
        BadInput: If columns are missing, money is negative, or fewer than ten repeat buyers are left.
    """
    x, mean, left_out = repeat_spend(summary)
    fit = GammaGamma().fit_arrays(x, mean, left_out=left_out)
    if fit.optimum.converged and fit.estimates[1] > _NEAR_ONE:
        return fit
    heavy = fit.optimum.converged or fit.estimates[1] <= _NEAR_ONE
    reason = Message(f"clv.credibility.{'heavy' if heavy else 'alike'}", {"q": float(fit.estimates[1])})
    return credibility_spend(x, mean, left_out=left_out, correlation=fit.correlation, reason=reason)


def drawn_spend(fit: SpendFit, size: int, rng: np.random.Generator) -> list[SpendFit]:
    """The spend model at `size` draws of its parameters.

    >>> import pandas as pd
    >>> flat = pd.DataFrame({"frequency": [1.0, 2.0] * 10, "monetary_value": [9.99] * 20})
    >>> len(drawn_spend(fit_spend(flat), 3, np.random.default_rng(0)))
    3
    """
    return [*fit.drawn(size, rng)]
