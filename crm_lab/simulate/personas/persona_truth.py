"""Who is which kind of shopper, what is planted in each, and how well anybody can tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from crm_lab.arrays import Integers
from crm_lab.checks import BadInput
from crm_lab.simulate.personas.persona_bayes import count_columns, planted_shares, posterior, posterior_now
from crm_lab.simulate.scenario.scenario import Scenario


@dataclass(frozen=True)
class PersonaTruth:
    """Planted kinds of shoppers.

    >>> from crm_lab.simulate import make_retailer, open_key
    >>> truth = open_key(make_retailer("personas", n_customers=200)).persona_truth()

    Attributes:
        scenario: The planted parameters.
        customers: A row a customer: ``customer_id``, ``persona`` at the end, and for those who changed
            ``persona_before`` and ``persona_since`` (first day as what they are at the end).
        months: A row a customer and month (first day) with a sale: ``orders``, ``lines`` how many were what:
            ``hours:night``, ``weekend`` ... of the orders, ``categories:baby``, ``discounted``, ``new`` ... of lines;
            ``rule_hours``, ``rule_category`` and ``rule``, lines of one side of the planted rule and of both.
    """

    scenario: Scenario
    customers: pd.DataFrame
    months: pd.DataFrame

    @property
    def shares(self) -> pd.DataFrame:
        """What is planted: a row a kind, its share of customers and the mean share of what it does.

        >>> float(truth.shares.loc["night_parents", "hours:night"].round(2))
        0.45
        """
        given = self.scenario.personas
        planted = {"share": given.shares, **planted_shares(given)}
        return pd.DataFrame(planted, index=pd.Index(given.names, name="persona"))

    def persona_on(self, day: date | str | None = None) -> pd.Series:
        """The kind of each customer on a day.

        >>> changed = truth.persona_on("2023-01-01") != truth.persona_on()
        >>> bool(changed.sum() == truth.customers["persona_since"].count())
        True

        Args:
            day: The day; the last of the data unless given.

        Returns:
            ``persona`` by ``customer_id``.
        """
        people = self.customers.set_index("customer_id")
        if day is None:
            return people["persona"]
        return people["persona"].where(~(people["persona_since"] > pd.Timestamp(day)), people["persona_before"])

    def counts(self, start: date | str | None = None, end: date | str | None = None) -> pd.DataFrame:
        """Orders and lines of each customer by what they were, in whole months.

        >>> counts = truth.counts("2024-01-01")
        >>> bool((counts["discounted"] <= counts["lines"]).all())
        True

        Args:
            start: First day; months from the one it lies in count. The first of the data unless given.
            end: Last day, likewise.

        Returns:
            A row a customer with a sale in them: ``customer_id`` and the columns of `months`.
        """
        return self._between(start, end).drop(columns="month").groupby("customer_id", as_index=False).sum()

    def _between(self, start: date | str | None, end: date | str | None) -> pd.DataFrame:
        month = self.months["month"]
        since = pd.Timestamp(start or self.scenario.start).replace(day=1)
        return self.months[(month >= since) & (month <= pd.Timestamp(end or self.scenario.last_date))]

    def bayes(self, counts: pd.DataFrame) -> pd.DataFrame:
        """The chance that a customer is of each kind, from counts alone: the best that anybody can know.

        The planted shares of kinds, their mean shares and the spread within them are known to it. Counts with a column
        ``month`` are those of each month from the first of the data to now, and then the chance is that of the kind
        now, of somebody who may have changed once; counts without it are taken to be of one kind.

        >>> chances = truth.bayes(truth.counts())
        >>> chances.columns.tolist()[:3]
        ['customer_id', 'night_parents', 'bargain_hunters']

        Args:
            counts: ``customer_id`` and counts as `counts` or `months` have them.

        Returns:
            ``customer_id``, the chance of each kind, and the likeliest as ``persona``.

        Raises:
            BadInput: If a column of counts is missing.
        """
        given = self.scenario.personas
        if missing := [name for name in ("customer_id", *count_columns(given)) if name not in counts]:
            raise BadInput(f"The counts have no {', '.join(missing)}; take them from `counts` or `months`.")
        if "month" in counts:
            ids, months = self._by_month(counts)
            chances = posterior_now(given, months)
        else:
            ids = counts["customer_id"].to_numpy()
            chances = posterior(given, {name: counts[name].to_numpy() for name in count_columns(given)})
        frame = pd.DataFrame(chances, columns=list(given.names))
        frame.insert(0, "customer_id", ids)
        frame["persona"] = np.array(given.names, dtype=object)[chances.argmax(axis=1)]
        return frame

    def _by_month(self, counts: pd.DataFrame) -> tuple[np.ndarray, dict[str, Integers]]:
        """Ids, and counts by customer and month from the first of the data on (customers, months)."""
        last = pd.to_datetime(counts["month"]).max()
        months = pd.date_range(self.scenario.start, last, freq="MS")
        ids, row = np.unique(counts["customer_id"].to_numpy(dtype=object), return_inverse=True)
        column = months.get_indexer(pd.DatetimeIndex(counts["month"]))
        out = {}
        for name in count_columns(self.scenario.personas):
            out[name] = np.zeros((ids.size, months.size), dtype=np.int64)
            np.add.at(out[name], (row, column), counts[name].to_numpy())
        return ids, out

    def bayes_f1(
        self, start: date | str | None = None, end: date | str | None = None, *, changes: bool = True
    ) -> float:
        """Macro F1 of the Bayes classifier for the kind on the last day: the yardstick of all others.

        >>> 0.8 < truth.bayes_f1() <= 1
        True

        Args:
            start: First day of what it sees, in whole months.
            end: Last day of it.
            changes: Whether it sees month by month and knows that customers change; that needs the first month.

        Returns:
            The mean over kinds of their F1, of customers with a sale in these months.

        Raises:
            BadInput: If it is to know of changes and does not see the first month.
        """
        if changes and start is not None and pd.Timestamp(start) >= self.scenario.start + pd.DateOffset(months=1):
            raise BadInput(f"start is {start}; with changes it sees all from {self.scenario.start}. Set changes=False.")
        found = self.bayes(self._between(start, end) if changes else self.counts(start, end))
        return self.f1(found, end)

    def f1(self, found: pd.DataFrame, day: date | str | None = None) -> float:
        """Macro F1 of anybody's answer for the kind on a day.

        >>> truth.f1(truth.customers)
        1.0

        Args:
            found: ``customer_id`` and ``persona``; customers who are not in it do not count.
            day: The day; the last of the data unless given.

        Returns:
            The mean over kinds of their F1.
        """
        true = found["customer_id"].map(self.persona_on(day))
        scores = []
        for kind in self.scenario.personas.names:
            is_true, is_found = true == kind, found["persona"] == kind
            either = int(is_true.sum() + is_found.sum())
            scores.append(2 * int((is_true & is_found).sum()) / either if either else 1.0)
        return float(np.mean(scores))

    def rule(self) -> pd.DataFrame:
        """The planted rule month by month: lines of its part of the day, of its category, and of both.

        >>> bool(truth.rule()["lift"].mean() > 1.5)
        True

        Returns:
            A row a month: ``lines``, ``hours``, ``category``, ``both``, and ``lift``, the share of the category in
            those hours over that in all lines.
        """
        names = {"rule_hours": "hours", "rule_category": "category", "rule": "both"}
        sums = self.months.groupby("month")[["lines", *names]].sum().rename(columns=names)
        sums["lift"] = sums["both"] * sums["lines"] / (sums["hours"] * sums["category"])
        return sums.reset_index()
