"""A whole run with pages that start no process: what is published, and what a full disk leaves."""

import errno
import json
from types import SimpleNamespace

import nbformat
import pytest
from click.testing import CliRunner

from crm_lab import cli
from crm_lab.run import run_suite as report
from crm_lab.run.execution import schedule, worker
from crm_lab.run.execution.page_record import blank_page, ending, published
from crm_lab.run.run_suite import exit_code_of
from crm_lab.run.suites.notebook_file import notebooks
from crm_lab.run.suites.plan import make_plan
from crm_lab.run.suites.suite import load_suite

FULL = OSError(errno.ENOSPC, "No space left on device", "/out/x")


def raising(error):
    def call(*args, **kwargs):
        raise error

    return call


@pytest.fixture
def suite(project, monkeypatch):
    """The suite `s` of two pages, `02` after `01`."""
    project.notebook("01_one", title="01 · Which?")
    project.notebook("02_two", title="02 · Why?")
    project.suite(
        "s", 'title = "T"\n[[page]]\nnotebook = "01_one"\n[[page]]\nnotebook = "02_two"\nafter = ["01_one"]\n'
    )
    monkeypatch.setattr("signal.signal", lambda *_: None)
    return project


@pytest.fixture
def plan(suite):
    known = notebooks(suite.root)
    return make_plan(load_suite("s", suite.root, known), known)


@pytest.fixture
def faked(monkeypatch):
    """Pages end as the test says, at once."""

    def fake(**statuses):
        def run_page(page, setting, running):
            end = statuses.get(f"p{page.notebook.number}", {"status": "ok"})
            content = blank_page(page, setting.suite, setting.lang) | end
            setting.watcher.ended(page.name, content, 0.1)
            return schedule.PageRun(content, 0.1)

        monkeypatch.setattr(schedule, "_run_page", run_page)

    return fake


def run(*arguments):
    return CliRunner().invoke(cli.main, ["run", "s", *arguments])


def hidden_and_published(project):
    folder = project.root / "outputs" / "s"
    return sorted(p.name for p in folder.iterdir() if p.name != ".lock")


def test_a_page_after_a_failed_one_is_not_run_and_latest_stays(suite, faked):
    faked(p01={"status": "failed", "failure": "error", "reason": "ValueError: x"})
    outcome = run()
    assert outcome.exit_code == 1
    assert "– 02 Why?\n    not run: 01 failed" in outcome.stdout
    assert len(hidden_and_published(suite)) == 1


def test_in_chinese(suite, faked):
    faked(p01={"status": "failed", "failure": "error", "reason": "ValueError: x"})
    outcome = run("--lang", "zh")
    assert "未运行：01 失败" in outcome.stdout
    assert "2 页中 0 页成功" in outcome.stdout


def test_a_good_run_moves_latest(suite, faked):
    faked()
    outcome = run("--jobs", "1")
    assert outcome.exit_code == 0, outcome.output
    assert outcome.stdout.rstrip().endswith("outputs/s/latest/index.html")
    assert suite.manifest("s")["jobs"] == 1


SHOP = """
title = "T"
[parameters]
source = "suites/s.toml"
[source]
name = "shop"
path = "../shop.csv"
date_format = "%Y-%m-%d"
[source.columns]
customer_id = "who"
amount = "eur"
date = "day"
store_id = "store"
[[page]]
notebook = "01_one"
[[page]]
notebook = "01_one"
each = "store"
"""


def test_a_page_a_store_has_its_own_name_title_data_and_card(suite, faked):
    suite.notebook("01_one", title="01 · Which?", parameters='source: str = "x"  # a\nas_of: str = "latest"  # b\n')
    suite.suite("s", SHOP)
    (suite.root / "shop.csv").write_text(
        "who,eur,day,store\na,1,2024-01-01,Bonn\nb,2,2024-01-02,Köln <1>\n", encoding="utf-8"
    )
    faked()
    outcome = run()
    assert outcome.exit_code == 0, outcome.output
    assert "✓ 01 Bonn: Which?" in outcome.stdout
    pages = {page["notebook"]: page for page in suite.manifest("s")["pages"]}
    assert list(pages) == ["01_one", "01_one-Bonn", "01_one-Köln_1-1280"]
    assert pages["01_one-Bonn"]["given"] == {"source": "suites/s.toml,store_id=Bonn", "as_of": "2024-01-02"}
    assert pages["01_one-Bonn"]["command"] == (
        "crm-lab run s --only 01_one-Bonn -p 01_one.as_of=2024-01-02 -p 01_one.source=suites/s.toml"
    )
    index = (suite.root / "outputs" / "s" / "latest" / "index.html").read_text(encoding="utf-8")
    assert "A page each: store" in index
    assert "Köln &lt;1&gt;: Which?" in index
    assert run("--only", "01_one-Bonn").exit_code == 0
    assert "按门店分别查看" in (
        run("--lang", "zh", "--out", str(suite.root / "zh")).stdout
        and (suite.root / "zh" / "s" / "latest" / "index.html").read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("step", ["write_json", "publish_run", "run_pages"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(suite, faked, monkeypatch, step):
    faked()
    monkeypatch.setattr(report, step, raising(FULL))
    outcome = run()
    assert outcome.exit_code == 2
    assert outcome.stderr == ("Error: The disk is full: could not write '/out/x'. Free some space and run it again.\n")
    assert hidden_and_published(suite) == []


def test_an_interrupt_is_130_and_leaves_nothing(suite, monkeypatch):
    monkeypatch.setattr(report, "run_pages", raising(KeyboardInterrupt()))
    outcome = run()
    assert outcome.exit_code == 130
    assert hidden_and_published(suite) == []


def test_a_worker_tells_of_a_full_disk(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(worker, "_end_with_parent", lambda: None)
    monkeypatch.setattr(worker, "run_page", raising(FULL))
    job = tmp_path / "job"
    job.write_text("{}")
    worker.main(str(job))
    assert json.loads(capsys.readouterr().out)["errno"] == errno.ENOSPC


def test_a_full_disk_in_a_worker_ends_the_run(suite, plan, monkeypatch):
    told = schedule._Ending({"errno": errno.ENOSPC, "strerror": "No space left", "filename": "/out/x"})
    monkeypatch.setattr(schedule, "_work", lambda *_: told)
    outcome = run()
    assert outcome.exit_code == 2
    assert hidden_and_published(suite) == []


@pytest.mark.parametrize(
    ("told", "failure", "said"),
    [
        ({"overdue": True, "code": -9}, "timeout", "The page took longer than its limit of 900 s"),
        ({"code": 1, "last_words": "NoSuchKernel: x"}, "worker_died", "could not be run: NoSuchKernel: x"),
        ({"code": -9, "last_words": "a warning"}, "worker_died", "The page's process ended without a word"),
    ],
)
def test_a_page_whose_process_ended_has_a_reason(suite, monkeypatch, told, failure, said):
    monkeypatch.setattr(schedule, "_work", lambda *_: schedule._Ending(**told))
    outcome = run("--only", "01")
    assert outcome.exit_code == (124 if failure == "timeout" else 1)
    page = suite.manifest("s", hidden_and_published(suite)[0])["pages"][0]
    assert (page["status"], page["failure"]) == ("failed", failure)
    assert said in page["reason"]


@pytest.mark.parametrize(
    ("failures", "code"), [([None, None], 0), ([None, "error"], 1), (["error", "timeout"], 124), (["kernel_died"], 1)]
)
def test_exit_codes(failures, code):
    assert exit_code_of([{"status": "failed" if f else "ok", "failure": f} for f in failures]) == code


def test_a_page_not_run_is_no_success():
    assert exit_code_of([{"status": "not_run", "failure": None}]) == 1


def executed(output, **metadata):
    cell = nbformat.v4.new_code_cell("x", outputs=[output], metadata=metadata)
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# t"), cell])


def test_an_error_that_a_cell_announces_is_none():
    error = nbformat.v4.new_output("error", ename="E", evalue="first\nsecond", traceback=["t"])
    assert ending(executed(error))["reason"] == "E: first"
    assert ending(executed(error, tags=["raises-exception"]))["status"] == "ok"


def test_only_published_results_are_collected():
    mime = "application/vnd.crm-lab.result+json"
    shown = nbformat.v4.new_output("display_data", {mime: {"id": "a"}, "text/plain": "x"})
    assert published(executed(shown)) == [{"id": "a"}]
    assert published(executed(nbformat.v4.new_output("display_data", {"text/plain": "x"}))) == []


def test_the_environment_of_a_page(plan, tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    setting = schedule.Setting(tmp_path, tmp_path / "run", plan.suite, "zh", 1, 2, SimpleNamespace())
    found = schedule.environment(plan.pages[0], setting)
    assert found["CRM_LAB_OUT"] == str(tmp_path / "run" / "01_one")
    assert found["CRM_LAB_HOME"] == str(tmp_path)
    assert (found["CRM_LAB_LANG"], found["PYTHONHASHSEED"], found["TZ"]) == ("zh", "0", "UTC")
    assert found["MPLBACKEND"] == "module://matplotlib_inline.backend_inline"


def test_a_relative_folder_of_runs_is_whole_wherever_a_page_runs(suite, faked, monkeypatch):
    faked()
    folders, ended = [], schedule._run_page

    def seen(page, setting, running):
        folders.append(setting.folder)
        return ended(page, setting, running)

    monkeypatch.setattr(schedule, "_run_page", seen)
    monkeypatch.chdir(suite.root)
    assert run("--out", "elsewhere").exit_code == 0
    assert all(folder.is_relative_to(suite.root / "elsewhere" / "s") for folder in folders)
    assert len(folders) == 2
