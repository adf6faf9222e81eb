"""Which cities: draws that the test can repeat, likeness that they gain, and the order of a roll-out."""

import numpy as np
import pytest

from certification.pilots import chain
from crm_lab.checks import BadInput
from crm_lab.experiments.pilots import CityDraw, MarketSelection, SteppedWedge
from crm_lab.experiments.pilots.city_choice.city_pairs import alike_pairs, balanced_sets, imbalance
from crm_lab.stats.panel.assignments import complete
from crm_lab.stats.panel.panel import Panel


@pytest.mark.parametrize("way", ["complete", "pairs", "constrained"])
def test_each_city_of_a_design_is_drawn_as_often_as_its_list_says(past, way):
    drawn = [CityDraw(treated=5, way=way, seed=seed).draw(past) for seed in range(60)]
    assert all(len(set(one.treated)) == 5 for one in drawn)
    assert len({one.treated for one in drawn}) > 20
    assert all((one.assignments.masks == one.assignments.observed).all(axis=1).any() for one in drawn)
    share = drawn[0].assignments.masks.mean(axis=0)
    seen = np.mean([np.isin(drawn[0].part.units, one.treated) for one in drawn], axis=0)
    assert np.abs(seen - share).max() < 4 * np.sqrt(0.25 / 60)


def test_a_constrained_draw_is_more_alike_and_its_floor_is_that_of_its_list(past):
    usual = CityDraw(treated=5, way="constrained", seed=1).draw(past)
    assert usual.imbalance < usual.usual
    assert usual.floor == 1 / len(usual.assignments)
    apart = imbalance(past, usual.assignments.masks)
    every = imbalance(past, complete(np.arange(20) < 5).masks)
    assert apart.max() <= np.quantile(every, 0.1) + 1e-12


def test_pairs_hold_cities_that_move_alike_and_no_exchange_is_better():
    rng = np.random.default_rng(2)
    paths = np.repeat(rng.normal(0, 1, (6, 40)), 2, axis=0) + rng.normal(0, 0.05, (12, 40))
    panel = Panel(100 + 5 * paths, tuple("abcdefghijkl"), tuple(range(40)))
    assert alike_pairs(panel, 6) == [(2 * i, 2 * i + 1) for i in range(6)]


def test_cities_that_may_not_be_treated_are_not(past):
    for way in ("complete", "pairs", "constrained"):
        drawn = CityDraw(treated=4, way=way, never=("city 00", "city 03"), seed=5).draw(past)
        assert not {"city 00", "city 03"} & set(drawn.treated)
        assert not drawn.assignments.masks[:, np.isin(drawn.part.units, ["city 00", "city 03"])].any()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"treated": 20}, "20 treated"),
        ({"treated": 11, "way": "pairs"}, "11 treated"),
        ({"treated": 2, "never": ("x",)}, "never names x"),
    ],
)
def test_draws_that_cannot_be_are_refused(past, options, words):
    with pytest.raises(BadInput, match=words):
        CityDraw(**options).draw(past)


def test_sets_come_in_the_order_of_their_likeness(past):
    sets, apart = balanced_sets(past, 3)
    assert (np.diff(apart) >= 0).all()
    assert (sets.sum(axis=1) == 3).all()


def test_each_city_starts_once_and_waves_are_alike(past):
    result = SteppedWedge(waves=4, gap=6, seed=2).draw(past)
    assert sorted(result.to_frame()["wave"].value_counts().tolist()) == [5, 5, 5, 5]
    assert set(result.starts().values()) == {6, 12, 18, 24}


def test_the_lift_of_a_roll_out_is_seen_about_as_often_as_said():
    """Sixty roll-outs with that lift planted, each against 99 other orders: .8 within three Monte-Carlo errors."""
    rng = np.random.default_rng(3)
    seen, waves, gap = 0, 4, 4
    for _ in range(60):
        values = chain(rng, 20, 100)
        panel = Panel(values[:, :80], tuple(map(str, range(20))), tuple(range(80)))
        result = SteppedWedge(waves=waves, gap=gap, seed=int(rng.integers(1_000))).draw(panel)
        run = values[:, 80:].copy()
        on = np.arange(20) >= np.array(list(result.starts().values()))[:, None]
        run[on] *= 1 + result.mde
        logs = np.log(run.reshape(20, waves + 1, gap).mean(axis=2))
        steps = on.reshape(20, waves + 1, gap).mean(axis=2)
        apart = steps + steps.mean() - steps.mean(axis=1, keepdims=True) - steps.mean(axis=0)
        effect = (apart * logs).sum() / (apart**2).sum()
        placebo = []
        for _ in range(99):
            other = steps[rng.permutation(20)]
            other = other + other.mean() - other.mean(axis=1, keepdims=True) - other.mean(axis=0)
            placebo.append((other * logs).sum() / (other**2).sum())
        seen += (np.abs(placebo) >= abs(effect)).mean() <= 0.05
    assert 0.8 - 3 * np.sqrt(0.8 * 0.2 / 60) <= seen / 60 <= 0.99


@pytest.mark.parametrize(("cities", "weeks"), [(3, 80), (20, 10)])
def test_a_roll_out_needs_cities_and_a_past(cities, weeks):
    with pytest.raises(BadInput, match="waves need"):
        SteppedWedge().draw(
            Panel(chain(np.random.default_rng(4), cities, weeks), tuple(map(str, range(cities))), tuple(range(weeks)))
        )


def test_markets_are_ranked_by_what_is_seen_in_them_and_bounded_by_the_budget(past):
    found = MarketSelection(sizes=(2, 3), periods=8, cost=10.0, budget=200.0).rank(past)
    within = found.frame[found.frame["affordable"]]
    assert (within["treated_units"] == 2).all()
    assert within["mde"].is_monotonic_increasing
    assert len(found.best) == 2
    assert not found.frame["set"].duplicated().any()


def test_the_smallest_lift_of_a_set_is_what_its_placebos_show(past):
    """Sets whose cities swing three times as far are seen worse; cities that may not be treated are in none."""
    restless = past.values.copy()
    restless[:10] = (
        restless[:10].mean(axis=1, keepdims=True) * (restless[:10] / restless[:10].mean(axis=1, keepdims=True)) ** 3
    )
    panel = Panel(restless, past.units, past.periods)
    frame = MarketSelection(sizes=(1,), periods=8, never=("city 19",)).rank(panel).frame
    calm = frame["set"].isin(past.units[10:])
    assert frame.loc[calm, "mde"].median() < frame.loc[~calm, "mde"].median() / 2
    assert "city 19" not in set(frame["set"])


def test_markets_need_a_past(past):
    with pytest.raises(BadInput, match="a past of 160 periods"):
        MarketSelection(periods=40).rank(past)
