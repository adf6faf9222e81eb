"""Simulated customer records with planted duplicates: for examples, tests and timings, never for a finding."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from crm_lab.data.identity.linkage.record_linkage import LinkageResult

_SYLLABLES: Final = np.array(
    [
        "an",
        "be",
        "ca",
        "do",
        "el",
        "fi",
        "ga",
        "ho",
        "is",
        "ja",
        "ka",
        "li",
        "ma",
        "no",
        "or",
        "pe",
        "qu",
        "ro",
        "sa",
        "ti",
        "ul",
        "vi",
        "wa",
        "xe",
        "ya",
        "zo",
    ]
)
_LETTERS: Final = np.array(list("abcdefghijklmnopqrstuvwxyz"))
_STREETS: Final = np.array(["street", "road", "lane", "avenue", "place"])
_FIELDS: Final = ("given_name", "family_name", "birth_date", "phone", "email", "address", "postcode", "city")


def _words(rng: np.random.Generator, n: int, parts: int) -> np.ndarray:
    """Different made-up words."""
    picked = rng.integers(0, len(_SYLLABLES), (4 * n, parts))
    words = _SYLLABLES[picked[:, 0]].astype(object)
    for place in range(1, parts):
        words = words + _SYLLABLES[picked[:, place]]
    return pd.Series(words).drop_duplicates().to_numpy()[:n]


def _skewed(rng: np.random.Generator, words: np.ndarray, n: int) -> np.ndarray:
    """Words drawn as names are: few often, many rarely."""
    weight = 1 / np.arange(5, len(words) + 5)
    return words[rng.choice(len(words), n, p=weight / weight.sum())]


def _households(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """One in five persons lives with the one before: same family name, address, and often telephone."""
    joins = np.flatnonzero(rng.random(len(people)) < 0.2)
    joins = joins[joins > 0]
    for column in ("family_name", "address", "postcode", "city"):
        values = people[column].to_numpy().copy()
        values[joins] = people[column].to_numpy()[joins - 1]
        people[column] = values
    lends = joins[rng.random(len(joins)) < 0.5]
    phones = people["phone"].to_numpy().copy()
    phones[lends] = people["phone"].to_numpy()[lends - 1]
    return people.assign(phone=phones)


def _people(rng: np.random.Generator, n: int) -> pd.DataFrame:
    given, family = _words(rng, 800, 2), _words(rng, 8000, 3)
    towns, roads = _words(rng, 300, 3), _words(rng, 4000, 3)
    town = rng.integers(0, len(towns), n)
    days = rng.integers(0, 24_000, n)
    people = pd.DataFrame(
        {
            "given_name": _skewed(rng, given, n),
            "family_name": _skewed(rng, family, n),
            "birth_date": (np.datetime64("1938-01-01") + days).astype(str),
            "phone": "+1" + pd.Series(rng.integers(2_012_000_000, 9_897_999_999, n)).astype(str),
            "address": pd.Series(rng.integers(1, 200, n)).astype(str)
            + " " + pd.Series(roads[rng.integers(0, len(roads), n)]) + " " + pd.Series(_STREETS[rng.integers(0, 5, n)]),
            "postcode": pd.Series(10_000 + town * 100 + rng.integers(0, 20, n)).astype(str),
            "city": towns[town],
        }
    )  # fmt: skip
    numbers = pd.Series(rng.integers(0, 1000, n)).astype(str)
    people["email"] = people["given_name"] + "." + people["family_name"] + numbers + "@mail.example.net"
    return _households(rng, people)


def _slip(rng: np.random.Generator, texts: np.ndarray) -> np.ndarray:
    """Texts with one letter or digit put in place of another."""
    at, letters = rng.random(len(texts)), _LETTERS[rng.integers(0, 26, len(texts))]
    digits = rng.integers(0, 10, len(texts))
    out = []
    for text, place, letter, digit in zip(texts, at, letters, digits, strict=True):
        i = max(int(place * len(text)), int(text.startswith("+")))
        new = str(digit) if text[i].isdigit() else str(letter)
        out.append(text[:i] + new + text[i + 1 :])
    return np.array(out, dtype=object)


def example_records(
    persons: int = 200, seed: int = 0, *, missing: float = 0.05, slips: float = 0.05, copies: float = 0.5
) -> pd.DataFrame:
    """Simulated records of persons who may be on file several times, with slips, moves, marriages and gaps.

    >>> people = example_records(persons=100, seed=3)
    >>> list(people)[:3], bool(people["truth"].nunique() == 100)
    (['customer_id', 'given_name', 'family_name'], True)

    Args:
        persons: How many.
        seed: Of the random numbers.
        missing: Share of fields that are empty.
        slips: Share of the fields of further records with a slip.
        copies: Mean number of further records of a person.

    Returns:
        `customer_id`, the fields, `source`, `updated_on`, and `truth`, the person's number.
    """
    rng = np.random.default_rng(seed)
    people = _people(rng, persons)
    again = np.repeat(np.arange(persons), rng.poisson(copies, persons))
    other = people.iloc[again].reset_index(drop=True)
    fresh = _people(rng, max(len(again), 1)).iloc[: len(again)]
    moved, married, new_phone = (rng.random(len(again)) < share for share in (0.08, 0.04, 0.1))
    for column in ("address", "postcode", "city"):
        other[column] = other[column].where(~moved, fresh[column])
    other["family_name"] = other["family_name"].where(~married, fresh["family_name"])
    other["phone"] = other["phone"].where(~new_phone, fresh["phone"])
    for column in _FIELDS:
        hit = rng.random(len(again)) < slips
        values = other[column].to_numpy(dtype=object).copy()
        values[hit] = _slip(rng, values[hit])
        other[column] = values
    both = pd.concat([people.assign(source="shop"), other.assign(source="app")], ignore_index=True)
    both["truth"] = np.concatenate([np.arange(persons), again])
    for column in _FIELDS:
        both[column] = both[column].astype(object).where(rng.random(len(both)) >= missing, None)
    both["updated_on"] = np.datetime64("2020-01-01") + rng.integers(0, 1000, len(both))
    both.insert(0, "customer_id", [f"c{n:07d}" for n in rng.permutation(len(both))])
    return both.sort_values("customer_id", ignore_index=True)


@lru_cache(maxsize=1)
def example_linkage() -> LinkageResult:
    """A small simulated file, linked: for examples.

    >>> len(example_linkage().records)
    291
    """
    from crm_lab.data.identity.linkage.record_linkage import LinkRecords
    from crm_lab.data.identity.standards.standard_records import Standardise

    people = example_records(persons=200, seed=1).drop(columns="truth")
    return LinkRecords().fit(Standardise().analyze(people))
