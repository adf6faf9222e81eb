"""Whole small runs of the command line, killed at random times: what is published stays whole, the next run is good."""

import json
import signal
import time
from pathlib import Path

import numpy as np
import psutil

from crm_lab.run.verification import NOT_COMPARED, first_difference
from tests.run.conftest import Project, empty_project
from tests.run.equal_bytes import as_one_run

SUITE = 'title = "Two"\n[[page]]\nnotebook = "01_one"\n[[page]]\nnotebook = "02_two"\nafter = ["01_one"]\n'
WITHOUT_DATA = Project.publish.replace('"data": data', '"data": None')
LEFT_TO_END = 10
"""Kills after which a run may end, and must be as the first was."""
_TOLD_OF_OTHERS = {*NOT_COMPARED, "index.html", "changes.json"}
_PATIENCE_S = 20


def made(place):
    """A project of two small pages with one good run; that run, and how long it took."""
    project = empty_project(place)
    for name in ("01_one", "02_two"):
        project.notebook(name, WITHOUT_DATA)
    project.suite("two", SUITE)
    start = time.monotonic()
    assert project.crm_lab("run", "two").returncode == 0
    return project, project.runs("two")[-1], time.monotonic() - start


def killed(project, wait_s, how=signal.SIGKILL):
    """Start a run, kill it after a while, and say what is wrong then; it may have ended before."""
    process = project.start("run", "two")
    family = psutil.Process(process.pid)
    try:
        process.wait(wait_s)
    except Exception:  # noqa: BLE001 - still at work
        children = family.children(recursive=True)
        process.send_signal(how)
        process.communicate()
        _, alive = psutil.wait_procs(children, _PATIENCE_S)
        return [*(f"{child} is still alive" for child in alive), *what_is_wrong(project)]
    process.communicate()
    return what_is_wrong(project)


def what_is_wrong(project):
    """Published runs that are not whole, and a latest that is none."""
    wrong = [f"{run.name} is half" for run in project.runs("two") if not is_whole(run)]
    return wrong + ([] if is_whole(project.root / "outputs" / "two" / "latest") else ["latest is none"])


def is_whole(run):
    """Whether a run has all that its manifest names."""
    try:
        manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
        named = [
            name for page in manifest["pages"] for name in (page["html"], *page["files"], f"{page['notebook']}.ipynb")
        ]
        return manifest["exit_code"] == 0 and all((run / name).is_file() for name in ("index.html", *named))
    except (OSError, ValueError, KeyError):
        return False


def left_to_end(project, first, target):
    """Let a run end, and say what is left of killed ones, and where it differs from the first."""
    done = project.crm_lab("run", "two")
    if done.returncode:
        return [f"blocked: {done.stderr}"]
    folder = project.root / "outputs" / "two"
    left = [path.name for path in folder.iterdir() if path.name.endswith((".part", ".away"))]
    as_one_run(project.runs("two")[-1], target)
    names = {
        path.relative_to(root).as_posix() for root in (first, target) for path in root.rglob("*") if path.is_file()
    }
    found = (first_difference(first, target, name) for name in sorted(names) if Path(name).name not in _TOLD_OF_OTHERS)
    return [f"left: {name}" for name in left] + [f"differs: {one}" for one in found if one]


def kills(place, seed, until):
    """Kill runs at random times while asked to go on.

    Args:
        place: An empty folder.
        seed: Of the times.
        until: Called with the number of kills so far; true ends it.

    Returns:
        How many were killed, and what was wrong after any of them.
    """
    chance = np.random.default_rng(seed)
    (place / "project").mkdir()
    project, run, seconds = made(place / "project")
    as_one_run(run, place / "first")
    number, wrong = 0, []
    while not until(number):
        how = int(chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP]))
        wrong += killed(project, chance.uniform(0, 1.1 * seconds), how)
        number += 1
        if number % LEFT_TO_END == 0:
            wrong += left_to_end(project, place / "first", place / f"run{number}")
    return number, wrong
