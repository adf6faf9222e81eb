import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lab.checks import BadInput
from crm_lab.segmentation import Migration, Tiers
from crm_lab.segmentation.tiers.migration import STATES
from crm_lab.stats.markov import (
    chain_draws,
    expected_stay,
    share_difference,
    steady_state,
    transition_counts,
    transition_matrix,
)


@pytest.fixture(scope="module")
def quarters(complete_journey):
    lines = complete_journey.sql(
        "select customer_id, date, kind, sum(net_amount) as net_amount from transactions group by all"
    )
    return Migration().analyze(lines, as_of=complete_journey.as_of)


def purchases(rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "net_amount"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=80))
def test_rows_sum_to_1(moves):
    before, after = np.array(moves).T
    np.testing.assert_allclose(transition_matrix(transition_counts(before, after, 4)).sum(axis=1), 1)


@given(st.lists(st.lists(st.integers(1, 20), min_size=3, max_size=3), min_size=3, max_size=3))
def test_the_steady_state_stays(rows):
    P = transition_matrix(np.array(rows))
    pi = steady_state(P)
    np.testing.assert_allclose(pi @ P, pi, atol=1e-9)
    np.testing.assert_allclose(np.linalg.matrix_power(P, 500)[0], pi, atol=1e-6)


def test_expected_stay_is_the_mean_of_simulated_stays():
    rng = np.random.default_rng(3)
    assert rng.geometric(0.25, 200_000).mean() == pytest.approx(
        expected_stay(np.array([[0.75, 0.25], [0, 1]]))[0], rel=0.01
    )
    assert expected_stay(np.eye(1))[0] == np.inf


def test_chain_draws_surround_the_estimate():
    counts = np.array([[80, 20], [30, 70]])
    steady, stay = chain_draws(counts, np.random.default_rng(1), 500)
    assert np.quantile(steady[:, 0], 0.025) < 0.6 < np.quantile(steady[:, 0], 0.975)
    assert np.quantile(stay[:, 0], 0.025) < 5 < np.quantile(stay[:, 0], 0.975)


def test_c_to_b_with_nothing_done_is_16_percent(quarters):
    # REFERENCE, section 6: New York days, all C of the earlier quarter as denominator
    rows = quarters.baseline("C", "B").to_frame()
    assert [round(100 * s, 1) for s in rows["share"]] == [15.9, 16.3, 16.0]
    assert rows["to_period"].tolist() == ["2017-Q2", "2017-Q3", "2017-Q4"]


def test_every_row_of_every_pair_sums_to_1(quarters):
    sums = quarters.to_frame().groupby(["from_period", "from_tier"])["share"].sum()
    np.testing.assert_allclose(sums, 1)


def test_customers_are_conserved(quarters):
    for pair in quarters.pairs:
        seen = (quarters.states[pair[1]] != "new").sum()
        assert quarters.counts(pair).sum() == seen


def test_the_readout_holds_a_target_against_things_as_they_were_run(quarters):
    readout = quarters.baseline("C", "B", target=0.18).readout()
    assert readout.finding.text("en") == (
        "16.0% [14.0%, 18.3%] of 1,160 customers moved from C to B in the latest period; in the earlier windows (2) "
        "16.1% did, as things were run."
    )
    assert "it can be chance" in readout.certainty.text("en")
    assert "regression to the mean" in readout.certainty.text("en")
    assert readout.action.text("en").startswith("Do not praise 18%: 16.1% move as things were run")
    assert "均值回归" in readout.certainty.text("zh")


def test_states_of_a_small_shop():
    lines = purchases(
        [
            ("a", "2024-01-01", 90.0), ("a", "2024-02-10", 90.0), ("a", "2024-03-10", 90.0),
            ("b", "2024-01-05", 10.0), ("b", "2024-03-05", 10.0),
            ("c", "2024-02-05", 50.0), ("c", "2024-03-06", -20.0),
            (None, "2024-02-05", 50.0),
        ]
    )  # fmt: skip
    lines = lines.assign(kind=np.where(lines["net_amount"] < 0, "return", "sale"))
    result = Migration(Tiers("fixed", (80, 40)), period="month").analyze(lines, as_of="2024-03-31")
    assert result.periods == ("2024-01", "2024-02", "2024-03")
    assert result.states.loc["a"].tolist() == ["A", "A", "A"]
    assert result.states.loc["b"].tolist() == ["C", "dormant", "C"]
    assert result.states.loc["c"].tolist() == ["new", "B", "dormant"]  # a return is no visit
    assert result.last_moves().loc["dormant", "C"] == 1


def test_a_partial_last_period_is_left_out():
    lines = purchases([("a", f"2024-{m:02d}-01", 5.0) for m in range(1, 6)])
    assert Migration(period="month").analyze(lines, as_of="2024-05-30").periods[-1] == "2024-04"


def test_too_few_periods_are_refused():
    lines = purchases([("a", "2024-01-01", 5.0)])
    with pytest.raises(BadInput, match="The data hold 1 whole quarters up to 2024-04-02; moves need two"):
        Migration().analyze(lines, as_of="2024-04-02")
    with pytest.raises(BadInput, match="There are no purchases up to 2023-04-02"):
        Migration().analyze(lines, as_of="2023-04-02")


def test_one_pair_of_periods_says_what_it_cannot_tell():
    lines = purchases([("a", "2024-01-01", 5.0), ("b", "2024-01-05", 9.0), ("a", "2024-02-01", 5.0)])
    baseline = Migration(period="month").analyze(lines, as_of="2024-02-29").baseline("A", "dormant")
    assert baseline.change is None
    assert baseline.refusal().text("en").startswith("There is one pair of periods only")
    assert baseline.facts()[-1].value is None


def test_difference_of_disjoint_groups_is_the_two_sample_one():
    up = [np.repeat([1.0, 0.0], [30, 170]), np.concatenate([np.zeros(100), np.repeat([1.0, 0.0], [20, 80])])]
    arm = [np.repeat([1.0, 0.0], [100, 100]), np.repeat([0.0, 1.0], [100, 100])]
    found = share_difference(tuple(up), tuple(arm))
    se = np.sqrt(0.3 * 0.7 / 100 + 0.2 * 0.8 / 100)
    assert found.value == pytest.approx(0.1)
    assert found.ci.hi - found.ci.lo == pytest.approx(2 * 1.96 * se, rel=0.005)


def test_an_arm_drawn_by_lot_has_an_effect_and_another_has_none(quarters):
    ids = quarters.states.index
    drawn = pd.Series(np.random.default_rng(5).integers(0, 2, len(ids)).astype(bool), index=ids)
    fair = quarters.compare(drawn, drawn_by_lot=True)
    assert fair.refusal() is None
    assert fair.n_treated + fair.n_control == 1160
    assert fair.difference.ci.lo < 0 < fair.difference.ci.hi
    assert "can be chance" in fair.readout().text("en")
    chosen = quarters.compare(drawn, drawn_by_lot=False)
    assert chosen.facts()[0].value is None
    assert "no effect of the treatment" in chosen.readout().text("en")


def test_a_large_effect_is_kept(quarters):
    after, was = quarters.states["2017-Q4"], quarters.states["2017-Q3"]
    treated = (after == "B") & (was == "C")
    found = quarters.compare(treated.where(treated, other=np.arange(len(after)) % 2 == 0), drawn_by_lot=True)
    assert "chance alone rarely gives this" in found.readout().text("en")
    assert found.readout().action.key == "segments.move.keep"


def test_an_empty_arm_and_an_unknown_tier_are_refused(quarters):
    nobody = pd.Series(data=False, index=quarters.states.index)
    with pytest.raises(BadInput, match="Of those in C, 0 were treated and 1160 not; both must be above 0"):
        quarters.compare(nobody, drawn_by_lot=True)
    with pytest.raises(BadInput, match="There is no tier Z; tiers are A, B, C, dormant, new"):
        quarters.baseline("Z", "A")
    with pytest.raises(BadInput, match="period is 'year'; it must be one of"):
        Migration(period="year")


def test_outlook_is_closed_over_the_four_states(quarters):
    outlook = quarters.outlook(rng=1, draws=200)
    assert outlook["tier"].tolist() == list(STATES[:4])
    assert outlook["steady_share"].sum() == pytest.approx(1)
    assert (outlook["stay_lo"] < outlook["stay"]).all()
    assert (outlook["stay"] < outlook["stay_hi"]).all()


def test_drawings(quarters):
    assert len(quarters.plot().texts) == 20
    assert quarters.baseline(target=0.18).plot().get_title(loc="left") == "From C to B, window by window"


@pytest.mark.slow
def test_a_null_difference_covers_zero():
    # quick form of the certification: customers who do not change, tiered anew every quarter
    rng = np.random.default_rng(8)
    inside = 0
    for _ in range(30):
        level = rng.gamma(2, 50, 400)
        spend = rng.gamma(2, level[:, None] / 2, (400, 4))
        lines = pd.DataFrame(
            {
                "customer_id": np.repeat([f"c{i}" for i in range(400)], 4),
                "date": np.tile(pd.to_datetime(["2024-01-01", "2024-04-01", "2024-07-01", "2024-10-01"]), 400),
                "net_amount": spend.ravel(),
            }
        )
        change = Migration().analyze(lines, as_of="2024-12-31").baseline().change
        inside += change.ci.lo <= 0 <= change.ci.hi
    assert inside >= 25


def test_the_top_tier_falls_and_the_bottom_holds_with_nothing_done(quarters):
    change = quarters.regression_to_the_mean().set_index("tier")["change"]
    assert change["A"] < change["B"] < change["C"]


def test_a_draw_in_which_nothing_was_done_is_a_rehearsal_and_no_effect(complete_journey):
    moves = Migration().analyze(complete_journey["transactions"], as_of=complete_journey.as_of)
    ids = moves.states.index
    drawn = pd.Series(np.random.default_rng(5).permutation(len(ids)) < len(ids) // 2, index=ids)
    trial = moves.compare(drawn, drawn_by_lot=True, nothing_done=True)
    real = moves.compare(drawn, drawn_by_lot=True)
    assert trial.difference == real.difference
    assert "nobody was treated" in trial.readout().finding.text("en")
    for lang, words in (("en", ("treated than", "roll out")), ("zh", ("实验组", "推广"))):
        assert not any(word in trial.readout().text(lang) for word in words)
    assert "nothing done" in trial.facts()[0].label.text("en")
    assert set(trial.to_frame()["arm"]) == {"drawn", "not_drawn_out"}
