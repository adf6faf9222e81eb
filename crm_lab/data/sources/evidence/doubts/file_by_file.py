"""Files among several that write days or numbers in a form of their own: each is read by itself."""

from __future__ import annotations

from collections import Counter

from crm_lab.data.sources.evidence.days.date_forms import formats_of_shape, shapes_of
from crm_lab.data.sources.evidence.findings import Answers, Settled, say
from crm_lab.data.sources.evidence.money_forms import number_marks
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.lines.own_forms import MONEY_ROLES, in_file, with_one_date_form, with_one_mark
from crm_lab.data.sources.raw_rows import PART


def settle_files(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Rewrite days and numbers of files that have a form of their own, where all files together have none."""
    names = _names(file)
    if len(names) < 2:
        return
    if not answers.date_format and "time" not in settled.columns and "date_format" not in settled.settings:
        _settle_days(file, names, settled)
    if not answers.decimal:
        _settle_marks(file, names, settled)


def _names(file: WholeFile) -> list[str]:
    """Names of the files; none where two have the same or each is a sheet."""
    if (PART,) not in file.rows("select column_name from (describe looked)"):
        return []
    parts = [row[0] for row in file.rows(f"select distinct {PART} from looked order by 1") if row[0]]
    names = [part.partition(" ")[2] for part in parts]
    return names if len(set(names)) == len(names) and all(part[:5].isdigit() for part in parts) else []


def _settle_days(file: WholeFile, names: list[str], settled: Settled) -> None:
    column = settled.columns["date"]
    text = file.date_text({"date": column})
    forms = [formats_of_shape(shape) for shape in shapes_of(file, text)]
    if all(len(fits) == 1 for fits in forms):
        return
    alone = {name: [formats_of_shape(shape) for shape in shapes_of(file, text, in_file(name))] for name in names}
    if any(len(fits) != 1 for kinds in alone.values() for fits in kinds):
        return
    own = {name: " | ".join(dict.fromkeys(fits[0] for fits in kinds)) for name, kinds in alone.items() if kinds}
    main = next(iter(own.values()))
    others = {name: form for name, form in own.items() if form != main}
    file.rewrite(lambda raw: with_one_date_form(raw, column, main, others))
    said = ", ".join(f"{name} {form}" for name, form in own.items())
    settled.take(say("several.days", column=column, said=said), dates_in=others)


def _settle_marks(file: WholeFile, names: list[str], settled: Settled) -> None:
    columns = dict.fromkeys(column for role, column in settled.columns.items() if role in MONEY_ROLES)
    marks: dict[str, str] = {}
    for name in names:
        seen = [number_marks(file, column, in_file(name)) for column in columns]
        point, comma = (sum(counts[i] for counts in seen) for i in (0, 1))
        if point and comma:
            return
        if point or comma:
            marks[name] = "." if point else ","
    if len(set(marks.values())) < 2:
        return
    main = Counter(marks.values()).most_common(1)[0][0]
    others = [name for name, mark in marks.items() if mark != main]
    file.rewrite(lambda raw: with_one_mark(raw, settled.columns, others))
    said = ", ".join(f"{name} {mark!r}" for name, mark in marks.items())
    settled.take(say("several.marks", said=said), other_mark_in=others)
