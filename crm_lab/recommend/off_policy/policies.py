"""Policies: with what chance each product is shown to each customer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_lab.checks import Problems, need_columns
from crm_lab.data.kernels.dataframes import id_texts

_NEAR = 1e-6


def top_policy(candidates: pd.DataFrame, by: str = "score") -> pd.DataFrame:
    """The policy that shows each customer the candidate with the highest score; equals share the chance.

    >>> offers = pd.DataFrame({"customer_id": ["a", "a", "b"], "product_id": ["tea", "gin", "gin"], "score": [1, 3, 2]})
    >>> top_policy(offers)["product_id"].tolist()
    ['gin', 'gin']

    Args:
        candidates: ``customer_id, product_id`` and the score, such as a product's popularity or a list's chance.
        by: Column with the score.

    Returns:
        ``customer_id, product_id, chance``.
    """
    need_columns(candidates.columns, ["customer_id", "product_id", by], "candidates")
    most = candidates.groupby("customer_id")[by].transform("max")
    first = candidates.loc[candidates[by] == most, ["customer_id", "product_id"]].drop_duplicates()
    share = 1 / first.groupby("customer_id")["product_id"].transform("size")
    return first.assign(chance=share).reset_index(drop=True)


def even_policy(candidates: pd.DataFrame, first: int | None = None) -> pd.DataFrame:
    """The policy that shows each customer one of its candidates, all with the same chance.

    >>> even_policy(pd.DataFrame({"customer_id": ["a", "a"], "product_id": ["tea", "gin"]}))["chance"].tolist()
    [0.5, 0.5]

    Args:
        candidates: ``customer_id, product_id``, and ``rank`` where only the first count.
        first: Ranks up to this one count; all unless given.

    Returns:
        ``customer_id, product_id, chance``.
    """
    need_columns(candidates.columns, ["customer_id", "product_id", *(["rank"] if first else [])], "candidates")
    some = candidates if first is None else candidates[candidates["rank"] <= first]
    pairs = some[["customer_id", "product_id"]].drop_duplicates()
    share = 1 / pairs.groupby("customer_id")["product_id"].transform("size")
    return pairs.assign(chance=share).reset_index(drop=True)


def checked_policy(name: str, policy: pd.DataFrame) -> pd.DataFrame:
    """A policy with ids as text, its chances adding up to 1 for each customer.

    Args:
        name: Of the policy, for errors.
        policy: ``customer_id, product_id, chance``.

    Returns:
        Rows with a chance above 0.

    Raises:
        BadInput: If a chance is none, a pair stands twice, or chances of a customer do not add up to 1.
    """
    need_columns(policy.columns, ["customer_id", "product_id", "chance"], f"policy {name}")
    chance = pd.to_numeric(policy["chance"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    made = pd.DataFrame({
        "customer_id": id_texts(policy["customer_id"]).to_numpy(dtype=object),
        "product_id": id_texts(policy["product_id"]).to_numpy(dtype=object), "chance": chance,
    })  # fmt: skip
    wrong = int((~((chance >= 0) & (chance <= 1 + _NEAR))).sum())
    twice = int(made.duplicated(["customer_id", "product_id"]).sum())
    total = made.groupby("customer_id")["chance"].sum()
    off = int(((total - 1).abs() > _NEAR).sum())
    problems = Problems(f"policy {name}")
    problems.unless(len(made), "it has no row.")
    problems.unless(not wrong, f"{wrong} chances are not in [0, 1].")
    problems.unless(not twice, f"{twice} customers and products stand more than once.")
    problems.unless(wrong or not off, f"chances of {off} customers do not add up to 1.")
    problems.raise_any()
    return made[made["chance"] > 0].reset_index(drop=True)
