"""``crm-lab`` commands one after another, each in a process that is forked with everything imported.

``python -m tests.forked_commands`` reads an order a line (folder, environment, words) and answers each with a line of
JSON: the exit code and what was written. Pages of a run are forked from one server that all commands share, with what
notebooks import. That a command also starts in a process of its own is shown by the tests of single commands.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing.forkserver
import os
import pkgutil
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from crm_lab.run.execution.preload import VARIABLE
from tests.line_server import LineServer

ROOMS = ("crm_lab.cli", "crm_lab.data", "crm_lab.experiments", "crm_lab.run", "crm_lab.plots")
PAGES = "crm_lab.run.execution.preload"


class CommandServer(LineServer):
    """The server in a process of its own, which ends with the block."""

    module = "tests.forked_commands"

    def __init__(self, root: Path) -> None:
        super().__init__(root, PYTHONPATH=str(root))

    def run(self, home: Path, env: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
        """``crm-lab`` to its end in a folder."""
        code, out, err = self.ask(json.dumps([str(home), dict(env), words]))
        return subprocess.CompletedProcess(words, code, out, err)


def serve() -> None:
    """Answer each line of standard input."""
    multiprocessing.set_forkserver_preload([PAGES])
    multiprocessing.forkserver.ensure_running()
    del os.environ[VARIABLE]  # this process starts no kernels itself
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            if module.name != PAGES and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    for line in sys.stdin:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            code = _forked(*json.loads(line), out.fileno(), err.fileno())
            said = [_read(stream) for stream in (out, err)]
        sys.stdout.write(json.dumps([code, *said]) + "\n")
        sys.stdout.flush()


def _read(stream: tempfile._TemporaryFileWrapper) -> str:
    stream.seek(0)
    return stream.read().decode(errors="replace")


def _forked(home: str, env: dict[str, str], words: list[str], out: int, err: int) -> int:
    """Run a command in a forked process whose pages are forked from the server that is there; its exit code."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 1
    try:
        for stream, number in ((os.open(os.devnull, os.O_RDONLY), 0), (out, 1), (err, 2)):
            os.dup2(stream, number)
        os.environ.clear()
        os.environ.update(env)
        os.chdir(home)
        sys.argv[1:] = words
        server = multiprocessing.forkserver._forkserver
        server.ensure_running = multiprocessing.forkserver.ensure_running = lambda: None  # it is, but no child of ours
        runpy.run_module("crm_lab.cli", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()
