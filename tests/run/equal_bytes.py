"""One suite run in two folders, with one job and two, in three time zones and two locales: every file is the same."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import crm_lab
from crm_lab.data.connection import workspaces_dir
from crm_lab.project import project_root
from crm_lab.run.verification import NOT_COMPARED, first_difference

PACKAGE = str(Path(crm_lab.__file__).parents[1])
ID = "2000-01-01T00-00-00Z"  # as long as a run's own


@dataclass(frozen=True)
class Setting:
    """Where and how a run is made."""

    folder: str
    jobs: int
    zone: str
    locale: str


SETTINGS = (
    Setting("here", 1, "Asia/Shanghai", "zh_CN.UTF-8"),
    Setting("there with a blank", 2, "America/St_Johns", "C"),
    Setting("here", 2, "Pacific/Kiritimati", "C"),
)


def copies(place):
    """Two copies of the project's pages and suites, outside of any repository; they share what was built from data."""
    root = project_root()
    for name in dict.fromkeys(setting.folder for setting in SETTINGS):
        folder = place / name
        for part in ("notebooks", "suites", "data/samples"):
            shutil.copytree(root / part, folder / part, dirs_exist_ok=True)
        shutil.copyfile(root / "requirements.lock", folder / "requirements.lock")
        (folder / "outputs").mkdir()


def locales(place):
    """A folder of locales with Chinese in it; whether that could be made."""
    made = shutil.which("localedef") and subprocess.run(
        ["localedef", "-i", "zh_CN", "-f", "UTF-8", str(place / "zh_CN.UTF-8")], capture_output=True, check=False
    )
    return bool(made) and (place / "zh_CN.UTF-8").is_dir()


def run(place, setting, suite, *arguments):
    """Run a suite by the command line, and return the folder of the run."""
    root = place / setting.folder
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("CRM_LAB_", "LC_", "LANG", "COV_"))
    }
    env = kept | {
        "CRM_LAB_HOME": str(root), "PYTHONPATH": PACKAGE, "TZ": setting.zone, "LC_ALL": setting.locale,
        "LANG": setting.locale, "LOCPATH": str(place / "locales"), "PYTHONHASHSEED": "random",
        "CRM_LAB_WORKSPACES": str(workspaces_dir()),
    }  # fmt: skip
    command = [sys.executable, "-m", "crm_lab.cli", "run", suite, "--jobs", str(setting.jobs), *arguments]
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return max(path for path in (root / "outputs" / suite).iterdir() if path.name[0] == "2" and path.is_dir())


def as_one_run(folder, target):
    """A copy of a run in which its own id, which says when it was made, is that of every other."""
    shutil.copytree(folder, target)
    for path in target.rglob("*"):
        if path.is_file():
            told = path.read_bytes().replace(folder.name.encode(), ID.encode())
            path.write_bytes(
                told.replace(folder.name[:10].encode(), ID[:10].encode()) if path.suffix == ".html" else told
            )


def differences(place, suite, *arguments, text=""):
    """How many files were compared, what differs among the runs of all settings, whether there is a Chinese locale.

    Args:
        place: An empty folder.
        suite: One of the project's, unless its text is given.
        arguments: Further ones of ``crm-lab run``.
        text: Of a suite.
    """
    copies(place)
    for setting in SETTINGS if text else ():
        (place / setting.folder / "suites" / f"{suite}.toml").write_text(text, encoding="utf-8")
    (place / "locales").mkdir()
    chinese = locales(place / "locales")
    runs = []
    for number, setting in enumerate(SETTINGS):
        as_one_run(run(place, setting, suite, *arguments), place / f"run{number}")
        for folder in (place / setting.folder / "outputs").iterdir():
            shutil.rmtree(folder)  # the next has nothing to be compared with
        runs.append(place / f"run{number}")
    names = sorted({p.relative_to(r).as_posix() for r in runs for p in r.rglob("*") if p.is_file()})
    names = [name for name in names if Path(name).name not in NOT_COMPARED]
    found = [first_difference(runs[0], other, name) for name in names for other in runs[1:]]
    return len(names), [difference for difference in found if difference], chinese
