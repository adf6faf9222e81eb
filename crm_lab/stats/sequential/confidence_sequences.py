"""Intervals that hold at every look at once, however many there are: the normal mixture of a Brownian motion."""

from __future__ import annotations

import math

from scipy import stats

from crm_lab.checks import BadInput


def mixture_limit(information: float, alpha: float = 0.05) -> float:
    """Limit on the size of z that a null crosses at no look, whatever their number, with probability 1 - alpha.

    It is least at the planned information, and no plan has to be kept: tests may be looked at daily, ended early or
    carried on for longer. Where what was seen before and what comes after vary together (a unit that spends much
    does so every week) the limit is crossed even less often (Slepian).

    >>> [round(mixture_limit(share), 2) for share in (0.1, 0.5, 1.0, 2.0)]
    [3.76, 3.07, 3.04, 3.07]

    Args:
        information: Information at the look as a share of the planned one; above 1 where the test went on.
        alpha: Type I error at all looks together, both sides.

    Returns:
        The limit on z.

    Raises:
        BadInput: If the share is not above 0, or `alpha` not within 0 and 1.

    Source:
        Robbins (1970); Howard, Ramdas, McAuliffe & Sekhon (2021), Time-uniform confidence sequences, a normal mixture;
        Waudby-Smith et al. (2024) for means by their central limit theorem.
    """
    if not (information > 0 and 0 < alpha < 1):
        raise BadInput(f"A share of {information} and an alpha of {alpha}: the share is above 0, alpha within 0 and 1.")
    mixed = 1 / (-2 * math.log(alpha) + math.log(-2 * math.log(alpha)) + 1)  # so that limits are narrowest at 1
    scaled = information / mixed
    return math.sqrt((1 + 1 / scaled) * (math.log(1 + scaled) - 2 * math.log(alpha)))


def always_valid_level(information: float, alpha: float = 0.05) -> float:
    """Level of a usual normal interval that is as wide as the always-valid one: for means, shares, ratios and returns.

    >>> round(always_valid_level(1.0), 4)
    0.9976

    Args:
        information: As in `mixture_limit`.
        alpha: As in `mixture_limit`.

    Returns:
        A level, 0 to 1.
    """
    return float(1 - 2 * stats.norm.sf(mixture_limit(information, alpha)))
