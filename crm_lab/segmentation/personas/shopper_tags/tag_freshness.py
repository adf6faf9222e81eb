"""How many customers have a tag, of how many lines it is known, and how long ago they last showed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from crm_lab.calendar import day_number
from crm_lab.checks import check_settings, too_small
from crm_lab.data.workspace import Tables
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.results import Fact, Kind, Readout, TableResult
from crm_lab.segmentation.personas.shopper_tags.share_tags import ShareTagsResult
from crm_lab.segmentation.personas.shopper_tags.shopper_features import last_days
from crm_lab.segmentation.personas.shopper_tags.tag_names import tag_name


@dataclass(frozen=True, kw_only=True)
class TagFreshness:
    """Settings of coverage and freshness.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation.personas.shopper_tags.share_tags import ShareTags
    >>> from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features
    >>> tables = open_workspace("simulated:fashion,customers=600").at("latest")
    >>> tags = ShareTags(thresholds={"price_share": 0.3}, certainty=0.7).analyze(
    ...     shopper_features(tables), ["price_share"]
    ... )
    >>> found = TagFreshness().analyze(tags, tables)
    >>> found.to_frame()["tag"].tolist()
    ['price_share']

    Attributes:
        limit_days: Days after the last line that shows it from which a tag is stale.
    """

    limit_days: int = 180

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, limit_days=1))

    def analyze(self, tags: ShareTagsResult, tables: Tables) -> TagFreshnessResult:
        """Coverage of each tag, and the age of the last line that shows it.

        >>> bool(found.to_frame()["stale"].between(0, 1).all())
        True

        Args:
            tags: Tags of customers.
            tables: The tables they were made of.

        Returns:
            One row a tag.
        """
        days = last_days(tables, tags.features)
        has, today = tags.has().to_numpy(), day_number(tags.features.end)
        known = tags.features.coverage.set_index("feature")["coverage"]
        rows: list[dict[str, Any]] = []
        for place, name in enumerate(tags.names):
            age = today - days[name].to_numpy(dtype=float)[has[:, place]]
            rows.append(
                {
                    "tag": name, "coverage": float(known[name]), "customers": len(age), "share": len(age) / len(has),
                    "days_since": float(np.median(age)) if len(age) else np.nan,
                    "stale": float((age > self.limit_days).mean()) if len(age) else np.nan,
                }
            )  # fmt: skip
        columns = ["tag", "coverage", "customers", "share", "days_since", "stale"]
        return TagFreshnessResult(self, pd.DataFrame(rows, columns=columns), len(has), tags.features.simulated)


@dataclass(frozen=True, eq=False)
class TagFreshnessResult(TableResult):
    """Coverage and freshness of tags.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation.personas.shopper_tags.share_tags import ShareTags
    >>> from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features
    >>> tables = open_workspace("simulated:fashion,customers=600").at("latest")
    >>> tags = ShareTags(thresholds={"price_share": 0.3}, certainty=0.7).analyze(
    ...     shopper_features(tables), ["price_share"]
    ... )
    >>> found = TagFreshness().analyze(tags, tables)

    Attributes:
        spec: The settings.
        frame: ``tag, coverage`` (share of lines of which it is known), ``customers`` with it, their ``share``,
            ``days_since`` (median) the last line that shows it, and ``stale``, the share beyond the limit.
        customers: Customers in all.
        simulated: Whether the data are.
    """

    spec: TagFreshness
    frame: pd.DataFrame
    customers: int
    simulated: bool

    name: ClassVar[str] = "tag_freshness"
    formats: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("coverage", "share", "stale"), ".1%"), "customers": ",.0f", "days_since": ",.0f",
    }  # fmt: skip

    def shown(self) -> pd.DataFrame:
        """The table with names of tags in words.

        >>> found.shown()["tag"].tolist()
        ['price share']
        """
        return self.to_frame().assign(tag=[tag_name(tag) for tag in self.frame["tag"]])

    def refusal(self) -> Message | None:
        """Said where nobody has a tag.

        >>> found.refusal() is None
        True
        """
        return None if self.frame["customers"].sum() else Message("persona_tags.freshness_refused", self._values())

    def readout(self) -> Readout:
        """How many tags are stale, and what to do.

        >>> found.readout().finding.key
        'persona_tags.freshness_finding'
        """
        finding = self.refusal() or "freshness_finding"
        return Readout.of("persona_tags", self._values(), finding, "freshness_certainty", "freshness_action")

    def facts(self) -> tuple[Fact, ...]:
        """Share of customers with each tag.

        >>> [fact.id for fact in found.facts()]
        ['tag_freshness.price_share.share']
        """
        kind: Kind = "simulated" if self.simulated else "fact"

        def label(row: Any) -> Message:
            return Message("persona_tags.fact_with_tag", {"tag": tag_name(row["tag"])})

        return facts_of(self.frame, "tag_freshness.{tag}.share", label, "share", "share", n=self.customers, kind=kind)

    def _values(self) -> dict[str, Any]:
        given = int(self.frame["customers"].sum())
        stale = float((self.frame["stale"].fillna(0) * self.frame["customers"]).sum() / max(given, 1))
        return {
            "given": given,
            "stale": stale,
            "days": self.spec.limit_days,
            "tags": len(self.frame),
            "customers": self.customers,
        }
