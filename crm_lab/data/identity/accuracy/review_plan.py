"""The review before anybody has answered: which pairs to look at, and a sheet without names for the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd

from crm_lab.data.identity.accuracy.clerical_review import ANSWER, ClericalReview
from crm_lab.data.identity.linkage.record_linkage import LinkageResult
from crm_lab.results import Fact, Readout, Result


@dataclass(frozen=True, eq=False)
class ReviewPlan(Result):
    """How many pairs of each sureness are to be looked at.

    >>> from crm_lab.data.identity.example_records import example_linkage
    >>> plan = ReviewPlan.of(ClericalReview(half_width=0.05), example_linkage())

    Attributes:
        strata: `stratum`, `pairs`, `expected_right`, `to_review`.
        pairs: The sample: `pair`, `customer_id_l`, `customer_id_r` and an empty `same_person`.
        spec: How wide the interval may be.
    """

    name: ClassVar[str] = "review_plan"
    words: ClassVar[Mapping[str, str]] = {"stratum": "identity.stratum."}
    formats: ClassVar[Mapping[str, str]] = {"expected_right": ".1%"}

    strata: pd.DataFrame = field(repr=False)
    pairs: pd.DataFrame = field(repr=False)
    spec: ClericalReview

    @classmethod
    def of(cls, spec: ClericalReview, linked: LinkageResult) -> ReviewPlan:
        """Draw the sample of some links.

        >>> ReviewPlan.of(ClericalReview(half_width=0.1), example_linkage()).sheet()["same_person"].unique().tolist()
        ['']

        Args:
            spec: How wide the interval may be, and the seed.
            linked: Whose links are to be judged.

        Returns:
            The plan.

        Raises:
            CannotAnswer: If no pair is linked.
        """
        drawn = spec.draw(linked)[["pair", "customer_id_l", "customer_id_r", ANSWER]]
        return cls(spec.sizes(linked), drawn, spec)

    def sheet(self) -> pd.DataFrame:
        """The sheet to fill in: numbers of the two accounts, no entry of anybody; they are looked up in the CRM.

        >>> plan.sheet().columns.tolist()
        ['pair', 'customer_id_l', 'customer_id_r', 'same_person']
        """
        return self.pairs.copy()

    def to_frame(self) -> pd.DataFrame:
        """One row per stratum: `stratum`, `pairs`, `expected_right`, `to_review`.

        >>> list(plan.to_frame())
        ['stratum', 'pairs', 'expected_right', 'to_review']
        """
        return self.strata.copy()

    def readout(self) -> Readout:
        """How many pairs to look at for the wished interval, how they are drawn, what to do with the sheet.

        >>> plan.readout().finding.key
        'identity.review_plan.finding'
        """
        linked = self.strata[self.strata["stratum"] != "near_miss"]
        near = self.strata.loc[self.strata["stratum"] == "near_miss", "to_review"].sum()
        values = {
            "review": int(linked["to_review"].sum()), "links": int(linked["pairs"].sum()), "near": int(near),
            "half_width": self.spec.half_width, "level": self.spec.level,
        }  # fmt: skip
        return Readout.of("identity.review_plan", values)

    def facts(self) -> tuple[Fact, ...]:
        """Pairs to look at.

        >>> [fact.id for fact in plan.facts()]
        ['identity.review_plan.to_review']
        """
        n = int(self.strata["to_review"].sum())
        return (Fact("identity.review_plan.to_review", "identity.review_plan.n_to_review", n, "pairs"),)
