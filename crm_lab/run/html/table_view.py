"""A table of a notebook as readers get it: labels, rounded numbers, intervals in one cell, no constants."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from crm_lab.messages import Message
from crm_lab.run.html.words import NONE, cell, is_id, label

OPEN_ROWS = 8  # longer tables are folded
_INTERVALS = (("lo", "hi"), ("low", "high"), ("lower", "upper"))
_TOTAL = re.compile(r"(\d[\d,]*) rows? ×|(?:of|共) ?(\d[\d,]*)")
_EMPTY = {"", "nan", "none", NONE}
_PLAIN = re.compile(r"[^\d+-]*([-+]?[\d.]+)[%×]?")
_CATALOGUE = re.compile(r"00\d-\d+")
_NUMERIC = re.compile(r"[-+−$€£¥]?[\d,]*\.?\d+(?:%|×)?|–|not reached|未达到")
_FEW = 4  # rows from which on a number that never varies is no chance


@dataclass(frozen=True)
class TableView:
    """A table ready to be shown.

    Attributes:
        head: Labels of the columns.
        rows: Cells, all text.
        numeric: Which columns are numbers, by place.
        caption: What is the same in all rows.
        total: Rows of the whole table.
        csv: File with all of them, if there is one.
        folded: Whether it is closed at first.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    caption: str = ""
    total: int = 0
    csv: str = ""
    folded: bool = True


@dataclass
class _Raw(HTMLParser):
    """The cells of the first table of a page, as they stand."""

    head: list[list[str]] = field(default_factory=list)
    body: list[list[str]] = field(default_factory=list)
    index: int = 0
    ours: bool = False
    rest: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._place, self._cell, self._open, self._stubs, self._more = "", "", False, 0, False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ours = self.ours or ("class", "crm-table") in attrs
        self._more = ("class", "crm-more") in attrs
        if tag in ("thead", "tbody"):
            self._place = tag
        elif tag == "tr" and self._place:
            (self.head if self._place == "thead" else self.body).append([])
            self._stubs = 0
        elif tag in ("th", "td") and self._place:
            self._cell, self._open = "", True
            self._stubs += tag == "th" and self._place == "tbody"
            span = int(dict(attrs).get("colspan") or 1)
            self._span = span

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td") and self._open:
            row = (self.head if self._place == "thead" else self.body)[-1]
            row.extend([" ".join(self._cell.split())] * self._span)
            self._open = False
        elif tag == "tr" and self._place == "tbody":
            self.index = max(self.index, self._stubs)
        elif tag == "table":
            self._place = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self._cell += data
        elif self._more or "rows ×" in data:
            self.rest += f" {data}"


def table_view(html: str, lang: str, csv: str = "") -> TableView | None:
    """The table in an HTML output, ready for readers; none where there is none.

    >>> view = table_view(
    ...     "<table><thead><tr><th></th><th>share</th><th>lo</th><th>hi</th></tr></thead>"
    ...     "<tbody><tr><th>0</th><td>0.5450</td><td>0.5328</td><td>0.5581</td></tr></tbody></table>",
    ...     "en",
    ... )
    >>> view.head, view.rows
    (('share',), (('54.5% (53.3–55.8)',),))

    Args:
        html: A cell's HTML output.
        lang: Language of the labels.
        csv: File with the whole table.
    """
    raw = _Raw()
    raw.feed(html)
    rows = [row for row in raw.body if row]
    if not raw.head or not rows:
        return None
    width = max(len(row) for row in rows)
    names = _names(raw.head, width)
    rows = [(row[:-1] + [""] * (width - len(row)) + row[-1:])[:width] for row in rows]
    rows, names = _for_readers(*_without_numbering(rows, names, raw.index))
    intervals = _intervals(names, rows)
    columns = list(names)
    for low, high, at in intervals:  # ends are written as their number is
        columns[low] = columns[high] = names[at]
    cells = [
        [cell(text, column, lang, plain=not raw.ours) for text, column in zip(row, columns, strict=True)]
        for row in rows
    ]
    names, cells = _joined(names, cells, intervals)
    caption, names, cells = _without_constants(names, cells, lang)
    numeric = tuple(_is_numeric([row[k] for row in cells]) for k in range(len(names)))
    found = [number for pair in _TOTAL.findall(raw.rest) for number in pair if number]
    total = max([len(cells), *(int(number.replace(",", "")) for number in found)])
    head = tuple(label(name, lang) for name in names)
    folded = len(cells) > OPEN_ROWS
    return TableView(head, tuple(map(tuple, cells)), numeric, caption, total, csv, folded)


def unfolded(view: TableView) -> TableView:
    """A table that stands in the open: what the page is about."""
    return replace(view, folded=False)


def _names(head: list[list[str]], width: int) -> list[str]:
    """One name a column of a header that may have several rows."""
    rows = [row + [""] * (width - len(row)) for row in head]
    return [" · ".join(dict.fromkeys(row[k] for row in rows if row[k])) for k in range(width)]


def _without_numbering(rows: list[list[str]], names: list[str], index: int) -> tuple[list[list[str]], list[str]]:
    """Without an index that only counts."""
    if index == 1 and not names[0] and all(row[0].isdigit() for row in rows):
        return [row[1:] for row in rows], names[1:]
    return rows, names


def _for_readers(rows: list[list[str]], names: list[str]) -> tuple[list[list[str]], list[str]]:
    """Without columns that name rows of the catalogue; whole numbers without a decimal nought."""
    kept = [k for k in range(len(names)) if not any(_CATALOGUE.fullmatch(row[k]) for row in rows)]
    whole = {k for k in kept if all(row[k].endswith(".0") for row in rows)}
    return [[row[k].removesuffix(".0") if k in whole else row[k] for k in kept] for row in rows], [
        names[k] for k in kept
    ]


def _intervals(names: list[str], rows: list[list[str]]) -> list[tuple[int, int, int]]:
    """Places of the ends of intervals and of the numbers that lie between them."""
    found = []
    for low, high in _INTERVALS:
        for at, name in enumerate(names):
            if name == low or name.endswith(f"_{low}"):
                other, middle = f"{name.removesuffix(low)}{high}", name.removesuffix(low).rstrip("_")
            elif name.startswith(f"{low}_"):
                other, middle = f"{high}{name.removeprefix(low)}", ""
            else:
                continue
            end = names.index(other) if other in names else -1
            before = [names.index(middle)] if middle in names else range(at - 1, -1, -1)
            held = (k for k in before if end >= 0 and all(_holds(row[k], row[at], row[end]) for row in rows))
            place = next(held, -1)
            if place >= 0:
                found.append((at, end, place))
    return found


def _joined(
    names: list[str], rows: list[list[str]], intervals: list[tuple[int, int, int]]
) -> tuple[list[str], list[list[str]]]:
    """Ends of an interval stand behind the number they belong to."""
    ends = {place: (low, high) for low, high, place in intervals}
    gone = {k for low, high, _ in intervals for k in (low, high)}
    kept = [k for k in range(len(names)) if k not in gone]
    cells = [
        [row[k] + (_interval(row[k], *(row[end] for end in ends[k])) if k in ends else "") for k in kept]
        for row in rows
    ]
    return [names[k] for k in kept], cells


def _holds(value: str, low: str, high: str) -> bool:
    """Whether a number lies between two others; what is missing does not speak against it."""
    if _EMPTY & {value.lower(), low.lower(), high.lower()}:
        return True
    found = [_PLAIN.fullmatch(text.replace(",", "").replace("−", "-")) for text in (low, value, high)]
    numbers = [float(number[1]) for number in found if number]
    return len(numbers) == len(found) and numbers == sorted(numbers)


def _interval(value: str, low: str, high: str) -> str:
    """An interval behind its number; the sign of per cent stands once, a minus is not taken for the dash."""
    if NONE in (value, low, high):
        return ""
    if value.endswith("%"):
        low, high = low.removesuffix("%"), high.removesuffix("%")
    return f" ({low} … {high})" if "−" in low + high else f" ({low}–{high})"


def _without_constants(names: list[str], rows: list[list[str]], lang: str) -> tuple[str, list[str], list[list[str]]]:
    """What is the same in every row, once, as the caption."""
    said, kept, colon = [], [], Message("format.colon").text(lang)
    for k, name in enumerate(names):
        values = {row[k] for row in rows}
        same = len(rows) > 1 and len(values) == 1 and k > 0
        text = next(iter(values))
        if not same or (_is_numeric([text]) and text != NONE and (len(rows) < _FEW or is_id(name))):
            kept.append(k)
        elif text != NONE:
            said.append(f"{label(name, lang)}{colon}{text}")
    if len(kept) < 2:
        return "", names, rows
    return " · ".join(said), [names[k] for k in kept], [[row[k] for k in kept] for row in rows]


def _is_numeric(cells: list[str]) -> bool:
    return all(_NUMERIC.fullmatch(text.partition(" (")[0]) for text in cells)
