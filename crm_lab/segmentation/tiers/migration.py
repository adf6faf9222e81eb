"""Migration between tiers from one period to the next, and how much of it happens without any action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.calendar import UNITS, Unit, period_index, period_label, whole_periods
from crm_lab.checks import BadInput, as_date, check_settings, not_among
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.segmentation.known_purchases import known_purchases
from crm_lab.segmentation.tiers.migration_bootstrap import change_of_moves
from crm_lab.segmentation.tiers.move_baseline import MoveBaselineResult, TreatedMoveResult, state_name
from crm_lab.segmentation.tiers.tiers import TIER_NAMES, Tiers
from crm_lab.stats.intervals import wilson
from crm_lab.stats.markov import chain_draws, expected_stay, steady_state, transition_counts, transition_matrix

STATES = (*TIER_NAMES, "dormant", "new")  # new: not seen yet; only a start
_ENDS = (("from", "start"), ("to", "end"))
_CODES = {state: code for code, state in enumerate(STATES)}


@dataclass(frozen=True)
class Migration:
    """Tier the buyers of every period, and follow customers from one period to the next.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> moves = Migration().analyze(tables["transactions"], as_of=tables.as_of)
    >>> moves.periods[-2:]
    ('1998-Q1', '1998-Q2')

    Attributes:
        tiers: How each period's buyers are tiered.
        period: week, month or quarter of the calendar.

    Raises:
        BadInput: If the period is unknown.
    """

    tiers: Tiers = field(default_factory=Tiers)
    period: Unit = "quarter"

    def __post_init__(self) -> None:
        check_settings(self, not_among(self, period=UNITS))

    def analyze(
        self,
        lines: IntoFrame,
        *,
        as_of: str | date | datetime,
        customer: str = "customer_id",
        date: str = "date",
        amount: str = "net_amount",
    ) -> MigrationResult:
        """Follow customers over all whole periods.

        >>> Migration(period="month").analyze(tables["transactions"], as_of=tables.as_of).periods[-1]
        '1998-06'

        Args:
            lines: ``customer_id``, ``date``, ``net_amount`` and, where there are returns, ``kind``;
                one row per line, order or customer-day. Returns lower the spend of their own period; fees do not count.
            as_of: Last day that counts.
            customer: Column with the customer.
            date: Column with the date.
            amount: Column with the amount.

        Returns:
            The state of every customer in every whole period.

        Raises:
            BadInput: If columns are missing or fewer than two whole periods are covered.
        """
        day = as_date(as_of)
        columns = ("customer_id", "date", "net_amount")
        known = known_purchases(lines, day, columns, customer=customer, date=date, amount=amount)
        known = known[known["kind"] != "fee"] if "kind" in known else known
        periods = whole_periods(known["date"].min().date(), day, self.period)
        if len(periods) < 2:
            raise cannot_answer("too_few_periods", n=len(periods), period=self.period, day=day)
        states, spend = period_states(known, periods, self)
        return MigrationResult(states, spend, tuple(states.columns), self, day)


def period_states(lines: pd.DataFrame, periods: list[int], spec: Migration) -> tuple[pd.DataFrame, pd.DataFrame]:
    """State and spend of every customer in every period: one row per customer, one column per period."""
    code, ids = pd.factorize(lines["customer_id"], sort=True)
    index = period_index(lines["date"], spec.period)
    sale = (lines["kind"] == "sale").to_numpy() if "kind" in lines else np.ones(len(lines), dtype=bool)
    n, k, inside = len(ids), len(periods), (index >= periods[0]) & (index <= periods[-1])
    cell = code[inside] * k + index[inside] - periods[0]
    amount = lines["net_amount"].to_numpy(dtype=np.float64)[inside]
    # money is exact to four decimals: without its rounding errors equal spend ties, whatever the row order
    spend = np.round(np.bincount(cell, weights=amount, minlength=n * k), 4).reshape(n, k)
    buys = np.bincount(cell, weights=sale[inside], minlength=n * k).reshape(n, k) > 0
    since = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(since, code[sale], index[sale])
    states = pd.DataFrame(index=pd.Index(ids, name="customer_id"))
    for j, period in enumerate(periods):
        state = np.where(since < period, "dormant", "new").astype(object)
        state[buys[:, j]] = spec.tiers.assign(spend[buys[:, j], j])
        states[period_label(period, spec.period)] = state
    seen = (states != "new").any(axis=1)
    return states[seen], pd.DataFrame(spend, states.index, states.columns)[seen]


@dataclass(frozen=True, eq=False)
class MigrationResult(Result):
    """States of all customers in all whole periods, and the moves between neighbours.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> moves = Migration().analyze(tables["transactions"], as_of=tables.as_of)

    Attributes:
        states: One row per customer, one column per period: A, B, C, dormant (bought before, not now)
            or new (first seen in a later period).
        spend: Spend in the same shape, in currency.
        periods: The periods, in order.
        spec: How they were made.
        as_of: Last day that counts.
    """

    states: pd.DataFrame = field(repr=False)
    spend: pd.DataFrame = field(repr=False)
    periods: tuple[str, ...]
    spec: Migration
    as_of: date

    name: ClassVar[str] = "migration"
    formats: ClassVar[Mapping[str, str]] = {"share": ".1%", "lo": ".1%", "hi": ".1%"}

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Neighbouring periods.

        >>> moves.pairs[-1]
        ('1998-Q1', '1998-Q2')
        """
        return tuple(zip(self.periods[:-1], self.periods[1:], strict=True))

    def counts(self, pair: tuple[str, str]) -> np.ndarray:
        """Customers by state in two neighbouring periods.

        >>> moves.counts(moves.pairs[-1]).shape
        (5, 5)

        Args:
            pair: One of `pairs`.

        Returns:
            Shape (5, 5), rows from, columns to, in the order of `STATES`; customers not yet seen are left out.
        """
        before, after = (self.states[p].map(_CODES).to_numpy(dtype=np.int64) for p in pair)
        seen = after != _CODES["new"]
        return transition_counts(before[seen], after[seen], len(STATES))

    def to_frame(self) -> pd.DataFrame:
        """One row per pair of periods (latest first) and move: customers, moved, share (0-1) with interval.

        >>> list(moves.to_frame())
        ['from_period', 'to_period', 'from_tier', 'to_tier', 'moved', 'customers', 'share', 'lo', 'hi']
        """
        rows = []
        for earlier, later in reversed(self.pairs):
            counts = self.counts((earlier, later))
            for i, start in enumerate(STATES):
                n = int(counts[i].sum())
                if not n:
                    continue
                lo, hi = wilson(counts[i, :-1], np.full(len(STATES) - 1, n))
                rows += [
                    (earlier, later, start, end, int(counts[i, j]), n, counts[i, j] / n, lo[j], hi[j])
                    for j, end in enumerate(STATES[:-1])
                ]
        columns = ["from_period", "to_period", "from_tier", "to_tier", "moved", "customers", "share", "lo", "hi"]
        return pd.DataFrame(rows, columns=columns)

    def last_moves(self) -> pd.DataFrame:
        """The transition matrix of the latest pair: rows from, columns to, shares that sum to 1.

        >>> moves.last_moves().round(2).loc["A"].to_dict()
        {'A': 0.31, 'B': 0.22, 'C': 0.16, 'dormant': 0.31}
        """
        frame = self.to_frame()
        last = frame[frame["to_period"] == self.periods[-1]]
        wide = last.pivot_table(index="from_tier", columns="to_tier", values="share")
        return wide.reindex(index=[s for s in STATES if s in wide.index], columns=list(STATES[:-1]))

    def regression_to_the_mean(self) -> pd.DataFrame:
        """Mean spend (currency) per tier of the last period but one, in that period and in the next.

        >>> moves.regression_to_the_mean().columns.tolist()
        ['tier', 'customers', '1998-Q1', '1998-Q2', 'change']
        """
        before, after = self.pairs[-1]
        mean = self.spend[[before, after]].groupby(self.states[before]).mean().reindex(list(TIER_NAMES))
        frame = mean.assign(change=mean[after] / mean[before] - 1).rename_axis("tier").reset_index()
        frame.insert(1, "customers", [int((self.states[before] == t).sum()) for t in frame["tier"]])
        return frame

    def outlook(self, *, rng: np.random.Generator | int, draws: int = 1000, level: float = 0.95) -> pd.DataFrame:
        """Expected stay (periods) and steady-state share (0-1) per state, if moves go on as lately.

        New customers are left out: the chain is closed over A, B, C and dormant. Intervals are those of
        Dirichlet draws of the rows.

        >>> moves.outlook(rng=0, draws=50).columns.tolist()
        ['tier', 'customers', 'steady_share', 'steady_lo', 'steady_hi', 'stay', 'stay_lo', 'stay_hi']

        Args:
            rng: Seed or generator.
            draws: Draws for the intervals.
            level: Confidence level.

        Returns:
            One row per state with intervals.
        """
        counts = self.counts(self.pairs[-1])[:4, :4]
        P = transition_matrix(counts)
        steady, stay = chain_draws(counts, np.random.default_rng(rng), draws)
        tails = [(1 - level) / 2, (1 + level) / 2]
        (s_lo, s_hi), (t_lo, t_hi) = np.quantile(steady, tails, axis=0), np.quantile(stay, tails, axis=0)
        return pd.DataFrame(
            {
                "tier": STATES[:4],
                "customers": counts.sum(axis=0),
                "steady_share": steady_state(P),
                "steady_lo": s_lo,
                "steady_hi": s_hi,
                "stay": expected_stay(P),
                "stay_lo": t_lo,
                "stay_hi": t_hi,
            }
        )

    def baseline(
        self, start: str = "C", end: str = "B", target: float | None = None, *, rng: np.random.Generator | int = 0
    ) -> MoveBaselineResult:
        """One move in every pair of periods: the latest beside the earlier ones, as things were run.

        >>> moves.baseline("C", "B").to_frame()["share"].round(3).tolist()
        [0.042, 0.095, 0.115, 0.089, 0.099]

        Args:
            start: Tier before.
            end: Tier after.
            target: A share somebody promised, to be seen beside the earlier windows.
            rng: Generator or seed of the bootstrap of customers.

        Returns:
            The share that moved up as things were run, with its interval.
        """
        _known_states(start, end)
        frame = self.to_frame()
        rows = frame[(frame["from_tier"] == start) & (frame["to_tier"] == end)]
        rows = rows.sort_values("from_period").reset_index(drop=True)
        if rows.empty:
            raise cannot_answer("nobody_in_tier", tier=start)
        change = None
        if len(self.pairs) > 1:
            codes = np.column_stack([self.states[p].map(_CODES) for p in self.periods]).astype(np.int64)
            change = change_of_moves(
                codes, self.spend.to_numpy(), self.spec.tiers, (_CODES[start], _CODES[end]), rng=rng
            )
        return MoveBaselineResult(rows, start, end, change, target, self.as_of)

    def compare(
        self, treated: pd.Series, start: str = "C", end: str = "B", *, drawn_by_lot: bool, nothing_done: bool = False
    ) -> TreatedMoveResult:
        """Treated minus control on the latest move.

        >>> ids = moves.states.index
        >>> moves.compare(pd.Series(np.arange(len(ids)) % 2 == 0, index=ids), drawn_by_lot=True).n_treated
        99

        Args:
            treated: True or False per customer id (the index); customers without an entry are left out.
            start: Tier before.
            end: Tier after.
            drawn_by_lot: Whether treatment was randomised; if not, the difference is no effect.
            nothing_done: Whether the draw is a rehearsal in which nobody was treated.

        Returns:
            The difference with its interval.
        """
        _known_states(start, end)
        moved, could = (a[:, -1] for a in self._indicators(start, end))
        arm = treated.reindex(self.states.index)
        use = arm.notna().to_numpy() & (could > 0)
        in_arm = arm[use].astype(bool).to_numpy()
        n_t, n_c = int(in_arm.sum()), int((~in_arm).sum())
        if not min(n_t, n_c):
            raise cannot_answer("one_sided_tier", tier=start, treated=n_t, rest=n_c)
        y = moved[use]
        counted = int(y[in_arm].sum()), n_t, int(y[~in_arm].sum()), n_c
        return TreatedMoveResult(start, end, *counted, drawn_by_lot, nothing_done)

    def _indicators(self, start: str, end: str) -> tuple[np.ndarray, np.ndarray]:
        """Per customer and pair: made the move, could have; each shape (n, pairs)."""
        was = np.column_stack([self.states[p] == start for p in self.periods[:-1]]).astype(np.float64)
        now = np.column_stack([self.states[p] == end for p in self.periods[1:]]).astype(np.float64)
        return was * now, was

    def readout(self) -> Readout:
        """The readout of the move from C to B.

        >>> print(moves.readout().finding)
        9.9% [6.4%, 14.9%] of 192 customers moved from C to B in the latest period; in the earlier ...
        """
        return self.baseline().readout()

    def facts(self) -> tuple[Fact, ...]:
        """The latest matrix, each cell with its interval.

        >>> {fact.id: fact.unit for fact in moves.facts()[:2]}
        {'migration.A_to_A': 'share', 'migration.A_to_B': 'share'}
        """
        frame = self.to_frame()
        last = frame[frame["to_period"] == self.periods[-1]]
        return tuple(
            Fact(
                f"migration.{row['from_tier']}_to_{row['to_tier']}",
                Message("segments.move.fact", {end: state_name(row[f"{at}_tier"]) for at, end in _ENDS}),
                row["share"],
                "share",
                ci=Interval(row["lo"], row["hi"]),
                kind="estimate",
                n=row["customers"],
                window=Message("segments.about.from_to", {"start": row["from_period"], "end": row["to_period"]}),
                denominator=Message(
                    "segments.about.all_in", {"state": state_name(row["from_tier"]), "period": row["from_period"]}
                ),
            )
            for row in last.to_dict("records")
        )


def _known_states(*states: str) -> None:
    unknown = [s for s in states if s not in STATES]
    if unknown:
        raise BadInput(f"There is no tier {', '.join(unknown)}; tiers are {', '.join(STATES)}.")
