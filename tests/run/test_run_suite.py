"""Whole runs through the command line: what is written, what failed, which exit code."""

import json
import re
import signal
import time
from pathlib import Path

import nbformat
import psutil
import pytest

pytestmark = pytest.mark.slow

WAIT_FOR_STOP = "import time, pathlib, os\npathlib.Path(os.environ['CRM_LAB_OUT'], 'begun').touch()\ntime.sleep(60)"


def pages(*names, after=None, head='title = "T"'):
    waits = {name: f"after = {json.dumps(list(needs))}\n" for name, needs in (after or {}).items()}
    return f"{head}\n" + "".join(f'[[page]]\nnotebook = "{name}"\n{waits.get(name, "")}' for name in names)


def by_notebook(manifest):
    return {page["notebook"]: page for page in manifest["pages"]}


@pytest.fixture(scope="module")
def good(make_project):
    """A suite of two good pages, run twice."""
    project = make_project()
    writes = "import os, pathlib\np = pathlib.Path(os.environ['CRM_LAB_OUT'], 'list.csv')\np.write_text('a')\np"
    project.notebook("01_one", project.publish, title="01 · How many?")
    project.notebook("02_two", writes, "object()", title="02 · Which?")
    project.suite("s", pages("02_two", "01_one", after={"02_two": ["01_one"]}))
    done = [project.crm_lab("run", "s", "-p", "bins=7", "-p", "02.shop=large") for _ in range(2)]
    return project, done


class TestGoodRun:
    def test_ends_with_0_and_says_findings_and_path(self, good):
        _, (first, second) = good
        assert (first.returncode, second.returncode) == (0, 0), first.stderr
        assert "✓ 01 How many?\n    found 7" in first.stdout
        assert first.stdout.rstrip().endswith("outputs/s/latest/index.html")

    def test_publishes_two_runs_and_nothing_half_written(self, good):
        project, _ = good
        assert len(project.runs("s")) == 2
        hidden = [p.name for p in (project.root / "outputs" / "s").rglob(".*")]
        assert hidden == [".lock"]

    def test_latest_is_a_relative_link_to_the_last(self, good):
        project, _ = good
        latest = project.root / "outputs" / "s" / "latest"
        assert latest.readlink() == Path(project.runs("s")[-1].name)

    def test_injects_only_what_was_given(self, good):
        project, _ = good
        given = {name: page["given"] for name, page in by_notebook(project.manifest("s")).items()}
        assert given == {"01_one": {"bins": 7}, "02_two": {"bins": 7, "shop": "large"}}

    def test_two_runs_differ_in_the_manifest_and_the_log_alone(self, good):
        project, _ = good
        first, second = project.runs("s")
        names = sorted(str(p.relative_to(first)) for p in first.rglob("*") if p.is_file())
        assert "02_two/list.csv" in names

        def content(run, name):  # only the second run has one before it to be compared with
            text = (run / name).read_bytes().replace(run.name.encode(), b"RUN")
            return re.sub(rb'<section class="changed-since">.*?</section>\n', b"", text, flags=re.DOTALL)

        differ = {name for name in names if content(first, name) != content(second, name)}
        assert differ == {"manifest.json", "run.log"}

    def test_results_hold_the_published_facts_and_no_timings(self, good):
        project, _ = good
        text = (project.root / "outputs/s/latest/01_one/results.json").read_text()
        page = json.loads(text)
        assert page["status"] == "ok"
        assert page["parameters"] == {"shop": "small", "as_of": "2017-12-31", "bins": 7}
        assert [result["readout"]["finding"] for result in page["results"]] == ["found 7"]
        assert "seconds" not in text

    def test_manifest_says_what_ran(self, good):
        manifest = good[0].manifest("s")
        assert manifest["exit_code"] == 0
        assert manifest["data"][0]["key"] == "k1"
        assert len(manifest["code"]["sources_sha256"]) == 64
        assert {"python", "pandas", "papermill"} <= set(manifest["versions"])
        page = by_notebook(manifest)["01_one"]
        assert page["rows"] == {"small": 3}
        assert page["seconds"] > 0
        assert page["peak_mb"] > 10

    def test_files_are_listed(self, good):
        assert by_notebook(good[0].manifest("s"))["02_two"]["files"] == ["02_two/list.csv"]

    def test_only_runs_one_page_and_leaves_latest(self, good):
        project, _ = good
        latest = (project.root / "outputs" / "s" / "latest").readlink()
        done = project.crm_lab("run", "s", "--only", "02", "--lang", "zh")
        assert done.returncode == 0
        last = project.runs("s")[-1].name
        manifest = project.manifest("s", last)
        assert [page["notebook"] for page in manifest["pages"]] == ["02_two"]
        assert manifest["lang"] == "zh"
        assert f"{last}/index.html" in done.stdout
        assert (project.root / "outputs" / "s" / "latest").readlink() == latest


@pytest.fixture(scope="module")
def failed(make_project):
    """A suite in which everything goes wrong that can, and one page is good."""
    project = make_project()
    project.notebook("01_error", "raise ValueError('no such shop')", "print('never')")
    project.notebook("02_slow", "import time\ntime.sleep(60)")
    project.notebook("03_dies", "import os\nos.kill(os.getpid(), 9)")
    project.notebook("04_waits", project.publish)
    project.notebook("05_waits_too", project.publish)
    project.notebook("06_good", project.publish)
    waits = {"04_waits": ["01_error"], "05_waits_too": ["04_waits"]}
    names = ["01_error", "02_slow", "03_dies", "04_waits", "05_waits_too", "06_good"]
    project.suite("s", pages(*names, after=waits, head='title = "T"\ntimeout_s = 4'))
    return project, project.crm_lab("run", "s", "-p", "bins=3", "--jobs", "3")


class TestFailedRun:
    def test_a_timeout_is_exit_code_124(self, failed):
        assert failed[1].returncode == 124

    def test_is_published_but_latest_stays(self, failed):
        project, _ = failed
        assert len(project.runs("s")) == 1
        assert not (project.root / "outputs" / "s" / "latest").exists()

    def test_every_page_says_how_it_ended(self, failed):
        project, _ = failed
        manifest = project.manifest("s", project.runs("s")[0].name)
        ended = {n: (p["status"], p["failure"], p["reason"]) for n, p in by_notebook(manifest).items()}
        assert ended == {
            "01_error": ("failed", "error", "ValueError: no such shop"),
            "02_slow": ("failed", "timeout", "The page took longer than its limit of 4 s and was stopped."),
            "03_dies": (
                "failed",
                "kernel_died",
                (
                    "The kernel died: the process that ran this notebook ended without an error message, "
                    "most often for lack of memory."
                ),
            ),
            "04_waits": ("not_run", None, "not run: 01 failed"),
            "05_waits_too": ("not_run", None, "not run: 04 was not run"),
            "06_good": ("ok", None, ""),
        }

    @pytest.mark.parametrize("name", ["01_error", "02_slow", "03_dies"])
    def test_a_failed_page_has_traceback_parameters_and_command(self, failed, name):
        run = failed[0].runs("s")[0]
        page = json.loads((run / name / "results.json").read_text())
        assert page["error"]["traceback"]
        assert page["parameters"]["bins"] == 3
        assert page["command"] == f"crm-lab run s --only {name} -p {name}.bins=3"
        assert (run / f"{name}.html").is_file()

    def test_the_cells_after_the_error_did_not_run(self, failed):
        notebook = nbformat.read(failed[0].runs("s")[0] / "01_error.ipynb", 4)
        assert notebook.cells[-1].outputs == []

    def test_the_last_lines_name_the_failures(self, failed):
        assert "✗ 01 01_error\n    failed: ValueError: no such shop" in failed[1].stdout
        assert "again with: crm-lab run s --only 01_error -p 01_error.bins=3" in failed[1].stdout
        assert "1 of 6 pages are good" in failed[1].stdout


CANNOT = "from crm_lab.checks import CannotAnswer\nraise CannotAnswer('Nobody came back; take a longer history.')"
UNUSABLE = "from crm_lab.checks import BadInput\nraise BadInput('The file', ['a is 1.', 'b is 2.'])"
WORDLESS = "n = 1\nassert n == 2"


def test_data_that_cannot_answer_are_an_answer(project):
    project.notebook("01_refuses", CANNOT)
    project.notebook("02_waits", project.publish)
    project.suite("s", pages("01_refuses", "02_waits", after={"02_waits": ["01_refuses"]}))
    done = project.crm_lab("run", "s")
    assert done.returncode == 0, done.stderr
    assert "– 01 01_refuses\n    Nobody came back; take a longer history.\n" in done.stdout
    assert "1 of 2 pages are good, and 1 cannot be answered from these data" in done.stdout
    assert {p["notebook"]: p["status"] for p in project.manifest("s")["pages"]} == {
        "01_refuses": "refused",
        "02_waits": "ok",
    }
    html = (project.root / "outputs/s/latest/01_refuses.html").read_text(encoding="utf-8")
    assert "Nobody came back; take a longer history." in html
    assert "Traceback" not in html


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (UNUSABLE, "The file:\n  - a is 1.\n  - b is 2."),
        (WORDLESS, "AssertionError: the check `assert n == 2` does not hold"),
    ],
)
def test_a_failed_page_says_all_there_is_to_say(project, cell, reason):
    project.notebook("01_fails", cell)
    project.suite("s", pages("01_fails"))
    done = project.crm_lab("run", "s")
    assert done.returncode == 1
    (page,) = project.manifest("s", project.runs("s")[-1].name)["pages"]
    assert page["reason"] == reason
    html = (project.runs("s")[-1] / "01_fails.html").read_text(encoding="utf-8")
    assert ("Traceback" in html) == (cell == WORDLESS)


def test_an_error_alone_is_exit_code_1(project):
    project.notebook("01_error", "1 / 0")
    project.suite("s", pages("01_error"))
    assert project.crm_lab("run", "s").returncode == 1


def test_wrong_parameters_start_no_kernel(project):
    project.notebook("01_one", "open('touched', 'w')")
    project.suite("s", pages("01_one"))
    done = project.crm_lab("run", "s", "-p", "bin=3", "-p", "shop=middle")
    assert done.returncode == 2
    assert done.stderr == (
        "Error: The parameters cannot be used:\n"
        "  - no notebook here has a parameter 'bin'; did you mean 'bins'?\n"
        "  - 01_one: shop is 'middle'; it must be one of 'small', 'large'.\n"
    )
    assert [path.name for path in (project.root / "outputs" / "s").iterdir()] == ["refused.json"]
    assert not (project.root / "notebooks" / "touched").exists()


@pytest.fixture
def at_work(project):
    """A run that has reached its cell and would stay there for a minute."""
    project.notebook("01_slow", WAIT_FOR_STOP)
    project.suite("s", pages("01_slow"))
    process = project.start("run", "s")
    deadline = time.monotonic() + 40
    while not list((project.root / "outputs").glob("s/.*.part/01_slow/begun")):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    members = psutil.Process(process.pid).children(recursive=True)
    assert len(members) >= 2
    yield project, process, members
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing_behind(at_work, number):
    project, process, members = at_work
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err == "Interrupted: nothing was published.\n"
    assert [p.name for p in (project.root / "outputs" / "s").iterdir()] == [".lock"]
    assert psutil.wait_procs(members, timeout=5)[1] == []


def test_a_killed_run_takes_its_kernels_along_and_its_lock_is_free(at_work):
    project, process, members = at_work
    process.kill()
    process.communicate()
    assert psutil.wait_procs(members, timeout=10)[1] == []
    project.notebook("01_slow", project.publish)
    assert project.crm_lab("run", "s").returncode == 0
    assert [p.name for p in (project.root / "outputs" / "s").glob(".*")] == [".lock"]


def test_a_second_run_waits_and_then_names_the_first(at_work):
    project, process, _ = at_work
    start = time.monotonic()
    done = project.crm_lab("run", "s")
    assert time.monotonic() - start >= 5
    assert done.returncode == 2
    assert f"The suite 's' is being run by process {process.pid} since 2" in done.stderr


def test_a_file_in_place_of_the_output_folder_is_one_sentence(project):
    project.notebook("01_one", project.publish)
    project.suite("s", pages("01_one"))
    (project.root / "outputs").rmdir()
    (project.root / "outputs").write_text("")
    done = project.crm_lab("run", "s")
    assert done.returncode == 2
    assert done.stderr == (
        f"Error: Cannot read or write '{project.root}/outputs/s': Not a directory. "
        "Change its permissions or name another folder.\n"
    )


def test_a_worker_that_is_killed_still_has_its_page(project):
    kill_worker = "import os\nos.kill(os.getppid(), 9)\nimport time\ntime.sleep(30)"
    project.notebook("01_lost", kill_worker)
    project.notebook("02_good", project.publish)
    project.suite("s", pages("01_lost", "02_good"))
    done = project.crm_lab("run", "s")
    assert done.returncode == 1
    run = project.runs("s")[0]
    assert json.loads((run / "01_lost/results.json").read_text())["failure"] == "worker_died"
    assert (run / "01_lost.html").is_file()


def test_dates_outside_the_data_are_refused(project):
    parameters = 'source: str = "cdnow_sample"  # where from\nas_of: str = "1998-06-30"  # last day that counts\n'
    project.notebook("01_one", "as_of", parameters=parameters)
    project.suite("s", pages("01_one"))
    done = project.crm_lab("run", "s", "--as-of", "1996-01-01")
    assert done.returncode == 2
    assert done.stderr == (
        "Error: The suite 's' cannot run:\n  - as_of is 1996-01-01; the data 'cdnow_sample' hold "
        "1997-01-01 to 1998-06-30: name a day in there, or latest.\n"
    )
    assert project.crm_lab("run", "s", "--as-of", "latest").returncode == 0
    assert project.manifest("s")["pages"][0]["given"] == {"as_of": "1998-06-30"}
    project.suite("s", pages("01_one", head='title = "T"\nmax_data_age_days = 30'))
    assert "the suite allows 30 (max_data_age_days)" in project.crm_lab("run", "s").stderr
