"""RFM: recency, frequency and monetary value of each customer, scored and segmented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Floats
from crm_lab.checks import Problems, as_date
from crm_lab.fact_rows import id_part
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, Result
from crm_lab.segmentation.rfm.cut_points import natural_breaks, quantile_cuts
from crm_lab.segmentation.rfm.scoring_file import DIMENSIONS, RFMScoring, load_scoring
from crm_lab.segmentation.rfm.segment_rules import TEN_SEGMENTS, SegmentRules, segment_name, with_names
from crm_lab.segmentation.rfm.usable_customers import history_of, scored_frame, usable_customers, values_of

Method = Literal["quantiles", "fixed", "natural_breaks"]
SCORES = ("r_score", "f_score", "m_score")


@dataclass(frozen=True)
class RFM:
    """How to score customers 1 (worst) … `bins` (best) on recency, frequency and money.

    Attributes:
        bins: Scores per dimension.
        method: ``quantiles`` (about equal groups), ``natural_breaks`` (most alike groups) or ``fixed``.
        cut_points: For ``fixed``: column -> ascending cut points, at most bins - 1 of them.
        rules: The table that names the segments.

    >>> customers = pd.DataFrame(
    ...     {
    ...         "customer_id": list("abcdef"),
    ...         "recency_days": [1, 3, 9, 20, 40, 80],
    ...         "n_orders": [9, 7, 7, 2, 2, 1],
    ...         "revenue": [90.0, 80.0, 20.0, 20.0, 15.0, 5.0],
    ...     }
    ... )
    >>> result = RFM(bins=3).fit(customers, as_of="2024-06-30")
    >>> result.to_frame()["rfm_cell"].tolist()
    ['333', '323', '222', '212', '111', '111']

    Raises:
        BadInput: If the settings are wrong; all of them are named.
    """

    bins: int = 5
    method: Method = "quantiles"
    cut_points: Mapping[str, Sequence[float]] | None = None
    rules: SegmentRules = TEN_SEGMENTS

    def __post_init__(self) -> None:
        problems = Problems("RFM settings")
        problems.unless(2 <= self.bins <= 10, f"bins is {self.bins}; it must be 2 to 10.")
        known = ("quantiles", "fixed", "natural_breaks")
        problems.unless(self.method in known, f"method is {self.method!r}; it must be one of {known}.")
        if self.method == "fixed":
            missing = [name for name in DIMENSIONS if name not in (self.cut_points or {})]
            problems.unless(not missing, f"cut_points lacks {', '.join(missing)}; method 'fixed' needs them.")
        else:
            problems.unless(self.cut_points is None, f"cut_points belong to 'fixed', not {self.method!r}.")
        problems.raise_any()

    def fit(
        self,
        customers: IntoFrame,
        *,
        as_of: str | date | datetime,
        window_days: int | None = None,
        customer: str = "customer_id",
        date: str = "date",
        amount: str = "net_amount",
    ) -> RFMResult:
        """Find the cut points on purchases or on a customer table, and score every customer.

        >>> RFM(bins=2).fit(customers, as_of="2024-06-30").scoring.cut_points["revenue"]
        (20.0,)

        Args:
            customers: One row per purchase, or one row per customer with ``recency_days``, ``n_orders`` and
                ``revenue`` (like `customer_360`); a DataFrame of pandas, Polars, DuckDB, PyArrow or PySpark. Of
                purchases, those of a customer on one day are one order unless there is a column ``order_id``. Rows
                without a customer and customers without an order are left out and counted.
            as_of: Last day that counts in the table.
            window_days: Days over which orders and money are counted, if not over all history.
            customer: Column with the customer.
            date: Column with the date of the purchase.
            amount: Column with its amount.

        Returns:
            The scored customers, and the scoring itself to use again on later data.

        Raises:
            BadInput: If columns or values are missing.
            CannotAnswer: If fewer customers than bins remain.
        """
        day = as_date(as_of)
        usable = usable_customers(customers, day, window_days, customer=customer, date=date, amount=amount)
        if len(usable.frame) < self.bins:
            raise cannot_answer("fewer_than_bins", n=len(usable.frame), bins=self.bins)
        cuts = {name: self._cuts(name, values_of(usable.frame, name)) for name in DIMENSIONS}
        history = history_of(usable.frame, window_days)
        scoring = RFMScoring(cuts, self.rules, self.bins, self.method, day, history)
        frame = scored_frame(usable.frame, scoring)
        sizes = frame["segment"].value_counts()
        scoring = replace(scoring, segments={name: int(sizes.get(name, 0)) for name in self.rules.names})
        return RFMResult(frame, scoring, day, history, usable.null_ids, usable.without_orders)

    def _cuts(self, name: str, values: Floats) -> tuple[float, ...]:
        if self.method == "fixed":
            assert self.cut_points is not None  # noqa: S101 - checked in __post_init__
            return tuple(map(float, self.cut_points[name]))
        find = quantile_cuts if self.method == "quantiles" else natural_breaks
        return tuple(map(float, find(values, self.bins)))


@dataclass(frozen=True, eq=False)
class RFMResult(Result):
    """Every customer's scores and segment, and the scoring that gave them.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> result = RFM().fit(tables["customer_360"], as_of=tables.as_of)
    >>> result.to_frame()["segment"].value_counts().head(2).to_dict()
    {'hibernating': 846, 'champions': 415}

    Attributes:
        customers: The scored table.
        scoring: Cut points and rules; it may have been fitted on an earlier day.
        as_of: Last day that counts.
        history_days: Days that the data cover.
        null_ids: Rows left out because nobody is named.
        without_orders: Customers left out because they have no order (only returns).
    """

    customers: pd.DataFrame
    scoring: RFMScoring
    as_of: date
    history_days: int
    null_ids: int = 0
    without_orders: int = 0

    name: ClassVar[str] = "rfm"
    formats: ClassVar[Mapping[str, str]] = {"revenue": ",.2f"}

    def to_frame(self) -> pd.DataFrame:
        """One row per customer: values, scores 1 (worst) … bins (best), cell and segment.

        >>> list(result.to_frame())
        ['customer_id', 'recency_days', 'n_orders', 'revenue', 'r_score', 'f_score', 'm_score', 'rfm_cell',
        'segment']
        """
        return self.customers.copy()

    def score(
        self, customers: IntoFrame, *, as_of: str | date | datetime, window_days: int | None = None, **names: str
    ) -> RFMResult:
        """Score another customer table with the cut points and rules of this one.

        >>> earlier = open_workspace("cdnow_sample").at("1997-12-31")
        >>> result.score(earlier["customer_360"], as_of=earlier.as_of).as_of
        datetime.date(1997, 12, 31)

        Args:
            customers: Customers or purchases, as `RFM.fit` takes them.
            as_of: Last day that counts in the table.
            window_days: As in `RFM.fit`.
            names: Names of columns as in `RFM.fit`: customer, date, amount.

        Returns:
            The same scoring on the new customers: a score means the same amount as before.

        Raises:
            BadInput: If columns or values are missing, or nobody can be scored.
        """
        return apply_scoring(self.scoring, customers, as_of=as_of, window_days=window_days, **names)

    def under(self, scoring_file: str) -> RFMResult:
        """The same customers under a saved scoring; an empty name keeps the present one.

        >>> result.under("") is result
        True

        Args:
            scoring_file: Path of a file that `RFMScoring.save` wrote, from the project's folder.

        Returns:
            The customers with the other scoring.

        Raises:
            BadInput: If there is no such file, or it is no RFM scoring.
        """
        if not scoring_file:
            return self
        scoring = load_scoring(scoring_file)
        return replace(self, customers=scored_frame(self.customers, scoring), scoring=scoring)

    def segments(self) -> SegmentsResult:
        """Customers and revenue per segment.

        >>> result.segments().to_frame().loc[0, ["segment", "customers"]].tolist()
        ['champions', np.int64(415)]
        """
        return SegmentsResult.of(self)

    def thin_dimensions(self) -> tuple[str, ...]:
        """Score columns with fewer distinct scores than bins, because many customers tie.

        >>> result.thin_dimensions()
        ('f_score',)

        Returns:
            Some of ``r_score``, ``f_score`` and ``m_score``.
        """
        return tuple(s for s in SCORES if self.customers[s].nunique() < self.scoring.bins)

    def readout(self) -> Readout:
        """The segments in three sentences.

        >>> print(result.readout().finding)
        Champions are the segment with the most money: 415 of 2,357 customers (17.6%) with 49.1% ...
        """
        return self.segments().readout()

    def facts(self) -> tuple[Fact, ...]:
        """What the segment table states.

        >>> {fact.id: fact.unit for fact in result.facts()[:2]}
        {'rfm.customers': 'customers', 'rfm.null_ids': 'rows'}
        """
        return self.segments().facts()


def apply_scoring(
    scoring: RFMScoring,
    customers: IntoFrame,
    *,
    as_of: str | date | datetime,
    window_days: int | None = None,
    **names: str,
) -> RFMResult:
    """Score customers with cut points and rules that were fitted before, e.g. last quarter's.

    >>> from crm_lab import open_workspace
    >>> spring, summer = (open_workspace("cdnow_sample").at(day) for day in ("1998-03-31", "1998-06-30"))
    >>> scoring = RFM().fit(spring["customer_360"], as_of=spring.as_of).scoring
    >>> apply_scoring(scoring, summer["customer_360"], as_of=summer.as_of).scoring.as_of
    datetime.date(1998, 3, 31)

    Args:
        scoring: What `RFM.fit` found or `load_scoring` read.
        customers: Customers or purchases, as `RFM.fit` takes them.
        as_of: Last day that counts in the table.
        window_days: Days over which orders and money were counted, if not over all history.
        names: Names of columns as in `RFM.fit`: customer, date, amount.

    Returns:
        The customers with scores and segments.

    Raises:
        BadInput: If columns or values are missing, or nobody can be scored.
    """
    day = as_date(as_of)
    usable = usable_customers(customers, day, window_days, **names)
    history = history_of(usable.frame, window_days)
    frame = scored_frame(usable.frame, scoring)
    return RFMResult(frame, scoring, day, history, usable.null_ids, usable.without_orders)


@dataclass(frozen=True, eq=False)
class SegmentsResult(Result):
    """Customers and revenue per segment: counts, so without intervals.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> result = RFM().fit(tables["customer_360"], as_of=tables.as_of).segments()
    >>> result.to_frame()[["segment", "customers", "share_of_revenue"]].round(2).head(2).to_numpy().tolist()
    [['champions', 415, 0.49], ['loyal', 316, 0.24]]

    Attributes:
        frame: One row per segment: customers, revenue (currency), their shares (0-1), median days since the last
            purchase and median number of orders.
        rfm: The scored customers.
    """

    frame: pd.DataFrame
    rfm: RFMResult = field(repr=False)

    name: ClassVar[str] = "segments"
    formats: ClassVar[Mapping[str, str]] = {
        "share_of_customers": ".1%",
        "share_of_revenue": ".1%",
        "revenue": ",.0f",
        "median_recency_days": ".0f",
        "median_orders": ".0f",
    }

    @classmethod
    def of(cls, rfm: RFMResult) -> SegmentsResult:
        """Count a scored table by segment, in the order of the rules.

        >>> SegmentsResult.of(result.rfm).to_frame()["customers"].sum() == len(result.rfm.customers)
        np.True_

        Args:
            rfm: The scored customers.

        Returns:
            One row per segment.
        """
        of_segment = {
            "customers": ("customer_id", "size"), "revenue": ("revenue", "sum"),
            "median_recency_days": ("recency_days", "median"), "median_orders": ("n_orders", "median"),
        }  # fmt: skip
        frame = rfm.customers.groupby("segment").agg(**of_segment).reindex(list(rfm.scoring.rules.names))
        frame[["customers", "revenue"]] = frame[["customers", "revenue"]].fillna(0)
        frame["customers"] = frame["customers"].astype("int64")
        total = frame["revenue"].sum()
        frame.insert(1, "share_of_customers", frame["customers"] / frame["customers"].sum())
        frame.insert(3, "share_of_revenue", frame["revenue"] / total if total else np.nan)
        return cls(frame.rename_axis("segment").reset_index(), rfm)

    def to_frame(self) -> pd.DataFrame:
        """One row per segment, in the order of the rule table.

        >>> list(result.to_frame())
        ['segment', 'customers', 'share_of_customers', 'revenue', 'share_of_revenue', 'median_recency_days',
        'median_orders']
        """
        return self.frame.copy()

    def shown(self) -> pd.DataFrame:
        """`to_frame` with a column for the segments' names in the active language.

        >>> list(result.shown())
        ['segment', 'name', 'customers', 'share_of_customers', 'revenue', 'share_of_revenue',
        'median_recency_days', 'median_orders']
        """
        return with_names(self.to_frame())

    def readout(self) -> Readout:
        """The segment with the most money, the ties, and what to do.

        >>> print(result.readout().finding)
        Champions are the segment with the most money: 415 of 2,357 customers (17.6%) with 49.1% ...
        """
        top = self.frame.sort_values("revenue", ascending=False).iloc[0]
        thin = self.rfm.thin_dimensions()
        values = {
            "segment": segment_name(top["segment"]), "customers": top["customers"],
            "share_of_customers": top["share_of_customers"], "share_of_revenue": top["share_of_revenue"],
            "total": len(self.rfm.customers), "scores": ", ".join(thin), "bins": self.rfm.scoring.bins,
        }  # fmt: skip
        said = ("finding", "certainty_ties" if thin else "certainty", "action")
        return Readout(*(Message(f"segments.rfm.{key}", values) for key in said))

    def facts(self) -> tuple[Fact, ...]:
        """Customers in all and per segment, and what was left out.

        >>> {fact.id: fact.unit for fact in result.facts()[:2]}
        {'rfm.customers': 'customers', 'rfm.null_ids': 'rows'}
        """
        window = Message("segments.about.days_to", {"days": self.rfm.history_days, "as_of": self.rfm.as_of})
        n = len(self.rfm.customers)
        per = (
            Fact(f"rfm.{id_part(s)}.customers", segment_name(s), int(customers), "customers", n=n, window=window)
            for s, customers in zip(self.frame["segment"], self.frame["customers"], strict=True)
        )
        return (
            Fact("rfm.customers", "segments.fact.customers", n, "customers", n=n),
            Fact("rfm.null_ids", "segments.fact.null_ids", self.rfm.null_ids, "rows"),
            *per,
        )
