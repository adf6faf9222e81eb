"""Figures that README and guides quote, made again from what the committed pages publish.

A figure is followed by a comment, which readers of the guide do not see, that says where it comes from: page, cell,
fact (``.lo`` or ``.hi`` for an end of its interval) and format, as in ``.783<!-- 11 sample churn.auc .3f -->``. What
stands in a cell's table alone is named by row and column: ``.32<!-- 11 compare p_alive:auc .2f -->``.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from crm_lab.messages import catalogue
from crm_lab.mime import RESULT_MIME

ROOT = Path(__file__).resolve().parents[1]
_NUMBER = r"[+-]?[\d.,]*\d(?: %)?"
_QUOTED = re.compile(rf"({_NUMBER})(<!-- (\d\d) (\S+) (\S+) (\S+) -->)")
_MARK = re.compile(r"<!--\s*\d\d\s[^>]*-->")
_ROW, _CELL = re.compile(r"<tr>(.*?)</tr>", re.DOTALL), re.compile(r"<t[dh][^>]*>(.*?)</t[dh]>", re.DOTALL)


def quoted(text: str) -> str:
    """A guide with its marked figures as the committed pages publish them: ``.783``, ``94,500``, ``7.0 %``."""

    def figure(found: re.Match[str]) -> str:
        _, mark, page, cell, name, spec = found.groups()
        try:
            shown = format(published(page)[cell, name], spec)
        except (KeyError, TypeError, ValueError):
            raise SystemExit(f"A guide quotes {mark}, and no such number is published on that page.") from None
        return re.sub(r"^([+-]?)0\.", r"\1.", shown).replace("%", " %") + mark

    lost = set(_MARK.findall(text)) - {found[2] for found in _QUOTED.finditer(text)}
    if lost:
        raise SystemExit(
            f"{', '.join(sorted(lost))}: a mark is '<!-- page cell fact format -->' right behind a number."
        )
    return _QUOTED.sub(figure, text)


@cache
def published(page: str) -> dict[tuple[str, str], float]:
    """What a committed page says in numbers: (cell, fact), (cell, fact.lo), (cell, row:column) to the number."""
    found = {}
    for path in (ROOT / "notebooks").glob(f"{page}_*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                numbers = _table("".join(data.get("text/html", ""))) | _facts(data.get(RESULT_MIME, {"facts": []}))
                found.update({(cell["id"], name): number for name, number in numbers.items()})
    return found


def _facts(result: dict[str, list[dict[str, float]]]) -> dict[str, float]:
    ends = {"value": "", "lo": ".lo", "hi": ".hi"}
    return {f"{fact['id']}{end}": fact[key] for fact in result["facts"] for key, end in ends.items()}


def _table(html: str) -> dict[str, float]:
    """The numbers of a result's table, as they are printed: a row is named by its first cell."""
    if 'class="crm-table"' not in html:
        return {}
    head, *rows = ([cell.strip() for cell in _CELL.findall(row)] for row in _ROW.findall(html))
    cells = {
        f"{_NAMES.get(row[0], row[0])}:{column}": text for row in rows for column, text in zip(head, row, strict=False)
    }
    return {name: _number(text) for name, text in cells.items() if re.fullmatch(r"[+-]?[\d.,]*\d%?", text)}


_NAMES = {words: key.rpartition(".")[2] for key, words in catalogue("en").items() if key.startswith("churn.ranking.")}


def _number(text: str) -> float:
    size = float(text.rstrip("%").replace(",", ""))
    return size / 100 if text.endswith("%") else size
