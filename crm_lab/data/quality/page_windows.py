"""How far pages look ahead and back on a history of some length: the one place that `init` and page 00 ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

YEAR, HALF, QUARTER = 365, 182, 91
_ORIGINS: Final = 3  # dates from which page 09 predicts
_TRIED: Final = 3 * 30 + QUARTER  # days that page 13's tries and the activity before them reach back
_LEAST: Final = 7


@dataclass(frozen=True)
class PageWindows:
    """Windows for a history of so many days.

    At most a quarter of the history is looked ahead; it is held out by whole seasons (a year, half a year) where three
    of them fit.

    Attributes:
        days: Length of the history.

    >>> PageWindows(365).held_out, PageWindows(600).held_out, PageWindows(2190).held_out
    (91, 182, 365)
    """

    days: int

    @property
    def ahead(self) -> int:
        """Days of one look ahead: a quarter of the history, a quarter of a year at most."""
        return max(_LEAST, min(QUARTER, self.days // 4))

    @property
    def held_out(self) -> int:
        """Days that value models must predict unseen."""
        return next((span for span in (YEAR, HALF) if self.days >= 3 * span), self.ahead)

    @property
    def horizon(self) -> int:
        """Length of each of page 09's predictions; its origins lie one apart and need one before them."""
        whole = (span for span in (HALF, QUARTER) if self.days >= (_ORIGINS + 2) * span)
        return next(whole, max(_LEAST, self.ahead // 2))

    def back(self, page: str) -> int:
        """Days before the last one at which a page takes its first look; it needs customers who were there by then."""
        reach = {
            "08": self.held_out,
            "09": _ORIGINS * self.horizon,
            "11": self.ahead + self.ahead // 2,
            "13": 2 * (self.ahead // 2) + _TRIED - QUARTER,
            **dict.fromkeys(("14", "15", "16", "17"), 2 * self.ahead),
        }
        return reach.get(page[:2], 0)

    def parameters(self, as_of: date, *, categories: bool) -> Mapping[str, dict[str, Any]]:
        """Parameters of each page that has any to fit.

        Args:
            as_of: Last day that counts.
            categories: Whether products have a category.
        """
        start = as_of - timedelta(days=2 * self.ahead)
        halves = {"start": str(start), "pre_days": 2 * self.ahead, "post_days": 2 * self.ahead}
        test = {"test_settings": f"pre_days = {2 * self.ahead}; until = {as_of}"}  # an experiment is the user's to name
        return {
            "05_did_they_move": {"target": 0.0},
            "06_do_new_customers_return": {"product_column": "category"} if categories else {},
            "08_what_is_a_customer_worth": {"holdout_days": self.held_out, "growth_target": 0.0},
            "09_which_value_model": {"horizon_days": self.horizon},
            "11_who_is_leaving": {
                "cut_off": str(as_of - timedelta(days=self.ahead)),
                "window_days": self.ahead,
                "earlier_days": self.ahead // 2,
            },
            "13_whom_to_treat": {"window_days": self.ahead // 2},
            "14_how_large_a_test": halves,
            "15_was_the_test_sound": test,
            "16_did_the_programme_pay": test,
            "17_who_gets_the_offer": test,
            "18_can_five_cities_decide": {"pilot_settings": ""},
            "19_what_do_points_cost": {"thresholds": "", "earns": ""},
            "20_what_to_offer_next": {"later_days": max(_LEAST, self.ahead // 3)},
        }
