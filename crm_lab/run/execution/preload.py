"""What the server that pages are forked from imports once: the tools of a run, and what its notebooks import.

Importing this module does it. ``$CRM_LAB_PRELOAD`` holds the notebooks' imports as JSON pairs of module and name.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import json
import os
import sys
import warnings
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Final

VARIABLE: Final = "CRM_LAB_PRELOAD"
_TOOLS: Final = (
    "papermill",
    "papermill.clientwrap",
    "nbclient",
    "nbconvert.exporters",
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "ipykernel.debugger",
    "crm_lab.run.execution.client",
    "crm_lab.run.in_kernel.ipython_extension",
    "crm_lab.run.execution.page_record",
    "crm_lab.run.html.rendering",
)


def preload(imports: list[tuple[str, str]]) -> None:
    """Import modules and the names in them; what cannot be imported is left for the page to report.

    Args:
        imports: Pairs of module and name in it; an empty name is the module alone.
    """
    with _as_in_a_notebook():
        for module, name in [*((tool, "") for tool in _TOOLS), *imports]:
            with contextlib.suppress(Exception):
                _import_without_a_trace(module)
                if name:
                    getattr(sys.modules[module], name)
    _render_once()


def _render_once() -> None:
    """Render an empty page: templates and patterns are compiled once for all pages."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

    from crm_lab.run.html.page_parts import page_parts

    shown = new_output("display_data", {"text/html": "<table></table>"})
    page_parts(new_notebook(cells=[new_markdown_cell("## One"), new_code_cell("1", outputs=[shown])]), {}, "en")


@contextlib.contextmanager
def _as_in_a_notebook() -> Iterator[None]:
    """Libraries that ask at import where they are (pandas for the width of its tables) hear: in a kernel."""
    builtins.get_ipython = lambda: SimpleNamespace(kernel=True)  # type: ignore[attr-defined] # IPython adds it
    try:
        yield
    finally:
        del builtins.get_ipython  # type: ignore[attr-defined]


def _import_without_a_trace(module: str) -> None:
    """Import a module unless it is one that changes the filters of warnings for everybody.

    Such a package is forgotten again (its dependencies stay), so that only the pages that import it are
    touched; one with compiled parts cannot be imported twice and stays.
    """
    filters, known = list(warnings.filters), set(sys.modules)
    importlib.import_module(module)
    if list(warnings.filters) == filters:
        return
    warnings.filters[:] = filters  # type: ignore[index] # a list; typeshed calls it a sequence
    package = module.partition(".")[0]
    own = [name for name in set(sys.modules) - known if name.partition(".")[0] == package]
    if package not in known and all(_is_python(name) for name in own):
        for name in own:
            del sys.modules[name]


def _is_python(module: str) -> bool:
    return str(getattr(sys.modules[module], "__file__", "")).endswith(".py")


if VARIABLE in os.environ:
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type] # spares a second, see `worker`
    preload([(module, name) for module, name in json.loads(os.environ[VARIABLE])])
