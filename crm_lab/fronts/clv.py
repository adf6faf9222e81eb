"""Fronts of customer value and of the back-test of its models."""

from __future__ import annotations

from crm_lab.clv.models.model_registry import model_title
from crm_lab.clv.validation.backtest import BackTestResult
from crm_lab.clv.validation.forecast_scores import SIMPLE
from crm_lab.clv.value.customer_value import CustomerValueResult
from crm_lab.fronts.front import Front, fronts
from crm_lab.fronts.pictures import Dot, dots
from crm_lab.messages import Message
from crm_lab.number_format import ShortMoney


@fronts(CustomerValueResult, "value")
def value_front(result: CustomerValueResult) -> Front:
    """The forecast with its interval; after a miss on held-out time, beside what that miss would make of it."""
    total, interval = result.total()
    facts = {fact.id: fact.value for fact in result.facts()}
    values = {
        "money": ShortMoney.of(total, result.spec.currency), "days": result.spec.horizon_days,
        "share": facts["clv.top_tenth_share"],
    }  # fmt: skip
    forecast = Message("front.value.forecast").text()
    if result.off and result.missed is not None:
        again = total * result.missed
        drawn = [
            Dot(forecast, total, total, total, True),
            Dot(Message("front.value.missed").text(), again, again, again),
        ]
        foot = Message("front.value.foot_missed", {"ratio": result.missed})
    else:
        drawn = [Dot(forecast, total, interval.lo, interval.hi, True)]
        ends = {end: ShortMoney.of(getattr(interval, end), result.spec.currency) for end in ("lo", "hi")}
        foot = Message("front.value.foot", {**ends, "level": interval.level})
    said = "front.value.answer_missed" if result.off else "front.value.answer"
    return Front(Message(said, values), dots(drawn, words=foot.text()), owner="management", stake=total)


@fronts(BackTestResult, "value")
def models_front(result: BackTestResult) -> Front:
    """Each model's deviance, with the line of the best simple rule."""
    rows = result.to_frame().set_index("model")
    table = rows.loc[rows["identified"], "deviance"]
    simple, best = float(table[result.yardstick]), float(table[result.champion])
    drawn = [
        Dot(str(model_title(str(model))), float(miss), float(miss), float(miss), model == result.champion)
        for model, miss in table.drop(list(SIMPLE)).head(4).items()
    ]
    rule = model_title(result.yardstick)
    values = {"model": model_title(result.champion), "gain": 1 - best / simple, "rule": rule}
    key = "better" if best < simple else "no_better"
    return Front(Message(f"front.models.{key}", values), dots(drawn, simple, rule.text()), owner="data")
