"""What a run asks of the data: their days, their keys; the runner itself reads none."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from crm_lab.checks import BadInput

if TYPE_CHECKING:
    from datetime import date

    from crm_lab.data.workspace import Workspace


class SuiteData:
    """The days that the data hold, asked for only when a plan needs them; says so, as the first time takes a while."""

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self._open: dict[str, Workspace] = {}

    def day_range(self, source: str) -> tuple[date, date]:
        """First and last day."""
        return self._workspace(source).day_range

    def last_complete_day(self, source: str) -> date:
        """The last day that is there as a whole."""
        return self._workspace(source).last_complete_day

    def parts(self, source: str, by: str) -> dict[str, str]:
        """The parts of a source: each value of a column, with the name of its own source."""
        from crm_lab.data.cleaning.part_of_source import Part, full_name

        return {value: Part(source, full_name(by), value).name for value in self._workspace(source).parts(by)}

    def key(self, source: str) -> str:
        """The key of a source's data as they are now; empty where there are none."""
        found = self._named(source)
        return found.key if found else ""

    def ledger(self, source: str, key: str) -> dict[str, list[Any]] | None:
        """What the lines of each day are, if the data are still those of the key."""
        found = self._named(source)
        if found is None or found.key != key:
            return None
        ledger = found.day_ledger()
        return {str(name): ledger[name].tolist() for name in ledger}

    def know(self, sources: Iterable[str]) -> None:
        """Open sources as pages name them, such as the file of a suite, so that they are known by their own names."""
        for source in sources:
            self._workspace(source)

    def _named(self, source: str) -> Workspace | None:
        """The data of a name, as published results give it; nothing for data that a page made for itself."""
        from crm_lab.data.workspace import open_workspace

        known = next((workspace for workspace in self._open.values() if workspace.source == source), None)
        if known is not None:
            return known
        with suppress(BadInput):
            return open_workspace(source)
        return None

    def _workspace(self, source: str) -> Workspace:
        from crm_lab.data.workspace import open_workspace
        from crm_lab.messages import Message

        if source not in self._open:
            click.echo(Message("run.data", {"source": source}).text(self._lang))
            self._open[source] = open_workspace(source)
        return self._open[source]
