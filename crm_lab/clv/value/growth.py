"""Growth of the base's value between two dates, split into factors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame
from scipy.special import ndtr

from crm_lab.arrays import Floats
from crm_lab.checks import check_settings, not_among, too_small
from crm_lab.clv.models.model_registry import MODELS, purchase_model
from crm_lab.clv.spend.spend_model import fit_spend
from crm_lab.clv.validation.left_truncation import FirstPurchases
from crm_lab.clv.validation.standing import Standing
from crm_lab.data.kernels.dataframes import purchase_table
from crm_lab.data.kernels.purchases import UNIT_DAYS, Unit, purchase_summary
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result
from crm_lab.stats.bootstrap import copies
from crm_lab.stats.intervals import z_value

PARTS = ("base", "survival", "frequency", "margin")
_RARE = 0.05


@dataclass(frozen=True)
class ValueGrowth:
    """Growth of the base's value between two dates, split into its factors.

    Value of the base = customers x P(alive) x purchases of one alive x value of a purchase.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> growth = ValueGrowth(samples=20).analyze(tables["orders"], "1997-12-31", tables.as_of)
    >>> round(growth.growth, 3)
    -0.069

    Args:
        model: Purchase model.
        horizon_days: Length of the future counted at both dates.
        annual_discount_rate: 0.1 is 10 % a year.
        margin: Share of spend that stays, at the earlier and at the later date.
        target: Growth that was aimed at, tested on one side; 0.25 is 25 %, 0 is no target.
        samples: Bootstrap samples of customers for the intervals.
        unit: Unit of time of the model's parameters.
        currency: ISO code, for the readout.
    """

    model: str = "mbgnbd"
    horizon_days: int = 365
    annual_discount_rate: float = 0.10
    margin: tuple[float, float] = (1.0, 1.0)
    target: float = 0.25
    samples: int = 40
    unit: Unit = "W"
    currency: str = "USD"

    def __post_init__(self) -> None:
        two = len(self.margin) == 2 and all(0 < m <= 1 for m in self.margin)
        check_settings(
            self,
            not_among(self, model=MODELS),
            too_small(self, horizon_days=1, samples=20),
            target=not -1 < self.target < 100 and "write 0.25 for 25 %",
            margin=not two and "it must be two shares in (0, 1], earlier and later",
        )

    def analyze(
        self,
        purchases: IntoFrame,
        earlier: str | date,
        later: str | date,
        *,
        first: FirstPurchases | None = None,
        standing: Standing | None = None,
        worth: float | None = None,
        rng: np.random.Generator | int = 0,
        **names: str,
    ) -> GrowthResult:
        """Value the base at both dates, each with what was known then, and split the difference.

        >>> ValueGrowth(samples=20).analyze(tables["orders"], "1998-03-31", "1998-06-30").dates
        ('1998-03-31', '1998-06-30')

        Args:
            purchases: As in `purchase_summary`.
            earlier: First date.
            later: Second date.
            first: When customers were first seen; where many are older than the records, that is said.
            standing: Of the base's value (`CustomerValueResult.standing`): where that is refused, so is its growth.
            worth: Value at the later date as stated elsewhere (`CustomerValueResult.total`), to which both dates are
                brought alike: season and past misses correct levels, not growth.
            rng: Seed or generator of the draws of customers.
            **names: Your names of columns, as in `purchase_summary`: customer, date, amount.

        Returns:
            Value at both dates and what the difference is made of.

        Raises:
            BadInput: If the purchases cannot be used at one of the dates.
        """
        purchases = purchase_table(purchases, also=["kind"], **names)
        then, now = (purchase_summary(purchases, d, unit=self.unit) for d in (earlier, later))
        ends = self._parts(then, self.margin[0]), self._parts(now, self.margin[1])
        if worth is not None:
            level = np.array([1.0, 1.0, 1.0, worth / float(np.prod(ends[1]))])
            ends = ends[0] * level, ends[1] * level
        ids = pd.Index(now["customer_id"]).union(pd.Index(then["customer_id"]))
        at = [ids.get_indexer(pd.Index(s["customer_id"])) for s in (then, now)]
        draws = []
        for times in copies(len(ids), self.samples, rng):
            again = [
                self._parts(s.loc[s.index.repeat(times[i])].reset_index(drop=True), m)
                for s, i, m in zip((then, now), at, self.margin, strict=True)
            ]
            draws.append(np.log(again[1] / again[0]))
        refusal = next((fit.refusal() for fit in self._fits(then, now) if fit.refusal()), None)
        refusal = (standing or Standing()).refusal(refusal)
        old = first is not None and first.truncated
        return GrowthResult(self, ends, np.array(draws), (str(earlier), str(later)), refusal, old)

    def _fits(self, *summaries: pd.DataFrame) -> list[Any]:
        return [purchase_model(self.model, self.unit).fit(s) for s in summaries]

    def _parts(self, summary: pd.DataFrame, margin: float) -> Floats:
        """Customers, mean P(alive), purchases of one alive, value of a purchase."""
        fit = self._fits(summary)[0]
        spend = fit_spend(summary)
        x, t_x, T = (summary[c].to_numpy() for c in ("frequency", "recency", "T"))
        ahead = self.horizon_days / UNIT_DAYS[self.unit]
        expected = fit.conditional_purchases(ahead, x, t_x, T)
        discounted = fit.conditional_purchases(ahead, x, t_x, T, annual_discount_rate=self.annual_discount_rate)
        each = spend.expected_spend(x, summary["monetary_value"])
        alive = float(fit.p_alive(x, t_x, T).sum())
        value = margin * float((discounted * each).sum())
        total = float(expected.sum())
        return np.array([len(x), alive / len(x), total / alive, value / total])


@dataclass(frozen=True, eq=False)
class GrowthResult(Result):
    """Growth of value, split into factors without a remainder.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> growth = ValueGrowth(samples=20).analyze(tables["orders"], "1997-12-31", tables.as_of)

    Attributes:
        spec: What was asked.
        ends: Customers, P(alive), purchases, value of a purchase: at the earlier and the later date.
        draws: Log-growth of each in bootstrap samples of customers, shape (samples, 4).
        dates: The two dates.
        problem: Why the model is not identified at one of them, or ``None``.
        old_base: Whether many customers are older than the records, so that some counted as won were there before.
    """

    spec: ValueGrowth
    ends: tuple[Floats, Floats]
    draws: Floats
    dates: tuple[str, str]
    problem: Message | None
    old_base: bool = False

    name = "value_growth"
    formats: ClassVar = {
        **dict.fromkeys(("earlier", "later"), ",.3f"),
        **dict.fromkeys(("growth", "lo", "hi"), "+.1%"),
        "currency": "+,.0f",
    }

    @property
    def growth(self) -> float:
        """Later over earlier value, minus one.

        >>> round(growth.growth, 3)
        -0.069
        """
        return float(np.prod(self.ends[1]) / np.prod(self.ends[0]) - 1)

    @property
    def target_pvalue(self) -> float:
        """One-sided p-value against growth of at most the target: small where the value grew by more.

        >>> growth.target_pvalue > 0.5
        True
        """
        above = float(np.log1p(self.growth) - np.log1p(self.spec.target))
        return float(ndtr(-above / max(float(self.draws.sum(axis=1).std(ddof=1)), 1e-12)))

    def to_frame(self) -> pd.DataFrame:
        """The parts and the total; nothing where no value can be stated.

        >>> growth.to_frame()["part"].tolist()
        ['base', 'survival', 'frequency', 'margin', 'value']
        """
        return self._parts() if self.problem is None else self._parts().iloc[:0]

    def _parts(self) -> pd.DataFrame:
        """One row a part, then the total: both dates, growth with a 90 % interval, currency of it.

        The difference in currency is shared out in proportion to the logarithms of the growth factors.
        """
        then, now = (np.append(end, np.prod(end)) for end in self.ends)
        logs = np.log(now / then)
        spread = np.append(self.draws.std(axis=0), self.draws.sum(axis=1).std())
        half = z_value(0.9) * spread
        whole = logs[-1] if abs(logs[-1]) > 1e-12 else 1.0
        return pd.DataFrame(
            {
                "part": [*PARTS, "value"],
                "earlier": then,
                "later": now,
                "growth": np.expm1(logs),
                "lo": np.expm1(logs - half),
                "hi": np.expm1(logs + half),
                "currency": (now[-1] - then[-1]) * logs / whole,
            }
        )

    def refusal(self) -> Message | None:
        """A sentence if the model is not identified, else ``None``.

        >>> growth.refusal() is None
        True
        """
        return self.problem

    def readout(self) -> Readout:
        """Growth, its interval, and the factor that moved it most.

        >>> print(growth.readout().finding)
        From 1997-12-31 to 1998-06-30 the base's value went from 73,126 to 68,083 USD, -6.9% ...
        """
        if self.problem is not None:
            return Readout("clv.growth.refused", self.problem, "clv.value.refused_action")
        table = self.to_frame().set_index("part")
        total, parts = table.loc["value"], table.drop(index="value")
        most = str(parts["currency"].abs().idxmax())
        values = {
            **total,
            "then": total["earlier"],
            "now": total["later"],
            "earlier": self.dates[0],
            "later": self.dates[1],
            "currency": self.spec.currency,
            "model": MODELS[self.spec.model].title,
            "part": _part_words(most),
            "share": parts.loc[most, "growth"],
            "amount": parts.loc[most, "currency"],
            "moved": float(parts["currency"].abs().max() / parts["currency"].abs().sum()),
        }
        said = Message(f"clv.growth.certainty{'_old' if self.old_base else ''}", values)
        target = {"said": said, "target": self._verdict()}
        sure = Message("clv.growth.certainty_target", target) if self.spec.target else said
        return Readout.of(
            "clv.growth", values, certainty=sure, action="action_most" if values["moved"] > 0.5 else "action"
        )

    def _verdict(self) -> Message:
        """Whether the target was reached, fallen short of, or neither can be told."""
        pvalue = self.target_pvalue
        key = "reached" if pvalue < _RARE else "short" if pvalue > 1 - _RARE else "open"
        return Message(f"clv.growth.target_{key}", {"target": self.spec.target, "pvalue": min(pvalue, 1 - pvalue)})

    def facts(self) -> tuple[Fact, ...]:
        """Growth of the value and of each part; p-value of the target.

        >>> {fact.id: fact.unit for fact in growth.facts()[:2]}
        {'clv.growth.base': 'share', 'clv.growth.survival': 'share'}
        """
        if self.problem is not None:
            return (Fact("clv.growth.value", _label({"part": "value"}), None, "share", refusal=self.problem),)
        label = Message("clv.growth.target_pvalue", {"target": self.spec.target})
        test = Fact("clv.growth.target_pvalue", label, self.target_pvalue, kind="estimate", n=int(self.ends[1][0]))
        growth = facts_of(
            self.to_frame(), "clv.growth.{part}", _label, "growth", "share", ends=("lo", "hi"), level=0.9,
            n=int(self.ends[1][0]),
            kind="estimate", window="/".join(self.dates), better="up",
        )  # fmt: skip
        return (*growth, test) if self.spec.target else growth


def _part_words(part: str) -> Message:
    return Message(f"clv.growth.{part}")


def _label(row: Mapping[str, Any]) -> Message:
    return Message("clv.growth.label", {"part": _part_words(row["part"])})
