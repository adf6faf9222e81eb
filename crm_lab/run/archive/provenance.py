"""Where a run's numbers come from: code, lock file, versions, data, parameters."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final

_PACKAGES: Final = (
    "crm-lab",
    "pandas",
    "numpy",
    "scipy",
    "scikit-learn",
    "statsmodels",
    "lifetimes",
    "seaborn",
    "matplotlib",
    "duckdb",
    "pyarrow",
    "narwhals",
    "papermill",
    "nbclient",
    "ipykernel",
)
_SEEDS = ("seed",)
_CODE = (".py", ".toml", ".sql", ".j2", ".html", ".css")


def file_hash(path: Path) -> str | None:
    """SHA-256 of a file; ``None`` where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def json_hash(content: Any) -> str:
    """SHA-256 of content as JSON with sorted keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def code_hash(folder: Path) -> str:
    """SHA-256 over the package's sources: their names and contents, in order."""
    digest = hashlib.sha256()
    files = (p for p in folder.rglob("*") if p.suffix in _CODE and p.is_file())
    for path in sorted(files, key=lambda p: p.relative_to(folder).as_posix()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def git_state(root: Path) -> dict[str, Any]:
    """The commit, and whether files differ from it; ``None`` for both outside a repository."""
    commit = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - git with words of ours
            ["git", "-C", str(root), *arguments],  # noqa: S607 - whichever git the user has
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def versions() -> dict[str, str]:
    """Python, the platform and the packages that make numbers."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def code_state(root: Path) -> dict[str, Any]:
    """Everything that says which code ran."""
    return {
        **git_state(root),
        "sources_sha256": code_hash(Path(__file__).resolve().parents[2]),
        "lock_sha256": file_hash(root / "requirements.lock"),
    }


def data_used(pages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The distinct data behind published results, as they describe themselves."""
    found: dict[str, dict[str, Any]] = {}
    for page in pages:
        for result in page["results"]:
            data = result.get("data")
            if data:
                found.setdefault(f"{data.get('key')} {data.get('as_of')} {data.get('source')}", dict(data))
    return [found[key] for key in sorted(found)]


def seeds(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that choose random draws."""
    return {
        name: value for name, value in parameters.items() if any(name == s or name.endswith(f"_{s}") for s in _SEEDS)
    }
