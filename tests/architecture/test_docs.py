"""The README and the guides run, name what exists, and hold no machine path or package index."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

from crm_lab.cli import COMMANDS
from crm_lab.project import project_root

ROOT = project_root()
GUIDES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), ROOT / "data" / "README.md"])


@pytest.mark.parametrize("guide", GUIDES, ids=lambda p: p.name)
def test_examples_in_guides_run(guide):
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    failed, _ = doctest.testfile(str(guide), module_relative=False, optionflags=flags)
    assert failed == 0


@pytest.mark.parametrize("guide", GUIDES, ids=lambda p: p.name)
def test_guides_name_commands_and_files_that_exist(guide):
    text = guide.read_text(encoding="utf-8")
    commands = set(re.findall(r"crm-lab ([a-z]+)\b", text)) - {"works", "run"}
    assert commands <= {*COMMANDS, "run"}
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    missing = [link for link in links if not (guide.parent / link).exists()]
    assert not missing


def test_the_readme_is_short_and_its_picture_is_there():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    assert re.search(r"!\[[^\]]+\]\(docs/report\.png\)", text)


def test_make_targets_of_the_readme_exist():
    targets = set(re.findall(r"^make ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert targets
    assert all(re.search(rf"^{target}:", makefile, flags=re.MULTILINE) for target in targets)


def test_lock_has_hashes_and_no_addresses():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    names = re.findall(r"^[a-z0-9][\w.-]*==", lock, flags=re.MULTILINE)
    assert len(names) > 100
    assert lock.count("--hash=sha256:") >= len(names)


@pytest.mark.slow
def test_generated_files_are_fresh():
    done = subprocess.run(
        [sys.executable, ROOT / ".ci" / "generated.py", "--check"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_every_dependency_says_what_needs_it():
    block = (
        (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("dependencies = [")[1].split("[project.scripts]")[0]
    )
    pins = [line for line in block.splitlines() if line.strip().startswith('"')]
    assert pins
    assert not [line for line in pins if "#" not in line]


def test_import_and_help_load_no_pandas():
    for code in ("import crm_lab", "import crm_lab.cli"):
        loaded = subprocess.run(
            [sys.executable, "-c", f"{code}; import sys; print('pandas' in sys.modules)"],
            capture_output=True, text=True, check=True, cwd=Path(ROOT),
        )  # fmt: skip
        assert loaded.stdout.strip() == "False"
