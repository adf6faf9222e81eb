"""The cube: no hidden cell can be computed back, margins agree, customers without a value are not told."""

import numpy as np
import pytest

from crm_lab import open_workspace
from crm_lab.checks import CannotAnswer
from crm_lab.segmentation.personas import PriceShare, StyleSceneCube, shopper_features
from crm_lab.segmentation.personas.shopper_tags.profile_cube.cell_suppression import hidden_cells, known_range

LEAST = 10


@pytest.fixture(scope="module")
def cube():
    tables = open_workspace("simulated:personas,customers=1500").at("latest")
    return StyleSceneCube(least=LEAST).analyze(shopper_features(tables), PriceShare(draws=50).analyze(tables))


@pytest.mark.parametrize("mean", [2, 12, 40])
def test_no_hidden_count_is_known_closer_than_hiding_says(mean):
    rng = np.random.default_rng(mean)
    for _ in range(3):
        table = rng.negative_binomial(0.7, 0.7 / (0.7 + mean), (3, 3, 3))
        parts, hidden = hidden_cells(table, LEAST)
        small = (parts.counts > 0) & (parts.counts < LEAST)
        assert hidden[small].all()
        ranges = [known_range(parts, hidden, int(at)) for at in np.flatnonzero(hidden)]
        enough = table.sum() > 60
        assert all(hi - lo >= LEAST - 2 for lo, hi in ranges) or not enough


def test_large_tables_are_shown_whole_and_single_small_cells_take_three_others():
    assert not hidden_cells(np.full((3, 3), 50), LEAST)[1].any()
    table = np.full((3, 3), 50)
    table[0, 0] = 4
    assert hidden_cells(table, LEAST)[1][:9].sum() == 4


def test_tiny_tables_end_with_everything_but_the_total_hidden():
    parts, hidden = hidden_cells(np.array([[1, 0], [1, 2]]), LEAST)
    assert hidden[parts.counts > 0][:3].all()


def test_cells_and_margins_agree_with_the_customers(cube):
    counted = cube.placed.groupby(["first", "second", "price"]).size()
    shown = cube.frame[~cube.frame["suppressed"] & (cube.frame["customers"] > 0)]
    for row in shown.itertuples():
        assert counted[(row.first, row.second, row.price)] == row.customers >= LEAST
    total = cube.margins.iloc[-1]
    assert total["customers"] == len(cube.placed)
    assert set(cube.membership()["customer_id"]) <= set(cube.placed["customer_id"])


def test_a_card_describes_the_customers_of_a_cell(cube):
    shown = cube.frame[(cube.frame["customers"] > 0) & (cube.frame["first"] != "not_told")]
    largest = shown.nlargest(1, "customers").iloc[0]
    card = cube.card(largest["first"], largest["second"], largest["price"]).set_index("feature")
    own = f"style:{largest['first']}"
    assert card.loc[own, "lo"] > card.loc[own, "base_share"]
    hidden = cube.frame[cube.frame["suppressed"]].iloc[0]
    with pytest.raises(CannotAnswer, match="too few customers to be shown"):
        cube.card(hidden["first"], hidden["second"], hidden["price"])


def test_products_without_the_columns_are_refused():
    tables = open_workspace("cdnow_sample").at("1997-09-30")
    with pytest.raises(CannotAnswer, match="The products have no style"):
        StyleSceneCube().analyze(shopper_features(tables), PriceShare(draws=50).analyze(tables))
