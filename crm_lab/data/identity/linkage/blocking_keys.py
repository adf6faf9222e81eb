"""Which pairs are looked at: keys of one, two or three fields, chosen by how many pairs each makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd

from crm_lab.arrays import Integers
from crm_lab.data.identity.standards.nicknames import formal_names

_PAIRS_PER_RECORD: Final = 30
_RULES: Final = 40
_KEY_PAIRS_PER_RECORD: Final = 10
_FEW: Final = 0.01  # of all pairs, or two pairs a record: a key that makes more says too little alone
_COUNTED: Final = 100_000  # records by which pairs are counted; the rest is scaled
KEYS: Final = (
    "phone", "email", "birth_date", "given_name", "family_name", "street", "postcode", "city", "email_user",
    "birth_year", "birth_month_day", "given_start", "family_start", "house_number",
)  # fmt: skip
"""Keys in the order in which they are tried."""
_PART_OF: Final = {
    "email_user": "email", "birth_year": "birth_date", "birth_month_day": "birth_date", "given_start": "given_name",
    "family_start": "family_name",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class BlockingRule:
    """Columns that must be equal for two records to be compared, and the pairs that makes."""

    columns: tuple[str, ...]
    pairs: int

    @property
    def sql(self) -> str:
        """As Splink reads it."""
        return " and ".join(f"l.{column} = r.{column}" for column in self.columns)


def with_keys(table: pd.DataFrame) -> pd.DataFrame:
    """Standard records with the keys that are parts of fields.

    >>> keyed = with_keys(pd.DataFrame({"given_name": ["anna"], "email": ["a.b@c.de"], "birth_date": ["1980-02-01"]}))
    >>> keyed[["given_start", "email_user", "birth_year", "birth_month_day"]].iloc[0].tolist()
    ['ann', 'a.b', '1980', '02-01']

    Args:
        table: Standard records.
    """
    parts = {}
    for name, start in (("given_name", "given_start"), ("family_name", "family_start")):
        if name in table:
            parts[start] = table[name].astype("string").str[:3]
    if "given_name" in table:
        known = table["given_name"].dropna()
        parts["given_forms"] = table["given_name"].map({name: formal_names(name) for name in known.unique()})
    if "birth_date" in table:
        text = table["birth_date"].astype("string")
        parts |= {"birth_year": text.str[:4], "birth_month_day": text.str[5:]}
    if "email" in table:
        parts["email_user"] = table["email"].astype("string").str.split("@").str[0]
    added = pd.DataFrame(parts, index=table.index).astype(object)
    return table.assign(**added.where(added.notna(), None))


def _codes(column: pd.Series) -> Integers:
    return pd.factorize(column)[0].astype(np.int64)


def pairs_of(codes: Sequence[Integers]) -> int:
    """Pairs of records that agree in every key; −1 is missing and agrees with nothing.

    >>> pairs_of([np.array([0, 0, 0, 1, -1, -1])]), pairs_of([np.array([0, 0, 0]), np.array([0, 0, 1])])
    (3, 1)

    Args:
        codes: Number of each record's value, one array a key.
    """
    known = np.logical_and.reduce([code >= 0 for code in codes])
    joint = codes[0][known]
    for code in codes[1:]:
        _, joint = np.unique(joint * (int(code.max()) + 2) + code[known], return_inverse=True)
    counts = np.bincount(joint) if len(joint) else np.zeros(0, dtype=np.int64)
    return int((counts * (counts - 1) // 2).sum())


def blocking_rules(keyed: pd.DataFrame) -> tuple[BlockingRule, ...]:
    """Rules that together reach every pair with two or three fields in common, within 30 pairs a record.

    A key that makes at most ten pairs a record stands alone; the others are joined by twos and threes. The
    cheapest rules come first until the pairs are spent.

    >>> people = pd.DataFrame({"given_name": ["a"] * 40, "phone": [str(n // 2) for n in range(40)]})
    >>> [(rule.columns, rule.pairs) for rule in blocking_rules(people)]
    [(('phone',), 20)]

    Args:
        keyed: Standard records with their keys.

    Returns:
        Rules, cheapest first.
    """
    part, scale = _part(keyed)
    codes = {key: _codes(part[key]) for key in KEYS if key in part and part[key].notna().sum() > 1}
    most = _KEY_PAIRS_PER_RECORD * len(keyed)
    alone = max(len(keyed) * (len(keyed) - 1) / 2 * _FEW, 2 * len(keyed))
    found: list[BlockingRule] = []
    for size in (1, 2, 3):
        for columns in combinations(codes, size):
            if _is_said(columns, found):
                continue
            n = round(pairs_of([codes[column] for column in columns]) * scale)
            if (n > 0 or scale > 1) and n <= (min(alone, most) if size == 1 else most):
                found.append(BlockingRule(columns, n))
    return _within(sorted(found, key=lambda rule: (len(rule.columns), rule.pairs, rule.columns)), len(keyed))


def _part(keyed: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """Records to count with, the same in any order, and how many pairs one pair among them stands for."""
    if len(keyed) <= _COUNTED:
        return keyed, 1.0
    place = pd.util.hash_pandas_object(keyed["record_id"].astype(str), index=False).to_numpy()
    part = keyed[place <= np.uint64(2**64 - 1) // np.uint64(len(keyed)) * np.uint64(_COUNTED)]
    return part, (len(keyed) / len(part)) ** 2


def _is_said(columns: tuple[str, ...], found: Sequence[BlockingRule]) -> bool:
    """Whether a shorter rule reaches all these pairs, or two keys are parts of one field."""
    fields = {_PART_OF.get(column, column) for column in columns}
    if len(fields) < len(columns):
        return True
    wide = set(columns) | fields & set(columns)
    return any(set(rule.columns) <= wide for rule in found)


def _within(rules: Sequence[BlockingRule], records: int) -> tuple[BlockingRule, ...]:
    spent = 0
    kept: list[BlockingRule] = []
    for rule in rules:
        if len(kept) < _RULES and spent + rule.pairs <= _PAIRS_PER_RECORD * records:
            kept.append(rule)
            spent += rule.pairs
    return tuple(kept)
