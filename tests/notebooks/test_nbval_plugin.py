"""The plugin catches a changed number and a changed chart, lets noise pass, and refuses what was never run."""

import os
import subprocess
import sys

import nbformat
import pytest

from crm_lab.run.committed.canonical import KERNEL
from crm_lab.run.committed.refresh import refresh

V4 = nbformat.v4
SOURCES = (
    "import os\nimport seaborn as sns\nnoise, number, chart = (float(os.environ.get(k, 0)) "
    'for k in ("T_NOISE", "T_NUMBER", "T_CHART"))',
    "{'value': 2 / 3 * (1 + noise) + number}",
    "print(f'{2 / 3 * (1 + noise) + number:.15g}')",
    "sns.barplot(x=['a', 'b'], y=[1 + noise, 2 + chart]).set_title('Bars')\nNone",
    "sns.lineplot(x=[0, 1, 2], y=[1 + noise, 2 + chart, 3])",
    "number;",
)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    root = tmp_path_factory.mktemp("lab")
    (root / "notebooks").mkdir()
    path = root / "notebooks" / "90_probe.ipynb"
    cells = [V4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(SOURCES)]
    nbformat.write(V4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), path)
    assert [outcome.status for outcome in refresh(root)] == ["written"]
    return path


def nbval(path, **environment):
    options = ["-c", "/dev/null", "--rootdir", str(path.parent), "-q", "--color=no", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-p", "crm_lab.run.committed.nbval_plugin", "--nbval", *options, str(path)]
    environ = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environ)


def failed(done):
    return [line.split("::")[1].split(" - ")[0] for line in done.stdout.splitlines() if line.startswith("FAILED")]


@pytest.mark.slow
def test_noise_of_one_in_a_million_millions_passes(notebook):
    done = nbval(notebook, T_NOISE="1e-12")
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_a_changed_number_is_caught_in_values_and_in_print(notebook):
    assert failed(nbval(notebook, T_NUMBER="1e-5")) == ["Cell 1", "Cell 2"]


@pytest.mark.slow
def test_a_changed_chart_is_caught_though_pixels_are_not_compared(notebook):
    done = nbval(notebook, T_CHART="0.01")
    assert failed(done) == ["Cell 3", "Cell 4"]
    assert "axes.0.bars.height" in done.stdout


@pytest.mark.slow
def test_a_notebook_that_was_never_run_is_refused(notebook):
    bare = notebook.with_name("91_bare.ipynb")
    content = nbformat.read(notebook, as_version=4)
    for cell in content.cells:
        cell.outputs, cell.execution_count = [], None
    nbformat.write(content, bare)
    done = nbval(bare)
    assert done.returncode != 0
    assert "no cell was ever run" in done.stdout
    assert "crm-lab notebooks refresh 91" in done.stdout
