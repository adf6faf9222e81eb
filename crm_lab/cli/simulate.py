"""``crm-lab simulate SCENARIO``: write a simulated retailer, and its answer key apart from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_lab.checks import BadInput

if TYPE_CHECKING:
    from crm_lab.simulate.retailer import RetailerPlan
    from crm_lab.simulate.scenario.scenario import Says


@click.command()
@click.argument("scenario", required=False)
@click.option("--customers", type=int, help="How many customers (default: the scenario's).")
@click.option("--seed", type=int, help="The chance that plays (default: the scenario's).")
@click.option("--student", help="A seed from a name instead: other numbers, the same difficulty.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting, e.g. dirt.duplicate=0.01.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the tables.")
@click.option("--key", type=click.Path(path_type=Path), help="Folder for the answer key; none is written without it.")
@click.option("--explain", is_flag=True, help="Say what is true in the scenario and what misleads; write nothing.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", help="Language of what is said.")
def simulate(  # noqa: PLR0913, PLR0917 - one argument per option
    scenario: str | None,
    customers: int | None,
    seed: int | None,
    student: str | None,
    settings: tuple[str, ...],
    out: Path | None,
    key: Path | None,
    explain: bool,
    lang: str,
) -> None:
    """Simulate a retailer whose truth is known: a folder of tables that reads like any other source.

    SCENARIO is one of those listed when it is left out, or a .toml file.
    """
    from crm_lab.simulate.retailer import prepare
    from crm_lab.simulate.scenario.streams import student_seed
    from crm_lab.simulate.source_name import parse_setting

    if scenario is None:
        _list(lang)
        return
    if student is not None and seed is not None:
        raise BadInput("Both --seed and --student are given; leave one out.")
    overrides = dict(parse_setting(text) for text in settings)
    plan = prepare(scenario, customers, student_seed(student) if student else seed, overrides)
    if explain:
        _explain(plan.common.scenario.says[lang], lang)
        return
    if out is None:
        raise BadInput("There is no folder for the tables; name one with --out, or use --explain.")
    _write(plan, out, key, lang)


def _write(plan: RetailerPlan, out: Path, key: Path | None, lang: str) -> None:
    from crm_lab.messages import Message
    from crm_lab.simulate.folder import read_manifest, write_retailer

    write_retailer(plan, out, key)
    rows = read_manifest(out)["rows"]
    click.echo(Message("simulate.written", {"folder": out, **rows}).text(lang))
    click.echo(Message("simulate.key_written" if key else "simulate.key_unwritten", {"folder": key}).text(lang))


def _list(lang: str) -> None:
    from crm_lab.messages import Message
    from crm_lab.simulate.scenario.scenario_file import load_scenario, scenario_names

    click.echo(Message("simulate.scenarios").text(lang))
    for name in scenario_names():
        scenario = load_scenario(name)
        values = {"name": f"{name:<10}", "title": scenario.says[lang].title, "customers": scenario.customers}
        click.echo(Message("simulate.scenario", {**values, "days": scenario.days}).text(lang))


def _explain(says: Says, lang: str) -> None:
    from crm_lab.messages import Message

    click.echo(says.title)
    for heading, sentences in (("simulate.true", says.true), ("simulate.naive", says.naive)):
        click.echo("\n" + Message(heading).text(lang))
        for sentence in sentences:
            click.echo(f"  - {sentence}")
