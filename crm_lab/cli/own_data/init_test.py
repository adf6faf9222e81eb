"""``crm-lab init`` for a test: a file with one row per unit becomes a suite of pages 14 to 17."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_lab.data.sources.refusal import refused
from crm_lab.messages import Message

if TYPE_CHECKING:
    from crm_lab.data.sources.first_look.first_rows import Look
    from crm_lab.experiments.core.experiment import Experiment
    from crm_lab.experiments.origins.column_roles_of_a_test import Recognised

PAGES = ("14_how_large_a_test", "15_was_the_test_sound", "16_did_the_programme_pay", "17_who_gets_the_offer")
_ROLES = (
    "arm", "unit", "cluster", "outcome", "metrics", "covariates", "segments", "funnel", "assigned_on", "outcome_from",
    "outcome_until", "later", "elsewhere", "margin", "rewards",
)  # fmt: skip
_MEASURED = {"margin": "margin", "rate": "rewards"}
_REDEEMED = 0.7
_ASKED = {"margin_share": "margin", "reward_rate": "rewards", "contact_cost": "", "running_cost": ""}


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
    settings["segments"] = ", ".join(name for name in _as_list(found, "segments") if name != test.guards.cluster)
    if test.guards.cluster and not found.one("cluster"):
        sizes = ", ".join(f"{arm} {n:,}" for arm, n in test.assigned().items())
        click.echo(_text("assigned_whole", cluster=test.guards.cluster, sizes=sizes))
    settings["control_share"] = _planned(own.open_all(own.tables(day)), options.control_share)
    test = own.model_copy(update={"control_share": settings["control_share"] or None}).open(own.tables(day))
    target.write_text(_suite(options.name, day, settings, _terms(test)), encoding="utf-8")
    _say(test, found, options, day)
    click.echo(_text("written", file=f"{target.parent.name}/{target.name}", name=shlex.quote(options.name)))


def _text(key: str, **values: Any) -> str:
    """A sentence of `init` about a test, in the language of who reads it."""
    return Message(f"door.test.{key}", values).text()


def _ask_how_assigned(found: Recognised, said: str) -> None:
    """Ask where a name says that units put themselves into an arm.

    Raises:
        BadInput: If it does and the user did not say how units were assigned.
    """
    from crm_lab.experiments.core.column_words import chosen_by_units

    name = "" if said else chosen_by_units(found.one("arm"), found.arms)
    if name:
        raise refused("test_chosen", name=name)


def _settings(found: Recognised) -> dict[str, Any]:
    names = {role: found.one(role) for role in _ROLES}
    return {**{k: v for k, v in names.items() if v}, "control": found.control, "date_format": found.date_format}


def _show(path: Path, look: Look, found: Recognised) -> None:
    click.echo(_text("is_one", file=path.name, rows=look.rows))
    for role in _ROLES:
        if column := found.one(role):
            first = "" if ", " in column else f"{next(iter(look.values[column]), '')!s:.40}"
            example = _text("example", value=first) if first else ""
            click.echo(f"  {_padded(_text(f'role.{role}'))} <- {column}{example}")
    levels = _text("control_of", control=found.control, arms=", ".join(found.arms))
    click.echo(f"  {_padded(_text('role.control'))} <- {levels}")
    if not found.one("unit"):
        click.echo(f"  {_text('no_id')}")
    if found.weeks:
        click.echo(f"  {_text('weeks', n=found.weeks)}")
    if found.unused:
        columns = ",".join([*_as_list(found, "covariates"), *found.numbers[:1]])
        key = "unused_known" if found.numbers else "unused"
        click.echo(f"  {_text(key, unused=', '.join(found.unused), columns=columns)}")
    if found.dates:
        click.echo(f"  {_text('dates_unread', columns=', '.join(found.dates), first=found.dates[0])}")


def _padded(label: str) -> str:
    """A label of 16 places, Chinese letters taking two."""
    return label + " " * (16 - len(label) - sum(ord(letter) > 0x2E80 for letter in label))


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
    raise refused("test_unequal", sizes=sizes, here=here, equal=1 / len(counts))


def _say(test: Experiment, found: Recognised, options: TestOptions, day: str) -> None:
    sizes = ", ".join(f"{arm} {n:,}" for arm, n in test.counts().items())
    click.echo("\n" + _text("units", n=len(test.frame), sizes=sizes))
    if options.as_of is None and (found.one("outcome_until") or found.one("assigned_on")):
        click.echo(_text("ended_by", day=day))
    for said in [*test.guards.withdrawn.values(), *([test.guards.refused] if test.guards.refused else [])]:
        click.echo(said.text())
    if not test.covariates:
        click.echo(_text("no_past"))
    if not found.weeks:
        click.echo(_text("no_weeks"))
    click.echo(_text("pages") + "\n")


def _terms(test: Experiment) -> str:
    """The terms to write down; margin and rewards as measured where the file has them."""
    treated = test.frame[test.frame[test.arm] != test.control]
    spend, seen = float(treated[test.outcomes[0]].sum()), _text("as_measured")
    margin, rate = 0.3, 0.01
    if "margin" in test.money and spend > 0:
        margin = round(float(treated[test.money["margin"]].sum()) / spend, 3)
    if "rewards" in test.money and spend > 0:
        rate = round(float(treated[test.money["rewards"]].sum()) / spend / _REDEEMED, 4)
    known = {f"{name}_seen": seen if role in test.money else "" for name, role in _MEASURED.items()}
    assumed = ", ".join(name for name, role in _ASKED.items() if role not in test.money)
    return _text("terms", assumed=assumed, margin=margin, rate=rate, redeemed=_REDEEMED, **known)


def _suite(name: str, day: str, settings: dict[str, Any], terms: str) -> str:
    import json

    source = "".join(
        f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
        for key, value in settings.items()
        if value not in ("", 0.0)
    )
    pages = "".join(f'\n[[page]]\nnotebook = "{page}"\n' for page in PAGES)
    return (
        f'title = "{_text("title", name=name)}"\nopen_box = false\n\n'
        f'[parameters]\nsource = ""  # {_text("no_tables")}\nas_of = "{day}"\n'
        f'test_file = "suites/{name}.toml"\n{terms}\n[source]\nkind = "test"\n{source}{pages}'
    )
