"""The distribution of price shares, and each customer's place in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.segmentation.personas.shopper_tags.price_shares.price_counts import PriceCounts
from crm_lab.stats.pooling.beta_binomial import BetaBinomial

if TYPE_CHECKING:
    from crm_lab.segmentation.personas.shopper_tags.price_shares.price_share import PriceShare

FEWEST = 30  # customers below which no distribution is fitted
GROUPS = ("low", "middle", "high", "not_told")


@dataclass(frozen=True, eq=False)
class PriceShareResult(Result):
    """What share customers buy on discount, and who surely buys little or much so.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation.personas.shopper_tags.price_shares.price_share import PriceShare
    >>> found = PriceShare(draws=100).analyze(open_workspace("simulated:fashion,customers=600").at("latest"))

    Attributes:
        spec: The settings.
        counts: What was counted.
        correlation: Of two lines of one order being on discount, beyond the customer's share.
        effective: Independent lines that would tell as much, shape (m,).
        fit: Distribution of the true shares.
        raw: Quantiles of the shares as they are, and the ends of their intervals, shape (3, q).
        true: The same of the true shares.
        cuts: Shares between low, middle and high.
        placed: Per customer ``share, lo, hi, p_low, p_high, group``; nothing where refused.
        why: Which refusal holds, or empty.
    """

    spec: PriceShare
    counts: PriceCounts
    correlation: float
    effective: Floats
    fit: BetaBinomial
    raw: Floats
    true: Floats
    cuts: tuple[float, float]
    placed: pd.DataFrame | None
    why: str

    name: ClassVar[str] = "price_share"
    formats: ClassVar[dict[str, str]] = dict.fromkeys(
        ("quantile", "raw_share", "raw_share_lo", "raw_share_hi", "true_share", "lo", "hi", "share", "of_customers"),
        ".1%",
    )

    def refusal(self) -> Message | None:
        """Why customers cannot be told apart by their price share, if so.

        >>> found.refusal() is None
        True
        """
        return Message(f"persona_tags.price_refused_{self.why}", self._values()) if self.why else None

    @property
    def design_effect(self) -> float:
        """Lines over the independent lines that would tell as much, all customers together.

        >>> found.design_effect >= 1
        True
        """
        sums = self.counts.sums
        return float((sums.n**2 / sums.q).sum() / self.effective.sum()) if self.effective.sum() else 1.0

    def to_frame(self) -> pd.DataFrame:
        """Quantiles: ``quantile``, ``raw_share`` and its ends, and the ``true_share`` with ``lo, hi``.

        >>> found.to_frame()["quantile"].tolist()
        [0.05, 0.5, 0.95]
        """
        named = zip(
            ("raw_share", "raw_share_lo", "raw_share_hi", "true_share", "lo", "hi"),
            [*self.raw, *self.true],
            strict=True,
        )
        return pd.DataFrame({"quantile": self.spec.quantiles, **dict(named)})

    def customers(self) -> pd.DataFrame:
        """One row a customer: ``customer_id``, ``bought``, ``raw_share``, ``share`` with ``lo, hi``, ``group``.

        >>> list(found.customers())[:4]
        ['customer_id', 'bought', 'raw_share', 'share']

        Returns:
            Also ``p_low`` and ``p_high``; where the analysis is refused, no column beyond ``raw_share``.
        """
        sums = self.counts.sums
        base = pd.DataFrame({"customer_id": self.counts.customers, "bought": sums.n, "raw_share": sums.share})
        return base if self.placed is None else pd.concat([base, self.placed], axis=1)

    def groups(self) -> pd.DataFrame:
        """Customers and their part of the base by ``group``: low, middle, high and not_told.

        >>> found.groups()["group"].tolist()
        ['low', 'middle', 'high', 'not_told']
        """
        placed = [] if self.placed is None else self.placed["group"]
        n = pd.Series(placed, dtype="object").value_counts().reindex(list(GROUPS), fill_value=0)
        return pd.DataFrame(
            {"group": list(GROUPS), "customers": n.to_numpy(), "of_customers": n.to_numpy() / len(self.counts)}
        )

    def membership(self) -> pd.DataFrame:
        """Who is surely in a group: ``customer_id`` and ``segment`` (price_low, price_middle, price_high).

        >>> set(found.membership()["segment"]) <= {"price_low", "price_middle", "price_high"}
        True
        """
        if self.placed is None:
            return pd.DataFrame({"customer_id": self.counts.customers[:0], "segment": pd.Series(dtype="string")})
        told = (self.placed["group"] != "not_told").to_numpy()
        segment = "price_" + self.placed["group"][told].astype("string")
        return pd.DataFrame({"customer_id": self.counts.customers[told], "segment": segment}).reset_index(drop=True)

    def readout(self) -> Readout:
        """The middle customer's share, who can be told, and what to do.

        >>> found.readout().finding.key
        'persona_tags.price_finding'
        """
        why = self.refusal()
        if why is not None:
            return Readout.of("persona_tags", self._values(), why, "price_certainty_refused", "price_action_refused")
        return Readout.of("persona_tags", self._values(), "price_finding", "price_certainty", "price_action")

    def facts(self) -> tuple[Fact, ...]:
        """Quantiles of true shares, the raw median, and how many are told to be low or high.

        >>> [fact.id for fact in found.facts()][:2]
        ['price_share.raw_median', 'price_share.true_q05']
        """
        simulated: Kind = "simulated" if self.counts.simulated else "estimate"
        values, n, level = self._values(), len(self.counts), self.spec.level
        shared: dict[str, Any] = {"kind": simulated, "n": n}
        median, *ends = (float(x) for x in self.raw[:, self._middle])
        label = Message("persona_tags.fact_raw", values)
        facts = [Fact("price_share.raw_median", label, median, "share", ci=Interval(*ends, level), **shared)]
        for q, value, lo, hi in zip(self.spec.quantiles, *self.true, strict=True):
            refused = self.refusal()
            label = Message("persona_tags.fact_true", {**values, "quantile": q})
            ci = None if refused else Interval(float(lo), float(hi), level)
            facts.append(
                Fact(
                    f"price_share.true_q{round(q * 100):02d}", label, None if refused else float(value), "share", ci=ci,
                    refusal=refused, **shared,
                )
            )  # fmt: skip
        rows: Any = [] if self.why else self.groups().to_dict("records")
        facts += [
            Fact(
                f"price_share.{row['group']}", Message(f"persona_tags.fact_{row['group']}", values),
                row["of_customers"], "share", decides=row["group"] == "high", **shared,
            )
            for row in rows
        ]  # fmt: skip
        return tuple(facts)

    @property
    def _middle(self) -> int:
        return self.spec.quantiles.index(0.5)

    def _values(self) -> dict[str, Any]:
        told = self.groups().set_index("group")["of_customers"]
        share, lo, hi = (float(x) for x in self.true[:, self._middle])
        return {
            "customers": len(self.counts), "share": share, "lo": lo, "hi": hi, "level": self.spec.level,
            "raw": float(self.raw[0, self._middle]), "low_cut": self.cuts[0], "high_cut": self.cuts[1],
            "low": float(told["low"]), "middle": float(told["middle"]), "high": float(told["high"]),
            "not_told": float(told["not_told"]), "certainty": self.spec.certainty, "deff": self.design_effect,
            "p": self.fit.pvalue, "by": Message(f"persona_tags.by_{self.counts.by}"), "least": FEWEST,
        }  # fmt: skip
