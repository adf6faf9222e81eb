"""Who is most like the seeds, and how well held-out seeds were found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Protocol

import numpy as np
import pandas as pd

from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.intervals import normal_interval, wilson
from crm_lab.stats.ranking import auc


class LookalikesSettings(Protocol):
    """Settings of `Lookalikes` that its result is read by."""

    @property
    def list_size(self) -> int | None:
        """Customers to find."""
        ...

    @property
    def folds(self) -> int:
        """Parts of the cross-fitting."""
        ...

    @property
    def level(self) -> float:
        """Confidence level."""
        ...


@dataclass(frozen=True, eq=False)
class LookalikesResult(Result):
    """Scores of everybody, judged on seeds that the models did not see.

    >>> from crm_lab.segmentation.personas.segment_use import Lookalikes
    >>> rng = np.random.default_rng(1)
    >>> table = pd.DataFrame({"customer_id": np.arange(600).astype(str), "night_share": rng.random(600)})
    >>> liked = table["customer_id"][rng.random(600) < 0.4 * (table["night_share"] > 0.6)]
    >>> found = Lookalikes().analyze(table, liked)

    Attributes:
        spec: The settings.
        people: `customer_id`, `score`, `seed`.
        features: `feature`, `auc_alone` (how well it tells seeds apart by itself), `weight` (standardised; logistic).
        dropped: Features that were not used because the seeds were chosen by them.
        unknown: Seeds without features.
        simulated: Whether the data are.
    """

    name: ClassVar[str] = "lookalikes"
    formats: ClassVar[Mapping[str, str]] = {
        "rate": ".1%", "lift": ".2f", "lo": ".2f", "hi": ".2f", "recall": ".1%",
    }  # fmt: skip

    spec: LookalikesSettings
    people: pd.DataFrame = field(repr=False)
    features: pd.DataFrame = field(repr=False)
    dropped: tuple[str, ...]
    unknown: int
    simulated: bool

    @cached_property
    def auc(self) -> tuple[float, Interval]:
        """Chance that a held-out seed scores above another customer, with Hanley and McNeil's interval.

        >>> bool(found.auc[1].lo > 0.5)
        True
        """
        value = auc(self.people["seed"], self.people["score"])
        m, n = int(self.people["seed"].sum()), int((~self.people["seed"]).sum())
        q1, q2 = value / (2 - value), 2 * value**2 / (1 + value)
        variance = (value * (1 - value) + (m - 1) * (q1 - value**2) + (n - 1) * (q2 - value**2)) / (m * n)
        ci = normal_interval(value, float(np.sqrt(variance)), self.spec.level)
        return value, Interval(max(ci.lo, 0.0), min(ci.hi, 1.0), self.spec.level)

    @cached_property
    def size(self) -> int:
        """How many are listed.

        >>> found.size == len(liked)
        True
        """
        others = int((~self.people["seed"]).sum())
        return min(self.spec.list_size or int(self.people["seed"].sum()), others)

    @property
    def like(self) -> pd.DataFrame:
        """Customers most like the seeds, none of them a seed: `customer_id`, `score`, `rank`; empty where it refuses.

        >>> found.like["rank"].tolist()[:2]
        [1, 2]
        """
        others = self.people[~self.people["seed"]].sort_values(["score", "customer_id"], ascending=[False, True])
        top = others.head(0 if self.refusal() else self.size)[["customer_id", "score"]].reset_index(drop=True)
        return top.assign(rank=np.arange(1, len(top) + 1))

    def recall_at(self, k: int) -> tuple[float, Interval]:
        """Share of the held-out seeds among the k highest scores, with Wilson's interval.

        >>> found.recall_at(600)[0]
        1.0

        Args:
            k: Length of the list.

        Returns:
            The share and its interval.
        """
        top = self._ordered["seed"].head(k)
        hits, m = int(top.sum()), int(self.people["seed"].sum())
        lo, hi = (float(end) for end in wilson(hits, m, self.spec.level))
        return hits / m, Interval(lo, hi, self.spec.level)

    @cached_property
    def _ordered(self) -> pd.DataFrame:
        return self.people.sort_values(["score", "customer_id"], ascending=[False, True], ignore_index=True)

    def to_frame(self) -> pd.DataFrame:
        """One row per tenth of the customers by score: seeds in it, lift over all, interval, recall up to it.

        >>> found.to_frame()["customers"].sum()
        np.int64(600)
        """
        ordered = self._ordered
        tenth = np.arange(len(ordered)) * 10 // len(ordered) + 1
        table = ordered.groupby(tenth)["seed"].agg(customers="size", seeds="sum").rename_axis("decile").reset_index()
        base = float(self.people["seed"].mean())
        lo, hi = wilson(table["seeds"], table["customers"], self.spec.level)
        rate = table["seeds"] / table["customers"]
        recall = table["seeds"].cumsum() / table["seeds"].sum()
        return table.assign(rate=rate, lift=rate / base, lo=lo / base, hi=hi / base, recall=recall)

    def refusal(self) -> Message | None:
        """Why the list is none: held-out seeds score no higher than others.

        >>> found.refusal() is None
        True
        """
        value, ci = self.auc
        if ci.lo > 0.5:
            return None
        return Message("persona_rules.lookalikes.no_likeness", {"auc": value, "lo": ci.lo, "hi": ci.hi})

    def _values(self) -> dict[str, Any]:
        value, ci = self.auc
        recall, recall_ci = self.recall_at(2 * self.size)
        top = self.to_frame().iloc[0]
        return {
            "auc": value, "lo": ci.lo, "hi": ci.hi, "seeds": int(self.people["seed"].sum()), "listed": len(self.like),
            "k": min(2 * self.size, len(self.people)), "recall": recall, "recall_lo": recall_ci.lo,
            "recall_hi": recall_ci.hi, "lift": float(top["lift"]), "lift_lo": float(top["lo"]),
            "level": self.spec.level, "lift_hi": float(top["hi"]), "features": len(self.features),
            "dropped": len(self.dropped), "unknown": self.unknown, "folds": self.spec.folds,
            "unknown_said": self._said("unknown", self.unknown),
            "dropped_said": self._said("dropped", len(self.dropped)),
        }  # fmt: skip

    @staticmethod
    def _said(key: str, n: int) -> Message | str:
        return Message(f"persona_rules.lookalikes.{key}", {"n": n}) if n else ""

    def readout(self) -> Readout:
        """How well held-out seeds are found, how sure that is, what to do.

        >>> found.readout().action.key
        'persona_rules.lookalikes.use'
        """
        refused = self.refusal()
        if refused is not None:
            return Readout.of("persona_rules.lookalikes", self._values(), refused, action="other_seeds")
        return Readout.of("persona_rules.lookalikes", self._values(), action="use")

    def facts(self) -> tuple[Fact, ...]:
        """AUC, recall and lift of the first tenth.

        >>> [fact.id for fact in found.facts()][:2]
        ['lookalikes.auc', 'lookalikes.recall']
        """
        value, ci = self.auc
        recall, recall_ci = self.recall_at(2 * self.size)
        kind: Any = "simulated" if self.simulated else "estimate"
        n = int(self.people["seed"].sum())
        label = Message("persona_rules.lookalikes.recall", {"k": min(2 * self.size, len(self.people))})
        return (
            Fact("lookalikes.auc", "persona_rules.lookalikes.auc", value, "", ci=ci, kind=kind, n=n, better="up"),
            Fact("lookalikes.recall", label, recall, "share", ci=recall_ci, kind=kind, n=n, better="up"),
            *facts_of(
                self.to_frame().head(1), "lookalikes.lift_{decile}", "persona_rules.lookalikes.lift", "lift", "ratio",
                ends=("lo", "hi"), level=self.spec.level, n="customers", kind=kind, better="up",
            ),
        )  # fmt: skip
