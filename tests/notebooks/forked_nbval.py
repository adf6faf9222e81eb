"""nbval on one notebook after another, each in a process and with a kernel that are forked with everything imported.

``python -m tests.notebooks.forked_nbval`` reads the path of a notebook a line and answers each with a line of JSON: the
exit code of ``pytest --nbval`` and what it said. Pages run the same way in a report (`crm_lab.run.execution`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from crm_lab.run.execution.forked_kernel import PROVISIONER, Waiting
from tests.line_server import LineServer

PLUGIN = "crm_lab.run.committed.nbval_plugin"


def arguments(path: Path) -> list[str]:
    """pytest's, for nbval and our plugin on one notebook, none of this project's own settings."""
    options = ["-c", "/dev/null", "--rootdir", str(path.parent), "-q", "--color=no", "-p", "no:cacheprovider"]
    return ["-p", PLUGIN, "--nbval", *options, str(path)]


class Server(LineServer):
    """The server in a process of its own, which ends with the block."""

    module = "tests.notebooks.forked_nbval"

    def run(self, path: Path) -> tuple[int, str]:
        """Exit code and words of nbval on a notebook."""
        code, said, *_ = self.ask(str(path))
        return code, said


def serve() -> None:
    """Answer each line of standard input."""
    import crm_lab.run.committed.nbval_plugin
    import crm_lab.run.execution.preload  # noqa: F401 - imports what the pages do

    for line in sys.stdin:
        with tempfile.TemporaryFile() as said:
            code = _forked(Path(line.strip()), said.fileno())
            said.seek(0)
            text = said.read().decode(errors="replace")
        sys.stdout.write(json.dumps([code, text]) + "\n")
        sys.stdout.flush()


def _forked(path: Path, said: int) -> int:
    """Run nbval in a forked process whose kernel is forked, too; its exit code."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 1
    try:
        for stream in (1, 2):
            os.dup2(said, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        Waiting.fork()
        os.environ |= {"JUPYTER_DEFAULT_PROVISIONER_NAME": PROVISIONER, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        code = int(pytest.main(["-p", "nbval.plugin", *arguments(path)]))  # other plugins take seconds to load
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()
