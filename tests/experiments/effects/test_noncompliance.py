"""ITT, CACE and response rates."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from crm_lab import open_workspace
from crm_lab.checks import BadInput
from crm_lab.experiments import Experiment, campaign_messages
from crm_lab.experiments.effects.noncompliance import TakeUp
from crm_lab.experiments.effects.response_rates import ResponseRates
from crm_lab.messages import LANGUAGES


def opt_in(n=4000, effect=20.0, seed=14):
    """Heavier buyers join more; joining adds `effect`."""
    rng = np.random.default_rng(seed)
    level = rng.gamma(2, 50, n)
    arm = rng.permutation(np.repeat(["control", "treatment"], n // 2))
    joins = (rng.random(n) < np.clip(level / 200, 0, 0.9)) & (arm == "treatment")
    spend = level + rng.normal(0, 10, n) + effect * joins
    return pd.DataFrame({"arm": arm, "spend": spend, "before": level + rng.normal(0, 10, n), "joined": joins * 1.0})


@pytest.fixture
def frame():
    return opt_in()


def analyze(frame, covariates=("before",)):
    test = Experiment.from_frame(frame, arm="arm", outcomes=["spend", "joined"], covariates=list(covariates))
    return TakeUp(outcome="spend", taken="joined", stages=("joined",), unit="EUR").analyze(test)


def test_wald_is_two_stage_least_squares(frame):
    """REFERENCE section 4: Wald = 2SLS (1e-9)."""
    found = analyze(frame, ())
    z = sm.add_constant((frame["arm"] == "treatment") * 1.0)
    hat = sm.OLS(frame["joined"], z).fit().fittedvalues
    second = sm.OLS(frame["spend"], sm.add_constant(hat.rename("hat"))).fit()
    assert found.cace == pytest.approx(second.params["hat"], rel=1e-9)


def test_the_offer_the_takers_and_the_wrong_answer(frame):
    found = analyze(frame)
    share = frame.loc[frame["arm"] == "treatment", "joined"].mean()
    assert found.take_up == pytest.approx(share, abs=0.02)
    assert found.naive > 40  # twice the truth: joiners were the heavy buyers
    assert all(found.readout().text(lang) for lang in LANGUAGES)
    assert found.to_frame()["effect"].tolist() == pytest.approx([found.itt, found.cace, found.naive])


def skewed(arms, seed, effect=20.0):
    """Log-normal spend (sigma 1.2); two in five of the treated join, heavier buyers rather, for an effect each."""
    rng = np.random.default_rng(seed)
    level, treated = rng.normal(0, 1, sum(arms)), np.arange(sum(arms)) >= arms[0]
    joins = treated & (level + rng.normal(0, 1, sum(arms)) > 0.36)
    spend = 20 * np.exp(level + rng.normal(0, 0.66, sum(arms))) + effect * joins
    frame = pd.DataFrame({"arm": np.where(treated, "treatment", "control"), "spend": spend, "joined": joins * 1.0})
    shares = {"control": arms[0] / sum(arms), "treatment": arms[1] / sum(arms)}
    test = Experiment.from_frame(frame, arm="arm", outcomes=["spend", "joined"], shares=shares)
    return TakeUp(outcome="spend", taken="joined").analyze(test)


@pytest.mark.slow
@pytest.mark.parametrize("arms", [(60, 600), (600, 60)])
def test_small_arms_cover_the_effect_on_takers(arms):
    """40 draws: by permutation the interval misses an effect of 20 no more often than one time in twenty by chance."""
    missed = 0
    for seed in range(40):
        span = skewed(arms, seed).cace_set
        missed += not span.lo <= 20 <= span.hi
    assert missed <= stats.binom.ppf(0.999, 40, 0.05)


def test_of_an_offer_that_few_take_up_there_is_no_effect_on_takers():
    rng = np.random.default_rng(2)
    arm = np.where(np.arange(200) < 100, "control", "treatment")
    frame = pd.DataFrame({"arm": arm, "spend": rng.lognormal(3, 1, 200), "joined": (rng.random(200) < 0.3) * 1.0})
    test = Experiment.from_frame(frame.drop(range(20)), arm="arm", outcomes=["spend", "joined"])
    found = TakeUp(outcome="spend", taken="joined").analyze(test)
    assert found.cace_set.kind == "all"
    assert found.readout().finding.key == "experiments.take_up.finding_itt"


def test_effects_of_offer_and_take_up_are_right_on_average():
    """60 draws with a true effect of 20 on takers; one draw has a standard error of 1."""
    found = [analyze(opt_in(seed=seed)) for seed in range(60)]
    assert np.mean([f.cace for f in found]) == pytest.approx(20, abs=4 / 60**0.5)
    assert np.mean([f.itt for f in found]) == pytest.approx(20 * np.mean([f.take_up for f in found]), abs=0.4)
    assert sum(f.cace_set.contains(20) for f in found) >= 52


def test_nobody_took_it_up(frame):
    rng = np.random.default_rng(1)
    found = analyze(frame.assign(joined=(rng.random(len(frame)) < 0.3) * 1.0))
    cace = next(f for f in found.facts() if f.id == "take_up.cace")
    assert cace.value is None
    assert "hardly changes who takes part" in cace.refusal.text("en")
    assert "too few take it up" in found.readout().finding.text("en")


def test_the_funnel_has_shares_with_intervals(frame):
    row = analyze(frame).funnel.iloc[0]
    assert row["control"] == 0
    assert row["treatment_low"] < row["treatment"] < row["treatment_high"]


def test_take_up_must_be_0_or_1(frame):
    with pytest.raises(BadInput, match="joined must be 0 or 1"):
        analyze(frame.assign(joined=frame["joined"] * 2))


MESSAGES = pd.DataFrame(
    {
        "delivered": [1] * 90 + [0] * 10,
        "opened": [1] * 30 + [0] * 70,
        "redeemed": [1] * 12 + [0] * 88,
        "bought": [1] * 24 + [0] * 76,
    }
)


def test_every_definition_stands_beside_the_others():
    frame = ResponseRates(target=0.75).analyze(MESSAGES).to_frame().set_index("definition")
    assert frame.loc["redeemed / sent", "rate"] == pytest.approx(0.12)
    assert frame.loc["redeemed / delivered", "rate"] == pytest.approx(12 / 90)
    assert frame.loc["bought / opened", "rate"] == pytest.approx(24 / 30)
    assert not frame["reaches_target"].any()


def test_only_a_narrow_definition_reaches_75_percent():
    many = pd.concat([MESSAGES] * 20, ignore_index=True)
    table = ResponseRates(target=0.75).analyze(many)
    assert "1 of 8 definitions reach 75%" in table.readout().action.text("en")
    assert {str(f.denominator) for f in table.facts()} == {"sent", "delivered", "opened"}
    assert all(table.readout().text(lang) for lang in LANGUAGES)


def test_messages_without_responses_are_refused():
    with pytest.raises(BadInput, match="No response column is there"):
        ResponseRates().analyze(MESSAGES[["delivered"]])
    with pytest.raises(BadInput, match="opened must be 0 or 1"):
        ResponseRates().analyze(MESSAGES.assign(opened=2))


def test_missing_answers_are_left_out_of_their_rate_and_groups_stand_below():
    flags = MESSAGES.assign(bought=[np.nan] * 20 + [1] * 20 + [0] * 60, kind=["a"] * 50 + ["b"] * 50)
    frame = ResponseRates(by="kind").analyze(flags).to_frame().set_index(["definition", "group"])
    assert frame.loc[("bought / sent", ""), ["responders", "of"]].tolist() == [20, 80]
    assert frame.loc[("redeemed / sent", "a"), "of"] == 50
    assert frame["responders"].groupby("definition").sum().loc["redeemed / sent"] == 24  # all, a and b


def test_messages_of_one_customer_are_not_independent():
    """Everybody gets ten messages and answers all or none: as uncertain as one message each."""
    one = pd.DataFrame({"customer_id": [f"c{i}" for i in range(60)], "redeemed": [1] * 20 + [0] * 40})
    ten = pd.concat([one] * 10, ignore_index=True)
    once, often = (ResponseRates().analyze(messages).to_frame().iloc[0] for messages in (one, ten))
    assert (often["low"], often["high"]) == pytest.approx((once["low"], once["high"]), abs=1e-9)
    apart = ResponseRates().analyze(ten.drop(columns="customer_id")).to_frame().iloc[0]
    assert apart["high"] - apart["low"] < 0.5 * (once["high"] - once["low"])


def test_without_messages_there_is_no_rate():
    nothing = ResponseRates().analyze(None)
    assert "hold no messages" in nothing.readout().finding.text("en")
    assert nothing.facts()[0].value is None
    assert nothing.plot().texts  # the reason stands in place of a picture


@pytest.fixture(scope="module")
def journey():
    return open_workspace("complete_journey").at("2017-12-31")


def test_response_rates_of_complete_journey(journey):
    """CATALOGUE F2: coupon redemption per targeted household-campaign 12.0 %; types A 16.6, B 6.5, C 5.9."""
    messages = campaign_messages(journey)
    assert len(messages) == 6589
    rates = ResponseRates(by="campaign_type").analyze(messages).to_frame()
    rates = rates[rates["definition"] == "redeemed / sent"].set_index("group")["rate"]
    assert rates.round(3).to_dict() == {"": 0.120, "Type A": 0.166, "Type B": 0.065, "Type C": 0.059}


def test_who_bought_within_the_days_counts_as_bought():
    day = pd.to_datetime
    tables = {
        "exposures": pd.DataFrame({
            "customer_id": ["a", "b", "c", "d", "a"], "campaign": ["1", "1", "1", "2", "2"],
            "date": day(["2024-05-01", "2024-05-01", "2024-05-01", "2024-05-20", "2024-05-10"]),
            "delivered": [True, False, None, True, True], "opened": None,
        }),
        "orders": pd.DataFrame({"customer_id": ["a", "b", "d", None], "date": day(["2024-05-14", "2024-05-15",
                                "2024-05-21", "2024-05-02"])}),
        "responses": pd.DataFrame({"customer_id": ["a", "a"], "campaign": ["2", "2"], "date": day(["2024-05-11"] * 2)}),
    }  # fmt: skip
    found = campaign_messages(Tables(tables), bought_days=14)
    assert found["bought"].fillna(-1).tolist() == [1, 0, 0, -1, 1]  # d's days are not over on the 31st
    assert found["redeemed"].tolist() == [0, 0, 0, 0, 1]
    assert found["delivered"].fillna(-1).tolist() == [1, 0, -1, 1, 1]
    assert "opened" not in found
    assert campaign_messages(Tables({})) is None
    with pytest.raises(BadInput, match="bought_days is 0"):
        campaign_messages(Tables(tables), bought_days=0)


class Tables(dict):
    """Tables in memory on the last day of May."""

    as_of = date(2024, 5, 31)


def test_control_units_that_took_it_up_are_counted(frame):
    leaked = frame.assign(joined=frame["joined"].where(frame.index % 9 > 0, 1.0))
    found = analyze(leaked)
    share = leaked.loc[leaked["arm"] == "control", "joined"].mean()
    assert found.contamination == pytest.approx(share)
    fact = next(f for f in found.facts() if f.id == "take_up.contamination")
    assert fact.ci.lo < share < fact.ci.hi
    assert f"{share:.1%} of the control took it up as well" in found.readout().certainty.text("en")


def test_an_outcome_without_values_has_a_funnel_and_no_effect(frame):
    found = analyze(frame.assign(spend=frame["spend"].where(frame["arm"] == "control")), ())
    assert "spend has no value for 2,000 units (control 0, treatment 2,000)" in found.refusal().text("en")
    assert found.to_frame().empty
    assert len(found.funnel) == 1
    assert found.facts()[0].value is None
