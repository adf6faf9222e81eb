"""Tables hold the same columns and levels in every language; only what is shown is translated."""

import pandas as pd
import pytest

from crm_lab.data.quality.coverage import what_can_be_answered
from crm_lab.data.quality.reconciliation import reconcile
from crm_lab.experiments import BeforeAfterClaim, ChosenOnPast, Design, Effects, Experiment, Programme, TakeUp, mean_of
from crm_lab.scorecard import Auditor, packaged, recompute


@pytest.fixture
def results(households, decks_of_samples, cdnow_sample):
    households = households.assign(joined=(households.index % 3 == 0) & (households["arm"] == "treatment"))
    outcomes, past = ["spend", "orders", "joined"], ["spend_before"]
    test = Experiment.from_frame(households.astype({"joined": float}), arm="arm", outcomes=outcomes, covariates=past)
    terms = Programme(margin_share=0.3, reward_rate=0.01, contact_cost=0.5, currency="EUR")
    return [
        Effects(metrics=(mean_of("spend"), mean_of("orders"))).analyze(test),
        TakeUp(outcome="spend", taken="joined").analyze(test),
        ChosenOnPast(outcome="spend", before="spend_before").analyze(test),
        terms.analyze(test, "spend"),
        Design(metrics=(mean_of("spend"),), lift=0.05).analyze(households, past),
        BeforeAfterClaim(before=0.6, after=0.8, control_rise=0.05).analyze(),
        Auditor().analyze(decks_of_samples),
        recompute(decks_of_samples, packaged()),
        reconcile(cdnow_sample),
        what_can_be_answered(cdnow_sample),
    ]


@pytest.fixture
def decks_of_samples():
    from crm_lab.scorecard import read_claims

    return read_claims("data/samples/decks.yaml")


def test_a_table_is_the_same_in_every_language_and_what_is_shown_is_not(results, monkeypatch):
    for result in results:
        shown = {}
        for lang in ("en", "zh"):
            monkeypatch.setenv("CRM_LAB_LANG", lang)
            shown[lang] = (result.to_frame(), result.shown())
        pd.testing.assert_frame_equal(shown["en"][0], shown["zh"][0])
        assert not shown["en"][1].equals(shown["zh"][1]), type(result).__name__


def test_stages_and_channels_of_messages_are_in_words(monkeypatch):
    """Every stage that a message can reach has a name in both languages, as have the lab's channels."""
    from crm_lab.experiments import ResponseRates
    from crm_lab.experiments.effects.response_rates import DENOMINATORS, NUMERATORS

    stages = list(dict.fromkeys([*DENOMINATORS, *NUMERATORS]))
    messages = pd.DataFrame(
        {name: [1, 0] * 20 for name in stages} | {"sent": 1, "campaign_type": ["email", "sms"] * 20}
    )
    rates = ResponseRates(by="campaign_type").analyze(messages)
    monkeypatch.setenv("CRM_LAB_LANG", "zh")
    shown = rates.shown()
    assert not shown["definition"].str.contains("[a-z]").any()
    assert not shown["group"].str.contains("[a-z]").any()
    assert not any(name in fact.label.text() for fact in rates.facts() for name in (*stages, "email", "sms"))
