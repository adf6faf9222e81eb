"""Workspaces are built once into the project's data folder and shared by all tests."""

import sys

import pytest
from hypothesis import settings

from crm_lab import open_workspace

# no deadlines: a busy machine is no failure; the same examples in every run: a red test stays red
settings.register_profile("lab", deadline=None, derandomize=True)
settings.load_profile("lab")


@pytest.fixture(scope="session")
def complete_journey():
    return open_workspace("complete_journey").at("2017-12-31")


@pytest.fixture(scope="session")
def cdnow():
    return open_workspace("cdnow").at("1998-06-30")


@pytest.fixture(scope="session")
def cdnow_sample():
    return open_workspace("cdnow_sample").at("1998-06-30")


@pytest.fixture(autouse=True)
def close_figures():
    """Figures that a test has drawn are closed behind it."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
