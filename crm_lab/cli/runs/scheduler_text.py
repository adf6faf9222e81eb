"""``crm-lab schedule``: what a scheduler needs to run a suite, printed to be looked at and installed."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from crm_lab.checks import BadInput, as_name

DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass(frozen=True, slots=True)
class Moment:
    """A day of the week, or every day, and a time of day."""

    day: str
    hour: int
    minute: int

    @classmethod
    def of(cls, text: str) -> Moment:
        """Read ``"mon 06:00"`` or ``"daily 06:00"``.

        >>> Moment.of("Mon 06:30").cron
        '30 6 * * 1'

        Raises:
            BadInput: If it is neither.
        """
        day, _, time = text.strip().lower().partition(" ")
        hour, _, minute = time.strip().partition(":")
        good = (day[:3] in DAYS or day == "daily") and hour.isdigit() and minute.isdigit() and len(minute) == 2
        if not good or int(hour) > 23 or int(minute) > 59:
            raise BadInput(f"{text!r} is no time; write a day and a time, such as 'mon 06:00' or 'daily 06:00'.")
        return cls("" if day == "daily" else day[:3], int(hour), int(minute))

    @property
    def cron(self) -> str:
        """As the five fields of cron."""
        return f"{self.minute} {self.hour} * * {DAYS.index(self.day) if self.day else '*'}"

    @property
    def calendar(self) -> str:
        """As systemd's calendar event."""
        return f"{f'{self.day.title()} ' if self.day else ''}*-*-* {self.hour:02d}:{self.minute:02d}:00"


@click.command()
@click.argument("kind", type=click.Choice(["cron", "systemd", "github", "airflow"]))
@click.argument("suite")
@click.option("--at", default="mon 06:00", show_default=True, help="Day of the week, or daily, and time.")
def schedule(kind: str, suite: str, at: str) -> None:
    """Print what KIND of scheduler needs to run SUITE; nothing is installed."""
    from crm_lab.project import project_root
    from crm_lab.run.suites.notebook_file import notebooks
    from crm_lab.run.suites.suite import load_suite

    root = project_root()
    name = as_name(load_suite(suite, root, notebooks(root)).name, "name of the suite")
    given = shlex.quote(suite)
    command = f"{shlex.quote(str(Path(sys.executable).with_name('crm-lab')))} run {given} --as-of latest"
    texts = {"cron": _cron, "systemd": _systemd, "github": _github, "airflow": _airflow}
    click.echo(texts[kind](root, name, command, given, Moment.of(at)).rstrip())


def _cron(root: Path, name: str, command: str, given: str, at: Moment) -> str:
    del name, given
    return f"# crontab -e\n{at.cron}  cd {shlex.quote(str(root))} && {command.replace('%', chr(92) + '%')}\n"


def _systemd(root: Path, name: str, command: str, given: str, at: Moment) -> str:
    del given
    return f"""\
# ~/.config/systemd/user/crm-lab-{name}.service
[Unit]
Description=crm_lab: the suite {name}

[Service]
Type=oneshot
WorkingDirectory={root}
ExecStart={command}
SuccessExitStatus=0

# ~/.config/systemd/user/crm-lab-{name}.timer
[Unit]
Description=crm_lab: when the suite {name} runs

[Timer]
OnCalendar={at.calendar}
Persistent=true

[Install]
WantedBy=timers.target

# then: systemctl --user daemon-reload && systemctl --user enable --now crm-lab-{name}.timer
"""


def _github(root: Path, name: str, command: str, given: str, at: Moment) -> str:
    del root, command
    return f"""\
# .github/workflows/crm-lab-{name}.yml; times are UTC
name: crm_lab {name}
on:
  schedule:
    - cron: "{at.cron}"
  workflow_dispatch:
jobs:
  report:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - uses: actions/cache@v4
        with:
          path: outputs
          key: crm-lab-{name}-${{{{ github.run_id }}}}
          restore-keys: crm-lab-{name}-
      - run: make setup
      - run: .venv/bin/crm-lab run {given} --as-of latest
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: report
          path: outputs/{name}
"""


def _airflow(root: Path, name: str, command: str, given: str, at: Moment) -> str:
    del given
    return f'''\
# dags/crm_lab_{name}.py: any exit code but 0 fails the task
import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    dag_id="crm_lab_{name}",
    schedule="{at.cron}",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
):
    BashOperator(
        task_id="report",
        bash_command={command!r},
        cwd={str(root)!r},
        skip_on_exit_code=None,
    )
'''
