"""Settings of persons with several customer accounts, and of the customer masters they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from crm_lab.checks import not_shares

DOUBLE_KINDS: Final = (
    "two_systems", "typo", "nickname", "swapped", "moved", "married", "new_phone", "pinyin", "missing",
)  # fmt: skip
"""How the record of a further account differs from that of a person's first one."""
TIES: Final = ("none", "household", "twins", "father_and_son")
"""How two persons are tied who are not one."""
MASTERS: Final = ("pos", "webshop", "app")
"""Systems with a customer master of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """Persons who have several accounts, in one system or in several.

    Attributes:
        on: Whether there are any.
        second: Share of persons with a second account.
        third: Share of those who have a third.
        kinds: How a further account's record differs -> relative frequency; what does not fit a person is two_systems.
        chinese: Share of persons with a Chinese name.
        systems: System -> relative frequency of first accounts.
        same_system: Share of further accounts that are opened in the system of the one before.
        households: Share of persons who live with another one: one address, mostly one family name.
        twins: Share of persons who have a twin among the customers: one date of birth and address.
        father_and_son: Share of persons with a father of the same name and address.
        home_phone: Share of those who live together with one telephone.
        other_mail: Share of further accounts with another e-mail address.
        missing: Mean share of empty fields; which ones differs by system.
        slips: Share of fields of any record with a slip of the hand.
        shop_phone: Share of records at the till with the shop's own telephone.
        shop_mail: Share of records at the till with a made-up e-mail address that all of them share.
    """

    on: bool = False
    second: float = 0.0
    third: float = 0.0
    kinds: dict[str, float] = field(default_factory=lambda: {"two_systems": 1.0})
    chinese: float = 0.4
    systems: dict[str, float] = field(default_factory=lambda: {"pos": 0.5, "webshop": 0.3, "app": 0.2})
    same_system: float = 0.3
    households: float = 0.0
    twins: float = 0.0
    father_and_son: float = 0.0
    home_phone: float = 0.4
    other_mail: float = 0.25
    missing: float = 0.2
    slips: float = 0.02
    shop_phone: float = 0.0
    shop_mail: float = 0.0

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        yield from not_shares(
            self, "second", "third", "chinese", "same_system", "households", "twins", "father_and_son", "home_phone",
            "other_mail", "missing", "slips", "shop_phone", "shop_mail",
        )  # fmt: skip
        yield from _unknown(self.kinds, DOUBLE_KINDS, "kinds")
        yield from _unknown(self.systems, MASTERS, "systems")
        tied = self.households + self.twins + self.father_and_son
        if tied > 1:
            yield f"households, twins and father_and_son add up to {tied:.2f}; a person has one tie at most."
        if not self.on and self.second:
            yield f"second is {self.second} but on is false; set on = true or leave it out."


def _unknown(given: dict[str, float], known: tuple[str, ...], name: str) -> Iterator[str]:
    wrong = [key for key in given if key not in known]
    if wrong or not given or min(given.values()) < 0 or not sum(given.values()) > 0:
        yield f"{name} is {given}; it needs frequencies of 0 or more, not all 0, of {', '.join(known)}."
