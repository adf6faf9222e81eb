"""A programme of points, and its roll-forward at estimates that change."""

import pandas as pd
import pytest

from crm_lab.loyalty.liability import LiabilityRollForward
from tests.loyalty.programme_of_points import programme

ESTIMATES = pd.DataFrame({
    "month": ["2023-01", "2023-06", "2024-02"], "redemption_rate": [0.8, 0.55, 0.7],
    "cost_per_point": [0.006, 0.0065, 0.0055],
})  # fmt: skip


@pytest.fixture(scope="session")
def ledger():
    return programme(3, members=80)


@pytest.fixture(scope="session")
def rolled(ledger):
    spec = LiabilityRollForward(point_price=0.01)
    return spec.analyze(ledger["lots"], ledger["uses"], ledger["orders"], ESTIMATES, ledger["as_of"])
