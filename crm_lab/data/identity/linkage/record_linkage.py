"""Which records are one person: pairs with their probability, and persons at a threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Final

import duckdb
import numpy as np
import pandas as pd

from crm_lab.checks import BadInput, check_settings, not_inside, too_small
from crm_lab.data.identity.linkage.blocking_keys import BlockingRule, blocking_rules, with_keys
from crm_lab.data.identity.linkage.field_comparisons import comparisons, sure_different
from crm_lab.data.identity.linkage.person_clusters import Clusters, connected, without_chains
from crm_lab.data.identity.linkage.splink_model import TrainedModel, log_odds, probability, train_and_score
from crm_lab.data.identity.standards.standard_records import StandardRecords, usable
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, Result

_DOUBTFUL: Final = (0.1, 0.9)


@dataclass(frozen=True)
class LinkRecords:
    """How records are linked.

    >>> from crm_lab.data.identity.example_records import example_records
    >>> from crm_lab.data.identity.standards.standard_records import Standardise
    >>> people = example_records(persons=150, seed=1)
    >>> linked = LinkRecords().fit(Standardise(phone_region="US").analyze(people.drop(columns="truth")))
    >>> linked.n_persons < len(people)
    True

    Attributes:
        threshold: Probability of being one person from which two records are linked.
        one_per_source: Whether a source holds each person once, so that only records of different sources are linked.
        largest: Most records that are believed to be one person.

    Raises:
        BadInput: If the settings are wrong.

    Source:
        Fellegi & Sunter (1969), A theory for record linkage; Linacre et al. (2022), Splink.
    """

    threshold: float = 0.9
    one_per_source: bool = False
    largest: int = 50

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "threshold"), too_small(self, largest=2))

    def fit(self, records: StandardRecords) -> LinkageResult:
        """Learn what agreement is worth from the records themselves, and link them.

        The same records in another order are the same persons.

        Args:
            records: In standard fields.

        Returns:
            Pairs with their probability, and persons.

        Raises:
            BadInput: If sources are needed and missing, no two records share anything, there is one field only, or all
                fields are those that a household shares.

        >>> LinkRecords(one_per_source=True).fit(
        ...     Standardise(min_records=3).analyze(
        ...         pd.DataFrame({"id": list("abc"), "email": ["a@b.co", "a@b.co", "c@b.co"]})
        ...     )
        ... )
        Traceback (most recent call last):
        crm_lab.checks.BadInput: one_per_source needs the source of each record; 3 of 3 have none.
        """
        missing = int(records.table["source"].isna().sum())
        if self.one_per_source and missing:
            raise BadInput(
                f"one_per_source needs the source of each record; {missing:,} of {len(records.table):,} have none."
            )
        columns = usable(records)
        kept = ["record_id", *columns, *(["source"] if self.one_per_source else [])]
        keyed = with_keys(records.table[kept])
        rules, compared = blocking_rules(keyed), comparisons(columns)
        if len(compared) < 2:
            raise cannot_answer("one_field_only", n=len(keyed))
        if not any(comparison.is_personal for comparison in compared):
            raise cannot_answer("nothing_personal", n=len(keyed))
        if not rules:
            raise cannot_answer("nothing_shared", n=len(keyed))
        model = train_and_score(
            keyed, compared, rules, across_sources=self.one_per_source, different=sure_different(columns)
        )
        return LinkageResult(self, records.table, model, rules, tuple(columns))


@dataclass(frozen=True, eq=False)
class LinkageResult(Result):
    """Records that are one person.

    >>> from crm_lab.data.identity.example_records import example_linkage
    >>> linked = example_linkage()

    Attributes:
        spec: Threshold and guards.
        records: Standard records, in order of `record_id`; they hold what identifies people and are never shown.
        model: What agreement is worth, and the scored pairs.
        rules: By which pairs were looked at.
        columns: Standard fields that were compared.
    """

    name: ClassVar[str] = "identity_links"
    formats: ClassVar[Mapping[str, str]] = {"share_of_records": ".1%"}

    spec: LinkRecords
    records: pd.DataFrame = field(repr=False)
    model: TrainedModel = field(repr=False)
    rules: tuple[BlockingRule, ...] = field(repr=False)
    columns: tuple[str, ...] = ()

    def at(self, threshold: float) -> LinkageResult:
        """The same pairs linked from another probability on; nothing is learnt anew.

        >>> linked.at(0.99).n_persons >= linked.n_persons
        True

        Args:
            threshold: Between 0 and 1.

        Returns:
            Persons at that threshold.
        """
        return replace(self, spec=replace(self.spec, threshold=threshold))

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """Scored pairs: `record_id_l`, `record_id_r`, `weight` (bits), `probability`; surest first.

        >>> list(linked.pairs)
        ['record_id_l', 'record_id_r', 'weight', 'different', 'probability']
        """
        pairs = self.model.pairs
        share = np.where(pairs["different"], 0.0, probability(pairs["weight"].to_numpy()))
        return pairs.assign(probability=share)

    @cached_property
    def links(self) -> pd.DataFrame:
        """Pairs at or above the threshold.

        >>> bool((linked.links["probability"] >= linked.spec.threshold).all())
        True
        """
        pairs = self.pairs
        return pairs[(pairs["weight"] >= log_odds(self.spec.threshold)) & ~pairs["different"]]

    @cached_property
    def clusters(self) -> Clusters:
        """Number of each record's person, and the chains that were cut.

        >>> len(linked.clusters.person) == len(linked.records)
        True
        """
        number = pd.Series(np.arange(len(self.records)), index=self.records["record_id"])
        pairs = self.pairs[~self.pairs["different"]]
        sides = {side: pairs[f"record_id_{side[0]}"].map(number).to_numpy(dtype=np.int64) for side in ("left", "right")}
        scored, least = pd.DataFrame({**sides, "weight": pairs["weight"].to_numpy()}), log_odds(self.spec.threshold)
        links = scored[scored["weight"] >= least]
        whole = connected(links["left"].to_numpy(), links["right"].to_numpy(), len(self.records))
        return without_chains(scored, self._apart(whole), len(self.records), least=least, largest=self.spec.largest)

    def _apart(self, person: np.ndarray) -> list[tuple[int, int]]:
        """Pairs within one group of records that are two persons for sure."""
        size = np.bincount(person, minlength=len(person))
        several = np.flatnonzero((size[person] > 2) & (size[person] <= 20 * self.spec.largest))
        if not len(several):
            return []
        kept = ["given_name", "family_name", "birth_date", "email", "source"]
        rows = (
            with_keys(self.records.loc[several, kept]).astype("string").assign(number_=several, person_=person[several])
        )
        sides = ", ".join(f"{side}.{name} as {name}_{side}" for side in "lr" for name in rows.columns.drop("person_"))
        rule = sure_different(self.columns)
        if self.spec.one_per_source:
            rule = f"({rule} or source_l = source_r)"
        with duckdb.connect() as connection:
            connection.register("rows_", rows)
            apart: list[tuple[int, int]] = connection.execute(
                f"""select number__l, number__r from (
                        select {sides} from rows_ l join rows_ r on l.person_ = r.person_ and l.number_ < r.number_)
                    where {rule} order by all"""
            ).fetchall()
        return apart

    @cached_property
    def persons(self) -> pd.DataFrame:
        """The map: `customer_id` to `person_id`, which is the first id of a person's records.

        >>> list(linked.persons)
        ['customer_id', 'person_id']
        """
        ids = self.records["record_id"].to_numpy()
        return pd.DataFrame({"customer_id": ids, "person_id": ids[self.clusters.person]})

    @property
    def n_persons(self) -> int:
        """Number of persons.

        >>> linked.n_persons == linked.persons["person_id"].nunique()
        True
        """
        return int(self.persons["person_id"].nunique())

    @property
    def expected_precision(self) -> float:
        """Share of the links that are right if the model is; a clerical review says whether it is.

        >>> 0.9 <= linked.expected_precision <= 1
        True
        """
        return float(self.links["probability"].mean()) if len(self.links) else float("nan")

    @property
    def doubtful(self) -> int:
        """Pairs with a probability from .1 to .9: worth a look by a person.

        >>> linked.doubtful >= 0
        True
        """
        return int(self.pairs["probability"].between(*_DOUBTFUL).sum())

    def shared_contacts(self) -> dict[str, int]:
        """Telephones and e-mails that two or more persons share, by field: families, shops, assistants.

        >>> set(linked.shared_contacts()) <= {"phone", "email"}
        True
        """
        table = self.records.assign(person=self.persons["person_id"].to_numpy())
        known = {name: table.dropna(subset=[name]) for name in ("phone", "email") if name in self.columns}
        counts = {name: rows.groupby(name)["person"].nunique() for name, rows in known.items()}
        return {name: int(persons.ge(2).sum()) for name, persons in counts.items()}

    def weights(self) -> pd.DataFrame:
        """What agreement is worth: `comparison`, `level`, `m`, `u`, `weight` (bits), `learnt`.

        >>> list(linked.weights())
        ['comparison', 'level', 'm', 'u', 'weight', 'learnt']
        """
        return self.model.levels.copy()

    def to_frame(self) -> pd.DataFrame:
        """One row per number of records a person has: `records_per_person`, `persons`, `records`, `share_of_records`.

        >>> int(linked.to_frame()["records"].sum()) == len(linked.records)
        True
        """
        size = self.persons["person_id"].value_counts().value_counts().sort_index()
        records = size.index.to_numpy() * size.to_numpy()
        return pd.DataFrame(
            {
                "records_per_person": size.index.to_numpy(), "persons": size.to_numpy(), "records": records,
                "share_of_records": records / len(self.records),
            }
        )  # fmt: skip

    def readout(self) -> Readout:
        """How many persons there are, how sure the links are, and what to look at.

        >>> print(linked.readout().finding)
        291 records are 200 persons: 55.7% of the records belong to a person who has another one.
        """
        shared = self.shared_contacts()
        twice = self.to_frame().query("records_per_person > 1")
        unlearnt = self.model.levels.loc[~self.model.levels["learnt"], "comparison"].nunique()
        values: dict[str, Any] = {
            "records": len(self.records), "persons": self.n_persons, "links": len(self.links),
            "share": float(twice["share_of_records"].sum()), "threshold": self.spec.threshold,
            "precision": self.expected_precision, "doubtful": self.doubtful, "chains": self.clusters.chains,
            "shared": sum(shared.values()), "unlearnt": unlearnt,
        }  # fmt: skip
        values["chains_said"] = Message("identity.links.chains", dict(values)) if self.clusters.chains else ""
        values["unlearnt_said"] = Message("identity.links.unlearnt", dict(values)) if unlearnt else ""
        finding = "finding" if len(self.links) else "none"
        return Readout.of("identity.links", values, finding, "certainty" if len(self.links) else "none_certainty")

    def facts(self) -> tuple[Fact, ...]:
        """Records, persons, links, what the model expects of them, doubtful pairs, chains, shared contacts.

        >>> [fact.id for fact in linked.facts()][:3]
        ['identity.links.records', 'identity.links.persons', 'identity.links.links']
        """
        start, n = "identity.links", len(self.records)
        none = Message(f"{start}.none", {"threshold": self.spec.threshold, "records": n})
        expected, refusal = (self.expected_precision, None) if len(self.links) else (None, none)
        shared = [
            Fact(f"{start}.shared_{name}", f"{start}.shared_{name}", count, "")
            for name, count in self.shared_contacts().items()
        ]
        return (
            Fact(f"{start}.records", f"{start}.n_records", n, "records"),
            Fact(f"{start}.persons", f"{start}.n_persons", self.n_persons, "persons", kind="estimate", n=n),
            Fact(f"{start}.links", f"{start}.n_links", len(self.links), "pairs", kind="estimate", n=n),
            Fact(
                f"{start}.expected_precision", f"{start}.expected_precision", expected, "share", kind="estimate",
                n=len(self.links), better="up", definition=f"{start}.by_model", refusal=refusal,
            ),
            Fact(f"{start}.doubtful", f"{start}.n_doubtful", self.doubtful, "pairs", kind="estimate"),
            Fact(f"{start}.chains", f"{start}.n_chains", self.clusters.chains, ""),
            *shared,
        )  # fmt: skip
