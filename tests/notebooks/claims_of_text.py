"""Sentences of a page's own text that another data set could prove wrong, by the words that such claims are made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat

NOT_OF_ANY_DATA = {"example", "teaching", "open-box"}  # left out of reports on a retailer's own data
_NOT_READ = re.compile(r"`[^`]*`|\*\*Serves\*\*|\b(Serves|Catalogue:)[^.]*\.(\d[^.]*\.)*|\b[Pp]ages? \d\d(( to | and |, )\d\d)*|[Ss]ections? \d+")
_HEADING = re.compile(r"^#+ *(\d+ *·? *)?", re.MULTILINE)
_END = re.compile(r"(?<=[.?!:])\s+|\n\s*\n|\n- ")
_NUMBER = r"\d|\b(two|three|four|five|six|seven|eight|nine|ten|twenty|fifty|hundreds?|thousands?|twice)\b"
_AMOUNT = (
    r"\b(most|mostly|majority|half|thirds?|quarters?|fifths?|tenths?|few|fewer|many|much|nearly|hardly|almost|typical|typically"
    r"|usually|always|never|seldom|rare|everybody|nobody|nothing|all|none|both|only|close to|steady|splendid)\b"
)
_ORDER = r"\b(\w+er than|more|less|larger|largest|smaller|smallest|higher|highest|lower|lowest|better|best|worse|worst|well above|far|small|large)\b"
_TIME = r"\b(Christmas|January|February|March|April|May|June|July|August|September|October|November|December|weekend|evening|launch|early|late)\b"
_NAME = r"\b([Cc]hampions|[Ll]oyal(ists)?|[Hh]ibernating|[Gg]rocery|[Hh]ouseholds?|CDNOW|Complete Journey|[A-C] customers|from [A-C] to [A-C])\b"
_CLAIM = re.compile("|".join((_NUMBER, _AMOUNT, _ORDER, _TIME, _NAME)), re.IGNORECASE)


def sentences(text: str) -> Iterator[str]:
    """The sentences of a markdown cell, headings without their numbers."""
    for sentence in _END.split(_HEADING.sub("", text)):
        words = " ".join(sentence.split()).strip("- ")
        if words:
            yield words


def is_claim(sentence: str) -> bool:
    """Whether a sentence speaks of amounts, orders, times or groups; questions claim nothing."""
    return not sentence.endswith("?") and _CLAIM.search(_NOT_READ.sub("", sentence)) is not None


def claims_of(page: Path) -> list[str]:
    """Every such sentence in the markdown cells that a report on any data shows."""
    cells = nbformat.read(page, as_version=4).cells
    shown = [c.source for c in cells if c.cell_type == "markdown" and not NOT_OF_ANY_DATA & set(c.metadata.get("tags", []))]
    return [sentence for text in shown for sentence in sentences(text) if is_claim(sentence)]
