"""Sizes of the arms against the planned shares: where they are off, units were lost and no effect is read."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import stats

from crm_lab.checks import BadInput
from crm_lab.messages import Message, named

SRM = "experiments.refused.srm"
SRM_ALPHA = 0.001  # a strict bound: the ratio is looked at for every test


def arm_sizes(counts: Mapping[str, int]) -> str:
    """Arms with their sizes, in the active language.

    >>> arm_sizes({"control": 1246, "mine": 1147})
    'control 1,246, mine 1,147'

    Args:
        counts: Arm to its units.

    Returns:
        The arms and their sizes, in order.
    """
    return Message("format.comma").text().join(f"{named('level', arm)} {n:,}" for arm, n in counts.items())


def srm_pvalue(counts: Mapping[str, int], shares: Mapping[str, float]) -> float:
    """Test (p value) of the arms' sizes under the planned shares (chi-square, scipy).

    >>> even = {"control": 0.5, "treatment": 0.5}
    >>> f"{srm_pvalue({'control': 821_588, 'treatment': 815_482}, even):.4e}"
    '1.8218e-06'

    Args:
        counts: Arm to its units.
        shares: Arm to its planned share, of any total.

    Returns:
        A p value, 0 to 1.

    Raises:
        BadInput: If no unit is in any arm.
    """
    observed = np.array([counts[arm] for arm in shares], dtype=float)
    planned = np.array(list(shares.values()))
    if observed.sum() == 0:
        raise BadInput("No unit is in any arm; there is no ratio to test.")
    return float(stats.chisquare(observed, observed.sum() * planned / planned.sum()).pvalue)


def srm_problem(counts: Mapping[str, int], pvalue: float, alpha: float = SRM_ALPHA) -> Message | None:
    """Why arms of such sizes have no effect to read, or ``None``.

    >>> srm_problem({"control": 200, "treatment": 200}, 1.0) is None
    True

    Args:
        counts: Arm to its units.
        pvalue: Of the sample ratio.
        alpha: A smaller p value refuses.

    Returns:
        The refusal, or ``None``.
    """
    return None if pvalue >= alpha else Message(SRM, {"p": pvalue, "counts": arm_sizes(counts)})
