"""The project kernel: own code reloads between cells, axes show as their figure, figures carry their data."""

import os
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import crm_lab
from crm_lab.mime import FIGURE_MIME
from crm_lab.run.committed.canonical import KERNEL
from crm_lab.run.in_kernel.figure_data import figure_title

V4 = nbformat.v4


@pytest.fixture
def package(tmp_path):
    """A small stand-in for the package that the kernel may see change: the kernel's own modules and a probe."""
    ours = Path(crm_lab.__file__).parent
    for name in ("run/__init__.py", "run/in_kernel/__init__.py", "checks.py", "mime.py"):
        (tmp_path / "crm_lab" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ours / name, tmp_path / "crm_lab" / name)
    for part in ("ipython_extension", "figure_data", "figure_drawings", "output_folder", "scheduled_parameters"):
        name = f"{part}.py"
        shutil.copy(ours / "run" / "in_kernel" / name, tmp_path / "crm_lab" / "run" / "in_kernel" / name)
    (tmp_path / "crm_lab" / "__init__.py").write_text("")
    (tmp_path / "crm_lab" / "probe.py").write_text("def answer():\n    return 'before'\n")
    return tmp_path


def outputs_of(sources, folder):
    cells = [V4.new_code_cell(source) for source in sources]
    notebook = V4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}})
    client.execute(env={**os.environ, "PYTHONPATH": str(folder)})
    return [cell.outputs for cell in notebook.cells]


@pytest.mark.slow
def test_a_changed_module_is_reloaded_before_the_next_cell_without_a_magic(package):
    change = (
        "import os, pathlib\n"
        "path = pathlib.Path('crm_lab/probe.py')\n"
        "_ = path.write_text(path.read_text().replace('before', 'after'))\n"
        "os.utime(path, (2e9, 2e9))"
    )
    outputs = outputs_of(["from crm_lab.probe import answer", "answer()", change, "answer()"], package)
    assert [out[0].data["text/plain"] for out in outputs if out] == ["'before'", "'after'"]


@pytest.mark.slow
def test_axes_show_their_figure_with_its_data_and_no_address(package):
    source = "import seaborn as sns\nax = sns.barplot(x=['a', 'b'], y=[1, 2])\nax.set_title('Bars')\nax"
    (shown,) = outputs_of([source], package)[0]
    assert set(shown.data) == {"image/png", "text/plain", FIGURE_MIME}
    (axes,) = shown.data[FIGURE_MIME]["axes"]
    assert axes["bars"]["height"] == "2 values, absolute sum 3.0, from 1.0 to 2.0: 1.0 2.0"
    assert axes["xcategories"] == ["a", "b"]
    assert figure_title(shown.data[FIGURE_MIME]) == "Bars"
