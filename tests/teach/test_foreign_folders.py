"""Whatever stands in a folder of a submission, it is measured and goes away."""

import os

import pytest

from crm_lab.teach.foreign_folders import exceeds, remove


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "theirs"
    made.mkdir()
    return made


def nested(folder, depth, name="a" * 100):
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=here)
        here, above = os.open(name, os.O_RDONLY, dir_fd=here), here
        os.close(above)
    os.close(here)


def test_size_and_number_of_files_are_counted(folder):
    (folder / "a").mkdir()
    (folder / "a" / "b").write_bytes(bytes(5000))
    size = 5000 + (folder / "a").stat().st_size
    assert not exceeds(folder, size, 2)
    assert exceeds(folder, size - 1, 2)
    assert exceeds(folder, size, 1)


def test_links_are_not_followed(folder, tmp_path):
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "b").write_bytes(bytes(10**6))
    (folder / "way").symlink_to(tmp_path / "others")
    assert not exceeds(folder, 10**5, 10)
    remove(folder)
    assert not folder.exists()
    assert (tmp_path / "others" / "b").exists()


@pytest.mark.parametrize("depth", [100, 1000])
def test_no_depth_is_too_deep(folder, depth):
    nested(folder, depth)
    assert exceeds(folder, 10**9, 10**6)
    remove(folder)
    assert not folder.exists()


def test_folders_without_rights_and_pipes_go_away(folder):
    (folder / "a" / "b").mkdir(parents=True)
    os.mkfifo(folder / "a" / "b" / "pipe")
    for place in (folder / "a" / "b", folder / "a"):
        place.chmod(0)
    remove(folder)
    assert not folder.exists()


def test_a_folder_that_is_gone_is_no_matter(folder):
    folder.rmdir()
    assert not exceeds(folder, 1, 1)
    remove(folder)
