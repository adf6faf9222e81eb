"""The test that a rule was learned from: what it measured, when, and whether its money is the retailer's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from crm_lab.experiments.core.experiment import Experiment


@dataclass(frozen=True, kw_only=True)
class PolicyOrigin:
    """What a saved rule says of its test, so that it is asked of nothing else.

    >>> PolicyOrigin(outcome="spend", start="2024-02-05", end="2024-08-04").days
    182

    Attributes:
        outcome: What was measured.
        start: First day of the assignment, ``YYYY-MM-DD``; empty where nobody said.
        end: Last day of the outcome; empty where nobody said.
        pre_days: Days over which spend and orders before were summed, where they came from the tables; else 0.
        units: Units of the test.
        currency: ISO code of its money.
        simulated: Whether its data are made up.
        examples: Terms in its money that are examples.
        level: Confidence level of its intervals.
    """

    outcome: str = ""
    start: str = ""
    end: str = ""
    pre_days: int = 0
    units: int = 0
    currency: str = ""
    simulated: bool = False
    examples: tuple[str, ...] = ()
    level: float = 0.95

    @classmethod
    def of(cls, test: Experiment, **told: Any) -> PolicyOrigin:
        """What is known of a test.

        Args:
            test: The test.
            told: Further attributes: outcome, currency, simulated, examples, level.

        Returns:
            Its window, pre-period and size beside them.
        """
        start, end = test.window or ("", "")
        return cls(start=start, end=end, pre_days=test.pre_days, units=len(test.frame), **told)

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> PolicyOrigin:
        """What a file says, as JSON gives it.

        >>> PolicyOrigin.read({"outcome": "spend", "examples": ["margin_share"]}).examples
        ('margin_share',)

        Args:
            given: Names and values of the attributes.

        Returns:
            The same as attributes.

        Raises:
            TypeError: If there is another name.
        """
        return cls(**{**given, "examples": tuple(given.get("examples", ()))})

    @property
    def days(self) -> int:
        """Days of the outcome from the first assignment on; 0 where the window is not known.

        >>> PolicyOrigin(outcome="spend").days
        0
        """
        known = self.start and self.end
        return (date.fromisoformat(self.end) - date.fromisoformat(self.start)).days + 1 if known else 0
