"""Sphinx settings of the documentation site; `make docs` assembles its source and builds it."""

from __future__ import annotations

import inspect
import re
from typing import Any

from public_names import methods, public

import crm_lab

project, author, copyright = "crm_lab", "", ""  # noqa: A001 - Sphinx's name
version = release = crm_lab.__version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_parser"]
html_title = "crm_lab"
html_theme = "pydata_sphinx_theme"
html_theme_options = {"show_toc_level": 2, "navigation_with_keys": False, "secondary_sidebar_items": ["page-toc"]}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = html_show_sphinx = html_show_copyright = False
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
exclude_patterns = [".doctrees"]
# a guide may skip a level of headings; a word of a docstring that two classes have as a name is no link to either
suppress_warnings = ["myst.header", "ref.python"]
default_role = "code"
napoleon_use_ivar = True
napoleon_custom_sections = ["Source"]
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "signature"
autodoc_type_aliases = {
    name: name for name in ("ArrayLike", "Booleans", "Floats", "Integers", "IntoFrame", "Positions")
}
python_maximum_signature_line_length = 100
python_use_unqualified_type_names = True
add_module_names = False

LONGEST_DEFAULT = 60
_BY_NAME: dict[str, str] = {}
for full in [*methods(), *public()]:
    parts = full.split(".")
    for start in (-2, -1):
        _BY_NAME[".".join(parts[start:])] = full
_QUOTED = re.compile(r"(?<![`:>\w])`([A-Za-z_][\w.]*)`(?![`_])")


def linked(match: re.Match[str]) -> str:
    """A quoted name as a link to its place in the reference, if it has one."""
    name = match[1]
    full = _BY_NAME.get(name) if name[:1].isupper() or name in PUBLIC_FUNCTIONS else None
    return f":py:obj:`{name} <{full}>`" if full else f"``{name}``"


PUBLIC_FUNCTIONS = {full.rpartition(".")[2] for full in public()}


def link_names(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:  # noqa: ARG001
    """Docstrings quote names in single backticks, as Markdown does.

    Of an attribute or a property, napoleon takes what stands before a colon for its type; an empty comment first
    keeps the sentence whole.
    """
    if what in {"attribute", "property"}:
        lines[:0] = ["..", ""]
    lines[:] = [line if line.lstrip().startswith((">>>", "...")) else _QUOTED.sub(linked, line) for line in lines]


def shorten_defaults(
    app: Any,  # noqa: ARG001
    what: str,  # noqa: ARG001
    name: str,  # noqa: ARG001
    obj: Any,
    options: Any,  # noqa: ARG001
    signature: str | None,
    returns: str | None,
) -> tuple[str, str | None] | None:
    """A default that fills lines is left to the docstring."""
    if not signature or not callable(obj):
        return None
    for parameter in inspect.signature(obj).parameters.values():
        if len(repr(parameter.default)) > LONGEST_DEFAULT:
            signature = signature.replace(repr(parameter.default), "...")
    return signature, returns


def setup(app: Any) -> None:
    """Connect the above."""
    app.connect("autodoc-process-signature", shorten_defaults)
    app.connect("autodoc-process-docstring", link_names, priority=100)
