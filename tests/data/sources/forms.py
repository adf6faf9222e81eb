"""Exports as tills, ERPs, marketplaces and people write them, each with what is true of it."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

PRICES = {f"A{i}": Decimal(n) for i, n in enumerate(("12.50", "3.95", "1249.00", "0.85", "29.90", "7.20", "64.00"))}


@dataclass(frozen=True, slots=True)
class Sale:
    """A line: order `order`, bought by `who`, `units` of `item` at `price`, at `minute` of the day."""

    line: int
    order: int
    first: bool
    day: date
    minute: int
    who: str
    item: str
    units: int
    price: Decimal

    @property
    def money(self) -> Decimal:
        """Units at their price."""
        return self.units * self.price

    @property
    def clock(self) -> str:
        """The time of day."""
        return f"{self.minute // 60:02d}:{self.minute % 60:02d}"


def sales(orders: int = 60, days: int = 480, start: date = date(2024, 1, 3)) -> list[Sale]:
    """Orders of one to three lines, spread over the days, by some twenty customers."""
    dice, made, line = random.Random(7), [], 0  # noqa: S311 - made up
    for order in range(orders):
        day, who = start + timedelta(days=order * days // orders), f"K{100 + dice.randrange(20)}"
        minute = dice.randrange(9 * 60, 20 * 60)
        for place, item in enumerate(dice.sample(sorted(PRICES), 1 + order % 3)):
            made.append(Sale(line, order, place == 0, day, minute, who, item, dice.choice((1, 1, 2, 3)), PRICES[item]))
            line += 1
    return made


Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Form:
    """Files in one form.

    Attributes:
        files: Name to content.
        money: Customer and day to money; nothing where the files are to be refused.
        orders: How many orders there are; 0 where the form does not say.
        flags: The right answers to what may be asked.
        ends: How it may end: ``exact``, ``asked``, ``refused``.
        says: Words that the refusal, the question or the report must hold.
    """

    files: Mapping[str, str | bytes]
    money: Mapping[Key, Decimal] = field(default_factory=dict)
    orders: int = 0
    flags: tuple[str, ...] = ()
    ends: frozenset[str] = frozenset({"exact", "asked"})
    says: str = ""


def truth(lines: Iterable[Sale], money: Callable[[Sale], Decimal] = lambda s: s.money,
          who: Callable[[Sale], str | None] = lambda s: s.who) -> dict[Key, Decimal]:  # fmt: skip
    """Money by customer and day."""
    made: dict[Key, Decimal] = defaultdict(Decimal)
    for one in lines:
        made[who(one) or "", one.day.isoformat()] += money(one)
    return {key: value for key, value in made.items() if value}


def order_total(lines: list[Sale], order: int) -> Decimal:
    """What the lines of an order come to."""
    return sum((one.money for one in lines if one.order == order), Decimal(0))


def table(head: str, row: Callable[[Sale], str | None], lines: Iterable[Sale], above: str = "", below: str = "") -> str:
    """A text file: a header and a row a line; a line without a row is left out."""
    rows = [made for one in lines if (made := row(one)) is not None]
    return above + "\n".join([head, *rows]) + "\n" + below


def comma(value: Decimal) -> str:
    """A number as it is written in Berlin: ``1.249,00``."""
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def shop(text: str | bytes, lines: list[Sale] | None = None, *, name: str = "shop.csv", **more: object) -> Form:
    """A form of one file that holds all lines at their money, unless something else is said."""
    lines = sales() if lines is None else lines
    plain: dict[str, object] = {"files": {name: text}, "money": truth(lines), "orders": len({s.order for s in lines})}
    return Form(**{**plain, **more})  # type: ignore[arg-type]


def refused(text: str | bytes, says: str = "", *, name: str = "shop.csv", asked: bool = False) -> Form:
    """A form of one file that must not be read."""
    return Form({name: text}, ends=frozenset({"refused", "asked"} if asked else {"refused"}), says=says)


ONLY_REFUSED = frozenset({"refused"})
ONLY_ASKED = frozenset({"asked"})
READ = frozenset({"exact"})
MAY_REFUSE = frozenset({"exact", "asked", "refused"})

__all__ = ["MAY_REFUSE", "ONLY_ASKED", "ONLY_REFUSED", "PRICES", "READ", "Form", "Sale", "comma", "order_total",
           "refused", "replace", "sales", "shop", "table", "truth"]  # fmt: skip
