"""How right the links are where the truth is known: precision, recall and F1 of pairs and of records (B-cubed)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats, Integers
from crm_lab.checks import BadInput, check_settings, need_columns, not_levels
from crm_lab.data.identity.linkage.person_clusters import connected
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.intervals import wilson

_MEASURES: Final = ("pair_precision", "pair_recall", "pair_f1", "record_precision", "record_recall", "record_f1")


@dataclass(frozen=True)
class MatchQuality:
    """Compare the persons that were found with those that are known.

    >>> known = pd.DataFrame({"customer_id": list("abcd"), "person": [1, 1, 2, 2]})
    >>> found = pd.DataFrame({"customer_id": list("abcd"), "person_id": ["a", "a", "c", "d"]})
    >>> MatchQuality().analyze(found, known).to_frame()["value"].round(3).tolist()
    [1.0, 0.5, 0.667, 1.0, 0.75, 0.857]

    Attributes:
        level: Confidence level.

    Raises:
        BadInput: If the settings are wrong.

    Source:
        Bagga & Baldwin (1998), Entity-based cross-document coreferencing (B-cubed).
    """

    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, not_levels(self, "level"))

    def analyze(self, persons: pd.DataFrame, known: pd.DataFrame) -> MatchQualityResult:
        """Precision, recall and F1 with intervals; what hangs together counts as one unit.

        Args:
            persons: `customer_id`, `person_id`: what was found.
            known: `customer_id`, `person`: the truth, for all records or some; links to others are not judged.

        Returns:
            Six shares with intervals.

        Raises:
            BadInput: If columns are missing, ids are repeated, or no record is in both.

        >>> MatchQuality().analyze(
        ...     pd.DataFrame({"customer_id": ["a"], "person_id": ["a"]}),
        ...     pd.DataFrame({"customer_id": ["b"], "person": [1]}),
        ... )
        Traceback (most recent call last):
        crm_lab.checks.BadInput: Not one of 1 records with a known person was linked; their customer_id differ.
        """
        need_columns(persons.columns, ("customer_id", "person_id"), "The map of persons")
        need_columns(known.columns, ("customer_id", "person"), "The known persons")
        again = int(known["customer_id"].duplicated().sum())
        if again:
            raise BadInput(f"{again:,} rows of the known persons repeat a customer_id; each has one person.")
        both = known.assign(customer_id=known["customer_id"].astype(str)).merge(
            persons.assign(customer_id=persons["customer_id"].astype(str)), on="customer_id"
        )
        if both.empty:
            raise BadInput(
                f"Not one of {len(known):,} records with a known person was linked; their customer_id differ."
            )
        parts = _parts(pd.factorize(both["person_id"])[0], pd.factorize(both["person"])[0])
        return MatchQualityResult(_measured(parts, self.level), len(both), int(both["person"].nunique()), self.level)


def _parts(found: Integers, true: Integers) -> pd.DataFrame:
    """Per group of records that hang together by either: pairs in both, found and true; records and their shares."""
    rows = pd.DataFrame({"found": found, "true": true})
    rows["cell"] = rows.groupby(["found", "true"])["found"].transform("size")
    rows["of_found"] = rows["cell"] / rows.groupby("found")["found"].transform("size")
    rows["of_true"] = rows["cell"] / rows.groupby("true")["true"].transform("size")
    offset = int(found.max()) + 1
    unit = connected(found, true + offset, offset + int(true.max()) + 1)[found]
    rows["unit"] = unit
    out = rows.groupby("unit").agg(records=("found", "size"), precise=("of_found", "sum"), recalled=("of_true", "sum"))
    for name, keys in (("both", ["found", "true"]), ("pairs_found", ["found"]), ("pairs_true", ["true"])):
        size = rows.groupby(["unit", *keys]).size()
        out[name] = (size * (size - 1) // 2).groupby(level="unit").sum()
    return out


def _measured(parts: pd.DataFrame, level: float) -> pd.DataFrame:
    both, found, true, n = (parts[c].to_numpy(dtype=float) for c in ("both", "pairs_found", "pairs_true", "records"))
    ups: Mapping[str, tuple[Floats, Floats]] = {
        "pair_precision": (both, found), "pair_recall": (both, true), "pair_f1": (2 * both, found + true),
        "record_precision": (parts["precise"].to_numpy(), n), "record_recall": (parts["recalled"].to_numpy(), n),
    }  # fmt: skip
    rows = [(name, *share_of_units(up, down, level), int(down.sum())) for name, (up, down) in ups.items()]
    p, r = rows[3], rows[4]
    harmonic = tuple(2 * a * b / (a + b) if a + b else 0.0 for a, b in zip(p[1:4], r[1:4], strict=True))
    return pd.DataFrame([*rows, ("record_f1", *harmonic, p[4])], columns=["measure", "value", "lo", "hi", "n"])


def share_of_units(up: Floats, down: Floats, level: float = 0.95) -> tuple[float, float, float]:
    """A ratio of sums over units with Wilson's interval at the number of pairs that the units are worth.

    The delta method's variance against that of independent pairs gives the worth; where all units agree, a unit counts
    as one.

    >>> tuple(round(x, 3) for x in share_of_units(np.ones(100), np.ones(100)))
    (1.0, 0.963, 1.0)

    Args:
        up: What is counted, per unit.
        down: Of how much, per unit.
        level: Confidence level.

    Returns:
        Ratio, lower and upper end; missing where nothing is there to be counted.
    """
    total, units = float(down.sum()), int((down > 0).sum())
    if total == 0:
        return (float("nan"),) * 3
    share = float(up.sum()) / total
    variance = float(((up - share * down) ** 2).sum()) / total**2
    worth = share * (1 - share) / variance if variance > 1e-15 else float(units)
    worth = min(max(worth, 1.0), float(units))
    lo, hi = (float(end) for end in wilson(share * worth, worth, level))
    return share, lo, hi


@dataclass(frozen=True, eq=False)
class MatchQualityResult(Result):
    """Precision, recall and F1 of pairs and of records.

    >>> known = pd.DataFrame({"customer_id": list("abcd"), "person": [1, 1, 2, 2]})
    >>> found = pd.DataFrame({"customer_id": list("abcd"), "person_id": ["a", "a", "c", "d"]})
    >>> quality = MatchQuality().analyze(found, known)

    Attributes:
        measures: One row per measure: `measure`, `value`, `lo`, `hi`, `n` (pairs or records).
        records: Records with a known person.
        known_persons: Known persons.
        level: Confidence level.
    """

    name: ClassVar[str] = "match_quality"
    words: ClassVar[Mapping[str, str]] = {"measure": "identity.measure."}
    formats: ClassVar[Mapping[str, str]] = {"value": ".1%", "lo": ".1%", "hi": ".1%"}

    measures: pd.DataFrame = field(repr=False)
    records: int
    known_persons: int
    level: float

    def to_frame(self) -> pd.DataFrame:
        """One row per measure: `measure`, `value`, `lo`, `hi`, `n`.

        >>> quality.to_frame()["measure"].tolist()[:2]
        ['pair_precision', 'pair_recall']
        """
        return self.measures.copy()

    def of(self, measure: str) -> tuple[float, Interval]:
        """One measure with its interval.

        >>> quality.of("pair_recall")[0]
        0.5

        Args:
            measure: As in the table.

        Returns:
            The value and its interval.
        """
        (row,) = self.measures[self.measures["measure"] == measure].to_dict("records")
        return float(row["value"]), Interval(float(row["lo"]), float(row["hi"]), self.level)

    def readout(self) -> Readout:
        """How many links are right and how many are found, how sure that is, what to do.

        >>> print(quality.readout().finding)
        100.0% of the linked pairs are one person, and 50.0% of the pairs that are one person are linked.
        """
        values: dict[str, object] = {"records": self.records, "persons": self.known_persons, "level": self.level}
        for name in _MEASURES:
            value, ci = self.of(name)
            values |= {name: value, f"{name}_lo": ci.lo, f"{name}_hi": ci.hi}
        lower = "precision" if values["record_precision"] < values["record_recall"] else "recall"  # type: ignore[operator]
        return Readout.of("identity.quality", values, action=f"raise_{lower}")

    def facts(self) -> tuple[Fact, ...]:
        """All measures with intervals.

        >>> quality.facts()[0].id
        'identity.quality.pair_precision'
        """
        none = Message("identity.quality.no_pairs")
        reasons: list[Any] = [none if np.isnan(value) else None for value in self.measures["value"]]
        table = self.measures.assign(refusal=pd.Series(reasons, dtype=object))
        return facts_of(
            table, "identity.quality.{measure}", lambda row: Message(f"identity.measure.{row['measure']}"), "value",
            "share", ends=("lo", "hi"), level=self.level, n="n", kind="estimate", better="up", refusal="refusal",
        )  # fmt: skip


def labelled_pairs(persons: pd.DataFrame, pairs: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Precision and recall on pairs that somebody labelled.

    >>> persons = pd.DataFrame({"customer_id": list("abc"), "person_id": ["a", "a", "c"]})
    >>> pairs = pd.DataFrame({"customer_id_l": ["a", "a"], "customer_id_r": ["b", "c"], "same": [True, True]})
    >>> labelled_pairs(persons, pairs)[["measure", "value"]].to_numpy().tolist()
    [['pair_precision', 1.0], ['pair_recall', 0.5], ['pair_f1', 0.6666666666666666]]

    Args:
        persons: `customer_id`, `person_id`.
        pairs: `customer_id_l`, `customer_id_r`, `same` (true or false).
        level: Confidence level.

    Returns:
        `measure`, `value`, `lo`, `hi`, `n`; the interval of F1 takes its ends from those of the other two.

    Raises:
        BadInput: If columns are missing, labels are no truth values, or a customer is not in the map.
    """
    need_columns(pairs.columns, ("customer_id_l", "customer_id_r", "same"), "The labelled pairs")
    wrong = int((~pairs["same"].isin([True, False])).sum())
    if wrong:
        raise BadInput(f"{wrong:,} of {len(pairs):,} labels are neither true nor false; label or drop them.")
    person = persons.set_index("customer_id")["person_id"]
    sides = [pairs[f"customer_id_{side}"].map(person) for side in "lr"]
    unknown = int((sides[0].isna() | sides[1].isna()).sum())
    if unknown:
        raise BadInput(f"{unknown:,} of {len(pairs):,} labelled pairs have a customer who is not in the map.")
    linked, same = (sides[0] == sides[1]).to_numpy(), pairs["same"].astype(bool).to_numpy()
    rows = []
    for name, of in (("pair_precision", linked), ("pair_recall", same)):
        k, n = int((linked & same).sum()), int(of.sum())
        lo, hi = (float(end) for end in wilson(k, n, level)) if n else (float("nan"), float("nan"))
        rows.append((name, k / n if n else float("nan"), lo, hi, n))
    (_, p, p_lo, p_hi, _), (_, r, r_lo, r_hi, _) = rows
    f1 = [2 * a * b / (a + b) if a + b else 0.0 for a, b in ((p, r), (p_lo, r_lo), (p_hi, r_hi))]
    return pd.DataFrame([*rows, ("pair_f1", *f1, len(pairs))], columns=["measure", "value", "lo", "hi", "n"])
