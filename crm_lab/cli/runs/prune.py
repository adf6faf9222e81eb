"""``crm-lab prune``: old runs go, never the last good one."""

from __future__ import annotations

import click

_KEPT = "; what they said stays in figures.jsonl for crm-lab history"


@click.command()
@click.argument("suites", nargs=-1)
@click.option("--keep", type=click.IntRange(0), default=52, show_default=True, help="Newest runs that stay.")
@click.option(
    "--keep-monthly", type=click.IntRange(0), default=24, show_default=True, help="Months whose last good run stays."
)
@click.option("--dry-run", is_flag=True, help="Say what would go, remove nothing.")
def prune(suites: tuple[str, ...], keep: int, keep_monthly: int, *, dry_run: bool) -> None:
    """Remove old runs of all suites, or of SUITES.

    Their figures stay in outputs/SUITE/figures.jsonl, where `crm-lab history` finds them.
    """
    from crm_lab.checks import BadInput
    from crm_lab.project import project_root
    from crm_lab.run.archive import retention
    from crm_lab.run.archive.past_runs import past_runs

    outputs = project_root() / "outputs"
    folders = {folder.name: folder for folder in sorted(outputs.glob("*")) if folder.is_dir() and past_runs(folder)}
    if missing := set(suites) - folders.keys():
        raise BadInput(f"There are no runs of {', '.join(sorted(missing))}.")
    for name in suites or folders:
        gone = retention.prune(folders[name], keep, keep_monthly, only_say=dry_run)
        left = len(past_runs(folders[name])) - (len(gone) if dry_run else 0)
        click.echo(
            f"{name}: {len(gone)} runs {'would go' if dry_run else 'removed'}, {left} stay{_KEPT if gone else ''}"
        )
        for run in gone if dry_run else ():
            click.echo(f"  {run.id}")
