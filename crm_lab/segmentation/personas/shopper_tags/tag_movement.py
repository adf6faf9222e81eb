"""How many tags are gained and lost between two windows, and how many would be if nobody changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats, Integers
from crm_lab.checks import BadInput, check_settings, not_levels, too_small
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Interval, Kind, Readout, TableResult
from crm_lab.segmentation.personas.shopper_tags.share_tags import ShareTags, ShareTagsResult, chance_above
from crm_lab.segmentation.personas.shopper_tags.shopper_features import ShopperFeatures
from crm_lab.segmentation.personas.shopper_tags.tag_names import tag_name
from crm_lab.stats.intervals import wilson
from crm_lab.stats.pooling.beta_binomial import fit_beta_binomial

_COLUMNS: Final = ["tag", "customers", "before", "after", "lost", "gained", "lost_share", "lo", "hi", "expected_lost"]


@dataclass(frozen=True, kw_only=True)
class TagMovement:
    """Settings of the movement of tags.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features
    >>> tables = open_workspace("simulated:fashion,customers=900").at("latest")
    >>> year = [shopper_features(tables, f"{y}-01-01", f"{y}-12-30", names=["price_share"]) for y in (2023, 2024)]
    >>> found = TagMovement(tags=ShareTags(thresholds={"price_share": 0.4}, certainty=0.7)).analyze(*year)
    >>> found.to_frame()["tag"].tolist()
    ['price_share']

    Attributes:
        tags: How tags are given; features without a threshold take that of the earlier window in both.
        level: Confidence level.
        draws: Times that a later window without any change is drawn.
        seed: Of the draws.
    """

    tags: ShareTags = ShareTags()  # noqa: RUF009 - frozen
    level: float = 0.95
    draws: int = 20
    seed: int = 1

    def __post_init__(self) -> None:
        check_settings(self, not_levels(self, "level"), too_small(self, draws=5))

    def analyze(self, before: ShopperFeatures, after: ShopperFeatures) -> TagMovementResult:
        """Compare the tags of customers who bought in both windows.

        The later window is also drawn from what the earlier one says of each customer's true share: what moves there
        moves by chance.

        >>> bool((found.to_frame()["lost"] <= found.to_frame()["before"]).all())
        True

        Args:
            before: Features of the earlier window.
            after: The same features of a window as long.

        Returns:
            One row a tag.

        Raises:
            BadInput: If the windows overlap or differ in length by more than a tenth.
            CannotAnswer: If nobody bought in both windows, or no feature makes a tag.
        """
        _check_windows(before, after)
        names = [name for name in before.names if name in after.names]
        first = self.tags.analyze(before, names)
        both, at, now = np.intersect1d(before.frame["customer_id"], after.frame["customer_id"], return_indices=True)
        if not len(both) or not first.names:
            raise cannot_answer("no_tag_in_both", customers=len(both))
        rng = np.random.default_rng(self.seed)
        rows = [self._row(name, first, after, at, now, rng) for name in first.names]
        frame = pd.DataFrame(rows, columns=_COLUMNS)
        return TagMovementResult(self, frame, len(before), len(after), len(both), after.simulated)

    def _row(
        self, name: str, first: ShareTagsResult, after: ShopperFeatures, at: Any, now: Any, rng: np.random.Generator
    ) -> list[Any]:
        """One tag: who had it, who has it, who lost it, and who would have without a change."""
        threshold = float(first.rows.set_index("tag")["threshold"][name])
        k, n = (counts[now] for counts in after.independent(name))
        had = (first.chances[:, first.names.index(name)] > self.tags.certainty)[at]
        has = self._tagged(*after.independent(name), threshold, k, n)
        lost, gained = int((had & ~has).sum()), int((~had & has).sum())
        lo, hi = wilson(lost, had.sum(), self.level)
        expected = np.mean([self._drawn(name, first, at, n, had, threshold, rng) for _ in range(self.draws)])
        share = lost / had.sum() if had.any() else np.nan
        return [
            name,
            len(had),
            int(had.sum()),
            int(has.sum()),
            lost,
            gained,
            share,
            float(lo),
            float(hi),
            float(expected),
        ]

    def _tagged(self, all_k: Integers | Floats, all_n: Integers | Floats, threshold: float, k: Any, n: Any) -> Booleans:
        """Who has the tag by counts of the later window, in which the distribution of shares is fitted anew."""
        fit = fit_beta_binomial(all_k, all_n)
        if not fit.converged:
            return np.zeros(len(k), dtype=bool)
        return np.asarray((chance_above(fit, k, n, threshold)[1] > self.tags.certainty) & (np.asarray(n) > 0))

    def _drawn(
        self, name: str, first: ShareTagsResult, at: Any, n: Integers | Floats, had: Booleans, threshold: float,
        rng: np.random.Generator,
    ) -> float:  # fmt: skip
        """Share of those with the tag who lose it when nobody changed: counts drawn from true shares as they were."""
        k_before, n_before = first.features.independent(name)
        fit = fit_beta_binomial(k_before, n_before)
        a, b = fit.posterior(k_before[at], n_before[at])
        whole = np.rint(n).astype(np.int64)
        k: Floats = rng.binomial(whole, rng.beta(a, b)).astype(float)
        has = (chance_above(fit, k, n, threshold)[1] > self.tags.certainty) & (n > 0)
        return float((had & ~has).sum() / had.sum()) if had.any() else float("nan")


def _check_windows(before: ShopperFeatures, after: ShopperFeatures) -> None:
    spans = [(part.end - part.start).days + 1 for part in (before, after)]
    if before.end >= after.start:
        raise BadInput(f"The windows overlap: one ends on {before.end}, the other starts on {after.start}.")
    if max(spans) > 1.1 * min(spans):
        raise BadInput(f"The windows have {spans[0]} and {spans[1]} days; tags move by length alone: take equal ones.")


@dataclass(frozen=True, eq=False)
class TagMovementResult(TableResult):
    """Tags gained and lost between two windows.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features
    >>> tables = open_workspace("simulated:fashion,customers=900").at("latest")
    >>> year = [shopper_features(tables, f"{y}-01-01", f"{y}-12-30", names=["price_share"]) for y in (2023, 2024)]
    >>> found = TagMovement(tags=ShareTags(thresholds={"price_share": 0.4}, certainty=0.7)).analyze(*year)

    Attributes:
        spec: The settings.
        frame: ``tag, customers`` (in both windows), ``before, after, lost, gained, lost_share`` (of those with it
            before) with ``lo, hi``, and ``expected_lost``, the share that is lost when nobody changes.
        first: Customers of the earlier window.
        second: Customers of the later one.
        both: Customers of both.
        simulated: Whether the data are.
    """

    spec: TagMovement
    frame: pd.DataFrame
    first: int
    second: int
    both: int
    simulated: bool

    name: ClassVar[str] = "tag_movement"
    formats: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("customers", "before", "after", "lost", "gained"), ",.0f"),
        **dict.fromkeys(("lost_share", "lo", "hi", "expected_lost"), ".1%"),
    }

    def shown(self) -> pd.DataFrame:
        """The table with names of tags in words.

        >>> found.shown()["tag"].tolist()
        ['price share']
        """
        return self.to_frame().assign(tag=[tag_name(tag) for tag in self.frame["tag"]])

    def readout(self) -> Readout:
        """Share of tags lost, what chance alone would lose, and what to do.

        >>> found.readout().finding.key
        'persona_tags.movement_finding'
        """
        return Readout.of("persona_tags", self._values(), "movement_finding", "movement_certainty", "movement_action")

    def facts(self) -> tuple[Fact, ...]:
        """Shares of all tags that were lost, gained, and would be lost without a change.

        >>> [fact.id for fact in found.facts()]
        ['tag_movement.lost', 'tag_movement.expected_lost', 'tag_movement.gained']
        """
        kind: Kind = "simulated" if self.simulated else "estimate"
        values = self._values()
        ci = Interval(values["lo"], values["hi"], self.spec.level)
        n = values["before"]
        return tuple(
            Fact(
                f"tag_movement.{name}",
                Message(f"persona_tags.fact_movement_{name}", values),
                values[name],
                "share",
                ci=own,
                kind=kind,
                n=n,
            )
            for name, own in (("lost", ci), ("expected_lost", None), ("gained", None))
        )

    def _values(self) -> dict[str, Any]:
        total = self.frame[["before", "after", "lost", "gained"]].sum()
        before = max(int(total["before"]), 1)
        chance = float((self.frame["expected_lost"] * self.frame["before"]).sum() / before)
        lo, hi = wilson(total["lost"], total["before"], self.spec.level)
        return {
            "tags": len(self.frame), "before": int(total["before"]), "both": self.both, "lost": total["lost"] / before,
            "lo": float(lo), "hi": float(hi), "level": self.spec.level, "expected_lost": chance,
            "gained": total["gained"] / max(int(total["after"]), 1),
            "gone": self.first - self.both, "new": self.second - self.both,
        }  # fmt: skip
