"""Front of the lists: what they find of later purchases beyond the plain sort."""

from __future__ import annotations

from typing import Any

from crm_lab.fronts.front import Front, fronts
from crm_lab.fronts.pictures import Dot, dots
from crm_lab.messages import Message
from crm_lab.recommend.offer_lists.list_worth_result import ListWorthResult


@fronts(ListWorthResult, "act")
def worth_front(result: ListWorthResult) -> Front:
    """The gain of each list over the plain one, with its joint interval."""
    frame = result.to_frame()
    rows: Any = frame[frame["measure"] == result.measure].set_index("list").to_dict("index")
    wins = [name for name in ("remind", "try") if result.better(name)]
    drawn = [
        Dot(Message(f"front.offers.{name}").text(), row["gain"], row["lo"], row["hi"], name in wins)
        for name, row in rows.items()
        if name != "both"
    ]
    shown = rows[wins[0] if len(wins) == 1 else "both"]
    values = {"own": float(shown["own"]), "plain": float(shown["plain"])}
    which = f"{'both' if len(wins) > 1 else wins[0]}_better" if wins else "none"
    which = "margin_better" if wins and result.measure == "margin" else which
    foot = Message("front.offers.foot").text()
    return Front(
        Message(f"front.offers.{which}", values), dots(drawn, 0.0, foot), Message("front.offers.decision"), "marketing",
        fact=f"recommend.worth.{wins[0] if len(wins) == 1 else 'both'}.{result.measure}",
    )  # fmt: skip
