"""Assignments: all of a design's, each once, the observed one first."""

import math

import numpy as np
import pytest

from crm_lab.checks import BadInput
from crm_lab.stats.panel import complete, floor_complete, floor_pairs, listed, matched_pairs, stratified


def first(n, k):
    return np.arange(n) < k


def in_turn(pairs):
    return np.array([[2 * i, 2 * i + 1] for i in range(pairs)]), np.arange(2 * pairs) % 2 == 0


@pytest.mark.parametrize(("k", "floor"), [(3, 0.1), (4, 2 / 70), (5, 2 / 252)])
def test_floors_of_complete_designs(k, floor):
    """REFERENCE section 4: 3v3 .10, 4v4 .0286, 5v5 .0079."""
    assert complete(first(2 * k, k)).floor() == floor == floor_complete(2 * k, k)


@pytest.mark.parametrize(("pairs", "floor"), [(5, 0.0625), (6, 0.03125)])
def test_floors_of_matched_pairs(pairs, floor):
    """REFERENCE section 4: 5 pairs .0625, 6 pairs .03125."""
    assert matched_pairs(*in_turn(pairs)).floor() == floor == floor_pairs(pairs)


@pytest.mark.parametrize(
    "made",
    [
        complete(first(9, 3)),
        complete(first(24, 8), draws=500),
        matched_pairs(*in_turn(6)),
        matched_pairs(*in_turn(18), draws=500),
        stratified(list("aaaabbbcc"), np.array([1, 0, 1, 0, 1, 0, 0, 1, 0], bool)),
        stratified(list("ab" * 12), first(24, 12), draws=500),
    ],
)
def test_every_assignment_stands_once_and_keeps_its_design(made):
    assert len(np.unique(made.masks, axis=0)) == len(made)
    assert (made.masks.sum(axis=1) == made.observed.sum()).all()
    assert len(made) == (made.total if made.exact else 501)


def test_strata_keep_their_counts():
    strata, treated = np.array(list("aaaabbbcc")), np.array([1, 0, 1, 0, 1, 0, 0, 1, 0], bool)
    made = stratified(strata, treated)
    assert made.total == 6 * 3 * 2
    for name in "abc":
        assert (made.masks[:, strata == name].sum(axis=1) == treated[strata == name].sum()).all()


def test_every_unit_is_drawn_as_often():
    made = complete(first(24, 8), draws=6_000, seed=3)
    share = made.masks[1:].mean(axis=0)
    assert np.abs(share - 1 / 3).max() < 5 * math.sqrt(2 / 9 / 6_000)


def test_attainable_levels_are_multiples_of_the_floor():
    assert complete(first(10, 5)).attainable(0.05) == pytest.approx(12 / 252)
    assert matched_pairs(*in_turn(5)).attainable(0.05) == 0
    assert matched_pairs(*in_turn(5)).attainable(0.0625) == 0.0625


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: complete(first(4, 0)), "0 of 4 units are treated"),
        (lambda: complete(first(4, 4)), "4 of 4 units are treated"),
        (lambda: matched_pairs([[0, 1], [2, 3]], first(4, 2)), "2 of 2 pairs have two treated units or none"),
        (lambda: matched_pairs([[0, 1], [1, 2]], first(4, 1)), "a unit stands in two pairs"),
        (lambda: matched_pairs([[0, 1]], np.array([True, False, True, False])), "1 treated units are in no pair"),
        (lambda: stratified(["a"], first(4, 1)), "1 strata for 4 units"),
        (lambda: listed(np.array([first(4, 1)] * 2), first(4, 1)), "1 of 2 stand there more than once"),
        (lambda: listed(np.array([first(4, 1), first(4, 4)]), first(4, 2)), "1 of 2 treat nobody or everybody"),
        (lambda: listed(np.array([first(4, 1), first(4, 3)]), first(4, 2)), "the observed assignment is not among"),
    ],
)
def test_designs_that_cannot_be_are_refused(call, sentence):
    with pytest.raises(BadInput, match=sentence):
        call()
