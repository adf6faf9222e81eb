"""Who the persons of a block are: name, address, telephone and e-mail, all made up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.simulate.accounts import account_names as names
from crm_lab.simulate.accounts.account_plan import AccountPlan
from crm_lab.simulate.scenario.account_rules import TIES, AccountSettings
from crm_lab.simulate.scenario.streams import BLOCK

Words = npt.NDArray[Any]
_FAMILY_NAME = 0.85  # chance that those who live together have one family name
_COMMON = 0.55  # share of Latin family names that are common ones
_SINGLE = 0.3  # share of Chinese given names of one character
_IN_CHARACTERS = 0.8  # share of Chinese names that a first account has in characters
DOMAINS = ("mail.example.com", "post.example.org", "mail.example.net")


@dataclass(frozen=True)
class Profiles:
    """What is true of the person of each account; every array is (BLOCK,).

    Attributes:
        given: Given name, in characters where the name is Chinese.
        family: Family name.
        other_family: A family name that the person may take on.
        street: Street and its kind.
        house: Number of the house.
        postcode: Place of the postcode within the city.
        phone: Number of the telephone.
        mail: What stands before the @, for the first account.
        domain: Number of the e-mail's domain.
        characters: Whether the name is written in characters.
    """

    given: Words
    family: Words
    other_family: Words
    street: Words
    house: Integers
    postcode: Integers
    phone: Integers
    mail: Words
    domain: Integers
    characters: Booleans


def make_profiles(given: AccountSettings, plan: AccountPlan, first: int, rng: Generator) -> Profiles:
    """Draw the persons of a block; `first` is the number of its first account."""
    u = rng.random((14, BLOCK))
    leader, head, tie = plan.leader, plan.head, plan.tie
    called = _given_names(plan, u[0:4])
    family, other_family = _family_names(plan, u[4]), _family_names(plan, u[5])
    fathers, twins = tie == TIES.index("father_and_son"), tie == TIES.index("twins")
    shares = (tie > 0) & ((u[6][leader] < _FAMILY_NAME) | fathers | twins)
    family = np.where(shares, family[head], family[leader])
    called = np.where(fathers, called[head], called[leader])
    home_phone = (tie > 0) & (u[7][leader] < given.home_phone)
    phone = np.where(home_phone, head, leader) + first
    mail = _mail_users(called, family, plan.chinese, (leader + first) * 7919 % 9973)
    return Profiles(
        given=called,
        family=family,
        other_family=other_family[leader],
        street=names.STREETS[(u[8] * names.STREETS.size).astype(np.int64)][head],
        house=(1 + u[9] * 180).astype(np.int64)[head],
        postcode=(u[10] * 20).astype(np.int64)[head],
        phone=2 * phone,
        mail=mail,
        domain=(u[11] * len(DOMAINS)).astype(np.int64)[leader],
        characters=plan.chinese & (u[12] < _IN_CHARACTERS)[leader],
    )


def _given_names(plan: AccountPlan, u: Floats) -> Words:
    latin = np.where(
        plan.woman,
        names.WOMEN[names.skewed(u[0], names.WOMEN.size, 12)],
        names.MEN[names.skewed(u[0], names.MEN.size, 12)],
    )
    one, two = (names.HAN_GIVEN[names.skewed(part, names.HAN_GIVEN.size, 20)] for part in u[1:3])
    chinese = np.where(u[3] < _SINGLE, one, one + two)
    return np.where(plan.chinese, chinese, latin)


def _family_names(plan: AccountPlan, u: Floats) -> Words:
    common = names.skewed(np.minimum(u / _COMMON, 1 - 1e-9), names.COMMON, 10)
    rare = names.COMMON + (np.maximum(u - _COMMON, 0) / (1 - _COMMON) * (names.FAMILIES.size - names.COMMON)).astype(
        int
    )
    latin = names.FAMILIES[np.where(u < _COMMON, common, rare)]
    return np.where(plan.chinese, names.HAN_FAMILIES[names.skewed(u, names.HAN_FAMILIES.size, 5)], latin)


def _mail_users(given: Words, family: Words, chinese: Booleans, number: Integers) -> Words:
    return np.array(
        [
            f"{latin_name(g, f, is_chinese=c)[0]}.{latin_name(g, f, is_chinese=c)[1]}{n}".lower()
            for g, f, c, n in zip(given, family, chinese.tolist(), number.tolist(), strict=True)
        ],
        dtype=object,
    )


def latin_name(given: str, family: str, *, is_chinese: bool) -> tuple[str, str]:
    """Given name and family name in Latin letters.

    >>> latin_name("小明", "王", is_chinese=True)
    ('Xiaoming', 'Wang')
    """
    if not is_chinese:
        return given, family
    return names.pinyin_of(given, "given"), names.pinyin_of(family, "family")
