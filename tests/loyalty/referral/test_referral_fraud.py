"""Suspected accounts: planted ones are found, honest ones left alone, hubs tie nobody, order does not matter."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from certification.referrals import counted
from crm_lab.loyalty.referral import Invitations, PlantedReferrals, ReferralFraud, ReferralLog
from crm_lab.loyalty.referral.forensics.shared_marks import MarkRules, tied_accounts
from crm_lab.messages import LANGUAGES


@pytest.fixture(scope="module")
def planted():
    return PlantedReferrals(members=8_000, seed=4).make()


@pytest.fixture(scope="module")
def found(planted):
    return ReferralFraud(currency="EUR").analyze(planted.log())


def test_planted_rings_are_found_and_honest_accounts_left_alone():
    total = pd.DataFrame([counted(PlantedReferrals(members=8_000, rings=6, seed=seed)) for seed in range(4)]).sum()
    assert total["rings_found"] >= 0.9 * total["rings"]
    assert total["named_true"] >= 0.95 * total["named"]
    assert total["honest_named"] <= 0.001 * total["honest"]
    assert total["households_named"] <= 0.001 * total["households"]


def test_without_fraud_next_to_nobody_is_named():
    total = counted(PlantedReferrals(members=8_000, rings=0, self_referrers=0, bursts=0, home=0.7, seed=3))
    assert total["honest_named"] <= 0.001 * total["honest"]


def test_order_of_rows_does_not_matter(planted, found):
    shuffled = replace(
        planted,
        referrals=planted.referrals.sample(frac=1, random_state=1),
        marks=planted.marks.sample(frac=1, random_state=2),
        transactions=planted.transactions.sample(frac=1, random_state=3),
    )
    again = ReferralFraud(currency="EUR").analyze(shuffled.log())
    assert np.array_equal(again.suspected, found.suspected)
    assert again.at_stake == found.at_stake


def test_money_at_stake_is_that_of_the_rows_and_counted_once(planted, found):
    rows = found.referrals()
    assert rows["referral"].is_unique
    own = planted.referrals.set_index("referral").loc[rows["referral"], "reward_amount"].sum()
    assert own == pytest.approx(found.at_stake)
    assert rows["reward"].sum() == pytest.approx(found.at_stake)
    assert found.to_frame()["at_stake"].sum() == pytest.approx(found.at_stake)
    assert found.to_frame()["at_stake"].is_monotonic_decreasing


def test_a_shops_wifi_and_kiosk_tie_nobody():
    planted = PlantedReferrals(members=3_000, wifi=2_000, rings=0, self_referrers=0, bursts=0, seed=5).make()
    shared = tied_accounts(planted.log(), MarkRules())
    assert shared.hubs["accounts"].tolist() == [2_000, 1_000]
    assert shared.sizes.max() < 40


def test_a_ring_larger_than_a_hub_is_still_tied_by_its_invitations():
    planted = PlantedReferrals(members=3_000, rings=1, ring_size=(45, 45), self_referrers=0, bursts=0, seed=6).make()
    found = ReferralFraud().analyze(planted.log())
    assert found.suspected[planted.truth["scheme"] == "ring"].mean() > 0.9


def test_lists_for_review_are_in_words_and_suspect_only(found):
    english, chinese = (found.review(lang) for lang in LANGUAGES)
    assert not (english["reasons"] == chinese["reasons"]).any()
    text = " ".join(english["reasons"]).lower()
    assert not any(word in text for word in ("fraud", "guilty", "criminal", "cheat"))
    assert (english["reasons"].str.len() > 0).all()
    assert english["customer_ids"].str.split().str.len().tolist() == english["accounts"].tolist()


def test_every_suspected_referral_has_reasons(found):
    assert (found.referrals()["reasons"].str.len() > 0).all()
    assert set(found.referrals()["group"]) <= set(found.to_frame()["group"])


def test_without_marks_only_batches_are_seen(planted):
    log = ReferralLog.of(planted.referrals, planted.customers, "2025-06-01", transactions=planted.transactions)
    found = ReferralFraud().analyze(log)
    assert set(found.to_frame()["scheme"]) == {"batch"}
    assert found.readout().certainty.key == "referral.fraud.certainty_no_marks"


def test_without_purchases_nobody_stands_out(planted):
    log = ReferralLog.of(planted.referrals, planted.customers, "2025-06-01", marks=planted.marks)
    found = ReferralFraud().analyze(log)
    assert found.suspected[planted.truth["scheme"] == "honest"].sum() == 0
    assert found.refusal().key == "referral.fraud.refused_no_purchases"
    assert all(fact.value is None for fact in Invitations().analyze(found).facts())


def test_simulated_facts_are_labelled(found):
    assert {fact.kind for fact in found.facts()} == {"simulated"}
    assert all(not fact.decides for fact in found.facts())
