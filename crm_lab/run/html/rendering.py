"""Pages and the index as self-contained HTML: no script, no request, the same bytes for the same run."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup
from nbformat import NotebookNode

from crm_lab.checks import BadInput
from crm_lab.messages import LANGUAGES, Message, catalogue
from crm_lab.project import project_root
from crm_lab.run.archive import provenance
from crm_lab.run.archive.store import run_id_of
from crm_lab.run.html import presentation
from crm_lab.run.html.notebook_cells import TEMPLATES, cells_html, shown_text
from crm_lab.run.outcomes import headline
from crm_lab.run.parameters.schema import notebook_schema

GOOD: Final = "ok"
NOT_RUN: Final = {"skipped", "not_run", "blocked"}
_ENDINGS: Final = {"timeout": "timeout", "kernel_died": "dead", "worker_died": "dead"}
_MARKUP = re.compile(r"<[^>]*>|data:[^\"']*")


def render_page(notebook: NotebookNode, page: dict[str, Any], folder: Path) -> Path:
    """Write ``<notebook>.html``: answer, figures, data and parameters first, then the notebook.

    Args:
        notebook: The executed notebook (of a failed page: as far as it came).
        page: What `results.json` holds; keys that are missing are left out of the page.
        folder: The run's folder.

    Returns:
        The path written.
    """
    lang = _language(page)
    data = presentation.data_sets([page])
    html = (
        environment(lang)
        .get_template("page.html.j2")
        .render(
            **_shared(page, lang),
            body=Markup(cells_html(notebook, lang)),  # noqa: S704 - nbconvert escaped it
            cards=presentation.cards(page, lang),
            data=data,
            parameters=presentation.parameters(page, _declared(notebook)),
            traceback=presentation.traceback_text(page),
            provenance=presentation.provenance({**_made_here(folder), **page}, data, lang),
        )
    )
    return write_html(folder / f"{page['notebook']}.html", html, lang)


def render_index(run: dict[str, Any], folder: Path) -> Path:
    """Write ``index.html``: per question the answer, what to do and how sure; then what was not run.

    Args:
        run: Suite, title, language, run id, and the pages as in their `results.json`.
        folder: The run's folder.

    Returns:
        The path written.
    """
    lang = _language(run)
    in_order = sorted(run.get("pages", []), key=lambda page: str(page.get("notebook")))
    pages = [_shared(page, lang) | {"figures": presentation.figures(page, lang)} for page in in_order]
    data = presentation.data_sets(run.get("pages", []))
    html = (
        environment(lang)
        .get_template("index.html.j2")
        .render(
            run=run,
            lang=lang,
            title=suite_title(run, lang),
            answered=[page for page in pages if page["status"] not in NOT_RUN],
            not_run=[page for page in pages if page["status"] in NOT_RUN],
            good=sum(page["status"] == GOOD for page in pages),
            total=len(pages),
            data=data,
            provenance=presentation.provenance(run, data, lang),
        )
    )
    return write_html(folder / "index.html", html, lang)


def _declared(notebook: NotebookNode) -> Mapping[str, Any]:
    """The parameters as the notebook's own cell declares them: defaults and comments."""
    try:
        return notebook_schema(notebook).parameters
    except BadInput:  # a page that failed on this very cell still gets its page
        return {}


@cache
def _made_here(folder: Path) -> dict[str, Any]:
    """Run, code and versions, for a page whose record does not say them."""
    return {
        "run_id": run_id_of(folder),
        "code": provenance.code_state(project_root()),
        "versions": provenance.versions(),
    }


def _shared(page: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """What the page and its entry on the index both say."""
    status = str(page.get("status") or GOOD)
    return {
        "page": page,
        "lang": lang,
        "question": str(page.get("question") or page.get("notebook") or ""),
        "status": status,
        "good": status == GOOD,
        "ending": _ENDINGS.get(str(page.get("failure")), status),
        "reason": shown_text(str(page.get("reason") or "")),
        "answer": presentation.answer(page),
        "refusal": headline(page).get("refusal") or "",
        "simulated": presentation.is_simulated(page),
    }


def suite_title(run: Mapping[str, Any], lang: str) -> str:
    """The suite's title as its file gives it; in another language from the catalogue, where it is there."""
    given = str(run.get("title") or run.get("suite") or "")
    own = catalogue(lang).get(f"suite.{run.get('suite')}.title")
    return own if own and lang != LANGUAGES[0] else given


def _language(record: Mapping[str, Any]) -> str:
    lang = record.get("lang")
    return lang if lang in LANGUAGES else LANGUAGES[0]


@cache
def environment(lang: str, *folders: Path) -> jinja2.Environment:
    """Templates that speak a language: the lab's own, and those of further folders."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([TEMPLATES, *folders]), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["t"] = lambda key, **values: Message(key, values).text(lang)
    environment.globals["style"] = Markup((TEMPLATES / "style.css").read_text(encoding="utf-8"))  # noqa: S704 - ours
    return environment


def write_html(path: Path, html: str, lang: str) -> Path:
    """Write a page whole or not at all, with the Chinese characters it needs."""
    html = html.replace("/*font*/", _font_face(html) if lang == "zh" or _has_chinese(html) else "")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(html, encoding="utf-8")
    part.replace(path)
    return path


def _has_chinese(html: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in html)


def _font_face(html: str) -> str:
    """The characters of a page that system fonts may lack, as an embedded font."""
    from crm_lab.fonts import chinese_subset

    font = base64.b64encode(chinese_subset(_MARKUP.sub("", html))).decode("ascii")
    source = f"url(data:font/woff;base64,{font}) format('woff')"
    return f"@font-face{{font-family:'Lab Chinese';src:{source};font-display:block;unicode-range:U+2E80-FFEF}}"
