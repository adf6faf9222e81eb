"""Fronts of who is leaving and whom to contact."""

from __future__ import annotations

from crm_lab.churn.action.measured_gains import MeasuredGains
from crm_lab.churn.action.treatment_plan import Alerts
from crm_lab.churn.evaluation.model_comparison import ChurnReport
from crm_lab.churn.evaluation.ranking_report import ranking_words
from crm_lab.fronts.front import WEEKS_LIST, Front, fronts
from crm_lab.fronts.pictures import Dot, Mark, curve, dots
from crm_lab.messages import Message
from crm_lab.number_format import ShortMoney

_WORTH_A_MODEL = 0.01  # AUC gained; below it a sort does as well for a list


@fronts(ChurnReport, "value")
def leaving_front(result: ChurnReport) -> Front:
    """How well the best model and the plain sort find leavers, against tossing a coin."""
    best, sort = result.row(result.best_model), result.row(result.spec.baseline)
    drawn = [
        Dot(Message(f"front.leaving.{name}").text(), row["auc"], row["auc_lo"], row["auc_hi"], name == "model")
        for name, row in (("model", best), ("sort", sort))
    ]
    if result.rival:
        drawn.append(Dot(str(ranking_words(result.rival)), *result.row(result.rival)[["auc", "auc_lo", "auc_hi"]]))
    model = result.verdict() == "better" and best["gain"] >= _WORTH_A_MODEL
    values = {"left": result.events / result.customers, "days": result.spec.window_days}
    within = "_within" if result.spec.window_days else ""
    use = "use_sort" if not model else "use_rival" if result.rival else "use_model"
    return Front(
        Message(f"front.leaving.{use}{within}", values),
        dots(drawn, 0.5, Message("front.leaving.coin").text()),
        owner="marketing",
    )


@fronts(Alerts, "act")
def contact_front(result: Alerts) -> Front:
    """Expected profit of the list by the share of leavers saved."""
    if result.spec.gains is not None:
        return _measured_front(result, result.spec.gains)
    spec, contacted = result.spec, result.treated
    cost, profit = len(contacted) * spec.contact_cost, float(contacted["expected_profit"].sum())
    pays, rate = result.break_even, spec.save_rate
    top, known = 1.4 * max(rate, pays), "assumed" if spec.measured is None else "measured"

    def at(saved: float) -> tuple[float, float]:
        return saved, (profit + cost) * saved / rate - cost

    marks = [
        Mark(*at(share), Message(f"front.contact.{name}", {"share": share}).text())
        for name, share in sorted({"pays": pays, known: rate}.items(), key=lambda item: item[1])
    ]
    values = {
        "n": len(contacted), "pays": pays, "rate": rate, "held": len(result.frame) - len(contacted),
        "money": ShortMoney.of(cost, spec.currency),
    }  # fmt: skip
    return Front(
        Message(f"front.contact.answer_{known if result.chances_hold else 'off'}", values),
        curve([at(0.0), at(top)], marks),
        Message("front.contact.decision", values),
        "marketing",
        max(profit, 0.0),
        WEEKS_LIST,
        fact="alerts.break_even",
        standing=1,  # it holds customers out, and knows by how much it can be wrong
    )


def _measured_front(result: Alerts, gains: MeasuredGains) -> Front:
    """Expected profit of the list by the share of the measured effect that comes again."""
    spec, contacted = result.spec, result.treated
    cost, profit = len(contacted) * spec.contact_cost, float(contacted["expected_profit"].sum())
    pays, half = cost / (cost + profit), gains.half(contacted["customer_id"])

    def at(share: float) -> tuple[float, float]:
        return share, (cost + profit) * share - cost

    words = {pays: "pays", 1.0: "measured"}
    marks = [Mark(*at(x), Message(f"front.contact.{name}", {"share": x}).text()) for x, name in words.items()]
    money = {"money": ShortMoney.of(cost, spec.currency), "net": ShortMoney.of(profit, spec.currency)}
    values = {"n": len(contacted), "held": len(result.frame) - len(contacted), "pays": pays, **money}
    return Front(
        Message(f"front.contact.answer_{'tested' if profit > half else 'unsure'}", values),
        curve([at(0.0), at(1.4)], marks),
        Message("front.contact.decision", values),
        "marketing",
        max(profit, 0.0),
        WEEKS_LIST,
        fact="alerts.expected_profit",
        standing=1,
    )
