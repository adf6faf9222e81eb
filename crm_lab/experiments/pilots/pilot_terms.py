"""Terms of a pilot: what extra sales earn, what the pilot costs, and which return lets it be rolled out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from crm_lab.checks import check_settings, negative, not_inside, not_shares

Basis = Literal["net", "multiple", "roas"]
BASES: tuple[Basis, ...] = get_args(Basis)
ASKED = ("margin_share", "cost", "fixed_cost")  # what only the retailer knows


@dataclass(frozen=True, kw_only=True)
class PilotTerms:
    """What a pilot earns and costs.

    >>> terms = PilotTerms(margin_share=0.3, cost=100.0, fixed_cost=1_000.0, roi_needed=1.5)
    >>> terms.spent(treated=5, periods=8)
    5000.0
    >>> {basis: round(terms.needed(5_000.0, basis)) for basis in BASES}
    {'net': 41667, 'multiple': 25000, 'roas': 7500}

    Attributes:
        margin_share: Gross margin as a share of the panel's values; 1 where they are margin.
        cost: Cost of one treated city in one period.
        fixed_cost: Cost of the pilot besides, in all.
        roi_needed: Return that must be beaten.
        basis: How that return is meant: ``net`` is extra margin less cost by cost, ``multiple`` extra margin by cost,
            ``roas`` extra sales by cost.
        ship_at: Probability of that from which the answer is to roll out.
        stop_at: Probability up to which the answer is to stop.
        level: Confidence level.
        currency: ISO code.
        assumed: Which of margin_share, cost and fixed_cost are examples and not the retailer's: with any of them the
            answer is no decision.

    Source:
        ROI bases: Farris et al. (2010), Marketing Metrics.
    """

    margin_share: float
    cost: float = 0.0
    fixed_cost: float = 0.0
    roi_needed: float = 0.0
    basis: Basis = "net"
    ship_at: float = 0.95
    stop_at: float = 0.1
    level: float = 0.95
    currency: str = "USD"
    assumed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        rise = 0 < self.stop_at < self.ship_at < 1
        check_settings(
            self,
            not_shares(self, "margin_share"),
            negative(self, "cost", "fixed_cost"),
            not_inside(self, "level"),
            stop_at=not rise and f"with ship_at {self.ship_at} they must rise between 0 and 1",
            basis=self.basis not in BASES and f"it is one of {', '.join(BASES)}",
            roi_needed=not self.roi_needed > -1 and "it must be above -1",
            assumed=not set(self.assumed) <= set(ASKED) and f"they are among {', '.join(ASKED)}",
        )

    def spent(self, treated: int, periods: int) -> float:
        """Cost of the pilot in all.

        >>> terms.spent(treated=1, periods=2)
        1200.0

        Args:
            treated: Treated cities.
            periods: Periods of the pilot.

        Returns:
            In the terms' currency.
        """
        return self.cost * treated * periods + self.fixed_cost

    def roi(self, extra: float, spent: float, basis: Basis) -> float:
        """Return of extra sales on a basis; without cost it has none.

        >>> terms.roi(25_000.0, 5_000.0, "net")
        0.5

        Args:
            extra: Extra sales in all.
            spent: Cost in all.
            basis: Which return.

        Returns:
            The return; NaN without cost.
        """
        if spent <= 0:
            return float("nan")
        gain = extra if basis == "roas" else self.margin_share * extra
        return gain / spent - (1 if basis == "net" else 0)

    def needed(self, spent: float, basis: Basis) -> float:
        """Extra sales from which the return is the one that must be beaten; infinite where sales earn nothing.

        >>> terms.needed(600.0, "multiple")
        3000.0

        Args:
            spent: Cost in all.
            basis: Which return.

        Returns:
            In the terms' currency.
        """
        share = 1.0 if basis == "roas" else self.margin_share
        times = self.roi_needed + (1 if basis == "net" else 0)
        return times * spent / share if share else float("inf")
