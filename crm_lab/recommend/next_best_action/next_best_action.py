"""The one next action of each customer: product, channel and day that earn most within caps, budget and consent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from narwhals.typing import IntoFrame

from crm_lab.arrays import Booleans, Floats, Positions
from crm_lab.checks import check_settings, need_columns, negative, not_among, not_levels, not_portions, not_shares
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.data.kernels.hashed_lot import hash_unit
from crm_lab.recommend.next_best_action.action_candidates import WHAT, ActionCandidates, UpliftIn
from crm_lab.recommend.next_best_action.action_gains import ActionGains, action_gains
from crm_lab.recommend.next_best_action.allocation.allocation_problem import AllocationProblem
from crm_lab.recommend.next_best_action.allocation.best_plan import best_plan
from crm_lab.recommend.next_best_action.contact_caps import ContactCaps
from crm_lab.recommend.next_best_action.next_best_action_result import NextBestActionResult
from crm_lab.recommend.next_best_action.plan_comparison import compared, rival_plans


@dataclass(frozen=True, kw_only=True)
class NextBestAction:
    """Caps, budget and hold-out of a plan with one action a customer at most.

    The expected gain of an action is uplift × margin × response × send time × fatigue − cost. Measured
    uplifts with a standard error are first drawn to the mean of their action and channel, as the highest estimates are
    high by luck too; assumed ones stay.

    >>> import pandas as pd
    >>> actions = pd.DataFrame({"customer_id": ["a", "a", "b"], "action": ["tea", "gin", "tea"],
    ...     "channel": ["email", "sms", "sms"], "uplift": [0.04, 0.05, 0.03], "margin": [50.0, 50.0, 60.0],
    ...     "cost": [0.0, 0.1, 0.1], "source": "assumed", "consent": True})
    >>> result = NextBestAction(capacity={"sms": 1}, holdout=0).analyze(actions)
    >>> result.to_frame()[["customer_id", "action", "channel"]].to_numpy().tolist()
    [['a', 'tea', 'email'], ['b', 'tea', 'sms']]

    Attributes:
        capacity: Channel to the most actions in all.
        daily_capacity: Channel to the most actions on one day.
        budget: Most money, or ``None`` for no bound.
        most_contacts: Contacts of one customer in the period of ``recent_contacts``, this one included; 0 for no cap.
        fatigue: Factor on the effect for each recent contact.
        least_gain: An action has to earn more than that.
        holdout: Share of the customers with an action that pays who get none, by lot: they show what the plan causes.
        uplift_in: Whether uplift is a chance, worth ``margin`` if it comes true, or money.
        shared_error: Share of the variance of effects' errors that rows of one action and channel have in common;
            1 gives the widest interval. 0 is for errors of each customer's own, and effects that scatter normally: on
            the skewed effects of `action_world` its 95 % intervals of the plan's gain held in 83 % of 60 worlds, those
            of 1 in all of 200.
        salt: Of the lot: another one in each round.
        level: Confidence level.
        currency: ISO code of the money.
    """  # fmt: skip

    capacity: Mapping[str, int] = field(default_factory=dict)
    daily_capacity: Mapping[str, int] = field(default_factory=dict)
    budget: float | None = None
    most_contacts: int = 0
    fatigue: float = 1.0
    least_gain: float = 0.0
    holdout: float = 0.1
    uplift_in: UpliftIn = "chance"
    shared_error: float = 1.0
    salt: str = "next best action"
    level: float = 0.95
    currency: str = ""

    def __post_init__(self) -> None:
        caps = [*self.capacity.values(), *self.daily_capacity.values()]
        check_settings(
            self, negative(self, "most_contacts", "least_gain"), not_portions(self, "fatigue"),
            not_shares(self, "shared_error"), not_levels(self, "level"),
            not_among(self, uplift_in=["chance", "money"]),
            holdout=not 0 <= self.holdout < 1 and "it is a share of the customers, below 1",
            budget=self.budget is not None and not self.budget >= 0 and "it must be 0 or more, or None",
            capacity=any(cap < 0 or cap != int(cap) for cap in caps) and "each cap is a whole number, 0 or more",
        )  # fmt: skip

    def analyze(self, actions: IntoFrame, *, simulated: bool = False) -> NextBestActionResult:
        """Choose an action, or none, for each customer.

        >>> result.caps()[["channel", "limit", "used"]].to_numpy().tolist()
        [['sms', 1.0, 1.0]]

        Args:
            actions: One row per customer and action: ``customer_id, action, channel, uplift, source`` (measured or
                assumed), ``consent`` and, for chances, ``margin``; where known ``day, uplift_se, response, send_time,
                cost, recent_contacts`` and ``score``, by which the top score ranks (else uplift × response).
            simulated: Whether customers and effects are made up.

        Returns:
            The plan, those held out, and why others get nothing.

        Raises:
            BadInput: If columns or values are missing or cannot be.
            CannotAnswer: If there is no action.
        """
        table = as_pandas(actions, WHAT)
        if self.most_contacts or self.fatigue < 1:
            need_columns(table.columns, ["recent_contacts"], WHAT)
        candidates = ActionCandidates.of(table, self.uplift_in)
        gains = action_gains(candidates.frame, self.fatigue, self.shared_error)
        caps = ContactCaps.of(candidates.frame, self.capacity, self.daily_capacity, self.budget)
        consent = candidates.frame["consent"].to_numpy()
        allowed = consent & ~self._contacted(candidates)
        pays = gains.mean > self.least_gain
        lot = hash_unit(candidates.customer_ids.tolist(), self.salt)
        held = self._held(candidates, allowed & pays, lot)
        mine = allowed & ~held[candidates.customer]
        problem, rows = _problem(candidates, gains.mean, caps, mine & pays)
        tie = lot[np.unique(candidates.customer[rows])]
        best = best_plan(problem, tie)
        plans = self._rivals(candidates, gains, caps, mine, lot) | {"plan": [rows[best.rows]]}
        net = gains.mean - caps.use @ best.prices
        cost = candidates.frame["cost"].to_numpy(dtype=float)
        return NextBestActionResult(
            level=self.level, currency=self.currency, candidates=candidates, allowed=allowed, gains=gains,
            chosen=rows[best.rows],
            would=_best_of(candidates, net, allowed & pays & held[candidates.customer]),
            held=candidates.customer_ids[held], status=_status(candidates, consent, allowed, pays, held),
            cap_table=caps.table.assign(used=problem.used(best.rows), price=best.prices), best=best, net=net,
            plans={name: some[0] for name, some in plans.items()}, simulated=simulated,
            comparison=compared(plans, gains, cost, self.level),
            one_more=self._one_more(candidates, net, rows),
        )  # fmt: skip

    def _contacted(self, candidates: ActionCandidates) -> Booleans:
        """Rows whose customer would have too many contacts."""
        recent = candidates.frame["recent_contacts"].to_numpy(dtype=float)
        return recent + 1 > self.most_contacts if self.most_contacts else np.zeros(len(recent), dtype=bool)

    def _held(self, candidates: ActionCandidates, pays: Booleans, lot: Floats) -> Booleans:
        """Customers held out, of those with an action that pays."""
        some = np.bincount(candidates.customer, pays, minlength=len(lot)) > 0
        return some & (lot < self.holdout)

    def _rivals(
        self, candidates: ActionCandidates, gains: ActionGains, caps: ContactCaps, mine: Booleans, lot: Floats
    ) -> dict[str, list[Positions]]:
        """Other strategies' rows among those that are allowed, whether they pay or not."""
        problem, rows = _problem(candidates, gains.mean, caps, mine)
        frame = candidates.frame
        score = frame["score"] if "score" in frame else frame["uplift"] * frame["response"]
        tie = lot[np.unique(candidates.customer[rows])]
        plans = rival_plans(problem, score.to_numpy(dtype=float)[rows], gains.raw[rows], tie)
        return {name: [rows[some] for some in several] for name, several in plans.items()}

    def _one_more(self, candidates: ActionCandidates, net: Floats, open_rows: Positions) -> float:
        """What the plan would gain at these prices if each customer could have one contact more."""
        if not self.most_contacts:
            return 0.0
        frame, n = candidates.frame, len(candidates.customer_ids)
        freed = frame["consent"].to_numpy() & (
            frame["recent_contacts"].to_numpy(dtype=float) + 1 == self.most_contacts + 1
        )
        now, then = np.zeros(n), np.zeros(n)
        np.maximum.at(now, candidates.customer[open_rows], net[open_rows])
        np.maximum.at(then, candidates.customer[freed], net[freed])
        return float(np.maximum(then - now, 0.0).sum())


def _problem(
    candidates: ActionCandidates, gain: Floats, caps: ContactCaps, kept: Booleans
) -> tuple[AllocationProblem, Positions]:
    """The problem of some rows, and their places."""
    rows = np.flatnonzero(kept)
    sizes = np.bincount(candidates.customer[rows])
    start = np.concatenate([[0], np.cumsum(sizes[sizes > 0])])
    return AllocationProblem(start, gain[rows], caps.use[rows], caps.limit), rows


def _best_of(candidates: ActionCandidates, net: Floats, kept: Booleans) -> Positions:
    """Each customer's best row at the prices, where it is worth more than they take."""
    rows = np.flatnonzero(kept & (net > 0))
    order = rows[np.lexsort((rows, -net[rows], candidates.customer[rows]))]
    return order[np.unique(candidates.customer[order], return_index=True)[1]]


def _status(
    candidates: ActionCandidates, consent: Booleans, allowed: Booleans, pays: Booleans, held: Booleans
) -> np.ndarray:
    """Why a customer gets nothing, unless the plan has an action for it, shape (customers,)."""

    def any_of(rows: Booleans) -> Booleans:
        return np.bincount(candidates.customer, rows, minlength=len(held)) > 0

    return np.select(
        [held, ~any_of(consent), ~any_of(allowed), ~any_of(allowed & pays)],
        ["held_out", "no_consent", "contact_cap", "too_little"], "caps_full",
    )  # fmt: skip
