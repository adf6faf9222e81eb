"""Every committed notebook, re-executed under nbval, gives its committed outputs."""

import subprocess
import sys
from pathlib import Path

import pytest

import crm_lab
from crm_lab.run.committed.refresh import committed_notebooks

ROOT = Path(crm_lab.__file__).parents[1]
NOTEBOOKS = committed_notebooks(ROOT)


def nbval(path):
    """pytest with nbval and our plugin on one notebook, none of this project's own settings."""
    options = ["-c", "/dev/null", "--rootdir", str(path.parent), "-q", "--color=no", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-p", "crm_lab.run.committed.nbval_plugin", "--nbval", *options, str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_notebook_gives_its_committed_outputs(path):
    done = nbval(path)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
