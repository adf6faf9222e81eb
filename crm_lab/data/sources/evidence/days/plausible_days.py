"""Days that cannot be days of trade because the calendar is another, or the form of the dates is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from crm_lab.data.sources.evidence.findings import Settled
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.refusal import refused

_FIRST = 1980
_SOME, _MANY = 3, 0.05


def refuse_other_calendars(file: WholeFile, settled: Settled) -> None:
    """Refuse a file of which three days and more than one in twenty are still to come, or before shops had tills.

    Raises:
        BadInput: With their number and one of them.
    """
    form = str(settled.settings.get("date_format", ""))
    if settled.questions or not form:
        return
    column = settled.columns["date"]
    day = file.day(settled.columns, form)
    last = datetime.now(UTC).date() + timedelta(days=1)
    beyond = f"not {day} between date '{_FIRST}-01-01' and date '{last}'"
    n, rows, read = file.row(f"count(*) filter ({beyond}), count({day}), min({day}) filter ({beyond})")
    if n >= _SOME and n > _MANY * rows:
        raise refused("no_days_of_trade", n=n, rows=rows, column=column, read=read, form=form)
