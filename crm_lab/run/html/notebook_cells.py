"""What single cells of a notebook are in HTML: prose, code, the words of a picture, texts without paths."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from crm_lab.mime import FIGURE_MIME
from crm_lab.run.committed.canonical import clean
from crm_lab.run.in_kernel.figure_data import figure_title

LEFT_OUT: Final = {"teaching", "solution"}
_STYLE = re.compile(r"<style.*?</style>", re.DOTALL | re.IGNORECASE)
_BORDER = re.compile(r' border="1"| style="text-align: right;"')
_HEAD = re.compile(r"(?<=>)[^<>]*(?=</th>)")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_ANCHOR = re.compile(r'<a class="anchor-link".*?</a>')


def markdown(source: str) -> str:
    """Markdown as HTML, headings without links to themselves.

    >>> markdown("*Why:* **half** of them.").strip()
    '<p><em>Why:</em> <strong>half</strong> of them.</p>'
    """
    from nbconvert.filters.markdown_mistune import markdown2html_mistune

    return _ANCHOR.sub("", str(markdown2html_mistune(source)))


def highlighted(source: str) -> str:
    """Python code as HTML, escaped, its words in classes."""
    return str(_highlighter()(source))


@cache
def _highlighter() -> Any:
    from nbconvert.filters import Highlight2HTML

    return Highlight2HTML(pygments_lexer="ipython3")


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
