"""The manifest's hashes change when, and only when, what they stand for changes."""

import subprocess

from crm_lab.run.archive import provenance


def test_the_code_hash_sees_contents_and_names(tmp_path):
    (tmp_path / "a.py").write_text("1")
    first = provenance.code_hash(tmp_path)
    (tmp_path / "a.pyc").write_text("x")
    assert provenance.code_hash(tmp_path) == first
    (tmp_path / "a.py").write_text("2")
    second = provenance.code_hash(tmp_path)
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert len({first, second, provenance.code_hash(tmp_path)}) == 3


def test_outside_a_repository_there_is_no_commit(tmp_path):
    assert provenance.git_state(tmp_path) == {"commit": None, "dirty": None}


def test_a_changed_file_makes_the_commit_dirty(tmp_path):
    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", tmp_path, *identity, *arguments], check=True, capture_output=True)

    git("init")
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-m", "a")
    state = provenance.git_state(tmp_path)
    assert len(state["commit"]) == 40
    assert state["dirty"] is False
    (tmp_path / "a").write_text("2")
    assert provenance.git_state(tmp_path)["dirty"] is True


def test_seeds_are_found_by_name():
    assert provenance.seeds({"seed": 1, "split_seed": 2, "seeds_sown": 3, "bins": 4}) == {"seed": 1, "split_seed": 2}


def test_data_are_listed_once():
    data = {"source": "a", "key": "k", "as_of": "2017-12-31"}
    pages = [{"results": [{"data": data}, {"data": None}]}, {"results": [{"data": dict(data)}]}]
    assert provenance.data_used(pages) == [data]
