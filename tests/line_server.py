"""A process with everything imported that answers one line with one line, for tests that fork what they run from it."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
from pathlib import Path

from crm_lab.run.environment import steady_environment
from crm_lab.run.execution.preload import VARIABLE
from crm_lab.run.suites.notebook_file import notebooks

_LONGEST = 900  # seconds to an answer


class LineServer:
    """The module that answers, in a process of its own that knows what notebooks import and ends with the block."""

    module: str

    def __init__(self, root: Path, **environment: str) -> None:
        imports = sorted(set().union(*(notebook.imports for notebook in notebooks(root).values())))
        env = {**os.environ, **steady_environment(root), VARIABLE: json.dumps(imports), **environment}
        command, pipe = [sys.executable, "-m", self.module], subprocess.PIPE
        self.process = subprocess.Popen(
            command, cwd=root, env=env, stdin=pipe, stdout=pipe, text=True, start_new_session=True
        )

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, order: str, seconds: float = _LONGEST) -> list:
        """The answer to a line; after so many seconds without one all that the server has begun is ended."""
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.process.stdout, selectors.EVENT_READ)
            if not waiting.select(seconds):
                os.killpg(self.process.pid, signal.SIGKILL)
                return [1, *[f"No answer to {order} in {seconds:g} seconds."] * 2]
        return json.loads(self.process.stdout.readline() or '[1, "The server ended.", "The server ended."]')
