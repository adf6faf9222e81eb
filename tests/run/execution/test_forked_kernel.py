"""Forked pages: the same outputs as from a kernel that starts afresh, and no trace of what others import."""

import importlib
import os
import signal
import sys
import time
import warnings

import nbformat
import pytest

from crm_lab.run.committed.canonical import canonical
from crm_lab.run.environment import steady_environment
from crm_lab.run.execution import preload, worker
from crm_lab.run.execution.forked_kernel import ForkedProcess, Waiting
from crm_lab.run.suites.notebook_file import NotebookFile

CELLS = [
    "import pandas as pd\nimport matplotlib.pyplot as plt",
    "pd.DataFrame({f'a_rather_long_column_name_{i}': [1.5, 2.5] for i in range(12)})",
    "figure, ax = plt.subplots(figsize=(2, 2))\nax.plot([1, 2, 3])",
    "import sys, os\nsys.stdout.write('said\\n')\nos.environ['CRM_LAB_LANG']",
]


@pytest.mark.slow
def test_a_forked_page_gives_the_outputs_of_a_fresh_kernel(project, monkeypatch, tmp_path):
    path = project.notebook("07_both_ways", *CELLS)
    project.suite("both", 'title = "Both"\n[[page]]\nnotebook = "07_both_ways"\n')
    done = project.crm_lab("run", "both")
    assert done.returncode == 0, done.stderr
    forked = nbformat.read(project.root / "outputs" / "both" / "latest" / "07_both_ways.ipynb", as_version=4)
    for name, value in {**steady_environment(project.root), "CRM_LAB_LANG": "en"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.setattr(worker, "_tell", lambda _: None)
    fresh = canonical(worker.execute(path, {}, 60, tmp_path / "fresh.ipynb"))
    outputs = [[cell.outputs for cell in book.cells if cell.cell_type == "code"] for book in (forked, fresh)]
    assert outputs[0] == outputs[1]
    assert "image/png" in str(outputs[0])


def test_a_kernel_that_nobody_wants_ends_with_its_page():
    Waiting.fork()
    process, tell = Waiting.kernel
    Waiting.kernel = None
    assert process.poll() is None
    os.close(tell)
    assert process.wait() == 0
    assert process.poll() == 0
    process.kill()  # ended: nothing to do
    assert Waiting.take({}) is None


def test_a_forked_process_can_be_asked_to_end():
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
        os._exit(0)
    process = ForkedProcess(pid)
    process.terminate()
    assert process.wait() == -signal.SIGTERM


def test_imports_are_read_from_the_cells(project):
    path = project.notebook(
        "08_imports", "import numpy as np, os.path", "from pandas import DataFrame as D", "1 +", parameters=None
    )
    assert NotebookFile(path).imports == {("numpy", ""), ("os.path", ""), ("pandas", "DataFrame")}


@pytest.fixture
def noisy(tmp_path, monkeypatch):
    """A package that silences everybody's warnings when it is imported, and one that fails."""
    (tmp_path / "noisy_package").mkdir()
    (tmp_path / "noisy_package" / "__init__.py").write_text(
        "import warnings\nwarnings.simplefilter('ignore', FutureWarning)\nfrom noisy_package import part\n"
    )
    (tmp_path / "noisy_package" / "part.py").write_text("import quiet_module\n")
    (tmp_path / "quiet_module.py").write_text("asked = get_ipython().kernel\n")
    (tmp_path / "broken_module.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield
    for name in [n for n in sys.modules if n.partition(".")[0] in ("noisy_package", "quiet_module")]:
        del sys.modules[name]


def test_a_package_that_changes_warnings_for_all_is_forgotten_and_what_it_needs_is_kept(noisy):
    before = list(warnings.filters)
    preload.preload([("broken_module", ""), ("noisy_package", ""), ("no_such_module", "thing")])
    assert list(warnings.filters) == before
    assert not [name for name in sys.modules if name.startswith("noisy_package")]
    assert sys.modules["quiet_module"].asked is True
