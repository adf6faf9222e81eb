"""Are 95 % of the entries right? An audited sample, field by field, against the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput, check_settings, need_columns, not_inside, not_levels
from crm_lab.data.quality.quality import TARGET, audited_accuracy
from crm_lab.fact_rows import facts_of
from crm_lab.results import Fact, Readout, Result


def fewest_right(audited: int, target: float = TARGET, level: float = 0.95) -> int | None:
    """How many of an audited sample must be right to show the target; ``None`` where even all would not.

    >>> fewest_right(400), fewest_right(1000), fewest_right(3000), fewest_right(50)
    (389, 964, 2874, None)

    Args:
        audited: Records to be audited.
        target: Share to be proven.
        level: Two-sided confidence level of the Wilson interval.

    Returns:
        The count, or ``None``.
    """
    if not audited_accuracy(audited, audited, target, level).met:
        return None
    low, high = 0, audited
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if audited_accuracy(middle, audited, target, level).met else (middle + 1, high)
    return low


def audit_sample(records: pd.DataFrame, n: int, *, strata: str = "", seed: int = 0) -> pd.DataFrame:
    """Records to audit, drawn at random; by strata in proportion to their size, at least one of each.

    >>> people = pd.DataFrame({"customer_id": range(10), "source": ["shop"] * 8 + ["app"] * 2})
    >>> audit_sample(people, 5, strata="source")["source"].value_counts().to_dict()
    {'shop': 4, 'app': 1}

    Args:
        records: All records.
        n: How many.
        strata: Column with the strata; none if empty.
        seed: Of the draw.

    Returns:
        Rows of `records`, in their order.

    Raises:
        BadInput: If there are fewer records, or fewer to be drawn than strata.
    """
    if not 0 < n <= len(records):
        raise BadInput(f"n is {n}; it must be from 1 to the {len(records):,} records there are.")
    rng = np.random.default_rng(seed)
    if not strata:
        return records.iloc[np.sort(rng.choice(len(records), n, replace=False))]
    need_columns(records.columns, (strata,), "The records")
    place = pd.Series(np.arange(len(records))).groupby(records[strata].fillna("").astype(str).to_numpy())
    size = place.size()
    if len(size) > n:
        raise BadInput(f"{n} records cannot hold one of each of {len(size)} strata; draw more.")
    wished: pd.Series = (size * n / len(records)).clip(lower=1)
    drawn = wished.astype(int)
    for name in (wished - drawn).sort_values(ascending=False, kind="stable").index[: max(n - int(drawn.sum()), 0)]:
        drawn[name] += 1
    counts = dict(zip(map(str, drawn.index), drawn.tolist(), strict=True))
    picked = [rng.choice(rows.to_numpy(), min(counts[str(name)], len(rows)), replace=False) for name, rows in place]
    return records.iloc[np.sort(np.concatenate(picked))]


@dataclass(frozen=True)
class FieldAudit:
    """Accuracy by field of an audited sample.

    >>> audited = pd.DataFrame({"phone": [True] * 389 + [False] * 11, "email": [True] * 388 + [False] * 12})
    >>> FieldAudit().analyze(audited, ["phone", "email"]).to_frame()["verdict"].tolist()
    ['met', 'open']

    Attributes:
        target: Share that is to be shown.
        level: Two-sided confidence level.

    Raises:
        BadInput: If the settings are wrong.
    """

    target: float = TARGET
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "target"), not_levels(self, "level"))

    def analyze(self, audited: pd.DataFrame, fields: Sequence[str]) -> FieldAuditResult:
        """Whether each field reaches the target.

        Args:
            audited: One row per audited record; a field is true where the entry was right, empty where not looked at.
            fields: Columns with the verdicts.

        Returns:
            One row per field.

        Raises:
            BadInput: If columns are missing, nothing was looked at, or a verdict is neither true nor false.

        >>> FieldAudit().analyze(pd.DataFrame({"phone": ["ok", "ok"]}), ["phone"])
        Traceback (most recent call last):
        crm_lab.checks.BadInput: 2 of 2 verdicts on phone are neither true nor false; write true, false or nothing.
        """
        need_columns(audited.columns, fields, "The audit")
        rows = []
        for name in fields:
            seen = audited[name].dropna()
            wrong = int((~seen.isin([True, False])).sum())
            if wrong:
                raise BadInput(
                    f"{wrong:,} of {len(seen):,} verdicts on {name} are neither true nor false;"
                    " write true, false or nothing."
                )
            if seen.empty:
                raise BadInput(f"No entry of {name} was looked at; audit some or leave it out.")
            audit = audited_accuracy(int(seen.astype(bool).sum()), len(seen), self.target, self.level)
            verdict = "met" if audit.met else "missed" if audit.ci.hi < self.target else "open"
            needed = fewest_right(len(seen), self.target, self.level)
            rows.append((name, audit.audited, audit.right, audit.share, audit.ci.lo, audit.ci.hi, needed, verdict))
        columns = ["field", "audited", "right", "right_share", "lo", "hi", "needed", "verdict"]
        table = pd.DataFrame(rows, columns=columns).astype({"needed": "Int64"})
        return FieldAuditResult(table, self)


@dataclass(frozen=True, eq=False)
class FieldAuditResult(Result):
    """Accuracy by field against the target.

    >>> audited = pd.DataFrame({"phone": [True] * 389 + [False] * 11, "email": [True] * 388 + [False] * 12})
    >>> audit = FieldAudit().analyze(audited, ["phone", "email"])

    Attributes:
        fields: One row per field.
        spec: Target and level.
    """

    name: ClassVar[str] = "field_audit"
    words: ClassVar[Mapping[str, str]] = {"verdict": "identity.audit.verdict_"}
    formats: ClassVar[Mapping[str, str]] = {"right_share": ".2%", "lo": ".2%", "hi": ".2%"}

    fields: pd.DataFrame = field(repr=False)
    spec: FieldAudit

    def to_frame(self) -> pd.DataFrame:
        """One row per field: `field`, `audited`, `right`, `right_share`, `lo`, `hi`, `needed`, `verdict`.

        >>> audit.to_frame()["needed"].tolist()
        [389, 389]
        """
        return self.fields.copy()

    def readout(self) -> Readout:
        """How many fields are shown to reach the target, the worst of them, what to do.

        >>> print(audit.readout().finding)
        1 of 2 audited fields are shown to be right in at least 95% of the records.
        """
        frame = self.fields.sort_values(["lo", "field"], kind="stable")
        worst = frame.iloc[0]
        values = {
            "met": int((frame["verdict"] == "met").sum()), "fields": len(frame), "target": self.spec.target,
            "field": str(worst["field"]), "share": float(worst["right_share"]), "lo": float(worst["lo"]),
            "hi": float(worst["hi"]), "audited": int(worst["audited"]), "level": self.spec.level,
        }  # fmt: skip
        return Readout.of("identity.audit", values, action=str(worst["verdict"]))

    def facts(self) -> tuple[Fact, ...]:
        """Each field's share of right entries with its interval.

        >>> [fact.id for fact in audit.facts()]
        ['identity.audit.phone', 'identity.audit.email']
        """
        return facts_of(
            self.fields, "identity.audit.{field}", "identity.audit.right_of",
            "right_share", "share", ends=("lo", "hi"), level=self.spec.level, n="audited", kind="estimate", better="up",
        )  # fmt: skip
