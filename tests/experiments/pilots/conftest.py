"""A chain of cities whose shocks last, and pilots in it."""

import numpy as np
import pytest

from certification.pilots import chain
from crm_lab.experiments.pilots import Pilot
from crm_lab.stats.panel.panel import Panel


def names(n):
    return tuple(f"city {i:02d}" for i in range(n))


@pytest.fixture
def past():
    """Eighty weeks of twenty cities in which nothing was done."""
    return Panel(chain(np.random.default_rng(1), 20, 80), names(20), tuple(range(80)))


@pytest.fixture
def make_pilot():
    """A pilot of any shape, with a lift planted in its first cities."""

    def make(cities=12, treated=3, before=36, weeks=8, lift=0.2, seed=1, **options):
        values = chain(np.random.default_rng(seed), cities, before + weeks)
        values[:treated, before:] *= 1 + lift
        panel = Panel(values, names(cities), tuple(range(before + weeks)))
        return Pilot(panel, names(cities)[:treated], before, **options)

    return make
