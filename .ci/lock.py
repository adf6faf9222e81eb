"""`make lock`: requirements.lock (what running needs) and requirements-dev.lock (what developers need on top).

Versions stay as they are unless pyproject.toml asks for others; ``--upgrade`` takes the newest. Needs uv and an index.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUN, DEV, PROJECT = (ROOT / name for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"))
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = (
    "x86_64-manylinux_2_28",
    "aarch64-manylinux_2_28",
    "aarch64-apple-darwin",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
)
# releases that are refused, each with its reason
CONSTRAINTS = (
    # later ones have no wheel for Macs with an Intel processor
    "argon2-cffi-bindings<26 ; sys_platform == 'darwin' and platform_machine == 'x86_64'",
)
# extras are kept: some pips resolve `coverage[toml]` apart from `coverage`, and a pin must hold for both
_COMPILE = ("--universal", "--python-version", PYTHONS[0], "--no-strip-extras", "--no-annotate", "--no-header")


def uv(*arguments: str | Path) -> None:
    """Run uv on wheels only, in the project's folder; end with its words where it fails."""
    program = shutil.which("uv")
    if not program:
        raise SystemExit("`make lock` needs uv: `pip install uv`, then run it again.")
    command = [program, "--quiet", "pip", *arguments, "--only-binary", ":all:"]
    if subprocess.run(command, check=False, cwd=ROOT).returncode:
        raise SystemExit("The lock was not changed: uv said why above.")


def pins(text: str) -> list[str]:
    r"""The requirements of a lock without their hashes.

    >>> pins("a[b]==1 ; os_name == 'nt' \\\n    --hash=sha256:0\n")
    ["a[b]==1 ; os_name == 'nt'"]
    """
    return [line.removesuffix(" \\") for line in text.splitlines() if re.match(r"\w", line)]


def split(pin: str) -> tuple[str, str]:
    """The name and the version of a pin.

    >>> split("coverage[toml]==7.17.3 ; python_full_version < '3.12'")
    ('coverage', '7.17.3')
    """
    found = re.match(r"([\w.-]+)(?:\[[^]]*])?==([^ ;]+)", pin)
    if not found:
        raise ValueError(f"A line of the lock must be a name and a version (name==1.0), got {pin!r}.")
    return found[1], found[2]


def resolved(folder: Path, like: list[str], *extras: str) -> list[str]:
    """The pins of pyproject.toml with these extras, kept at the versions of ``like`` where those fit."""
    out, constraints = folder / "out.txt", folder / "constraints.txt"
    out.write_text("\n".join(like), encoding="utf-8")  # uv keeps the versions it finds in its output
    constraints.write_text("\n".join(CONSTRAINTS), encoding="utf-8")
    chosen = [argument for extra in extras for argument in ("--extra", extra)]
    uv("compile", *_COMPILE, *chosen, PROJECT, "--constraints", constraints, "--output-file", out)
    return pins(out.read_text(encoding="utf-8"))


def wheel_hashes(folder: Path, every: list[str]) -> dict[tuple[str, str], list[str]]:
    """SHA-256 of every wheel of each (name, version)."""
    listed, out = folder / "every.txt", folder / "pylock.toml"
    listed.write_text("\n".join(every), encoding="utf-8")
    uv("compile", *_COMPILE, "--no-deps", "--format", "pylock.toml", listed, "--output-file", out)
    packages = tomllib.loads(out.read_text(encoding="utf-8"))["packages"]
    return {(p["name"], p["version"]): sorted(w["hashes"]["sha256"] for w in p["wheels"]) for p in packages}


def prove(folder: Path, *locks: Path) -> None:
    """End unless every pin has a wheel for each Python on each platform."""
    files = [argument for lock in locks for argument in ("-r", lock)]
    for python, platform in product(PYTHONS, PLATFORMS):
        where = ("--python-version", python, "--python-platform", platform, "--target", folder / "none")
        uv("install", "--dry-run", "--no-deps", "--require-hashes", *where, *files)


def main() -> None:
    """Write both locks, and the build tools' versions into pyproject.toml."""
    present = [] if "--upgrade" in sys.argv else [pin for lock in (RUN, DEV) for pin in pins(lock.read_text("utf-8"))]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        every = resolved(folder, present, "build", "dev")
        running = {split(pin)[0] for pin in resolved(folder, every, "build")}
        hashes = wheel_hashes(folder, every)
        made = {RUN: "", DEV: ""}
        for pin in every:
            wheels = "".join(f" \\\n    --hash=sha256:{sha}" for sha in hashes[split(pin)])
            made[RUN if split(pin)[0] in running else DEV] += f"{pin}{wheels}\n"
        new = {lock: folder / lock.name for lock in made}
        for lock, text in made.items():
            new[lock].write_text(text, encoding="utf-8")
        prove(folder, *new.values())
    for lock, text in made.items():
        lock.write_text(text, encoding="utf-8")
    versions = dict(map(split, every))
    build, rest = PROJECT.read_text(encoding="utf-8").split("build-backend", 1)
    build = re.sub(r'"([\w-]+)==[^"]+"', lambda pin: f'"{pin[1]}=={versions[pin[1]]}"', build)
    PROJECT.write_text(f"{build}build-backend{rest}", encoding="utf-8")


if __name__ == "__main__":
    main()
