"""What submitted code may not do, tried by submitted code in a process of its own."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from crm_lab.teach.sandbox.sandbox import beside, landlock_version

CONFINED = """
import sys
from pathlib import Path
from crm_lab.teach.sandbox.sandbox import Limits, confine
scratch, hidden = Path(sys.argv[1]), Path(sys.argv[2])
confine(scratch, [hidden], Limits(seconds=20, memory_mb=300))
"""


@pytest.fixture
def places(tmp_path):
    scratch, hidden = tmp_path / "scratch", tmp_path / "answers"
    scratch.mkdir()
    hidden.mkdir()
    (hidden / "key.txt").write_text("42", encoding="utf-8")
    (tmp_path / "open.txt").write_text("public", encoding="utf-8")
    return scratch, hidden


@pytest.fixture
def attempt(places):
    def run(code):
        program = CONFINED + textwrap.dedent(code)
        return subprocess.run(
            [sys.executable, "-c", program, *map(str, places)], capture_output=True, text=True, check=False, timeout=60
        )

    return run


def test_own_folder_may_be_written_and_public_files_read(attempt, places):
    done = attempt("(scratch / 'a.txt').write_text('x'); print((scratch.parent / 'open.txt').read_text())")
    assert (done.returncode, done.stdout.strip()) == (0, "public")
    assert (places[0] / "a.txt").read_text(encoding="utf-8") == "x"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("open(scratch.parent / 'out.txt', 'w')", "write into its own folder only"),
        ("(scratch.parent / 'open.txt').unlink()", "write into its own folder only"),
        ("(scratch / '../made').mkdir()", "write into its own folder only"),
        ("(hidden / 'key.txt').read_text()", "may not read"),
        ("import os; os.open(hidden / 'key.txt', os.O_RDONLY)", "may not read"),
        ("import subprocess; subprocess.run(['ls'])", "may not start another program"),
        ("import os; os.fork()", "may not start another program"),
        ("import os; os.system('ls')", "may not start another program"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "may not use the network"),
        ("b = bytearray(2**30)", "MemoryError"),
    ],
)
def test_what_is_refused_is_named(attempt, code, words):
    done = attempt(code)
    assert done.returncode == 1
    assert words in done.stderr


@pytest.mark.skipif(not landlock_version(), reason="this kernel has no Landlock")
@pytest.mark.parametrize(
    "code",
    [
        "libc.open(str(hidden / 'key.txt').encode(), 0)",
        "libc.open(str(scratch.parent / 'made.txt').encode(), 0o101, 0o644)",
        "libc.unlink(str(scratch.parent / 'open.txt').encode())",
        "libc.mkdir(str(scratch.parent / 'made').encode(), 0o755)",
        "libc.rename(str(scratch.parent / 'open.txt').encode(), str(scratch / 'taken').encode())",
    ],
)
def test_code_that_goes_round_python_meets_the_kernel(attempt, code):
    done = attempt(f"import ctypes; libc = ctypes.CDLL(None); print({code})")
    assert done.stdout.strip() == "-1"


def test_everything_beside_what_is_hidden(tmp_path):
    for name in ("a/x", "a/y", "b"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "c").symlink_to(tmp_path / "a" / "x")
    assert beside([tmp_path / "a" / "x"], tmp_path) == [tmp_path / "a" / "y", tmp_path / "b"]
    assert beside([Path("/elsewhere")], tmp_path) == [tmp_path]
    assert beside([tmp_path], tmp_path) == []
