"""Groups of units by counts: near the best any classifier can do, none in one population, stable, aligned."""

import numpy as np
import pytest

from certification.personas import KINDS, one_population, planted_groups
from crm_lab.stats.clustering.count_blocks import CountBlocks, blocks_of, effective, stabilised, varying
from crm_lab.stats.clustering.count_mixture import CountMixture, fit_counts
from crm_lab.stats.clustering.gap_between_groups import dip, dip_p, gap_p
from crm_lab.stats.clustering.group_alignment import align_by_shares, align_by_units, group_distances
from crm_lab.stats.clustering.group_stability import group_stability, jaccard, verdicts
from crm_lab.stats.clustering.number_of_groups import number_of_groups
from crm_lab.stats.clustering.prediction_strength import kept_pairs, prediction_strength

CENTRES = np.array([[0.1, 0.3, 0.2, 0.5, 0.3], [0.6, 0.3, 0.2, 0.5, 0.3], [0.1, 0.8, 0.2, 0.1, 0.8]])


def planted(units=1_500, spread=40.0, seed=0):
    """Three groups: two yes-no blocks and a composition; own shares are Dirichlet around those of the group."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, units, p=[0.5, 0.3, 0.2])
    totals = 2 + rng.negative_binomial(1.2, 0.05, units)
    parts = []
    for own in (CENTRES[kind, :1], CENTRES[kind, 1:2], CENTRES[kind, 2:4]):
        shares = np.hstack([own, 1 - own.sum(axis=1, keepdims=True)])
        drawn = rng.gamma(spread * shares) + 1e-12
        parts.append(rng.multinomial(totals, drawn / drawn.sum(axis=1, keepdims=True)))
    return CountBlocks(np.hstack(parts).astype(float), np.array([0, 0, 1, 1, 2, 2, 2])), kind


def right(kind, labels):
    table = np.zeros((3, labels.max() + 1))
    np.add.at(table, (kind, labels), 1)
    return table.max(axis=0).sum() / len(kind)


@pytest.fixture(scope="module")
def three():
    return planted()


@pytest.mark.parametrize("method", ["kmeans", "mixture"])
def test_groups_are_found_nearly_as_well_as_with_the_planted_shares(three, method):
    blocks, kind = three
    shares = np.hstack([CENTRES[:, :1], 1 - CENTRES[:, :1], CENTRES[:, 1:2], 1 - CENTRES[:, 1:2],
                        CENTRES[:, 2:4], 1 - CENTRES[:, 2:4].sum(axis=1, keepdims=True)])  # fmt: skip
    best = CountMixture(shares, np.array([0.5, 0.3, 0.2]), np.full(3, 1 / 41))
    known = right(kind, best.labels(blocks))
    assert right(kind, fit_counts(blocks, 3, method).labels(blocks)) >= 0.98 * known


def test_the_overdispersion_within_groups_is_that_of_the_dirichlet(three):
    blocks, _ = three
    assert fit_counts(blocks, 3).correlation == pytest.approx(np.full(3, 1 / 41), abs=0.008)


def test_a_unit_with_one_count_is_never_sure_and_one_without_any_has_the_weights(three):
    blocks, _ = three
    found = fit_counts(blocks, 3)
    few = CountBlocks(np.array([[0.0] * 7, [1, 0, 0, 0, 0, 0, 0]]), blocks.block)
    chances = found.posterior(few)
    assert chances[0] == pytest.approx(found.weights)
    assert chances[1].max() < 0.95


def test_the_number_of_planted_groups_is_found(three):
    blocks, _ = three
    assert number_of_groups(blocks, 5, repeats=4).k == 3


@pytest.mark.parametrize("kind", KINDS)
def test_one_population_has_no_gap_between_the_halves_it_is_cut_into(kind):
    blocks = one_population(1_000, kind, seed=5)
    assert gap_p(blocks, fit_counts(blocks, 2)) > 0.01


def test_an_axis_that_is_cut_the_same_every_time_makes_no_groups():
    found = number_of_groups(one_population(1_000, "axis_strong", seed=5), 2, repeats=3)
    assert found.k == 1
    assert found.curve["strength"][1] > 0.8
    assert found.curve["p_gap"][1] > 0.01


@pytest.mark.parametrize("k", [2, 3])
def test_planted_groups_have_gaps_and_a_split_of_one_has_none(k):
    blocks = planted_groups(1_000, k, 0.7, seed=3)
    assert gap_p(blocks, fit_counts(blocks, k)) < 0.01
    assert gap_p(blocks, fit_counts(blocks, k + 1)) > 0.01


@pytest.mark.parametrize("units", [4, 30])
def test_few_units_show_no_gap(units):
    hits = np.repeat([1.0, 9.0], units // 2)
    blocks = CountBlocks(np.column_stack([hits, 10 - hits]), np.array([0, 0]))
    assert (gap_p(blocks, fit_counts(blocks, 2)) == 1) == (units < 20)


def test_whole_numbers_are_no_gaps():
    rng = np.random.default_rng(2)
    hits = rng.binomial(10, rng.beta(3, 6, 1_500))
    blocks = CountBlocks(np.column_stack([hits, 10 - hits]).astype(float), np.array([0, 0]))
    assert gap_p(blocks, fit_counts(blocks, 2)) > 0.01


def test_the_dip_by_hand_and_whichever_way_the_values_run():
    two = np.r_[np.arange(10.0), 90 + np.arange(10.0)]
    assert dip(two) == dip(-two) == dip(two[::-1])
    assert dip(np.array([0.0, 0, 9, 9])) == 0.25
    assert dip(np.ones(5)) == 0


def test_uniform_values_have_a_dip_as_deep_as_p_says():
    rng = np.random.default_rng(4)
    p = np.array([dip_p(rng.random(80)) for _ in range(400)])
    for level in (0.2, 0.05):
        assert abs((p <= level).mean() - level) < 3 * np.sqrt(level * (1 - level) / 400)


def test_a_true_group_is_stable_and_a_split_of_one_is_not(three):
    blocks, _ = three
    assert (group_stability(blocks, fit_counts(blocks, 3), draws=6)["jaccard"] > 0.9).all()
    five = group_stability(blocks, fit_counts(blocks, 5), draws=6)["jaccard"].to_numpy()
    assert (verdicts(five) < 2).any()


def test_prediction_strength_counts_pairs_by_hand():
    own, other = np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 1, 1, 1])
    assert kept_pairs(own, other, 2) == pytest.approx(3 / 6)
    assert kept_pairs(own, own, 2) == 1


def test_prediction_strength_is_the_same_for_the_same_seed(three):
    runs = [prediction_strength(three[0], [2], repeats=2, seed=4) for _ in range(2)]
    assert runs[0].equals(runs[1])


def test_groups_in_another_order_are_aligned_by_units_and_by_shares():
    earlier = np.repeat([0, 1, 2], 10)
    later = np.repeat([2, 0, 1], 10)
    aligned = align_by_units(earlier, later, (3, 3))
    assert aligned.earlier.tolist() == [1, 2, 0]
    assert aligned.ari == 1
    shares = np.array([[0.1, 0.9], [0.5, 0.5], [0.9, 0.1]])
    assert align_by_shares(shares, shares[[2, 0, 1]], np.zeros(2, dtype=int)).earlier.tolist() == [2, 0, 1]


def test_a_group_without_a_counterpart_is_new():
    aligned = align_by_units(np.zeros(10, dtype=int), np.repeat([0, 1], [9, 1]), (1, 2))
    assert aligned.earlier.tolist() == [0, -1]


def test_distances_and_similarities_by_hand():
    assert group_distances(np.array([[1.0, 0]]), np.array([[0.5, 0.5]]), np.zeros(2, dtype=int))[0, 0] == pytest.approx(
        np.sqrt(1 - np.sqrt(0.5))
    )
    assert jaccard(np.array([[3.0, 1], [0, 0]])).tolist() == [[0.75, 0.25], [0, 0]]


def test_sampling_noise_on_the_stabilised_scale_is_alike_at_every_share():
    rng = np.random.default_rng(3)
    spread = []
    for share in (0.2, 0.5, 0.8):
        hits = rng.binomial(100, share, 4_000)
        at = stabilised(CountBlocks(np.column_stack([hits, 100 - hits]).astype(float), np.array([0, 0])), np.zeros(1))
        spread.append(at.var() * 100)
    assert spread == pytest.approx([1, 1, 1], abs=0.1)


def test_counts_of_one_unit_are_worth_less_where_they_go_together():
    blocks = CountBlocks(np.array([[5.0, 5], [1, 0]]), np.array([0, 0]))
    assert effective(blocks, np.array([1.0])).sum(axis=1).tolist() == [1, 1]
    assert effective(blocks, np.array([0.0])).tolist() == blocks.counts.tolist()


def test_missing_counts_are_none_and_a_rest_is_never_negative():
    blocks = blocks_of(np.array([[np.nan, 2.0], [1, 3]]), np.array([[np.nan, 2.0], [1, 2]]), [(0,), (1,)])
    assert blocks.counts.tolist() == [[0, 0, 2, 0], [1, 0, 3, 0]]
    assert varying(blocks).tolist() == [False, False]


def test_order_of_units_does_not_change_who_belongs_together(three):
    blocks, _ = three
    order = np.random.default_rng(0).permutation(len(blocks.counts))
    one, other = (fit_counts(b, 3).labels(b) for b in (blocks, blocks.take(order)))
    assert align_by_units(one[order], other, (3, 3)).ari > 0.97
