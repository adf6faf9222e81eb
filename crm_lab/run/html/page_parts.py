"""An executed notebook taken apart for a page: the main chart, sections of claim, chart and note, and how it was done.

What is for the analyst (set-up, checks, code, the open box) goes to the end; what is for the notebook alone
(descriptions, bare values, "Make it yours") stays there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, groupby
from typing import Any, Final

from markupsafe import Markup
from nbformat import NotebookNode

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.mime import RESULT_MIME
from crm_lab.run.html.charts import Chart, chart
from crm_lab.run.html.notebook_cells import LEFT_OUT, highlighted, markdown, shown_text
from crm_lab.run.html.table_view import TableView, table_view, unfolded
from crm_lab.run.html.words import for_readers, typeset, why_or_note, without_names

MAIN_TAG: Final = "main-chart"
_HEADING = re.compile(r"^##\s+(.*)$", re.MULTILINE)
_NUMBERED = re.compile(r"\A(\d{1,2})\s+(?=[^\W\d]|[.\"“])")
_TITLE = re.compile(r"\A\s*#\s[^\n]*\n*")
_FOR_ANALYSTS = re.compile(r"set-?up|open the (?:box|data)|checks|how was the file read", re.IGNORECASE)
_FOR_THE_NOTEBOOK = re.compile(r"make it yours|exercises", re.IGNORECASE)
_SHOWN: Final = {"claim", "chart", "table", "stopped", "text"}
_DRAWING = re.compile(r"^(?:None if .* else )?(\w+)\.plot\(", re.MULTILINE)
_PUBLISHED = re.compile(r"\bpublish\((\w+),")
_DESCRIPTION = re.compile(r"\.describe\(|\.(?:head|tail|sample)\(\)\s*\Z")


@dataclass(frozen=True)
class Claim:
    """What a published result says: its finding, and why there is none."""

    finding: str
    certainty: str
    refusal: str


@dataclass(frozen=True)
class Block:
    """One thing of a section: its kind (`prose`, `claim`, `chart`, `table`, `text`, ...) and content."""

    kind: str
    content: Any


@dataclass
class Section:
    """A heading with what stands under it."""

    id: str
    heading: str
    blocks: list[Block] = field(default_factory=list)
    code: list[Markup] = field(default_factory=list)


@dataclass
class PageParts:
    """A notebook as a page shows it."""

    main: Chart | None = None
    sections: list[Section] = field(default_factory=list)
    how: list[Section] = field(default_factory=list)
    code: list[Section] = field(default_factory=list)


@dataclass
class _Given:
    """In which language the page is, and of what this place of it speaks: its last finding, made up or not."""

    lang: str
    made: bool
    csv: Mapping[str, str]
    number: count[int]
    finding: str = ""
    of: dict[str, str] = field(default_factory=dict)  # finding by the name of its result in the notebook

    def drawn_by(self, source: str) -> str:
        """The finding of the result that a cell draws, else the last one."""
        drawing = _DRAWING.search(source)
        return self.of.get(drawing[1], self.finding) if drawing else self.finding


def page_parts(notebook: NotebookNode, page: Mapping[str, Any], lang: str) -> PageParts:
    """Take an executed notebook apart.

    Args:
        notebook: The executed notebook.
        page: Its record; ``files`` says which CSV files are there.
        lang: Language of the page; a markdown cell shows its ``metadata.zh`` in a Chinese one.
    """
    files = {str(file).partition("/")[2]: str(file) for file in page.get("files") or []}
    results = page.get("results") or []
    given = _Given(lang, any((r.get("data") or {}).get("simulated") for r in results), files, count(1))
    parts = PageParts()
    headline_is_said = False
    for number, (heading, source, cells) in enumerate(_sections(notebook, lang)):
        section, given.finding = Section(f"s{number}", heading), ""
        for blocks, is_headline in _blocks(cells, given, said=headline_is_said):
            headline_is_said = headline_is_said or is_headline
            section.blocks.extend(blocks)
        section.code = [Markup(highlighted(c.source)) for c in cells if c.cell_type == "code" and c.source.strip()]  # noqa: S704 - escaped there
        _place(section, source, parts)
    parts.main = _take_main(notebook, parts)
    parts.sections = [s for s in parts.sections if s.blocks]
    return parts


def _place(section: Section, source: str, parts: PageParts) -> None:
    if section.code:
        parts.code.append(section)
    if _FOR_THE_NOTEBOOK.search(source):
        return
    if section.code and not any(block.kind in _SHOWN for block in section.blocks):
        return  # what its cells show is for the notebook, and so is what is said of it
    analysts = not source or bool(_FOR_ANALYSTS.search(source))
    (parts.how if analysts else parts.sections).append(section)


def _sections(notebook: NotebookNode, lang: str) -> Iterator[tuple[str, str, list[NotebookNode]]]:
    """Heading as read, heading as the source has it, and cells of each section; the first has no heading."""
    heading, source, cells = "", "", []
    for cell in notebook.cells:
        if LEFT_OUT.intersection(cell.metadata.get("tags", [])):
            continue
        if cell.cell_type != "markdown":
            cells.append(cell)
            continue
        own = _HEADING.search(cell.source)
        text = str(cell.metadata.get("zh") or cell.source) if lang == "zh" else cell.source
        if own:
            yield heading, source, cells
            read = _HEADING.search(text) or own
            heading, source, cells = _NUMBERED.sub(r"\1 · ", for_readers(read[1], lang)), own[1], []
            text = _HEADING.sub("", text, count=1)
        cells.append(NotebookNode({**cell, "source": _TITLE.sub("", text, count=1)}))
    yield heading, source, cells


def _blocks(cells: Sequence[NotebookNode], given: _Given, *, said: bool) -> Iterator[tuple[list[Block], bool]]:
    """Blocks of a section; of cells of code in a row claims come first, then charts, then tables."""
    seen = False
    for kind, run in groupby(cells, key=lambda cell: cell.cell_type):
        if kind == "markdown":
            prose = [why_or_note(for_readers(cell.source, given.lang)) for cell in run]
            usual = "note" if seen else "why"
            yield [Block(said_as or usual, Markup(markdown(text))) for text, said_as in prose if text], False  # noqa: S704
        elif kind == "code":
            found: list[Block] = []
            headline = False
            for cell in run:
                own, is_headline = _outputs(cell, given, said=said or headline)
                found += own
                headline = headline or is_headline
            seen = seen or bool(found)
            order = {"claim": 0, "stopped": 0, "chart": 1, "table": 2, "text": 3}
            yield sorted(found, key=lambda block: order[block.kind]), headline


def _stopped(error: str, text: str) -> str:
    """What ended a page: in words where somebody chose them, else with the name of the error."""
    return text if error in (BadInput.__name__, CannotAnswer.__name__) else f"{error}: {text}"


def _outputs(cell: NotebookNode, given: _Given, *, said: bool) -> tuple[list[Block], bool]:
    found, headline = [], False
    described, names = bool(_DESCRIPTION.search(cell.source)), iter(_PUBLISHED.findall(cell.source))
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        result = data.get(RESULT_MIME)
        first = bool(result and result.get("headline") and not said)
        headline = headline or first
        if output.output_type == "error":
            found.append(Block("stopped", _stopped(output.ename, shown_text(output.evalue))))
        elif output.output_type == "stream":
            found.append(Block("text", shown_text(output.text)))
        elif result is not None and not first:
            found.append(Block("claim", _claim(result, given.lang)))
        if result is not None:  # what is drawn next is of this result
            given.made = bool(result.get("simulated"))
            claim = _claim(result, given.lang)
            given.finding = given.of[next(names, "")] = claim.refusal or claim.finding
        if drawn := chart(output, given.drawn_by(cell.source), given.number, given.lang, made=given.made):
            found.append(Block("chart", drawn))
        elif not described and (html := data.get("text/html")):
            csv = given.csv.get(str((result or {}).get("csv") or ""), "")
            view = table_view(html, given.lang, csv)
            found += [Block("table", unfolded(view) if first else view)] if view else []
    return found, headline


def _claim(result: Mapping[str, Any], lang: str) -> Claim:
    readout = result.get("readout") or {}
    parts = (readout.get("finding"), readout.get("certainty"), result.get("refusal"))
    return Claim(*(typeset(without_names(str(part or ""), lang)) for part in parts))


def _take_main(notebook: NotebookNode, parts: PageParts) -> Chart | None:
    """The chart of the first screen, taken out of its section: marked, else the first with or after the answer."""
    charts = [(s, b) for s in parts.sections for b in s.blocks if b.kind == "chart"]
    place = _main_place(notebook)
    if not charts or place is None:
        return None
    section, block = charts[min(place, len(charts) - 1)]
    section.blocks.remove(block)
    found: Chart = block.content
    return found


def _main_place(notebook: NotebookNode) -> int | None:
    """Which of the charts in the sections it is; none if the answer is a refusal without a chart."""
    place, first = 0, None
    answered = False
    source = ""
    for cell in notebook.cells:
        if LEFT_OUT.intersection(cell.metadata.get("tags", [])):
            continue
        if cell.cell_type == "markdown":
            own = _HEADING.search(cell.source)
            source = own[1] if own else source
            continue
        if not source or _FOR_ANALYSTS.search(source) or _FOR_THE_NOTEBOOK.search(source):
            continue
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            answered = answered or bool((data.get(RESULT_MIME) or {}).get("headline"))
            if any(kind.startswith("image/") for kind in data):
                if MAIN_TAG in cell.metadata.get("tags", []):
                    return place
                first = place if answered and first is None else first
                place += 1
    return first if first is not None else (0 if place else None)


__all__ = ["Block", "Chart", "Claim", "PageParts", "Section", "TableView", "page_parts"]
