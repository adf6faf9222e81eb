"""Pages on shapes of data: each ends good or refused in words, and good where refusing is no way out."""

from collections import Counter

import pytest

from crm_lab.messages import LANGUAGES
from tests.matrix.cells import (
    ALL_PAGES,
    BROKEN,
    GOOD,
    LEAVING,
    ON_EACH,
    few_cells,
    init,
    pages,
    project,
    run_cells,
    served,
)
from tests.matrix.shapes import PURCHASES, SHAPES, TEST

FEW = few_cells()


@pytest.fixture(scope="module", autouse=True)
def one_server():
    """Every command is forked from one process; in test_money each starts in a process of its own."""
    with served():
        yield


def test_every_page_and_every_shape_is_looked_at_often_enough():
    seen = Counter(page for chosen in FEW.values() for page in chosen)
    assert all(seen[page] >= ON_EACH for kind in (PURCHASES, TEST) for page in pages(kind))
    assert all(FEW.values())
    assert {*FEW, *ALL_PAGES, *LEAVING} == {name for name, shape in SHAPES.items() if shape.accepted}


@pytest.mark.slow
@pytest.mark.parametrize("name", FEW)
def test_pages_end_well_on_this_shape(name, tmp_path):
    shape = SHAPES[name]
    lang = LANGUAGES[list(FEW).index(name) % len(LANGUAGES)]  # every other shape is read in Chinese
    cells, promised = run_cells(project(tmp_path), shape, FEW[name], lang=lang)
    assert sorted(cell.page for cell in cells) == sorted(FEW[name])
    assert not [cell for cell in cells if cell.ending == BROKEN]
    assert not [cell for cell in cells if cell.page in shape.good and cell.ending != GOOD]
    assert set(shape.good) <= set(promised)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, shape in SHAPES.items() if not shape.accepted])
def test_init_says_why_it_does_not_take_this_shape(name, tmp_path):
    said = init(project(tmp_path), SHAPES[name])
    assert said.returncode == 2
    assert said.stderr.startswith("Error: ")
    assert "Traceback" not in said.stderr
    assert len(said.stderr.strip()) > len("Error: ")
