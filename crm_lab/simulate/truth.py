"""What is true of a block: columns of the answer key."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from crm_lab.simulate.members import owned
from crm_lab.simulate.programme import NEVER, test_end
from crm_lab.simulate.scenario import Scenario
from crm_lab.simulate.streams import BLOCK
from crm_lab.simulate.worlds import Life, outcome

Columns = dict[str, npt.NDArray[Any]]


def caused_lines(file: Columns) -> Columns:
    """Lines that are there because something was done, with its name."""
    caused = np.flatnonzero(file["origin"] > 0)
    return {name: file[name][caused] for name in ("owner", "row", "origin")}


def customers(scenario: Scenario, life: Life, readiness: npt.NDArray[np.float64]) -> Columns:
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
        "left": life.purchases.left,
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
        "redeem_chance": readiness,
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
