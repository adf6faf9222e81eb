"""``crm-lab verify``: run a run again and prove that every byte is the same."""

from __future__ import annotations

import click


@click.command()
@click.argument("run")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Pages at once.")
def verify(run: str, jobs: int) -> None:
    """Execute RUN again and compare every notebook, page, table and list byte by byte.

    A run is SUITE (its latest), SUITE/RUN, or its folder. Only manifest.json and run.log, which say when and how
    long, are left out. The exit code is 0 if all is equal, 1 if a file differs: its first difference is shown.
    """
    from crm_lab.cli.progress import Lines
    from crm_lab.cli.runs.suite_data import SuiteData
    from crm_lab.project import project_root
    from crm_lab.run import verification
    from crm_lab.run.archive.past_runs import find_run
    from crm_lab.run.run_suite import Options
    from crm_lab.run.suites.notebook_file import notebooks

    root = project_root()
    found = find_run(root / "outputs", run)
    lang, timeout = str(found.manifest["lang"]), float(found.manifest["timeout_s"])
    data = SuiteData(lang)
    data.know(sorted({str(s) for page in found.manifest["pages"] if (s := page["parameters"].get("source"))}))
    options = Options(root, lang, timeout, jobs, ledger=data.ledger)
    result = verification.verify(found, options, notebooks(root), Lines())
    name = f"{found.suite}/{found.id}"
    for one in result.differences:
        click.echo(f"✗ {one.file}{f', line {one.line}' if one.line else ': only in one of the two'}")
        if one.line:
            click.echo(f"    {name}: {one.before}\n    again: {one.after}")
    same = result.files - len(result.differences)
    click.echo(f"{same} of {result.files} files of {name} are the same, byte by byte.")
    click.get_current_context().exit(int(bool(result.differences)))
