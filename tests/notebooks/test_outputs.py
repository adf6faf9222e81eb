"""Every committed notebook, re-executed under nbval, gives its committed outputs."""

import subprocess
import sys
from pathlib import Path

import pytest

import crm_lab
from crm_lab.run.committed.refresh import committed_notebooks
from tests.notebooks.forked_nbval import Server, arguments

ROOT = Path(crm_lab.__file__).parents[1]
NOTEBOOKS = committed_notebooks(ROOT)
FORKS = sys.platform == "linux"  # as pages of a report are: see `crm_lab.run.execution.page_server`


def nbval(path):
    """nbval as the guide calls it, in a process and a kernel that import everything themselves."""
    command = [sys.executable, "-m", "pytest", *arguments(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def server():
    with Server(ROOT) as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS if FORKS else [], ids=[path.stem for path in NOTEBOOKS if FORKS])
def test_notebook_gives_its_committed_outputs(path, server):
    code, said = server.run(path)
    assert code == 0, said[-6000:]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS[:1] if FORKS else NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_gives_its_committed_outputs_in_a_new_process(path):
    code, said = nbval(path)
    assert code == 0, said[-6000:]
