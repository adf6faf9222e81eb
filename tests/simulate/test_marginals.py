"""The table in docs/simulate.md is what the data give."""

import pytest
from marginals import REAL, column, printed

from crm_lab.simulate import scenario_names


@pytest.mark.slow
@pytest.mark.parametrize("name", [*REAL, *scenario_names()])
def test_the_page_shows_what_the_data_give(name):
    assert printed()[name] == column(name)
