"""A suite run again: proven equal, taken over where nothing changed, refused where a page was edited."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.forked_commands import CommandServer
from tests.run.conftest import PACKAGE_PARENT, Project

pytestmark = pytest.mark.slow

WITHOUT_DATA = Project.publish.replace('"data": data', '"data": None')
SUITE = """
title = "Two pages"
[[page]]
notebook = "01_one"
[[page]]
notebook = "02_two"
"""


@pytest.fixture(scope="module")
def lab(make_project):
    project = make_project()
    for name in ("01_one", "02_two"):
        project.notebook(name, WITHOUT_DATA)
    project.suite("two", SUITE)
    _git(project, "init", "-q")
    _git(project, "add", "-A")
    _git(project, "commit", "-qm", "pages")
    with CommandServer(Path(PACKAGE_PARENT)) as project.server:
        assert project.crm_lab("run", "two").returncode == 0
        yield project


def _git(project, *arguments):
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *who, *arguments], cwd=project.root, check=True, capture_output=True)


def test_a_run_is_proven_byte_by_byte_and_a_changed_byte_is_found(lab):
    run = lab.runs("two")[-1]
    proven = lab.crm_lab("verify", f"two/{run.name}")
    assert proven.returncode == 0, proven.stdout + proven.stderr
    assert "are the same, byte by byte" in proven.stdout
    file = run / "01_one" / "results.json"
    kept = file.read_text(encoding="utf-8")
    file.write_text(kept.replace("found 5", "found 6"), encoding="utf-8")
    found = lab.crm_lab("verify", f"two/{run.name}")
    file.write_text(kept, encoding="utf-8")
    assert found.returncode == 1
    assert "01_one/results.json, line" in found.stdout
    assert "found 6" in found.stdout


def test_the_second_run_of_the_same_says_that_nothing_changed(lab):
    done = lab.crm_lab("run", "two")
    assert "Nothing has changed since" in done.stdout
    changes = json.loads((lab.root / "outputs" / "two" / "latest" / "changes.json").read_text(encoding="utf-8"))
    assert changes["facts"] == []


def test_only_the_page_with_another_parameter_runs_again(lab):
    lab.crm_lab("run", "two")
    done = lab.crm_lab("run", "two", "--resume", "-p", "02.bins=7")
    assert done.returncode == 0, done.stderr
    pages = {page["notebook"]: page["reused_from"] for page in lab.manifest("two")["pages"]}
    assert pages["01_one"] is not None
    assert pages["02_two"] is None
    assert "found 7" in (lab.root / "outputs" / "two" / "latest" / "02_two.html").read_text(encoding="utf-8")
    assert "taken over" in done.stdout
    proven = lab.crm_lab("verify", f"two/{lab.runs('two')[-1].name}")
    assert proven.returncode == 0, proven.stdout


def test_an_edited_page_is_refused_unattended_and_a_copy_is_a_page(lab):
    path = lab.root / "notebooks" / "01_one.ipynb"
    kept = path.read_text(encoding="utf-8")
    path.write_text(kept.replace("found {bins}", "found about {bins}"), encoding="utf-8")
    refused = lab.crm_lab("run", "two")
    allowed = lab.crm_lab("run", "two", "--allow-dirty", "--only", "01")
    path.write_text(kept, encoding="utf-8")
    assert refused.returncode == 2
    assert "01_one" in refused.stderr
    assert allowed.returncode == 0
    assert "Edited since the last commit: 01_one" in allowed.stderr
    assert "Edited" in (lab.runs("two")[-1] / "01_one.html").read_text(encoding="utf-8")
    (lab.root / "notebooks" / "my_01.ipynb").write_text(kept, encoding="utf-8")
    lab.suite("mine", 'title = "Mine"\n[[page]]\nnotebook = "my_01"\n')
    assert lab.crm_lab("run", "mine").returncode == 0


def test_runs_may_lie_elsewhere(lab, tmp_path):
    assert lab.crm_lab("run", "two", "--only", "01", "--out", str(tmp_path)).returncode == 0
    assert len(list((tmp_path / "two").glob("2*"))) == 1


def test_outputs_of_a_run_do_not_touch_its_pages(lab):
    path = lab.root / "notebooks" / "01_one.ipynb"
    kept = path.read_text(encoding="utf-8")
    content = json.loads(kept)
    content["cells"][1]["execution_count"] = 12
    path.write_text(json.dumps(content), encoding="utf-8")
    done = lab.crm_lab("run", "two", "--only", "01")
    path.write_text(kept, encoding="utf-8")
    assert done.returncode == 0
