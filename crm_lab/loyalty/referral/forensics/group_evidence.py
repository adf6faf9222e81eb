"""How likely honest accounts would look as suspicious as a group did, by what honest ones in the same data do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats, Integers

FEWEST: Final = 50  # accounts from which the usual behaviour is known
_GRID: Final = 100  # steps of one power of ten


@dataclass(frozen=True, eq=False)
class UsualBehaviour:
    """What honest accounts that were brought do: how good customers they are, from those who return everything upwards.

    >>> usual = UsualBehaviour((np.arange(100.0),))
    >>> usual.rarity(np.array([0.0, 49.0, 99.0])).round(2).tolist()
    [0.02, 0.5, 1.0]

    Attributes:
        worth: Worth of honest accounts, sorted, for each kind of them that is looked at; the worse one counts.
    """

    worth: tuple[Floats, ...]

    def rarity(self, worth: Floats) -> Floats:
        """Share of honest accounts that are no better.

        >>> float(usual.rarity(np.array([1000.0]))[0])
        1.0

        Args:
            worth: Of accounts.
        """
        sides = [(np.searchsorted(side, worth, side="right") + 1) / (len(side) + 1) for side in self.worth]
        return np.asarray(np.max(sides, axis=0), dtype=float)

    def place(self, worth: Floats) -> Floats:
        """Share of honest accounts that are worse, ties counted half: .5 on average.

        >>> usual.place(np.array([50.0])).tolist()
        [0.505]

        Args:
            worth: Of accounts.
        """
        sides = [
            (np.searchsorted(side, worth, side="left") + np.searchsorted(side, worth, side="right")) / (2 * len(side))
            for side in self.worth
        ]
        return np.asarray(np.mean(sides, axis=0), dtype=float)

    def points(self, worth: Floats) -> Integers:
        """Hundredths of a power of ten by which accounts are rarely so bad.

        >>> usual.points(np.array([9.0, 99.0])).tolist()
        [96, 0]

        Args:
            worth: Of accounts.
        """
        return np.floor(-_GRID * np.log10(self.rarity(worth)) + 1e-9).astype(np.int64)

    def tails(self, accounts: int) -> Floats:
        """Chance that so many honest accounts together have at least as many points, for 0, 1, 2, ... points.

        >>> usual.tails(1)[[0, 96]].round(2).tolist()
        [1.0, 0.1]

        Args:
            accounts: How many.
        """
        one = self._one()
        many = np.ones(1)
        for bit in f"{accounts:b}":
            many = np.convolve(many, many)
            many = np.convolve(many, one) if bit == "1" else many
        return np.minimum(np.cumsum(many[::-1])[::-1], 1.0)

    def _one(self) -> Floats:
        """Chances of the points of one honest account: those of the worse kind in the tail."""
        found = [np.bincount(self.points(side)) / len(side) for side in self.worth]
        width = max(len(side) for side in found)
        tails = [np.cumsum(np.pad(side, (0, width - len(side)))[::-1])[::-1] for side in found]
        worst = np.max(tails, axis=0)
        return np.asarray(worst - np.append(worst[1:], 0.0), dtype=float)


def usual_behaviour(worth: Floats, alone: Booleans, tied: Booleans) -> UsualBehaviour | None:
    """Of accounts without marks in common with their inviter, and of those with weak ones, as households have.

    Args:
        worth: Of accounts that are known.
        alone: Which accounts share no mark with their inviter.
        tied: Which share an address or an IP only.

    Returns:
        The usual behaviour, or ``None`` with too few accounts.
    """
    sides = tuple(np.sort(worth[side]) for side in (alone, tied) if side.sum() >= FEWEST)
    return UsualBehaviour(sides) if sides else None


def honest_chances(groups: pd.DataFrame, usual: UsualBehaviour) -> Floats:
    """For each group, the chance that honest accounts have as much against them.

    Against it is what its accounts did (`UsualBehaviour`, exactly for their number) and how it hangs together: by
    ``structure``, which grows with the group, and ``closeness``, which does not; the rarer counts. The second is held
    against groups whose accounts are better customers than most: half of the honest ones, whatever their size, and
    hardly one of made-up accounts. In honest groups the two are taken to be independent; their product is compared
    with what products of chances are.

    >>> usual = UsualBehaviour((np.arange(100.0),))
    >>> table = pd.DataFrame({"size": 3, "known": 2, "place": 0.6, "points": 0, "structure": np.arange(200.0)})
    >>> table["closeness"] = 0.0
    >>> table.loc[len(table)] = [3, 2, 0.01, 338, 300.0, 9.0]
    >>> found = honest_chances(table, usual)
    >>> bool(found[:200].min() > 0.005), bool(found[200] < 1e-4)
    (True, True)

    Args:
        groups: Columns ``size``, ``known`` (accounts whose behaviour is known), ``place`` (mean of those), ``points``
            (sum), ``structure``, ``closeness``.
        usual: What honest accounts do.

    Returns:
        Chances, shape (groups,).
    """
    known = groups["known"].to_numpy(dtype=np.int64)
    points, size = groups["points"].to_numpy(dtype=np.int64), groups["size"].to_numpy(dtype=float)
    behaved = np.ones(len(groups))
    for m in np.unique(known[known > 0]):
        rows, tails = known == m, usual.tails(int(m))
        at = points[rows]
        behaved[rows] = np.where(at < len(tails), tails[np.minimum(at, len(tails) - 1)], 0.0).clip(1e-300)
    clean = (known > 0) & (groups["place"].to_numpy() >= 0.5)
    sides = [_tail(*_against(groups[name].to_numpy(dtype=float), clean, size)) for name in ("structure", "closeness")]
    structure, reference, weight = _against(-np.log(np.minimum(*sides)), clean, size)
    return np.where(known > 0, _products(behaved, _tail(structure, reference, weight), reference, weight), 1.0)


def _against(values: Floats, clean: Booleans, size: Floats) -> tuple[Floats, Floats, Floats]:
    """Values of all groups, those of the clean ones in order, and the accounts of these."""
    order = np.argsort(values[clean], kind="stable")
    return values, values[clean][order], size[clean][order]


def _tail(values: Floats, reference: Floats, weight: Floats) -> Floats:
    """Share of honest accounts that are in groups so closely tied; one more than there are counts as such."""
    above = np.append(np.cumsum(weight[::-1])[::-1], 0.0)
    own = weight.mean() if len(weight) else 1.0
    return np.asarray((above[np.searchsorted(reference, values, side="left")] + own) / (weight.sum() + own))


def _products(first: Floats, second: Floats, reference: Floats, weight: Floats) -> Floats:
    """Chance that the product of a uniform chance and one of the reference's is as small."""
    own = weight.mean() if len(weight) else 1.0
    values, at = np.unique(reference, return_inverse=True)
    atoms = np.append(_tail(values, reference, weight), own / (weight.sum() + own))
    chances = np.append(np.bincount(at, weight, minlength=len(values)), own) / (weight.sum() + own)
    product, back = np.unique(first * second, return_inverse=True)
    found = np.array([float(chances @ np.minimum(1.0, value / atoms)) for value in product])
    return np.asarray(found[back], dtype=float)
