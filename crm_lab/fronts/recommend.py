"""Fronts of recommendations: what lists find of later purchases, beside the plain sort."""

from __future__ import annotations

from crm_lab.fronts.front import Front, fronts
from crm_lab.fronts.pictures import Dot, dots
from crm_lab.messages import Message
from crm_lab.recommend.offline_evaluation.ranker_comparison import RankerComparisonResult

_SHOWN = 3  # rankers in a picture


@fronts(RankerComparisonResult, "act")
def comparison_front(result: RankerComparisonResult) -> Front:
    """The gains of the best rankers over the plain sort, with their joint intervals."""
    scope = result.spec.scopes[0]
    frame = result.to_frame()
    rows = frame[(frame["scope"] == scope) & (frame["ranker"] != result.plain) & frame["lo"].notna()]
    rows = rows.sort_values("gain", ascending=False, kind="stable").head(_SHOWN)
    won = result.winner(scope)
    drawn = [
        Dot(Message(f"front.offers.{row['ranker']}").text(), row["gain"], row["lo"], row["hi"], row["ranker"] == won)
        for row in rows.to_dict("records")
    ]
    found = frame.set_index(["scope", "ranker"])[result.spec.measure]
    values = {
        "base": float(found[(scope, result.plain)]), "value": float(found[(scope, won or result.plain)]),
        "k": result.spec.k,
    }  # fmt: skip
    answer = Message(f"front.offers.{'better' if won else 'plain'}", values)
    fact = f"recommend.{scope}.{won or result.plain}.{result.spec.measure}"
    foot = Message("front.offers.foot").text()
    return Front(answer, dots(drawn, 0.0, foot), Message("front.offers.decision"), "marketing", fact=fact)
