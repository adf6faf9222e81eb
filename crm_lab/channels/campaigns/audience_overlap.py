"""`AudienceOverlap`: which customers several campaigns reach, pair by pair and in exactly which combinations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Integers
from crm_lab.channels.campaigns.campaign_log import CampaignLog
from crm_lab.checks import check_settings, too_small
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result


@dataclass(frozen=True, kw_only=True)
class AudienceOverlap:
    """How much of the combinations is shown.

    >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
    >>> from crm_lab.simulate import make_retailer
    >>> log = of_retailer(make_retailer("fashion", n_customers=300, seed=7))
    >>> overlap = AudienceOverlap().analyze(log)
    >>> bool(0 < overlap.pairs["jaccard"].median() < overlap.pairs["jaccard"].max() < 1)
    True

    Attributes:
        most_campaigns: Largest audiences whose combinations are counted; pairs are those of all.
        most_combinations: Largest combinations that are shown; the rest is summed.

    Raises:
        BadInput: If a setting is wrong.

    Source:
        Jaccard (1912) for pairs; Lex et al. (2014), UpSet: visualization of intersecting sets.
    """

    most_campaigns: int = 10
    most_combinations: int = 15

    def __post_init__(self) -> None:
        many = "60 campaigns are the most" if self.most_campaigns > 60 else ""
        check_settings(self, too_small(self, most_campaigns=1, most_combinations=1), most_campaigns=many)

    def analyze(self, log: CampaignLog) -> AudienceOverlapResult:
        """Count pairs and combinations.

        >>> len(AudienceOverlap(most_campaigns=3).analyze(log).names)
        3

        Args:
            log: Messages.

        Returns:
            Jaccard index of each pair, and customers by the campaigns they were in.
        """
        campaigns = log.campaigns["campaign"].tolist()
        place = pd.Index(campaigns).get_indexer(pd.Index(log.messages["campaign"]))
        inside = np.zeros((len(log.customer_ids), len(campaigns)), dtype=np.float32)
        inside[log.messages["customer"].to_numpy(), place] = 1.0
        both = np.rint(inside.T @ inside).astype(np.int64)
        size = np.diag(both)
        i, j = np.triu_indices(len(campaigns), 1)
        either = size[i] + size[j] - both[i, j]
        pairs = pd.DataFrame({
            "campaign": np.array(campaigns, dtype=object)[i], "other_campaign": np.array(campaigns, dtype=object)[j],
            "both": both[i, j], "either": either, "jaccard": both[i, j] / np.maximum(either, 1),
        })  # fmt: skip
        largest = np.argsort(-size, kind="stable")[: self.most_campaigns]
        names = [campaigns[k] for k in largest]
        cells = _combinations(inside[:, largest] > 0, names)
        return AudienceOverlapResult(self, log, pairs, cells, names, size[largest], int((inside.sum(axis=1) > 0).sum()))


def _combinations(inside: Any, names: list[str]) -> pd.DataFrame:
    mask = (inside.astype(np.int64) << np.arange(len(names))).sum(axis=1)
    value, n = np.unique(mask, return_counts=True)
    of = [tuple(name for k, name in enumerate(names) if int(m) >> k & 1) for m in value]
    table = pd.DataFrame({"campaigns": of, "degree": [len(c) for c in of], "customers": n})
    table = table[table["degree"] > 0]
    return table.sort_values(["customers", "degree"], ascending=[False, True], kind="stable", ignore_index=True)


@dataclass(frozen=True, eq=False)
class AudienceOverlapResult(Result):
    """Who is written to by which campaigns.

    >>> from crm_lab.channels.campaigns.campaign_log import of_retailer
    >>> from crm_lab.simulate import make_retailer
    >>> log = of_retailer(make_retailer("fashion", n_customers=300, seed=7))
    >>> overlap = AudienceOverlap().analyze(log)

    Attributes:
        spec: The settings.
        log: Messages.
        pairs: ``campaign``, ``other_campaign``, customers in ``both`` and ``either``, ``jaccard``.
        cells: ``campaigns`` (exactly these of the largest), ``degree``, ``customers``; largest first.
        names: The largest audiences, whose combinations are counted.
        sizes: Their customers, shape (names,).
        reached: Customers in any campaign.
    """

    spec: AudienceOverlap
    log: CampaignLog
    pairs: pd.DataFrame = field(repr=False)
    cells: pd.DataFrame = field(repr=False)
    names: list[str]
    sizes: Integers = field(repr=False)
    reached: int

    name: ClassVar[str] = "audience_overlap"
    formats: ClassVar[Mapping[str, str]] = {"share": ".1%"}

    def jaccard(self) -> pd.DataFrame:
        """Jaccard index of every two campaigns, a row and a column each; 1 with itself.

        >>> overlap.jaccard().shape
        (53, 53)
        """
        campaigns = pd.Index(self.log.campaigns["campaign"])
        matrix = np.eye(len(campaigns))
        one, other = (campaigns.get_indexer(pd.Index(self.pairs[c])) for c in ("campaign", "other_campaign"))
        matrix[one, other] = matrix[other, one] = self.pairs["jaccard"]
        return pd.DataFrame(matrix, index=campaigns.tolist(), columns=campaigns.tolist())

    def to_frame(self) -> pd.DataFrame:
        """One row per combination of the largest campaigns, largest first; then those that are summed.

        >>> list(overlap.to_frame())
        ['combination', 'degree', 'customers', 'share']
        """
        top, rest = (self.cells.iloc[: self.spec.most_combinations], self.cells.iloc[self.spec.most_combinations :])
        rows = [
            (" & ".join(c), d, n) for c, d, n in zip(top["campaigns"], top["degree"], top["customers"], strict=True)
        ]
        rows += [("others", 0, int(rest["customers"].sum()))] if len(rest) else []
        table = pd.DataFrame(rows, columns=["combination", "degree", "customers"])
        return table.assign(share=table["customers"] / max(self.reached, 1))

    def shown(self) -> pd.DataFrame:
        """The table with the rest in words."""
        frame = self.to_frame()
        rest = Message("channels.overlap.others").text()
        return frame.assign(
            combination=frame["combination"].where(frame["degree"] > 0, rest),
            degree=frame["degree"].astype("Int64").mask(frame["degree"] == 0),
        )

    def readout(self) -> Readout:
        """How alike audiences are, which two most, and what to do.

        >>> print(overlap.readout().finding)
        53 campaigns reached ...; the median Jaccard index of two audiences is ..., the largest ...
        """
        several = int((self.log.messages.groupby("customer").size() > 1).sum())
        values: dict[str, Any] = {
            "campaigns": len(self.log.campaigns), "reached": self.reached, "base": len(self.log.customer_ids),
            "several": several / max(self.reached, 1), "left": len(self.log.campaigns) - len(self.names),
        }  # fmt: skip
        if self.pairs.empty:
            return Readout.of("channels.overlap", values, "finding_one", action="action_one")
        top = self.pairs.sort_values("jaccard", ascending=False, kind="stable").iloc[0]
        values |= {
            "median": float(self.pairs["jaccard"].median()), "most": float(top["jaccard"]), "one": top["campaign"],
            "other": top["other_campaign"], "pairs": len(self.pairs),
        }  # fmt: skip
        return Readout.of("channels.overlap", values, action="action_same" if top["jaccard"] > 0.5 else "action_apart")

    def facts(self) -> tuple[Fact, ...]:
        """Customers reached, and median and largest Jaccard index of pairs.

        >>> [fact.id for fact in overlap.facts()]
        ['campaigns.reached', 'campaigns.overlap.median', 'campaigns.overlap.largest']
        """
        kind, n = self.log.counted, len(self.pairs)
        median, most = (float(x) if n else None for x in (self.pairs["jaccard"].median(), self.pairs["jaccard"].max()))
        none = None if n else Message("channels.overlap.one_campaign")
        return (
            Fact("campaigns.reached", "channels.overlap.fact_reached", self.reached, "customers", kind=kind),
            Fact("campaigns.overlap.median", "channels.overlap.fact_median", median, kind=kind, n=n, refusal=none),
            Fact("campaigns.overlap.largest", "channels.overlap.fact_largest", most, kind=kind, n=n, refusal=none),
        )
