"""The customers of a segment as a source: ``complete_journey,segment=segments.toml#night_parents``.

Every table keeps the rows of these customers, before and after the segment's day; rows without a customer stay only
where the table has no customers at all. The books begin with the whole source.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_lab.checks import BadInput
from crm_lab.data.cleaning.built_once import built_once
from crm_lab.data.cleaning.cleaning_rules import recorded
from crm_lab.data.cleaning.part_of_source import cut_rows
from crm_lab.data.rule_segments.built_tables import BuiltTables, TablesOfADay
from crm_lab.data.rule_segments.segment_files import load_segments
from crm_lab.data.stored_tables import stored

if TYPE_CHECKING:
    from crm_lab.data.rule_segments.rule_segment import RuleSegment

_FORM = re.compile(r"(?P<whole>.+),segment=(?P<file>.+?\.toml)(?:#(?P<name>[^#]*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SegmentOfSource:
    """Which segment of which source.

    Attributes:
        whole: Name of the whole source.
        file: The segment file.
        segment: The name in it; empty where none was given, which opens nothing.
    """

    whole: str
    file: str
    segment: str

    @property
    def name(self) -> str:
        """As a notebook's ``source`` says it.

        >>> SegmentOfSource("complete_journey", "s.toml", "night_parents").name
        'complete_journey,segment=s.toml#night_parents'
        """
        return f"{self.whole},segment={self.file}#{self.segment}"


def segment_named(source: str) -> SegmentOfSource | None:
    """The segment that a source's name means; ``None`` where it names none.

    >>> segment_named("complete_journey,segment=s.toml#night_parents")
    SegmentOfSource(whole='complete_journey', file='s.toml', segment='night_parents')
    >>> segment_named("complete_journey,store=367") is None
    True
    """
    found = _FORM.fullmatch(source)
    return SegmentOfSource(found["whole"], found["file"], found["name"] or "") if found else None


def open_segment(whole: BuiltTables, chosen: SegmentOfSource) -> Path:
    """The folder of a segment's tables, made first if it is missing.

    Args:
        whole: The workspace of the whole source.
        chosen: Which segment.

    Raises:
        BadInput: If there is no such segment, the data lack what it asks for, or nobody is in it.
    """
    segment = _picked(chosen)
    then = _tables_of(whole, segment.as_of)
    segment.check(then)
    query = segment.sql(then)
    about = _about(whole, chosen, segment)
    said = json.dumps(about, ensure_ascii=False, indent=1)
    key = hashlib.sha256(f"{whole.key},{query},{said}".encode()).hexdigest()[:12]

    def make(folder: Path) -> str:
        ids = then.sql(f"select customer_id from ({query}) where member")
        connection = whole.cursor()
        connection.register("given_members", ids)
        connection.execute("create or replace temp table members_ as select customer_id from given_members")
        connection.unregister("given_members")
        here = f"select source_row from {stored(whole.folder, 'judged')} where customer_id in (from members_)"
        nothing = f"Nobody is in the segment {segment.name!r} on {segment.as_of}; widen its conditions."
        rules = recorded(whole.about["rules"])
        cut_rows(connection, whole.folder, folder, rules, here, lambda p: _rows(whole, folder, p.stem), nothing)
        return said

    return built_once(str(about["source"]), key, make)


def _picked(chosen: SegmentOfSource) -> RuleSegment:
    segments = load_segments(chosen.file)
    found = [segment for segment in segments if segment.name == chosen.segment]
    if not found:
        have = ", ".join(segment.name for segment in segments)
        if not chosen.segment:
            raise BadInput(f"Say which segment of {chosen.file}, as {chosen.file}#{segments[0].name}; it has {have}.")
        raise BadInput(f"There is no segment {chosen.segment!r} in {chosen.file}; it has {have}.")
    return found[0]


def _tables_of(whole: BuiltTables, day: date) -> TablesOfADay:
    first, last = whole.day_range
    if not first <= day <= last:
        raise BadInput(f"The segment is known on {day}, but the data run from {first} to {last}; change its as_of.")
    return whole.at(day)


def _about(whole: BuiltTables, chosen: SegmentOfSource, segment: RuleSegment) -> dict[str, Any]:
    languages = {"en", "zh", *whole.about.get("titles", {})}
    old = {lang: whole.about.get("titles", {}).get(lang, whole.about["title"]) for lang in languages}
    return {
        **whole.about,
        "source": replace(chosen, whole=whole.source).name,
        "title": f"{whole.about['title']} · {segment.label('en')} ({segment.as_of})",
        "titles": {lang: f"{old[lang]} · {segment.label(lang)} ({segment.as_of})" for lang in sorted(languages)},
        "days": [day.isoformat() for day in (*whole.day_range, whole.last_complete_day)],
    }


def _rows(whole: BuiltTables, folder: Path, table: str) -> str:
    columns, wanted = whole.columns(table), "true"
    if "customer_id" in columns:
        wanted = "customer_id in (from members_)"
    elif "store_id" in columns:
        wanted = f"store_id is null or store_id in (select store_id from {stored(folder, 'transactions')})"
    return f"from {stored(whole.folder, table)} where {wanted} order by all"
