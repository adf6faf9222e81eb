"""The installed kernel is started by the interpreter that has the lab, whoever starts it and from wherever."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from crm_lab.run.execution import kernel_installation
from crm_lab.run.execution.kernel_installation import installed_specification, point_to_this_interpreter


@pytest.fixture
def environment(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    return installed_specification()


def argv(path):
    return json.loads(path.read_text(encoding="utf-8"))["argv"]


def test_the_interpreter_is_written_where_there_was_none(environment):
    point_to_this_interpreter()
    assert argv(environment)[:3] == [sys.executable, "-m", "ipykernel_launcher"]


@pytest.mark.parametrize("there", ['{"argv": ["python", "-m", "ipykernel_launcher"]}', "{half a fi"])
def test_another_interpreter_or_a_broken_file_is_replaced(environment, there):
    environment.parent.mkdir(parents=True)
    environment.write_text(there, encoding="utf-8")
    point_to_this_interpreter()
    assert argv(environment)[0] == sys.executable


def test_a_right_file_is_left_alone(environment):
    point_to_this_interpreter()
    os.utime(environment, (1, 1))
    point_to_this_interpreter()
    assert environment.stat().st_mtime == 1


def test_an_environment_that_cannot_be_written_to_is_no_error(environment, monkeypatch):
    environment.parents[3].write_text("a file where a folder should be")
    point_to_this_interpreter()
    assert not environment.exists()


def test_any_command_heals_it(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from crm_lab.cli import main

    called = []
    monkeypatch.setattr(kernel_installation, "point_to_this_interpreter", lambda: called.append(1))
    monkeypatch.setenv("CRM_LAB_HOME", str(tmp_path))
    CliRunner().invoke(main, ["list"])
    assert called


def test_the_shipped_specification_alone_starts_the_schedulers_python(monkeypatch):
    shipped = kernel_installation.SHIPPED
    monkeypatch.setattr(sys, "executable", "/theirs/bin/python")
    manager = KernelManager(kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(shipped.parents[1])]))
    manager.kernel_name = shipped.parent.name
    assert manager.format_kernel_cmd()[0] == "/theirs/bin/python"


@pytest.mark.slow
def test_a_scheduler_whose_python_is_another_starts_ours(environment, tmp_path, monkeypatch):
    point_to_this_interpreter()
    fake = tmp_path / "bin" / "python"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nexit 3\n")
    fake.chmod(0o755)
    ours = sys.executable
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(sys, "executable", str(fake))  # Jupyter takes a bare python for the one that it runs in
    theirs = KernelSpecManager(kernel_dirs=[str(environment.parents[1])])
    manager = KernelManager(kernel_name="crm-lab", kernel_spec_manager=theirs)
    assert manager.format_kernel_cmd()[0] == ours
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        reply = client.execute_interactive("import crm_lab", timeout=60, output_hook=lambda _: None)
        assert reply["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not here")
@pytest.mark.parametrize(("made_in", "again"), [("here", False), ("/another/place", True), ("", True)])
def test_make_installs_again_where_the_folder_has_moved(tmp_path, made_in, again):
    for name in ("pyproject.toml", "requirements.lock", ".venv/.locked", ".venv/.ready"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(str(tmp_path.resolve()) if made_in == "here" else made_in)
    shutil.copy(Path(__file__).parents[3] / "Makefile", tmp_path)
    done = subprocess.run(["make", "-n", "setup"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert ("crm_lab.run.execution.kernel_installation" in done.stdout) == again
    assert "requirements.lock" not in done.stdout.replace("requirements.lock is incomplete", "")
