"""Pages without any dress, for as long as there is no better rendering."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any


def render_page(notebook: Any, page: dict[str, Any], folder: Path) -> Path:
    """Write a page's HTML; returns its path."""
    from nbconvert import HTMLExporter

    path = folder / f"{page['notebook']}.html"
    path.write_text(HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")
    return path


def render_index(run: dict[str, Any], folder: Path) -> Path:
    """Write the run's index; returns its path."""
    rows = (
        f"<h2>{html.escape(page['question'])}</h2><p>{page['status']} {html.escape(page['reason'])}</p>"
        for page in run["pages"]
    )
    path = folder / "index.html"
    path.write_text(f"<!doctype html><h1>{html.escape(run['title'])}</h1>{''.join(rows)}", encoding="utf-8")
    return path
