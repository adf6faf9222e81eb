"""Test files as people have them, with what is true of them: whom an offer moves, what is wrong, what must be said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

MONEY: Mapping[str, Any] = {"margin_share": 0.3, "contact_cost": 1.0, "assumed_terms": ""}
SUCCESS: Mapping[str, Any] = {"value_per_success": 30.0, "contact_cost": 1.0, "assumed_terms": ""}


@dataclass(frozen=True)
class Odd:
    """A file, how it is opened, and what is to come of it.

    Attributes:
        frame: One row a unit.
        effect: True effect of each unit by treatment, in the outcome's unit; empty where that is beside the point.
        flags: Of `crm-lab init`.
        page: Parameters of page 17.
        later: Customers to choose from, for `next_file`.
        init: What `init` says where it asks or refuses.
        page_says: What the page says where it refuses or ends in words.
        unread: Columns that must not be learned from.
    """

    frame: pd.DataFrame
    effect: Mapping[str, pd.Series] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    page: Mapping[str, Any] = field(default_factory=lambda: dict(MONEY))
    later: pd.DataFrame | None = None
    init: str = ""
    page_says: str = ""
    unread: tuple[str, ...] = ()


def shop(seed: int, n: int = 4_000, share: float = 0.5, moved: float = 14.0) -> tuple[pd.DataFrame, pd.Series]:
    """A test in which an offer adds the same money to who came often, and nothing to others."""
    rng = np.random.default_rng(seed)
    visits, past = rng.poisson(3, n), np.round(rng.gamma(1.5, 40, n) * (rng.random(n) < 0.85), 2)
    treated = rng.random(n) < share
    effect = moved * (visits > 3)
    spend = (rng.random(n) < 0.5) * rng.gamma(2, 20, n) * (1 + past / 120) + treated * effect
    frame = pd.DataFrame(
        {
            "customer_id": [f"K{i:05d}" for i in range(n)],
            "group": np.where(treated, "offer", "control"),
            "visits_before": visits,
            "spend_before": past,
            "spend": np.round(spend, 2),
        }
    )
    return frame, pd.Series(effect)


def bought(seed: int, n: int = 4_000, moved: float = 0.12, anyway: float = 0.12) -> tuple[pd.DataFrame, pd.Series]:
    """The same with a purchase as outcome."""
    frame, _ = shop(seed, n)
    effect = moved * (frame["visits_before"] > 3)
    chance = anyway + (frame["group"] == "offer") * effect
    frame = frame.drop(columns="spend").assign(bought=(np.random.default_rng(seed + 1).random(n) < chance).astype(int))
    return frame, effect


def _later(seed: int = 61) -> pd.DataFrame:
    return shop(seed, 800)[0].drop(columns=["group", "spend"])


def _plain(**change: Any) -> Odd:
    frame, effect = shop(1)
    return Odd(frame, {"offer": effect}, **change)


def _changed(seed: int, change: Callable[[pd.DataFrame], pd.DataFrame], **told: Any) -> Odd:
    frame, effect = shop(seed)
    return Odd(change(frame), {"offer": effect}, **told)


def _three_arms() -> Odd:
    frame, _ = shop(17, 9_000)
    rng = np.random.default_rng(17)
    arm = rng.choice(["control", "card", "call"], len(frame))
    effect = {"call": 20.0 * (frame["spend_before"] > 80), "card": 8.0 * (frame["visits_before"] > 3)}
    spend = (rng.random(len(frame)) < 0.5) * rng.gamma(2, 20, len(frame)) + 20
    spend += sum((arm == name) * moved for name, moved in effect.items())
    frame = frame.assign(group=arm, spend=np.round(spend, 2))
    return Odd(frame, effect, ("--treatment", "card"), {**MONEY, "own_costs": "card = 0.5; call = 4"})


def _stores() -> Odd:
    frame, _ = shop(33)
    rng = np.random.default_rng(33)
    store, arm = rng.integers(0, 40, len(frame)), np.where(rng.permutation(40) < 20, "offer", "control")
    return Odd(frame.assign(store=[f"S{s:02d}" for s in store], group=arm[store]), page_says="Whole levels of “store”")


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    names = {"customer_id": "客户编号", "group": "组别", "visits_before": "之前到店次数", "spend_before": "之前消费"}
    arms = frame["group"].map({"control": "对照组", "offer": "优惠组"})
    return frame.assign(group=arms).rename(columns={**names, "spend": "消费金额"})


def _with(**columns: Any) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: frame.assign(**{c: f(frame) if callable(f) else f for c, f in columns.items()})


def _set(column: str, rows: slice, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        values = frame[column].astype(object if isinstance(value, str) else float)
        values.iloc[rows] = value
        return frame.assign(**{column: values})

    return change


def _gaps(share: float, of: str = "") -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        lost = np.random.default_rng(3).random(len(frame)) < share
        return frame.assign(visits_before=frame["visits_before"].mask(lost & ((frame["group"] == of) | (not of))))

    return change


def _repeat(rows: int) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: pd.concat([frame, frame.head(rows)], ignore_index=True)


def _tier(frame: pd.DataFrame) -> pd.DataFrame:
    tier = np.where(frame["visits_before"] > 3, "gold, plus", "=base")
    return frame.drop(columns="visits_before").assign(tier=tier)


def odd_tests() -> dict[str, Odd]:
    """Every file, by what is odd about it."""
    small, binary = "at least 200 and 20 are needed", bought(2)
    success = dict(SUCCESS)
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(4_000) % 1_200, unit="D")
    read = ("--column", "covariates=visits_before,spend_before,points")
    return {
        "plain": _plain(),
        "binary": Odd(binary[0], {"offer": binary[1]}, page=success),
        "all moved alike": _changed(3, lambda f: f.assign(spend=shop(3, moved=0.0)[0]["spend"])),
        "binary without a value": Odd(binary[0], page=dict(MONEY), page_says="worth is not said"),
        "one arm": _changed(5, lambda f: f[f["group"] == "offer"], flags=("--as", "test"), init="seems to hold"),
        "arms of unlike size": Odd(shop(7, share=0.2)[0], init="Say the planned share"),
        "planned so": Odd(shop(8, share=0.2)[0], {"offer": shop(8, share=0.2)[1]}, ("--control-share", "0.8")),
        "not as planned": Odd(shop(9, share=0.3)[0], {}, ("--control-share", "0.5"), page_says="not as large"),
        "everybody bought": Odd(binary[0].assign(bought=1), page=success, page_says=small),
        "nobody spent": _changed(11, _with(spend=0.0), page_says=small),
        "fifty customers": Odd(shop(15, 50)[0], page_says=small),
        "few buyers": Odd(bought(58, 6_000, 0.0, 0.003)[0], page=success, page_says=small),
        "named as measured after": _changed(12, _with(visits_after=lambda f: f["spend"] > 0), unread=("visits_after",)),
        "a leak without a name": _changed(
            13, _with(points=lambda f: np.round(10 * f["spend"])), flags=read, page_says="measured after the assignment"
        ),
        "gaps": _changed(18, _gaps(0.3)),
        "gaps in one arm": _changed(19, _gaps(0.4, "offer"), unread=("visits_before", "visits_before_missing")),
        "no outcome where nothing happened": _changed(
            20, lambda f: f.assign(spend=f["spend"].where(f["spend"] > 0)), flags=("--missing-outcome", "zero")
        ),
        "chinese": Odd(_named(shop(21)[0]), {"优惠组": shop(21)[1]}),
        "ids as numbers": _changed(23, _with(customer_id=lambda f: range(1_000, 1_000 + len(f)))),
        "no ids": _changed(63, lambda f: f.drop(columns="customer_id")),
        "ids with zeros": _changed(24, _with(customer_id=lambda f: [f"{i:08d}" for i in range(len(f))])),
        "ids twice": _changed(29, _repeat(20), init="20 units have several rows"),
        "a till left open": _changed(25, _set("spend", slice(0, 3), 2e6)),
        "a wholesaler": _changed(26, _set("spend_before", slice(0, 3), 9e8)),
        "infinite": _changed(45, _set("spend_before", slice(0, 1), np.inf)),
        "text in a number": _changed(46, _set("spend_before", slice(0, 2), "unknown"), init="is not numeric"),
        "constants": _changed(27, _with(country_code=49, brand="A")),
        "nothing known before": _changed(
            28, lambda f: f.drop(columns=["visits_before", "spend_before"]), page_says="Nothing that was known before"
        ),
        "one thing said thrice": _changed(56, _with(visits_twice_before=lambda f: 2 * f["visits_before"])),
        "days": _changed(31, _with(joined_on=days.strftime("%Y-%m-%d"))),
        "stores were assigned": _stores(),
        "levels with commas and signs": Odd(_tier(shop(53)[0]), {"offer": shop(53)[1]}),
        "spaces behind the arm": _changed(55, lambda f: f.assign(group=f["group"] + np.where(f.index % 7, "", " "))),
        "three arms": _three_arms(),
        "a cost for no arm": _plain(page={**MONEY, "own_costs": "post = 0.5"}, page_says="do not fit the treatments"),
        "too dear": _plain(page={**MONEY, "contact_cost": 500.0}, page_says="worth the cost"),
        "treated never again": _changed(
            39, _with(mails=lambda f: 3 * (f["group"] == "offer")),
            page={**MONEY, "contacts": "mails", "most_contacts": 3},
        ),
        "contacts in words": _plain(page={**MONEY, "contacts": "group", "most_contacts": 3}, page_says="holds text"),
        "a capacity": _plain(page={**MONEY, "capacity": 600}),
        "a budget": _plain(page={**MONEY, "budget": 300.0}),
        "less than the lot": _plain(page={**MONEY, "capacity": 50}, page_says="dealt by lot alone"),
        "nobody by lot": _plain(page={**MONEY, "apart": 0.0}),
        "groups nobody knows": _plain(page={**MONEY, "fair": "gender"}, page_says="gender"),
        "next month": _plain(later=_later()),
        "next without a column": _plain(later=_later().drop(columns="visits_before"), page_says="visits_before"),
        "next with text": _plain(later=_set("visits_before", slice(4, 5), "many")(_later()), page_says="holds text"),
        "next twice": _plain(later=_repeat(5)(_later()), page_says="stand there twice"),
        "next without ids": _plain(later=_later().drop(columns="customer_id"), page_says="no column customer_id"),
        "next with some ids": _plain(later=_set("customer_id", slice(0, 7), "")(_later()), page_says="7 rows without"),
        "next is empty": _plain(later=_later().head(0), page_says="no rows"),
        "next beyond the test": _plain(later=_set("spend_before", slice(0, 1), 9e9)(_later())),
        "next in cents": _plain(later=_later().eval("spend_before = 100 * spend_before"), page_says="not like"),
        "next of whom nothing is known": _plain(later=_later().assign(visits_before=np.nan), page_says="not like"),
        "next of another level": Odd(
            _tier(shop(53)[0]), later=_tier(_later()).assign(tier="platinum"), page_says="not like"
        ),
    }  # fmt: skip
