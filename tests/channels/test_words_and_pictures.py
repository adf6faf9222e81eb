"""Channels in both languages: the same tables, labels for all columns, a picture of each."""

import pandas as pd
import pytest
from matplotlib import pyplot as plt

from crm_lab.channels import (
    Attribution,
    AudienceOverlap,
    CampaignFunnel,
    ContactCap,
    ContactCost,
    ContactCostResult,
    ContactDoses,
    FatigueSlope,
    IncrementalResponse,
    OptOutHazard,
    PromotionDip,
    ReachPrecision,
)
from crm_lab.results import unlabelled


@pytest.fixture(scope="module")
def results(journey, shop):
    doses = ContactDoses.of(shop, without=["save_offer"])
    slope, opt_out = FatigueSlope().analyze(doses), OptOutHazard().analyze(doses)
    cap = ContactCap(open_worth=0.6, opt_out_cost=2, message_cost=0.02)
    return [
        CampaignFunnel(claim=0.75).analyze(journey), CampaignFunnel().analyze(shop),
        IncrementalResponse().analyze(journey, "13"), IncrementalResponse().analyze(shop, "save_offer"),
        AudienceOverlap().analyze(journey), AudienceOverlap().analyze(shop),
        ReachPrecision(active_days=60).analyze(journey), ReachPrecision(response="opened").analyze(shop),
        ContactCost().analyze(shop), PromotionDip().analyze(journey, "13"), PromotionDip().analyze(shop, "save_offer"),
        slope, FatigueSlope(outcome="ordered").analyze(doses), opt_out, cap.analyze(slope, opt_out),
        Attribution().analyze(shop), Attribution(by="campaign", touch="sent").analyze(journey),
    ]  # fmt: skip


def test_tables_are_the_same_in_every_language_and_words_are_not(results, monkeypatch):
    for result in results:
        seen = {}
        for lang in ("en", "zh"):
            monkeypatch.setenv("CRM_LAB_LANG", lang)
            seen[lang] = result.to_frame()
            assert not unlabelled(result), type(result).__name__
            assert all(str(fact.label) for fact in result.facts())
            result.shown()
        pd.testing.assert_frame_equal(seen["en"], seen["zh"])
        assert result.readout().text("en") != result.readout().text("zh")
        ids = [fact.id for fact in result.facts()]
        assert len(ids) == len(set(ids)) > 0


def test_facts_of_made_up_data_are_marked(results):
    for result in results:
        log = getattr(result, "log", None) or getattr(getattr(result, "doses", None), "log", None)
        if log is not None and log.simulated:
            assert {fact.kind for fact in result.facts() if fact.value is not None} == {"simulated"}


def test_each_has_a_picture_in_both_languages(results, monkeypatch):
    one_of_each = {type(result): result for result in results if not isinstance(result, ContactCostResult)}
    for lang in ("en", "zh"):
        monkeypatch.setenv("CRM_LAB_LANG", lang)
        for result in (*one_of_each.values(), results[2], results[9]):  # and those that show why they refuse
            assert result.plot().get_title(loc="left"), type(result).__name__
            plt.close("all")
    assert results[4].plot(pairs=True).get_title(loc="left")
    plt.close("all")
