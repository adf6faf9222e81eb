"""``crm-lab status``: where each suite stands."""

from __future__ import annotations

import click


@click.command()
@click.argument("suites", nargs=-1)
def status(suites: tuple[str, ...]) -> None:
    """Say of each suite (or of SUITES): its runs, the last one, the last good one, room on disk.

    A run by a scheduler that did not even start is named with the reason. The exit code is 1 if a suite's newest run
    failed or was refused.
    """
    from crm_lab.checks import BadInput
    from crm_lab.project import project_root
    from crm_lab.run.archive.retention import standing

    outputs = project_root() / "outputs"
    found = [standing(folder) for folder in sorted(outputs.glob("*")) if folder.is_dir()]
    found = [one for one in found if (one.runs or one.refusal) and (not suites or one.suite in suites)]
    if missing := set(suites) - {one.suite for one in found}:
        raise BadInput(f"There are no runs of {', '.join(sorted(missing))}.")
    if not found:
        click.echo("There are no runs yet: crm-lab run tour")
    bad = False
    for one in found:
        newest, good = one.last, one.last_good
        click.echo(f"{one.suite}: {one.good} good of {one.runs} runs, {one.megabytes:,.0f} MB")
        click.echo(
            f"  newest    {newest.id if newest else '–'}{_why(newest) if newest and not newest.is_whole else ''}"
        )
        click.echo(f"  last good {good.id if good else '–'}")
        if one.refusal:
            click.echo(f"  refused   {one.refusal.when}  {' '.join(one.refusal.why.split())}")
        bad |= bool(one.refusal) or (newest is not None and newest.manifest["exit_code"] != 0)
    click.get_current_context().exit(int(bad))


def _why(run: object) -> str:
    manifest = getattr(run, "manifest", {})
    if manifest.get("exit_code"):
        failed = [page["notebook"] for page in manifest["pages"] if page["status"] not in ("ok", "refused")]
        return f"  exit code {manifest['exit_code']}: {', '.join(failed) or 'its pages contradict each other'}"
    return f"  of {', '.join(manifest.get('only', ()))} only"
