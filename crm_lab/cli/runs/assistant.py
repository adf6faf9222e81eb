"""``crm-lab assistant``: reports for assistants, by the Model Context Protocol over standard input and output."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from crm_lab.checks import BadInput


@click.command()
def assistant() -> None:
    """Answer an assistant's questions about published runs; it reads no customer's row.

    Needs the group `assistant`: pip install 'crm-lab[assistant]'.
    """
    server().run("stdio")


def server() -> Any:
    """The server with its four tools.

    Raises:
        BadInput: If the protocol's package is not installed.
    """
    try:
        from mcp.server.mcpserver import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
    except ImportError:
        raise BadInput("Assistants are answered by the package mcp: pip install 'crm-lab[assistant]'.") from None

    def saying_why(tool: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(tool)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return tool(*args, **kwargs)
            except BadInput as error:
                raise ToolError(str(error)) from None

        return call

    made = MCPServer("crm_lab", instructions="Answers of retail CRM reports. Say so where an answer is simulated.")
    for tool in (runs, answer, changes, history):
        made.add_tool(saying_why(tool))
    return made


def runs(suite: str) -> list[dict[str, Any]]:
    """The published runs of a suite, oldest first: id, whether whole and good, page numbers."""
    from crm_lab.run.archive.past_runs import past_runs

    found = past_runs(_outputs() / suite)
    return [{"run": r.id, "good": r.is_whole, "pages": [p["number"] for p in r.pages.values()]} for r in found]


def answer(run: str, page: str) -> dict[str, Any]:
    """What a page of a run (suite or suite/run) answers: finding, certainty, action, facts, decision, source."""
    from crm_lab.run.archive import page_answer

    return page_answer.answer(run, page, _outputs())


def changes(run: str) -> dict[str, Any]:
    """What a run says other than the last good one before it, with causes; empty for a first run."""
    from crm_lab.run.archive.past_runs import CHANGES, find_run

    file = find_run(_outputs(), run).folder / CHANGES
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}


def history(suite: str, fact: str) -> list[dict[str, Any]]:
    """What a fact (its id) was in every run of a suite, oldest first."""
    from crm_lab.run.archive.fact_history import fact_history

    table = fact_history(_outputs() / suite, fact)[["run", "as_of", "value", "lo", "hi", "unit", "is_unusual"]]
    return [{str(k): v for k, v in row.items()} for row in table.astype(object).to_dict("records")]


def _outputs() -> Any:
    from crm_lab.project import project_root

    return project_root() / "outputs"
