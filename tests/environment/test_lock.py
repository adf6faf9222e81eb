"""The lock files are complete and nothing is resolved: releases that come after them change nothing.

Where pip is tried, it meets a folder with a tiny wheel for each pinned package, with the real requirements, and
beside each a later, poisoned release that asks for something that does not exist.
"""

import base64
import hashlib
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from pip import __version__ as pip_version

ROOT = Path(__file__).resolve().parents[2]
RUN, DEV = (ROOT / name for name in ("requirements.lock", "requirements-dev.lock"))
POISON = "9999"


def pinned(path):
    """The requirement of each pin, with the text of its block."""
    found, pin = {}, None
    for line in path.read_text(encoding="utf-8").splitlines():
        if line[:1].isalnum():
            pin = Requirement(line.rstrip(" \\"))
            found[pin] = []
        elif line.strip():
            found[pin].append(line.strip(" \\"))
    return found


def here(path):
    """The pins that count for this interpreter: name, version."""
    pins = [pin for pin in pinned(path) if pin.marker is None or pin.marker.evaluate()]
    return {pin.name: str(pin.specifier).removeprefix("==") for pin in pins}


def declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return project["build-system"], project["project"]["dependencies"], project["project"]["optional-dependencies"]


def test_every_pin_is_exact_and_has_hashes():
    for path in (RUN, DEV):
        for pin, hashes in pinned(path).items():
            assert re.fullmatch(r"==[\w.]+", str(pin.specifier)), pin
            assert hashes, pin
            assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", text) for text in hashes), pin


def test_the_locks_hold_what_the_project_asks_for_and_no_address():
    _, dependencies, extras = declared()
    running, all_of_it = here(RUN), here(RUN) | here(DEV)
    for text in [*dependencies, *extras["build"]]:
        wanted = Requirement(text)
        assert wanted.specifier.contains(running[wanted.name]), text
    for text in extras["dev"]:
        wanted = Requirement(text)
        assert wanted.specifier.contains(all_of_it[wanted.name]), text
    assert not any("://" in path.read_text(encoding="utf-8") for path in (RUN, DEV, ROOT / "environment.yml"))


def test_both_locks_agree():
    running, rest = here(RUN), here(DEV)
    assert {name: version for name, version in rest.items() if running.get(name, version) != version} == {}


def test_building_the_package_takes_the_locked_tools():
    build, _, _ = declared()
    tools = {Requirement(text).name: str(Requirement(text).specifier) for text in build["requires"]}
    assert {name: f"=={version}" for name, version in here(RUN).items() if name in tools} == tools
    needed = {Requirement(text) for tool in tools for text in distribution(tool).requires or ()}
    assert {need.name for need in needed if need.marker is None or need.marker.evaluate()} <= set(tools)


def wheel(folder, name, version, requires):
    """A wheel without a module: its metadata is all that there is to it."""
    info = f"{name.replace('-', '_')}-{version}"
    texts = {
        f"{info}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}\n",
        f"{info}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},{len(text)}\n"
        for path, text in texts.items()
    )
    path = folder / f"{info}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in (*texts.items(), (f"{info}.dist-info/RECORD", f"{record}{info}.dist-info/RECORD,,\n")):
            archive.writestr(member, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """The folder of wheels, and both locks rewritten for them."""
    folder = tmp_path_factory.mktemp("index")
    hashes = {}
    for name, version in (here(RUN) | here(DEV)).items():
        found = distribution(name)
        assert Version(found.version) == Version(version), f"the environment is not the locked one: {name}"
        extras = "".join(f"Provides-Extra: {extra}\n" for extra in found.metadata.get_all("Provides-Extra") or ())
        requires = "".join(f"Requires-Dist: {text}\n" for text in found.requires or ())
        hashes[name] = wheel(folder, name, version, extras + requires)
        wheel(folder, name, POISON, "Requires-Dist: there-is-no-such-package\n")
    for path in (RUN, DEV):
        pins = [pin for pin in pinned(path) if pin.name in hashes and (pin.marker is None or pin.marker.evaluate())]
        (folder / path.name).write_text("".join(f"{pin} --hash=sha256:{hashes[pin.name]}\n" for pin in pins))
    return folder


def pip(python, index, *words):
    return subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check", *words, "--no-index", "--find-links", index],
        check=False, capture_output=True, text=True,
    )  # fmt: skip


def chosen(index, *words):
    """What this interpreter's pip would install, in an empty environment."""
    done = pip(sys.executable, index, "install", "--dry-run", "--quiet", "--ignore-installed", "--report", "-", *words)
    assert done.returncode == 0, done.stderr
    return {
        item["metadata"]["name"]: item["metadata"]["version"] for item in json.loads(done.stdout)["install"]
    }  # fmt: skip


@pytest.mark.slow
def test_the_makefiles_commands_install_the_locked_versions(index, tmp_path):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    locked = re.search(r"^LOCKED +=(.*)$", makefile, re.MULTILINE)[1].split()
    assert {"--no-deps", "--require-hashes", "--only-binary"} <= set(locked)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    for lock in (RUN.name, DEV.name):
        done = pip(python, index, "install", *locked, "-r", index / lock)
        assert done.returncode == 0, done.stderr
        complete = subprocess.run([python, "-m", "pip", "check"], check=False, capture_output=True, text=True)
        assert complete.returncode == 0, complete.stdout
    listed = subprocess.run([python, "-m", "pip", "list", "--format=json"], check=True, capture_output=True, text=True)
    there = {
        row["name"]: row["version"] for row in json.loads(listed.stdout) if row["name"] not in ("pip", "setuptools")
    }
    assert there == here(RUN) | here(DEV)


@pytest.mark.slow
def test_plain_pip_with_hashes_installs_the_locked_versions(index):
    assert chosen(index, "--require-hashes", "-r", index / RUN.name) == here(RUN)
    both = chosen(index, "--require-hashes", "-r", index / RUN.name, "-r", index / DEV.name)
    assert both == here(RUN) | here(DEV)


@pytest.mark.slow
def test_environment_yml_installs_the_locked_versions(index):
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    lines = [line.strip().removeprefix("- ") for line in text.partition("- pip:\n")[2].splitlines()]
    assert lines[-1] == "-e ."
    (index / "pip.txt").write_text("\n".join(lines[:-1]), encoding="utf-8")
    assert chosen(index, "-r", index / "pip.txt") == here(RUN)


@pytest.mark.slow
@pytest.mark.skipif(
    Version(pip_version) >= Version("24.1"), reason="later pips take a pin for the package with its extra too"
)
def test_a_lock_that_loses_an_extra_would_be_noticed(index):
    both = (index / RUN.name).read_text() + (index / DEV.name).read_text()
    (index / "stripped.txt").write_text(both.replace("coverage[toml]==", "coverage=="))
    done = pip(
        sys.executable,
        index,
        "install",
        "--dry-run",
        "--ignore-installed",
        "--require-hashes",
        "-r",
        index / "stripped.txt",
    )
    assert done.returncode != 0
    assert "coverage[toml]" in done.stderr
