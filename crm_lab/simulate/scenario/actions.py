"""What is done to customers and to the records: further settings of a scenario."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from crm_lab.checks import negative, not_positive, not_shares

DIRT_KINDS = ("duplicate", "null_customer", "wrong_unit", "orphan_product", "clock_skew")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeSettings:
    """A loyalty programme tested on members drawn by lot.

    Attributes:
        on: Whether there is one.
        start: Day of the window on which the test starts.
        days: How long it runs.
        treatment: Share of members offered the programme.
        recent_days: Members with an order in so many days before the start take part.
        late_joiners: Whether customers who first buy during the test are drawn in as they come.
        take_up: Chance that an average member who is offered it enrols.
        selection: How much more the frequent enrol: log-odds per standard deviation of log purchase rate.
        enrol_lag: Mean days from offer to enrolment.
        orders: Tier -> relative effect of being enrolled on the number of orders.
        spend: Tier -> relative effect on the value of an order.
        spread: Coefficient of variation of a member's own effect on orders around that of the tier.
        novelty: How much larger the effect on orders is at the launch; it fades over `novelty_days`.
        novelty_days: Mean life of the novelty.
        pull_forward: Share of the orders of the `pull_days` after the test that are made within it instead.
        pull_days: Days after the test from which orders are pulled.
        contamination: Share of control members who get the programme all the same.
        lost_records: Share of treatment members whose assignment record is lost (a sample-ratio mismatch).
        points: Points earned per currency unit of net spend.
        reward_points: Points of one reward.
        reward_value: What a reward is worth to the member and costs the retailer.
        redemption: Mean chance that a member who could redeem does so at an order.
        running_cost: Cost per enrolled member and month.
        setup_cost: Cost per member offered it, once.
    """

    on: bool = False
    start: int = 365
    days: int = 182
    treatment: float = 0.5
    recent_days: int = 365
    late_joiners: bool = True
    take_up: float = 0.6
    selection: float = 0.0
    enrol_lag: float = 10.0
    orders: dict[str, float] = field(default_factory=dict)
    spend: dict[str, float] = field(default_factory=dict)
    spread: float = 0.0
    novelty: float = 0.0
    novelty_days: float = 21.0
    pull_forward: float = 0.0
    pull_days: int = 28
    contamination: float = 0.0
    lost_records: float = 0.0
    points: float = 1.0
    reward_points: int = 100
    reward_value: float = 5.0
    redemption: float = 0.5
    running_cost: float = 0.0
    setup_cost: float = 0.0

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        shares = ("treatment", "take_up", "pull_forward", "contamination", "lost_records", "redemption")
        yield from not_shares(self, *shares)
        yield from not_positive(self, "days", "recent_days", "novelty_days", "pull_days", "reward_points", "enrol_lag")
        yield from negative(self, "start", "spread", "novelty", "points", "reward_value", "running_cost", "setup_cost")
        if min(self.orders.values(), default=0) <= -1:
            yield f"orders is {self.orders}; an effect below -1 would take away more orders than there are."
        if min(self.spend.values(), default=0) < 0:
            yield f"spend is {self.spend}; effects on the value of an order must be 0 or more."
        if self.on and not 0 < self.treatment < 1:
            yield f"treatment is {self.treatment}; a test needs both arms, so above 0 and below 1."
        if self.on and self.selection and self.take_up in {0, 1}:
            yield f"selection is {self.selection}, but take_up is {self.take_up}, so nobody chooses; set one of them."
        effects = [*self.orders.values(), *self.spend.values(), self.pull_forward, self.contamination]
        if not self.on and any(effects):
            yield "it has effects but on is false; set on = true or leave the effects out."


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """Messages to customers and what they do.

    Attributes:
        every: Days between two campaigns; 0 is none.
        channels: Channel -> cost of one message.
        reach: Mean share of known customers that a campaign is sent to; recent buyers get more.
        delivered: Share of messages that arrive.
        opened: Chance that a customer opens the first message; customers differ.
        fatigue: Relative fall of that chance with each message of the last 28 days.
        opt_out: Chance of opting out at a message, times messages of the last 28 days.
        effect: Chance that an opened message causes one extra order within `effect_days`.
        effect_days: How soon.
    """

    every: int = 0
    channels: dict[str, float] = field(default_factory=lambda: {"email": 0.01})
    reach: float = 0.4
    delivered: float = 0.97
    opened: float = 0.3
    fatigue: float = 0.0
    opt_out: float = 0.0
    effect: float = 0.0
    effect_days: int = 7

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        yield from not_shares(self, "reach", "delivered", "opened", "fatigue", "opt_out", "effect")
        yield from negative(self, "every")
        yield from not_positive(self, "effect_days")
        if not self.channels or min(self.channels.values()) < 0:
            yield f"channels is {self.channels}; name one or more, each with a cost of 0 or more."
        if self.effect and not self.every:
            yield f"effect is {self.effect}, but every is 0, so nothing is sent; set one of them."


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveOffer:
    """An offer to silent customers, with a hold-out drawn by lot.

    Attributes:
        on: Whether there is one.
        start: Day of the window on which it is sent.
        silent_days: Customers without an order for so many days are eligible ...
        silent_most: ... if they bought in so many days.
        treatment: Share of the eligible who get it; the others are the hold-out.
        effect: Mean chance that it causes one order of a customer who has not left.
        effect_lost: The same for customers who have left (won back).
        effect_days: How soon.
        cost: Cost of one offer.
    """

    on: bool = False
    start: int = 545
    silent_days: int = 60
    silent_most: int = 365
    treatment: float = 0.5
    effect: float = 0.0
    effect_lost: float = 0.0
    effect_days: int = 28
    cost: float = 0.5

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        yield from not_shares(self, "treatment", "effect", "effect_lost")
        yield from not_positive(self, "effect_days", "silent_days")
        yield from negative(self, "start", "cost")
        for name in ("effect", "effect_lost"):
            if getattr(self, name) > 0.5:
                yield f"{name} is {getattr(self, name)}; customers differ up to twofold, so it must be 0.5 or less."
        if self.silent_most <= self.silent_days:
            yield f"silent_most is {self.silent_most}, silent_days {self.silent_days}; they must rise."
        if self.on and not 0 < self.treatment < 1:
            yield f"treatment is {self.treatment}; a hold-out needs both arms, so above 0 and below 1."
        if not self.on and (self.effect or self.effect_lost):
            yield "it has an effect but on is false; set on = true or leave the effect out."


@dataclass(frozen=True, slots=True, kw_only=True)
class Dirt:
    """Faults of the records, each as the share of sale lines that has it; a line has one at most."""

    duplicate: float = 0.0
    null_customer: float = 0.0
    wrong_unit: float = 0.0
    orphan_product: float = 0.0
    clock_skew: float = 0.0

    def problems(self) -> Iterator[str]:
        """What is wrong with the section, one sentence each."""
        yield from not_shares(self, *DIRT_KINDS)
        total = sum(getattr(self, kind) for kind in DIRT_KINDS)
        if total > 1:
            yield f"the shares add up to {total:g}; a line has one fault at most, so they must add up to 1 or less."
