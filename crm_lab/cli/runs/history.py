"""``crm-lab history``: what a fact was in every run."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("fact")
@click.option("--suite", default="tour", show_default=True, help="The suite whose runs are looked at.")
@click.option("--csv", type=click.Path(path_type=Path), help="Write the table to this file.")
def history(fact: str, suite: str, csv: Path | None) -> None:
    """Show what FACT (its id, as in results.json) was in every run of a suite, oldest first."""
    from crm_lab.checks import BadInput, as_name
    from crm_lab.project import project_root
    from crm_lab.run.archive.fact_history import fact_history
    from crm_lab.run.html.presentation import number

    table = fact_history(project_root() / "outputs" / as_name(suite, "suite"), fact)
    if csv is not None:
        if not csv.resolve().parent.is_dir():
            raise BadInput(f"There is no folder {csv.parent} to write {csv.name} into.")
        table.to_csv(csv, index=False)
    shown = table.assign(
        **{name: [number(value, unit) for value, unit in zip(table[name], table["unit"], strict=True)]
           for name in ("value", "lo", "hi")},
        is_unusual=["!" if unusual else "" for unusual in table["is_unusual"]],
    )  # fmt: skip
    click.echo(f"{fact}: {table['label'].iloc[-1]}")
    columns = ["run", "as_of", "notebook", "value", "lo", "hi", "is_unusual"]
    click.echo(shown[columns].rename(columns={"is_unusual": "unusual"}).to_string(index=False))
