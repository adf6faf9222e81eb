"""The lock files are complete and nothing is resolved: releases that come after them change nothing.

Where pip is tried, it meets a folder with a tiny wheel for each pinned package, with the real metadata, and beside
each a later, poisoned release that asks for something that does not exist. The commands are those that users run.
"""

import base64
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

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


def test_no_package_is_in_both_locks():
    running, rest = ({pin.name for pin in pinned(path)} for path in (RUN, DEV))
    assert not running & rest


def test_building_the_package_takes_the_locked_tools():
    build, _, _ = declared()
    tools = {Requirement(text).name: str(Requirement(text).specifier) for text in build["requires"]}
    assert {name: f"=={version}" for name, version in here(RUN).items() if name in tools} == tools
    needed = {Requirement(text) for tool in tools for text in distribution(tool).requires or ()}
    assert {need.name for need in needed if need.marker is None or need.marker.evaluate()} <= set(tools)


def test_the_pythons_of_make_and_pyproject_are_the_same():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    low, high = re.search(r"not \(3, (\d+)\) <= sys.version_info\[:2\] <= \(3, (\d+)\)", makefile).groups()
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    assert wanted == f">=3.{low},<3.{int(high) + 1}"
    assert f"Python 3.{low} to 3.{high}" in makefile


@pytest.mark.skipif(not shutil.which("make"), reason="make is not there")
def test_make_says_which_python_is_missing(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.lock").touch()
    (tmp_path / "pyproject.toml").touch()
    done = subprocess.run(
        ["make", "setup", "PYTHON=false"], cwd=tmp_path, check=False, capture_output=True, text=True
    )  # fmt: skip
    assert done.returncode == 2
    assert "crm_lab needs Python 3.11 to 3.14, and 'false' is not: name one with" in done.stderr


def write_wheel(folder, name, version, members):
    """A wheel of these files and what every wheel has; its SHA-256."""
    stem = f"{name.replace('-', '_')}-{version}"
    about = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    members = members | {f"{stem}.dist-info/WHEEL": about}
    digests = {path: base64.urlsafe_b64encode(hashlib.sha256(data).digest()) for path, data in members.items()}
    record = "".join(f"{path},sha256={digest.rstrip(b'=').decode()},\n" for path, digest in digests.items())
    wheel = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, data in (members | {f"{stem}.dist-info/RECORD": record.encode()}).items():
            archive.writestr(path, data)
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def stand_in(name, version, *, whole):
    """The files of an installed package as they are, or only its metadata."""
    found = distribution(name)
    assert Version(found.version) == Version(version), f"the environment is not the locked one: {name}"
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    members = {f"{info}/METADATA": found.read_text("METADATA").encode()}
    if whole:
        kept = [path for path in found.files if path.suffix != ".pyc" and not {"..", "bin"} & set(path.parts)]
        code = [path for path in kept if not path.parts[0].endswith(".dist-info")]
        members |= {path.as_posix(): path.locate().read_bytes() for path in code}
    return members


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The project's recipe with both locks rewritten for a folder of wheels; ``env`` lets pip see only that folder."""
    folder, root = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("project")
    tools = {Requirement(text).name for text in declared()[0]["requires"]}
    hashes = {}
    for name, version in (here(RUN) | here(DEV)).items():
        hashes[name] = write_wheel(folder, name, version, stand_in(name, version, whole=name in tools))
        poison = f"Metadata-Version: 2.1\nName: {name}\nVersion: {POISON}\nRequires-Dist: there-is-no-such-package\n"
        write_wheel(folder, name, POISON, {f"{name.replace('-', '_')}-{POISON}.dist-info/METADATA": poison.encode()})
    for path in (RUN, DEV):
        pins = [pin for pin in pinned(path) if pin.marker is None or pin.marker.evaluate()]
        (root / path.name).write_text("".join(f"{pin} --hash=sha256:{hashes[pin.name]}\n" for pin in pins))
    for name in ("Makefile", "pyproject.toml", "README.md", "environment.yml"):
        shutil.copy(ROOT / name, root)
    shutil.copytree(ROOT / "crm_lab", root / "crm_lab", ignore=shutil.ignore_patterns("__pycache__"))
    return root, folder


def run(project, command, *, fails=False):
    """Run a command line of the README or the Makefile in the project's folder; what it prints."""
    root, folder = project
    outside = ("PIP_", "UV_", "MAKE", "MFLAGS", "VIRTUAL_ENV", "PYTHONPATH")
    env = {name: text for name, text in os.environ.items() if not name.startswith(outside)}
    env |= {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}
    done = subprocess.run(shlex.split(command), cwd=root, env=env, check=False, capture_output=True, text=True)
    assert bool(done.returncode) is fails, done.stdout + done.stderr
    return done.stdout + done.stderr


def installed(project):
    """Name and version of everything in .venv but pip and setuptools, which venv brings; all of it fits together."""
    assert "No broken requirements" in run(project, ".venv/bin/python -m pip check")
    listed = json.loads(run(project, ".venv/bin/python -m pip list --format=json --disable-pip-version-check"))
    return {
        canonicalize_name(row["name"]): row["version"] for row in listed if row["name"] not in ("pip", "setuptools")
    }


def locked(*paths):
    """What ought to be there: the pins, and the project itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {project["name"]: project["version"]} | {
        name: version for path in paths for name, version in here(path).items()
    }


@pytest.fixture
def environment(project, empty_environment):
    """.venv with nothing but its Python's own pip; the version of that pip."""
    venv = project[0] / ".venv"
    shutil.rmtree(venv, ignore_errors=True)
    shutil.copytree(empty_environment, venv, symlinks=True)
    return Version(run(project, ".venv/bin/python -m pip --version").split()[1])


@pytest.fixture(scope="module")
def empty_environment(project):
    """A copy of a new .venv, to be put back before each test."""
    run(project, f"{shlex.quote(sys.executable)} -m venv --clear .venv")
    return shutil.copytree(project[0] / ".venv", project[0] / "empty", symlinks=True)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("make"), reason="make is not there")
def test_make_installs_the_locked_versions(project):
    make = f"make UV= PYTHON={shlex.quote(sys.executable)}"
    run(project, f"{make} setup")
    assert installed(project) == locked(RUN)
    run(project, f"{make} .venv/.dev")
    assert installed(project) == locked(RUN, DEV)


@pytest.mark.slow
@pytest.mark.usefixtures("environment")
def test_the_readmes_commands_install_the_locked_versions_also_without_no_deps(project):
    block = (ROOT / "README.md").read_text(encoding="utf-8").split("## Without make\n```\n")[1].split("```")[0]
    _, install, editable, _ = block.splitlines()
    assert "pip install --no-deps --require-hashes -r requirements.lock" in install  # as make does: see above
    run(project, install.replace("--no-deps ", ""))
    run(project, editable)
    assert installed(project) == locked(RUN)


@pytest.mark.slow
@pytest.mark.usefixtures("environment")
def test_environment_yml_installs_the_locked_versions(project):
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    lines = [line.strip().removeprefix("- ") for line in text.partition("- pip:\n")[2].splitlines()]
    (project[0] / "conda.txt").write_text("\n".join(lines), encoding="utf-8")
    run(project, ".venv/bin/python -m pip install -U -r conda.txt --exists-action=b")  # as conda calls it
    assert installed(project) == locked(RUN)


@pytest.mark.slow
def test_a_lock_that_loses_an_extra_would_be_noticed(project, environment):
    root, _ = project
    text = "".join((root / path.name).read_text(encoding="utf-8") for path in (RUN, DEV))
    assert "coverage[toml]==" in text
    (root / "stripped.lock").write_text(text.replace("coverage[toml]==", "coverage=="), encoding="utf-8")
    if environment >= Version("23.3"):
        pytest.skip(f"pip {environment} takes the pin of a package for its extras too: it cannot go wrong there")
    said = run(project, ".venv/bin/python -m pip install --dry-run --require-hashes -r stripped.lock", fails=True)
    assert "all requirements must have their versions pinned" in said
    assert "coverage[toml]" in said
