"""Roll-forward, statements and journal: exact in cents, over whole programmes with every kind of event."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.loyalty.breakage import RedemptionTriangle, UltimateRedemption
from crm_lab.loyalty.liability import (
    ACCOUNTS,
    JournalLines,
    LiabilityRollForward,
    MemberStatement,
    estimates_over_time,
    revenue_by_lot,
)
from crm_lab.loyalty.liability.liability_states import MOVES, PARTS, REVENUE
from tests.loyalty.conftest import ESTIMATES
from tests.loyalty.programme_of_points import programme


def cents(values):
    return np.round(np.asarray(values, dtype=float) * 100).astype(int)


@pytest.mark.parametrize("seed", range(6))
def test_everything_closes_to_the_cent(seed):
    given = programme(seed, members=40)
    rng = np.random.default_rng(seed)
    estimates = ESTIMATES.assign(redemption_rate=rng.uniform(0.2, 1, 3).round(3))
    spec = LiabilityRollForward(point_price=0.01)
    rolled = spec.analyze(given["lots"], given["uses"], given["orders"], estimates, given["as_of"])
    assert rolled.difference == 0
    frame = rolled.to_frame()
    total = cents(frame["opening"]) + sum(cents(frame[name]) for name in MOVES)
    assert (total == cents(frame["closing"])).all()
    by_lot, sold = revenue_by_lot(rolled), frame[frame["part"] == "contract_liability"].reset_index(drop=True)
    sums = by_lot.groupby("month")[["issued", "reversed", "handed_on", "revenue", "liability"]].sum()
    assert (cents(sums["liability"]) == cents(sold["closing"])).all()
    assert (cents(sums["revenue"]) == -sum(cents(sold[name]) for name in REVENUE)).all()
    for name, sign in (("issued", 1), ("reversed", -1), ("handed_on", -1)):
        assert (cents(sums[name]) == sign * cents(sold[name])).all()
    journal = JournalLines().analyze(rolled)
    assert journal.unbalanced == 0
    lines = journal.to_frame()
    booked = lines[lines["account"] == "contract_liability"]
    assert cents(booked["credit"].sum() - booked["debit"].sum()) == cents(sold["closing"].iloc[-1])


def test_statements_of_all_members_add_up(ledger, rolled):
    statements = [MemberStatement(who).analyze(rolled) for who in ledger["lots"]["customer_id"].unique()]
    owed = sum(cents(one.facts()[2].value) for one in statements)
    earned = sum(cents(one.facts()[1].value) for one in statements)
    assert owed == rolled.measured["contract_liability"].closing[-1]
    assert earned == cents(rolled.revenue)


def test_a_statement_follows_each_point(ledger, rolled):
    who = ledger["lots"]["customer_id"].iloc[0]
    frame = MemberStatement(who).analyze(rolled).to_frame()
    left = ledger["lots"].query("customer_id == @who")["active"].sum()
    assert frame["points"].sum() == left
    assert frame["date"].is_monotonic_increasing
    assert set(frame["event"]) <= {"issued", "redeemed", "expired", "reversed", "handed_on", "month_end"}


def test_lots_that_are_over_owe_nothing_and_all_their_price_is_revenue(ledger, rolled):
    by_lot = revenue_by_lot(rolled)
    lots = ledger["lots"].query("active == 0 and reversed == 0 and transferred_out == 0 and kind == 'earn'")
    over = by_lot.merge(lots[["customer_id", "lot"]], on=["customer_id", "lot"])
    sums = over.groupby(["customer_id", "lot"])[["issued", "revenue"]].sum()
    assert len(sums) > 20
    assert (cents(sums["issued"]) == cents(sums["revenue"])).all()


def one_lot(**changed):
    lots = {
        "customer_id": ["a"], "lot": [1], "kind": ["earn"], "order_id": ["o"], "points": [1_000],
        "issued_on": pd.to_datetime(["2024-01-05"]),
    }  # fmt: skip
    return pd.DataFrame(lots | changed)


def used(kind, points, day="2024-02-10"):
    return pd.DataFrame(
        {"customer_id": ["a"], "lot": [1], "kind": [kind], "points": [points], "date": pd.to_datetime([day])}
    )


ORDERS = pd.DataFrame({"order_id": ["o"], "amount": [100.0]})
FLAT = pd.DataFrame({"month": ["2024-01"], "redemption_rate": [0.8], "cost_per_point": [0.005]})


def rolled_forward(lots, uses, orders=ORDERS, estimates=FLAT, **settings):
    spec = LiabilityRollForward(point_price=0.01, **settings)
    return spec.analyze(lots, uses, orders, estimates, "2024-03-31")


def row(rolled, part, month):
    return rolled.to_frame().query("part == @part and month == @month").iloc[0]


def test_a_return_takes_the_price_out_and_is_no_revenue():
    rolled = rolled_forward(one_lot(), used("reverse", 1_000))
    assert row(rolled, "contract_liability", "2024-02")["reversed"] == -7.41
    assert (rolled.revenue, row(rolled, "contract_liability", "2024-03")["closing"]) == (0.0, 0.0)


def test_a_return_of_points_half_of_which_are_revenue_takes_that_back():
    both = pd.concat([used("redeem", 500), used("reverse", 500, "2024-03-01")])
    rolled = rolled_forward(one_lot(), both)
    last = row(rolled, "contract_liability", "2024-03")
    assert (last["reversed"], last["closing"]) == (-3.7, 0.0)
    assert rolled.revenue == 3.71
    assert last["revenue_taken_back"] > 0


def test_all_expired_is_all_revenue():
    assert rolled_forward(one_lot(), used("expire", 1_000)).revenue == 7.41


def test_points_without_a_sale_are_a_provision_or_outside():
    for lots, orders in ((one_lot(kind=["adjust"], order_id=[None]), ORDERS), (one_lot(), ORDERS.assign(amount=0.0))):
        booked = rolled_forward(lots, used("redeem", 100), orders)
        assert row(booked, "provision", "2024-03")["closing"] == 3.5  # 700 points at .005
        assert row(booked, "contract_liability", "2024-03")["closing"] == 0
        outside = rolled_forward(lots, used("redeem", 100), orders, without_sale="outside")
        assert set(JournalLines().analyze(booked).to_frame()["account"]) == {
            "loyalty_expense", "points_provision", "reward_cost",
        }  # fmt: skip
        assert JournalLines().analyze(outside).to_frame().empty


def test_points_handed_on_keep_their_price():
    lots = pd.concat([
        one_lot(), one_lot(customer_id=["b"], kind=["transfer"], order_id=[None], points=[400],
                           issued_on=pd.to_datetime(["2024-02-10"])),
    ], ignore_index=True)  # fmt: skip
    rolled = rolled_forward(lots, used("transfer", 400))
    assert (rolled.to_frame()["handed_on"] == 0).all()
    assert rolled.lots["price"].tolist() == [741, 296]
    assert rolled.measured["contract_liability"].closing[-1] == 741


def test_points_handed_on_to_nobody_have_left():
    rolled = rolled_forward(one_lot(), used("transfer", 1_000))
    assert row(rolled, "contract_liability", "2024-02")["expired"] == -7.41


def test_a_month_that_redeems_more_than_its_rate_is_named():
    rolled = rolled_forward(one_lot(), used("redeem", 900))
    assert rolled.contradicted == 1
    assert "Give each month of issue its own redemption rate" in rolled.readout().action.text("en")
    own = FLAT.assign(issue_month="2024-01", redemption_rate=0.95)
    assert rolled_forward(one_lot(), used("redeem", 900), estimates=own).contradicted == 0


def test_a_lower_rate_is_revenue_at_once():
    lower = pd.concat([FLAT, FLAT.assign(month="2024-03", redemption_rate=0.6)])
    rolled = rolled_forward(one_lot(), used("redeem", 300), estimates=lower)
    last = row(rolled, "contract_liability", "2024-03")
    assert last["change_of_rate"] == pytest.approx(round(7.41 * 222 / 741 / 0.8 - 7.41 * 222 / 741 / 0.6, 2), abs=0.011)
    assert row(rolled, "cost_to_fulfil", "2024-03")["change_of_rate"] == -1.0  # 200 points at .005


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"uses": used("redeem", 1_001)}, "1 take more points than are left of their lot"),
        ({"uses": used("redeem", 10).assign(lot=9)}, "1 of 1 uses belong to no lot"),
        ({"uses": used("redeem", 10, "2023-12-01")}, "1 uses lie in a month before their points were issued"),
        ({"uses": used("stolen", 10)}, "stolen is none of them"),
        ({"lots": pd.concat([one_lot(), one_lot()])}, "1 stand there more than once"),
        ({"orders": ORDERS.iloc[:0]}, "1 of 1 lots name an order that is not there"),
        ({"orders": ORDERS.assign(amount=-5.0)}, "1 have an amount below 0"),
        ({"estimates": FLAT.assign(redemption_rate=1.2)}, "no share from 0 to 1"),
        ({"estimates": FLAT.assign(cost_per_point=np.nan)}, "cost_per_point that is missing or below 0"),
        ({"estimates": FLAT.iloc[:0]}, "there are none"),
    ],
)
def test_what_does_not_fit_together_is_refused(change, said):
    given = {"lots": one_lot(), "uses": used("redeem", 10), "orders": ORDERS, "estimates": FLAT} | change
    with pytest.raises(BadInput, match=said):
        rolled_forward(**given)


def test_accounts_are_ones_own_and_texts_in_both_languages(rolled):
    lines = JournalLines(accounts={"contract_liability": "2410"}).analyze(rolled).to_frame()
    assert "2410" in set(lines["account"])
    assert set(lines["account"]) <= {*ACCOUNTS, "2410"}
    assert lines["text_zh"].str.contains("积分").all()
    with pytest.raises(BadInput, match="accounts names cash"):
        JournalLines(accounts={"cash": "1000"})


def test_estimates_as_they_would_have_been_made_close_too(ledger):
    triangle = RedemptionTriangle.from_ledger(ledger["lots"], ledger["uses"], ledger["as_of"])
    spec = UltimateRedemption(least_redeemers=5, draws=100)
    estimates = estimates_over_time(triangle, spec, every=6).assign(cost_per_point=0.006)
    assert estimates.query("month == '2023-06'")["redemption_rate"].eq(1.0).all() or not estimates["refused"].iloc[0]
    rolled = LiabilityRollForward(point_price=0.01).analyze(
        ledger["lots"], ledger["uses"], ledger["orders"], estimates, ledger["as_of"]
    )
    assert rolled.difference == 0
    assert rolled.estimates.by_cohort
    assert list(rolled.total()["part"]) == list(PARTS)


def test_a_ledger_without_order_numbers_owes_no_known_amount(ledger):
    lots = ledger["lots"].assign(order_id=pd.Series([None] * len(ledger["lots"]), dtype=object))
    spec = LiabilityRollForward(point_price=0.01)
    found = spec.analyze(lots, ledger["uses"], ledger["orders"], ESTIMATES, ledger["as_of"])
    facts = {fact.id: fact for fact in found.facts()}
    assert facts["liability.contract_liability"].value is None
    assert facts["liability.revenue"].refusal is not None
    assert facts["liability.provision"].value > 0
    earned = int(lots["kind"].isin(["earn", "pending"]).sum())
    assert found.readout().text("en").startswith(f"None of the {earned:,} lots that were earned names an order")
