"""One record per person: which value survives, field by field, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

import pandas as pd

from crm_lab.checks import BadInput, Problems
from crm_lab.data.identity.linkage.record_linkage import LinkageResult
from crm_lab.data.identity.standards.field_roles import FieldRoles, guess_roles
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result

Rule = Literal["trusted", "recent", "frequent", "complete"]
RULES: Final[tuple[Rule, ...]] = ("trusted", "recent", "frequent", "complete")
"""Trusted source first, most recent, most frequent, most complete (longest)."""
_STANDARD: Final = {"full_name": "given_name", "address": "street"}


@dataclass(frozen=True)
class GoldenRecord:
    """Which value of a person's records survives: the first rule that parts them, field by field.

    >>> GoldenRecord(fields={"birth_date": ("frequent", "recent")}).order("birth_date")
    ('frequent', 'recent')

    Attributes:
        rules: Order of the rules for every field without one of its own.
        fields: Order of the rules for single fields, by role.
        trusted: Sources, most trusted first; others come after them.

    Raises:
        BadInput: If a rule is unknown, or sources are to be trusted and none is named.
    """

    rules: tuple[Rule, ...] = ("recent", "frequent", "complete")
    fields: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    trusted: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        problems = Problems("GoldenRecord settings")
        for name, rules in (("rules", self.rules), *self.fields.items()):
            unknown = [rule for rule in rules if rule not in RULES]
            problems.unless(not unknown, f"{name} has {unknown}; each must be one of {', '.join(RULES)}.")
            problems.unless(rules, f"{name} is empty; name one of {', '.join(RULES)}.")
            needs = "trusted" not in rules or self.trusted
            problems.unless(needs, f"{name} trusts sources, but trusted is empty; name them, most trusted first.")
        problems.raise_any()

    def order(self, role: str) -> tuple[Rule, ...]:
        """The rules of one field, in order.

        >>> GoldenRecord().order("phone")
        ('recent', 'frequent', 'complete')

        Args:
            role: Role of the field.
        """
        return tuple(self.fields.get(role, self.rules))

    def build(
        self, records: pd.DataFrame, linked: LinkageResult, roles: FieldRoles | None = None
    ) -> GoldenRecordsResult:
        """One record per person, with the values as they were written.

        A value that stands for nothing or cannot be read survives only where a person has no other.

        Args:
            records: The file that was linked.
            linked: Its persons.
            roles: Which column plays which part; told by the names of the columns unless given.

        Returns:
            The records, and where each value comes from.

        Raises:
            BadInput: If a rule needs a source or a day of change that the file does not have.

        >>> from crm_lab.data.identity.example_records import example_linkage, example_records
        >>> golden = GoldenRecord().build(example_records(persons=200, seed=1), example_linkage())
        >>> len(golden.to_frame()) == example_linkage().n_persons
        True
        """
        roles = roles or guess_roles(records.columns)
        roles.check(records.columns)
        rules = {rule for role in roles.evidence() for rule in self.order(role)}
        needs = {"recent": roles.updated_on, "trusted": roles.source}
        missing = [f"the rule {rule} needs a column {what}" for rule, what in
                   (("recent", "updated_on"), ("trusted", "source")) if rule in rules and not needs[rule]]  # fmt: skip
        if missing:
            raise BadInput(f"{' and '.join(missing).capitalize()}; name it in the roles or choose other rules.")
        base = self._base(records, linked, roles)
        kept = [self._survivors(base, role, column) for role, column in roles.evidence().items()]
        provenance = pd.concat(kept, ignore_index=True).sort_values(["person_id", "field"], ignore_index=True)
        return GoldenRecordsResult(linked.persons, provenance, tuple(roles.evidence()))

    def _base(self, records: pd.DataFrame, linked: LinkageResult, roles: FieldRoles) -> pd.DataFrame:
        ids = records[roles.record_id].astype("string").astype(object)
        table = linked.records.set_index("record_id").reindex(ids)
        if table.index.isin(linked.records["record_id"]).sum() != len(linked.records):
            raise BadInput("The file is not the one that was linked: ids differ.")
        base = records.assign(record_=ids.to_numpy())
        base["person_id"] = base["record_"].map(linked.persons.set_index("customer_id")["person_id"])
        for name in table:
            base[f"standard_{name}"] = table[name].to_numpy()
        rank = {source: place for place, source in enumerate(self.trusted)}
        base["trust_"] = base[roles.source].map(rank).fillna(len(rank)) if roles.source else 0
        base["day_"] = pd.to_datetime(base[roles.updated_on], errors="coerce") if roles.updated_on else pd.NaT
        return base

    def _survivors(self, base: pd.DataFrame, role: str, column: str) -> pd.DataFrame:
        rows = base[["person_id", "record_", "trust_", "day_"]].assign(
            value=base[column], standard=base[f"standard_{_STANDARD.get(role, role)}"]
        )
        rows = rows[rows["value"].notna() & (rows["value"].astype("string").str.strip() != "")]
        rows["nothing"] = rows["standard"].isna()
        rows["standard"] = rows["standard"].fillna(rows["value"].astype("string"))
        group = rows.groupby(["person_id", "standard"], sort=False)["record_"]
        rows["frequent"] = -group.transform("size")
        rows["recent"] = -rows["day_"].astype("int64").where(rows["day_"].notna(), -(2**62))
        rows["complete"] = -rows["value"].astype("string").str.len().astype("int64")
        rows["trusted"] = rows["trust_"]
        order = self.order(role)
        ranked = rows.sort_values(["person_id", "nothing", *order, "standard", "record_"], kind="stable")
        parts = _parting_rule(ranked, order)
        known = rows[~rows["nothing"]].groupby("person_id")["standard"].nunique()
        first = ranked.drop_duplicates("person_id")
        return pd.DataFrame(
            {
                "person_id": first["person_id"], "field": role, "value": first["value"].astype(object),
                "customer_id": first["record_"], "rule": first["person_id"].map(parts),
                "values": first["person_id"].map(known).fillna(0).astype(int),
            }
        )  # fmt: skip


def _parting_rule(ranked: pd.DataFrame, order: tuple[Rule, ...]) -> pd.Series:
    """Which rule set the first value of each person apart from the next other one: ``only`` where there is none."""
    first = ranked.drop_duplicates("person_id").set_index("person_id")
    others = ranked[ranked["standard"].to_numpy() != first["standard"].reindex(ranked["person_id"]).to_numpy()]
    second = others.drop_duplicates("person_id").set_index("person_id")
    rule = pd.Series("only", index=first.index, dtype=object)
    left = rule.index.isin(second.index)
    rule[left] = "id"
    for name in reversed(("nothing", *order)):
        apart = first.loc[second.index, name] != second[name]
        rule[apart.index[apart]] = "readable" if name == "nothing" else name
    return rule


def _disputed_of(row: Mapping[str, Any]) -> Message:
    return Message("identity.golden.disputed_of", {"field": Message(f"identity.field.{row['field']}")})


@dataclass(frozen=True, eq=False)
class GoldenRecordsResult(Result):
    """One record per person, and where each value comes from.

    >>> from crm_lab.data.identity.example_records import example_linkage, example_records
    >>> golden = GoldenRecord().build(example_records(persons=200, seed=1), example_linkage())

    Attributes:
        persons: `customer_id` to `person_id`.
        provenance: One row per person and field: `person_id`, `field`, `value`, `customer_id` (the record it comes
            from), `rule` that chose it, `values` (different ones there were). It identifies people.
        roles: The fields, in order.
    """

    name: ClassVar[str] = "golden_records"
    words: ClassVar[Mapping[str, str]] = {"field": "identity.field."}
    formats: ClassVar[Mapping[str, str]] = {"filled_share": ".1%", "disputed_share": ".1%"}

    persons: pd.DataFrame = field(repr=False)
    provenance: pd.DataFrame = field(repr=False)
    roles: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row per person: `person_id`, `records`, and the surviving values; it identifies people.

        >>> list(golden.to_frame())[:3]
        ['person_id', 'records', 'given_name']
        """
        size = self.persons["person_id"].value_counts().sort_index()
        values = {role: rows.set_index("person_id")["value"] for role, rows in self.provenance.groupby("field")}
        out = pd.DataFrame({role: values[role].reindex(size.index) for role in self.roles if role in values})
        out.insert(0, "records", size)
        return out.rename_axis("person_id").reset_index()

    def by_field(self) -> pd.DataFrame:
        """One row per field: `field`, `persons`, `filled`, `filled_share`, `disputed`, `disputed_share`.

        >>> list(golden.by_field())
        ['field', 'persons', 'filled', 'filled_share', 'disputed', 'disputed_share']
        """
        n = self.persons["person_id"].nunique()
        grouped = self.provenance.assign(disputed=self.provenance["values"] > 1).groupby("field")
        counts = grouped.agg(filled=("person_id", "size"), disputed=("disputed", "sum")).reindex(
            list(self.roles), fill_value=0
        )
        return pd.DataFrame(
            {
                "field": counts.index, "persons": n, "filled": counts["filled"].to_numpy(),
                "filled_share": counts["filled"].to_numpy() / n, "disputed": counts["disputed"].to_numpy(),
                "disputed_share": counts["disputed"].to_numpy() / n,
            }
        )  # fmt: skip

    def shown(self) -> pd.DataFrame:
        """`by_field` in words: no person is shown.

        >>> len(golden.shown()) == len(golden.roles)
        True
        """
        return self.in_words(self.by_field())

    def to_publish(self) -> pd.DataFrame:
        """`by_field`: a report holds no entry of anybody.

        >>> golden.to_publish().equals(golden.by_field())
        True
        """
        return self.by_field()

    def readout(self) -> Readout:
        """How many persons have a record, where sources disagree most, and what to settle.

        >>> golden.readout().finding.key
        'identity.golden.finding'
        """
        frame = self.by_field()
        most = frame.sort_values("disputed", ascending=False, kind="stable").iloc[0]
        values = {
            "persons": int(frame["persons"].iloc[0]), "records": len(self.persons), "disputed": int(most["disputed"]),
            "share": float(most["disputed_share"]), "field": Message(f"identity.field.{most['field']}"),
        }  # fmt: skip
        return Readout.of("identity.golden", values, action="action" if most["disputed"] else "nothing")

    def facts(self) -> tuple[Fact, ...]:
        """Persons, and for each field the persons whose records disagree.

        >>> golden.facts()[0].id
        'identity.golden.persons'
        """
        frame = self.by_field()
        disputed = facts_of(
            frame,
            "identity.golden.disputed.{field}",
            _disputed_of,
            "disputed_share",
            "share",
            n="persons",
            better="down",
        )
        return (
            Fact("identity.golden.persons", "identity.golden.n_persons", int(frame["persons"].iloc[0]), "persons"),
            *disputed,
        )
