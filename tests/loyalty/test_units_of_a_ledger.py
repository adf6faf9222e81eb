"""Costs in cents and redemptions in money are asked of; a cost that was named holds for all that reads the ledger."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import CannotAnswer
from crm_lab.data.workspace import Tables
from crm_lab.loyalty.liability import PointsCost
from crm_lab.loyalty.open_programme import LoyaltyProgramme, open_programme
from crm_lab.loyalty.points import PointsLedger
from crm_lab.loyalty.programme_rules import RuleWhatIf

SOURCE, DAY = "simulated:points,customers=600", "2024-12-31"


@pytest.fixture(scope="module")
def programme():
    return open_programme(SOURCE, DAY)


def with_ledger(monkeypatch, change):
    """Every workspace has its ledgers of points changed."""
    original = Tables.__getitem__

    def changed(self, name):
        table = original(self, name)
        return change(table) if name in ("rewards", "rewards_other_system") else table

    monkeypatch.setattr(Tables, "__getitem__", changed)


def in_cents(ledger):
    return ledger.assign(cost_amount=ledger["cost_amount"] * 100)


def in_money(ledger):
    """Redemptions written as what they are worth, and at that cost."""
    worth = np.maximum((ledger["points"].abs() * 0.02).round(), 1).astype(int)
    redeems = ledger["kind"] == "redeem"
    cost = ledger["cost_amount"].where(~redeems, worth.astype(float))
    return ledger.assign(points=ledger["points"].where(~redeems, -worth), cost_amount=cost)


@pytest.mark.parametrize("change", [in_cents, in_money])
def test_rewards_that_cost_more_than_half_of_the_sales_are_asked_of(monkeypatch, change):
    with_ledger(monkeypatch, change)
    with pytest.raises(CannotAnswer, match=r"costs in cents, or redemptions in money.*`point_cost`"):
        open_programme(SOURCE, DAY)


def test_the_programme_as_it_is_gives_back_what_the_key_says(programme):
    from crm_lab.simulate import open_key

    truth = open_key(SOURCE).points_truth()
    lots = truth.lots[truth.lots["kind"].isin(["earn", "pending"])]
    spend = programme.orders["net_amount"].sum()
    expected = float(truth.liability()["cost_per_point"] * lots["points"].sum() / spend)
    assert programme.given_back == pytest.approx(expected, rel=0.05)


def test_a_cost_that_is_named_is_that_of_every_redemption(monkeypatch):
    with_ledger(monkeypatch, in_cents)
    named = open_programme(SOURCE, DAY, point_cost=0.01)
    redeemed = named.rewards[named.rewards["kind"] == "redeem"]
    assert np.allclose(redeemed["cost_amount"], 0.01 * redeemed["points"].abs())
    assert not named.rewards.loc[named.rewards["kind"] != "redeem", "cost_amount"].any()
    assert PointsCost().analyze(named.rewards, DAY).cost == pytest.approx(0.01)
    assert any("0.01" in note for note in named.notes())


def test_redemptions_far_smaller_than_an_order_earns_are_named(programme):
    ledger = programme.rewards
    assert "small_redemptions" not in set(PointsLedger().analyze(ledger, DAY).breaches["breach"])
    small = in_money(ledger).assign(cost_amount=0.0)
    redeems = small["kind"] == "redeem"
    small.loc[redeems, "points"] = -1
    found = PointsLedger(expiry="by_date").analyze(small[small["kind"] != "expire"], DAY).breaches.set_index("breach")
    assert found.loc["small_redemptions", "rows"] == redeems.sum()


def test_rules_are_not_tried_where_rewards_have_no_cost(programme):
    base = programme.rules(1.0, "silver = 1.25; gold = 1.5", 12)
    spec = RuleWhatIf(base=base, rules={"more": dataclasses.replace(base, rate=1.2)}, margin_share=0.4, draws=20,
                      tiers=programme.tiers, plays=1, most_missed=0.9)  # fmt: skip
    given = programme.orders, programme.rewards, programme.tier_history
    assert spec.analyze(*given, as_of=DAY).refusal() is None
    free = programme.rewards.assign(cost_amount=pd.NA)
    refused = spec.analyze(programme.orders, free, programme.tier_history, as_of=DAY)
    assert "none of the redemptions has a cost" in str(refused.refusal().text())
    assert "point_cost" in refused.readout().action.text()
    assert [fact.id for fact in refused.facts()] == ["rules.missed"]


def test_a_named_scale_holds_for_both_systems():
    plain, named = (open_programme(SOURCE, DAY, scale_changes=text) for text in ("none", "2024-03-01 = 10"))
    before = plain.other_ledger["date"] < "2024-03-01"
    assert (named.other_ledger["points"][before] == 10 * plain.other_ledger["points"][before]).all()


class WithoutCustomers(LoyaltyProgramme):
    customers = None


def test_invitations_are_looked_through_without_a_table_of_customers(programme, monkeypatch):
    monkeypatch.setattr(Tables, "__contains__", lambda self, name: name != "customers" and
                        (self.workspace.folder / f"{name}.parquet").exists())  # fmt: skip
    other = WithoutCustomers(**{field.name: getattr(programme, field.name) for field in dataclasses.fields(programme)})
    assert other.fraud(90).judged > 0
