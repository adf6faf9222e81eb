"""How often tags are right on customers who were looked at by people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.checks import Problems, check_settings, need_columns, not_inside, too_small
from crm_lab.data.kernels.dataframes import as_pandas, plain_ids
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Kind, Readout, TableResult
from crm_lab.segmentation.personas.shopper_tags.tag_names import tag_name
from crm_lab.stats.intervals import wilson

EVERY: Final = "all_tags"


@dataclass(frozen=True, kw_only=True)
class TagAudit:
    """Settings of the audit of tags.

    >>> has = pd.DataFrame({"eco": [True] * 60 + [False] * 60})
    >>> labels = pd.DataFrame({"customer_id": range(120), "tag": "eco", "true": [1] * 50 + [0] * 70})
    >>> found = TagAudit().analyze(has, labels)
    >>> found.to_frame().loc[0, ["precision", "recall"]].round(2).tolist()
    [0.83, 1.0]

    Attributes:
        target: Precision that is asked for.
        least: Labelled customers with a tag below which its precision is not judged.
        level: Confidence level.
    """

    target: float = 0.89
    least: int = 30
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "target", "level"), too_small(self, least=1))

    def analyze(self, tags: pd.DataFrame, labels: Any, *, simulated: bool = False) -> TagAuditResult:
        """Precision and recall of each tag on a labelled sample of customers drawn at random.

        >>> found.to_frame()["verdict"].tolist()
        ['not_sure', 'not_sure']

        Args:
            tags: True or false, a row a customer, a column a tag, indexed by customer.
            labels: Any engine's table ``customer_id, tag, true`` (1 where the trait is there, 0 where it is not).
            simulated: Whether any of it is.

        Returns:
            One row a tag and one of all of them.

        Raises:
            BadInput: If columns are missing, a label is neither 0 nor 1 or stands twice.
            CannotAnswer: If no label is of a tagged base's customer and tag.
        """
        rows = _checked(labels)
        at = tags.index.get_indexer(pd.Index(plain_ids(rows["customer_id"])))
        which = tags.columns.get_indexer(pd.Index(rows["tag"]))
        known = (at >= 0) & (which >= 0)
        if not known.any():
            raise cannot_answer("no_label_of_a_tag", labels=len(rows))
        has = tags.to_numpy(dtype=bool)[at[known], which[known]]
        true = rows["true"].to_numpy(dtype=bool)[known]
        names = rows["tag"].to_numpy(dtype=object)[known]
        counts = pd.DataFrame({"tag": names, "labelled": 1, "tagged": has, "right": has & true, "real": true})
        by = counts.groupby("tag", sort=False).sum()
        by.loc[EVERY] = by.sum()
        return TagAuditResult(self, self._frame(by), int((~known).sum()), simulated)

    def _frame(self, by: pd.DataFrame) -> pd.DataFrame:
        labelled, tagged, right, real = (by[c].to_numpy(dtype=float) for c in ("labelled", "tagged", "right", "real"))
        lo, hi = _ends(right, tagged, self.level)
        recall_lo, recall_hi = _ends(right, real, self.level)
        verdict = np.select(
            [tagged < self.least, lo >= self.target, hi < self.target], ["few", "holds", "fails"], "not_sure"
        )
        return pd.DataFrame(
            {
                "tag": by.index, "labelled": labelled.astype(int), "tagged": tagged.astype(int),
                "precision": _share(right, tagged), "lo": lo, "hi": hi, "recall": _share(right, real),
                "recall_lo": recall_lo, "recall_hi": recall_hi, "verdict": verdict,
            }
        )  # fmt: skip


def _share(part: Floats, of: Floats) -> Floats:
    return np.asarray(np.divide(part, of, out=np.full(len(of), np.nan), where=of > 0))


def _ends(part: Floats, of: Floats, level: float) -> tuple[Floats, Floats]:
    lo, hi = wilson(part, of, level)
    return np.where(of > 0, lo, np.nan), np.where(of > 0, hi, np.nan)


def _checked(labels: Any) -> pd.DataFrame:
    rows = as_pandas(labels, "The labels", ("customer_id", "tag", "true"))
    need_columns(rows.columns, ("customer_id", "tag", "true"), "The labels")
    problems = Problems("The labels")
    wrong = int((~rows["true"].isin([0, 1])).sum())
    twice = int(rows.duplicated(["customer_id", "tag"]).sum())
    problems.unless(not wrong, f"{wrong:,} labels are neither 0 nor 1; correct or drop them.")
    problems.unless(not twice, f"{twice:,} labels repeat a customer and tag; keep one each.")
    problems.raise_any()
    return rows


@dataclass(frozen=True, eq=False)
class TagAuditResult(TableResult):
    """Precision and recall of tags on a labelled sample.

    >>> has = pd.DataFrame({"eco": [True] * 60 + [False] * 60})
    >>> labels = pd.DataFrame({"customer_id": range(120), "tag": "eco", "true": [1] * 50 + [0] * 70})
    >>> found = TagAudit().analyze(has, labels)

    Attributes:
        spec: The settings.
        frame: ``tag, labelled, tagged, precision`` with ``lo, hi``, ``recall`` with its ends, ``verdict``.
        unused: Labels of unknown customers or tags.
        simulated: Whether any of it is.
    """

    spec: TagAudit
    frame: pd.DataFrame
    unused: int
    simulated: bool

    name: ClassVar[str] = "tag_audit"
    formats: ClassVar[dict[str, str]] = {
        "labelled": ",.0f", "tagged": ",.0f",
        **dict.fromkeys(("precision", "lo", "hi", "recall", "recall_lo", "recall_hi"), ".1%"),
    }  # fmt: skip
    words: ClassVar[dict[str, str]] = {"verdict": "persona_tags.audit_"}

    def shown(self) -> pd.DataFrame:
        """The table with tags and verdicts in words.

        >>> found.shown()["tag"].tolist()
        ['eco', 'all tags']
        """
        every = Message("persona_tags.audit_all_tags").text()
        rows = self.in_words(self.to_frame())
        return rows.assign(tag=[every if tag == EVERY else tag_name(tag) for tag in self.frame["tag"]])

    def readout(self) -> Readout:
        """Precision of all tags, whether the target is met, and what to do.

        >>> found.readout().finding.key
        'persona_tags.audit_finding_not_sure'
        """
        values = self._values()
        verdict = values["verdict"]
        return Readout.of(
            "persona_tags", values, f"audit_finding_{verdict}", "audit_certainty", f"audit_action_{verdict}"
        )

    def facts(self) -> tuple[Fact, ...]:
        """Precision of each tag and of all.

        >>> [fact.id for fact in found.facts()]
        ['tag_audit.eco.precision', 'tag_audit.all_tags.precision']
        """
        kind: Kind = "simulated" if self.simulated else "estimate"

        def label(row: Any) -> Message:
            tag = Message("persona_tags.audit_all_tags") if row["tag"] == EVERY else tag_name(row["tag"])
            return Message("persona_tags.fact_precision", {"tag": tag})

        return facts_of(
            self.frame, "tag_audit.{tag}.precision", label, "precision", "share", ends=("lo", "hi"),
            level=self.spec.level, n="tagged", kind=kind, better="up",
        )  # fmt: skip

    def _values(self) -> dict[str, Any]:
        row: Any = self.frame.iloc[-1].to_dict()
        return {
            **{name: row[name] for name in ("precision", "lo", "hi", "tagged", "labelled", "recall", "verdict")},
            "target": self.spec.target, "level": self.spec.level, "unused": self.unused, "least": self.spec.least,
            "tags": len(self.frame) - 1,
        }  # fmt: skip
