"""The customer masters of the systems: a record for each account, with what goes wrong in such files."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.simulate.accounts import account_names as names
from crm_lab.simulate.accounts.account_plan import AccountPlan
from crm_lab.simulate.accounts.name_slips import wrong_characters, wrong_digit, wrong_word
from crm_lab.simulate.accounts.person_profiles import DOMAINS, Profiles, latin_name
from crm_lab.simulate.scenario.account_rules import DOUBLE_KINDS, MASTERS, AccountSettings
from crm_lab.simulate.scenario.streams import BLOCK

Words = npt.NDArray[Any]
EMPTY_BY_SYSTEM = {
    "phone": (0.08, 0.15, 0.02),
    "email": (0.50, 0.02, 0.15),
    "address": (0.25, 0.05, 0.55),
    "birth_date": (0.30, 0.50, 0.20),
    "gender": (0.10, 0.50, 0.30),
}
"""Share of empty fields in the masters of pos, webshop and app, where `missing` is .2."""
USUAL_MISSING = 0.2
SHOP_MAIL = "cashdesk@shop.example.net"
_SEXES = (("M", "F"), ("male", "female"), ("m", "f"))
_OFTEN = 0.3  # chance of a second mistake beside a mistyped name
_STAYS = 0.7  # chance of staying in the city when moving
_OTHER = 5_003


def make_records(
    given: AccountSettings,
    plan: AccountPlan,
    who: Profiles,
    homes: tuple[Integers, list[str], Integers],
    rng: Generator,
) -> dict[str, Words]:
    """The record of each account (BLOCK,), as its system writes it.

    Args:
        given: How much goes wrong.
        plan: The accounts.
        who: Their persons.
        homes: City of each account, the names of the cities, and the number of each account's shop.
        rng: Random stream.
    """
    u = rng.random((40, BLOCK))
    kind = {name: plan.kind == number for number, name in enumerate(DOUBLE_KINDS)}
    called, family, characters = _names(plan, who, kind, u[0:8], given.slips)
    full = [
        _written(*parts)
        for parts in zip(called, family, characters.tolist(), plan.system.tolist(), (u[8] < 0.2).tolist(), strict=True)
    ]
    city, home = _homes(plan, who, kind, homes, u[9:17], given.slips)
    shown = {
        "full_name": np.array(full, dtype=object),
        "phone": _phones(given, plan, who, kind, homes[2], u[17:22]),
        "email": _mails(given, plan, who, u[22:27]),
        "address": home["address"],
        "city": city,
        "postcode": home["postcode"],
        "birth_date": _births(plan, u[27:30], given.slips),
        "gender": np.array(
            [_SEXES[s][w] for s, w in zip(plan.system, plan.woman.astype(int), strict=True)], dtype=object
        ),
    }
    return _with_gaps(given, plan, kind, shown, u[30:37])


def _so_far(plan: AccountPlan, here: Booleans) -> Booleans:
    """Whether something happened with this account or the person's one before."""
    out = here.copy()
    second = np.zeros(BLOCK, dtype=bool)
    second[plan.leader[here & (plan.number == 1)]] = True
    out |= (plan.number == 2) & second[plan.leader]
    return out


def _names(
    plan: AccountPlan, who: Profiles, kind: dict[str, Booleans], u: Floats, slips: float
) -> tuple[Words, Words, Booleans]:
    """Given and family name as the record has them, and whether in characters."""
    called = np.where(kind["nickname"], [names.NICKNAMES.get(g, g) for g in who.given], who.given)
    family = np.where(_so_far(plan, kind["married"]), who.other_family, who.family)
    characters = who.characters ^ kind["pinyin"]
    latin = plan.chinese & ~characters
    spelt = [latin_name(g, f, is_chinese=bool(c)) for g, f, c in zip(called, family, latin, strict=True)]
    parts = [np.array(part, dtype=object) for part in zip(*spelt, strict=True)]
    wrong_given = kind["typo"] & ((u[0] < 0.6) | characters)
    wrong_family = kind["typo"] & (u[0] >= 0.5) & ~characters
    for part, wrong, chance, rows in zip(parts, (wrong_given, wrong_family), u[6:8], (u[0:3], u[3:6]), strict=True):
        for n in np.flatnonzero(wrong | (chance < slips)):
            part[n] = _mistaken(part[n], *rows[:, n].tolist(), is_chinese=bool(characters[n]))
    turned = kind["swapped"]
    return np.where(turned, parts[1], parts[0]), np.where(turned, parts[0], parts[1]), characters


def _mistaken(text: str, how: float, place: float, other: float, *, is_chinese: bool) -> str:
    if is_chinese:
        return wrong_characters(text, place, other)
    return wrong_word(text, how, place, other)


def _written(called: str, family: str, in_characters: bool, system: int, small: bool) -> str:
    """A name as a system writes it."""
    if in_characters:
        return f"{family}{called}"
    if MASTERS[system] == "pos":
        return f"{family}, {called}"
    text = f"{called} {family}"
    return text.lower() if small and MASTERS[system] == "app" else text


def _homes(
    plan: AccountPlan, who: Profiles, kind: dict[str, Booleans], homes: tuple[Integers, list[str], Integers], u: Floats,
    slips: float,
) -> tuple[Words, dict[str, Words]]:  # fmt: skip
    """City; address and postcode."""
    at, cities, _ = homes
    moved = _so_far(plan, kind["moved"])
    u = np.stack([row[plan.leader] for row in u[:5]] + list(u[5:]))
    street = np.where(moved, names.STREETS[(u[0] * names.STREETS.size).astype(np.int64)], who.street)
    house = np.where(moved, (1 + u[1] * 180).astype(np.int64), who.house)
    away = moved & (u[2] >= _STAYS)
    city = np.where(away, (at + 1 + (u[3] * max(len(cities) - 1, 1)).astype(np.int64)) % len(cities), at)
    code = 10_000 * (city + 1) + 100 * np.where(moved, (u[4] * 20).astype(np.int64), who.postcode)
    short = (plan.system == 0) | (u[5] < 0.2)
    lines = [_line(*parts) for parts in zip(house.tolist(), street, short.tolist(), strict=True)]
    for n in np.flatnonzero(u[6] < slips):
        lines[n] = wrong_word(lines[n], u[5, n], u[7, n], u[6, n] / max(slips, 1e-9))
    address = {"address": np.array(lines, dtype=object), "postcode": code.astype(str).astype(object)}
    return np.array(cities, dtype=object)[city], address


def _line(house: int, street: str, short: bool) -> str:
    name, _, road = street.rpartition(" ")
    return f"{house} {name} {names.SHORT[road] if short else road}"


def _phones(
    given: AccountSettings, plan: AccountPlan, who: Profiles, kind: dict[str, Booleans], shop: Integers, u: Floats
) -> Words:
    """Telephones as the systems write them."""
    number = np.where(_so_far(plan, kind["new_phone"]), 2 * (who.phone // 2) + 1, who.phone)
    digits = names.phone_digits(number)
    for n in np.flatnonzero((u[0] < given.slips) | (kind["typo"] & (u[1] < _OFTEN))):
        digits[n] = wrong_digit(digits[n], u[2, n], u[3, n], 7)
    at_till = (plan.system == MASTERS.index("pos")) & (u[4] < given.shop_phone)
    desks = names.phone_digits(70_000 + shop)
    texts = [
        _dialled(d if t else p, s) for p, d, t, s in zip(digits, desks, at_till, plan.system.tolist(), strict=True)
    ]
    return np.array(texts, dtype=object)


def _dialled(digits: str, system: int) -> str:
    area, start, end = digits[:3], digits[3:6], digits[6:]
    return (f"({area}) {start}-{end}", f"+1 {area} {start} {end}", digits)[system]


def _mails(given: AccountSettings, plan: AccountPlan, who: Profiles, u: Floats) -> Words:
    """E-mail addresses: some persons give another one with a further account."""
    other = (plan.number > 0) & (u[0] < given.other_mail)
    users = [f"{user[0]}{user.split('.')[-1]}{n}" if o else user
             for user, o, n in zip(who.mail, other, (u[1] * 99).astype(int).tolist(), strict=True)]  # fmt: skip
    for n in np.flatnonzero(u[2] < given.slips):
        users[n] = wrong_word(users[n], u[1, n], u[3, n], u[2, n] / max(given.slips, 1e-9))
    domain = np.where(other, who.domain + 1, who.domain) % len(DOMAINS)
    at_till = (plan.system == MASTERS.index("pos")) & (u[4] < given.shop_mail)
    return np.array(
        [
            SHOP_MAIL if t else f"{user}@{DOMAINS[d]}"
            for user, d, t in zip(users, domain.tolist(), at_till, strict=True)
        ],
        dtype=object,
    )


def _births(plan: AccountPlan, u: Floats, slips: float) -> Words:
    texts = plan.born.astype("datetime64[D]").astype(str).astype(object)
    for n in np.flatnonzero(u[0] < slips):
        texts[n] = wrong_digit(texts[n], u[1, n], u[2, n], 1)
    return np.where(plan.system == 0, [text.replace("-", "/") for text in texts], texts)


def _with_gaps(
    given: AccountSettings, plan: AccountPlan, kind: dict[str, Booleans], shown: dict[str, Words], u: Floats
) -> dict[str, Words]:
    """The record with the fields empty that its system does not ask for; a sparse one has name and one contact."""
    gone = {
        name: u[row] < np.minimum(np.array(shares)[plan.system] * given.missing / USUAL_MISSING, 0.95)
        for row, (name, shares) in enumerate(EMPTY_BY_SYSTEM.items())
    }
    sparse, by_phone = kind["missing"], u[5] < 0.6
    gone["phone"] = np.where(sparse, ~by_phone, gone["phone"])
    gone["email"] = np.where(sparse, by_phone, gone["email"])
    for name in ("address", "birth_date", "gender"):
        gone[name] = gone[name] | sparse
    gone["postcode"] = gone["address"]
    gone["city"] = sparse & (u[6] < 0.5)
    for name, empty in gone.items():
        shown[name][empty] = None
    return shown
