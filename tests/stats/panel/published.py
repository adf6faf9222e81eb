"""The panels of the published record, kept beside the project."""

from pathlib import Path

import pandas as pd
import pytest

from crm_lab.project import project_root
from crm_lab.stats.panel import Panel

DATA = Path(project_root()).parent / "shared" / "data"


def read(name, **how):
    """A file of shared data; without it the test is skipped."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"needs ../shared/data/{name}")
    return pd.read_csv(path, **how)


def geolift(name="Test"):
    """GeoLift's simulated cities by day."""
    return Panel.from_frame(read(f"geolift/GeoLift_{name}.csv"), unit="location", period="date", value="Y")


def prop99():
    """Cigarette packs per head by state and year; California's tax rose in 1989."""
    frame = read("causal/prop99.csv", sep=";")
    return Panel.from_frame(frame, unit="State", period="Year", value="PacksPerCapita")
