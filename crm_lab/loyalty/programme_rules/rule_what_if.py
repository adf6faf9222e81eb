"""What changed rules would do to profit and liability, on members' own orders, behaviour unchanged or as assumed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Booleans, Floats
from crm_lab.calendar import day_date
from crm_lab.checks import check_settings, not_inside, not_shares, too_small
from crm_lab.fact_rows import facts_of
from crm_lab.loyalty.programme_rules.member_record import MemberRecord, member_record
from crm_lab.loyalty.programme_rules.member_replay import Replay, occasions_of, replay
from crm_lab.loyalty.programme_rules.rule_set import PointsRules
from crm_lab.loyalty.tier_economics.tier_records import Day
from crm_lab.messages import Message, catalogue, in_words
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Kind, Readout, TableResult
from crm_lab.stats.bootstrap import copies, percentile_interval

AS_IT_IS = "as_it_is"
_PARTS = ("issued", "redeemed", "expired", "outstanding", "reward_cost", "perk_cost", "spend")
_SHOWN = (
    "rule", "response", "redeemed", "reward_cost", "perk_cost", "profit_change", "profit_change_lo", "profit_change_hi",
    "liability_change", "liability_change_lo", "liability_change_hi", "moved_up", "moved_down", "spend_needed",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RuleWhatIf:
    """Which rules are compared, and what is assumed of members.

    >>> base = PointsRules(rate=1.0, expiry_months=12)
    >>> spec = RuleWhatIf(base=base, rules={"dearer": PointsRules(price_factor=1.5)}, margin_share=0.4)
    >>> spec.responses
    (0.0,)

    Attributes:
        base: The rules that members lived under; their replay must give the ledger.
        rules: Name -> other rules.
        margin_share: Margin by spend.
        tiers: Names of the tiers, lowest first.
        responses: Elasticities of spend: by so many per cent spend rises if points are worth one per cent more. 0, that
            behaviour does not change, is always among them.
        redemption_share: What of outstanding points will be redeemed; unless given, the share of those redeemed or
            expired that was redeemed.
        most_missed: Most that the replay may miss the ledger by, as a share of the points issued.
        plays: Replays over which chance is averaged.
        draws: Bootstrap samples of members.
        seed: Of both.
        level: Confidence level.
        currency: ISO code.
        assumed: Which of the settings are examples and not the retailer's.
    """

    base: PointsRules
    rules: Mapping[str, PointsRules]
    margin_share: float
    tiers: Sequence[str] = ("all",)
    responses: Sequence[float] = (0.0,)
    redemption_share: float | None = None
    most_missed: float = 0.02
    plays: int = 3
    draws: int = 300
    seed: int = 0
    level: float = 0.95
    currency: str = ""
    assumed: Sequence[str] = ()

    def __post_init__(self) -> None:
        everything = {AS_IT_IS: self.base, **self.rules}
        odd = sorted(
            {tier for r in everything.values() for tier in (*r.earns, *r.thresholds, *r.perks)} - set(self.tiers)
        )
        share = () if self.redemption_share is None else ("redemption_share",)
        check_settings(
            self,
            not_inside(self, "level", "most_missed"),
            not_shares(self, "margin_share", *share),
            too_small(self, draws=20, plays=1),
            rules=AS_IT_IS in self.rules and f"{AS_IT_IS} is the name of the rules lived under",
            tiers=odd and f"rules name {', '.join(odd)}, which are not among them",
            responses=any(not math.isfinite(r) or r < 0 for r in self.responses) and "elasticities are 0 or more",
        )

    def analyze(
        self,
        orders: pd.DataFrame,
        rewards: pd.DataFrame,
        tier_history: pd.DataFrame | None = None,
        *,
        as_of: Day,
        amount: str = "net_amount",
        simulated: bool = False,
    ) -> RuleWhatIfResult:
        """Play the members' own orders and redemptions through each set of rules.

        Args:
            orders: ``order_id`` and an amount.
            rewards: The ledger of points: ``customer_id, date, kind, points, order_id, cost_amount``.
            tier_history: ``customer_id, tier, since, qualifying_amount``.
            as_of: Last day.
            amount: Column of the orders.
            simulated: Whether any of it is simulated.

        Returns:
            One row a set of rules and elasticity, with intervals of the change against the rules lived under.

        Raises:
            BadInput: If columns are missing.
            CannotAnswer: If nothing was issued.
        """
        record = member_record(orders, rewards, tier_history, self.tiers, as_of, amount)
        if not record.ledger["issued"] > 0:
            raise cannot_answer("no_points_issued")
        own, possible = replay(record, self.base, self.base, None)
        missed = _missed(record, own)
        if max(missed.values()) > self.most_missed:
            return RuleWhatIfResult(pd.DataFrame(), self, missed, record.members, record.end, simulated)
        if record.ledger["redeemed"] > 0 and not (rewards["cost_amount"] > 0).fillna(value=False).any():
            free = RuleWhatIfResult(pd.DataFrame(), self, missed, record.members, record.end, simulated)
            return replace(free, costed=False)
        played = self._play(record, possible)
        weights = copies(record.members, self.draws, self.seed).astype(float)
        weights = np.vstack([np.ones(record.members), weights])
        start = self._money(played[AS_IT_IS, 0.0], weights)
        rows = [self._row(key, parts, start, weights, played[AS_IT_IS, 0.0]) for key, parts in played.items()]
        return RuleWhatIfResult(pd.DataFrame(rows), self, missed, record.members, record.end, simulated)

    def _play(self, record: MemberRecord, possible: Booleans) -> dict[tuple[str, float], Replay]:
        """Each set of rules and elasticity, chance averaged."""
        chances = [occasions_of(record, possible, np.random.default_rng([self.seed, k])) for k in range(self.plays)]

        def play(rules: PointsRules, factor: float) -> Replay:
            return _mean([replay(record, rules, self.base, chance, factor)[0] for chance in chances])

        played = {(AS_IT_IS, 0.0): play(self.base, 1.0)}
        worth = played[AS_IT_IS, 0.0].issued.sum() / self.base.price_factor
        for name, rules in self.rules.items():
            plain = play(rules, 1.0)
            played[name, 0.0] = plain
            times = plain.issued.sum() / rules.price_factor / worth
            for response in sorted({r for r in self.responses if r > 0}):
                played[name, response] = play(rules, times**response)
        return played

    def _money(self, parts: Replay, weights: Floats) -> dict[str, Floats]:
        """Margin, liability and profit with each set of weights of the members, shape (draws,)."""
        sums = {name: weights @ getattr(parts, name) for name in _PARTS}
        over = sums["redeemed"] + sums["expired"]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(over > 0, sums["redeemed"] / over, 1.0)
            point = np.where(sums["redeemed"] > 0, sums["reward_cost"] / sums["redeemed"], 0.0)
        if self.redemption_share is not None:
            share = np.full(len(weights), self.redemption_share)
        liability = sums["outstanding"] * share * point
        margin = self.margin_share * sums["spend"]
        profit = margin - sums["reward_cost"] - sums["perk_cost"] - liability
        return sums | {"liability": liability, "margin": margin, "profit": profit}

    def _row(
        self, key: tuple[str, float], parts: Replay, start: dict[str, Floats], weights: Floats, base: Replay
    ) -> dict[str, Any]:
        money = self._money(parts, weights)
        row: dict[str, Any] = {"rule": key[0], "response": key[1]}
        row |= {name: float(money[name][0]) for name in (*_PARTS, "liability", "margin", "profit")}
        for name in ("profit", "liability"):
            change = money[name] - start[name]
            row[f"{name}_change"] = float(change[0])
            row[f"{name}_change_lo"], row[f"{name}_change_hi"] = percentile_interval(change[1:], self.level)
        row["moved_up"] = int((parts.tier > base.tier).sum())
        row["moved_down"] = int((parts.tier < base.tier).sum())
        profit = row["profit"]
        row["spend_needed"] = (start["profit"][0] - profit) / profit if profit > 0 else math.nan
        return row


def _mean(parts: Sequence[Replay]) -> Replay:
    """The mean of replays, member by member; tiers do not hang on chance."""
    means = {name: np.mean([getattr(p, name) for p in parts], axis=0) for name in _PARTS}
    return Replay(**means, tier=parts[0].tier)


def _missed(record: MemberRecord, own: Replay) -> dict[str, float]:
    """By how much the replay misses the ledger, as shares of the points issued."""
    issued = record.ledger["issued"]
    return {name: abs(float(getattr(own, name).sum()) - total) / issued for name, total in record.ledger.items()}


@dataclass(frozen=True, eq=False)
class RuleWhatIfResult(TableResult):
    """What rules would do.

    Attributes:
        frame: One row a set of rules and elasticity of spend: points ``issued, redeemed, expired, outstanding`` (of the
            whole ledger), ``reward_cost, perk_cost, spend, liability, margin``, ``profit`` (margin less rewards, perks
            and what is owed), changes against the rules lived under with their intervals, members ``moved_up`` and
            ``moved_down``, and ``spend_needed``: by how much spend would have to rise for the same profit.
        spec: What was compared.
        missed: By how much the replay under the rules lived under misses the ledger, as shares of the points issued.
        members: Members in all.
        end: Last day.
        simulated: Whether any of it is simulated.
        costed: Whether any redemption has a cost.
    """

    frame: pd.DataFrame
    spec: RuleWhatIf
    missed: dict[str, float] = field(default_factory=dict)
    members: int = 0
    end: int = 0
    simulated: bool = False
    costed: bool = True

    name: ClassVar[str] = "rule_what_if"
    formats: ClassVar[dict[str, str]] = {
        **dict.fromkeys((*_PARTS, "liability", "margin", "profit"), ",.0f"),
        **{f"{name}_change{end}": "+,.0f" for name in ("profit", "liability") for end in ("", "_lo", "_hi")},
        "moved_up": ",.0f", "moved_down": ",.0f", "spend_needed": "+.2%", "response": ".2f",
    }  # fmt: skip

    def shown(self) -> pd.DataFrame:
        """What changes under each set of rules, the rules lived under named in words."""
        frame = self.to_frame()
        if frame.empty:
            return frame
        return frame[list(_SHOWN)].assign(rule=[in_words(_named(rule)) for rule in frame["rule"]])

    @property
    def worst(self) -> tuple[str, float]:
        """What the replay misses most, and by how much."""
        name = max(self.missed, key=lambda part: self.missed[part])
        return name, self.missed[name]

    def refusal(self) -> Message | None:
        """Said where the replay does not give the ledger, or where rewards have no cost."""
        name, share = self.worst
        if share <= self.spec.most_missed:
            return None if self.costed else Message("programme_rules.refused_free")
        values = {"part": Message(f"programme_rules.part_{name}"), "missed": share, "most": self.spec.most_missed}
        return Message("programme_rules.refused", values)

    def readout(self) -> Readout:
        """Which rules bring most if behaviour does not change, under which assumption, and what to do."""
        why = self.refusal()
        if why is not None:
            kind = "refused" if self.costed else "free"
            return Readout.of("programme_rules", {}, why, f"certainty_{kind}", f"action_{kind}")
        rows = self.frame[(self.frame["response"] == 0) & (self.frame["rule"] != AS_IT_IS)]
        best = rows.iloc[int(rows["profit_change"].to_numpy().argmax())]
        values = {
            "rule": _named(best["rule"]), "change": best["profit_change"], "lo": best["profit_change_lo"],
            "hi": best["profit_change_hi"], "level": self.spec.level, "needed": abs(best["spend_needed"]),
            "liability": best["liability_change"], "currency": f"{self.spec.currency} ".lstrip(), "n": len(rows),
            "as_of": str(day_date(self.end)), "missed": self.worst[1], "members": self.members,
            "assumed": ", ".join(self.spec.assumed),
        }  # fmt: skip
        gains = best["profit_change_lo"] > 0
        action = "action_terms" if self.spec.assumed else "action_gain" if gains else "action_none"
        return Readout.of("programme_rules", values, "finding_gain" if gains else "finding_none", "certainty", action)

    def facts(self) -> tuple[Fact, ...]:
        """Changes of profit and liability by rules if behaviour does not change, and what the replay misses."""
        kind: Kind = "simulated" if self.simulated else "forecast"
        missed = Fact("rules.missed", Message("programme_rules.fact_missed"), self.worst[1], "share", better="down")
        if self.refusal() is not None:
            return (missed,)
        rows = self.frame[(self.frame["response"] == 0) & (self.frame["rule"] != AS_IT_IS)]
        of = partial(facts_of, rows, level=self.spec.level, n=self.members, kind=kind)
        money = self.spec.currency
        return (
            missed,
            *of("rules.{rule}.profit_change", "programme_rules.fact_profit", "profit_change", money,
                ends=("profit_change_lo", "profit_change_hi"), better="up"),
            *of("rules.{rule}.liability_change", "programme_rules.fact_liability", "liability_change", money,
                ends=("liability_change_lo", "liability_change_hi")),
            *of("rules.{rule}.spend_needed", "programme_rules.fact_needed", "spend_needed", "share"),
        )  # fmt: skip


def _named(rule: str) -> Message | str:
    """A rule in words, where the lab has any for its name."""
    key = f"programme_rules.rule_{rule}"
    return Message(key) if key in catalogue("en") else rule
