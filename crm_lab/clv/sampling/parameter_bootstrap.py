"""Bootstrap of customers with refits: uncertainty of parameters without a normal approximation."""

from __future__ import annotations

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Floats
from crm_lab.clv.fitting.counts import compress
from crm_lab.clv.fitting.newton import maximise
from crm_lab.clv.models.purchase_model import PurchaseModel
from crm_lab.data.kernels.dataframes import as_pandas


def bootstrap(
    model: PurchaseModel, summary: IntoFrame, samples: int = 1000, *, rng: np.random.Generator | int = 0
) -> pd.DataFrame:
    """Bootstrap distribution of a purchase model's parameters.

    Every distinct customer gets a Poisson number of copies, which is the same as drawing customers with
    replacement when there are many; the fit starts where the fit of the data ended.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.clv import MBGNBD
    >>> from crm_lab.data.kernels.purchases import purchase_summary
    >>> summary = purchase_summary(open_workspace("cdnow_sample").at("1997-09-30")["orders"], "1997-09-30")
    >>> bootstrap(MBGNBD(), summary, samples=3, rng=0).shape
    (3, 4)

    Args:
        model: Purchase model.
        summary: What `purchase_summary` returns.
        samples: How many refits.
        rng: Seed or generator.

    Returns:
        One row per refit that reached a maximum, one column a parameter.
    """
    rng = np.random.default_rng(rng)
    summary = as_pandas(summary, "The purchase summary")
    counts = compress(summary["frequency"], summary["recency"], summary["T"])
    start = model.fit_counts(counts).estimates
    rows: list[Floats] = []
    for _ in range(samples):
        again = counts.reweighted(rng)
        optimum = maximise(model.log_likelihood(again), start, again.n, model.ridge, tolerance=1e-7)
        if not any(optimum.at_boundary):
            rows.append(optimum.estimates)
    return pd.DataFrame(rows, columns=list(model.parameters))
