"""How an audit of fields is drawn and read back: which records to look up, and how many must be right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

import pandas as pd

from crm_lab.checks import Problems, check_settings, need_columns, not_inside, not_levels, too_small
from crm_lab.data.identity.accuracy.field_audit import FieldAudit, FieldAuditResult, audit_sample, fewest_right
from crm_lab.data.identity.standards.standard_records import StandardRecords
from crm_lab.data.quality.quality import TARGET
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result

_YES: Final = ("yes", "y", "1", "true", "right", "是", "对")
_NO: Final = ("no", "n", "0", "false", "wrong", "否", "错")


@dataclass(frozen=True)
class AuditPlan:
    """A random sample of records whose entries are looked up at their source, field by field.

    >>> AuditPlan(size=400).needed
    389

    Attributes:
        size: Records to look up.
        target: Share that is to be shown.
        level: Two-sided confidence level.
        seed: Of the draw.

    Raises:
        BadInput: If the settings are wrong.
    """

    size: int = 400
    target: float = TARGET
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, size=1), not_inside(self, "target"), not_levels(self, "level"))

    @property
    def needed(self) -> int | None:
        """Entries of a field that must be right to show the target; ``None`` where even all would not.

        >>> AuditPlan(size=50).needed is None
        True
        """
        return fewest_right(self.size, self.target, self.level)

    def draw(self, records: StandardRecords) -> AuditPlanResult:
        """Draw the sample; by system where the records have one.

        Args:
            records: In standard fields.

        Returns:
            The sample's ids, and for each field the entries in it and how many must be right.

        >>> from crm_lab.data.identity.example_records import example_records
        >>> from crm_lab.data.identity.standards.standard_records import Standardise
        >>> people = Standardise(phone_region="US").analyze(example_records(persons=60))
        >>> len(AuditPlan(size=50).draw(people).sample)
        50
        """
        strata = "source" if records.table["source"].notna().any() else ""
        n = min(self.size, len(records.table))
        sample = audit_sample(records.table, n, strata=strata, seed=self.seed)
        rows = []
        for role in records.fields["field"]:
            name = {"full_name": "given_name", "address": "street"}.get(str(role), str(role))
            filled = int(sample[name].notna().sum())
            rows.append((role, n, filled, fewest_right(filled, self.target, self.level) if filled else None))
        columns = ["field", "sampled", "filled", "needed"]
        table = pd.DataFrame(rows, columns=columns).astype({"needed": "Int64"})
        return AuditPlanResult(sample["record_id"].reset_index(drop=True), table, self)


@dataclass(frozen=True, eq=False)
class AuditPlanResult(Result):
    """Which records to look up, and what would show the target.

    >>> from crm_lab.data.identity.example_records import example_records
    >>> from crm_lab.data.identity.standards.standard_records import Standardise
    >>> people = Standardise(phone_region="US").analyze(example_records(persons=60))
    >>> plan = AuditPlan(size=50).draw(people)

    Attributes:
        sample: Ids of the records.
        fields: One row per field.
        spec: Size, target and level.
    """

    name: ClassVar[str] = "audit_plan"
    words: ClassVar[Mapping[str, str]] = {"field": "identity.field."}

    sample: pd.Series = field(repr=False)
    fields: pd.DataFrame = field(repr=False)
    spec: AuditPlan

    def sheet(self) -> pd.DataFrame:
        """The sheet to fill in: `customer_id`, and a column per field for yes or no; it holds no entry of anybody.

        >>> plan.sheet().columns[:2].tolist()
        ['customer_id', 'given_name']
        """
        blank = {str(name): "" for name in self.fields["field"]}
        return pd.DataFrame({"customer_id": self.sample}).assign(**blank)

    def read(self, answers: pd.DataFrame) -> FieldAuditResult:
        """What a filled-in sheet says of each field.

        Args:
            answers: The sheet with yes, no or nothing in each field.

        Returns:
            Accuracy by field against the target.

        Raises:
            BadInput: If records are not those of the sample, or answers cannot be read; all with counts.

        >>> plan.read(plan.sheet().assign(given_name="yes")).to_frame()["right_share"].tolist()
        [1.0]
        """
        need_columns(answers.columns, ("customer_id",), "The audit")
        names = [name for name in self.fields["field"] if name in answers]
        texts = answers[names].fillna("").astype(str).apply(lambda column: column.str.strip().str.lower())
        problems, ids = Problems("The audit"), answers["customer_id"].astype(str)
        foreign, again = int((~ids.isin(self.sample.astype(str))).sum()), int(ids.duplicated().sum())
        strange = int((~texts.isin([*_YES, *_NO, ""])).to_numpy().sum())
        problems.unless(not foreign, f"{foreign:,} rows are no record of this sample; draw as it was drawn.")
        problems.unless(not again, f"{again:,} rows repeat a customer_id; answer each once.")
        problems.unless(not strange, f"{strange:,} answers are none of yes, no or nothing.")
        verdicts = texts.apply(lambda column: column.map(_verdict))
        judged = [name for name in names if verdicts[name].notna().any()]
        problems.unless(judged or strange, "No entry was looked at; write yes or no below the names of the fields.")
        problems.raise_any()
        return FieldAudit(self.spec.target, self.spec.level).analyze(verdicts, judged)

    def to_frame(self) -> pd.DataFrame:
        """One row per field: `field`, `sampled` records, `filled` entries among them, `needed` right ones.

        >>> list(plan.to_frame())
        ['field', 'sampled', 'filled', 'needed']
        """
        return self.fields.copy()

    def readout(self) -> Readout:
        """What to look up, which fields have too few entries in the sample, and what comes next.

        >>> plan.readout().finding.key
        'identity.audit_plan.finding'
        """
        thin = self.fields[self.fields["needed"].isna()]
        most = self.fields.sort_values("filled", ascending=False, kind="stable").iloc[0]
        values = {
            "sampled": len(self.sample), "fields": len(self.fields), "target": self.spec.target, "thin": len(thin),
            "field": Message(f"identity.field.{most['field']}"), "filled": int(most["filled"]),
            "needed": 0 if pd.isna(most["needed"]) else int(most["needed"]), "level": self.spec.level,
        }  # fmt: skip
        return Readout.of("identity.audit_plan", values, action="thin" if len(thin) else "action")

    def facts(self) -> tuple[Fact, ...]:
        """Records to look up.

        >>> [fact.id for fact in plan.facts()]
        ['identity.audit_plan.sampled']
        """
        return (Fact("identity.audit_plan.sampled", "identity.audit_plan.n_sampled", len(self.sample), "records"),)


def _verdict(text: str) -> bool | None:
    return True if text in _YES else False if text in _NO else None
