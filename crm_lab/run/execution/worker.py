"""One page in a process of its own, forked from a server that has everything imported.

The parent hears of progress by JSON lines on standard output. When the parent goes away, so does this
process and its kernel.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from crm_lab.run.archive.store import NO_ACCESS, NO_ROOM
from crm_lab.run.execution.engine import ENGINE
from crm_lab.run.execution.forked_kernel import PROVISIONER, Waiting
from crm_lab.run.execution.page_record import finish_page
from crm_lab.run.processes import kill_tree


def enter(job_file: str, env: Mapping[str, str], cwd: str, out: Connection, err: Connection, alive: Connection) -> None:
    """Where a page's process begins: take up place, environment and channels, then run the job.

    Args:
        job_file: See `run_page`.
        env: The whole environment.
        cwd: Working folder.
        out: Becomes standard output.
        err: Becomes standard error.
        alive: Ends when the parent does.
    """
    os.setsid()
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    for channel, number in ((out, 1), (err, 2)):
        os.dup2(channel.fileno(), number)
        channel.close()
    if "crm_lab.run.execution.preload" in sys.modules:  # forked: a kernel can be, too
        Waiting.fork()
        os.environ["JUPYTER_DEFAULT_PROVISIONER_NAME"] = PROVISIONER
    threading.Thread(target=_end_with_parent, args=(alive,), daemon=True).start()
    main(job_file)


def main(job_file: str) -> None:
    """Run the job of a file, and tell the parent how it went."""
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    try:
        outcome = run_page(job)
    except OSError as error:
        if error.errno not in NO_ROOM | NO_ACCESS:
            raise
        outcome = {"errno": error.errno, "strerror": error.strerror, "filename": error.filename}
    _tell(outcome)


def run_page(job: dict[str, Any]) -> dict[str, Any]:
    """Execute, clean, describe and render one page.

    Args:
        job: ``path``, ``page`` (what is known of the page beforehand), ``given`` parameters, ``folder`` of
            the run, ``timeout_s``, ``left_out`` (tags of cells that are not run).

    Returns:
        The page's content and the peak memory of its kernel.
    """
    folder, page = Path(job["folder"]), dict(job["page"])
    (folder / page["notebook"]).mkdir()
    executed = folder / f".{page['notebook']}.part.ipynb"
    path = _without(Path(job["path"]), job.get("left_out", []), executed.with_suffix(".source.ipynb"))
    notebook = execute(path, job["given"], job["timeout_s"], executed)
    for part in (executed, executed.with_suffix(".source.ipynb")):
        part.unlink(missing_ok=True)
    content = finish_page(notebook, page, folder)
    kernel_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {"page": content, "peak_mb": round(kernel_kib / 1024)}


def _without(path: Path, tags: list[str], copy: Path) -> Path:
    """The notebook itself, or a copy of it without the cells that have one of the tags."""
    if not tags:
        return path
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if not set(tags) & set(cell.metadata.get("tags", []))]
    nbformat.write(notebook, copy)
    return copy


def execute(path: Path, given: dict[str, Any], timeout_s: float, into: Path) -> Any:
    """Run a notebook with papermill and the project's engine; a failed one is returned like any other."""
    _skip_slow_imports()
    import nbformat
    import papermill
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import remove_error_markers

    with contextlib.suppress(PapermillExecutionError):  # the failed cell says what happened
        papermill.execute_notebook(
            path,
            into,
            parameters=given,
            engine_name=ENGINE,
            request_save_on_cell_execute=False,
            progress_bar=False,
            execution_timeout=timeout_s,
            progress=lambda index, of: _tell({"cell": index, "of": of}),
        )
    text = into.read_text(encoding="utf-8").replace(f"{into.parent}/", "")  # the hidden folder's name
    return remove_error_markers(nbformat.reads(text, as_version=4))


def _skip_slow_imports() -> None:
    """Spare a second: jsonschema would load a grammar of internationalised addresses that nobody needs here."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type] # None: cannot be imported


def _tell(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _end_with_parent(alive: Connection) -> None:
    """Wait until the parent lets go of its end, which it does by ending; then end everything here."""
    with contextlib.suppress(EOFError, OSError):
        alive.recv_bytes()
    kill_tree(os.getpid())
