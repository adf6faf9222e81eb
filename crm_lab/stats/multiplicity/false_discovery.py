"""p-values corrected for the share of false findings (Benjamini–Yekutieli)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crm_lab.arrays import Floats


def benjamini_yekutieli(p: ArrayLike, tests: int | None = None) -> Floats:
    """p-values corrected for the false discovery rate whatever the dependence between tests.

    >>> benjamini_yekutieli([0.01, 0.04]).round(4).tolist()
    [0.03, 0.06]

    Args:
        p: p-values, shape (m,).
        tests: Tests in all, where those that are not given have larger ones; m unless given.

    Returns:
        Shape (m,).

    Source:
        Y. Benjamini & D. Yekutieli (2001). The control of the false discovery rate in multiple testing under
        dependency. Annals of Statistics 29(4).
    """
    values = np.asarray(p, dtype=float)
    n = max(len(values), tests or 0)
    if not n:
        return values
    harmonic = np.log(n) + np.euler_gamma + 1 / (2 * n) if n > 10_000 else float((1 / np.arange(1, n + 1)).sum())
    order = np.argsort(values, kind="stable")
    raised = values[order] * n * harmonic / np.arange(1, len(values) + 1)
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return corrected
