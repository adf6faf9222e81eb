"""Kernels of pages: no port of the machine is taken, nothing is left behind, and a start that fails is tried again."""

import ast
import tempfile
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from papermill.engines import NotebookExecutionManager

from crm_lab.run.execution.client import Client
from crm_lab.run.local_kernel import LONGEST_FOLDER, LocalKernelManager


def notebook(*cells):
    """A notebook as papermill hands it to an engine."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    for part in (made, *made.cells):
        part.metadata["papermill"] = {}
    return made


def run_by_manager(cells, **options):
    client = NotebookClient(
        notebook(*cells), kernel_name="python3", kernel_manager_class=LocalKernelManager, timeout=60, **options
    )
    return client.execute()


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Temporary folders in a short folder of the test."""
    folder = Path(tempfile.mkdtemp(prefix="t"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    folder.rmdir()


def test_a_kernel_takes_no_port_and_leaves_nothing(temporary):
    cell = (
        "import ipykernel, json; info = json.load(open(ipykernel.get_connection_file())); info['transport'], info['ip']"
    )
    done = run_by_manager([cell])
    transport, place = ast.literal_eval(done.cells[0].outputs[0]["data"]["text/plain"])
    assert transport == "ipc"
    assert Path(place).is_relative_to(temporary)
    assert not list(temporary.iterdir())


def test_where_names_are_too_long_for_sockets_ports_are_taken(tmp_path, monkeypatch):
    long = tmp_path / ("x" * LONGEST_FOLDER)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert LocalKernelManager().transport == "tcp"
    assert run_by_manager(["1 + 1"]).cells[0].outputs[0]["data"]["text/plain"] == "2"


@pytest.mark.parametrize("deaths", [1, 2])
def test_a_kernel_that_ends_while_starting_is_started_once_more(monkeypatch, deaths):
    started = []
    usual = AsyncKernelManager.start_kernel

    async def start(self, **options):
        started.append(self)
        await usual(self, **options)
        if len(started) <= deaths:
            await self._async_kill_kernel()

    monkeypatch.setattr(LocalKernelManager, "start_kernel", start)
    managed = NotebookExecutionManager(notebook("2 + 3"), progress_bar=False)
    if deaths == 2:
        with pytest.raises(RuntimeError, match="died before replying"):
            Client.run(managed, "python3")
    else:
        Client.run(managed, "python3")
        assert managed.nb.cells[0].outputs[0]["data"]["text/plain"] == "5"
    assert len(started) == 2
