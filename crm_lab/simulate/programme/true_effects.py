"""What is true of a block: columns of the answer key."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crm_lab.arrays import Columns
from crm_lab.simulate.programme.members import owned
from crm_lab.simulate.programme.programme_effects import NEVER, test_end
from crm_lab.simulate.programme.simulated_rewards import Ledger
from crm_lab.simulate.programme.worlds import Cause, Life, outcome
from crm_lab.simulate.scenario.clock import month_starts
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.streams import BLOCK


def caused_lines(file: Columns) -> Columns:
    """Lines that are there because something was done, with its name."""
    caused = np.flatnonzero(file["origin"] != Cause.BASE)
    return {name: file[name][caused] for name in ("owner", "row", "origin")}


@dataclass(frozen=True)
class Points:
    """The ledger of a block with what it rests on.

    Attributes:
        ledger: The events.
        readiness: Chance of each customer to redeem where that is possible (BLOCK,).
        place: Which of the world's orders each order of the ledger is.
    """

    ledger: Ledger
    readiness: npt.NDArray[np.float64]
    place: npt.NDArray[np.int64]


def _rewards(life: Life, points: Points) -> Columns:
    """Cost of rewards (cents) of each customer, and the part of it at orders made without the programme too."""
    ledger = points.ledger
    redeemed = ledger.kind == 1
    customer, cost = ledger.customer[redeemed], ledger.cost[redeemed]
    own = life.world.origin[points.place[ledger.order[redeemed]]] != Cause.PROGRAMME
    return {
        "rewards_cost": np.bincount(customer, weights=cost, minlength=BLOCK).astype(np.int64),
        "rewards_cost_subsidised": np.bincount(customer[own], weights=cost[own], minlength=BLOCK).astype(np.int64),
    }


def _member_months(scenario: Scenario, life: Life) -> npt.NDArray[np.int64]:
    """Calendar months of the test in which each customer was enrolled, begun ones included (BLOCK,)."""
    starts = month_starts(scenario)
    charged = np.append(starts[1:], scenario.days)[starts < test_end(scenario.programme)]
    enrolled = np.where(life.draw.enrolled, life.draw.enrol_day, NEVER)
    months: npt.NDArray[np.int64] = (enrolled[:, None] < charged).sum(axis=1)
    return months


def customers(scenario: Scenario, life: Life, points: Points) -> Columns:
    """Latent state of every customer, and the outcome in either world."""
    people, draw, offer, given = life.people, life.draw, life.offer, scenario.programme
    everyone = np.arange(BLOCK)
    nobody = np.zeros(BLOCK, dtype=bool)
    since = np.where(draw.eligible, draw.assigned, NEVER)
    during, after = np.full(BLOCK, test_end(given)), np.full(BLOCK, scenario.days)
    truth: Columns = {
        "joined": people.joined,
        "rate_per_week": 7 * people.habits.rate,
        "dropout": people.habits.dropout,
        "left": np.where(np.isfinite(life.purchases.left), life.purchases.left, np.nan),
        "alive_at_end": ~np.isfinite(life.purchases.left),
        "mean_order_value": people.mean_order,
        "online_share": people.online,
        "coupon_share": people.coupons,
        "eco_taste": people.eco,
        "style": people.style,
        "scene": people.scene,
        "open_chance": people.opens,
        "tier_at_start": life.tier,
        "eligible": draw.eligible,
        "late": draw.late,
        "treated": draw.treated,
        "enrol_chance": draw.enrol_chance,
        "would_enrol": draw.enrols,
        "enrolled": draw.enrolled,
        "contaminated": draw.contaminated & draw.enrols,
        "lost_record": draw.eligible & ~draw.recorded,
        "orders_effect": draw.orders_effect,
        "spend_effect": draw.spend_effect,
        "redeem_chance": points.readiness,
        "member_months": _member_months(scenario, life),
        **_rewards(life, points),
        "offer_eligible": offer.eligible,
        "offer_treated": offer.treated,
        "offer_chance": offer.chance,
        "offer_responds": offer.responds,
    }
    for world, day, add_ons in (("0", life.world.day0, nobody), ("1", life.world.day1, ~nobody)):
        in_test = outcome(life.world, day, add_ons, since, during)
        whole = outcome(life.world, day, add_ons, since, after)
        for name in ("orders", "spend", "margin"):
            truth[f"{name}_{world}"] = getattr(in_test, name)
            truth[f"{name}_whole_{world}"] = getattr(whole, name)
    return owned({"customer": everyone, **truth})
