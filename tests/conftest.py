"""Workspaces are built once into the project's data folder and shared by all tests."""

import pytest

from crm_lab import open_workspace


@pytest.fixture(scope="session")
def complete_journey():
    return open_workspace("complete_journey").at("2017-12-31")


@pytest.fixture(scope="session")
def cdnow():
    return open_workspace("cdnow").at("1998-06-30")


@pytest.fixture(scope="session")
def cdnow_sample():
    return open_workspace("cdnow_sample").at("1998-06-30")
