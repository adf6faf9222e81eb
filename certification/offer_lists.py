"""Lists: chances that hold and lists that beat the plain sort, on the simulated grocer and on Complete Journey."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from certification.baskets import known, known_later
from certification.experiments import entry
from crm_lab import open_workspace
from crm_lab.recommend import Interactions, ListWorth, ListWorthResult, OfferLists
from crm_lab.simulate import make_retailer, open_key

SEED = 20_261_203


def certify_lists_of_planted_baskets(draws: int = 8, customers: int = 1_500) -> Iterator[dict]:
    """By chance, reminders of staples that return beat the plain sort, and as many are bought as was said."""
    for k in range(draws):
        shop = make_retailer("baskets", customers, SEED + k)
        later = known_later(shop, open_key(shop).basket_truth())
        first = known(shop).as_of + timedelta(days=1)
        yield from _entries(f"baskets_{k}", ListWorth(lists=OfferLists(n=5)).analyze(later, first), ("remind",))


def certify_lists_of_complete_journey() -> Iterator[dict]:
    """In October and December of Complete Journey both lists beat the plain sort, and said is near to what came."""
    bought = Interactions.of_tables(open_workspace("complete_journey").at("2017-12-31"))
    for first in ("2017-10-01", "2017-12-01"):
        yield from _entries(f"complete_journey_{first[5:7]}", ListWorth().analyze(bought, first), ("remind", "try"))


def _entries(name: str, found: ListWorthResult, better: tuple[str, ...]) -> Iterator[dict]:
    frame = found.to_frame().set_index("list")
    for part in better:
        yield entry(f"lists.{name}_{part}_gain_from", float(frame.loc[part, "lo"]), 0, 10, "joint lower end")
    for row in found.said_and_came().itertuples():
        yield entry(f"lists.{name}_{row.list}_came_by_said", float(row.ratio), 0.9, 1.1, f"{found.customers} customers")
