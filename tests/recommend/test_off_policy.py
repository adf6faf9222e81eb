"""Values of policies: by hand, against the key, covered by their intervals, and refused where nothing can be said."""

import numpy as np
import pandas as pd
import pytest

from certification.off_policy import certify_off_policy, certify_refusals, planted_exposures, true_values
from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.recommend import OffPolicyValue, even_policy, top_policy
from crm_lab.recommend.off_policy.logged_exposures import LoggedExposures
from crm_lab.recommend.off_policy.policies import checked_policy
from crm_lab.recommend.off_policy.policy_estimates import halves, policy_estimates, reward_model
from crm_lab.simulate import make_retailer, open_key


@pytest.fixture(scope="module")
def world():
    return planted_exposures(600, 7)


def test_estimates_are_those_of_the_formulas(world):
    shown, policies = world
    log, policy = LoggedExposures.of(shown), checked_policy("lists", policies["lists"])
    found = policy_estimates(log, policy, None)
    joined = shown.merge(policy, on=["customer_id", "product_id"], how="left", validate="m:1")
    weight = (joined["chance"] / joined["propensity"]).to_numpy()
    click = joined["clicked"].to_numpy(dtype=float)
    assert found.by["ips"].value == pytest.approx((weight * click).mean(), rel=1e-12)
    assert found.by["snips"].value == pytest.approx((weight * click).sum() / weight.sum(), rel=1e-12)
    assert found.weight.value == pytest.approx(weight.mean(), rel=1e-12)
    assert found.effective == pytest.approx(weight.sum() ** 2 / (weight**2).sum(), rel=1e-12)
    model, side = reward_model(log), halves(log)
    by_customer = policy.pivot_table(index="customer_id", columns="product_id", values="chance").loc[log.customer_ids]
    said = (by_customer.to_numpy()[log.customer] * model[side]).sum(axis=1)
    dr = said + weight * (click - model[side, log.product])
    assert found.by["dr"].value == pytest.approx(dr.mean(), rel=1e-12)
    total = np.bincount(log.customer, dr - dr.mean())
    se = np.sqrt((total**2).sum() * 600 / 599) / len(shown)
    assert found.by["dr"].se == pytest.approx(se, rel=1e-12)
    assert found.gap.sum() == pytest.approx(weight.mean() - 1, abs=1e-12)


def test_the_logging_policy_is_worth_what_was_seen(world):
    shown, _ = world
    pairs = shown[["customer_id", "product_id", "propensity"]].drop_duplicates()
    rest = 1 - pairs.groupby("customer_id")["propensity"].sum()
    more = rest[rest > 1e-9].rename("propensity").reset_index().assign(product_id="never met")
    own = pd.concat([pairs, more]).rename(columns={"propensity": "chance"})
    log = LoggedExposures.of(shown)
    found = policy_estimates(log, checked_policy("own", own), None)
    assert found.by["ips"].value == pytest.approx(shown["clicked"].mean(), rel=1e-12)
    assert found.largest == pytest.approx(1)


def test_rewards_of_a_customer_play_no_part_in_what_is_said_of_it(world):
    shown, _ = world
    log = LoggedExposures.of(shown)
    one = halves(log) == 0
    changed = LoggedExposures.of(shown.assign(clicked=shown["clicked"].astype(int).where(~one, 1)))
    assert reward_model(changed)[0].tolist() == reward_model(log)[0].tolist()
    assert reward_model(changed)[1].tolist() != reward_model(log)[1].tolist()


def test_clicks_against_popularity_have_their_baseline(world):
    shown, policies = world
    result = OffPolicyValue().analyze(shown, policies)
    truth = true_values()
    row = result.row("lists")
    assert row.ratio_lo < truth["lists"] / truth["popularity"] < row.ratio_hi
    assert row.difference_lo < truth["lists"] - truth["popularity"] < row.difference_hi
    assert result.baseline == "popularity"
    assert result.better("lists")
    assert result.readout().finding.key == "recommend.off_policy.finding_better"
    assert result.row("logged").value == pytest.approx(shown["clicked"].mean())
    again = OffPolicyValue().analyze(shown.sample(frac=1, random_state=0), policies)
    pd.testing.assert_frame_equal(again.to_frame(), result.to_frame(), rtol=1e-10)


def test_cut_weights_are_told(world):
    shown, policies = world
    cut = OffPolicyValue(estimator="ips", most_weight=1.5).analyze(shown, policies)
    whole = OffPolicyValue(estimator="ips").analyze(shown, policies)
    assert cut.row("lists").value < whole.row("lists").value
    assert cut.weights()["cut"].max() > 0
    assert whole.weights()["cut"].max() == 0
    assert "Weights above 1.5 were cut" in cut.readout().text("en")
    with pytest.raises(BadInput, match=r"most_weight is 0\.5"):
        OffPolicyValue(most_weight=0.5)


def test_nothing_is_said_without_propensities_or_support(world):
    shown, policies = world
    with pytest.raises(CannotAnswer, match="hold no propensities"):
        OffPolicyValue().analyze(shown.drop(columns="propensity"), policies)
    with pytest.raises(BadInput, match="3 propensities are not in"):
        OffPolicyValue().analyze(shown.assign(propensity=[0.0, 1.5, -1, *shown["propensity"][3:]]), policies)
    with pytest.raises(BadInput, match="2 exposures have no number in clicked"):
        OffPolicyValue().analyze(shown.assign(clicked=[None, None, *shown["clicked"][2:]]), policies)
    with pytest.raises(CannotAnswer, match=r"mean weight of policy lists is .* never shown"):
        OffPolicyValue().analyze(shown[shown["product_id"] != "p3"], {"lists": policies["lists"]})
    with pytest.raises(CannotAnswer, match="Fewer than two of 600 customers"):
        OffPolicyValue().analyze(
            shown, {"lists": policies["lists"].assign(customer_id="nobody").head(1).assign(chance=1)}
        )
    with pytest.raises(CannotAnswer, match="are worth"):
        OffPolicyValue(least_effective=100_000).analyze(shown, policies)
    with pytest.raises(BadInput, match="chances of 600 customers do not add up"):
        OffPolicyValue().analyze(shown, {"half": policies["lists"].assign(chance=policies["lists"]["chance"] / 2)})
    some = shown.assign(propensity=shown["propensity"].where(shown.index > 9))
    assert OffPolicyValue().analyze(some, policies).left_out == 10


def test_policies_from_scores_share_between_equals():
    offers = pd.DataFrame(
        {"customer_id": list("aabb"), "product_id": list("xyxy"), "score": [1, 1, 2, 3], "rank": [1, 2] * 2}
    )
    assert top_policy(offers)["chance"].tolist() == [0.5, 0.5, 1.0]
    assert even_policy(offers, first=1)["chance"].tolist() == [1.0, 1.0]


def test_policies_of_the_simulated_grocer_are_worth_what_the_key_says():
    shop = make_retailer("baskets", 500, 11)
    truth, shown = open_key(shop).basket_truth(), shop.tables["exposures"]
    clicks = truth.clicks()
    rng = np.random.default_rng(0)
    guess = clicks.assign(score=clicks["click"] * rng.uniform(0.5, 1.5, len(clicks)))
    policies = {"even": even_policy(clicks), "guess": top_policy(guess)}
    result = OffPolicyValue(level=0.999).analyze(shown, policies, simulated=True)
    for name, policy in policies.items():
        true = truth.policy_value(policy, shown["customer_id"])["clicks"]
        assert result.row(name).lo < true < result.row(name).hi
    assert result.better("guess")
    assert {fact.kind for fact in result.facts()} == {"simulated"}


def test_certified_quickly():
    found = [*certify_off_policy(12, 200), *certify_refusals(3)]
    assert all(row["ok"] for row in found), [row for row in found if not row["ok"]]


def test_no_policy_is_surely_better_where_a_weight_was_cut():
    lot = np.random.default_rng(0)
    chance, clicks = np.array([0.4, 0.3, 0.15, 0.1, 0.05]), np.array([0.1, 0.1, 0.1, 0.1, 0.3])
    shown = lot.choice(5, 4000, p=chance)
    ids = np.arange(4000).astype(str)
    log = pd.DataFrame({
        "customer_id": ids, "product_id": shown.astype(str), "propensity": chance[shown],
        "clicked": (lot.random(4000) < clicks[shown]).astype(int),
    })  # fmt: skip
    rare, often = ({"customer_id": ids, "product_id": one, "chance": 1.0} for one in "40")
    policies = {"rare": pd.DataFrame(rare), "often": pd.DataFrame(often)}
    whole = OffPolicyValue(estimator="ips").analyze(log, policies)
    cut = OffPolicyValue(estimator="ips", most_weight=4.0).analyze(log, policies)
    assert whole.row("often").difference < 0 < cut.row("often").difference_lo
    assert not cut.better("often")
    said = cut.readout()
    assert (said.finding.key, said.action.key) == (
        "recommend.off_policy.finding_cut", "recommend.off_policy.action_cut",
    )  # fmt: skip


def test_chances_that_only_clicks_kept_are_refused_and_those_lost_by_lot_are_not(world):
    shown, _ = world
    clicked = shown["clicked"].astype(bool)
    lot = np.random.default_rng(3).random(len(shown)) < 0.5
    with pytest.raises(CannotAnswer, match="seems to decide whether it is known"):
        LoggedExposures.of(shown.assign(propensity=shown["propensity"].where(clicked | lot)))
    assert LoggedExposures.of(shown.assign(propensity=shown["propensity"].where(lot))).without == int((~lot).sum())
