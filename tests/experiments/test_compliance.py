"""ITT, CACE and response rates."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from crm_lab.checks import BadInput
from crm_lab.experiments import Experiment
from crm_lab.experiments.compliance import TakeUp
from crm_lab.experiments.response import ResponseRates
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
    assert {f.denominator for f in table.facts()} == {"sent", "delivered", "opened"}
    assert all(table.readout().text(lang) for lang in LANGUAGES)


def test_messages_without_responses_are_refused():
    with pytest.raises(BadInput, match="No response column is there"):
        ResponseRates().analyze(MESSAGES[["delivered"]])
    with pytest.raises(BadInput, match="opened must be 0 or 1"):
        ResponseRates().analyze(MESSAGES.assign(opened=2))
