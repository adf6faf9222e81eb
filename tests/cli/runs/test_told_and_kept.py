"""What nobody may overlook: refused runs, whom a message would reach, figures of runs that are gone, the way back."""

import json
import shutil
import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from crm_lab import cli
from crm_lab.run.archive.fact_history import fact_history
from crm_lab.run.execution import schedule
from crm_lab.run.execution.page_record import blank_page
from tests.run.archive.made_runs import fact, state, write_run
from tests.run.conftest import empty_project

SUITE = 'title = "T"\n{}\n[[page]]\nnotebook = "01_one"\n'
RUNS = [f"2024-0{month}-01T06-00-00Z" for month in range(1, 7)]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A suite of one page, ``weekly``, with six runs that state one figure each."""
    monkeypatch.setenv("CRM_LAB_HOME", str(tmp_path))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    for name in ("CRM_LAB_SMTP", "CRM_LAB_NOTIFY"):
        monkeypatch.delenv(name, raising=False)
    made = empty_project(tmp_path)
    made.notebook("01_one")
    made.suite("weekly", SUITE.format(""))
    for place, run in enumerate(RUNS):
        write_run(tmp_path / "outputs" / "weekly", run, state(fact("a.sum", 100.0 + place)))
    (tmp_path / "outputs" / "weekly" / "latest").symlink_to(RUNS[-1])
    return made


def said(*arguments, code=0):
    done = CliRunner().invoke(cli.main, list(arguments))
    assert done.exit_code == code, done.output
    return done.output


@pytest.mark.parametrize(
    ("text", "arguments", "why"),
    [
        (SUITE.format(""), ("-p", "bins=x"), "bins is 'x'"),
        (SUITE.format("lang = 3"), (), "lang: 3 cannot be used"),
        ("title", (), "is no TOML"),
    ],
)
def test_a_refused_run_is_named_by_status_until_the_next_one(project, monkeypatch, text, arguments, why):
    project.suite("weekly", text)
    said("run", "weekly", *arguments, code=2)
    told = said("status", "weekly", code=1)
    assert f"newest    {RUNS[-1]}" in told
    assert why in next(line for line in told.splitlines() if line.startswith("  refused   20"))
    project.suite("weekly", SUITE.format(""))
    monkeypatch.setattr(schedule, "_run_page", _good)
    said("run", "weekly")
    assert "refused" not in said("status", "weekly")


def _good(page, setting, running):
    del running
    content = blank_page(page, setting.suite, setting.lang) | {"status": "ok"}
    setting.watcher.ended(page.name, content, 0.1)
    return schedule.PageRun(content, 0.1)


def test_a_suite_that_never_ran_has_a_status_and_a_typing_error_has_none(project):
    project.suite("new", SUITE.format("max_data_age_days = -1"))
    said("run", "new", code=2)
    said("run", "nwe", code=2)
    told = said("status", code=1)
    assert "new: 0 good of 0 runs" in told
    assert "nwe" not in told


def test_who_sits_before_the_terminal_has_read_the_refusal(project, monkeypatch):
    class Terminal:
        def isatty(self):
            return True

    monkeypatch.setattr("crm_lab.cli.run.sys.stdin", Terminal(), raising=False)
    from crm_lab.checks import BadInput
    from crm_lab.cli.run import _refusal_kept

    with pytest.raises(BadInput), _refusal_kept("weekly", project.root, project.root / "outputs"):
        raise BadInput("no")
    assert not (project.root / "outputs" / "weekly" / "refused.json").exists()


@pytest.mark.parametrize("keep", [1, 3])
def test_figures_of_runs_that_are_gone_stay_in_the_history(project, keep):
    folder = project.root / "outputs" / "weekly"
    before = fact_history(folder, "a.sum")
    assert "6 runs would go" not in said("prune", "weekly", "--keep", "9", "--dry-run")
    assert not (folder / "figures.jsonl").exists()
    told = said("prune", "weekly", "--keep", str(keep), "--keep-monthly", "0")
    assert f"{6 - keep} runs removed, {keep} stay; what they said stays in figures.jsonl" in told
    assert fact_history(folder, "a.sum").equals(before)
    said("prune", "weekly", "--keep", "1", "--keep-monthly", "0")
    assert fact_history(folder, "a.sum").equals(before)


def test_a_run_that_was_kept_and_not_removed_then_stands_once(project):
    folder = project.root / "outputs" / "weekly"
    shutil.copytree(folder / RUNS[0], project.root / "kept")
    said("prune", "weekly", "--keep", "1", "--keep-monthly", "0")
    shutil.copytree(project.root / "kept", folder / RUNS[0])
    assert fact_history(folder, "a.sum")["value"].tolist() == [100.0 + place for place in range(6)]
    said("prune", "weekly", "--keep", "1", "--keep-monthly", "0")
    assert fact_history(folder, "a.sum")["value"].tolist() == [100.0 + place for place in range(6)]


def test_a_page_of_a_suite_by_path_is_made_again_by_that_path(project, monkeypatch, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(SUITE.format(""), encoding="utf-8")
    monkeypatch.setattr(schedule, "_run_page", _good)
    said("run", str(path))
    found = json.loads((tmp_path / "outputs" / "mine" / "latest" / "manifest.json").read_text(encoding="utf-8"))
    assert found["pages"][0]["command"] == f"crm-lab run {path} --only 01_one"
    assert found["asked"] == str(path)


def test_a_way_that_fails_keeps_a_message_from_no_other(project, monkeypatch):
    told = []

    class Service:
        """As much of apprise's class as is called."""

        def add(self, url):
            self.url = url
            return not url.startswith("odd")

        def notify(self, title, body):
            told.append((self.url, title, body.count("\n")))
            return self.url != "json://bad"

    monkeypatch.setitem(sys.modules, "apprise", SimpleNamespace(Apprise=Service))
    monkeypatch.setenv("CRM_LAB_NOTIFY", "json://bad odd://x json://good")
    monkeypatch.setenv("CRM_LAB_SMTP", "smtp://127.0.0.1:9")
    found = said("notify", "weekly", "--to", "a@b.de", code=2)
    assert [url for url, _, _ in told] == ["json://bad", "json://good"]
    assert {lines <= 3 for _, _, lines in told} == {True}
    for problem in ("127.0.0.1:9 did not take", "'json' in CRM_LAB_NOTIFY did not take", "kind 'odd' that apprise"):
        assert problem in found


@pytest.mark.parametrize(
    ("notify", "environment", "code", "told"),
    [
        ("", {}, 0, "The suite 'weekly' has no [notify] table: nobody is told of its runs."),
        ('[notify]\nmail = ["a@b.de"]', {}, 2, "Mail needs a server in CRM_LAB_SMTP"),
        ('[notify]\nmail = ["a@b.de"]', {"CRM_LAB_SMTP": "smtp://u:sesame@h:x"}, 2, "Mail needs a server"),
        ("[notify]", {}, 2, "There is nobody to tell"),
        ('[notify]\nmails = ["a@b.de"]', {}, 2, "unknown key 'mails'; did you mean 'mail'?"),
        ('[notify]\non = ["monday"]', {}, 2, "'monday' cannot be used"),
        ('[notify]\nmail = ["a@b.de"]\non = ["always"]', {"CRM_LAB_SMTP": "smtp://u:sesame@h"}, 0,
         "→ would go to 1 × mail by h"),
        ('[notify]\nmail = ["a@b.de"]\non = ["stale"]', {"CRM_LAB_SMTP": "smtp://h"}, 0,
         "→ would go to nobody: it is no stale; else to 1 × mail by h"),
        ("[notify]", {"CRM_LAB_NOTIFY": "json://localhost"}, 2, "apprise"),
    ],
)  # fmt: skip
def test_a_dry_run_says_whom_a_message_would_reach(project, monkeypatch, notify, environment, code, told):
    monkeypatch.setitem(sys.modules, "apprise", None)
    project.suite("weekly", SUITE.format("") + notify)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = said("notify", "weekly", "--dry-run", code=code)
    assert told in found
    assert "sesame" not in found
