"""A small test with skewed spend, a pre-period and a known effect."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.experiments import Experiment


def make_households(n=600, lift=0.1, seed=1):
    rng = np.random.default_rng(seed)
    level = rng.gamma(1.2, 400, n)
    arm = np.where(rng.random(n) < 0.5, "treatment", "control")
    spend = level * rng.gamma(8, 1 / 8, n)
    return pd.DataFrame(
        {
            "customer_id": [f"h{i}" for i in range(n)],
            "arm": arm,
            "spend_before": level * rng.gamma(8, 1 / 8, n),
            "spend": np.where(arm == "treatment", spend * (1 + lift), spend),
            "orders": rng.poisson(5, n) + 1.0,
            "bought": (rng.random(n) < 0.6).astype(float),
        }
    )


@pytest.fixture
def households():
    return make_households()


@pytest.fixture
def experiment(households):
    return Experiment.from_frame(
        households, arm="arm", outcomes=["spend", "orders", "bought"], covariates=["spend_before"], unit="customer_id"
    )
