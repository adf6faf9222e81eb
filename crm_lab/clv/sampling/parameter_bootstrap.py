"""Customers drawn again with replacement, models fitted again: uncertainty without the normal curve."""

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
    """Parameters of `samples` refits.

    Every distinct customer gets a Poisson number of copies, which is the same as drawing customers with
    replacement when there are many; the fit starts where the fit of the data ended.

    Args:
        model: Purchase model.
        summary: What `purchase_summary` returns.
        samples: How many refits.
        rng: Seed or generator.

    Returns:
        One row a refit that reached a maximum, one column a parameter.
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
