"""Which style, scene or other value a customer surely buys most."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.segmentation.personas.shopper_tags.shopper_features import ShopperFeatures
from crm_lab.stats.pooling.beta_binomial import fit_beta_binomial

NOT_TOLD = "not_told"
_ALIKE = 1e4  # weight of the base where customers do not differ


def leading_value(features: ShopperFeatures, column: str, certainty: float = 0.9) -> pd.Series:
    """The value of a product column of which each customer surely buys more than of any other.

    Shares of the values have a Dirichlet prior with the base's means, as strong as shares are alike between customers;
    a value leads where its chance to be above the runner-up is more than `certainty`.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features
    >>> features = shopper_features(open_workspace("simulated:fashion,customers=600").at("latest"))
    >>> set(leading_value(features, "style")) <= {"classic", "sport", "romantic", "street", "not_told"}
    True

    Args:
        features: With shares named ``column:value``.
        column: Such as ``style``.
        certainty: Chance above which a value leads.

    Returns:
        The value or ``not_told``, in the order of the features' frame.
    """
    names = [name for name in features.names if name.startswith(f"{column}:")]
    if len(names) < 2:
        only = names[0].partition(":")[2] if names else NOT_TOLD
        known = features.of(names[0])[0] > 0 if names else np.zeros(len(features), dtype=bool)
        return pd.Series(np.where(known, only, NOT_TOLD))
    k = np.column_stack([features.of(name)[0] for name in names]).astype(float)
    fits = [fit_beta_binomial(*features.of(name)) for name in names]
    sizes = [fit.a + fit.b for fit in fits if np.isfinite(fit.a) and fit.converged]
    alpha = (k.sum(axis=0) + 0.5) / (k.sum() + 0.5 * len(names)) * (float(np.median(sizes)) if sizes else _ALIKE)
    posterior = k + alpha
    order = np.argsort(-posterior, axis=1, kind="stable")
    first, second = (np.take_along_axis(posterior, order[:, [place]], axis=1)[:, 0] for place in (0, 1))
    sure = (stats.beta.sf(0.5, first, second) > certainty) & (k.sum(axis=1) > 0)
    values = np.array([name.partition(":")[2] for name in names], dtype=object)
    return pd.Series(np.where(sure, values[order[:, 0]], NOT_TOLD))
