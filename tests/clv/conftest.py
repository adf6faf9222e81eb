"""CDNOW as lifetimes ships it, read without the lab's ingest."""

from importlib import resources

import pandas as pd
import pytest

from crm_lab.data.kernels.purchases import calibration_holdout


def read_cdnow(name, customer):
    file = resources.files("lifetimes") / "datasets" / name
    raw = pd.read_csv(str(file), sep=r"\s+", header=None, dtype=str)
    raw = raw[raw[customer + 1].str.fullmatch(r"\d{8}")]  # the full file has a heading
    return pd.DataFrame(
        {
            "customer_id": raw[customer],
            "date": pd.to_datetime(raw[customer + 1]),
            "net_amount": raw[raw.columns[-1]].astype(float),
        }
    )


@pytest.fixture(scope="session")
def sample():
    return read_cdnow("CDNOW_sample.txt", 1)


@pytest.fixture(scope="session")
def full():
    return read_cdnow("CDNOW_master.txt", 0)


@pytest.fixture(scope="session")
def calibration(sample):
    return calibration_holdout(sample, "1997-09-30", "1998-06-30")
