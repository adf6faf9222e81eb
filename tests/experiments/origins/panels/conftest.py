import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def long():
    """Weekly sales of six cities, two of them treated from the ninth week on."""
    weeks, rng = pd.date_range("2024-01-01", periods=12, freq="7D"), np.random.default_rng(1)
    rows = [
        (city, f"{week:%Y-%m-%d}", round(100 + 10 * rng.random(), 2), "2024-02-26" if city in ("Ada", "Bel") else "")
        for city in ("Ada", "Bel", "Cyd", "Dov", "Eri", "Fay")
        for week in weeks
    ]
    return pd.DataFrame(rows, columns=["city", "week", "sales", "treated_from"])


@pytest.fixture
def write(tmp_path):
    def save(frame, name="panel.csv", **how):
        path = tmp_path / name
        if name.endswith(".parquet"):
            frame.to_parquet(path, index=False)
        elif name.endswith(".xlsx"):
            frame.to_excel(path, index=False)
        else:
            frame.to_csv(path, index=False, **how)
        return path

    return save
