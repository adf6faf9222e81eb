"""Run folders: whole or not at all, one run at a time, a `latest` that only moves forward."""

import errno
import json
import multiprocessing
import shutil
from pathlib import Path

import pytest

from crm_lab.checks import BadInput
from crm_lab.run.archive import store
from crm_lab.run.archive.store import locked, point_latest, publish_run, run_folder, write_json
from tests.run.archive.killed import FILES, kill_points, state_after_a_kill


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_a_run_appears_whole_and_latest_moves(tmp_path):
    with run_folder(tmp_path) as folder:
        (folder.part / "index.html").write_text("x")
        assert names(tmp_path) == [f".{folder.id}.part"]
        final = publish_run(folder, move_latest=True)
    assert names(tmp_path) == [folder.id, "latest"]
    assert (tmp_path / "latest" / "index.html").read_text() == "x"
    assert final == tmp_path / folder.id


def test_a_failed_run_appears_and_latest_stays(tmp_path):
    with run_folder(tmp_path) as first:
        publish_run(first, move_latest=True)
    with run_folder(tmp_path) as second:
        publish_run(second, move_latest=False)
    assert (tmp_path / "latest").readlink() == Path(first.id)
    assert second.id != first.id


def test_what_is_not_published_is_removed(tmp_path):
    with run_folder(tmp_path) as folder:
        (folder.part / "half").write_text("x")
    assert names(tmp_path) == []


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path):
    (tmp_path / ".2020-01-01T00-00-00Z.part" / "deep").mkdir(parents=True)
    with run_folder(tmp_path) as folder:
        assert names(tmp_path) == [f".{folder.id}.part"]


def test_latest_is_a_copy_where_links_are_not_possible(tmp_path, monkeypatch):
    def no_links(*args, **kwargs):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(Path, "symlink_to", no_links)
    for number in (1, 2):
        run = tmp_path / f"run{number}"
        run.mkdir()
        (run / "index.html").write_text(str(number))
        point_latest(run)
        assert (tmp_path / "latest" / "index.html").read_text() == str(number)
    assert names(tmp_path) == ["latest", "run1", "run2"]


def test_a_full_disk_leaves_no_file(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"), run_folder(tmp_path) as folder:
        write_json(folder.part / "manifest.json", {})
    assert names(tmp_path) == []


def test_json_holds_no_nan(tmp_path):
    with pytest.raises(ValueError, match="Out of range float values"):
        write_json(tmp_path / "x.json", {"a": float("nan")})
    assert not (tmp_path / "x.json").exists()


def hold(folder, ready, go):
    with locked(folder):
        ready.set()
        go.wait(20)


@pytest.fixture
def held(tmp_path):
    """The suite's folder, held by another process."""
    context = multiprocessing.get_context("spawn")
    ready, go = context.Event(), context.Event()
    process = context.Process(target=hold, args=(tmp_path, ready, go))
    process.start()
    assert ready.wait(20)
    yield tmp_path, process, go
    process.kill()
    process.join()


def test_a_second_run_is_refused_and_told_by_whom(held):
    folder, process, _ = held
    started = json.loads((folder / ".lock").read_text())["started"]
    with pytest.raises(BadInput) as caught, locked(folder, wait_s=0.3):
        pass
    assert str(caught.value) == (
        f"The suite {folder.name!r} is being run by process {process.pid} since {started}; waited 0 s. "
        "Wait until that run has ended, or stop it."
    )


def test_the_lock_of_a_dead_process_is_taken_over(held):
    folder, process, _ = held
    process.kill()
    process.join()
    with locked(folder, wait_s=1):
        assert json.loads((folder / ".lock").read_text())["pid"] != process.pid


def test_a_lock_that_says_nothing_still_refuses(tmp_path):
    with locked(tmp_path):
        (tmp_path / ".lock").write_text("")
        with pytest.raises(BadInput, match="by another process"), locked(tmp_path, wait_s=0):
            pass


def test_two_runs_in_one_second_have_two_names(tmp_path, monkeypatch):
    moment = store.datetime(2026, 1, 2, 3, 4, 5, tzinfo=store.UTC)
    monkeypatch.setattr(store, "_now", lambda: moment)
    for expected in ("2026-01-02T03-04-05Z", "2026-01-02T03-04-05Z-2"):
        with run_folder(tmp_path) as folder:
            assert publish_run(folder, move_latest=False).name == expected
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("links", [True, False])
def test_a_kill_at_any_file_operation_leaves_nothing_half_and_blocks_nothing(tmp_path, links):
    points = kill_points(links=links)
    assert points > len(FILES)
    wrong = [
        said
        for point in range(points)
        for said in state_after_a_kill(make_folder(tmp_path / f"{point}"), point, links=links)
    ]
    assert wrong == []


def make_folder(path):
    path.mkdir()
    return path
