"""The next best action: optimal against all plans of small problems, within every cap, hard on bad input."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from scipy import sparse

from certification.next_actions import certify_gain_intervals, certify_next_action
from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.recommend import NextBestAction
from crm_lab.recommend.next_best_action.allocation.allocation_problem import AllocationProblem
from crm_lab.recommend.next_best_action.allocation.best_plan import best_plan
from crm_lab.recommend.next_best_action.allocation.linear_programme import linear_prices
from crm_lab.recommend.next_best_action.effect_shrinkage import shrunk_effects
from crm_lab.results import unlabelled


def table(n=60, seed=0, **columns):
    """Customers with an email and an sms of two products each."""
    rng = np.random.default_rng(seed)
    rows = n * 4
    made = pd.DataFrame({
        "customer_id": np.repeat([f"c{k:04}" for k in range(n)], 4), "action": ["tea", "gin"] * n * 2,
        "channel": ["email", "email", "sms", "sms"] * n, "day": "2024-05-01", "uplift": rng.normal(0.03, 0.03, rows),
        "uplift_se": 0.02, "margin": 40.0, "cost": [0.0, 0.0, 0.1, 0.1] * n, "source": "measured", "consent": True,
        "recent_contacts": np.repeat(rng.integers(0, 5, n), 4),
    })  # fmt: skip
    return made.assign(**columns)


def drawn_problem(rng, customers, most=4, caps=3):
    sizes = rng.integers(1, most, customers)
    rows = int(sizes.sum())
    use = np.column_stack([rng.random((rows, caps - 1)) < 0.5, rng.random(rows).round(2)]).astype(float)
    cap = np.append(np.floor(rng.random(caps - 1) * customers / 2), rng.random() * customers / 3)
    start = np.concatenate([[0], np.cumsum(sizes)])
    return AllocationProblem(start, rng.normal(0.5, 1, rows), sparse.csr_array(use), cap)


def of_all_plans(problem):
    """The best value of all plans there are."""
    options = [[-1, *range(a, b)] for a, b in zip(problem.start[:-1], problem.start[1:], strict=True)]
    best = 0.0
    for plan in product(*options):
        rows = np.array([row for row in plan if row >= 0], dtype=int)
        if (problem.used(rows) <= problem.cap + 1e-9).all():
            best = max(best, float(problem.gain[rows].sum()))
    return best


@pytest.mark.parametrize("seed", range(6))
def test_a_small_plan_is_the_best_of_all_and_its_bound_holds(seed):
    problem = drawn_problem(np.random.default_rng(seed), 5)
    found, best = best_plan(problem, np.zeros(5)), of_all_plans(problem)
    assert found.method == "integer"
    assert found.value == pytest.approx(best, abs=1e-9)
    priced = best_plan(problem, np.zeros(5), small=0, most=2)
    assert priced.value <= best + 1e-9 <= priced.bound + 2e-9
    assert (problem.used(priced.rows) <= problem.cap * (1 + 1e-9)).all()


@pytest.mark.parametrize("alike", [False, True])
def test_prices_at_scale_are_those_of_the_linear_programme(alike):
    problem = drawn_problem(np.random.default_rng(1), 3_000)
    if alike:
        kinds = np.round(problem.gain)
        problem = AllocationProblem(problem.start, kinds, problem.use, problem.cap)
    share, _ = linear_prices(problem)
    exact = float(share @ problem.gain)
    found = best_plan(problem, np.random.default_rng(2).random(3_000), small=0, most=500)
    assert exact - 1e-6 * exact <= found.bound <= exact * (1 + 1e-5)
    assert found.value >= exact * (1 - 0.01)
    assert found.gap == pytest.approx(1 - found.value / found.bound)
    assert (problem.used(found.rows) <= problem.cap * (1 + 1e-9)).all()


def test_no_cap_is_ever_broken_by_the_plan_or_its_rivals():
    rng = np.random.default_rng(3)
    for seed in range(4):
        actions = table(200, seed, consent=rng.random(800) < 0.7, day=np.tile(["2024-05-01", "2024-05-02"], 400))
        spec = NextBestAction(
            capacity={"sms": 30}, daily_capacity={"email": 20}, budget=2.05, most_contacts=3, holdout=0.2
        )  # fmt: skip
        result = spec.analyze(actions)
        held = set(result.held_out()["customer_id"])
        for rows in result.plans.values():
            plan = result.candidates.frame.iloc[rows]
            assert plan["customer_id"].is_unique
            assert plan["consent"].all()
            assert (plan["recent_contacts"] < 3).all()
            assert (plan["channel"] == "sms").sum() <= 30
            assert plan[plan["channel"] == "email"].groupby("day").size().max() <= 20 if len(plan) else True
            assert plan["cost"].sum() <= 2.05 + 1e-9
            assert not held & set(plan["customer_id"])
        assert (result.caps()["used"] <= result.caps()["limit"] * (1 + 1e-9)).all()


def test_the_plan_does_not_depend_on_the_order_of_rows():
    actions = table(100, uplift=0.03)
    spec = NextBestAction(capacity={"sms": 10}, daily_capacity={"email": 20})
    one = spec.analyze(actions)
    other = spec.analyze(actions.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame())
    pd.testing.assert_frame_equal(one.comparison, other.comparison)


def test_every_customer_is_planned_held_out_or_left_alone_for_a_reason():
    actions = table(150)
    actions.loc[actions["customer_id"] < "c0010", "consent"] = False
    actions.loc[actions["customer_id"].between("c0010", "c0019"), "uplift"] = -0.2
    result = NextBestAction(capacity={"sms": 5, "email": 40}, most_contacts=4).analyze(actions)
    planned, held, alone = result.to_frame(), result.held_out(), result.left_alone()
    everybody = [*planned["customer_id"], *held["customer_id"], *alone["customer_id"]]
    assert sorted(everybody) == sorted(actions["customer_id"].unique())
    why = alone.set_index("customer_id")["reason"]
    assert (why[why.index < "c0010"] == "no_consent").all()
    contacts = actions.drop_duplicates("customer_id").set_index("customer_id")["recent_contacts"]
    assert (contacts[why.index[why == "contact_cap"]] >= 4).all()
    assert {"too_little", "caps_full"} <= set(why)
    policy = result.policy()
    assert policy["customer_id"].is_unique
    assert set(policy.loc[policy["arm"] == "control", "customer_id"]) == set(held["customer_id"])
    assert result.one_more > 0


def test_prices_say_what_one_more_unit_adds():
    actions = table(400, uplift_se=0.0)
    values = []
    for most in (50, 60):
        result = NextBestAction(capacity={"sms": most, "email": 100}, holdout=0).analyze(actions)
        values.append((result.best.bound, result.caps().set_index("channel")["price"]["sms"]))
    gained = (values[1][0] - values[0][0]) / 10
    assert values[1][1] - 1e-6 <= gained <= values[0][1] + 1e-6


def test_high_estimates_are_drawn_back_by_as_much_as_they_err():
    rng = np.random.default_rng(4)
    true = rng.normal(0.02, 0.015, 20_000)
    se = rng.uniform(0.005, 0.04, 20_000)
    estimate = true + se * rng.standard_normal(20_000)
    found = shrunk_effects(estimate, se, np.zeros(20_000, dtype=int))
    best = np.argsort(-found.mean)[:2_000]
    error = 3 * true.std() / np.sqrt(2_000)
    assert abs(found.mean[best].mean() - true[best].mean()) < error
    assert estimate[np.argsort(-estimate)[:2_000]].mean() - true[np.argsort(-estimate)[:2_000]].mean() > 10 * error
    assert np.mean(((found.mean - true) / found.sd) ** 2) == pytest.approx(1, abs=3 * np.sqrt(2 / 20_000))


def test_alike_effects_are_drawn_to_one_mean_and_exact_ones_stay():
    alike = shrunk_effects(np.array([1.0, 1.1, 0.9, 1.0]), np.full(4, 1.0), np.zeros(4, dtype=int))
    assert alike.mean == pytest.approx(np.ones(4))
    exact = shrunk_effects(np.array([1.0, 2.0, 5.0]), np.zeros(3), np.zeros(3, dtype=int))
    assert exact.mean == pytest.approx([1, 2, 5])
    unknown = shrunk_effects(np.array([1.0, 2.0]), np.full(2, np.nan), np.zeros(2, dtype=int))
    assert unknown.mean.tolist() == [1, 2]
    assert np.isnan(unknown.sd).all()


def test_gains_without_an_error_have_no_interval_and_assumed_ones_are_said():
    result = NextBestAction(holdout=0, currency="EUR").analyze(table(uplift_se=np.nan, source="assumed"))
    assert result.to_frame()[["lo", "hi"]].isna().all(axis=None)
    assert result.facts()[0].ci is None
    assert result.readout().certainty.key.endswith("certainty_assumed")
    assert result.readout().action.key.endswith("action_no_holdout")


def test_assumed_uplifts_are_not_drawn_to_a_mean():
    actions = table(source="assumed")
    frame = (
        NextBestAction(holdout=0).analyze(actions).to_frame().merge(actions, on=["customer_id", "action", "channel"])
    )
    assert frame["uplift_x"].to_numpy() == pytest.approx(frame["uplift_y"].to_numpy())
    wide = frame["hi"] - frame["expected_gain"]
    assert wide.to_numpy() == pytest.approx(np.full(len(frame), 1.959964 * 0.02 * 40), rel=1e-6)


def test_where_nothing_pays_nothing_is_sent():
    result = NextBestAction().analyze(table(uplift=-0.1, uplift_se=0.0))
    assert result.to_frame().empty
    assert len(result.policy()) == 0
    assert set(result.left_alone()["reason"]) == {"too_little"}
    assert result.readout().finding.key.endswith("finding_none")


def test_words_are_in_both_languages_and_columns_have_labels(monkeypatch):
    result = NextBestAction(capacity={"sms": 20}, currency="EUR").analyze(table())
    texts = {}
    for lang in ("en", "zh"):
        monkeypatch.setenv("CRM_LAB_LANG", lang)
        texts[lang] = [result.readout().text(), *map(str, result.reasons(2)), *(str(f.label) for f in result.facts())]
        assert not unlabelled(result)
        assert not result.shown()["reason"].str.contains("_").any()
        assert result.plot().get_title(loc="left")
        plt.close("all")
    assert all(one != other for one, other in zip(texts["en"], texts["zh"], strict=True))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"uplift": 3.0}, r"240 rows have an uplift beyond -1 to 1"),
        ({"margin": np.nan}, r"240 rows have a margin that is missing"),
        ({"response": 1.5, "cost": -1.0}, r"240 rows have a response .*\n.*240 rows have a cost"),
        ({"source": "guess"}, r"240 rows have a source that is not measured or assumed"),
        ({"consent": "yes"}, r"240 rows have a consent"),
        ({"action": "tea"}, r"120 rows repeat a customer, action, channel and day"),
        ({"recent_contacts": np.nan}, r"240 rows have a recent_contacts"),
    ],
)
def test_values_that_cannot_be_are_refused_with_counts(change, said):
    with pytest.raises(BadInput, match=r"(?s)The table of actions:.*" + said):
        NextBestAction().analyze(table(**change))


def test_what_is_needed_and_missing_is_named():
    with pytest.raises(BadInput, match="lacks the columns uplift, source, consent, margin"):
        NextBestAction().analyze(table()[["customer_id", "action", "channel"]])
    with pytest.raises(BadInput, match="lacks the column recent_contacts"):
        NextBestAction(most_contacts=3).analyze(table().drop(columns="recent_contacts"))
    with pytest.raises(BadInput, match="'post' is no channel of the actions; they have email, sms"):
        NextBestAction(capacity={"post": 3}).analyze(table())
    with pytest.raises(BadInput, match="240 rows of channels with a daily cap have no day"):
        NextBestAction(daily_capacity={"sms": 3, "email": 3}).analyze(table(day=None))
    with pytest.raises(CannotAnswer, match="has no rows"):
        NextBestAction().analyze(table().iloc[:0])
    with pytest.raises(BadInput, match=r"(?s)holdout is 1;.*budget is -1;|budget is -1;.*holdout is 1;"):
        NextBestAction(holdout=1, budget=-1)


def test_what_is_certified_at_length_holds_in_short():
    rows = {row["name"].rpartition(".")[2]: row for row in [*certify_next_action(2, 250), certify_gain_intervals(30)]}
    assert all(row["ok"] for name, row in rows.items() if not name.endswith(("gap", "expected"))), rows
    assert 0 <= rows["next_action_gap"]["value"] < 0.02


@pytest.mark.parametrize("size", [1e-7, 1e8])
def test_the_plan_does_not_depend_on_the_currency(size):
    actions = table(700)
    caps = {"capacity": {"sms": 60}, "holdout": 0.0}
    plain = NextBestAction(**caps, budget=4.0).analyze(actions)
    other = actions.assign(margin=actions["margin"] * size, cost=actions["cost"] * size)
    changed = NextBestAction(**caps, budget=4.0 * size).analyze(other)
    assert changed.best.gap == pytest.approx(plain.best.gap, abs=1e-4)
    assert changed.best.value / size == pytest.approx(plain.best.value, rel=1e-4)
    assert (changed.caps()["used"] <= changed.caps()["limit"] * (1 + 1e-9)).all()
