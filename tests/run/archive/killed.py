"""A run that is killed at a file operation, in a process of its own, and what is there afterwards."""

import errno
import json
import os
import sys
from pathlib import Path

from crm_lab.run.archive.store import LATEST, locked, publish_run, run_folder

FILES = {"index.html": "whole", "manifest.json": "{}", "04/results.json": "[1]"}
_OPERATIONS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.symlink", "os.truncate", "os.chmod"}
_WRITES = os.O_WRONLY | os.O_RDWR


def make_run(suite_folder, content):
    """What `run_plan` does with files, with small ones."""
    with locked(suite_folder), run_folder(suite_folder) as folder:
        for name, text in {**FILES, "content": content}.items():
            path = folder.part / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return publish_run(folder, move_latest=True)


def _no_links(*_args, **_kwargs):
    raise OSError(errno.EPERM, "no links here")


def _in_a_child(suite_folder, kill_at, links):
    """Make a run in a fork; it ends by itself at an operation. Returns how many there were, or -1 if it was killed."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        count = 0

        def count_and_end(event, arguments):
            nonlocal count
            is_one = event in _OPERATIONS and (event != "open" or (arguments[2] or 0) & _WRITES)
            if is_one and str(suite_folder) in str(arguments[0]):
                if count == kill_at:
                    os._exit(9)
                count += 1

        if not links:
            Path.symlink_to = _no_links
        sys.addaudithook(count_and_end)
        make_run(suite_folder, "second")
        os.write(into, json.dumps(count).encode())
        os._exit(0)
    os.close(into)
    with os.fdopen(out) as told:
        text = told.read()
    os.waitpid(child, 0)
    return int(text) if text else -1


def kill_points(*, links):
    """How many file operations a run makes after another."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        _first(Path(folder), links)
        return _in_a_child(Path(folder), -1, links)


def _first(suite_folder, links):
    if links:
        make_run(suite_folder, "first")
        return
    kept, Path.symlink_to = Path.symlink_to, _no_links
    try:
        make_run(suite_folder, "first")
    finally:
        Path.symlink_to = kept


def state_after_a_kill(suite_folder, kill_at, *, links):
    """Kill a second run at an operation, then make a third: what is wrong, in words."""
    _first(suite_folder, links)
    wrong = [] if _in_a_child(suite_folder, kill_at, links) == -1 else [f"{kill_at}: was not killed"]
    wrong += [f"{kill_at}: half {run.name}" for run in _visible(suite_folder) if not _is_whole(run)]
    last = make_run(suite_folder, "third")
    left = sorted(p.name for p in suite_folder.iterdir() if p.name not in {".lock", LATEST, *_names(suite_folder)})
    wrong += [f"{kill_at}: left {name}" for name in left]
    if (suite_folder / LATEST / "content").read_text(encoding="utf-8") != "third" or not _is_whole(last):
        wrong.append(f"{kill_at}: latest is not the third run")
    return wrong


def _names(suite_folder):
    return {run.name for run in _visible(suite_folder)} - {LATEST}


def _visible(suite_folder):
    return [path for path in suite_folder.iterdir() if path.is_dir() and not path.name.startswith(".")]


def _is_whole(run):
    return all(
        (run / name).is_file() and (run / name).read_text(encoding="utf-8") == text for name, text in FILES.items()
    )
