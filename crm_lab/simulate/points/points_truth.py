"""What is true of points and tiers: what becomes of each month's points, what is owed, what a tier truly brings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput
from crm_lab.simulate.scenario.scenario import Scenario

_COUNTS = ("points", "reversed", "taken", "redeemed", "redeemed_later", "expired", "reversed_later")


@dataclass(frozen=True)
class PointsTruth:
    """What became of all points by the last day of the last lot, and what would have been without tiers.

    >>> from crm_lab.simulate import make_retailer, open_key
    >>> truth = open_key(make_retailer("points", n_customers=400)).points_truth()

    Attributes:
        scenario: The planted parameters: rates, prices, costs, the effects of tiers and of a near reward.
        members: A row a member: ``redeems``, ``readiness`` (chance at an order), ``reward`` saved for, ``sorter``
            (tops up before the sorted tier's threshold), ``would_leave`` (after a near miss).
        lots: A row a lot issued in the window: ``customer_id``, ``issued_on``, ``expires_on``, ``kind``, ``tier`` at
            issue, ``points``, and where they went: ``reversed``, ``redeemed`` and ``taken`` (corrections, transfers
            out) in the window, ``reversed_later``, ``redeemed_later`` after it, ``expired``. They add up.
        years: A row a member and calendar year: ``tier``, ``counted`` (net spend that counts towards the next tier),
            ``spend`` and ``margin``, the same ``_without`` tiers, ``rewards_cost``, ``points_issued``, ``months``
            (that perks and service were paid for), ``topped_up``, ``left_after_miss``.
        thresholds: A row a member and year near a tier's threshold: ``tier``, ``qualifying_amount`` of the year before,
            spend of the year ``spend_below`` and ``spend_above`` it, all else equal.
        mismatches: Events that the other system has wrong: ``missing``, ``other_points`` or ``late``; ``change`` is by
            how many points.
    """

    scenario: Scenario
    members: pd.DataFrame
    lots: pd.DataFrame
    years: pd.DataFrame
    thresholds: pd.DataFrame
    mismatches: pd.DataFrame

    def redemption(self, by: str | None = None) -> pd.DataFrame:
        """Ultimate redemption rate and breakage: in all, or by ``month`` of issue, ``tier`` at issue or ``kind``.

        Issued are points net of those that goods coming back or corrections take; each is redeemed or expires.

        >>> truth.redemption().columns.tolist()
        ['issued', 'redeemed', 'redeemed_later', 'expired', 'ultimate_rate', 'breakage']

        Args:
            by: How to split it.

        Returns:
            One row per group; ``redeemed`` by the window's end, ``redeemed_later`` after it.

        Raises:
            BadInput: If lots cannot be split by that.
        """
        lots = self.lots.assign(month=self.lots["issued_on"].dt.to_period("M").dt.to_timestamp())
        if by is not None and by not in {"month", "tier", "kind"}:
            raise BadInput(f"by is {by!r}; lots are split by month, tier or kind.")
        keys = np.zeros(len(lots), dtype=np.int64) if by is None else lots[by]
        sums = lots.groupby(keys)[list(_COUNTS)].sum()
        issued = sums["points"] - sums["reversed"] - sums["reversed_later"] - sums["taken"]
        out = sums[["redeemed", "redeemed_later", "expired"]].copy()
        out.insert(0, "issued", issued)
        out["ultimate_rate"] = (out["redeemed"] + out["redeemed_later"]) / issued
        out["breakage"] = out["expired"] / issued
        return out

    def liability(self) -> pd.Series:
        """What is owed on the window's last day, and what of it will be redeemed at which cost.

        >>> owed = truth.liability()
        >>> bool(owed["outstanding"] == owed["will_be_redeemed"] + owed["will_expire"] + owed["will_be_reversed"])
        True

        Returns:
            ``outstanding`` points, active and pending; of them ``will_be_redeemed``, ``will_expire``,
            ``will_be_reversed``; ``cost``: what the rewards they go into cost; ``cost_per_point`` of those.
        """
        lots = self.lots.merge(self.members[["customer_id", "reward"]], on="customer_id", validate="m:1")
        left = lots["expired"].where(lots["expires_on"] >= pd.Timestamp(self.scenario.last_date), 0)
        redeemed = lots["redeemed_later"]
        cost = float((redeemed * lots["reward"].map(self.cost_per_point())).sum())
        parts = {
            "outstanding": left.sum() + redeemed.sum() + lots["reversed_later"].sum(),
            "will_be_redeemed": redeemed.sum(),
            "will_expire": left.sum(),
            "will_be_reversed": lots["reversed_later"].sum(),
            "cost": cost,
            "cost_per_point": cost / redeemed.sum() if redeemed.sum() else np.nan,
        }
        return pd.Series(parts)

    def cost_per_point(self) -> pd.Series:
        """Cost of a point by the reward that it goes into, at the prices of the window's end.

        >>> truth.cost_per_point().round(4).to_dict()
        {'coffee': 0.012, 'voucher': 0.02, 'gift': 0.0225}
        """
        given = self.scenario.points
        factor = given.price_factor if given.rule_change else 1.0
        return pd.Series({name: given.reward_costs[name] / (price * factor) for name, price in given.rewards.items()})

    def at_threshold(self, tier: str, within: float = 0.1) -> pd.Series:
        """What being in a tier rather than just below it does to the spend of the year, of members near its threshold.

        >>> bool(truth.at_threshold("silver")["effect"] > 0)
        True

        Args:
            tier: Any but the lowest.
            within: Distance from the threshold, as a share of it; .2 at most.

        Returns:
            Mean ``spend_below``, ``spend_above``, ``effect``, and ``n`` members and years.

        Raises:
            BadInput: If there is no such threshold.
        """
        names, cuts = self.scenario.tiers.names, self.scenario.tiers.thresholds
        if tier not in names[1:]:
            raise BadInput(f"tier is {tier!r}; it must be one of {', '.join(names[1:])}.")
        cut = cuts[names.index(tier) - 1]
        rows = self.thresholds[self.thresholds["tier"] == tier]
        rows = rows[(rows["qualifying_amount"] - cut).abs() <= within * cut]
        below, above = rows["spend_below"].mean(), rows["spend_above"].mean()
        return pd.Series({"spend_below": below, "spend_above": above, "effect": above - below, "n": len(rows)})

    def tier_profit(self) -> pd.DataFrame:
        """What each tier brings: its members' margin less rewards, perks and service, and what tiers truly added.

        ``margin_caused`` is margin with tiers less margin of the same members without them; ``profit_caused`` takes
        perks and service off that, ``profit`` takes all costs off all margin, as a ledger would.

        >>> truth.tier_profit().index.tolist()
        ['basic', 'silver', 'gold']

        Returns:
            One row per tier, over the whole window, in currency; ``member_years`` counts members with any day in it.
        """
        given, names = self.scenario.points, list(self.scenario.tiers.names)
        years = self.years.assign(margin_caused=self.years["margin"] - self.years["margin_without"])
        sums = ["spend", "margin", "margin_caused", "rewards_cost", "months"]
        out = years.groupby("tier")[sums].sum().reindex(names, fill_value=0)
        out.insert(0, "member_years", years.groupby("tier").size().reindex(names, fill_value=0))
        for name in ("perks", "service"):
            out[name] = [getattr(given, name).get(tier, 0.0) * out.loc[tier, "months"] for tier in names]
        out["profit"] = out["margin"] - out["rewards_cost"] - out["perks"] - out["service"]
        out["profit_caused"] = out["margin_caused"] - out["perks"] - out["service"]
        return out.round(2)

    def planted(self) -> pd.Series:
        """The planted behaviour: how much the purchase rate rises by what.

        >>> float(truth.planted()["near_reward"])
        0.4
        """
        given = self.scenario.points
        effects = {f"tier_{tier}": effect for tier, effect in given.tier_orders.items()}
        return pd.Series({**effects, "near_reward": given.pressure, "after_reward": given.after})

    def topped_up(self) -> pd.DataFrame:
        """Who topped up before the sorted tier's threshold at which year's end.

        >>> truth.topped_up().columns.tolist()
        ['customer_id', 'year']
        """
        return self.years.loc[self.years["topped_up"], ["customer_id", "year"]].reset_index(drop=True)
