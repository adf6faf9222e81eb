"""What a run said of itself and what its keeper says of it, put together; anything may stand in the first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from crm_lab.teach.sandbox.sandbox import LAYERS, CellRun, Ran

_TEXT: Final = 300
_MOST: Final = 20
_MOST_CELLS: Final = 2000  # of a notebook; what says that it has more is not believed
_LARGEST: Final = 1e300


def read_report(report: bytes, verdict: bytes, *, flooded: bool, seconds: float) -> Ran:
    """How a notebook went.

    Args:
        report: Lines of JSON, written by the submission: read, not believed.
        verdict: JSON of the keeper.
        flooded: Whether it said more than it may.
        seconds: How long it took.
    """
    said: dict[str, Any] = next(_objects(verdict), {"broken": "the keeper has gone"})
    cells, reached = list[CellRun](), list[str]()
    at, done, held = None, False, None
    for message in _objects(report):
        if held is None and "held" in message:  # the first line, written before any foreign code
            held = tuple(layer for layer in LAYERS if layer in message["held"])
        elif "begins" in message:
            at = _text(message["begins"])
        elif "cell" in message:
            cells += [_cell_run(message)] if len(cells) < _MOST_CELLS else []
        elif "reached" in message:
            reached.append(_text(message["reached"]))
        elif message.get("done"):
            done = True
    ended = _ended(said, done=done, flooded=flooded)
    refused = {str(name): int(n) for name, n in said.get("refused", {}).items() if name != "gone"}
    at = None if ended == "done" else _text(said.get("unsafe") or said.get("broken")) or at
    return Ran(tuple(cells), ended, at, round(seconds, 2), refused, tuple(reached[:_MOST]), held or ())


def _ended(said: Mapping[str, Any], *, done: bool, flooded: bool) -> str:
    if said.get("unsafe") or said.get("broken"):
        return "unsafe"
    if flooded:
        return "flooded"
    for reason in ("starved", "large", "memory", "late"):
        if said.get(reason):
            return reason
    return "done" if done and not said.get("status") else "died"


def _objects(text: bytes) -> Iterator[dict[str, Any]]:
    r"""The objects among lines of JSON.

    >>> list(_objects(b'{"a": 1}\n[[\n3\n{"b": NaN'))
    [{'a': 1}]
    """
    for line in text.split(b"\n"):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            yield found


def _cell_run(message: Mapping[str, Any]) -> CellRun:
    error, answers = message.get("error"), message.get("answers")
    seconds = message.get("seconds")
    return CellRun(
        id=_text(message["cell"]),
        error=None if error is None else _text(error),
        words=_text(message.get("words", "")),
        seconds=float(seconds) if isinstance(seconds, int | float) and 0 <= seconds < 1e9 else 0.0,
        answers={_text(q): _taken(t) for q, t in answers.items()} if isinstance(answers, dict) else {},
    )


def _taken(taken: Any) -> dict[str, Any]:
    """An answer with nothing in it but a number or a short text.

    >>> _taken({"value": 10**400, "given": 7}), _taken([1])
    ({'value': None, 'given': '7'}, {'value': None, 'given': ''})
    """
    taken = taken if isinstance(taken, dict) else {}
    value = taken.get("value")
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST
    value = value if number else _text(value) if isinstance(value, str) else None
    return {"value": value, "given": _text(taken.get("given", ""))}


def _text(what: object) -> str:
    r"""Short text that can be written to any file.

    >>> _text("a\ud800"), _text(None)
    ('a?', '')
    """
    return "" if what is None else str(what)[:_TEXT].encode(errors="replace").decode()
