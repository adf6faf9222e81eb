"""Persons behind accounts: links against the key of the chain `doubles`, and the repurchase share they give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from certification.experiments import entry
from crm_lab.data.identity import LinkRecords, MatchQuality, MatchQualityResult, Standardise, on_persons
from crm_lab.simulate import IdentityTruth, identity_records, open_key

SEEDS = (3, 4, 5, 6, 7)
LAST_DAY = "2024-12-31"
THRESHOLDS = (0.5, 0.8, 0.9, 0.95)
FOUND = {
    "two_systems": 0.97, "typo": 0.93, "nickname": 0.9, "swapped": 0.9, "moved": 0.9, "married": 0.8, "new_phone": 0.9,
    "pinyin": 0.95, "missing": 0.85,
}  # fmt: skip
"""Share of pairs of each kind that is found at least, over all seeds."""


@dataclass(frozen=True)
class Linked:
    """One chain whose accounts were linked.

    Attributes:
        truth: The persons of the key.
        quality: Of the links at the default threshold.
        pairs: Pairs of accounts that are one person, with their kind and whether they were `found`.
        wrong: How the persons of wrong links are tied.
        rates: Threshold -> repurchase share by the persons that were found.
    """

    truth: IdentityTruth
    quality: MatchQualityResult
    pairs: pd.DataFrame
    wrong: pd.Series
    rates: dict[float, float]


def linked_chain(name: str) -> Linked:
    """Link the customer masters of a chain and hold the persons against its key."""
    truth = open_key(f"simulated:{name}").identity_truth()
    found = LinkRecords().fit(Standardise(phone_region="US").analyze(identity_records(name)))
    known = truth.persons.rename(columns={"person_id": "person"})
    mine = found.persons.set_index("customer_id")["person_id"]
    pairs = truth.pairs()
    pairs["found"] = (pairs["customer_id_l"].map(mine) == pairs["customer_id_r"].map(mine)).to_numpy()
    return Linked(
        truth,
        MatchQuality().analyze(found.persons, known),
        pairs,
        _wrong(truth, mine),
        {threshold: repurchase(truth, found.at(threshold).persons) for threshold in THRESHOLDS},
    )


def repurchase(truth: IdentityTruth, persons: pd.DataFrame) -> float:
    """Share of the persons who bought that bought on two days or more."""
    placed = on_persons(truth.orders[truth.orders["sale"]], persons)
    return float(placed.groupby("customer_id")["date"].nunique().ge(2).mean())


def _wrong(truth: IdentityTruth, mine: pd.Series) -> pd.Series:
    """Pairs of persons with an account in one cluster, by how they are tied."""
    persons = truth.persons.assign(cluster=truth.persons["customer_id"].map(mine))
    mixed = persons.drop_duplicates(["cluster", "person_id"])
    both = mixed.merge(mixed, on="cluster", suffixes=("_l", "_r")).query("person_id_l < person_id_r")
    ties = truth.ties()
    tied = {frozenset(row[:2]): row[2] for row in ties.itertuples(index=False)}
    named = [tied.get(frozenset(pair), "none") for pair in both[["person_id_l", "person_id_r"]].itertuples(index=False)]
    return pd.Series(named, dtype=object).value_counts()


def certify_identity(seeds: tuple[int, ...] = SEEDS) -> Iterator[dict]:
    """Per seed: precision and recall of pairs and records, repurchase share; over all seeds: recall by kind."""
    chains = [linked_chain(f"doubles,seed={seed}") for seed in seeds]
    for seed, chain in zip(seeds, chains, strict=True):
        n = f"seed {seed}, {len(chain.truth.accounts):,} accounts, {len(chain.pairs):,} pairs"
        bars = {"pair_precision": 0.97, "pair_recall": 0.95, "record_precision": 0.99, "record_recall": 0.98}
        for measure, least in bars.items():
            yield entry(f"identity.{seed}.{measure}", chain.quality.of(measure)[0], least, 1, n)
        true = chain.truth.kpis(LAST_DAY)["repurchase_rate"]
        for threshold, rate in chain.rates.items():
            yield entry(
                f"identity.{seed}.repurchase_off_at_{threshold}", rate - true, -0.01, 0.01, f"{n}, true {true:.4f}"
            )
    pairs = pd.concat([chain.pairs for chain in chains])
    for kind, part in pairs.groupby("kind"):
        said = f"{len(seeds)} chains, {len(part):,} pairs"
        yield entry(f"identity.{kind}_found", part["found"].mean(), FOUND[str(kind)], 1, said)
    wrong = pd.concat([chain.wrong for chain in chains]).groupby(level=0).sum()
    persons = sum(chain.truth.persons["person_id"].nunique() for chain in chains)
    for tie, bound in (("household", 0.002), ("none", 0.002)):
        said = f"{int(wrong.get(tie, 0))} pairs of persons, {persons:,} persons"
        yield entry(f"identity.wrongly_one_{tie}", float(wrong.get(tie, 0)) / persons, 0, bound, said)
