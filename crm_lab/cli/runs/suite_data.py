"""What a run asks of the data: their days, their keys; the runner itself reads none."""

from __future__ import annotations

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

    def key(self, source: str) -> str:
        """The key of a source's data as they are now; empty where there are none."""
        from crm_lab.data.workspace import open_workspace

        try:
            return (self._open.get(source) or open_workspace(source)).key
        except BadInput:
            return ""

    def ledger(self, source: str, key: str) -> dict[str, list[Any]] | None:
        """What the lines of each day are, if the data are still those of the key."""
        from crm_lab.data.workspace import open_workspace

        try:
            workspace = self._open.get(source) or open_workspace(source)
        except BadInput:  # data that a page made for itself
            return None
        ledger = workspace.day_ledger()
        return {str(name): ledger[name].tolist() for name in ledger} if workspace.key == key else None

    def _workspace(self, source: str) -> Workspace:
        from crm_lab.data.workspace import open_workspace
        from crm_lab.messages import Message

        if source not in self._open:
            click.echo(Message("run.data", {"source": source}).text(self._lang))
            self._open[source] = open_workspace(source)
        return self._open[source]
