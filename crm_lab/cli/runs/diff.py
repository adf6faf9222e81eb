"""``crm-lab diff``: what a run says other than an earlier one, why, and whether that is unusual."""

from __future__ import annotations

import json

import click


@click.command()
@click.argument("run")
@click.argument("earlier", required=False)
@click.option("--json", "as_json", is_flag=True, help="Everything, as in changes.json.")
@click.option("--all", "everything", is_flag=True, help="Name every figure that moved, not only the unusual ones.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", help="Language of the sentences.")
def diff(run: str, earlier: str | None, lang: str, *, as_json: bool, everything: bool) -> None:
    """Compare RUN with EARLIER, by default the last good run before it.

    A run is SUITE (its latest), SUITE/RUN, or its folder. The exit code is 0 whether or not anything differs.
    """
    from crm_lab.checks import BadInput
    from crm_lab.messages import Message
    from crm_lab.project import project_root
    from crm_lab.run.archive.changes import changes_since
    from crm_lab.run.archive.past_runs import find_run, last_good, runs_before
    from crm_lab.run.html.change_sentences import sentence, sentences

    outputs = project_root() / "outputs"
    later = find_run(outputs, run)
    before = find_run(outputs, earlier) if earlier else last_good(runs_before(later))
    if before is None:
        raise BadInput(f"There is no good run before {later.suite}/{later.id} to compare it with.")
    found = changes_since(before, later)
    if as_json:
        click.echo(json.dumps(found.to_json(), ensure_ascii=False, indent=1))
        return
    for line in sentences(found, lang, len(found.facts)):
        click.echo(line)
    for change in found.facts if everything else ():
        if change not in found.unusual:
            verdict = Message(f"changes.verdict.{change.verdict}").text(lang)
            click.echo(f"[{verdict}] {sentence(change, lang)}")
