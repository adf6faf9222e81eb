"""The wheel holds the package and nothing else, and works where there is no checkout."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import dist
import pytest

import crm_lab

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return dist.build(tmp_path_factory.mktemp("dist"))


def test_the_wheel_holds_what_it_should_and_nothing_else(wheel):
    assert dist.contents(wheel) == []


def test_the_source_archive_is_built_beside_it(wheel):
    (archive,) = wheel.parent.glob("*.tar.gz")
    assert archive.name == f"crm_lab-{crm_lab.__version__}.tar.gz"


def test_what_is_wrong_with_a_wheel_is_said(wheel, tmp_path):
    spoilt = tmp_path / wheel.name
    with zipfile.ZipFile(wheel) as good, zipfile.ZipFile(spoilt, "w") as bad:
        for name in good.namelist():
            text = good.read(name)
            if name.endswith("LICENSE") or name == "crm_lab/calendar.py":
                continue
            bad.writestr(name, text.replace(b"License-Expression: MIT", b"") if name.endswith("METADATA") else text)
        bad.writestr("tests/test_x.py", "")
    assert dist.contents(spoilt) == [
        r".*\.dist-info/licenses/LICENSE is not in it",
        "tests/test_x.py does not belong in it",
        "the module crm_lab/calendar.py is not in it",
        "its License-Expression is not 'MIT'",
    ]


def test_the_package_and_its_metadata_have_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert crm_lab.__version__ == project["version"]


@pytest.mark.slow
def test_the_wheel_works_in_an_environment_without_a_checkout(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / ".ci" / "dist.py", "--borrow", "--out", tmp_path / "dist"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"importing it: {len(crm_lab.__all__)} names" in done.stdout
    assert "the quickstart: " in done.stdout
