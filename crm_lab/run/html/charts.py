"""A figure in a page: SVG whose colours are the page's own, in two widths; a picture where there is no drawing."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final

from crm_lab.messages import Message
from crm_lab.mime import DRAWING_MIME, FIGURE_MIME
from crm_lab.run.html.words import without_names
from crm_lab.run.in_kernel.figure_data import figure_title

TEMPLATES: Final = Path(__file__).parent / "templates"
# what matplotlib and seaborn take where a notebook draws with them alone
_THEIR_OWN: Final = {"#1f77b4": "blue", "#3274a1": "blue", "#ff7f0e": "orange", "#e1812c": "orange", "#000000": "ink"}
_GROUNDS: Final = {"ground", "wash", "rust-wash", "gold-wash"}  # white in a drawing is a colour of its own
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_DARK_GREY = re.compile(r"stroke: #([0-8][0-9a-f])\1\1\b")  # seaborn's edges and whiskers, by what they surround
_DECLARED = re.compile(r"--([a-z-]+):(#[0-9a-f]{6})")
_BOX = re.compile(r'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) ([\d.]+)"')
_MARK: Final = 13  # height of the line that says that numbers are simulated
_SAID = re.compile(r"(?<=>)[^<>]+(?=</t(?:ext|span|itle)>)")
_NAMED = re.compile(r'(?<= id=")[^"]+|(?<=url\(#)[^)]+|(?<=href="#)[^"]+')


@dataclass(frozen=True)
class Chart:
    """A figure ready to be shown: its title, what it says in a sentence, and its HTML."""

    title: str
    alt: str
    html: str


@cache
def variables() -> Mapping[str, str]:
    """Names of the page's colours, by their value on white."""
    light = (TEMPLATES / "style.css").read_text(encoding="utf-8").partition("}")[0]
    known = {value: name for name, value in _DECLARED.findall(light) if name not in _GROUNDS}
    return known | _THEIR_OWN


def chart(
    output: Mapping[str, Any], finding: str, number: count[int], lang: str, *, made: bool = False
) -> Chart | None:
    """The figure in a cell's output; none where there is none.

    Args:
        output: An output of a cell.
        finding: What it shows, for those who do not see it; its title alone unless given.
        number: Numbers the drawings of a page, so that names inside them stay apart.
        lang: Language of the page.
        made: Whether it shows simulated numbers: it says so inside.
    """
    data = output.get("data", {})
    title, finding = (_unquoted(said) for said in (without_names(figure_title(data.get(FIGURE_MIME)), lang), finding))
    colon = Message("format.colon").text(lang)
    alt = colon.join(filter(None, (title, finding))) or Message("report.chart").text(lang)
    mark = Message("report.kind.simulated").text(lang).upper() if made else ""
    if drawn := data.get(DRAWING_MIME):
        shown = "".join(_drawing(drawn[name], name, alt, next(number), mark, lang) for name in ("wide", "narrow"))
        return Chart(title, alt, shown)
    kind = next((kind for kind in ("image/png", "image/jpeg") if kind in data), None)
    if kind is None:
        return None
    pixels = data[kind].replace("\n", "")
    said = f'<span class="mark">{html.escape(mark)}</span>' if mark else ""
    return Chart(title, alt, f'<img src="data:{kind};base64,{pixels}" alt="{html.escape(alt)}">{said}')


def _drawing(svg: str, name: str, alt: str, number: int, mark: str, lang: str) -> str:
    svg = _SAID.sub(lambda text: _unquoted(without_names(text[0], lang)), svg)
    svg = _NAMED.sub(lambda found: f"g{number}-{found[0]}", svg)
    svg = _COLOUR.sub(lambda found: f"var(--{variables()[found[0]]})" if found[0] in variables() else found[0], svg)
    svg = _DARK_GREY.sub("stroke: var(--soft)", svg)
    svg = svg.replace("stroke: #ffffff", "stroke: var(--ground)")  # what parts bars and cells from one another
    box = _BOX.search(svg)
    if mark and box:  # in a line of its own above what is drawn
        higher = f'viewBox="0 {-_MARK} {box[1]} {float(box[2]) + _MARK:g}"'
        said = f'<text x="{box[1]}" y="-3" class="mark">{html.escape(mark)}</text>'
        svg = svg.replace(box[0], higher, 1).removesuffix("</svg>") + f"{said}</svg>"
    width = f' style="max-width:{float(box[1]) / 72:.2f}in"' if box else ""
    return (
        f'<div class="{name}"{width}>'
        + svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(alt)}"', 1)
        + "</div>"
    )


def _unquoted(text: str) -> str:
    """What is said where no other letters can mark a name as one to be typed: without its backticks."""
    return text.replace("`", "")
