"""The front of points: what is owed for them."""

from __future__ import annotations

from crm_lab.fronts.front import Front, fronts
from crm_lab.fronts.pictures import Bar, bars
from crm_lab.loyalty.liability.liability_rollforward import LiabilityRollForwardResult
from crm_lab.messages import Message
from crm_lab.number_format import ShortMoney


@fronts(LiabilityRollForwardResult, "value")
def liability_front(result: LiabilityRollForwardResult) -> Front:
    """What sold points owe, beside what rewards are expected to cost."""
    total = result.total().set_index("part")["closing"]
    owed, cost = float(total["contract_liability"]), float(total["cost_to_fulfil"] + total["provision"])
    money = {name: ShortMoney.of(value, result.spec.currency) for name, value in (("owed", owed), ("cost", cost))}
    drawn = [
        Bar(Message(f"front.points.{name}").text(), value, money[name].text(), name == "owed")
        for name, value in (("owed", owed), ("cost", cost))
    ]
    return Front(Message("front.points.answer", money), bars(drawn), owner="management", stake=owed)
