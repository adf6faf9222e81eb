"""One cell of the matrix is a page on a shape of data: how the page ends there, as its user sees it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crm_lab.run.html.words import FILE_NAME
from crm_lab.run.outcomes import headline
from tests.forked_commands import CommandServer
from tests.matrix.shapes import PURCHASES, SHAPES, TEST, Shape
from tests.run.html.shown_text import MOST_LATIN, debris, latin_share, visible

ROOT = Path(__file__).resolve().parents[2]
GOOD, REFUSED, BROKEN = "good", "refused", "broken"
TEST_PAGES = ("14", "15", "16", "17")
ON_EACH = 1  # `make test` looks at each page on so many shapes at least, and at each shape on one page at least
ALL_PAGES = ("plain_test", "binary_test")  # test_own_data puts these to every page
LEAVING = ("nobody_leaves", "all_leave")  # and these to the pages on value and leaving


@dataclass(frozen=True)
class Cell:
    """How a page ended: good, refused in words, or broken (a failure that is no sentence to the user)."""

    shape: str
    page: str
    ending: str
    words: str


def pages(kind: str = PURCHASES) -> tuple[str, ...]:
    """Numbers of the pages that data of a kind can be put to; a new notebook is among them by itself."""
    there = sorted(path.name[:2] for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    return tuple(there) if kind == PURCHASES else TEST_PAGES


def few_cells() -> dict[str, tuple[str, ...]]:
    """Shape to the pages that `make test` runs on it: every page and every shape that test_own_data leaves comes up."""
    chosen: dict[str, tuple[str, ...]] = {}
    for kind in (PURCHASES, TEST):
        accepted = [name for name, shape in SHAPES.items() if shape.kind == kind and shape.accepted]
        names = [name for name in accepted if name not in (*ALL_PAGES, *LEAVING)]
        numbers = pages(kind)
        for i, name in enumerate(names):
            chosen[name] = numbers[i :: len(names)] or (numbers[i % len(numbers)],)
    return chosen


_served: list[CommandServer] = []


@contextmanager
def served() -> Iterator[None]:
    """Commands are forked from one process that has everything imported, while inside."""
    with CommandServer(ROOT) as server:
        _served.append(server)
        yield
        _served.remove(server)


def crm_lab(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """``crm-lab`` in a project of its own that has the lab's notebooks."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CRM_LAB_", "COV_"))}
    env = {**kept, "CRM_LAB_HOME": str(home), "PYTHONPATH": str(ROOT)}
    if _served:
        return _served[-1].run(home, env, *words)
    command = [sys.executable, "-m", "crm_lab.cli", *words]
    return subprocess.run(command, cwd=home, env=env, capture_output=True, text=True, check=False, timeout=900)


def project(home: Path) -> Path:
    """An empty project with the lab's notebooks and samples."""
    for folder in ("suites", "outputs", "data"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    for there in ("notebooks", "data/samples"):
        if not (home / there).exists():
            (home / there).symlink_to(ROOT / there)
    return home


def init(home: Path, shape: Shape) -> subprocess.CompletedProcess[str]:
    """``crm-lab init`` on the shape's file."""
    file = home / f"{shape.name}.csv"
    shape.make().to_csv(file, index=False)
    return crm_lab(home, "init", str(file), "--force", *shape.options)


def run_cells(
    home: Path, shape: Shape, numbers: Sequence[str] = (), jobs: int = 1, lang: str = "en"
) -> tuple[list[Cell], tuple[str, ...]]:
    """Put a shape to pages as a user would, those that `init` does not promise too.

    Args:
        home: A `project`.
        shape: The shape.
        numbers: Of the pages; all that its kind of data can be put to unless given.
        jobs: Pages at once.
        lang: Language of the report.

    Returns:
        A cell a page, and the numbers of the pages that `init` promised.
    """
    said = init(home, shape)
    if said.returncode:
        raise AssertionError(f"init refused {shape.name}: {said.stdout}\n{said.stderr}")
    wanted = tuple(numbers) or pages(shape.kind)
    promised = _with_pages(home / "suites" / f"{shape.name}.toml", wanted)
    only = (w for n in wanted for w in ("--only", n))
    ran = crm_lab(home, "run", shape.name, "--jobs", str(jobs), "--lang", lang, *only)
    folders = sorted(path for path in (home / "outputs" / shape.name).glob("2*") if path.is_dir())
    if not folders:
        raise AssertionError(f"{shape.name} did not run: {ran.stdout}\n{ran.stderr}")
    manifest = json.loads((folders[-1] / "manifest.json").read_text(encoding="utf-8"))
    if manifest["contradictions"]:
        raise AssertionError(f"pages contradict each other on {shape.name}: {manifest['contradictions']}")
    own = {*re.findall(r"\w+", (home / f"{shape.name}.csv").read_text(encoding="utf-8")), manifest["title"], shape.name}
    unfit = {page.name: found for page in folders[-1].glob("*.html") if (found := unfit_to_show(page, own, lang))}
    if unfit:
        raise AssertionError(f"pages on {shape.name} show what is not for readers: {unfit}")
    records = [json.loads(path.read_text(encoding="utf-8")) for path in folders[-1].glob("*/results.json")]
    return [_cell(shape.name, record) for record in records], promised


def unfit_to_show(page: Path, own: set[str], lang: str) -> list[str]:
    """Names of code, raw values and, in a Chinese page, Latin words beyond their share, but for the user's own."""
    shown = FILE_NAME.sub("", visible(page.read_text(encoding="utf-8")))
    for words in sorted(own, key=len, reverse=True):
        if not words.isdigit() and words in shown:
            shown = re.sub(rf"(?<!\w){re.escape(words)}(?!\w)", "", shown)
    too_much = lang == "zh" and latin_share(shown) > MOST_LATIN
    return [*debris(shown), *([f"{latin_share(shown):.1%} Latin words"] if too_much else [])]


def _with_pages(suite: Path, wanted: Sequence[str]) -> tuple[str, ...]:
    """Add the pages that `init` left out, with the parameters that it gives to pages of such data."""
    promised = tuple(page["notebook"][:2] for page in tomllib.loads(suite.read_text(encoding="utf-8"))["page"])
    missing = [number for number in wanted if number not in promised]
    names = [next(path.stem for path in (ROOT / "notebooks").glob(f"{number}_*.ipynb")) for number in missing]
    with suite.open("a", encoding="utf-8") as file:
        file.writelines(f'\n[[page]]\nnotebook = "{name}"\n' for name in names)
    return promised


def _cell(shape: str, record: dict) -> Cell:
    status, reason, error = record["status"], record["reason"].strip(), record["error"] or {}
    said = str(headline(record).get("refusal") or "").strip()
    number = record["notebook"][:2]
    if status == "ok":
        return Cell(shape, number, REFUSED if said else GOOD, said)
    in_words = status == "refused" or error.get("name") == "BadInput"
    return Cell(shape, number, REFUSED if in_words and reason else BROKEN, reason or "(nothing)")
