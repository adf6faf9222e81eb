"""Days between purchases, with gaps that are still open counted as censored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.calendar import day_number, day_numbers
from crm_lab.checks import as_date
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, Result
from crm_lab.segmentation.known_purchases import known_purchases, purchase_days
from crm_lab.stats.survival import weighted_quantiles

GAP_SHARES = (0.25, 0.5, 0.75, 0.9)


def interpurchase(
    orders: IntoFrame, *, as_of: str | date | datetime, rng: np.random.Generator | int, draws: int = 200, **names: str
) -> InterpurchaseResult:
    """Days between purchase days: of the completed gaps, and with the open ones counted as censored.

    Completed gaps alone are biased towards short ones: the long gaps are still open.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> gaps = interpurchase(tables["orders"], as_of=tables.as_of, rng=0, draws=20)
    >>> gaps.to_frame()[["share", "ended_only"]].head(2).to_numpy().tolist()
    [[0.25, 12.0], [0.5, 34.0]]

    Args:
        orders: ``customer_id`` and ``date``.
        as_of: Last day that counts; each customer's last gap is open until then.
        rng: Generator or seed for the bootstrap of customers.
        draws: Bootstrap samples.
        names: Names of columns: customer, date.

    Returns:
        Quantiles in days, with bootstrap intervals.

    Raises:
        BadInput: If columns are missing or nobody has bought on two days.
    """
    day = as_date(as_of)
    known = known_purchases(orders, day, **names)
    code, _ = pd.factorize(known["customer_id"])
    today = day_number(day)
    who, when = purchase_days(code, day_numbers(known["date"]), today)
    ended = np.append(who[1:] == who[:-1], False)
    if not ended.any():
        raise cannot_answer("no_gaps")
    gap = np.where(ended, np.append(when[1:], today) - when, today - when)
    generator, n = np.random.default_rng(rng), int(who.max()) + 1
    drawn = np.empty((draws, len(GAP_SHARES)))
    for b in range(draws):
        weights = np.bincount(generator.integers(0, n, n), minlength=n)[who].astype(np.float64)
        drawn[b] = weighted_quantiles(gap, ended, weights, GAP_SHARES)
    lo, hi = np.quantile(drawn, [0.025, 0.975], axis=0, method="inverted_cdf")
    naive = np.quantile(gap[ended], GAP_SHARES, method="inverted_cdf")
    days = weighted_quantiles(gap, ended, np.ones(len(gap)), GAP_SHARES)
    frame = pd.DataFrame({"share": GAP_SHARES, "days": days, "lo": lo, "hi": hi, "ended_only": naive})
    return InterpurchaseResult(frame, n, int(ended.sum()), int((~ended).sum()), day)


@dataclass(frozen=True, eq=False)
class InterpurchaseResult(Result):
    """Quantiles of the days between purchase days.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> gaps = interpurchase(tables["orders"], as_of=tables.as_of, rng=0, draws=20)
    >>> gaps.ended, gaps.open
    (4339, 2357)

    Attributes:
        frame: share of gaps (0-1), days (open gaps censored), lo, hi, ended_only (days).
        customers: Number of customers.
        ended: Completed gaps.
        open: Gaps still open at `as_of`.
        as_of: Last day that counts.
    """

    frame: pd.DataFrame
    customers: int
    ended: int
    open: int
    as_of: date

    name: ClassVar[str] = "interpurchase"
    formats: ClassVar[Mapping[str, str]] = {
        "share": ".0%",
        "days": ".0f",
        "lo": ".0f",
        "hi": ".0f",
        "ended_only": ".0f",
    }

    def to_frame(self) -> pd.DataFrame:
        """One row per share of gaps.

        >>> list(gaps.to_frame())
        ['share', 'days', 'lo', 'hi', 'ended_only']
        """
        return self.frame.copy()

    def readout(self) -> Readout:
        """The median, the slowest tenth, and what completed gaps alone would have said.

        >>> print(gaps.readout().finding)
        Half of the gaps between purchase days last 93 days or less [73, 109]; how long the slowest ...
        """
        rows = self.frame.set_index("share").to_dict("index")
        half, slow = rows[0.5], rows[0.9]
        values = {"median": half["days"], "lo": half["lo"], "hi": half["hi"],
                  "slow": slow["days"], "slow_ended": slow["ended_only"]}  # fmt: skip
        return Readout(
            Message(f"segments.gaps.{'finding' if np.isfinite(slow['days']) else 'finding_open'}", values),
            Message("segments.gaps.certainty", {"ended": self.ended, "open": self.open, "customers": self.customers}),
            Message("segments.gaps.action", {"median": half["days"]}),
        )

    def facts(self) -> tuple[Fact, ...]:
        """Every finite quantile.

        >>> {fact.id: fact.unit for fact in gaps.facts()[:2]}
        {'interpurchase.q25': 'days', 'interpurchase.q50': 'days'}
        """
        rows = self.frame[np.isfinite(self.frame["days"])]
        rows = rows.assign(
            place=[f"{100 * share:.0f}" for share in rows["share"]], hi=rows["hi"].replace(np.inf, np.nan)
        )
        return facts_of(
            rows, "interpurchase.q{place}", "segments.gaps.fact", "days", "days", ends=("lo", "hi"), n=self.customers,
            kind="estimate", definition="segments.about.gap_quantile",
            better="down",
        )  # fmt: skip
