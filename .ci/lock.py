"""`make lock`: requirements.lock is what running needs, requirements-dev.lock what developers need on top.

Versions stay as they are unless pyproject.toml asks for others; `make lock UPGRADE=1` takes the newest. Needs uv.
Every extra is kept: without `coverage[toml]` some pips look `coverage[toml]` up anew, and find a later release.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUN, DEV = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
_HOW = (
    "--universal", "--python-version=3.11", "--only-binary=:all:", "--generate-hashes", "--no-strip-extras",
    "--no-emit-index-url", "--no-annotate", "--no-header", "--quiet",
)  # fmt: skip


def resolved(extras: tuple[str, ...], like: str) -> dict[str, str]:
    """Pin (name, extras, version, marker) to its lines, for pyproject.toml with some extras and pins to keep to."""
    with tempfile.TemporaryDirectory() as folder:
        keep, made = Path(folder) / "keep.txt", Path(folder) / "made.lock"
        keep.write_text(like, encoding="utf-8")
        wanted = [*(f"--extra={extra}" for extra in extras), "--constraints", keep, "--output-file", made]
        command = ["uv", "pip", "compile", *_HOW, *wanted, "pyproject.toml"]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return blocks(made.read_text(encoding="utf-8"))


def blocks(lock: str) -> dict[str, str]:
    """Pin to its lines, hashes and all."""
    found: dict[str, str] = {}
    pin = ""
    for line in lock.splitlines(keepends=True):
        if not line.startswith((" ", "#", "\n")):
            pin = line.rstrip("\n\\ ")
        if pin:
            found[pin] = found.get(pin, "") + line
    return found


def pins(lock: str) -> str:
    """The pins of a lock without hashes and extras, as constraints."""
    return "".join(re.sub(r"\[[^]]*\]", "", pin, count=1) + "\n" for pin in blocks(lock))


def main() -> int:
    """Write both files."""
    before = "".join(pins(path.read_text(encoding="utf-8")) for path in (RUN, DEV) if path.exists())
    everything = resolved(("build", "dev"), "" if "--upgrade" in sys.argv else before)
    running = resolved(("build",), pins("".join(everything.values())))
    RUN.write_text("".join(running.values()), encoding="utf-8")
    DEV.write_text("".join(lines for pin, lines in everything.items() if pin not in running), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
