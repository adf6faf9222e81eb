"""E-values: how strong something unmeasured would have to be to explain an association away."""

from __future__ import annotations

import math
from dataclasses import dataclass

from crm_lab.checks import BadInput
from crm_lab.stats.intervals import z_value

_RATIO_OF_D = 0.91  # log risk ratio per standard deviation (Chinn 2000 and VanderWeele 2017)


@dataclass(frozen=True, slots=True)
class EValue:
    """The E-value of an association, and of the end of its interval that is nearer to none.

    Attributes:
        ratio: The risk ratio, as it is or by conversion.
        point: E-value of the ratio, 1 or more.
        end: E-value of the nearer end of its interval; 1 where the interval holds no association.
    """

    ratio: float
    point: float
    end: float


def e_value(ratio: float, lo: float, hi: float) -> EValue:
    """E-value of a risk ratio: RR + √(RR (RR − 1)), of its inverse below 1.

    Something unmeasured that goes with both the group and the outcome by risk ratios of this size each, beyond what
    was adjusted for, could explain the whole association; anything weaker could not.

    >>> found = e_value(3.9, 1.8, 8.7)
    >>> round(found.point, 1), round(found.end, 1)
    (7.3, 3.0)

    Args:
        ratio: Risk ratio.
        lo: Lower end of its interval.
        hi: Upper end.

    Returns:
        E-values of the ratio and of the nearer end.

    Raises:
        BadInput: If the ratio is not above 0.

    Source:
        VanderWeele & Ding (2017), Sensitivity analysis in observational research: introducing the E-value.
    """
    if not ratio > 0:
        raise BadInput(f"A risk ratio of {ratio} has no E-value; it must be above 0.")
    near = lo if ratio > 1 else hi
    crossed = lo <= 1 <= hi
    return EValue(ratio, _of(ratio), 1.0 if crossed else _of(near))


def e_value_of_difference(difference: float, se: float, sd: float, level: float = 0.95) -> EValue:
    """E-value of a difference of means, which stands for a risk ratio of exp(.91 d), d in standard deviations.

    >>> found = e_value_of_difference(0.5, 0.1, 1.0)
    >>> round(found.ratio, 3), round(found.point, 2), round(found.end, 2)
    (1.576, 2.53, 1.97)

    Args:
        difference: Of two means.
        se: Its standard error.
        sd: Standard deviation of the outcome within the groups.
        level: Confidence level.

    Returns:
        E-values of the difference and of the nearer end of its interval; of none where the outcome never varies.

    Source:
        VanderWeele & Ding (2017), table 2: approximate risk ratio exp(.91 d), interval exp(.91 d ± 1.78 s_d).
    """
    if not sd > 0:
        return EValue(1.0, 1.0, 1.0)
    d, half = difference / sd, z_value(level) * se / sd
    return e_value(*(math.exp(_RATIO_OF_D * x) for x in (d, d - half, d + half)))


def _of(ratio: float) -> float:
    above = ratio if ratio >= 1 else 1 / ratio
    return above + math.sqrt(above * (above - 1))
