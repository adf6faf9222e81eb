"""What referrals bring: equal follow-up, products that add up, chains and circles, value, growth, tiers."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.loyalty.referral import (
    InvitationChains,
    Invitations,
    MemberGrowth,
    PlantedReferrals,
    ReferralFraud,
    ReferredValue,
    SegmentReach,
)
from crm_lab.loyalty.referral.outcomes.invitation_chains import CIRCLE, generations
from crm_lab.messages import LANGUAGES
from crm_lab.results import unlabelled


@pytest.fixture(scope="module")
def honest():
    return PlantedReferrals(members=8_000, rings=0, self_referrers=0, bursts=0, decay=0.7, seed=11)


@pytest.fixture(scope="module")
def fraud(honest):
    return ReferralFraud().analyze(honest.make().log())


def test_nobody_is_counted_over_less_time_than_others(honest, fraud):
    whole = Invitations().analyze(fraud)
    early = Invitations().analyze(ReferralFraud().analyze(honest.make().log("2025-03-01")))
    eligible = early.counts.eligible
    both = eligible & whole.counts.eligible
    assert both.sum() == eligible.sum()
    for counted in ("joined", "real"):  # what is known later changes nothing of the first days
        assert np.array_equal(early.counts.brought[counted][both], whole.counts.brought[counted][both])
    assert np.array_equal(early.counts.sent[both], whole.counts.sent[both])


def test_k_is_invitations_times_conversion_and_its_parts_shrink(fraud):
    frame = Invitations().analyze(fraud).to_frame()
    assert np.allclose(frame["invitations_per_member"] * frame["conversion"], frame["k_factor"])
    assert frame["k_factor"].is_monotonic_decreasing
    assert ((frame["lo"] < frame["k_factor"]) & (frame["k_factor"] < frame["hi"])).all()


def test_funnels_add_up(fraud):
    result = Invitations().analyze(fraud)
    whole = result.funnel("all").iloc[0]
    for by in ("month", "channel"):
        parts = result.funnel(by)
        for stage in ("invited", "joined", "bought", "valid", "reward"):
            assert parts[stage].sum() == pytest.approx(whole[stage])


def test_planted_decay_is_found(fraud):
    value, ci = InvitationChains().analyze(fraud).decay
    assert ci.lo < 0.7 < ci.hi
    assert abs(value - 0.7) < 0.12


def test_generations_of_chains_and_circles():
    assert generations(np.array([-1, 0, 1, 2, 5, 4, 5])).tolist() == [0, 1, 2, 3, CIRCLE, CIRCLE, CIRCLE]
    assert generations(np.arange(-1, 5_000)).max() == 5_000


def test_members_of_chains_are_all_members(fraud):
    sizes = InvitationChains().analyze(fraud).sizes()
    assert sizes["members"].sum() == (~fraud.suspected).sum()


def test_value_is_found_where_it_is_planted_and_refused_with_too_little(honest):
    planted = honest.make()
    brought = planted.customers["acquisition_channel"] == "referral"
    more = planted.transactions["customer_id"].isin(planted.customers.loc[brought, "customer_id"])
    later = planted.transactions.assign(
        net_amount=planted.transactions["net_amount"].where(~more, planted.transactions["net_amount"] * 1.5)
    )
    object.__setattr__(planted, "transactions", later)
    found = ReferralFraud().analyze(planted.log())
    result = ReferredValue(days=120).analyze(found)
    assert result.interval.lo > 0
    assert result.e_value.end > 1
    short = ReferredValue(days=530).analyze(found)
    assert short.refusal().key == "referral.value.refused_few"
    assert short.facts()[0].value is None


def test_a_column_that_says_who_was_referred_leaves_nothing_to_compare(honest, fraud):
    result = ReferredValue(days=120, also=("acquisition_channel",)).analyze(fraud, honest.make().customers)
    assert result.refusal().key == "referral.value.refused"
    with pytest.raises(BadInput, match="give the customers"):
        ReferredValue(also=("city",)).analyze(fraud)


def test_growth_is_a_rate(fraud):
    spans = {"before": ("2024-03-01", "2024-06-30"), "during": ("2024-07-01", "2024-10-31")}
    result = MemberGrowth(**spans).analyze(fraud)
    row = result.to_frame().set_index("counted").loc["joined"]
    assert row["change"] == pytest.approx(row["rate_during"] / row["rate_before"] - 1)
    assert MemberGrowth(**spans | {"during": ("2024-07-01", "2030-01-01")}).analyze(fraud).refusal() is not None
    with pytest.raises(BadInput, match="before must end before during begins"):
        MemberGrowth(before=("2024-03-01", "2024-07-30"), during=("2024-07-01", "2024-10-31"))


def test_a_tier_that_nobody_enters_is_named(fraud):
    entries = pd.DataFrame({"customer_id": ["m1"], "tier": ["gold"], "since": ["2024-05-01"]})
    with pytest.raises(BadInput, match=r"Nobody enters 'pioneer'; the entries have gold"):
        SegmentReach(reached="pioneer").analyze(fraud, entries)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_result_reads_and_draws_in_every_language(fraud, honest, lang, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    joined = honest.make().customers
    entries = joined.iloc[::3].rename(columns={"joined_on": "since"}).assign(tier="gold")
    spans = {"before": ("2024-03-01", "2024-06-30"), "during": ("2024-07-01", "2024-10-31")}
    results = [
        fraud, Invitations().analyze(fraud), InvitationChains().analyze(fraud), ReferredValue(days=120).analyze(fraud),
        SegmentReach(reached="gold").analyze(fraud, entries), MemberGrowth(**spans).analyze(fraud),
    ]  # fmt: skip
    for result in results:
        assert result.readout().text()
        assert not unlabelled(result)
        assert result.plot().get_title(loc="left") or result.to_frame().empty
        assert all(fact.to_json()["label"] for fact in result.facts())


def test_too_few_are_refused_everywhere():
    small = PlantedReferrals(members=30, rings=0, self_referrers=0, bursts=0, wifi=0, seed=1).make()
    found = ReferralFraud().analyze(small.log())
    assert found.refusal() is not None
    for result in (Invitations().analyze(found), InvitationChains().analyze(found), ReferredValue().analyze(found)):
        assert result.refusal() is not None
        assert result.readout().text()
        assert all(fact.value is None or fact.refusal is None for fact in result.facts())
        result.plot()
