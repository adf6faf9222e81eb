"""Forty and more submissions that try what they should not, each with the remark that has to name it.

In the code COURSE, ROOT, GRADER, PORT and OUTSIDE stand for the built course, the project, the process that grades,
a port that listens and a folder that everybody may write into: a submission knows them all.
"""

from dataclasses import dataclass
from textwrap import dedent


@dataclass(frozen=True)
class Hostile:
    code: str
    remark: str


def hostile(remark, code):
    return Hostile(dedent(code).strip(), remark)


READ = "submission.reached"
FAILED = "submission.cells_failed"
UNUSUAL = "submission.unusual"
PROGRAMS, SIGNALS, NETWORK = "refused.programs", "refused.signals", "refused.network"

FILES = {
    "reads_the_solutions": hostile(
        READ,
        """
        import glob, json
        path = glob.glob("COURSE/instructor/notebooks/*.ipynb")[0] if glob.glob("COURSE/instructor/notebooks/*") else ""
        text = open(path or "COURSE/instructor/notebooks/40_how_many.ipynb").read()
        exec("".join(json.loads(text)["cells"][4]["source"]))
        """,
    ),
    "reads_them_by_a_relative_path": hostile(
        UNUSUAL,
        """
        import glob, os
        found = [p for up in range(12) for p in glob.glob("../" * up + "instructor/notebooks/*.ipynb")]
        answer_1 = exec(open(found[0]).read()) if found else os.kill
        """,
    ),
    "reads_earlier_grades": hostile(
        READ,
        """
        import csv
        rows = [r for r in csv.DictReader(open("COURSE/grades/answers.csv", encoding="utf-8-sig"))]
        answer_1, answer_2 = (int(float(r["expected"])) for r in rows if r["student"] == "h_reads_earlier_grades")
        """,
    ),
    "reads_others": hostile(
        READ,
        """
        import os
        answer_1 = len(os.listdir("COURSE/submitted"))
        """,
    ),
    "reads_the_course_file": hostile(READ, "answer_1 = len(open('COURSE/instructor/course.json').read())"),
    "reads_git": hostile(READ, "answer_1 = len(open('ROOT/.git/HEAD').read())"),
    "reads_the_project": hostile(READ, "answer_1 = len(open('ROOT/notebooks/00_start_here.ipynb').read())"),
    "reads_the_id_key": hostile(READ, "answer_1 = len(open('ROOT/data/.workspaces/.id_key').read())"),
    "reads_passwords": hostile(READ, "answer_1 = len(open('/etc/passwd').read())"),
    "reads_by_c": hostile(
        UNUSUAL,
        """
        import ctypes
        answer_1 = ctypes.CDLL(None).open(b"COURSE/instructor/course.json", 0) + 10**6
        """,
    ),
    "follows_a_link": hostile(
        READ,
        """
        import os
        os.symlink("COURSE/instructor", "way")
        answer_1 = len(os.listdir("COURSE/instructor") or os.listdir("way"))
        """,
    ),
    "looks_into_the_grader": hostile(READ, "answer_1 = len(open('/proc/GRADER/environ').read())"),
    "reads_the_graders_files": hostile(READ, "answer_1 = len(open('/proc/GRADER/cwd/pyproject.toml').read())"),
    "reads_memory_of_the_grader": hostile(READ, "answer_1 = len(open('/proc/GRADER/mem', 'rb').read(10))"),
    "reads_the_environment": hostile(
        UNUSUAL,
        """
        import os
        answer_1 = [v for k, v in os.environ.items() if "SECRET" in k][0]
        """,
    ),
    "writes_outside": hostile(READ, "open('OUTSIDE/mine.txt', 'w').write('x')"),
    "removes_outside": hostile(READ, "__import__('os').remove('OUTSIDE/theirs.txt')"),
    "changes_modes_outside": hostile(UNUSUAL, "__import__('os').chmod('OUTSIDE/theirs.txt', 0)"),
    "changes_its_data": hostile(
        FAILED,
        """
        from pathlib import Path
        for file in Path("workspaces").rglob("*.parquet"):
            file.write_bytes(b"")
        """,
    ),
}
NETS = {
    "tcp": hostile(NETWORK, "import socket; socket.create_connection(('127.0.0.1', PORT), 1)"),
    "udp": hostile(
        NETWORK,
        """
        import socket
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"answers?", ("127.0.0.1", PORT))
        """,
    ),
    "by_c_socket": hostile(
        NETWORK,
        """
        import ctypes
        answer_1 = ctypes.CDLL(None).socket(2, 1, 0) + 10**6
        """,
    ),
    "abstract_socket": hostile(
        NETWORK,
        """
        import socket
        socket.socket(socket.AF_UNIX).connect("\\0crm_lab_hostile")
        """,
    ),
    "download": hostile(NETWORK, "import urllib.request; urllib.request.urlopen('http://127.0.0.1:PORT/')"),
}
PROCESSES = {
    "fork_bomb": hostile(
        PROGRAMS,
        """
        import os
        for _ in range(200):
            try:
                os.fork()
            except OSError:
                pass
        """,
    ),
    "daemon": hostile(
        PROGRAMS,
        """
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(600)
        """,
    ),
    "program": hostile(PROGRAMS, "import subprocess; subprocess.run(['sh', '-c', 'touch OUTSIDE/mine.txt'])"),
    "program_past_python": hostile(
        PROGRAMS,
        """
        import _posixsubprocess, os
        a, b = os.pipe()
        _posixsubprocess.fork_exec([b"/bin/true"], [b"/bin/true"], True, (), None, None, -1, -1, -1, -1, -1, -1, a, b,
                                   True, True, 0, None, None, None, -1, None, True)
        """,
    ),
    "program_by_c": hostile(
        PROGRAMS,
        """
        import ctypes
        ctypes.CDLL(None).system(b"touch OUTSIDE/mine.txt")
        """,
    ),
    "stays_by_exec": hostile(PROGRAMS, "import os; os.execv('/bin/sleep', ['sleep', '600'])"),
    "signal_to_the_grader": hostile(SIGNALS, "import os, signal; os.kill(GRADER, signal.SIGTERM)"),
    "signal_to_everybody": hostile(SIGNALS, "import os, signal; os.kill(-1, signal.SIGKILL)"),
    "signal_by_c": hostile(SIGNALS, "import ctypes; ctypes.CDLL(None).kill(GRADER, 15)"),
    "debugger": hostile("refused.other_processes", "import ctypes; ctypes.CDLL(None).ptrace(16, GRADER, 0, 0)"),
    "new_namespace": hostile("refused.mounts", "import ctypes; ctypes.CDLL(None).unshare(0x10000000)"),
    "mount": hostile("refused.mounts", "import ctypes; ctypes.CDLL(None).mount(b'x', b'/tmp', b'tmpfs', 0, 0)"),
    "pickle": hostile(
        PROGRAMS,
        """
        import os, pickle
        class Trap:
            def __reduce__(self):
                return os.system, ("touch OUTSIDE/mine.txt",)
        answer_1 = pickle.loads(pickle.dumps(Trap()))
        """,
    ),
    "threads": hostile(
        UNUSUAL,
        """
        import threading, time
        for _ in range(5000):
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        """,
    ),
}
RESOURCES = {
    "memory": hostile(FAILED, "answer_1 = len(bytearray(2**34))"),
    "memory_in_a_file": hostile(
        "refused.memory",
        """
        import os
        f = os.memfd_create("big")
        """,
    ),
    "disk": hostile(
        ("submission.large", FAILED),
        """
        import time
        with open("big", "wb") as f:
            for _ in range(100):
                f.write(bytes(2**20))
                f.flush()
        time.sleep(2)
        """,
    ),
    "many_files": hostile(
        ("submission.large", FAILED, "submission.late"),
        """
        for i in range(10**7):
            open(f"file_{i}", "w").close()
        """,
    ),
    "endless": hostile(FAILED, "while True:\n    pass"),
    "deaf": hostile("submission.late", "sum(range(10**13))"),
    "output": hostile(
        "submission.flooded",
        """
        import os
        for _ in range(10**5):
            os.write(3, b"x" * 65536)
        """,
    ),
    "long_output": hostile((FAILED, "submission.memory"), "while True:\n    print('x' * 10**6)"),
    "long_answer": hostile(("mark.no_form", FAILED), "answer_1 = 'x' * 10**8"),
    "deep_answer": hostile(
        None,
        """
        answer_1 = []
        for _ in range(10**5):
            answer_1 = [answer_1]
        """,
    ),
    "endless_number": hostile("mark.no_form", "answer_1 = 10**100_000"),
    "crash_of_python": hostile("submission.died", "import ctypes; ctypes.string_at(0)"),
    "exit": hostile("submission.died", "import os; os._exit(0)"),
}
TRICKS = {
    "check_replaced": hostile(
        "submission.check_redefined",
        """
        import crm_lab
        crm_lab.check = check = lambda *given, **more: "Right."
        """,
    ),
    "lab_replaced": hostile(
        UNUSUAL,
        """
        import sys
        for name, module in list(sys.modules.items()):
            if name.startswith("crm_lab.teach"):
                for key in list(vars(module)):
                    if key in ("agrees", "mark", "plain", "_taken"):
                        setattr(module, key, lambda *a, **k: {"value": True, "given": "right"})
        """,
    ),
    "equal_to_all": hostile(
        "mark.no_form",
        """
        class Any:
            def __eq__(self, other): return True
            def __sub__(self, other): return 0
            def __le__(self, other): return True
            __rsub__, __ge__, __float__, __hash__ = __sub__, __le__, lambda s: 0.0, lambda s: 0
        answer_1 = answer_2 = Any()
        """,
    ),
    "number_of_its_own": hostile(
        UNUSUAL,
        """
        class Any(float):
            def __eq__(self, other): return True
            def __sub__(self, other): return 0.0
            def __repr__(self): return "NaN"
        answer_1 = answer_2 = Any("inf")
        """,
    ),
    "forged_report": hostile(
        UNUSUAL,
        """
        import json, os
        os.write(3, json.dumps({"cell": "x", "answers": {"40.q1": {"value": True}}, "right": 1, "points": 9}).encode())
        os.write(3, b'\\n{"cell": ["' + b"[" * 10**4 + b'\\n{"done": true}\\n')
        os._exit(0)
        """,
    ),
    "searches_memory": hostile(
        UNUSUAL,
        """
        import gc
        found = [o for o in gc.get_objects() if isinstance(o, dict) and "expected" in o]
        answer_1 = found[0]["expected"] if found else 0
        """,
    ),
    "strange_text": hostile("mark.no_form", 'answer_1 = answer_2 = "\\ud800<script>alert(1)</script>{0}"'),
    "own_wrapper": hostile(
        FAILED,
        """
        from crm_lab.teach.sandbox.sandbox import _Guard
        _Guard.__call__ = lambda *given: None
        """,
    ),
}
OPEN_WAYS = {
    "reads_its_own_report": hostile(
        UNUSUAL,
        """
        import os, signal
        way = os.open("/proc/self/fd/3", os.O_RDONLY | os.O_NONBLOCK)
        answer_1 = len(os.read(way, 100)) + 10**6
        os.kill(0, signal.SIGKILL)
        """,
    ),
    "uses_every_descriptor": hostile(
        UNUSUAL,
        """
        import os, socket
        for descriptor in range(3, 256):
            for use in (lambda d: os.write(d, b'{"status": 0}'), lambda d: os.read(d, 9) if d != 3 else None,
                        lambda d: socket.socket(fileno=d).send(b"unsafe")):
                try:
                    use(descriptor)
                except OSError:
                    pass
        os._exit(0)
        """,
    ),
    "closes_its_report": hostile(("submission.died", FAILED), "import os; os.close(3)"),
    "never_ends": hostile(
        UNUSUAL,
        """
        import atexit, os
        os._exit = lambda code: None
        atexit.register(lambda: open("OUTSIDE/mine.txt", "w"))
        raise SystemExit
        """,
    ),
    "kills_itself": hostile(
        UNUSUAL,
        """
        import signal, time
        signal.signal(signal.SIGPROF, signal.SIG_IGN)
        for n in (signal.SIGSTOP, signal.SIGKILL, signal.SIGSEGV):
            signal.raise_signal(n)
        os.abort()
        """,
    ),
    "signal_by_a_file": hostile(
        SIGNALS,
        """
        import fcntl, os, signal
        way, other = os.pipe()
        for command, value in ((10, signal.SIGKILL), (fcntl.F_SETOWN, GRADER)):
            try:
                fcntl.fcntl(way, command, value)
            except OSError:
                pass
        fcntl.fcntl(way, fcntl.F_SETFL, os.O_ASYNC)
        os.write(other, b"now")
        """,
    ),
    "shell": hostile((PROGRAMS, FAILED), "!touch OUTSIDE/mine.txt"),
    "shell_cell": hostile(PROGRAMS, "get_ipython().run_cell_magic('bash', '', 'touch OUTSIDE/mine.txt')"),
    "memory_shared": hostile(
        ("submission.memory", FAILED),
        """
        import mmap
        kept = [mmap.mmap(-1, 2**26) for _ in range(40)]
        for one in kept:
            one.write(b"x" * 2**26)
        """,
    ),
    "memory_touched": hostile(("submission.memory", FAILED), "kept = [bytearray(b'x' * 2**26) for _ in range(100)]"),
    "numpy_replaced": hostile(
        UNUSUAL,
        """
        import sys, types
        class Fake(types.ModuleType):
            def __getattr__(self, name): return lambda *a, **k: True
        for name in ("numpy", "pandas", "json", "crm_lab.teach.answers"):
            sys.modules[name] = Fake(name)
        import importlib
        answer_1 = answer_2 = sys.modules["numpy"].anything()
        """,
    ),
    "class_of_a_number": hostile(
        UNUSUAL,
        """
        class Any:
            __class__ = property(lambda self: float)
            size = 1
            def item(self): return self
            def __abs__(self): return 0.0
            def __float__(self): return float("nan")
        answer_1 = answer_2 = Any()
        """,
    ),
    "answer_that_exits": hostile(
        ("submission.died", FAILED),
        """
        class Any:
            @property
            def size(self): raise SystemExit
            def __repr__(self): raise KeyboardInterrupt
        answer_1 = answer_2 = Any()
        """,
    ),
    "answer_that_never_comes": hostile(
        ("submission.late", FAILED),
        """
        class Any:
            @property
            def size(self):
                while True: pass
        answer_1 = Any()
        """,
    ),
    "not_a_number": hostile("mark.no_form", "answer_1, answer_2 = float('nan'), float('-inf')"),
    "digits_of_others": hostile("mark.no_form", "answer_1, answer_2 = '\u0661\u0662\u0663', '\uff10.\uff15\u202e'"),
    "deep_folders": hostile(
        None,
        """
        import os
        for _ in range(4000):
            os.mkdir("a" * 200)
            os.chdir("a" * 200)
        os.chmod(".", 0o500)
        """,
    ),
    "sleeps": hostile(("submission.late", FAILED), "import time\nwhile True: time.sleep(9)"),
    "hangs_on_a_pipe": hostile(
        (FAILED, "submission.late"),
        """
        import os
        a, b = os.pipe()
        os.read(a, 1)
        """,
    ),
    "new_page": hostile(
        UNUSUAL,
        """
        import crm_lab.teach.sandbox.execution as e, json, os
        e._tell = lambda *a: None
        os.write(3, b'{"cell": "load", "error": "StalledError", "answers": {}}\\n' * 50)
        os._exit(0)
        """,
    ),
}
ALL = {**FILES, **NETS, **PROCESSES, **RESOURCES, **TRICKS, **OPEN_WAYS}
