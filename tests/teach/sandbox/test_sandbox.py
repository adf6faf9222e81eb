"""What submitted code may not do, tried by code in a sandbox, with every layer and with those of a poor machine."""

import os
import resource
import socket
import subprocess
import sys
import time

import psutil
import pytest

from crm_lab.checks import BadInput
from crm_lab.teach.sandbox.landlock import landlock_version
from crm_lab.teach.sandbox.pool import server
from crm_lab.teach.sandbox.sandbox import LAYERS, Cell, Job, Limits

NAMESPACES = ("files", "processes", "network", "ipc", "host", "user")
MACHINES = {"full": (), "no_namespaces": NAMESPACES}
LIMITS = Limits(seconds=20, cell_seconds=10, memory_mb=300, disk_mb=16, threads=16)


@pytest.fixture(scope="module", params=MACHINES)
def machine(request):
    with server(MACHINES[request.param]) as made:
        yield made


@pytest.fixture(scope="module")
def full():
    with server() as made:
        if made.missing:
            pytest.skip(f"this machine lacks {made.missing}")
        yield made


def run(machine, code, limits=LIMITS, **given):
    return machine.run(Job((Cell("try", code, {"q": "answer"}),), limits=limits, **given))


def outcome(ran):
    """The error of the one cell, or what its answer looked like."""
    (cell,) = ran.cells
    return cell.error or ran.answers["q"]["given"]


def test_a_machine_says_which_layers_it_has(machine):
    assert {*machine.held, *machine.missing} == set(LAYERS)
    assert not set(machine.held) & set(machine.missing)


def test_code_runs_and_its_answer_comes_back(machine):
    ran = run(machine, "import pandas as pd\nanswer = pd.Series([1, 2]).sum()")
    assert (ran.ended, ran.answers["q"]["value"]) == ("done", 3)


def test_own_data_can_be_read_and_own_folder_written(machine, tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "a.txt").write_text("mine", encoding="utf-8")
    code = "open('b.txt', 'w').write('x'); answer = open('data/a.txt').read() + open('b.txt').read()"
    assert outcome(run(machine, code, readable={"data": str(tmp_path)})) == "'minex'"


def test_data_of_its_own_cannot_be_changed(machine, tmp_path):
    (tmp_path / "a.txt").write_text("mine", encoding="utf-8")
    ran = run(machine, "open('data/a.txt', 'w')", readable={"data": str(tmp_path)})
    assert outcome(ran) in {"OSError", "PermissionError"}
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "mine"


def test_a_place_for_others_can_be_written_and_read_afterwards(machine, tmp_path):
    made = tmp_path / "made"
    made.mkdir()
    ran = run(machine, "open('made/a.txt', 'w').write('x'); answer = 1", writable={"made": str(made)})
    assert outcome(ran) == "1"
    assert (made / "a.txt").read_text(encoding="utf-8") == "x"
    assert (made / "a.txt").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("import os; os.fork()", "clone"),
        ("import subprocess; subprocess.run(['/bin/true'])", "vfork"),
        ("import os; os.execv('/bin/true', ['true'])", "execve"),
        ("import socket; socket.socket()", "socket"),
        ("import os; os.kill(1, 15)", "kill"),
        ("import os; os.memfd_create('x')", "memfd_create"),
        ("import ctypes, os; ctypes.CDLL(None).unshare(0x10000000)", "unshare"),
        ("import ctypes, os; ctypes.CDLL(None).ptrace(16, 1, 0, 0)", "ptrace"),
        ("import resource; resource.prlimit(1, resource.RLIMIT_CPU)", "prlimit64"),
        ("import fcntl, os; fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, 1)", "fcntl"),
        ("import fcntl, os; fcntl.fcntl(os.pipe()[0], 10, 9)", "fcntl"),
    ],
)
def test_calls_that_are_refused_are_named(machine, code, call):
    ran = run(machine, code)
    assert {"clone", call} & set(ran.refused) if call == "vfork" else call in ran.refused


@pytest.mark.parametrize(
    "code",
    [
        "answer = open('{place}/key.txt').read()",
        "import ctypes; answer = ctypes.CDLL(None).open(b'{place}/key.txt', 0)",
        "import os; os.symlink('{place}', 'way'); answer = open('way/key.txt').read()",
        "import os; answer = os.listdir('{place}')",
        "import os; answer = os.open('{place}/new.txt', os.O_CREAT | os.O_WRONLY)",
        "import os; os.remove('{place}/key.txt')",
        "import os; os.chmod('{place}/key.txt', 0)",
        "import os; os.utime('{place}/key.txt', (0, 0))",
        "answer = open('/proc/{pid}/environ').read()",
        "answer = open('/proc/{pid}/cwd/README.md').read()",
    ],
)
def test_places_outside_are_neither_read_nor_changed(machine, tmp_path, code):
    key = tmp_path / "key.txt"
    key.write_text("42", encoding="utf-8")
    tmp_path.chmod(0o777)
    before = key.stat()
    ran = run(machine, code.format(place=tmp_path, pid=os.getpid()))
    assert outcome(ran) in {"FileNotFoundError", "PermissionError", "NotADirectoryError", "OSError", "-1"}
    after = key.stat()
    assert (after.st_mode, after.st_mtime, key.read_text(encoding="utf-8")) == (before.st_mode, before.st_mtime, "42")
    assert [path.name for path in tmp_path.iterdir()] == ["key.txt"]


def test_nothing_of_the_environment_is_seen(machine, monkeypatch):
    monkeypatch.setenv("CRM_LAB_ID_KEY", "a secret of the instructor")
    with server(tuple(machine.missing)) as fresh:
        code = "import os; answer = str(dict(os.environ)) + open('/proc/self/environ').read()"
        seen = run(fresh, f"{code}\nanswer = 'secret' in answer")
    assert outcome(seen) == "True" or seen.answers["q"]["value"] is None
    assert seen.answers["q"]["given"] == "False"


@pytest.mark.parametrize(
    ("code", "ended", "error"),
    [
        ("while True: pass", "done", "TooLongError"),
        ("sum(range(10**12))", "late", None),
        ("b = bytearray(2**40)", "done", "MemoryError"),
        ("b = bytearray(2**30)", "memory", None),
        ("import mmap; m = mmap.mmap(-1, 2**30); m.write(bytes(2**28)); m.write(bytes(2**28))", "memory", None),
        ("import os; os._exit(0)", "died", None),
        ("import ctypes; ctypes.string_at(0)", "died", None),
        ("import os\nfor _ in range(10**6): os.write(3, b'x' * 65536)", "flooded", None),
    ],
)
def test_each_limit_ends_the_run_and_nothing_else(machine, code, ended, error):
    limits = Limits(seconds=4, cell_seconds=1, memory_mb=300)
    began = time.monotonic()
    ran = run(machine, code, limits)
    assert (ran.ended, [cell.error for cell in ran.cells]) == (ended, [error] if error else [])
    assert time.monotonic() - began < 30
    assert outcome(run(machine, "answer = 1")) == "1"


def test_other_uses_of_a_file_are_allowed(machine):
    code = "import fcntl, os; answer = fcntl.fcntl(os.pipe()[0], fcntl.F_SETFL, os.O_NONBLOCK)"
    ran = run(machine, code)
    assert (outcome(ran), ran.refused) == ("0", {})


@pytest.mark.parametrize("alone", [True, False])
def test_threads_of_others_with_the_same_user_are_not_counted(alone):
    code = (
        "import resource; from crm_lab.teach.sandbox.confinement import limit, Limits; "
        f"limit(Limits(threads=7), alone={alone}); print(resource.getrlimit(resource.RLIMIT_NPROC)[0])"
    )
    before = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == (Limits(threads=7).all_threads if alone else before)


def test_disk_is_limited(machine):
    code = "f = open('big', 'wb')\nfor _ in range(400): f.write(bytes(2**20)); f.flush()\nimport time; time.sleep(3)"
    ran = run(machine, code)
    assert ran.ended == "large" or [cell.error for cell in ran.cells] == ["OSError"]


def test_threads_are_limited(machine):
    code = "import threading, time\nfor _ in range(200): threading.Thread(target=time.sleep, args=(5,)).start()"
    ran = run(machine, f"{code}\ntime.sleep(3)")
    assert ran.ended == "large" or [cell.error for cell in ran.cells] == ["RuntimeError"]


def test_no_connection_arrives(machine):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        ran = run(machine, f"import socket; socket.create_connection(('127.0.0.1', {listening.getsockname()[1]}))")
        assert "socket" in ran.refused
        with pytest.raises(TimeoutError):
            listening.accept()


def test_two_runs_see_nothing_of_each_other(machine):
    run(machine, "open('/tmp/note', 'w').write('7')" if "files" in machine.held else "open('note', 'w').write('7')")
    code = "import glob; answer = len(glob.glob('/tmp/**', recursive=True) + glob.glob('**', recursive=True))"
    there = run(machine, f"{code}\nanswer = any('note' in p for p in glob.glob('**', recursive=True))")
    assert outcome(there) == "False"


def test_with_all_layers_only_the_own_process_and_root_are_there(full):
    assert outcome(run(full, "import os; answer = [p for p in os.listdir('/proc') if p.isdecimal()]")) == "['1']"
    seen = outcome(run(full, "import os; answer = (os.path.exists('/root'), os.path.exists('/etc/passwd'))"))
    assert seen in {"(False, False)", "(True, False)"}  # the way to an interpreter in somebody's home
    status = run(full, "answer = [l for l in open('/proc/self/status') if 'CapEff' in l or 'NoNewPrivs' in l]")
    assert outcome(status) == r"['CapEff:\t0000000000000000\n', 'NoNewPrivs:\t1\n']"


def test_a_run_without_a_required_layer_does_not_happen(full, monkeypatch):
    monkeypatch.setattr(full, "_without", ("landlock",))
    ran = run(full, "answer = 1")
    assert (ran.ended, ran.cells) == ("unsafe", ())
    assert "landlock" in ran.at


def test_nothing_outlives_the_server():
    before = set(psutil.Process().children())
    with server() as machine:
        run(machine, "answer = 1")
        (child,) = set(psutil.Process().children()) - before
    assert not child.is_running()


@pytest.mark.skipif(not landlock_version(), reason="this kernel has no Landlock")
@pytest.mark.parametrize("layer", ["landlock", "calls"])
def test_files_of_others_stay_closed_with_one_more_layer_gone(layer, tmp_path):
    (tmp_path / "key.txt").write_text("42", encoding="utf-8")
    with server((layer,)) as machine:
        ran = run(machine, f"answer = open('{tmp_path}/key.txt').read()")
    assert outcome(ran) == "FileNotFoundError"


def test_other_systems_are_refused_in_a_sentence(monkeypatch):
    monkeypatch.setattr("crm_lab.teach.sandbox.pool.sys.platform", "darwin")
    with pytest.raises(BadInput, match="on Linux only"), server():
        pass
