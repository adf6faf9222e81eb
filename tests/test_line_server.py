"""A server that does not answer is ended with all that it has begun."""

import os
import time
from pathlib import Path

import psutil
import pytest

from tests.line_server import LineServer

ROOT = Path(__file__).parents[1]
SILENT = """
import os, sys, time
if os.fork() == 0:
    time.sleep(600)
for line in sys.stdin:
    if line.strip() == "end":
        break
    time.sleep(600)
"""


class Silent(LineServer):
    module = "silent_server"


@pytest.fixture
def server(tmp_path):
    (tmp_path / "silent_server.py").write_text(SILENT)
    return Silent(ROOT, PYTHONPATH=str(tmp_path))


def test_what_does_not_answer_is_ended(server):
    with server:
        code, out, err = server.ask("anything", seconds=0.5)
        assert code == 1
        assert out == err == "No answer to anything in 0.5 seconds."
    assert not living(server.process.pid)


def living(group: int) -> list[int]:
    """Processes of a group that have not ended, after a moment to do so."""
    found = [0]
    for _ in range(50):
        found = [
            one.pid
            for one in psutil.process_iter(["status"])
            if one.info["status"] != psutil.STATUS_ZOMBIE and _group(one.pid) == group
        ]
        if not found:
            break
        time.sleep(0.1)
    return found


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None
