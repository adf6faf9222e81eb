"""Segments in a TOML file that anybody can read and write."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any, Final

from crm_lab.checks import BadInput, Problems
from crm_lab.data.rule_segments.condition_tree import AllOf, AnyOf, Condition, NotThat
from crm_lab.data.rule_segments.customer_conditions import CustomerCondition
from crm_lab.data.rule_segments.line_conditions import LineCondition
from crm_lab.data.rule_segments.rule_segment import RuleSegment
from crm_lab.exports import write_whole
from crm_lab.project import project_root

KIND: Final = "crm_lab rule segments"
_HEAD: Final = ("name", "label", "as_of", "window_days")
_JOINED: Final[Mapping[str, type[AllOf] | type[AnyOf]]] = {"all": AllOf, "any": AnyOf}
_DEEPEST: Final = 20


def load_segments(path: str | Path) -> tuple[RuleSegment, ...]:
    """Read the segments of a file; a relative path starts at the project's folder.

    >>> load_segments("no_such_segments.toml")
    Traceback (most recent call last):
    crm_lab.checks.BadInput: There is no file 'no_such_segments.toml' of segments; write one with `write_segments`.

    Args:
        path: The file.

    Returns:
        The segments, in the file's order.

    Raises:
        BadInput: If there is no such file, or anything in it cannot be; every problem is listed.
    """
    file = project_root() / Path(path).expanduser()
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise BadInput(f"There is no file {str(path)!r} of segments; write one with `write_segments`.") from None
    except UnicodeDecodeError:
        raise BadInput(f"The file {str(path)!r} is no UTF-8 text; save it as UTF-8.") from None
    return read_segments(text, str(path))


def read_segments(text: str, name: str = "segments.toml") -> tuple[RuleSegment, ...]:
    """Read segments from the text of a file.

    >>> text = '''
    ... kind = "crm_lab rule segments"
    ... [[segment]]
    ... name = "night_parents"
    ... as_of = 2017-12-31
    ... window_days = 365
    ... all = [
    ...   {hours = [22, 6], share_at_least = 0.1},
    ...   {category = ["BABY FOODS"], lines_at_least = 5},
    ... ]'''
    >>> read_segments(text)[0].explain("en")
    'at least 10% of lines between 22 and 6 h, and at least 5 lines of category BABY FOODS'

    Args:
        text: TOML.
        name: What an error calls it.

    Returns:
        The segments, in order.

    Raises:
        BadInput: If anything in it cannot be; every problem is listed.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise BadInput(f"The file {name!r} is no TOML: {wrong}.") from None
    problems = Problems(f"The file {name!r}")
    problems.unless(content.get("kind") == KIND, f'kind is {content.get("kind")!r}; it must be "{KIND}".')
    strange = sorted(set(content) - {"kind", "segment"})
    problems.unless(not strange, f"It has {', '.join(strange)}; it may have kind and [[segment]] only.")
    given = content.get("segment", [])
    tables = isinstance(given, list) and all(isinstance(one, dict) for one in given)
    problems.unless(given and tables, "It has no segment; write each below [[segment]].")
    made = [_segment(one, place, problems) for place, one in enumerate(given if tables else [], start=1)]
    names = [one.get("name") for one in given] if tables else []
    again = sorted({str(n) for n in names if n is not None and names.count(n) > 1})
    problems.unless(not again, f"The names {', '.join(again)} occur more than once; each segment needs its own.")
    problems.raise_any()
    return tuple(segment for segment in made if segment is not None)


def _segment(given: Mapping[str, Any], place: int, problems: Problems) -> RuleSegment | None:
    where = f"{given.get('name', f'segment {place}')!s}"
    before = len(problems.found)
    lacks = [name for name in ("name", "as_of", "window_days") if name not in given]
    problems.unless(not lacks, f"{where} lacks {', '.join(lacks)}; membership is known on a day, from a window.")
    strange = sorted(set(given) - {*_HEAD, *_JOINED})
    problems.unless(not strange, f"{where} has {', '.join(strange)}; it may have {', '.join((*_HEAD, *_JOINED))}.")
    joined = [name for name in _JOINED if name in given]
    problems.unless(len(joined) == 1, f"{where} needs its conditions below `all` or below `any`, one of the two.")
    label = given.get("label", {})
    good = isinstance(label, dict) and set(label) <= {"en", "zh"}
    problems.unless(good, f"{where} has the label {label!r}; write label.en and label.zh.")
    condition = _condition({joined[0]: given[joined[0]]}, where, problems) if len(joined) == 1 else None
    if condition is None or len(problems.found) > before:
        return None
    if isinstance(condition, AllOf | AnyOf) and len(condition.parts) == 1:
        condition = condition.parts[0]
    try:
        return RuleSegment(
            given["name"], condition, given["as_of"], given["window_days"], label.get("en", ""), label.get("zh", "")
        )
    except BadInput as wrong:
        problems.extend(f"{where}: {sentence}" for sentence in wrong.problems)
        return None


def _condition(given: Any, where: str, problems: Problems, depth: int = 0) -> Condition | None:
    if not isinstance(given, dict) or depth > _DEEPEST:
        what = f"more than {_DEEPEST} levels" if depth > _DEEPEST else repr(given)
        problems.unless(False, f"{where} has {what} where a condition is needed.")
        return None
    joins = [name for name in ("all", "any", "not") if name in given]
    if joins and len(given) > 1:
        problems.unless(
            False,
            f"{where} mixes {joins[0]} with {', '.join(sorted(set(given) - {joins[0]}))} in one condition; nest them.",
        )
        return None
    if not joins:
        return _leaf(given, where, problems)
    return _nested(joins[0], given[joins[0]], where, problems, depth)


def _nested(join: str, given: Any, where: str, problems: Problems, depth: int) -> Condition | None:
    if join == "not":
        inside = _condition(given, f"{where}, not", problems, depth + 1)
        return None if inside is None else NotThat(inside)
    if not isinstance(given, list) or not given:
        problems.unless(False, f"{where} has no list of conditions below `{join}`.")
        return None
    parts = [_condition(one, f"{where}, {join} {n}", problems, depth + 1) for n, one in enumerate(given, start=1)]
    return _JOINED[join](tuple(p for p in parts if p is not None)) if None not in parts else None


def _leaf(given: Mapping[str, Any], where: str, problems: Problems) -> Condition | None:
    of_customer = set(given) == {"customer"} and isinstance(given["customer"], dict)
    try:
        return _customer(given["customer"]) if of_customer else _line(given)
    except BadInput as wrong:
        problems.extend(f"{where}: {sentence}" for sentence in (wrong.problems or (str(wrong),)))
        return None


def _line(given: Mapping[str, Any]) -> LineCondition:
    known = [f.name for f in fields(LineCondition)]
    strange = [name for name in given if name not in known]
    if strange:
        raise BadInput(
            "a condition", [f"{n!r} is no part of a condition; it may have {', '.join(known)}." for n in strange]
        )
    return LineCondition(**given)


def _customer(given: Mapping[str, Any]) -> CustomerCondition:
    known = [f.name for f in fields(CustomerCondition) if f.name != "groups"]
    own = {name: value for name, value in given.items() if name in known}
    groups = {name: value for name, value in given.items() if name not in known}
    return CustomerCondition(**own, groups=groups)


def write_segments(segments: Iterable[RuleSegment], path: str | Path) -> Path:
    """Write segments to a file, whole or not at all; a relative path starts at the project's folder.

    >>> import tempfile
    >>> text = '''
    ... kind = "crm_lab rule segments"
    ... [[segment]]
    ... name = "regulars"
    ... as_of = 2017-12-31
    ... window_days = 365
    ... all = [{customer = {orders_at_least = 3}}]'''
    >>> parents = read_segments(text)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load_segments(write_segments(parents, f"{folder}/s.toml")) == parents
    True

    Args:
        segments: The segments.
        path: The file.

    Returns:
        The path written.

    Raises:
        BadInput: If there is no segment, or a name occurs twice.
    """
    text = segments_toml(segments)
    read_segments(text, str(path))
    return write_whole(project_root() / Path(path).expanduser(), text.encode())


def segments_toml(segments: Iterable[RuleSegment]) -> str:
    """Segments as the text of a file; each has its rule in words as a comment.

    >>> from crm_lab.data.rule_segments import LineCondition
    >>> at_night = LineCondition(hours=(22, 6), share_at_least=0.1)
    >>> print(segments_toml([RuleSegment("night", at_night, date(2017, 12, 31), 365)])[32:])
    [[segment]]  # at least 10% of lines between 22 and 6 h
    name = "night"
    as_of = 2017-12-31
    window_days = 365
    all = [
      {hours = [22, 6], share_at_least = 0.1},
    ]
    <BLANKLINE>

    Args:
        segments: The segments.

    Returns:
        TOML.
    """
    blocks = [f'kind = "{KIND}"\n']
    for segment in segments:
        said = " ".join(segment.explain("en").split())
        lines = [f"[[segment]]{_comment(said)}"]
        for name, value in segment.to_dict().items():
            lines += _entry(name, value)
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _comment(said: str) -> str:
    return f"  # {said}" if said.isprintable() else ""


def _entry(name: str, value: Any) -> list[str]:
    if name == "label":
        return [f"label.{lang} = {_toml(text)}" for lang, text in value.items()]
    if name in _JOINED:
        return [f"{name} = [", *(f"  {_toml(one)}," for one in value), "]"]
    return [f"{name} = {_toml(value)}"]


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)


def _key(name: str) -> str:
    return name if name.replace("_", "a").replace("-", "a").isalnum() and name.isascii() else _toml(name)
