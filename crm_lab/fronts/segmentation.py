"""Fronts of segments, tiers, cohorts and kinds of shoppers."""

from __future__ import annotations

import numpy as np

from crm_lab.fronts.front import WEEKS_LIST, Front, fronts
from crm_lab.fronts.pictures import Bar, Dot, Mark, bars, columns, curve, dots
from crm_lab.messages import Message
from crm_lab.number_format import ShortMoney
from crm_lab.segmentation.cohorts.second_purchase import RepurchaseResult
from crm_lab.segmentation.customer_base import CustomerBaseResult
from crm_lab.segmentation.personas.shopper_clusters import ShopperClustersResult
from crm_lab.segmentation.revenue.concentration import concentration_facts
from crm_lab.segmentation.rfm.call_list import CallListResult
from crm_lab.segmentation.tiers.move_baseline import MoveBaselineResult, state_name
from crm_lab.stats.clustering.number_of_groups import ENOUGH

_MARKED = (30, 90)  # days whose share stands in words


@fronts(CustomerBaseResult, "base")
def base_front(result: CustomerBaseResult) -> Front:
    """Revenue by tenth of customers, the best ones strong."""
    share = result.concentration.top_share
    values = {"top": result.top, "share": share}
    strong = round(result.top * len(result.deciles))
    foot = Message("front.base.foot").text()
    return Front(
        Message("front.base.answer", values),
        columns(result.deciles["revenue"].tolist(), strong, f"{share:.0%}", foot),
        owner="sales",
        fact=concentration_facts(result.concentration)[0].id,
    )


@fronts(CallListResult, "act")
def calls_front(result: CallListResult) -> Front:
    """The first five of the list: days silent as a multiple of their usual gap."""
    rows = result.to_frame().head(5)
    drawn = [
        Bar(str(row.customer_id), float(str(row.overdue)), _times(float(str(row.overdue)), place), place == 0)
        for place, row in enumerate(rows.itertuples(index=False))
    ]
    values = {"n": len(result.frame), "money": ShortMoney.of(result.revenue, result.currency)}
    key, stake = ("answer", result.revenue) if result.revenue > 0 else ("answer_no_money", 0.0)
    return Front(
        Message(f"front.calls.{key}", values),
        bars(drawn),
        Message("front.calls.decision", values) if stake else None,
        "sales",
        stake,
        WEEKS_LIST,
        fact=f"call_list.{'revenue_12m' if result.revenue else 'customers'}",
    )


def _times(overdue: float, place: int) -> str:
    """The multiple; the first one says of what."""
    return f"{overdue:.1f}×" if place else Message("front.calls.times", {"overdue": overdue}).text()


@fronts(MoveBaselineResult, "base")
def moves_front(result: MoveBaselineResult) -> Front:
    """The share that moved in each of the last periods, with what was promised."""
    rows = result.to_frame().tail(4).to_dict("records")
    drawn = [
        Dot(str(row["to_period"]), row["share"], row["lo"], row["hi"], place == len(rows) - 1)
        for place, row in enumerate(rows)
    ]
    change = result.change
    same = change is None or change.ci.lo <= 0 <= change.ci.hi
    values = {
        "share": rows[-1]["share"], "usual": result.usual,
        "start": state_name(result.start), "end": state_name(result.end),
    }  # fmt: skip
    line = result.target if result.target is not None else result.usual
    foot = Message("front.moves.target" if result.target is not None else "front.moves.usual", {"line": line}).text()
    return Front(
        Message(f"front.moves.{'same' if same else 'changed'}", values),
        dots(drawn, line, foot),
        owner="marketing",
        fact=f"move.{result.start}_to_{result.end}.{rows[-1]['to_period']}",
    )


@fronts(RepurchaseResult, "base")
def return_front(result: RepurchaseResult) -> Front:
    """The share who came back by each day, two days in words."""
    table = result.to_frame().set_index("days")["share"]
    shown = table[np.isfinite(table.astype(float))]
    line = result.curve_frame()
    line = line[line["days"] <= shown.index.max()]
    line = line.iloc[np.unique(np.linspace(0, len(line) - 1, 24).astype(int))]
    points = [(0.0, 0.0), *zip(line["days"].astype(float), line["share"].astype(float), strict=True)]
    marks = [
        Mark(days, float(shown[days]), Message("front.return.mark", {"share": shown[days], "days": days}).text())
        for days in _MARKED
        if days in shown
    ]
    share, _ = result.curve.happened_by(result.headline_days)
    values = {"share": share, "days": result.headline_days, "median": result.curve.median}
    key = "answer" if np.isfinite(result.curve.median) else "answer_no_median"
    fact = f"repurchase.within_{result.headline_days}_days"
    return Front(Message(f"front.return.{key}", values), curve(points, marks), owner="marketing", fact=fact)


@fronts(ShopperClustersResult, "base")
def kinds_front(result: ShopperClustersResult) -> Front:
    """The largest kinds; where there are none, the best strength found beside the one needed."""
    if result.k == 1:
        found = result.curve.loc[result.curve["k"] > 1, "strength"].max()
        values = {"reached": float(found) if len(result.curve) > 1 else 0.0, "needed": ENOUGH}
        why = "no_gap" if result.curve["p_gap"].notna().any() else "none"
        drawn = [
            Bar(Message(f"front.kinds.{key}").text(), v, f"{v:.2f}", key == "reached") for key, v in values.items()
        ]
        return Front(Message(f"front.kinds.{why}"), bars(drawn), owner="marketing")
    top = result.shown().nlargest(3, "share")
    drawn = [
        Bar(name, share, f"{share:.0%}", place == 0)
        for place, (name, share) in enumerate(zip(top["name"], top["share"], strict=True))
    ]
    stable = int((result.to_frame()["verdict"] == "stable").sum())
    values = {"k": result.k, "stable": stable, "share": float(top["share"].iloc[0])}
    answer = Message(f"front.kinds.{'all_stable' if stable == result.k else 'answer'}", values)
    return Front(answer, bars(drawn), Message("front.kinds.decision") if stable else None, "marketing")
