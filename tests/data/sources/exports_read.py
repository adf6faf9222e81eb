"""How the lab reads an export of `exports`: exact, asked, refused, or silently wrong."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from crm_lab import BadInput, open_workspace
from crm_lab.data.connection import connect, workspaces_dir
from crm_lab.data.sources.evidence.findings import Answers
from crm_lab.data.sources.evidence.whole_reading import WholeReading, read_whole
from crm_lab.data.sources.files import described, file_source
from tests.data.sources.exports import Export


def outcome(export: Export) -> tuple[str, str]:
    """The outcome and, where it is no good one, what was seen.

    ``exact``, ``asked`` (two readings fit, the right answer gives exact books), ``refused`` (rightly),
    ``needless question``, ``needless refusal``, ``wrong``.
    """
    try:
        whole = _read(export, Answers())
    except BadInput as error:
        return ("refused" if export.refused else "needless refusal"), str(error)
    asked = {question.topic for question in whole.settled.questions}
    if export.refused and asked:
        return "refused", ""
    needless = asked - export.open
    try:
        if asked:
            whole = _read(export, Answers(**export.answers))
        if whole.settled.questions:
            return "needless question", "; ".join(map(str, whole.settled.questions))
        wrong = _differences(export, whole)
    except BadInput as error:
        return "needless refusal", str(error)
    if wrong:
        return "wrong", wrong
    return ("needless question", ", ".join(sorted(needless))) if needless else ("asked" if asked else "exact", "")


def _read(export: Export, answers: Answers) -> WholeReading:
    home = workspaces_dir()
    return read_whole(connect(home).cursor(), home, [export.path], [], answers)


def _differences(export: Export, whole: WholeReading) -> str:
    reading = whole.proposal.reading
    form = {"format": reading.format, "delimiter": reading.delimiter, "encoding": reading.encoding,
            "skip_rows": reading.skip_rows, "sheets": reading.sheets}  # fmt: skip
    table = {
        "name": "export",
        "path": str(export.path),
        **form,
        **whole.settled.settings,
        "columns": whole.settled.columns,
    }
    workspace = open_workspace(file_source(described(table, "The export", Path())))
    rows = workspace.cursor().execute(
        "select customer_id, date::text, sum(net_amount)::text"
        f" from read_parquet('{workspace.folder}/transactions.parquet') where kind <> 'fee' group by all"
    )
    found = {(who, day): Decimal(money) for who, day, money in rows.fetchall()}
    wrong = {
        key
        for key in found.keys() | export.money.keys()
        if abs(found.get(key, 0) - export.money.get(key, 0)) > Decimal("0.0001")
    }
    if not wrong:
        return ""
    key = min(wrong, key=str)
    total = sum(found.values()), sum(export.money.values())
    return f"{len(wrong)} differ, e.g. {key}: read {found.get(key)}, true {export.money.get(key)}; in all {total}"
