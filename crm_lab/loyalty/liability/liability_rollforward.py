"""Roll-forward of what points owe: from the opening to the closing of each month, without a difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Integers
from crm_lab.calendar import period_end, period_index, period_label
from crm_lab.checks import BadInput, as_date, check_settings, need_columns, not_among, not_positive, too_small
from crm_lab.loyalty.liability.liability_states import MOVES, PARTS, REVENUE, Flows, Measured, rolled
from crm_lab.loyalty.liability.price_allocation import SOLD, PriceAllocation, lot_of_uses, values_of_uses
from crm_lab.loyalty.liability.redemption_estimates import RedemptionEstimates
from crm_lab.messages import Message
from crm_lab.number_format import ShortMoney
from crm_lab.results import Fact, Kind, Readout, Result

_S = "liability.rollforward"
_WENT = ("expired", "handed_on", "redeemed", "reversed")
_USES = {"redeem": "redeemed", "expire": "expired", "adjust": "expired", "reverse": "reversed", "transfer": "handed_on"}


@dataclass(frozen=True, kw_only=True)
class LiabilityRollForward:
    """What points owe, month by month.

    Points sold with goods are a contract liability: their part of the price, less revenue. All points have a cost to
    fulfil: those still expected to be redeemed times the cost of a point. Points without a sale (a bonus, an
    adjustment, an order of nothing) have no price; by `without_sale` their cost is a provision, or stays outside the
    books and is only shown.

    >>> lots = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "b"],
    ...         "lot": [1, 1],
    ...         "kind": "earn",
    ...         "order_id": ["o1", "o2"],
    ...         "points": [1_000, 1_000],
    ...         "issued_on": pd.to_datetime(["2024-01-05", "2024-01-09"]),
    ...     }
    ... )
    >>> uses = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a"],
    ...         "lot": [1],
    ...         "kind": ["redeem"],
    ...         "points": [400],
    ...         "date": pd.to_datetime(["2024-02-03"]),
    ...     }
    ... )
    >>> orders = pd.DataFrame({"order_id": ["o1", "o2"], "amount": [100.0, 100.0]})
    >>> estimates = pd.DataFrame({"month": ["2024-01"], "redemption_rate": [0.8], "cost_per_point": [0.006]})
    >>> spec = LiabilityRollForward(point_price=0.01)
    >>> found = spec.analyze(lots, uses, orders, estimates, as_of="2024-02-29")
    >>> found.to_frame().query("part == 'contract_liability'")["closing"].tolist()
    [14.82, 11.12]

    Attributes:
        point_price: Stand-alone price of a point that is redeemed.
        without_sale: ``provision`` or ``outside``.
        decimals: Of the currency.
        currency: ISO code.
        simulated: Whether the ledger is simulated.
    """

    point_price: float
    without_sale: Literal["provision", "outside"] = "provision"
    decimals: int = 2
    currency: str = "USD"
    simulated: bool = False

    def __post_init__(self) -> None:
        check_settings(
            self,
            not_positive(self, "point_price"),
            too_small(self, decimals=0),
            not_among(self, without_sale=("provision", "outside")),
        )

    def analyze(
        self, lots: pd.DataFrame, uses: pd.DataFrame, orders: pd.DataFrame, estimates: pd.DataFrame, as_of: str | date
    ) -> LiabilityRollForwardResult:
        """Roll the liabilities forward over the whole months of a ledger.

        >>> spec.analyze(lots, uses, orders, estimates, as_of="2024-01-31").difference
        0

        Args:
            lots: Lots of the ledger: `customer_id`, `lot`, `kind`, `order_id`, `issued_on`, `points`.
            uses: Their uses: `customer_id`, `lot`, `kind`, `date`, `points`.
            orders: `order_id` and `amount` paid; `list_amount` where the goods' stand-alone price differs.
            estimates: As `RedemptionEstimates.read` takes them.
            as_of: Last day that is known; a month that it does not end is left out.

        Returns:
            The roll-forwards.

        Raises:
            BadInput: With everything that does not fit together.
        """
        need_columns(lots.columns, ("customer_id", "lot", "kind", "order_id", "issued_on", "points"), "The lots")
        need_columns(uses.columns, ("customer_id", "lot", "kind", "date", "points"), "The uses")
        unknown = sorted(set(uses["kind"]) - set(_USES))
        if unknown:
            raise BadInput(f"Uses are of the kinds {', '.join(_USES)}; {', '.join(unknown)} is none of them.")
        end = int(period_index(pd.Series(pd.to_datetime([as_date(as_of) + timedelta(days=1)])), "month")[0])
        issued_on = lots["issued_on"].fillna(lots["issued_on"].min())
        month = period_index(issued_on, "month")
        first, inside = int(month.min()), month < end
        if not inside.any():
            raise BadInput(f"No points were issued in a month that ends by {as_of}.")
        lots = lots[inside].assign(issued_on=issued_on[inside]).reset_index(drop=True)
        uses = uses[period_index(uses["date"], "month") < end] if len(uses) else uses
        known = RedemptionEstimates.read(estimates, first, end - first)
        return _rolled_forward(self, lots, uses.reset_index(drop=True), orders, known, first)


def _rolled_forward(
    spec: LiabilityRollForward,
    lots: pd.DataFrame,
    uses: pd.DataFrame,
    orders: pd.DataFrame,
    estimates: RedemptionEstimates,
    first: int,
) -> LiabilityRollForwardResult:
    month, n = period_index(lots["issued_on"], "month") - first, len(estimates.costs)
    place = lot_of_uses(lots, uses)
    at = period_index(uses["date"], "month") - first if len(uses) else place
    order = np.lexsort((day_of(uses), place))
    uses, place, at = uses.iloc[order].reset_index(drop=True), place[order], at[order]
    if (at < month[place]).any():
        raise BadInput(f"{int((at < month[place]).sum())} uses lie in a month before their points were issued.")
    price = PriceAllocation(point_price=spec.point_price, decimals=spec.decimals)
    initial = price.price(lots, orders, estimates.rates[month, month])
    values, prices = values_of_uses(lots, uses, initial)
    return LiabilityRollForwardResult(
        spec, lots.assign(month=month, price=prices),
        uses.assign(month=at, place=place, value=values, went=_how_they_went(lots, uses, place)), estimates, first, n,
    )  # fmt: skip


def _how_they_went(lots: pd.DataFrame, uses: pd.DataFrame, place: Integers) -> pd.Categorical[str]:
    """Movement that each use belongs to; points handed on that came in nowhere on that day have left for good."""
    codes, kinds = pd.factorize(uses["kind"])
    went, came = np.array([*_WENT]).searchsorted([_USES[kind] for kind in kinds])[codes], lots["kind"] == "transfer"
    there = uses["date"].isin(lots.loc[came, "issued_on"]).to_numpy()
    at_once = came.to_numpy()[place] & (lots["issued_on"].to_numpy()[place] == uses["date"].to_numpy())
    left = (went == _WENT.index("handed_on")) & (~there | at_once)
    places = np.where(left, _WENT.index("expired"), went).tolist()
    return pd.Categorical.from_codes(places, categories=pd.Index(_WENT))


def day_of(uses: pd.DataFrame) -> Integers:
    """Order of the uses in time, by day and then as they stand.

    >>> day_of(pd.DataFrame({"date": pd.to_datetime(["2024-02-01", "2024-01-01"])})).tolist()
    [1, 0]

    Args:
        uses: With `date`.

    Returns:
        Ranks, shape (uses,).
    """
    ranks = np.empty(len(uses), dtype=np.int64)
    ranks[np.argsort(uses["date"].to_numpy(), kind="stable")] = np.arange(len(uses))
    return ranks


@dataclass(frozen=True, eq=False)
class LiabilityRollForwardResult(Result):
    """What points owe, month by month.

    >>> lots = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "b"],
    ...         "lot": [1, 1],
    ...         "kind": "earn",
    ...         "order_id": ["o1", "o2"],
    ...         "points": [1_000, 1_000],
    ...         "issued_on": pd.to_datetime(["2024-01-05", "2024-01-09"]),
    ...     }
    ... )
    >>> uses = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a"],
    ...         "lot": [1],
    ...         "kind": ["redeem"],
    ...         "points": [400],
    ...         "date": pd.to_datetime(["2024-02-03"]),
    ...     }
    ... )
    >>> orders = pd.DataFrame({"order_id": ["o1", "o2"], "amount": [100.0, 100.0]})
    >>> estimates = pd.DataFrame({"month": ["2024-01"], "redemption_rate": [0.8], "cost_per_point": [0.006]})
    >>> found = LiabilityRollForward(point_price=0.01).analyze(lots, uses, orders, estimates, as_of="2024-02-29")

    Attributes:
        spec: Settings.
        lots: Lots with the `month` of issue, counted from the first, and their `price` in cents.
        uses: Uses in order within lots, with `month`, `place` of the lot, the `value` they take of its price, and how
            they `went`.
        estimates: In force at the end of each month.
        first: Number of the first month, counted from 1970.
        n: Months.
    """

    spec: LiabilityRollForward
    lots: pd.DataFrame
    uses: pd.DataFrame
    estimates: RedemptionEstimates
    first: int
    n: int

    name: ClassVar[str] = "liability_rollforward"
    words: ClassVar[Mapping[str, str]] = {"part": f"{_S}.part_"}
    formats: ClassVar[Mapping[str, str]] = dict.fromkeys(("opening", *MOVES, "closing"), ",.2f")

    @property
    def sold(self) -> Booleans:
        """Which lots were sold: they have a price, shape (lots,).

        >>> found.sold.tolist()
        [True, True]
        """
        return np.asarray(self.lots["price"].to_numpy() > 0)

    def flows(self, *, money: bool, which: Booleans) -> Flows:
        """Points, or cents of their price, by month of issue and month.

        >>> found.flows(money=True, which=found.sold).redeemed.tolist()
        [[0, 296], [0, 0]]

        Args:
            money: Whether cents of price and not points.
            which: Of the lots.

        Returns:
            What was issued, and what went how.
        """
        issued = np.zeros(self.n, dtype=np.int64)
        sizes = self.lots["price" if money else "points"].to_numpy()
        month, came = self.lots["month"].to_numpy(), (self.lots["kind"] == "transfer").to_numpy()
        np.add.at(issued, month[which & ~came], sizes[which & ~came])
        place = self.uses["place"].to_numpy()
        cohort, used = month[place], self.uses["month"].to_numpy()
        went = {
            name: np.zeros((self.n, self.n), dtype=np.int64)
            for name in ("reversed", "handed_on", "redeemed", "expired")
        }
        size, kind = self.uses["value" if money else "points"].to_numpy(), self.uses["went"].to_numpy()
        for name, total in went.items():
            here = (kind == name) & which[place]
            np.add.at(total, (cohort[here], used[here]), size[here])
        here = month[which & came]
        np.add.at(went["handed_on"], (here, here), -sizes[which & came])  # handed on by another member
        return Flows(issued, **went)

    @cached_property
    def measured(self) -> Mapping[str, Measured]:
        """Each part's movements, in cents.

        >>> found.measured["contract_liability"].closing.tolist()
        [1482, 1112]
        """
        sold, unit = self.sold, 10**self.spec.decimals
        points = self.flows(money=False, which=sold), self.flows(money=False, which=~sold)
        return {
            "contract_liability": rolled(self.flows(money=True, which=sold), self.estimates, None),
            "cost_to_fulfil": rolled(points[0], self.estimates, unit),
            "provision": rolled(points[1], self.estimates, unit),
        }

    @property
    def difference(self) -> int:
        """Cents by which opening and movements miss the closing, and the next opening the closing before, in all.

        >>> found.difference
        0
        """
        return sum(part.difference for part in self.measured.values())

    @property
    def months(self) -> list[str]:
        """Months of the roll-forward.

        >>> found.months
        ['2024-01', '2024-02']
        """
        return [period_label(self.first + i, "month") for i in range(self.n)]

    @property
    def as_of(self) -> date:
        """Last day of it.

        >>> found.as_of
        datetime.date(2024, 2, 29)
        """
        return period_end(self.first + self.n - 1, "month")

    def to_frame(self) -> pd.DataFrame:
        """The roll-forwards.

        >>> found.to_frame().query("part == 'contract_liability'")[["opening", "redeemed", "closing"]].values.tolist()
        [[0.0, 0.0, 14.82], [14.82, -3.7, 11.12]]

        Returns:
            One row per month and part: `part` (``contract_liability``; ``cost_to_fulfil`` of the points sold, shown
            and not booked; ``provision``, the cost of points without a sale), `month`, `opening`, what was `issued`,
            `reversed`, handed on (`handed_on`), `revenue_taken_back` (of points that went back or on, what was revenue
            already), `redeemed`, `expired`, the `change_of_rate` and `change_of_cost` of estimates, `closing`.
        """
        unit, frames = 10**self.spec.decimals, []
        for part in PARTS:
            one = self.measured[part]
            frame = pd.DataFrame({"part": part, "month": self.months, "opening": one.opening / unit})
            frames.append(frame.assign(**{name: one.moves[name] / unit for name in MOVES}, closing=one.closing / unit))
        return pd.concat(frames, ignore_index=True)

    def shown(self) -> pd.DataFrame:
        """By calendar year where there are more than twelve months; `to_frame` has every month.

        >>> found.shown().equals(found.in_words(found.to_frame()))
        True
        """
        frame = self.to_frame()
        if self.n > 12:
            years = frame.assign(year=frame["month"].str[:4]).groupby(["part", "year"], sort=False)
            how = {"opening": "first", **dict.fromkeys(MOVES, "sum"), "closing": "last"}
            frame = years.agg(how).reset_index()
        return self.in_words(frame)

    def total(self) -> pd.DataFrame:
        """Each part over all months: opening of the first, closing of the last.

        >>> found.total().set_index("part").loc["contract_liability", ["issued", "redeemed", "closing"]].tolist()
        [14.82, -3.7, 11.12]

        Returns:
            One row per part.
        """
        unit, rows = 10**self.spec.decimals, []
        for part in PARTS:
            one = self.measured[part]
            moves = [int(one.moves[name].sum()) / unit for name in MOVES]
            rows.append((part, int(one.opening[0]) / unit, *moves, int(one.closing[-1]) / unit))
        return pd.DataFrame(rows, columns=["part", "opening", *MOVES, "closing"])

    @property
    def revenue(self) -> float:
        """Revenue from points in all months.

        >>> found.revenue
        3.7
        """
        one, unit = self.measured["contract_liability"], 10**self.spec.decimals
        return float(-sum(int(one.moves[name].sum()) for name in REVENUE) / unit)

    @property
    def contradicted(self) -> int:
        """Months of issue of which more is redeemed than their rate says, with points left: those owe nothing more.

        >>> found.contradicted
        0
        """
        return self.measured["contract_liability"].contradicted

    @property
    def _no_sale_known(self) -> Message | None:
        """That points were earned and none of them names an order, so that 0 would be no amount owed."""
        earned = int(self.lots["kind"].isin(SOLD).sum())
        return Message(f"{_S}.unsold", {"earned": earned}) if earned and not self.sold.any() else None

    def readout(self) -> Readout:
        """What is owed, how it was reached, and what to look at.

        >>> print(found.readout().finding)
        On 2024-02-29 the contract liability for points sold with goods is $11.12; redeeming them is expected to cost
        $7.20, and points given without a sale $0.
        """
        currency, unit = self.spec.currency, 10**self.spec.decimals
        closing = {part: int(self.measured[part].closing[-1]) / unit for part in PARTS}
        values = {
            "day": self.as_of.isoformat(),
            **{part: ShortMoney.of(amount, currency) for part, amount in closing.items()},
            "revenue": ShortMoney.of(self.revenue, currency), "difference": self.difference,
            "issued": ShortMoney.of(int(self.measured["contract_liability"].moves["issued"].sum()) / unit, currency),
            "sold": int(self.sold.sum()), "lots": len(self.lots), "assumed": self.estimates.assumed,
            "contradicted": self.contradicted, "treated": Message(f"{_S}.{self.spec.without_sale}"),
            "earned": int(self.lots["kind"].isin(SOLD).sum()),
        }  # fmt: skip
        if self._no_sale_known is not None:
            return Readout.of(_S, values, "finding_unsold", "certainty", "action_unsold")
        acts = "action_contradicted" if self.contradicted else "action_assumed" if self.estimates.assumed else "action"
        return Readout.of(_S, values, "finding", "certainty", acts)

    def facts(self) -> tuple[Fact, ...]:
        """Closing of each part, revenue, and the difference.

        >>> [fact.id for fact in found.facts()][:2]
        ['liability.contract_liability', 'liability.cost_to_fulfil']
        """
        kind: Kind = "simulated" if self.spec.simulated else "estimate"
        window, unit = Message(f"{_S}.until", {"day": self.as_of.isoformat()}), 10**self.spec.decimals
        unsold = self._no_sale_known
        amounts = {part: int(self.measured[part].closing[-1]) / unit for part in PARTS}
        refused = {part: unsold if part != "provision" else None for part in PARTS}
        return (
            *(
                Fact(f"liability.{part}", f"{_S}.part_{part}", amount if refused[part] is None else None,
                     self.spec.currency, kind=kind, window=window, better="down", definition=f"{_S}.by_{part}",
                     refusal=refused[part])
                for part, amount in amounts.items()
            ),
            Fact("liability.revenue", f"{_S}.fact_revenue", self.revenue if unsold is None else None,
                 self.spec.currency, kind=kind, window=window, refusal=unsold),
            Fact("liability.difference", f"{_S}.fact_difference", self.difference / unit, self.spec.currency),
        )  # fmt: skip
