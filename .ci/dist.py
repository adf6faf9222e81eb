"""`make dist`: the wheel and the source archive in dist/, and the wheel tried where there is no checkout.

The trial is an environment of its own in a temporary folder. Its dependencies are those of requirements.lock, from the
package index; with ``--borrow`` they are those of this interpreter, and no network is needed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NEEDED = (
    r"crm_lab/__init__\.py", r"crm_lab/py\.typed", r"crm_lab/messages/en/clv\.toml", r"crm_lab/messages/zh/clv\.toml",
    r".*\.dist-info/licenses/LICENSE", r".*/share/doc/crm-lab/CHANGELOG\.md", r".*/share/doc/crm-lab/quickstart\.md",
    r".*/share/jupyter/kernels/crm-lab/kernel\.json",
)  # fmt: skip
STRAY = r"(tests|notebooks|suites|docs|data|benchmarks|certification|outputs)/|.*\.(ipynb|pyc|csv|parquet)$"
NEED_A_PROJECT = (["run", "tour"], ["list"], ["help", "04"], ["notebooks", "refresh"], ["lab"], ["init", "orders.csv"])
IMPORTS = """
import sys, crm_lab
from importlib.metadata import version
assert crm_lab.__file__.startswith(sys.prefix), f"crm_lab comes from {crm_lab.__file__}"
assert version("crm-lab") == crm_lab.__version__, (version("crm-lab"), crm_lab.__version__)
print(len([getattr(crm_lab, name) for name in crm_lab.__all__]), "names")
"""
QUICKSTART = """
import doctest, sys, sysconfig
guide = sysconfig.get_path("data") + "/share/doc/crm-lab/quickstart.md"
flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
failed, tried = doctest.testfile(guide, module_relative=False, optionflags=flags)
print(tried - failed, "of", tried, "examples")
sys.exit(bool(failed) or not tried)
"""


def main() -> None:
    """Build, look into the wheel, try it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--out", type=Path, default=ROOT / "dist", help="where to write")
    asked.add_argument("--borrow", action="store_true", help="take this interpreter's packages as dependencies")
    options = asked.parse_args()
    wheel = build(options.out)
    problems = contents(wheel)
    if not problems:
        with tempfile.TemporaryDirectory(prefix="crm_lab_dist_") as folder:
            problems = trial(wheel, Path(folder), borrow=options.borrow)
    if problems:
        sys.exit("The wheel is not fit to be given away:\n" + "\n".join(f"  - {p}" for p in problems))
    print(f"Built and tried: {', '.join(sorted(p.name for p in options.out.iterdir()))} in {options.out}")


def build(out: Path) -> Path:
    """Write the wheel and the source archive of this checkout; no network is needed."""
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(out)]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"The build failed:\n{done.stdout}{done.stderr}")
    (wheel,) = out.glob("*.whl")
    return wheel


def contents(wheel: Path) -> list[str]:
    """What is missing from the wheel, what does not belong there, and where its metadata are wrong."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (place,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(place).decode()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    inside = [re.sub(r"^[^/]+\.data/data/", "/", name) for name in names]
    stated = {
        "Name": project["name"], "Version": project["version"], "License-Expression": project["license"],
        "License-File": "LICENSE", "Summary": project["description"],
    }  # fmt: skip
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "crm_lab").rglob("*.py")}
    return [
        *(f"{pattern} is not in it" for pattern in NEEDED if not any(re.fullmatch(pattern, name) for name in inside)),
        *(f"{name} does not belong in it" for name in inside if re.match(STRAY, name)),
        *(f"the module {name} is not in it" for name in sorted(modules - set(names))),
        *(f"its {key} is not {value!r}" for key, value in stated.items() if f"\n{key}: {value}\n" not in metadata),
        *(f"its classifiers lack {c!r}" for c in project["classifiers"] if f"\nClassifier: {c}\n" not in metadata),
    ]


def trial(wheel: Path, folder: Path, *, borrow: bool) -> list[str]:
    """Install the wheel in an empty environment and use it there: what did not go as it should."""
    python, script = environment(wheel, folder / "env", borrow=borrow)
    work = folder / "work"
    work.mkdir()
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "CRM_LAB", "VIRTUAL_ENV"))}

    def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            list(map(str, command)), check=False, cwd=work, env=clean, capture_output=True, text=True, timeout=900
        )

    problems = []
    good = (
        ("importing it", (python, "-c", IMPORTS)), ("crm-lab --help", (script, "--help")),
        ("crm-lab --version", (script, "--version")), ("the quickstart", (python, "-c", QUICKSTART)),
    )  # fmt: skip
    for what, command in good:
        done = run(*command)
        last = (done.stdout.strip().splitlines() or ["nothing"])[-1]
        print(f"{what}: {last if done.returncode == 0 else f'exit {done.returncode}'}", flush=True)
        if done.returncode:
            problems.append(f"{what} ends with exit {done.returncode}: {(done.stderr or done.stdout).strip()[-2000:]}")
    for command in NEED_A_PROJECT:
        done = run(script, *command)
        said = done.stderr.strip()
        print(f"crm-lab {' '.join(command)}: exit {done.returncode}", flush=True)
        if done.returncode != 2 or "works on a project" not in said or len(said.splitlines()) != 1:
            problems.append(f"'crm-lab {' '.join(command)}' ends with exit {done.returncode} and says: {said[-500:]}")
    left = [path.name for path in work.iterdir()]
    return [*problems, *(f"{name} was left in the working folder" for name in left)]


def environment(wheel: Path, place: Path, *, borrow: bool) -> tuple[Path, Path]:
    """An environment with the wheel: its interpreter and the command `crm-lab`."""
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    bin_ = place / ("Scripts" if os.name == "nt" else "bin")
    python = bin_ / "python"
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    if not borrow:
        locked = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", ROOT / "requirements.lock"]
        subprocess.run([*pip, *locked], check=True)
    subprocess.run([*pip, "--no-deps", "--no-index", wheel], check=True)
    if borrow:
        where = subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        # behind the wheel on the path, so that crm_lab itself is the wheel's
        Path(where.stdout.strip(), "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    else:
        subprocess.run([python, "-m", "pip", "--disable-pip-version-check", "check"], check=True, capture_output=True)
    return python, bin_ / "crm-lab"


if __name__ == "__main__":
    main()
