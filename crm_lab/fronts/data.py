"""Fronts of what the data hold and whether their books close."""

from __future__ import annotations

from crm_lab.data.identity.accuracy.threshold_curve import ThresholdCurveResult
from crm_lab.data.quality.coverage import CoverageResult
from crm_lab.data.quality.reconciliation import ReconciliationResult
from crm_lab.fronts.front import Front, fronts
from crm_lab.fronts.pictures import Bar, bars, tiles
from crm_lab.messages import Message


@fronts(CoverageResult, "base")
def coverage_front(result: CoverageResult) -> Front:
    """Questions as tiles: answered, answered in part, not."""
    yes, partly, no = (result.count(verdict) for verdict in ("yes", "partly", "no"))
    values = {"able": yes + partly, "total": yes + partly + no, "yes": yes, "partly": partly, "no": no}
    foot = Message("front.coverage.foot", values).text()
    return Front(
        Message("front.coverage.answer", values),
        tiles([(yes, "on"), (partly, "half"), (no, "off")], foot),
        owner="data",
    )


@fronts(ReconciliationResult, "base")
def books_front(result: ReconciliationResult) -> Front:
    """Lines that came in, were kept and set aside; customers with a profile."""
    rows = {item: result.total(item)[0] for item in ("raw", "clean", "quarantine")}
    drawn = [
        Bar(Message(f"front.books.{item}").text(), n / max(rows["raw"], 1), f"{n:,}", item == "clean")
        for item, n in rows.items()
    ]
    customers, without = result.profiles or (0, 0)
    key, values = "closes" if result.closes else "open", {"unread": result.unread, "share": 0.0}
    if result.closes and result.unread:
        key = "unread"
    elif result.closes and without:
        key, values["share"] = "profiles", without / customers
    if customers:
        share = 1 - without / customers
        drawn.append(Bar(Message("front.books.profile").text(), share, f"{share:.0%}"))
    decision = None if result.closes else Message("front.books.decision")
    return Front(Message(f"front.books.{key}", values), bars(drawn), decision, "data")


@fronts(ThresholdCurveResult, "base")
def persons_front(result: ThresholdCurveResult) -> Front:
    """Who buys again, by account and by person."""
    alone, linked = result.row(1.0), result.row(result.chosen)
    rates = {"account": alone["repurchase_rate"], "person": linked["repurchase_rate"]}
    drawn = [
        Bar(Message(f"front.persons.{name}").text(), rate, f"{rate:.1%}", name == "person")
        for name, rate in rates.items()
    ]
    values = {
        "customers": int(linked["customers"]), "before": int(alone["customers"]),
        "rate": rates["person"], "rate_before": rates["account"],
    }  # fmt: skip
    decision = Message("front.persons.decision", {"threshold": result.chosen})
    return Front(Message("front.persons.answer", values), bars(drawn), decision, "data")
