"""Who gets the treatment: by a salted hash of the id, or by a seeded draw within strata."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame
from numpy.typing import NDArray

from crm_lab.checks import BadInput, Problems
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.data.kernels.hashed_lot import hash_unit

HALVES: Mapping[str, float] = {"control": 0.5, "treatment": 0.5}


def check_shares(shares: Mapping[str, float]) -> None:
    """Refuse shares that are no split.

    Raises:
        BadInput: If there are fewer than two arms, a share is not positive, or they do not add to 1.
    """
    problems = Problems("shares of the arms")
    problems.unless(len(shares) >= 2, f"{len(shares)} arm is given; a test needs two or more.")
    problems.unless(all(s > 0 for s in shares.values()), f"{dict(shares)}: every share must be above 0.")
    whole = sum(shares.values())
    problems.unless(math.isclose(whole, 1, abs_tol=1e-9), f"they add up to {whole:g}; they must add up to 1.")
    problems.raise_any()


def assign(ids: Sequence[object] | pd.Series, salt: str, shares: Mapping[str, float] = HALVES) -> NDArray[np.object_]:
    """The arm of each id, by a salted hash: the same id gets the same arm in every run and every order.

    >>> assign(["1001", "1002", "1003"], "spring").tolist()
    ['control', 'control', 'treatment']

    Args:
        ids: Unit ids; each is turned into text first.
        salt: The experiment's own text; another salt gives an unrelated split.
        shares: Arm names with their shares.

    Returns:
        Names of arms, shape (n,).
    """
    check_shares(shares)
    edges = np.cumsum(list(shares.values()))
    edges[-1] = 1.0
    names = np.array(list(shares), dtype=object)
    return names[np.searchsorted(edges, hash_unit(ids, salt), side="right")]


def draw_round(ids: Sequence[object] | pd.Series, as_of: object, holdout: float) -> pd.Series:
    """Who is held out of the round of a week's list: drawn once by the day, the same on every page that asks.

    Args:
        ids: Customer ids.
        as_of: Day of the list; it names the round, ``save-2024-06-30``.
        holdout: Share held out.

    Returns:
        ``control`` or ``treatment`` by customer id; its name is the round's.

    >>> draw_round(["1001", "1002", "1003"], "2024-06-30", 0.5).to_dict()
    {'1001': 'treatment', '1002': 'control', '1003': 'control'}
    """
    name = f"save-{as_of}"
    arms = assign(ids, name, {"control": holdout, "treatment": 1 - holdout})
    return pd.Series(arms, index=pd.Index(ids), name=name)


def assign_stratified(
    frame: IntoFrame, strata: Sequence[str], rng: np.random.Generator | int, shares: Mapping[str, float] = HALVES
) -> NDArray[np.object_]:
    """The arm of each row, drawn so that every stratum has the shares as exactly as its size allows.

    Rows of a stratum are shuffled and assigned at evenly spaced quantiles from a random start, so that the remainder
    goes to a random arm.

    >>> people = pd.DataFrame({"tier": ["gold"] * 4 + ["base"] * 6})
    >>> arms = assign_stratified(people, ["tier"], 7)
    >>> pd.crosstab(people["tier"], arms).to_numpy().tolist()
    [[3, 3], [2, 2]]

    Args:
        frame: One row per unit, in an order that does not change between runs.
        strata: Columns whose combinations are the strata; missing values are a stratum of their own.
        rng: Generator or seed.
        shares: Arm names with their shares.

    Returns:
        Names of arms, shape (n,).
    """
    check_shares(shares)
    frame = as_pandas(frame, "The frame")
    missing = [c for c in strata if c not in frame.columns]
    if missing or not strata:
        raise BadInput(f"strata {list(strata)} are not all columns; the frame has {', '.join(frame.columns)}.")
    draw = np.random.default_rng(rng)
    edges = np.cumsum(list(shares.values()))
    edges[-1] = 1.0
    names, arms = np.array(list(shares), dtype=object), np.empty(len(frame), dtype=object)
    for rows in frame.groupby(list(strata), sort=True, observed=True, dropna=False).indices.values():
        places = (np.arange(len(rows)) + draw.random()) / len(rows)
        arms[draw.permutation(rows)] = names[np.searchsorted(edges, places, side="right")]
    return arms
