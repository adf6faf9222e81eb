"""``crm-lab init`` for a test: a file with one row per unit becomes a suite of pages 14, 15 and 16."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_lab.checks import BadInput

if TYPE_CHECKING:
    from crm_lab.data.sources.first_look.first_rows import Look
    from crm_lab.experiments.core.experiment import Experiment
    from crm_lab.experiments.origins.column_roles_of_a_test import Recognised

PAGES = ("14_how_large_a_test", "15_was_the_test_sound", "16_did_the_programme_pay")
_LABELS = {
    "arm": "arm", "unit": "unit", "cluster": "assigned by", "outcome": "outcome",
    "metrics": "more metrics", "covariates": "before the start",
    "segments": "segments", "funnel": "take-up", "assigned_on": "assigned on", "outcome_from": "outcome from",
    "outcome_until": "outcome until", "later": "later", "elsewhere": "elsewhere", "margin": "margin",
    "rewards": "rewards",
}  # fmt: skip
_MEASURED = {"margin": "margin", "rate": "rewards"}
_REDEEMED = 0.7
_ASKED = {"margin_share": "margin", "reward_rate": "rewards", "contact_cost": "", "running_cost": ""}
_TERMS = """
# The programme's terms. Set yours and take each out of assumed_terms: with examples there is no decision.
assumed_terms = "{assumed}"
margin_share = {margin}  # gross margin as a share of spend{margin_seen}
reward_rate = {rate}  # face value of points per unit of spend{rate_seen}
redemption_share = {redeemed}  # share of points redeemed in the end; the rest is breakage
redemption_sd = 0.05  # how uncertain that share is
contact_cost = 0.5  # communication per treated unit over the window
running_cost = 1000.0  # running cost of the programme over the window, in all
# plan_file = "plan.json"  # the plan that page 14 wrote before the start: 15 and 16 list what deviates from it
"""


@dataclass(frozen=True)
class TestOptions:
    """What the user said on the command line, beside the path."""

    name: str
    columns: dict[str, str]
    control: str
    control_share: float | None
    as_of: str | None
    date_format: str
    currency: str
    treatment: str = ""
    missing_outcome: str = ""
    assignment: str = ""


def init_test(path: Path, look: Look, options: TestOptions, target: Path) -> None:
    """Say what the file seems to be, check it, and write the suite.

    Raises:
        BadInput: If something can be read in two ways or the test cannot be used; nothing is written then.
    """
    from crm_lab.experiments import OwnTest
    from crm_lab.experiments.origins.column_roles_of_a_test import recognise

    found = recognise(look, options.columns, options.control, options.date_format)
    _show(path, look, found)
    _ask_how_assigned(found, options.assignment)
    day = options.as_of or f"{datetime.fromtimestamp(path.stat().st_mtime, UTC):%Y-%m-%d}"
    settings: dict[str, Any] = {"path": str(path.resolve()), **_settings(found), "treatment": options.treatment}
    settings |= {
        "currency": options.currency,
        "missing_outcome": options.missing_outcome,
        "assignment": options.assignment,
    }
    own = OwnTest(file=settings["path"], **{k: v for k, v in settings.items() if k != "path"})
    test = own.open(own.tables(day))
    settings["cluster"] = test.guards.cluster
    settings["control_share"] = _planned(test, options.control_share)
    target.write_text(_suite(options.name, day, settings, _terms(test)), encoding="utf-8")
    _say(test, found, options, day)
    click.echo(
        f"Written: {target.parent.name}/{target.name}; set the programme's terms in it.\n"
        f"Next:    crm-lab run {shlex.quote(options.name)}"
    )


def _ask_how_assigned(found: Recognised, said: str) -> None:
    """Ask where a name says that units put themselves into an arm.

    Raises:
        BadInput: If it does and the user did not say how units were assigned.
    """
    from crm_lab.experiments.core.column_words import chosen_by_units

    name = "" if said else chosen_by_units(found.one("arm"), found.arms)
    if name:
        raise BadInput(
            f"{name!r} says that units put themselves into an arm (who answers, opens or joins differs in everything)."
            " Was the arm drawn by lot before the start? Say --assignment random, or --assignment chosen (no effect is"
            " then read)."
        )


def _settings(found: Recognised) -> dict[str, Any]:
    names = {role: found.one(role) for role in _LABELS}
    return {**{k: v for k, v in names.items() if v}, "control": found.control, "date_format": found.date_format}


def _show(path: Path, look: Look, found: Recognised) -> None:
    from crm_lab.experiments.core.column_words import known_after

    click.echo(f"{path.name}: a test, one row per unit; {look.rows:,} rows looked at")
    for role, label in _LABELS.items():
        if column := found.one(role):
            example = "" if ", " in column else f"  (e.g. {next(iter(look.values[column]), 'nothing')!s:.40})"
            click.echo(f"  {label:<16} <- {column}{example}")
    click.echo(f"  {'control':<16} <- {found.control} of {', '.join(found.arms)}")
    if not found.one("unit"):
        click.echo("  no id: every row is a unit of its own")
    if found.weeks:
        click.echo(f"  {found.weeks} columns with the outcome by week")
    if found.unused:
        known = [name for name in found.unused if not known_after(name)]
        hint = "; what was known before the start may help: --column covariates=" if known else ""
        columns = ",".join([*_as_list(found, "covariates"), *known[:1]]) if known else ""
        click.echo(f"  not used: {', '.join(found.unused)}{hint}{columns}")


def _as_list(found: Recognised, role: str) -> list[str]:
    return [name for name in found.one(role).split(", ") if name]


def _planned(test: Experiment, share: float | None) -> float:
    """The control's planned share; asked for where equal arms cannot be what was planned."""
    from crm_lab.experiments.core.planned_shares import SRM_ALPHA, srm_pvalue

    if share is not None:
        return share
    counts = test.assigned()
    if test.doubt is not None or srm_pvalue(counts, dict.fromkeys(counts, 1 / len(counts))) >= SRM_ALPHA:
        return 0.0
    sizes, here = ", ".join(f"{arm} {n:,}" for arm, n in counts.items()), counts[test.control] / sum(counts.values())
    raise BadInput(
        f"The arms are not of equal size ({sizes}). Was that the plan? Say the planned share of the control:"
        f" --control-share {here:.2g}, or --control-share {1 / len(counts):.3g} if they should have been equal"
        " (page 15 will then say that units were lost)."
    )


def _say(test: Experiment, found: Recognised, options: TestOptions, day: str) -> None:
    sizes = ", ".join(f"{arm} {n:,}" for arm, n in test.counts().items())
    click.echo(f"\n{len(test.frame):,} units: {sizes}.")
    if options.as_of is None and (found.one("outcome_until") or found.one("assigned_on")):
        click.echo(f"Outcome windows must have ended by {day}, the day the file was written; --as-of says otherwise.")
    for said in [*test.guards.withdrawn.values(), *([test.guards.refused] if test.guards.refused else [])]:
        click.echo(said.text())
    if not test.covariates:
        click.echo("Nothing measured before the start was found: balance cannot be checked, intervals stay wide.")
    if not found.weeks:
        click.echo(
            "No outcome by week: the launch cannot be told from the steady state (columns week_01, week_02, ...)."
        )
    click.echo("Pages 14, 15 and 16 can answer. The others, and the run time on 14, need purchases.\n")


def _terms(test: Experiment) -> str:
    """The terms to write down; margin and rewards as measured where the file has them."""
    treated = test.frame[test.frame[test.arm] != test.control]
    spend, seen = float(treated[test.outcomes[0]].sum()), ", as measured in the file"
    margin, rate = 0.3, 0.01
    if "margin" in test.money and spend > 0:
        margin = round(float(treated[test.money["margin"]].sum()) / spend, 3)
    if "rewards" in test.money and spend > 0:
        rate = round(float(treated[test.money["rewards"]].sum()) / spend / _REDEEMED, 4)
    known = {f"{name}_seen": seen if role in test.money else "" for name, role in _MEASURED.items()}
    assumed = ", ".join(name for name, role in _ASKED.items() if role not in test.money)
    return _TERMS.format(assumed=assumed, margin=margin, rate=rate, redeemed=_REDEEMED, **known)


def _suite(name: str, day: str, settings: dict[str, Any], terms: str) -> str:
    import json

    source = "".join(
        f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
        for key, value in settings.items()
        if value not in ("", 0.0)
    )
    pages = "".join(f'\n[[page]]\nnotebook = "{page}"\n' for page in PAGES)
    return (
        f'title = "{name}: how large a test, was it sound, did it pay?"\nopen_box = false\n\n'
        f'[parameters]\nsource = ""  # the pages read the test below and no tables\nas_of = "{day}"\n'
        f'test_file = "suites/{name}.toml"\n{terms}\n[source]\nkind = "test"\n{source}{pages}'
    )
