"""Pages, the index and the list of figures as self-contained HTML: no request, the same bytes for the same run."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from html import unescape
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import jinja2
from markupsafe import Markup, escape
from nbformat import NotebookNode

from crm_lab.checks import BadInput
from crm_lab.messages import LANGUAGES, Message, catalogue
from crm_lab.project import project_root
from crm_lab.run.archive import provenance
from crm_lab.run.archive.past_runs import PastRun
from crm_lab.run.archive.store import run_id_of
from crm_lab.run.html import presentation
from crm_lab.run.html.charts import TEMPLATES
from crm_lab.run.html.index_parts import card, decisions, figure_rows, grouped
from crm_lab.run.html.notebook_cells import shown_text
from crm_lab.run.html.page_links import fill_in, twin_link
from crm_lab.run.html.page_parts import page_parts
from crm_lab.run.html.trends import Trend
from crm_lab.run.outcomes import headline
from crm_lab.run.parameters.schema import notebook_schema

GOOD: Final = "ok"
NOT_RUN: Final = {"skipped", "not_run", "blocked"}
_ENDINGS: Final = {"timeout": "timeout", "kernel_died": "dead", "worker_died": "dead"}
_QUOTED = re.compile(r"`([^`]+)`")
_TYPED = re.compile(r"`([^`]+)`|\b[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+\b")
_MARKUP = re.compile(r"<style>.*?</style>|<script>.*?</script>|<path[^>]*>|data:[^\"']*", re.DOTALL)


def render_page(notebook: NotebookNode, page: dict[str, Any], folder: Path) -> Path:
    """Write ``<notebook>.html``: question, answer, its chart and what to do first, then why, then how.

    Args:
        notebook: The executed notebook (of a failed page: as far as it came).
        page: What `results.json` holds; keys that are missing are left out of the page.
        folder: The run's folder.

    Returns:
        The path written.
    """
    lang = _language(page)
    data = presentation.data_sets([page])
    parts = page_parts(notebook, page, lang)
    html = (
        environment(lang)
        .get_template("page.html.j2")
        .render(
            **_shared(page, lang),
            tools=True,
            main=parts.main,
            sections=parts.sections,
            how=parts.how,
            code=parts.code,
            cards=presentation.cards(page, lang),
            downloads=_downloads(page, folder),
            data=data,
            parameters=presentation.parameters(page, lang, _declared(notebook)),
            traceback=presentation.traceback_text(page),
            provenance=presentation.provenance({**_made_here(folder), **page}, data, lang),
        )
    )
    return write_html(folder / f"{page['notebook']}.html", html, lang)


def _downloads(page: Mapping[str, Any], folder: Path) -> list[str]:
    """The executed notebook, the facts for machines, and the tables."""
    name = page["notebook"]
    made = [f"{name}.ipynb", f"{name}/results.json"] if (folder / str(name)).is_dir() else []
    return [*made, *map(str, page.get("files") or [])]


def render_index(
    run: dict[str, Any],
    folder: Path,
    told: Mapping[tuple[str, str], Trend] = MappingProxyType({}),
    other: PastRun | None = None,
) -> Path:
    """Write ``index.html``: what to decide, then a card a question; ``figures.html`` and ``.csv``; link the pages.

    Args:
        run: Suite, title, language, run id, and the pages as in their `results.json`.
        folder: The run's folder.
        told: How the first figures of pages have moved, as `trends` tells.
        other: The same run in another language, if there is one.

    Returns:
        The path of the index.
    """
    lang = _language(run)
    in_order = sorted(run.get("pages", []), key=lambda page: str(page.get("notebook")))
    pages = [_shared(page, lang) | card(page, lang, told) for page in in_order]
    answered = [page for page in pages if page["status"] not in NOT_RUN]
    data = presentation.data_sets(in_order)
    of_all = presentation.data_sets([page for page in in_order if not page.get("part")])
    title = suite_title(run, lang)
    figures = figure_rows(in_order, folder, lang)
    told_of = [page for page in pages if page["status"] == GOOD and not page["refusal"]]
    good, made_up = len(told_of), sum(page["simulated"] for page in told_of)
    failed = any(page["status"] == "failed" for page in pages)
    shared = {"run": run, "lang": lang, "title": title, "data": data}
    html = (
        environment(lang)
        .get_template("index.html.j2")
        .render(
            **shared,
            light="red" if failed else "green" if good == len(pages) else "amber",
            decisions=decisions(answered),
            groups=grouped(answered),
            not_run=[page for page in pages if page["status"] in NOT_RUN],
            data_of_all=of_all,
            good=good,
            made_up=made_up if made_up < good else 0,
            total=len(pages),
            figures=len(figures.rows),
            twin=twin_link(other, "index.html"),
            provenance=presentation.provenance(run, data, lang),
        )
    )
    if figures.rows:
        listed = environment(lang).get_template("figures.html.j2").render(**shared, view=figures, tools=True)
        write_html(folder / "figures.html", listed, lang)
    fill_in(in_order, folder, lang, told, other)
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
        "short": presentation.front(page).get("answer") or "",
        "simulated": presentation.is_simulated(page),
        "planted": presentation.is_planted(page),
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
    environment.globals["refused"] = lambda reason: refused(reason, lang)
    environment.globals["style"] = Markup((TEMPLATES / "style.css").read_text(encoding="utf-8"))  # noqa: S704 - ours
    script = (TEMPLATES / "tables.js").read_text(encoding="utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    environment.filters["coded"] = coded
    environment.filters["css"] = css_string
    environment.globals["script"] = Markup(script)  # noqa: S704 - ours
    environment.globals["script_hash"] = f"sha256-{digest}"
    return environment


def refused(reason: str, lang: str) -> str:
    """Why there is no answer, said to be that, and once.

    >>> refused("one arm is empty.", "en"), refused("No answer: one arm is empty.", "en")
    ('No answer: one arm is empty.', 'No answer: one arm is empty.')
    """
    said = f"{Message('readout.refusal').text(lang)}{Message('format.colon').text(lang)}"
    return said + reason.removeprefix(said)


def css_string(text: str) -> Markup:
    r"""A text inside the quotes of a style sheet: everything but letters, digits and blanks by its number.

    >>> print(css_string("04 · Who's first"))
    04 \b7  Who\27 s first
    """
    written = "".join(c if c.isalnum() or c == " " else f"\\{ord(c):x} " for c in unescape(text))
    return Markup(written)  # noqa: S704 - letters, digits, blanks and backslashes


def coded(text: str, *, names: bool = True, known: Iterable[str] = ()) -> Markup:
    """A text whose commands in backticks and, unless said otherwise, names of code stand in the letters of code.

    >>> coded("complete_journey | cdnow, <b>; then `crm-lab run`")
    Markup('<code>complete_journey</code> | cdnow, &lt;b&gt;; then <code>crm-lab run</code>')
    >>> coded("guard_days of my_segment", names=False, known=["guard_days"])
    Markup('<code>guard_days</code> of my_segment')

    Args:
        text: What is said.
        names: Whether every name with underscores is one of code; data may have such names, too.
        known: Names that are of code in any case.
    """
    alone = [re.escape(name) for name in known if "_" in name]
    some = re.compile("|".join([_QUOTED.pattern, *(rf"(?<!\w){name}(?!\w)" for name in alone)]))
    written = (_TYPED if names else some).sub(lambda of: f"<code>{of[1] or of[0]}</code>", str(escape(text)))
    return Markup(written)  # noqa: S704 - escaped just now


def write_html(path: Path, html: str, lang: str) -> Path:
    """Write a page whole or not at all, with the Chinese characters it needs."""
    shown = _MARKUP.sub("", html)
    html = html.replace("/*font*/", _font_face(shown) if lang == "zh" or _has_chinese(shown) else "")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(html, encoding="utf-8")
    part.replace(path)
    return path


def _has_chinese(html: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in html)


def _font_face(shown: str) -> str:
    """The characters of a page that system fonts may lack, as an embedded font."""
    from crm_lab.fonts import chinese_subset

    font = base64.b64encode(chinese_subset(shown)).decode("ascii")
    source = f"url(data:font/woff;base64,{font}) format('woff')"
    return f"@font-face{{font-family:'Lab Chinese';src:{source};font-display:block;unicode-range:U+2E80-FFEF}}"
