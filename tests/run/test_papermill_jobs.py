"""Two papermill jobs at once: each has its files beside its own output notebook."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

WRITE = """
import time
from crm_lab.exports import out_dir
(out_dir() / "list.txt").write_text(str(bins), encoding="utf-8")
time.sleep(1)
"""


def test_jobs_do_not_meet(project):
    page = project.notebook("01_one", WRITE)
    (project.root / "out").mkdir()
    jobs = [
        subprocess.Popen(
            [sys.executable, "-m", "papermill", str(page), f"out/{bins}.ipynb", "-p", "bins", str(bins)],
            cwd=project.root, env=project.env(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        for bins in (3, 4)
    ]  # fmt: skip
    said = [job.communicate(timeout=120)[1] for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0], said
    assert [(project.root / "out" / str(n) / "list.txt").read_text(encoding="utf-8") for n in (3, 4)] == ["3", "4"]
