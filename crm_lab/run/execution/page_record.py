"""A page's content: what an executed notebook published, and how it ended."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.messages import Message
from crm_lab.mime import DRAWING_MIME, RESULT_MIME
from crm_lab.project import project_root
from crm_lab.run import outcomes
from crm_lab.run.archive.store import write_json
from crm_lab.run.suites.committed_pages import edited_pages
from crm_lab.run.suites.matrix import to_json as part_record
from crm_lab.run.suites.plan import PlannedPage
from crm_lab.run.suites.suite import SOURCE, Suite

OK, REFUSED, FAILED, NOT_RUN = "ok", "refused", "failed", "not_run"
ENDED_WELL: Final = (OK, REFUSED)
ERROR, TIMEOUT, KERNEL_DIED, WORKER_DIED = "error", "timeout", "kernel_died", "worker_died"
LOST: Final = "PageLost"
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_FAILURES = {outcomes.TIMEOUT: TIMEOUT, outcomes.KERNEL_DIED: KERNEL_DIED, LOST: WORKER_DIED}


def blank_page(page: PlannedPage, suite: Suite, lang: str) -> dict[str, Any]:
    """What is known of a page before it runs."""
    return {
        "schema": 1,
        "notebook": page.name,
        "number": page.notebook.number,
        "question": _question(page, lang),
        "part": part_record(page.part),
        "suite": suite.name,
        "lang": lang,
        "status": NOT_RUN,
        "reason": "",
        "failure": None,
        "parameters": page.parameters,
        "given": dict(page.given),
        "command": command(page, suite.asked, lang),
        "sources_sha256": page.notebook.sources_sha256,
        "edited": bool(edited_pages(project_root(), [page.notebook])),
        "results": [],
        "error": None,
        "files": [],
        "html": None,
    }


def _question(page: PlannedPage, lang: str) -> str:
    question = page.notebook.question(lang)
    return Message("run.of_part", {"part": page.part.value, "question": question}).text(lang) if page.part else question


def command(page: PlannedPage, suite: str, lang: str) -> str:
    """The command that makes this page again, and only this.

    Args:
        page: The page.
        suite: As it was typed: a name, or the path of a file.
        lang: Language of the report.
    """
    given = {**page.given, **({SOURCE: page.part.whole} if page.part else {})}
    names = [f"{page.notebook.name}.{name}={value}" for name, value in sorted(given.items())]
    settings = [word for setting in names for word in ("-p", setting)]
    language = ["--lang", lang] if lang != "en" else []
    return shlex.join(["crm-lab", "run", suite, "--only", page.name, *settings, *language])


def finish_page(notebook: Any, page: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Write what belongs to an executed page: notebook, ``results.json``, HTML.

    Args:
        notebook: The executed notebook.
        page: What `blank_page` knew of it.
        folder: The run's folder.

    Returns:
        The page's content, as in its ``results.json``.
    """
    from crm_lab.run.committed.canonical import canonical, write_text
    from crm_lab.run.html.rendering import render_page

    notebook = canonical(notebook)
    page = {**page, **ending(notebook), "results": published(notebook)}
    page["html"] = f"{page['notebook']}.html"
    own = folder / page["notebook"]
    own.mkdir(exist_ok=True)
    page["files"] = sorted(str(p.relative_to(folder)) for p in own.rglob("*") if p.is_file())
    write_json(own / "results.json", page)
    render_page(notebook, page, folder)
    (folder / f"{page['notebook']}.ipynb").write_text(write_text(_without_drawings(notebook)), encoding="utf-8")
    return page


def _without_drawings(notebook: Any) -> Any:
    """A notebook whose figures are pictures alone: what they are drawn from for the page stays in the page."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(DRAWING_MIME, None)
    return notebook


def published(notebook: Any) -> list[dict[str, Any]]:
    """The results that a notebook published, in order."""
    outputs = (o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs)
    return [dict(output["data"][RESULT_MIME]) for output in outputs if RESULT_MIME in output.get("data", {})]


def ending(notebook: Any) -> dict[str, Any]:
    """How an executed notebook ended: status, kind of failure, reason, error."""
    for position, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", []):
                return _failure(position, cell, output)
    return {"status": OK, "failure": None, "reason": "", "error": None}


def _failure(position: int, cell: Any, output: Any) -> dict[str, Any]:
    if output.ename == CannotAnswer.__name__:
        return {"status": REFUSED, "failure": None, "reason": output.evalue, "error": None}
    failure = _FAILURES.get(output.ename, ERROR)
    text = output.evalue.strip() or _failing_line(cell.source, output.traceback)
    said = failure != ERROR or output.ename == BadInput.__name__  # the whole answer to the user
    reason = text if said else Message("run.error", {"name": output.ename, "text": text.partition("\n")[0]}).text()
    error = {
        "cell": position,
        "source": cell.source,
        "name": output.ename,
        "text": text,
        "traceback": list(output.traceback),
    }
    return {"status": FAILED, "failure": failure, "reason": reason, "error": error}


def _failing_line(source: str, traceback: Sequence[str]) -> str:
    """For an error without words: the line of the cell where it happened, as IPython's traceback marks it."""
    lines = source.splitlines()
    marked = re.search(r"-+> (\d+) ", _ANSI.sub("", "\n".join(traceback)))
    number = int(marked[1]) if marked and 1 <= int(marked[1]) <= len(lines) else 1
    return Message("run.at_line", {"line": lines[number - 1].strip() if lines else source}).text()


def lost_page(page: Mapping[str, Any], path: Path, folder: Path, reason: str, name: str = LOST) -> dict[str, Any]:
    """Write the page of a notebook whose process ended without a word: as it stands, with the reason."""
    import nbformat
    from nbformat.v4 import new_output

    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    first = next((cell for cell in notebook.cells if cell.cell_type == "code"), None)
    if first is not None:
        first.execution_count = 1
        first.outputs = [new_output("error", ename=name, evalue=reason, traceback=[reason])]
    return finish_page(notebook, dict(page), folder)
