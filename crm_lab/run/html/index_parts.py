"""What the index shows: a card a page, groups that name their data, decisions by rank, all figures as a table."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from crm_lab.exports import write_whole
from crm_lab.messages import Message, catalogue
from crm_lab.run.html import presentation
from crm_lab.run.html.table_view import TableView
from crm_lab.run.html.trends import Trend, card_fact
from crm_lab.run.html.words import NONE, first_sentence
from crm_lab.run.outcomes import headline, short_name

GROUPS: Final = ("act", "base", "value", "test")
DECISIONS: Final = 3
_OTHERS: Final = "other"
_EACH: Final = "each"
_PICTURE = re.compile(
    r"(?:</?(?:svg|rect|circle|path|polyline|text)(?: [a-z-]+=\"[^\"<>]*\"| viewBox=\"[\d. ]+\")*/?>|[^<>])*"
)
_HANDLER = re.compile(r"<[^>]* on\w+=|href=|javascript:", re.IGNORECASE)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def card(page: Mapping[str, Any], lang: str, told: Mapping[tuple[str, str], Trend]) -> dict[str, Any]:
    """What a page's card shows beside what the page itself shares: a sentence, the picture, its data, its change."""
    front, answer = presentation.front(page), presentation.answer(page)
    refused = str(headline(page).get("refusal") or page.get("reason") or "")
    bad = str(page.get("status") or "ok") not in ("ok", "refused")
    data = presentation.data_sets([page])
    chips = [_data_words(d, lang) for d in data]
    failed = Message("report.status.failed").text(lang)
    part = page.get("part") or {}
    return {
        "group": f"{_EACH} {part['by']}" if part else front.get("group") or _OTHERS,
        "part": part.get("value") or "",
        "by": _by(str(part.get("by") or ""), lang),
        "said": failed if bad else front.get("answer") or first_sentence(refused) or answer["finding"],
        "picture": safe_picture(str(front.get("picture") or "")),
        "decision": _of_part(front.get("decision") or "", part, lang),
        "owner": _owner(page, lang) or front.get("owner") or "",
        "about": front.get("about") or "",
        "standing": int(front.get("standing") or 0),
        "stake": float(front.get("stake") or 0.0),
        "html": page.get("html"),
        "chip": " · ".join(chips),
        "trend": told.get((str(page.get("notebook")), str(card_fact(page).get("id")))),
    }


def _by(column: str, lang: str) -> str:
    """What tells parts apart, as readers call it."""
    words = catalogue(lang)
    return words.get(f"column.{column}") or words.get(f"column.{column}_id") or column


def _of_part(decision: str, part: Mapping[str, Any], lang: str) -> str:
    """A decision that names the part of the data it is about."""
    both = decision and part
    return Message("run.of_part", {"part": part["value"], "question": decision}).text(lang) if both else decision


def _owner(page: Mapping[str, Any], lang: str) -> str:
    """Whom a page's own parameter names, in words: its readout and its decision file name the same."""
    given = page.get("parameters")
    owner = str(given.get("owner") or "") if isinstance(given, Mapping) else ""
    return catalogue(lang).get(f"level.{owner}", owner)


def _data_words(data: Mapping[str, Any], lang: str) -> str:
    name = str(data.get("title") or data.get("source") or "")
    day = data.get("as_of")
    return Message("report.data_to", {"data": name, "day": day}).text(lang) if day else name


def safe_picture(picture: str) -> Markup | str:
    """A picture that consists of shapes and words only; anything else is no picture.

    >>> safe_picture('<svg viewBox="0 0 300 96"><text x="1">a</text></svg>') != ""
    True
    >>> safe_picture("<svg><script>1</script></svg>"), safe_picture('<svg onload="x()"></svg>')
    ('', '')
    """
    fine = picture.startswith("<svg") and _PICTURE.fullmatch(picture) and not _HANDLER.search(picture)
    return Markup(picture) if fine else ""  # noqa: S704 - shapes and escaped words, as was just seen


def decisions(entries: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The few decisions that most money depends on, one about each thing; never from simulated or planted numbers."""
    open_ = [e for e in entries if e["decision"] and e["good"] and not e["simulated"]]
    of_all = {e["about"] for e in open_ if not e["part"]}
    open_ = [e for e in open_ if not e["part"] or e["about"] not in of_all]
    first = {(e["about"], e["part"]): e for e in sorted(open_, key=lambda e: e["standing"]) if e["about"]}
    open_ = [e for e in open_ if not e["about"] or e is first[e["about"], e["part"]]]
    order = {name: place for place, name in enumerate(GROUPS)}
    return sorted(open_, key=lambda e: (-e["stake"], order.get(e["group"], len(GROUPS))))[:DECISIONS]


def grouped(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries by group; where all of a group rest on the same data, the group names them once."""
    groups = []
    of_parts = dict.fromkeys(entry["group"] for entry in entries if entry["part"])
    for name in (*GROUPS, _OTHERS, *of_parts):
        own = [entry for entry in entries if entry["group"] == name]
        chips = {entry["chip"] for entry in own}
        shared = chips.pop() if len(chips) == 1 else ""
        if own:
            groups.append(
                {
                    "name": _EACH if name in of_parts else name,
                    "by": own[0]["by"],
                    "data": shared,
                    "entries": [e | ({"chip": ""} if shared else {}) for e in own],
                }
            )
    return groups


def figure_rows(pages: Iterable[Mapping[str, Any]], folder: Path, lang: str) -> TableView:
    """Every figure of a run as a table, and the same as ``figures.csv`` in the run's folder."""
    rows = []
    for page in pages:
        where = short_name(page)
        for figure in presentation.figures(page, lang):
            value = NONE if figure.refusal else " ".join(filter(None, (figure.value, figure.unit)))
            about = " · ".join(filter(None, (figure.refusal, figure.kind, figure.definition)))
            rows.append((where, figure.label, value, figure.interval, figure.n, figure.window, about))
    keys = ("page", "figure", "value", "interval_head", "n", "window", "definition")
    head = tuple(Message(f"report.{key}").text(lang) for key in keys)
    if rows:
        buffer = io.StringIO()
        csv.writer(buffer).writerows([head, *(map(_defused, row) for row in rows)])
        write_whole(folder / "figures.csv", buffer.getvalue().encode("utf-8-sig"))
    numeric = (False, False, True, False, True, False, False)
    return TableView(head, tuple(rows), numeric, total=len(rows))


def _defused(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
