import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.simulate import action_world
from crm_lab.simulate.offers.action_world import ACTIONS, CHANNELS, DAYS


@pytest.fixture(scope="module")
def world():
    return action_world(2000, seed=3)


def test_every_customer_has_every_candidate_once(world):
    rows = world.candidates
    assert len(rows) == 2000 * len(ACTIONS) * len(CHANNELS) * len(DAYS)
    assert not rows.duplicated(["customer_id", "action", "channel", "day"]).any()
    assert rows["customer_id"].nunique() == 2000


def test_estimates_are_unbiased_with_the_error_they_state(world):
    rows = world.candidates.drop_duplicates(["customer_id", "action"])
    z = (rows["uplift_estimate"] - rows["true_uplift"]) / rows["uplift_se"]
    assert abs(z.mean()) < 4 / np.sqrt(len(z))
    assert z.std() == pytest.approx(1, abs=4 / np.sqrt(2 * len(z)))


def test_the_gain_is_that_of_the_documented_formula(world):
    rows = world.to_frame()
    seen = rows["response"] * rows["send_time"] * world.fatigue ** rows["recent_contacts"]
    assert np.allclose(rows["true_gain"], rows["true_uplift"] * rows["margin"] * seen - rows["cost"])
    assert (rows["true_gain"] < 0).mean() > 0.2  # some are put off


def test_the_score_says_little_of_the_gain(world):
    rows = world.candidates.drop_duplicates(["customer_id", "action"])
    assert abs(np.corrcoef(rows["score"], rows["true_uplift"])[0, 1]) < 0.5
    assert rows["score"].between(0, 1).all()


def test_more_customers_change_nobody_and_limits_grow(world):
    few = action_world(600, seed=3)
    pd.testing.assert_frame_equal(few.candidates, world.candidates.head(len(few.candidates)))
    assert few.capacity == {"app": 90, "email": 150, "sms": 120}
    assert (few.budget, world.budget) == (9.0, 30.0)
    assert not few.candidates.drop(columns="customer_id").equals(action_world(600, seed=4).candidates)


def test_broken_rules_are_counted(world):
    rows = world.candidates
    sound = rows[rows["consent"] & (rows["recent_contacts"] < 4)].drop_duplicates("customer_id")
    app = sound.query("channel == 'app'")
    assert world.broken(app.head(world.capacity["app"])) == {}
    assert world.broken(app.head(world.capacity["app"] + 7)) == {"capacity": 7}
    assert world.broken(rows[rows["recent_contacts"] >= 4].query("consent").head(1)) == {"contacts": 1}
    assert world.broken(rows[~rows["consent"]].query("recent_contacts < 4").head(1)) == {"consent": 1}
    twice = rows[rows["customer_id"] == sound["customer_id"].iloc[0]].query("consent").head(2)
    assert world.broken(twice) == {"one_each": 1}
    texts = rows[rows["consent"] & (rows["recent_contacts"] < 4)].query("channel == 'sms'")
    assert world.broken(texts.drop_duplicates("customer_id").head(380)) == {"budget": pytest.approx(0.4)}


def test_a_choice_is_worth_the_true_gain_of_its_rows(world):
    chosen = world.candidates.sample(50, random_state=1)
    assert world.true_gain(chosen[["customer_id", "action", "channel", "day"]]) == pytest.approx(
        chosen["true_gain"].sum()
    )
    with pytest.raises(BadInput, match="1 are no candidates and 1 are there twice"):
        world.true_gain(pd.concat([chosen.head(1), chosen.head(1), chosen.head(1).assign(day=5)]))


@pytest.mark.parametrize(("customers", "seed"), [(0, 1), (5, -1)])
def test_impossible_worlds_are_refused(customers, seed):
    with pytest.raises(BadInput, match="they must be 1 and 0 or more"):
        action_world(customers, seed)
