"""Which share of a customer's purchases is on discount: each share drawn to the base as far as chance spreads it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_lab.arrays import Floats
from crm_lab.checks import check_settings, not_among, not_inside, not_levels, too_small
from crm_lab.data.workspace import Tables
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Kind, Readout, Result
from crm_lab.segmentation.personas.shopper_tags.price_shares.price_counts import WEIGHTS, By, PriceCounts, price_counts
from crm_lab.stats.bootstrap import percentile_interval
from crm_lab.stats.pooling.beta_binomial import BetaBinomial, fit_beta_binomial

TERCILES: Final = (1 / 3, 2 / 3)
_FAR: Final = 0.06  # distance of shares from the fitted curve that is worth a word


@dataclass(frozen=True, kw_only=True)
class PriceShare:
    """Settings of the price share.

    >>> rng = np.random.default_rng(1)
    >>> n = rng.integers(5, 60, 800)
    >>> orders = pd.DataFrame(
    ...     {"customer_id": range(800), "bought": n, "discounted": rng.binomial(n, rng.beta(3, 3, 800))}
    ... )
    >>> from crm_lab.segmentation.personas.shopper_tags.price_shares.price_counts import price_counts_of_orders
    >>> found = PriceShare().analyze(price_counts_of_orders(orders))
    >>> round(found.fit.a, 1), round(found.fit.b, 1)
    (2.9, 2.9)

    Attributes:
        by: Share of lines, of units or of money.
        cuts: Shares between low, middle and high; thirds of the true shares unless given.
        certainty: Chance above which a customer is told to be in a group.
        level: Confidence level.
        quantiles: Of the customers' shares to report.
        draws: Bootstrap samples of customers.
        seed: Of the samples.
    """

    by: By = "lines"
    cuts: tuple[float, float] | None = None
    certainty: float = 0.9
    level: float = 0.95
    quantiles: tuple[float, ...] = (0.05, 0.5, 0.95)
    draws: int = 400
    seed: int = 1

    def __post_init__(self) -> None:
        ordered = self.cuts is None or 0 < self.cuts[0] < self.cuts[1] < 1
        inside = 0.5 in self.quantiles and all(0 < q < 1 for q in self.quantiles)
        check_settings(
            self,
            not_among(self, by=WEIGHTS),
            not_inside(self, "level"),
            not_levels(self, "certainty"),
            too_small(self, draws=50),
            cuts=not ordered and "they must be two rising shares between 0 and 1",
            quantiles=not inside and "they lie between 0 and 1, and 0.5 is one of them",
        )

    def analyze(self, counts: PriceCounts | Tables) -> PriceShareResult:
        """Fit the distribution of true shares and place each customer in it.

        Lines of one order are on discount together more often than chance has it; their number is cut to the number of
        independent lines that would tell as much before anything is fitted.

        >>> found.groups().set_index("group")["customers"].sum()
        np.int64(800)

        Args:
            counts: What `price_counts` gives, or the tables as of a day.

        Returns:
            The distribution, and each customer's share with its interval and group; refused where the data cannot say.

        Raises:
            CannotAnswer: If no named customer has a sale line.
        """
        counts = counts if isinstance(counts, PriceCounts) else price_counts(counts, self.by)
        rho = counts.sums.correlation()
        n = np.round(counts.sums.effective(rho), 1)
        k = np.round(counts.sums.share * n, 1)
        fit = fit_beta_binomial(k, n)
        why = _why_not(len(n), k, n, fit, self.level)
        raw = self._raw_quantiles(counts.sums.share)
        if why:
            nothing = np.full((3, len(self.quantiles)), math.nan)
            return PriceShareResult(self, counts, rho, n, fit, raw, nothing, (math.nan, math.nan), None, why)
        low, high = fit.quantile(TERCILES).tolist() if self.cuts is None else self.cuts
        true = self._true_quantiles(fit, k, n)
        return PriceShareResult(
            self, counts, rho, n, fit, raw, true, (low, high), self._placed(fit, k, n, low, high), ""
        )

    def _raw_quantiles(self, shares: Floats) -> Floats:
        """Quantiles of the shares as they are and the ends of their intervals, shape (3, q)."""
        rng = np.random.default_rng(self.seed)
        m = len(shares)
        drawn = [np.quantile(shares[rng.integers(0, m, m)], self.quantiles) for _ in range(min(self.draws, 200))]
        ends = [percentile_interval(column, self.level) for column in np.array(drawn).T]
        return np.vstack([np.quantile(shares, self.quantiles), np.array(ends).T])

    def _true_quantiles(self, fit: BetaBinomial, k: Floats, n: Floats) -> Floats:
        rng = np.random.default_rng(self.seed)
        drawn = [stats.beta.ppf(self.quantiles, a, b) for a, b in fit.resampled(k, n, self.draws, rng)]
        ends = [percentile_interval(column, self.level) for column in np.array(drawn).T]
        return np.vstack([fit.quantile(self.quantiles), np.array(ends).T])

    def _placed(self, fit: BetaBinomial, k: Floats, n: Floats, low: float, high: float) -> pd.DataFrame:
        """Each customer's posterior: mean, interval, chances of the groups and the group that is sure enough."""
        pairs, which = np.unique(k + 1j * n, return_inverse=True)
        a, b = fit.posterior(pairs.real, pairs.imag)
        tail = (1 - self.level) / 2
        below, above = stats.beta.cdf(low, a, b), stats.beta.sf(high, a, b)
        chances = np.column_stack([below, 1 - below - above, above])
        group = np.where(chances.max(axis=1) > self.certainty, chances.argmax(axis=1), 3)
        placed = {
            "share": a / (a + b), "lo": stats.beta.ppf(tail, a, b), "hi": stats.beta.isf(tail, a, b),
            "p_low": below, "p_high": above, "group": np.array(["low", "middle", "high", "not_told"])[group],
        }  # fmt: skip
        return pd.DataFrame({name: np.asarray(values)[which] for name, values in placed.items()})


def _why_not(customers: int, k: Floats, n: Floats, fit: BetaBinomial, level: float) -> str:
    """Which refusal holds; empty where none does."""
    if customers < FEWEST:
        return "few"
    if not k.any():
        return "none"
    if (k == n).all():
        return "all"
    differ = fit.converged and fit.pvalue < 1 - level
    return "" if differ else "alike"


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
    formats: ClassVar[dict[str, str]] = {
        "quantile": ".0%",
        **dict.fromkeys(
            ("raw_share", "raw_share_lo", "raw_share_hi", "true_share", "lo", "hi", "share", "of_customers"), ".1%"
        ),
    }

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
        placed: Any = [] if self.placed is None else self.placed["group"]
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
        certainty = "price_certainty" if self.follows_curve() else "price_certainty_curve"
        return Readout.of("persona_tags", self._values(), "price_finding", certainty, "price_action")

    def follows_curve(self) -> bool:
        """Whether the shares look like draws from the one-humped curve that was fitted.

        >>> found.follows_curve()
        True

        Returns:
            False where the distance (Kolmogorov-Smirnov) is above .06 and above what chance gives once in a thousand.
        """
        n = self.effective
        far, usual = self.fit.distance(self.counts.sums.share * n, n, np.random.default_rng(self.spec.seed))
        return far <= max(_FAR, usual)

    def facts(self) -> tuple[Fact, ...]:
        """Quantiles of true shares, the raw median, and how many are told to be low or high.

        >>> [fact.id for fact in found.facts()][:2]
        ['price_share.raw_median', 'price_share.true_q05']
        """
        simulated: Kind = "simulated" if self.counts.simulated else "estimate"
        values, n, level = self._values(), len(self.counts), self.spec.level
        shared: dict[str, Any] = {"kind": simulated, "n": n}
        median, lo, hi = (float(x) for x in self.raw[:, self._middle])
        label = Message("persona_tags.fact_raw", values)
        facts = [Fact("price_share.raw_median", label, median, "share", ci=Interval(lo, hi, level), **shared)]
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
