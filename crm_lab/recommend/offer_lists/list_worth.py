"""What lists would have been worth against the plain sort, on purchases that came later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.calendar import day_date, day_number
from crm_lab.checks import as_date, check_settings, not_levels
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.recommend.interactions.interactions import Interactions
from crm_lab.recommend.offer_lists.list_inputs import ListInputs
from crm_lab.recommend.offer_lists.list_worth_result import LISTS, ListWorthResult
from crm_lab.recommend.offer_lists.offer_lists import OfferLists
from crm_lab.recommend.rankers.global_top import GlobalTop
from crm_lab.recommend.rankers.popularity_ties import PopularityTies
from crm_lab.recommend.rankers.ranked_lists import RankedLists
from crm_lab.stats.intervals import normal_interval
from crm_lab.stats.multiplicity.holm_comparisons import holm_comparisons

FEWEST = 30  # customers


@dataclass(frozen=True, kw_only=True)
class ListWorth:
    """Lists made on a past day, held against the purchases of the horizon that followed.

    The plain lists are own frequency with ties by popularity for products bought before, and popularity for those new
    to the customer; both have the same length, and nothing is kept off them. Every customer of the past counts, those
    who bought nothing later with 0. Differences are paired by customer, their intervals joint (Holm).

    >>> rng = np.random.default_rng(0)
    >>> lines = pd.DataFrame({"customer_id": np.repeat([f"c{k:03}" for k in range(150)], 48),
    ...     "product_id": [f"p{k:02}" for k in np.minimum(rng.geometric(0.08, 7_200), 40)],
    ...     "date": np.tile(pd.date_range("2024-01-01", periods=16, freq="9D").repeat(3), 150)})
    >>> bought = Interactions.of(lines, "2024-05-20")
    >>> result = ListWorth(lists=OfferLists(n=3)).analyze(bought, "2024-04-15")
    >>> result.to_frame()["list"].tolist(), result.better("try")
    (['remind', 'try', 'both'], False)

    Attributes:
        lists: How the lists are made.
        level: Joint confidence level.
    """  # fmt: skip

    lists: OfferLists = field(default_factory=OfferLists)
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, not_levels(self, "level"))

    def analyze(
        self,
        interactions: Interactions,
        first_day: str | date,
        told: ListInputs | None = None,
        segments: pd.DataFrame | None = None,
    ) -> ListWorthResult:
        """Make the lists as of the day before, and count what was bought of them.

        >>> result.customers, result.last_day.isoformat()
        (150, '2024-05-12')

        Args:
            interactions: Past and later purchases.
            first_day: First day of the later purchases; they end with the horizon of the lists.
            told: What was known then of products, as `OfferLists.analyze` takes it.
            segments: Segments as of then.

        Returns:
            Purchases (and their margin, where it is told) of both kinds of lists, and what was said beforehand.

        Raises:
            CannotAnswer: If the data end before the horizon does, or fewer than 30 customers bought before.
        """
        first = day_number(as_date(first_day, "first_day"))
        last = first + self.lists.horizon_days - 1
        if day_number(interactions.as_of) < last:
            raise cannot_answer("horizon_not_over", day=day_date(last), end=interactions.as_of)
        before, after = interactions.day < first, (interactions.day >= first) & (interactions.day <= last)
        if not before.any() or not after.any():
            raise cannot_answer("test_without_purchases", first=day_date(first), last=day_date(last))
        past = replace(interactions.select(baskets=before), as_of=day_date(first - 1))
        if past.shape[0] < FEWEST:
            raise cannot_answer("few_for_lists", n=past.shape[0], least=FEWEST)
        own = self.lists.analyze(past, told, segments).to_frame()
        truth = interactions.select(baskets=after).matched(past.customer_ids, past.product_ids)
        pairs = truth.tocoo()
        key = np.unique(pairs.row.astype(np.int64) * past.shape[1] + pairs.col)
        counted = _Counted(past, key, (told or ListInputs()).margins(past.product_ids))
        plain = _plain(past, self.lists.n)
        frame, said = self._compared(counted, own, plain)
        return ListWorthResult(
            frame, said, self.lists.by, self.lists.n, day_date(first), day_date(last), past.shape[0], self.level,
            interactions.simulated,
        )  # fmt: skip

    def _compared(self, counted: _Counted, own: pd.DataFrame, plain: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Own and plain lists by list and measure, and what was said of the own ones."""
        n, rows = counted.past.shape[0], []
        said: list[tuple[Any, ...]] = []
        for measure in counted.measures():
            for name in LISTS:
                mine, theirs = (counted.worth(lists, name, measure) for lists in (own, plain))
                gain = mine - theirs
                rows.append((name, measure, mine.mean(), theirs.mean(), gain.mean(), gain.std(ddof=1) / np.sqrt(n)))
        frame = pd.DataFrame(rows, columns=["list", "measure", "own", "plain", "gain", "se"])
        found = holm_comparisons(frame["gain"], frame["se"], np.full(len(frame), n - 1), self.level)
        frame = frame.drop(columns="se").assign(lo=found.lo, hi=found.hi, p_holm=found.p)
        for name in LISTS[:2]:
            said += self._said(counted, own[(own["list"] == name) & own["chance"].notna()], name)
        return frame, pd.DataFrame(said, columns=["list", "said", "came", "ratio", "lo", "hi"])

    def _said(self, counted: _Counted, rows: pd.DataFrame, name: str) -> Iterator[tuple[Any, ...]]:
        """Purchases that were said and that came, a customer."""
        if not len(rows) or not rows["chance"].sum() > 0:
            return
        n = counted.past.shape[0]
        who = counted.customer(rows)
        said = np.bincount(who, weights=rows["chance"], minlength=n)
        came = counted.worth(rows, name, "purchases")
        ratio = float(came.sum() / said.sum())
        se = float(np.sqrt(((came - ratio * said) ** 2).sum() * n / (n - 1)) / said.sum())
        ci = normal_interval(ratio, se, self.level)
        yield name, said.mean(), came.mean(), ratio, ci.lo, ci.hi


@dataclass(frozen=True, eq=False)
class _Counted:
    """What was bought later, to be looked up.

    Attributes:
        past: Whose customers and products.
        key: Customers and products with a later purchase, rising.
        margins: Of each product, nan where it is not told.
    """

    past: Interactions
    key: Any
    margins: Floats

    def measures(self) -> tuple[str, ...]:
        return ("purchases", "margin") if np.isfinite(self.margins).any() else ("purchases",)

    def customer(self, rows: pd.DataFrame) -> Any:
        return pd.Index(self.past.customer_ids).get_indexer(pd.Index(rows["customer_id"]))

    def worth(self, lists: pd.DataFrame, name: str, measure: str) -> Floats:
        """Listed products that were bought by each customer, or their margin, shape (customers,)."""
        rows = lists if name == "both" else lists[lists["list"] == name]
        who, what = self.customer(rows), pd.Index(self.past.product_ids).get_indexer(pd.Index(rows["product_id"]))
        known = who >= 0
        who, what = who[known].astype(np.int64), what[known]
        hit = np.isin(who * self.past.shape[1] + what, self.key).astype(float)
        if measure == "margin":
            hit *= np.nan_to_num(self.margins[what])
        return np.bincount(who, weights=hit, minlength=self.past.shape[0]).astype(np.float64)


def _plain(past: Interactions, n: int) -> pd.DataFrame:
    """The plain lists of all customers."""
    lists: dict[str, RankedLists] = {
        "remind": PopularityTies().fit(past).top(n=n, scope="repeat"),
        "try": GlobalTop().fit(past).top(n=n, scope="new"),
    }
    return pd.concat([found.to_frame().assign(list=name) for name, found in lists.items()], ignore_index=True)
