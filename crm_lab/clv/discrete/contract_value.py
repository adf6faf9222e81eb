"""What contracts that are renewed or not are still worth: a table of contracts in, a value per contract out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.calendar import day_number, day_numbers
from crm_lab.checks import Problems, check_settings, need_columns, not_levels, not_portions, too_small
from crm_lab.clv.discrete.shifted_beta_geometric import ShiftedBetaGeometric, ShiftedBetaGeometricFit
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Interval, Readout, TableResult

_YEAR = 365.25
_COLUMNS = ("contract_id", "start", "end", "price")


@dataclass(frozen=True)
class ContractValue:
    """Value of running contracts: price x margin x chance of each renewal, discounted to the as-of date.

    A contract runs from its start in terms of equal length; at the end of each term it is renewed or ends. What is paid
    for the running term is paid; value is what later renewals bring within the horizon.

    >>> contracts = pd.DataFrame(
    ...     {
    ...         "contract_id": [f"c{i}" for i in range(40)],
    ...         "start": "2021-01-01",
    ...         "price": 100.0,
    ...         "end": ["2022-01-01"] * 16 + ["2023-01-01"] * 6 + ["2024-01-01"] * 3 + [None] * 15,
    ...     }
    ... )
    >>> value = ContractValue(term_days=365).analyze(contracts, "2024-06-30")
    >>> len(value.to_frame())
    15

    Args:
        term_days: Length of a term, 30 or 365 for instance.
        horizon_days: How far ahead renewals are counted.
        annual_discount_rate: 0.1 is 10 % a year.
        margin: Share of the price that stays as contribution.
        level: Of the interval.
        draws: Draws behind it.
        currency: ISO code, for the readout.
    """

    term_days: int = 365
    horizon_days: int = 1826
    annual_discount_rate: float = 0.10
    margin: float = 1.0
    level: float = 0.90
    draws: int = 400
    currency: str = "USD"

    def __post_init__(self) -> None:
        check_settings(
            self,
            too_small(self, term_days=1, horizon_days=1, draws=100),
            not_portions(self, "margin"),
            not_levels(self, "level"),
            annual_discount_rate=not 0 <= self.annual_discount_rate < 10 and "write 0.1 for 10 % a year",
        )

    def analyze(
        self, contracts: pd.DataFrame, as_of: str | date, *, rng: np.random.Generator | int = 0
    ) -> ContractValueResult:
        """Fit who renews and value the contracts that run.

        >>> ContractValue().analyze(contracts, "2024-06-30").fit.names
        ('alpha', 'beta')

        Args:
            contracts: One row a contract: ``contract_id``, ``start``, ``end`` (empty while it runs; the day after the
                last paid term), ``price`` per term in currency.
            as_of: Last day that counts; later starts are left out, later ends are not known yet.
            rng: Seed or generator.

        Returns:
            The value of each running contract, and of all with an interval.

        Raises:
            BadInput: If columns are missing, dates cannot be, or no contract has ended at a renewal.
        """
        need_columns(contracts.columns, _COLUMNS, "The table of contracts")
        today = day_number(as_of)
        start = day_numbers(pd.to_datetime(contracts["start"])).astype(float)
        ended = pd.to_datetime(contracts["end"])
        end = np.where(ended.isna(), np.inf, day_numbers(ended.fillna(pd.Timestamp("2200-01-01"))))
        price = contracts["price"].to_numpy(dtype=float)
        _check(contracts, start, end, price)
        known = start <= today
        if not known.any():
            raise cannot_answer("no_contract_begun", as_of=as_of)
        ids, start, end, price = contracts["contract_id"].to_numpy()[known], start[known], end[known], price[known]
        lost = end <= today
        ran = (np.where(lost, end, today) - start) / self.term_days
        terms = np.where(lost, np.maximum(np.round(ran), 1), np.floor(ran))
        fit = ShiftedBetaGeometric().fit(terms, lost.astype(float), (~lost).astype(float))
        running = ~lost
        had, began, paid = terms[running], start[running], price[running]
        worth = self.margin * paid * self._renewals(fit, had, today - began)
        frame = pd.DataFrame({
            "contract_id": ids[running], "renewals": had.astype(int), "price": paid,
            "next_renewal": fit.retention(had + 1), "value": worth,
        })  # fmt: skip
        frame = frame.sort_values(["value", "contract_id"], ascending=[False, True], ignore_index=True)
        drawn = self._drawn(fit, had, today - began, self.margin * paid, np.random.default_rng(rng))
        lo, hi = np.quantile(drawn, [(1 - self.level) / 2, (1 + self.level) / 2], method="weibull")
        return ContractValueResult(self, frame, fit, Interval(float(lo), float(hi), self.level), str(as_of))

    def _dates(self, had: Floats, age: Floats) -> Iterable[tuple[int, Floats, Floats]]:
        """Number, days ahead of now, and discount of each renewal that may lie within the horizon."""
        for step in range(1, self.horizon_days // self.term_days + 2):
            ahead = (had + step) * self.term_days - age
            inside = (ahead <= self.horizon_days).astype(float)
            yield step, ahead, inside * (1 + self.annual_discount_rate) ** (-ahead / _YEAR)

    def _renewals(self, fit: ShiftedBetaGeometricFit, had: Floats, age: Floats) -> Floats:
        """Discounted renewals expected of each contract."""
        total = np.zeros(len(had))
        for step, _, discount in self._dates(had, age):
            total += discount * fit.survival(had + step, after=had)
        return total

    def _drawn(
        self, fit: ShiftedBetaGeometricFit, had: Floats, age: Floats, worth: Floats, rng: np.random.Generator
    ) -> Floats:
        """Totals with parameters, each customer's own chance, and each renewal drawn."""
        totals = []
        for one in fit.drawn(self.draws, rng):
            alpha, beta = one.estimates
            refuses = rng.beta(alpha, beta + had)
            lasts = rng.geometric(np.clip(refuses, 1e-12, 1.0))  # the renewal at which it ends
            paid = sum(discount * (step < lasts) for step, _, discount in self._dates(had, age))
            totals.append(float(worth @ np.asarray(paid)))
        return np.array(totals)


def _check(contracts: pd.DataFrame, start: Floats, end: Floats, price: Floats) -> None:
    problems = Problems("The table of contracts")
    again = int(contracts["contract_id"].duplicated().sum())
    problems.unless(not again, f"{again:,} rows repeat a contract_id; one row a contract.")
    before = int((end <= start).sum())
    problems.unless(not before, f"{before:,} rows end on or before their start.")
    bad = int((~(price > 0)).sum())
    problems.unless(not bad, f"{bad:,} rows have no price above zero.")
    problems.raise_any()


@dataclass(frozen=True, eq=False)
class ContractValueResult(TableResult):
    """The value of running contracts, highest first.

    >>> contracts = pd.DataFrame(
    ...     {
    ...         "contract_id": [f"c{i}" for i in range(40)],
    ...         "start": "2021-01-01",
    ...         "price": 100.0,
    ...         "end": ["2022-01-01"] * 16 + ["2023-01-01"] * 6 + ["2024-01-01"] * 3 + [None] * 15,
    ...     }
    ... )
    >>> value = ContractValue().analyze(contracts, "2024-06-30")

    Attributes:
        spec: What was asked.
        frame: contract_id, renewals had, price, next_renewal (chance), value.
        fit: Who renews.
        interval: Of the total.
        as_of: Date of the values.
    """

    spec: ContractValue
    frame: pd.DataFrame
    fit: ShiftedBetaGeometricFit
    interval: Interval
    as_of: str

    name = "contract_value"
    formats: ClassVar = {"price": ",.2f", "value": ",.2f", "next_renewal": ".1%"}

    def to_frame(self) -> pd.DataFrame:
        """One row a running contract; without values where the model is not identified.

        >>> list(value.to_frame())
        ['contract_id', 'renewals', 'price', 'next_renewal', 'value']
        """
        return self.frame.copy() if self.refusal() is None else self.frame[["contract_id", "renewals", "price"]]

    @property
    def total(self) -> float:
        """Value of all running contracts, in currency.

        >>> value.interval.lo < value.total < value.interval.hi
        True
        """
        return float(self.frame["value"].sum())

    def refusal(self) -> Message | None:
        """Why no value can be stated, or ``None``.

        >>> value.refusal() is None
        True
        """
        return self.fit.refusal()

    def readout(self) -> Readout:
        """What running contracts are still worth, how sure that is, what to do.

        >>> print(value.readout().finding)
        The 15 running contracts bring ...
        """
        values = {
            "n": len(self.frame), "days": self.spec.horizon_days, "total": self.total, "level": self.spec.level,
            "currency": self.spec.currency, "term": self.spec.term_days,
            "interval": Message("clv.money_interval", {"lo": self.interval.lo, "hi": self.interval.hi}),
            "first": float(self.fit.retention(1)), "fifth": float(self.fit.retention(5)),
        }  # fmt: skip
        why = self.refusal()
        if why is not None:
            return Readout.of("clv.contracts", values, "refused", why, "refused_action")
        return Readout.of("clv.contracts", values)

    def facts(self) -> tuple[Fact, ...]:
        """Value of the running contracts.

        >>> [fact.id for fact in value.facts()]
        ['clv.contracts.value']
        """
        window = Message("clv.window.after", {"as_of": self.as_of, "days": self.spec.horizon_days})
        fact = partial(
            Fact, "clv.contracts.value", "clv.contracts.value", kind="forecast", n=len(self.frame), window=window
        )
        why = self.refusal()
        if why is not None:
            return (fact(None, refusal=why),)
        return (fact(self.total, self.spec.currency, self.interval, better="up"),)
