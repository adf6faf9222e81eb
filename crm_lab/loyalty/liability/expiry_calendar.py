"""The expiry calendar: which points reach their last day in which month, and what is left of them by then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.calendar import period_index, period_label
from crm_lab.checks import BadInput, check_settings, need_columns, negative
from crm_lab.loyalty.breakage import UltimateRedemptionResult
from crm_lab.messages import Message
from crm_lab.number_format import ShortMoney
from crm_lab.results import Fact, Kind, Readout, Result

_S = "liability.expiry"


@dataclass(frozen=True, kw_only=True)
class ExpiryCalendar:
    """What expires when.

    >>> from crm_lab.loyalty.breakage import RedemptionTriangle, UltimateRedemption
    >>> rng, month = np.random.default_rng(5), np.add.outer(np.arange(24), np.arange(24))
    >>> cells = rng.poisson(1_000 * 0.85 ** np.arange(24), (24, 24)) * (month < 24) * (np.arange(24) < 13)
    >>> triangle = RedemptionTriangle(648, np.full(24, 10_000.0), cells * 1.0, expires_after=12)
    >>> ultimate = UltimateRedemption().analyze(triangle)
    >>> lots = pd.DataFrame(
    ...     {
    ...         "issued_on": pd.to_datetime(["2025-06-15", "2025-12-15"]),
    ...         "active": [6_000, 8_900],
    ...         "pending": [0, 0],
    ...         "expires_on": pd.to_datetime(["2026-06-30", "2026-12-31"]),
    ...     }
    ... )
    >>> found = ExpiryCalendar(cost_per_point=0.006).analyze(lots, ultimate)
    >>> found.to_frame()[["month", "points", "expiring"]].round(-1).values.tolist()
    [['2026-06', 6000, 4550.0], ['2026-12', 8900, 4090.0]]

    Attributes:
        cost_per_point: What a point costs when it is redeemed.
        currency: ISO code.
    """

    cost_per_point: float
    currency: str = "USD"

    def __post_init__(self) -> None:
        check_settings(self, negative(self, "cost_per_point"))

    def analyze(self, lots: pd.DataFrame, ultimate: UltimateRedemptionResult) -> ExpiryCalendarResult:
        """Read the calendar off the lots that are open.

        >>> ExpiryCalendar(cost_per_point=0.0).analyze(lots.iloc[:1], ultimate).to_frame()["month"].tolist()
        ['2026-06']

        Args:
            lots: Lots of the ledger on the last day of the triangle: `issued_on`, `expires_on`, `active` and
                `pending` points.
            ultimate: The redemption rate, whose rates by age say how many are redeemed before.

        Returns:
            The calendar.

        Raises:
            BadInput: If open points are past their last day.
        """
        need_columns(lots.columns, ("issued_on", "expires_on", "active", "pending"), "The lots")
        triangle = ultimate.triangle
        left = (lots["active"] + lots["pending"]).to_numpy(dtype=np.int64)
        known = lots["issued_on"].notna().to_numpy()
        inside = np.zeros(len(lots), dtype=bool)
        inside[known] = period_index(lots["issued_on"][known], "month") < triangle.first + triangle.n
        here = (left > 0) & inside
        frame = pd.DataFrame({
            "issue": period_index(lots["issued_on"][here], "month") - triangle.first, "left": left[here],
            "expires_on": lots["expires_on"][here].to_numpy(),
        })  # fmt: skip
        late = frame["expires_on"] < pd.Timestamp(triangle.as_of)
        if late.any():
            raise BadInput(
                f"{int(late.sum())} lots with {int(frame['left'][late].sum()):,} points are past their last day and "
                "still open; let them expire first."
            )
        return ExpiryCalendarResult(self, frame, ultimate, int(left[(left > 0) & ~inside].sum()))


@dataclass(frozen=True, eq=False)
class ExpiryCalendarResult(Result):
    """What expires when.

    >>> from crm_lab.loyalty.breakage import RedemptionTriangle, UltimateRedemption
    >>> rng, month = np.random.default_rng(5), np.add.outer(np.arange(24), np.arange(24))
    >>> cells = rng.poisson(1_000 * 0.85 ** np.arange(24), (24, 24)) * (month < 24) * (np.arange(24) < 13)
    >>> triangle = RedemptionTriangle(648, np.full(24, 10_000.0), cells * 1.0, expires_after=12)
    >>> ultimate = UltimateRedemption().analyze(triangle)
    >>> lots = pd.DataFrame(
    ...     {
    ...         "issued_on": pd.to_datetime(["2025-06-15", "2025-12-15"]),
    ...         "active": [6_000, 8_900],
    ...         "pending": [0, 0],
    ...         "expires_on": pd.to_datetime(["2026-06-30", "2026-12-31"]),
    ...     }
    ... )
    >>> found = ExpiryCalendar(cost_per_point=0.006).analyze(lots, ultimate)

    Attributes:
        spec: Settings.
        open_lots: Points `left` by month of `issue`, counted from the triangle's first, and `expires_on`.
        ultimate: The redemption rate.
        left_out: Open points of lots issued after the triangle's last month, or on no known day.
    """

    spec: ExpiryCalendar
    open_lots: pd.DataFrame
    ultimate: UltimateRedemptionResult
    left_out: int

    name: ClassVar[str] = "expiry_calendar"
    formats: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("points", "redeemed_before", "expiring", "lo", "hi"), ",.0f"), "money": ",.2f",
    }  # fmt: skip

    @cached_property
    def _kept(self) -> Floats:
        """Share of the points now left of each month of issue that is there after each age, shape (n, ages)."""
        read, triangle = self.ultimate.rates, self.ultimate.triangle
        now = triangle.n - 1 - np.arange(triangle.n)
        rates, later = np.nan_to_num(read.rates), np.arange(triangle.ages) > now[:, None]
        if read.since:
            return np.asarray(np.cumprod(np.where(later, 1 - read.rates_of_cells, 1.0), axis=1))
        left = triangle.issued - triangle.redeemed_so_far
        used = np.cumsum(np.where(later, rates, 0.0), axis=1) * triangle.issued[:, None]
        gone = np.divide(used, left[:, None], out=np.zeros_like(used), where=left[:, None] > 0)
        return np.asarray(np.maximum(1 - gone, 0.0))

    @property
    def without_end(self) -> int:
        """Open points that never expire.

        >>> found.without_end
        0
        """
        return int(self.open_lots.loc[self.open_lots["expires_on"].isna(), "left"].sum())

    def refusal(self) -> Message | None:
        """Why there is no calendar: no points expire, or it is not known how many are redeemed before.

        >>> found.refusal() is None
        True
        """
        if not self.open_lots["expires_on"].notna().any():
            return Message(f"{_S}.refused", {"points": self.without_end})
        if self.ultimate.unreached and self.ultimate.refusal() is None:
            return Message(f"{_S}.refused_ages", {"ages": self.ultimate.triangle.ages})
        return self.ultimate.refusal()

    def to_frame(self) -> pd.DataFrame:
        """What expires by month.

        >>> list(found.to_frame())
        ['month', 'points', 'redeemed_before', 'expiring', 'lo', 'hi', 'money']

        Returns:
            One row per month: open `points` whose last day lies in it, those expected to be `redeemed_before`, those
            `expiring` with `lo` and `hi`, and their `money` at the cost of a point. Where it is refused only `points`.
        """
        ends = self.open_lots[self.open_lots["expires_on"].notna()]
        month = period_index(ends["expires_on"], "month") if len(ends) else np.zeros(0, dtype=np.int64)
        triangle, refused = self.ultimate.triangle, self.refusal() is not None
        issue, left = ends["issue"].to_numpy(), ends["left"].to_numpy(dtype=float)
        age = np.minimum(month - triangle.first - issue, triangle.ages - 1)
        gone = left * (1 - self._kept[issue, age]) if not refused else np.full(len(ends), np.nan)
        times = self.ultimate.spread.factor(self.ultimate.spec.level) if not refused else 1.0
        frame = pd.DataFrame({"month": month, "points": ends["left"].to_numpy(), "redeemed_before": gone})
        frame = frame.groupby("month", as_index=False).sum(min_count=1)
        points, before = frame["points"], frame["redeemed_before"]
        return frame.assign(
            month=[period_label(int(at), "month") for at in frame["month"]],
            expiring=points - before,
            lo=(points - before * times).clip(lower=0),
            hi=points - before / times,
            money=(points - before) * self.spec.cost_per_point,
        )

    def readout(self) -> Readout:
        """What expires in the next months.

        >>> print(found.readout().finding)
        Of 14,900 open points with a last day, 8,638 are expected to expire; the largest month is 2026-06 (4,545).
        """
        refused = self.refusal()
        if refused is not None:
            return Readout(refused, f"{_S}.certainty_refused", f"{_S}.action_refused")
        frame = self.to_frame()
        most = frame.iloc[int(np.argmax(frame["expiring"]))]
        values = {
            "points": int(frame["points"].sum()), "expiring": frame["expiring"].sum(), "month": most["month"],
            "most": most["expiring"], "money": ShortMoney.of(float(frame["money"].sum()), self.spec.currency),
            "without": self.without_end, "level": self.ultimate.spec.level,
        }  # fmt: skip
        return Readout.of(_S, values)

    def facts(self) -> tuple[Fact, ...]:
        """Points that expire in all, and what they would have cost.

        >>> [fact.id for fact in found.facts()]
        ['expiry.points', 'expiry.money']
        """
        kind: Kind = "simulated" if self.ultimate.spec.simulated else "forecast"
        refused, frame = self.refusal(), self.to_frame()
        if refused is not None:
            return (Fact("expiry.points", f"{_S}.fact_points", None, "points", kind=kind, refusal=refused),)
        return (
            Fact("expiry.points", f"{_S}.fact_points", float(frame["expiring"].sum()), "points", kind=kind),
            Fact("expiry.money", f"{_S}.fact_money", float(frame["money"].sum()), self.spec.currency, kind=kind),
        )
