"""A notebook's cells as HTML: nbconvert with the lab's own template, no script and nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from nbformat import NotebookNode

from crm_lab.messages import Message
from crm_lab.mime import FIGURE_MIME
from crm_lab.run.committed.canonical import clean
from crm_lab.run.in_kernel.figure_data import figure_title

TEMPLATES: Final = Path(__file__).parent / "templates"
LEFT_OUT: Final = {"teaching", "solution"}
_SHOWN = ["text/html", "text/markdown", "image/png", "image/jpeg", "text/plain"]
_TITLE = re.compile(r"\A\s*#\s[^\n]*\n*")
_STYLE = re.compile(r"<style.*?</style>", re.DOTALL | re.IGNORECASE)
_BORDER = re.compile(r' border="1"| style="text-align: right;"')
_HEAD = re.compile(r"(?<=>)[^<>]*(?=</th>)")
_DRAWING = re.compile(r"\A[\[(]?\s*<?(?:Axes|AxesSubplot|Figure|Text|matplotlib\.|seaborn\.)")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def cells_html(notebook: NotebookNode, lang: str) -> str:
    """The body of a page: prose, tables and figures in the open, code folded, exercises left out.

    Args:
        notebook: An executed notebook.
        lang: Language of the few words around the cells.
    """
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    exporter = HTMLExporter(
        template_name="cells",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_anchor_links=True,
        config=Config({"NbConvertBase": {"display_data_priority": _SHOWN}}),
    )
    chart = Message("report.chart").text(lang)
    exporter.register_filter("figure_alt", lambda output: figure_alt(output) or chart)
    exporter.register_filter("shown_html", shown_html)
    exporter.register_filter("shown_text", shown_text)
    exporter.register_filter("is_drawing_repr", lambda text: bool(_DRAWING.match(text)))
    words = {name: Message(f"report.{name}").text(lang) for name in ("code", "open_box", "table")}
    body, _ = exporter.from_notebook_node(_shown_cells(notebook), resources={"words": words})
    return str(body)


def figure_alt(output: Any) -> str:
    """What a picture shows, in the words of its titles."""
    return figure_title(output.get("data", {}).get(FIGURE_MIME))


def shown_html(html: str) -> str:
    """An HTML output without pandas' style sheet and frame; long column names may break at ``_``."""
    plain = _BORDER.sub("", _STYLE.sub("", html))
    return _HEAD.sub(lambda head: head.group().replace("_", "_<wbr>"), plain)


def shown_text(text: str) -> str:
    """A text of an error without colours and without the paths of this machine."""
    return clean(_ANSI.sub("", text))


def _shown_cells(notebook: NotebookNode) -> NotebookNode:
    cells = [cell for cell in notebook.cells if not LEFT_OUT.intersection(cell.metadata.get("tags", []))]
    if cells and cells[0].cell_type == "markdown":
        rest = _TITLE.sub("", cells[0].source, count=1)  # the page's heading says it already
        cells = [NotebookNode({**cells[0], "source": rest}), *cells[1:]]
    return NotebookNode({**notebook, "cells": cells})
