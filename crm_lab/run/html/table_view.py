"""A table of a notebook as readers get it: labels, rounded numbers, intervals in one cell, no constants."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from crm_lab.messages import Message, catalogue
from crm_lab.run.html.number_columns import even, interval
from crm_lab.run.html.words import NONE, cell, is_id, is_known, is_share, label

OPEN_ROWS = 8  # longer tables are folded
_INTERVALS = (("lo", "hi"), ("low", "high"), ("lower", "upper"))
_TOTAL = re.compile(r"(\d[\d,]*) rows? ×|(?:of|共) ?(\d[\d,]*)")
_EMPTY = {"", "nan", "none", NONE}
_PLAIN = re.compile(r"[^\d+-]*([-+]?[\d.]+)[%×]?")
_CATALOGUE = re.compile(r"00\d-\d+")
_NUMERIC = re.compile(r"<?[-+−$€£¥]?[\d,]*\.?\d+(?:%|×)?|–|not reached|未达到")
_CODED = {"segment", "stage", "tier"}  # columns of names of the code
_FEW = 4  # rows from which on a number that never varies is no chance


@dataclass(frozen=True)
class TableView:
    """A table ready to be shown.

    Attributes:
        head: Labels of the columns; none where every row says the same, which is the caption then.
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
    rows, names, about = _upright(*_without_numbering(rows, names, raw.index))
    rows, names = _for_readers(rows, names)
    intervals = _intervals(names, rows)
    columns = list(names)
    for low, high, at in intervals:  # ends are written as their number is
        columns[low] = columns[high] = names[at]
    plain = not raw.ours and "source_row" not in names  # rows of a source stay as they were delivered
    cells = [[cell(text, column, lang, plain=plain) for text, column in zip(row, columns, strict=True)] for row in rows]
    cells = _evened(cells, rows, {k for low, high, _ in intervals for k in (low, high)})
    labels = [_label(name, names, lang) for name in names]
    names, labels, cells = _joined(names, labels, cells, rows, intervals)
    names, labels, cells = _named_once(names, labels, cells)
    found = [number for pair in _TOTAL.findall(raw.rest) for number in pair if number]
    total = max([len(cells), *(int(number.replace(",", "")) for number in found)])
    if len(cells) == total and (said := _same_for_all(names, labels, cells, lang)):
        return TableView((), (), (), said, total, csv, folded=False)
    caption, names, labels, cells = _without_constants(names, labels, cells, lang)
    numeric = tuple(_is_numeric([row[k] for row in cells]) for k in range(len(names)))
    folded = len(cells) > OPEN_ROWS
    caption = " · ".join(filter(None, (about, caption)))
    return TableView(tuple(labels), tuple(map(tuple, cells)), numeric, caption, total, csv, folded)


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
    whole = {k for k in kept if not is_share(names[k]) and all(row[k].endswith(".0") for row in rows)}
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
    names: list[str],
    labels: list[str],
    cells: list[list[str]],
    rows: list[list[str]],
    intervals: list[tuple[int, int, int]],
) -> tuple[list[str], list[str], list[list[str]]]:
    """Ends of an interval stand behind the number they belong to."""
    ends = {place: (low, high) for low, high, place in intervals}
    gone = {k for low, high, _ in intervals for k in (low, high)}
    kept = [k for k in range(len(names)) if k not in gone]

    def joined(k: int, shown: list[str], raw: list[str]) -> str:
        if k not in ends:
            return shown[k]
        low, high = ends[k]
        return shown[k] + interval(shown[k], (shown[low], shown[high]), (raw[low], raw[high]))

    both = zip(cells, rows, strict=True)
    return (
        [names[k] for k in kept],
        [labels[k] for k in kept],
        [[joined(k, shown, raw) for k in kept] for shown, raw in both],
    )


def _evened(cells: list[list[str]], rows: list[list[str]], ends: set[int]) -> list[list[str]]:
    """Cells whose numbers look alike within a column; ends of intervals follow theirs."""
    columns = [
        [row[k] for row in cells] if k in ends else even([row[k] for row in cells], [row[k] for row in rows])
        for k in range(len(cells[0]))
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def _upright(rows: list[list[str]], names: list[str]) -> tuple[list[list[str]], list[str], str]:
    """A single thing whose properties stand below one another, as one row under their names, and what it is."""
    things = [row[0] for row in rows]
    lies = len(names) == 2 and not names[0] and len(rows) > 1 and all(is_known(thing) for thing in things)
    return ([[row[1] for row in rows]], things, names[1] if "(" in names[1] else "") if lies else (rows, names, "")


def _named_once(
    names: list[str], labels: list[str], cells: list[list[str]]
) -> tuple[list[str], list[str], list[list[str]]]:
    """Without the name that the code has for each row, where the next column has its name for people."""
    if len(names) > 2 and names[0] in _CODED and names[1] == "name":
        return names[1:], [labels[0], *labels[2:]], [row[1:] for row in cells]
    return names, labels, cells


def _label(name: str, names: list[str], lang: str) -> str:
    """What a column is; a word that means another thing beside some other column is said as it is meant there."""
    beside = (catalogue(lang).get(f"beside.{other}.{name}") for other in names)
    return next((said for said in beside if said), None) or label(name, lang)


def _holds(value: str, low: str, high: str) -> bool:
    """Whether a number lies between two others; what is missing does not speak against it."""
    if _EMPTY & {value.lower(), low.lower(), high.lower()}:
        return True
    found = [_PLAIN.fullmatch(text.replace(",", "").replace("−", "-")) for text in (low, value, high)]
    numbers = [float(number[1]) for number in found if number]
    return len(numbers) == len(found) and numbers == sorted(numbers)


def _same_for_all(names: list[str], labels: list[str], rows: list[list[str]], lang: str) -> str:
    """What a small table says whose rows differ in nothing but their names; empty for any other."""
    things = [row[0] for row in rows]
    alike = (
        len(names) > 1
        and 1 < len(set(things)) == len(rows) <= OPEN_ROWS
        and len({*map(tuple, (row[1:] for row in rows))}) == 1
    )
    if not alike or is_id(names[0]) or not _is_numeric([rows[0][1]]):
        return ""
    colon, comma = Message("format.colon").text(lang), Message("segments.comma").text(lang)
    what = " · ".join(f"{name}{colon}{text}" for name, text in zip(labels[1:], rows[0][1:], strict=True))
    first = f"{labels[0]}{colon}" if labels[0] else ""
    return Message("report.same_for_all", {"what": what, "each": first + comma.join(things)}).text(lang)


def _without_constants(
    names: list[str], labels: list[str], rows: list[list[str]], lang: str
) -> tuple[str, list[str], list[str], list[list[str]]]:
    """What is the same in every row, once, as the caption."""
    said, kept, colon = [], [], Message("format.colon").text(lang)
    alike = [len(rows) > 1 and len({row[k] for row in rows}) == 1 for k in range(len(names))]
    for k, name in enumerate(names):
        text = rows[0][k]
        number = _is_numeric([text]) and text != NONE
        if not alike[k] or (number and (len(rows) < _FEW or is_id(name))) or (not k and not number):
            kept.append(k)
        elif text != NONE:
            said.append(f"{labels[k]}{colon}{text}")
    if len(kept) < 2:
        return "", names, labels, rows
    return (
        " · ".join(said),
        [names[k] for k in kept],
        [labels[k] for k in kept],
        [[row[k] for k in kept] for row in rows],
    )


def _is_numeric(cells: list[str]) -> bool:
    return all(_NUMERIC.fullmatch(text.partition(" (")[0]) for text in cells)
