"""A replay gives the ledger it came from, other rules do what arithmetic says, and wrong rules are refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.loyalty.programme_rules import PointsRules, RuleWhatIf

BASE = PointsRules(rate=1.0, expiry_days=200)
LAST = "2023-12-31"


def lived(members=120, price=100, expiry=200, seed=1):
    """A ledger made event by event, lot by lot, and its orders; half the chances to redeem are taken."""
    rng, events, orders = np.random.default_rng(seed), [], []
    for m in range(members):
        live(m, rng, events, orders, price, expiry)
    rows = pd.DataFrame(events, columns=["member", "day", "kind", "points", "order_id", "cost_amount"])
    rows["date"] = pd.Timestamp("2022-01-01") + pd.to_timedelta(rows["day"], unit="D")
    rows["customer_id"] = "m" + rows["member"].astype(str)
    rows = rows.sort_values(["member", "day"], kind="stable", ignore_index=True)
    return pd.DataFrame(orders, columns=["order_id", "net_amount"]), rows


def live(m, rng, events, orders, price, expiry):
    """One member's life in the programme."""
    lots = []
    for k, day in enumerate(np.sort(rng.choice(730, rng.integers(2, 40), replace=False))):
        lapse(m, lots, events, expiry, day)
        if sum(left for _, left in lots) >= price and rng.random() < 0.5:
            take(lots, price)
            events.append((m, day, "redeem", -price, None, 2.0))
        amount = round(float(rng.uniform(5, 90)), 2)
        orders.append((f"o{m}-{k}", amount))
        lots.append([day, int(amount)])
        events.append((m, day, "earn", int(amount), f"o{m}-{k}", 0.0))
    lapse(m, lots, events, expiry, 729)


def lapse(m, lots, events, expiry, day):
    """Lots past their last day expire on the day after it."""
    for lot in lots:
        if lot[1] and lot[0] + expiry < day:
            events.append((m, lot[0] + expiry + 1, "expire", -lot[1], None, 0.0))
            lot[1] = 0


def take(lots, due):
    """Oldest lots first."""
    for lot in lots:
        used = min(due, lot[1])
        lot[1], due = lot[1] - used, due - used


@pytest.fixture(scope="module")
def programme():
    return lived()


def what_if(rules, **settings):
    return RuleWhatIf(base=BASE, rules=rules, margin_share=0.4, **{"draws": 40} | settings)


def test_the_replay_is_the_ledger_to_the_point(programme):
    orders, ledger = programme
    found = what_if({"same": BASE}).analyze(orders, ledger, as_of=LAST)
    assert found.missed == dict.fromkeys(("issued", "redeemed", "expired", "outstanding"), 0.0)
    totals = ledger.groupby("kind")["points"].sum()
    own = found.to_frame().iloc[0]
    assert own["redeemed"] == -totals["redeem"]
    assert own["expired"] == -totals["expire"]
    assert own["outstanding"] == ledger["points"].sum()


def test_rules_that_change_nothing_change_nothing(programme):
    rows = what_if({"same": replace(BASE)}).analyze(*programme, as_of=LAST).to_frame()
    assert rows[["profit_change", "profit_change_lo", "profit_change_hi", "liability_change"]].eq(0).all(axis=None)


def test_points_are_conserved_under_any_rules(programme):
    rules = {
        "double": replace(BASE, rate=2.0), "short": replace(BASE, expiry_days=30), "never": PointsRules(),
        "dearer": replace(BASE, price_factor=3.0), "months": PointsRules(expiry_months=6),
    }  # fmt: skip
    rows = what_if(rules).analyze(*programme, as_of=LAST).to_frame().set_index("rule")
    np.testing.assert_allclose(rows["redeemed"] + rows["expired"] + rows["outstanding"], rows["issued"])
    assert rows.loc["never", "expired"] == 0
    assert rows.loc["short", "expired"] > rows.loc["as_it_is", "expired"]
    assert rows.loc["short", "redeemed"] < rows.loc["as_it_is", "redeemed"]
    assert rows.loc["double", "reward_cost"] > rows.loc["as_it_is", "reward_cost"]
    assert rows.loc["dearer", "reward_cost"] < rows.loc["as_it_is", "reward_cost"] / 2


def test_a_spend_response_moves_margin_and_what_is_needed_is_where_profit_is_equal(programme):
    rows = what_if({"double": replace(BASE, rate=2.0)}, responses=(0.0, 0.1)).analyze(*programme, as_of=LAST).to_frame()
    plain, moved = rows.iloc[1], rows.iloc[2]
    assert moved["margin"] == pytest.approx(plain["margin"] * 2**0.1, rel=0.01)
    assert plain["profit"] * (1 + plain["spend_needed"]) == pytest.approx(rows.iloc[0]["profit"])


def test_thresholds_move_members_and_their_perks(programme):
    history = pd.DataFrame(
        {
            "customer_id": [f"m{k}" for k in range(120)], "since": "2022-01-01",
            "qualifying_amount": np.linspace(0, 1_190, 120),
        }
    ).assign(tier=lambda f: np.where(f["qualifying_amount"] >= 600, "gold", "base"))  # fmt: skip
    base = replace(BASE, thresholds={"gold": 600}, perks={"gold": 10.0})
    spec = RuleWhatIf(
        base=base, rules={"lower": replace(base, thresholds={"gold": 400})}, tiers=("base", "gold"), margin_share=0.4,
        draws=40,
    )  # fmt: skip
    own, lower = spec.analyze(*programme, history, as_of=LAST).to_frame().to_dict("records")
    assert lower["moved_up"] == 20
    assert own["perk_cost"] == pytest.approx(60 * 10 * 730 / 365, rel=0.1)
    assert lower["perk_cost"] == pytest.approx(own["perk_cost"] * 80 / 60, rel=0.05)


def test_rules_that_did_not_hold_are_refused(programme):
    wrong = RuleWhatIf(base=PointsRules(rate=1.5), rules={"same": BASE}, margin_share=0.4, draws=20)
    found = wrong.analyze(*programme, as_of=LAST)
    assert found.refusal().key == "programme_rules.refused"
    assert found.to_frame().empty
    assert [fact.id for fact in found.facts()] == ["rules.missed"]
    assert "miss the ledger by" in str(found.readout().finding)
    assert len(found.shown()) == 0
    found.plot()


def test_settings_and_empty_ledgers_are_said(programme):
    with pytest.raises(BadInput, match="is the name of the rules lived under"):
        what_if({"as_it_is": BASE})
    with pytest.raises(BadInput, match="they must rise"):
        PointsRules(thresholds={"silver": 600, "gold": 300})
    with pytest.raises(BadInput, match="give months or days"):
        PointsRules(expiry_days=3, expiry_months=2)
    orders, ledger = programme
    with pytest.raises(CannotAnswer, match="No points were issued"):
        what_if({"same": BASE}).analyze(orders, ledger[ledger["kind"] == "redeem"], as_of=LAST)


def test_words_and_picture_in_both_languages(programme, monkeypatch):
    found = what_if({"dearer": replace(BASE, price_factor=2.0)}, responses=(0.05,)).analyze(*programme, as_of=LAST)
    for lang in ("en", "zh"):
        monkeypatch.setenv("CRM_LAB_LANG", lang)
        assert "dearer" in found.readout().text()
        assert found.plot().get_title(loc="left")
        assert found.shown()["rule"].iloc[0] != "as_it_is"
