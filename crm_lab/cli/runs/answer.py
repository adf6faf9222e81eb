"""``crm-lab answer``: what a page answers, for people and for machines."""

from __future__ import annotations

import json

import click


@click.command()
@click.argument("page")
@click.option("--run", default="tour", show_default=True, help="SUITE (its latest), SUITE/RUN, or a run's folder.")
@click.option("--json", "as_json", is_flag=True, help="As JSON (docs/answer.schema.json), at most 2 KB.")
def answer(page: str, run: str, *, as_json: bool) -> None:
    """Say what PAGE (its number or name) of a run answers.

    The exit code is 0 if it answers, 1 if the page failed.
    """
    from crm_lab.run.archive.page_answer import answer as answer_of

    found = answer_of(run, page)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, allow_nan=False))
    else:
        click.echo(found["question"])
        for part in ("finding", "certainty", "action", "refusal"):
            if found[part]:
                click.echo(f"  {found[part]}")
    click.get_current_context().exit(int(found["status"] not in ("ok", "refused")))
