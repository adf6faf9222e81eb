"""Tags from shares: who surely has more of a feature than a threshold, of shares drawn to the base."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, check_settings, not_inside, not_levels
from crm_lab.messages import Message
from crm_lab.results import Fact, Kind, Readout, Result
from crm_lab.segmentation.personas.shopper_tags.shopper_features import ShopperFeatures
from crm_lab.segmentation.personas.shopper_tags.tag_names import tag_name
from crm_lab.stats.pooling.beta_binomial import BetaBinomial, fit_beta_binomial

FEWEST: Final = 30  # customers with the feature known, below which it makes no tag


@dataclass(frozen=True, kw_only=True)
class ShareTags:
    """Settings of tags.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features
    >>> features = shopper_features(open_workspace("simulated:fashion,customers=600").at("latest"))
    >>> found = ShareTags(thresholds={"weekend_share": 0.5}).analyze(features)
    >>> list(found.tags())
    ['customer_id', 'tag', 'share', 'chance']

    Attributes:
        thresholds: Feature to the share above which a customer has the tag; others by `quantile`.
        quantile: Of the true shares, that is the threshold of every other feature.
        certainty: Chance of a true share above the threshold from which a customer has the tag.
        level: One minus the chance of calling equal shares different, below which a feature makes no tag.
    """

    thresholds: Mapping[str, float] = field(default_factory=dict)
    quantile: float = 0.75
    certainty: float = 0.9
    level: float = 0.95

    def __post_init__(self) -> None:
        wrong = [name for name, share in self.thresholds.items() if not 0 < share < 1]
        check_settings(
            self,
            not_inside(self, "quantile", "level"),
            not_levels(self, "certainty"),
            thresholds=wrong and f"{', '.join(wrong)} must lie between 0 and 1",
        )

    def analyze(self, features: ShopperFeatures, names: Sequence[str] | None = None) -> ShareTagsResult:
        """Tag customers by the features whose shares differ between customers.

        Lines of one order go together more often than chance has it; they count as the number of independent ones that
        would tell as much (`ShopperFeatures.independent`). Orders are taken as independent given a customer's share.

        >>> found.chances.shape == (len(features), len(found.names))
        True

        Args:
            features: Shares with their counts.
            names: Features to make tags of; all unless given.

        Returns:
            Tags of customers, and why a feature makes none.

        Raises:
            BadInput: If a named feature, or one with a threshold, is not in the data.
        """
        wanted = features.names if names is None else tuple(dict.fromkeys(names))
        unknown = [name for name in (*wanted, *self.thresholds) if name not in features.names]
        if unknown:
            raise BadInput(f"These data have no {', '.join(unknown)}; they have {', '.join(features.names)}.")
        made = [self._tag(name, features) for name in wanted]
        rows = pd.DataFrame([row for row, _, _ in made], columns=_COLUMNS)
        told = [
            (name, mean, chance) for name, (row, mean, chance) in zip(wanted, made, strict=True) if row["made"] == "yes"
        ]
        n = len(features)
        means, chances = (np.column_stack([part[i] for part in told]) if told else np.zeros((n, 0)) for i in (1, 2))
        return ShareTagsResult(self, features, rows, tuple(name for name, _, _ in told), means, chances)

    def _tag(self, name: str, features: ShopperFeatures) -> tuple[dict[str, Any], Floats, Floats]:
        """A row of the table, and per customer the mean and the chance above the threshold."""
        k, n = features.independent(name)
        has, of = features.orders.get(name, features.of(name))
        fit = fit_beta_binomial(k, n)
        known = int((n > 0).sum())
        row: dict[str, Any] = {
            "tag": name, "known": known, "base_share": has.sum() / of.sum() if of.any() else np.nan,
            "threshold": np.nan, "expected": np.nan, "customers": 0, "pvalue": fit.pvalue,
            "made": _made(fit, known, self.level),
        }  # fmt: skip
        if row["made"] != "yes":
            return row, np.zeros(0), np.zeros(0)
        threshold = self.thresholds.get(name, float(fit.quantile(self.quantile)))
        mean, chance = chance_above(fit, k, n, threshold)
        tagged = (chance > self.certainty) & (n > 0)
        row |= {"threshold": threshold, "expected": fit.above(threshold), "customers": int(tagged.sum())}
        return row, mean, np.where(n > 0, chance, 0.0)


_COLUMNS = ["tag", "customers", "known", "base_share", "threshold", "expected", "pvalue", "made"]


def _made(fit: BetaBinomial, known: int, level: float) -> str:
    if known < FEWEST:
        return "few"
    if not np.isfinite(fit.a):
        return "same"
    return "yes" if fit.converged and fit.pvalue < 1 - level else "alike"


def chance_above(fit: BetaBinomial, k: Iterable[float], n: Iterable[float], threshold: float) -> tuple[Floats, Floats]:
    """Posterior mean of each one's true share, and its chance of lying above a threshold; equal counts once.

    >>> fit = fit_beta_binomial([0, 1, 5, 9, 10, 3], [10] * 6)
    >>> [x.round(2).tolist() for x in chance_above(fit, [1, 9], [10, 10], 0.5)]
    [[0.13, 0.86], [0.0, 1.0]]

    Args:
        fit: Distribution of true shares.
        k: Counts, shape (m,).
        n: Of how many, shape (m,).
        threshold: A share.
    """
    pairs, which = np.unique(np.asarray(k, dtype=float) + 1j * np.asarray(n, dtype=float), return_inverse=True)
    a, b = fit.posterior(pairs.real, pairs.imag)
    return (a / (a + b))[which], np.asarray(stats.beta.sf(threshold, a, b), dtype=float)[which]


@dataclass(frozen=True, eq=False)
class ShareTagsResult(Result):
    """Tags of customers.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features
    >>> features = shopper_features(open_workspace("simulated:fashion,customers=600").at("latest"))
    >>> found = ShareTags(thresholds={"weekend_share": 0.5}).analyze(features)

    Attributes:
        spec: The settings.
        features: What tags are made of.
        rows: One row a feature.
        names: Features that make tags.
        means: Posterior mean of shares, shape (customers, tags).
        chances: Chance of a share above the threshold, shape (customers, tags).
    """

    spec: ShareTags
    features: ShopperFeatures
    rows: pd.DataFrame
    names: tuple[str, ...]
    means: Floats
    chances: Floats

    name: ClassVar[str] = "share_tags"
    formats: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("base_share", "threshold", "expected"), ".1%"),
        "customers": ",.0f", "known": ",.0f", "pvalue": "p",
    }  # fmt: skip
    words: ClassVar[dict[str, str]] = {"made": "persona_tags.made_"}

    def to_frame(self) -> pd.DataFrame:
        """One row a feature: ``tag, customers, known, base_share, threshold, expected, pvalue, made``.

        >>> set(found.to_frame()["made"]) <= {"yes", "alike", "same", "few"}
        True

        Returns:
            ``customers`` have the tag; ``expected`` is the share of those whose true share lies above the threshold;
            ``made`` says whether the feature makes a tag, or why not.
        """
        return self.rows.copy()

    def shown(self) -> pd.DataFrame:
        """The table with tags and reasons in words.

        >>> "weekend share" in set(found.shown()["tag"])
        True
        """
        frame = self.in_words(self.to_frame()).drop(columns="pvalue")
        return frame.assign(tag=[tag_name(tag) for tag in frame["tag"]])

    def has(self) -> pd.DataFrame:
        """Who has which tag, true or false: a row a customer, a column a tag, indexed by ``customer_id``.

        >>> found.has().shape == found.chances.shape
        True
        """
        return pd.DataFrame(
            self.chances > self.spec.certainty,
            index=pd.Index(self.features.frame["customer_id"]),
            columns=list(self.names),
        )

    def tags(self) -> pd.DataFrame:
        """One row a tag of a customer: ``customer_id, tag, share`` (posterior mean), ``chance``.

        >>> bool((found.tags()["chance"] > 0.9).all())
        True
        """
        who, which = np.nonzero(self.chances > self.spec.certainty)
        return pd.DataFrame(
            {
                "customer_id": self.features.frame["customer_id"].to_numpy()[who],
                "tag": np.array(self.names, dtype=object)[which] if self.names else np.zeros(0, dtype=object),
                "share": self.means[who, which],
                "chance": self.chances[who, which],
            }
        )

    def refusal(self) -> Message | None:
        """Said where no feature tells customers apart.

        >>> found.refusal() is None
        True
        """
        return None if self.names else Message("persona_tags.tags_refused", self._values())

    def readout(self) -> Readout:
        """How many tags, on how many customers, and what to do.

        >>> found.readout().finding.key
        'persona_tags.tags_finding'
        """
        why = self.refusal()
        if why is not None:
            return Readout.of("persona_tags", self._values(), why, "tags_certainty", "tags_action_refused")
        return Readout.of("persona_tags", self._values(), "tags_finding", "tags_certainty", "tags_action")

    def facts(self) -> tuple[Fact, ...]:
        """Features that make a tag, and the share of customers with one or more.

        >>> [fact.id for fact in found.facts()]
        ['share_tags.tags', 'share_tags.coverage']
        """
        kind: Kind = "simulated" if self.features.simulated else "fact"
        values = self._values()
        n = len(self.features)
        return (
            Fact("share_tags.tags", Message("persona_tags.fact_tags", values), len(self.names), kind=kind, n=n),
            Fact(
                "share_tags.coverage",
                Message("persona_tags.fact_coverage", values),
                values["tagged"],
                "share",
                kind=kind,
                n=n,
            ),
        )

    def _values(self) -> dict[str, Any]:
        any_tag = np.asarray((self.chances > self.spec.certainty).any(axis=1))
        return {
            "customers": len(self.features), "features": len(self.rows), "tags": len(self.names),
            "tagged": float(any_tag.mean()) if len(any_tag) else 0.0, "certainty": self.spec.certainty,
        }  # fmt: skip
