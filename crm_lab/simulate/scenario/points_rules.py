"""Settings of a points programme for everybody, and of the invitations that bring new members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from crm_lab.checks import negative, not_positive, not_shares


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsSettings:
    """A points programme that every customer is in from the window's first day, with tiers by calendar year.

    Tiers are those of the section `tiers`: net spend of a calendar year sets the tier of the next one.

    Attributes:
        on: Whether there is one.
        rate: Points per currency unit of net spend in the lowest tier.
        expiry_months: Points can be redeemed to the end of the month so many months after that of their issue.
        pending_days: Points of online orders are pending for so many days; those of store orders are active at once.
        rewards: Reward -> its price in points.
        reward_costs: Reward -> what one costs the retailer.
        reward_shares: Reward -> relative frequency of members who save for it.
        never: Share of members who never redeem.
        readiness: Mean chance that another member redeems at an order where that is possible.
        pressure: Relative rise of the purchase rate while the next reward is near, of members who redeem.
        pressure_points: Near is so many points or fewer to go, pending ones counted as there.
        after: Relative rise of the purchase rate after a redemption ...
        after_days: ... for so many days.
        tier_orders: Tier -> relative effect of being in it on the purchase rate.
        earns: Tier -> factor of the points earned.
        perks: Tier -> cost of perks per member and month.
        service: Tier -> cost of service per member and month.
        sorted_tier: The tier before whose threshold some members top up at the year's end; empty for none.
        sorters: Share of members who do.
        sorting_gap: ... if so much spend or less is missing.
        missed_by: Near misses are members below the sorted tier's threshold by so much spend or less.
        missed_leave: Share of near misses who leave for good.
        adjustments: Share of members with one manual adjustment.
        transfers: Share of members who give points to another once.
        mismatches: Share of events that the other system has wrong or not at all.
        rule_change: Day of the window from which rewards have another price or are harder to have; 0 for never.
        price_factor: Factor of all rewards' prices from then on.
        readiness_factor: Factor of everybody's chance to redeem from then on.
    """

    on: bool = False
    rate: float = 1.0
    expiry_months: int = 12
    pending_days: int = 14
    rewards: dict[str, int] = field(default_factory=lambda: {"voucher": 200})
    reward_costs: dict[str, float] = field(default_factory=lambda: {"voucher": 4.0})
    reward_shares: dict[str, float] = field(default_factory=lambda: {"voucher": 1.0})
    never: float = 0.1
    readiness: float = 0.6
    pressure: float = 0.0
    pressure_points: int = 50
    after: float = 0.0
    after_days: int = 30
    tier_orders: dict[str, float] = field(default_factory=dict)
    earns: dict[str, float] = field(default_factory=dict)
    perks: dict[str, float] = field(default_factory=dict)
    service: dict[str, float] = field(default_factory=dict)
    sorted_tier: str = ""
    sorters: float = 0.0
    sorting_gap: float = 0.0
    missed_by: float = 0.0
    missed_leave: float = 0.0
    adjustments: float = 0.0
    transfers: float = 0.0
    mismatches: float = 0.0
    rule_change: int = 0
    price_factor: float = 1.0
    readiness_factor: float = 1.0

    @property
    def tail_days(self) -> int:
        """Days after the window's end until its last points have expired."""
        return 31 * (self.expiry_months + 2)

    @property
    def extra_rates(self) -> tuple[float, float, float]:
        """The most that tiers, a near reward and a reward received add to the purchase rate."""
        return max(0.0, *self.tier_orders.values(), 0.0), self.pressure, self.after

    def unlike(self, tiers: tuple[str, ...]) -> Iterator[str]:
        """Where the section names other tiers than there are, one sentence each."""
        for name in ("tier_orders", "earns", "perks", "service"):
            given = set(getattr(self, name))
            if given and given != set(tiers):
                yield f"points: {name} is given for {', '.join(sorted(given))}; the tiers are {', '.join(tiers)}."
        if self.sorted_tier and self.sorted_tier not in tiers[1:]:
            yield f"points: sorted_tier is {self.sorted_tier}; it must be one of {', '.join(tiers[1:])}."

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        yield from not_shares(
            self, "never", "readiness", "sorters", "missed_leave", "adjustments", "transfers", "mismatches"
        )
        yield from not_positive(self, "rate", "expiry_months", "after_days", "price_factor", "readiness_factor")
        yield from negative(
            self, "pending_days", "pressure", "pressure_points", "after", "sorting_gap", "missed_by", "rule_change"
        )
        if not self.rule_change and (self.price_factor, self.readiness_factor) != (1.0, 1.0):
            yield "price_factor or readiness_factor is set, but rule_change is 0; set the day from which it holds."
        if not set(self.rewards) == set(self.reward_costs) == set(self.reward_shares):
            yield "rewards, reward_costs and reward_shares must name the same rewards."
        if not self.rewards or min(self.rewards.values()) < 1:
            yield f"rewards is {self.rewards}; it needs one or more, each for 1 point or more."
        for name in ("reward_costs", "reward_shares", "tier_orders", "earns", "perks", "service"):
            if min(getattr(self, name).values(), default=0) < 0:
                yield f"{name} is {getattr(self, name)}; no value may be negative."
        if not sum(self.reward_shares.values()) > 0:
            yield f"reward_shares is {self.reward_shares}; they must add up to more than 0."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralSettings:
    """Members who invite others, honestly or not.

    Attributes:
        on: Whether there are any.
        invitations: Mean invitations of a member in the first `days` of membership.
        days: Over how many days they are sent.
        converts: Chance that somebody invited by a member who came uninvited becomes a member.
        decay: Factor of that chance with each link of the chain.
        lag: Mean days from invitation to first purchase, beyond the first.
        value: Relative effect of having been invited on the purchase rate.
        age_rates: Factor of the purchase rate of each age band; those invited are of the inviter's age and city.
        reward: What an inviter gets for a new member.
        reward_after: ... so many days after the first purchase.
        household: Share of honest new members who live with their inviter.
        households: Share of members who share a home with another without any invitation.
        reserve: Share of places in a block of members kept for those invited.
        self_referrals: Schemes of second accounts per 1,000 members.
        rings: Rings of accounts per 1,000 members.
        bursts: Bursts of accounts per 1,000 members.
        returners: New members who return everything after the reward, per 1,000 members.
    """

    on: bool = False
    invitations: float = 0.0
    days: int = 180
    converts: float = 0.0
    decay: float = 1.0
    lag: float = 10.0
    value: float = 0.0
    age_rates: tuple[float, ...] = (1.0,) * 6
    reward: float = 10.0
    reward_after: int = 14
    household: float = 0.0
    households: float = 0.0
    reserve: float = 0.35
    self_referrals: float = 0.0
    rings: float = 0.0
    bursts: float = 0.0
    returners: float = 0.0

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        yield from not_shares(self, "converts", "decay", "household", "households", "reserve")
        yield from not_positive(self, "days", "lag")
        yield from negative(
            self, "invitations", "value", "reward", "reward_after", "self_referrals", "rings", "bursts", "returners"
        )
        if len(self.age_rates) != 6 or not min(self.age_rates) > 0:
            yield f"age_rates has {len(self.age_rates)} numbers; it must have 6, all above 0."
        if self.invitations * self.converts >= 1:
            yield (
                f"invitations {self.invitations} times converts {self.converts} is 1 or more; "
                "members would multiply without end."
            )
