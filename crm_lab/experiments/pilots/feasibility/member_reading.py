"""What a reading by members would have claimed of a pilot that was dealt by city.

Members of one city share its weather, its roadworks and its rival's opening. A test that counts members takes that for
thousands of independent answers, and finds effects where nothing was done.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd
from scipy import stats

from crm_lab.checks import BadInput, need_columns

_FEWEST_CITIES = 2


@dataclass(frozen=True)
class MemberReading:
    """How alike members of a city are in what they changed, and what that does to a test by member.

    >>> reading = MemberReading(icc=0.0081, members=400.0, cities=10)
    >>> round(reading.design_effect, 2), round(reading.false_claims(), 4)
    (4.23, 0.3407)

    Attributes:
        icc: Intraclass correlation of members' changes within cities.
        members: Members of a city that count (their mean, corrected for unlike sizes).
        cities: Cities.

    Source:
        Donner & Klar (2000), Design and Analysis of Cluster Randomization Trials.
    """

    icc: float
    members: float
    cities: int

    @property
    def design_effect(self) -> float:
        """Times by which the variance is larger than a test by member believes; never below 1.

        >>> MemberReading(icc=-0.01, members=400.0, cities=10).design_effect
        1.0
        """
        return 1 + (self.members - 1) * max(self.icc, 0.0)

    def false_claims(self, level: float = 0.95) -> float:
        """Share of pilots without any effect in which a test by member would claim one.

        >>> round(reading.false_claims(0.9), 2)
        0.42

        Args:
            level: Its confidence level.

        Returns:
            A share, 0 to 1; 1 less the level where members of a city are not alike.
        """
        z = float(stats.norm.ppf(0.5 + level / 2))
        return float(2 * stats.norm.sf(z / math.sqrt(self.design_effect)))


def member_reading(members: pd.DataFrame) -> MemberReading:
    """The reading from members' changes, by the variance between and within their cities.

    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> city = np.repeat(np.arange(20), 100)
    >>> frame = pd.DataFrame({"unit": city, "change": rng.normal(0, 1, 2_000) + rng.normal(0, 0.3, 20)[city]})
    >>> 0.03 < member_reading(frame).icc < 0.15
    True

    Args:
        members: One row a member: ``unit`` and ``change`` (spend after less spend before, nothing having been done).

    Returns:
        How alike members of a city are.

    Raises:
        BadInput: If there are fewer than two cities, or no city has two members.
    """
    need_columns(members.columns, ["unit", "change"], "The members")
    known = members.dropna(subset=["unit", "change"])
    sizes = known.groupby("unit").size()
    n, cities = len(known), len(sizes)
    if cities < _FEWEST_CITIES or n <= cities:
        raise BadInput(f"{n:,} members of {cities} cities cannot say how alike members of a city are; two of each do.")
    means = known.groupby("unit")["change"].transform("mean")
    between = float(((means - known["change"].mean()) ** 2).sum()) / (cities - 1)
    within = float(((known["change"] - means) ** 2).sum()) / (n - cities)
    each = (n - float((sizes**2).sum()) / n) / (cities - 1)
    total = between + (each - 1) * within
    return MemberReading((between - within) / total if total > 0 else 0.0, each, cities)
