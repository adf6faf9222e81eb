"""The engine through papermill, as a scheduler uses it, and papermill without it."""

import os
import subprocess
import sys

import nbformat
import papermill
import pytest
from papermill.engines import papermill_engines
from papermill.exceptions import PapermillExecutionError

from crm_lab.checks import BadInput
from crm_lab.run.execution.engine import CrmLabEngine, check_injected

CHECKED = "from crm_lab import check_params\ncheck_params(globals())"


def injected(source, given, tags=("parameters",)):
    """A notebook as papermill hands it to an engine."""
    new = nbformat.v4.new_code_cell
    cells = [
        new(source, metadata={"tags": list(tags)}),
        new("# Parameters\n", metadata={"tags": ["injected-parameters"]}),
    ]
    return nbformat.v4.new_notebook(cells=cells, metadata={"papermill": {"parameters": given}})


def test_papermill_knows_the_engine_by_its_entry_point():
    assert papermill_engines.get_engine("crm-lab") is CrmLabEngine


@pytest.mark.slow
@pytest.mark.parametrize("first", ["papermill", "crm_lab.run.execution.engine", "papermill.engines"])
def test_it_loads_whichever_is_imported_first(first):
    code = f"import {first}, papermill.engines as e; print(e.papermill_engines.get_engine('crm-lab').__name__)"
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, env=dict(os.environ)
    )
    assert done.stdout == "CrmLabEngine\n", done.stderr


def test_the_injected_cell_is_written_with_the_values_as_they_are_meant():
    notebook = injected("code: str = 'x'\nbins: int = 5\nshare: float = .5", {"code": 5, "bins": 7, "share": 1})
    check_injected(notebook)
    assert notebook.cells[1].source == "# Parameters\ncode = '5'\nbins = 7\nshare = 1.0"
    assert notebook.cells[1]["id"] == "injected-parameters"


def test_a_wrong_parameter_is_refused_before_a_kernel_starts():
    with pytest.raises(BadInput) as caught:
        CrmLabEngine.execute_notebook(injected("bins: int = 5", {"bin": 7, "bins": "x"}), "no-such-kernel")
    assert caught.value.problems == (
        "the notebook has no parameter 'bin'; did you mean 'bins'?",
        "the notebook: bins is 'x'; it must be a whole number.",
    )


def test_a_notebook_without_a_parameters_cell_takes_none():
    with pytest.raises(BadInput, match="takes no parameters"):
        check_injected(injected("bins = 5", {"bins": 7}, tags=()))


def test_the_kernel_falls_back_to_python_where_the_projects_is_not_installed(monkeypatch):
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "crm-lab", "display_name": "x"}})
    monkeypatch.setattr("crm_lab.run.execution.engine._installed", lambda _: False)
    assert CrmLabEngine.nb_kernel_name(notebook) == "python3"
    assert CrmLabEngine.nb_kernel_name(notebook, "other") == "other"
    monkeypatch.setattr("crm_lab.run.execution.engine._installed", lambda _: True)
    assert CrmLabEngine.nb_kernel_name(notebook) == "crm-lab"
    assert CrmLabEngine.nb_language(nbformat.v4.new_notebook()) == "python"


def execute(path, into, **options):
    return papermill.execute_notebook(path, into, progress_bar=False, **options)


@pytest.mark.slow
class TestThroughPapermill:
    def test_the_engine_runs_a_notebook(self, project, tmp_path):
        path = project.notebook("01_one", CHECKED, "bins * 2")
        notebook = execute(path, tmp_path / "out.ipynb", engine_name="crm-lab", parameters={"bins": 7})
        assert notebook.cells[-1].outputs[0].data["text/plain"] == "14"
        assert "execution" not in notebook.cells[-1].metadata

    @pytest.mark.parametrize(
        ("cell", "name", "said"),
        [
            ("import time; time.sleep(60)", "Timeout", "longer than its limit of 3 s"),
            ("import os; os.kill(os.getpid(), 9)", "KernelDied", "The kernel died"),
            ("1 / 0", "ZeroDivisionError", "division by zero"),
        ],
    )
    def test_a_failure_is_a_failure(self, project, tmp_path, cell, name, said):
        path, out = project.notebook("01_one", cell, "2"), tmp_path / "out.ipynb"
        with pytest.raises(PapermillExecutionError, match=said) as caught:
            execute(path, out, engine_name="crm-lab", execution_timeout=3)
        assert caught.value.ename == name
        failed = [c for c in nbformat.read(out, 4).cells if c.metadata.get("papermill", {}).get("exception")]
        assert [c.source for c in failed] == [cell]
        assert failed[0].metadata.papermill.status == "failed"

    def test_nothing_is_written_while_cells_run(self, project, tmp_path):
        out = tmp_path / "out.ipynb"
        path = project.notebook("01_one", f"import os\nos.path.exists({str(out)!r})")
        notebook = execute(path, out, engine_name="crm-lab")
        assert notebook.cells[-1].outputs[0].data["text/plain"] == "False"
        assert out.exists()

    def test_the_command_line_of_papermill_refuses_a_wrong_parameter(self, project, tmp_path):
        path, out = project.notebook("01_one", "1"), tmp_path / "out.ipynb"
        command = [sys.executable, "-m", "papermill", str(path), str(out), "--engine", "crm-lab", "-p", "bin", "3"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=project.env())
        assert done.returncode != 0
        assert "the notebook has no parameter 'bin'; did you mean 'bins'?" in done.stderr
        assert not out.exists()

    def test_plain_papermill_runs_it_too(self, project, tmp_path):
        path = project.notebook("01_one", CHECKED, "bins * 2")
        notebook = execute(path, tmp_path / "out.ipynb", parameters={"bins": 7})
        assert notebook.cells[-1].outputs[0].data["text/plain"] == "14"

    @pytest.mark.parametrize("given", [{"bins": "seven"}, {"bin": 7}])
    def test_plain_papermill_is_refused_inside_the_notebook(self, project, tmp_path, given):
        path = project.notebook("01_one", CHECKED, "bins * 2")
        with pytest.raises(PapermillExecutionError, match="parameters of this notebook cannot be used"):
            execute(path, tmp_path / "out.ipynb", parameters=given)
