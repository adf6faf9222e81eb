"""`make docs`: guides, executed notebooks and the reference of public names as a static site.

The source is assembled in ``outputs/site_source`` and built into ``outputs/site``; nothing of it is committed.
Warnings of Sphinx and internal links that lead nowhere end the build.
"""

from __future__ import annotations

import base64
import importlib
import inspect
import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import nbformat
from public_names import ROOMS, public

from crm_lab.mime import FIGURE_MIME
from crm_lab.run.html.notebook_cells import LEFT_OUT, figure_alt, shown_html

ROOT = Path(__file__).resolve().parents[1]
SOURCE, SITE = ROOT / "outputs" / "site_source", ROOT / "outputs" / "site"
# guides in the order in which people need them; any other guide comes after them
FIRST = (
    "quickstart",
    "data",
    "identity",
    "segmentation",
    "clv",
    "churn",
    "recommend",
    "experiments",
    "loyalty",
    "channels",
    "activation",
    "claims",
    "running",
    "notebooks",
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def assemble(source: Path) -> None:
    """Write the source of the site: guides as they are, a page a notebook, a page a module."""
    shutil.rmtree(source, ignore_errors=True)
    (source / "_static").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "site" / "conf.py", source)
    shutil.copy(ROOT / ".ci" / "site" / "site.css", source / "_static")
    shutil.copytree(ROOT / "docs", source / "docs")
    for name in ("CHANGELOG.md", "data/README.md"):
        (source / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    for guide in (source / "docs").glob("*.md"):
        guide.write_text(_COMMENT.sub("", guide.read_text("utf-8")), "utf-8")
    sections = {
        "docs": ("Guides", guides()),
        "notebooks": ("Notebooks", notebooks(source / "notebooks")),
        "reference": ("Reference", reference(source / "reference")),
    }
    for room, (title, pages) in sections.items():
        intro = rooms_table() if room == "reference" else ""
        text = f"# {title}\n{intro}{toctree(pages, hidden=bool(intro))}"
        (source / room / "index.md").write_text(text, "utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")
    (source / "index.md").write_text(readme + toctree([f"{room}/index" for room in sections]), "utf-8")


def toctree(pages: list[str], hidden: bool = True) -> str:
    """A table of contents; a hidden one is for the navigation alone."""
    return "\n```{toctree}\n:maxdepth: 1\n" + ":hidden:\n" * hidden + "\n" + "\n".join(pages) + "\n```\n"


def guides() -> list[str]:
    """The guides in reading order, then data/README and the changelog."""
    found = {path.stem for path in (ROOT / "docs").glob("*.md")}
    ordered = [name for name in FIRST if name in found] + sorted(found - set(FIRST))
    return [*ordered, "../data/README", "../CHANGELOG"]


def notebooks(folder: Path) -> list[str]:
    """A page for each committed notebook: prose, code, tables and figures, exercises left out."""
    folder.mkdir()
    paths = sorted(path for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
    for path in paths:
        number = itertools.count(1)
        cells = [c for c in nbformat.read(path, as_version=4).cells if not LEFT_OUT & set(c.metadata.get("tags", ()))]
        page = "\n\n".join(part for cell in cells for part in cell_parts(cell, folder, path.stem, number))
        (folder / f"{path.stem}.md").write_text(f"{page}\n", "utf-8")
    return [path.stem for path in paths]


def cell_parts(cell: Any, folder: Path, stem: str, number: Iterator[int]) -> Iterator[str]:
    """A cell and its outputs as Markdown; figures become files."""
    if cell.cell_type != "code":
        yield cell.source
        return
    yield f"````python\n{cell.source}\n````"
    for output in cell.outputs:
        data = output.get("data", {})
        if "image/png" in data:
            name = f"{stem}-{next(number)}.png"
            (folder / name).write_bytes(base64.b64decode(data["image/png"]))
            title = figure_alt(output) if FIGURE_MIME in data else ""
            yield f"![{title or 'figure'}]({name})"
        elif "text/html" in data:
            yield f'````{{raw}} html\n<div class="notebook-output">{shown_html(data["text/html"])}</div>\n````'
        elif text := data.get("text/plain", output.get("text", "")):
            yield f"````text\n{text}\n````"


def reference(folder: Path) -> list[str]:
    """A page for each room with its names, and one for each module that holds some of them; the pages of the rooms.

    A room that is one module has one page.
    """
    folder.mkdir()
    pages = ["top"]
    for room in ROOMS:
        homes: dict[str, list[Any]] = {}
        for name, found in public().items():
            if name.startswith(f"crm_lab.{room}."):
                homes.setdefault(found.__module__, []).append(found)
        for home, names in homes.items():
            (folder / f"{home}.md").write_text(module_page(home, names), "utf-8")
        single = list(homes) == [f"crm_lab.{room}"]
        pages.append(f"crm_lab.{room}" if single else room)
        if not single:
            (folder / f"{room}.md").write_text(room_page(room, homes), "utf-8")
    (folder / "top.md").write_text(top_page(), "utf-8")
    return pages


def rooms_table() -> str:
    """The rooms with what each answers."""
    rows = []
    for room in ROOMS:
        module = importlib.import_module(f"crm_lab.{room}")
        page = room if hasattr(module, "__path__") else f"crm_lab.{room}"
        rows.append(f"| [`crm_lab.{room}`]({page}.md) | {summary_of(module)} |")
    top = "| [`crm_lab`](top.md) | The names that `from crm_lab import …` gives |\n"
    return "| package | what it is for |\n|---|---|\n" + top + "\n".join(rows) + "\n"


def summary_of(found: Any) -> str:
    """The first sentence of a docstring, quoted names as code."""
    return inspect.cleandoc(found.__doc__ or "").split("\n\n")[0].replace("\n", " ").replace("|", "\\|")


def room_page(room: str, homes: Mapping[str, list[Any]]) -> str:
    """What a room answers, and a table of its names."""
    about = summary_of(sys.modules[f"crm_lab.{room}"])
    rows = [
        f"| [`{found.__name__}`]({home}.md) | {summary_of(found)} |"
        for home, names in sorted(homes.items())
        for found in names
    ]
    table = "| name | what it is |\n|---|---|\n" + "\n".join(rows)
    return f"# crm_lab.{room}\n{about}\n\n{table}\n{toctree(sorted(homes))}"


def module_page(home: str, names: list[Any]) -> str:
    """The names of a module with their docstrings."""
    parts = [f"# {home.removeprefix('crm_lab.')}\n{summary_of(sys.modules[home])}\n"]
    for found in names:
        kind = "autoclass" if inspect.isclass(found) else "autofunction"
        members = "\n   :members:" if inspect.isclass(found) else ""
        parts.append(f"\n## {found.__name__}\n```{{eval-rst}}\n.. {kind}:: {home}.{found.__name__}{members}\n```\n")
    return "".join(parts)


def top_page() -> str:
    """The names that `crm_lab` itself has, each with where it is explained."""
    import crm_lab

    rows = []
    for name in crm_lab.__all__:
        found = getattr(crm_lab, name)
        home = getattr(found, "__module__", "")
        listed = any(home.startswith(f"crm_lab.{room}") for room in ROOMS) and f"{home}.{name}" in public()
        rows.append(f"| {f'[`{name}`]({home}.md)' if listed else f'`{name}`'} | {summary_of(found)} |")
    return (
        "# crm_lab\nNames that `from crm_lab import …` gives.\n\n| name | what it is |\n|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


class Links(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - HTMLParser's
        """Note where the tag leads, and what can be reached at it."""
        given = dict(attrs)
        self.anchors |= {value for key in ("id", "name") if (value := given.get(key))}
        self.links += [value for key in ("href", "src") if (value := given.get(key))]


def broken_links(site: Path) -> list[str]:
    """Links inside a built site that lead to no file or no anchor, each with the page it stands on."""
    pages = {}
    for path in (path for path in site.rglob("*.html") if "_static" not in path.parts):
        pages[path.resolve()] = found = Links()
        found.feed(path.read_text("utf-8"))
    broken = []
    for path, found in pages.items():
        for link in found.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            known = pages[target].anchors if target in pages else None
            reached = target.is_file() and (not parts.fragment or known is None or unquote(parts.fragment) in known)
            if not reached:
                broken.append(f"{path.relative_to(site.resolve())}: {link}")
    return sorted(set(broken))


def assemble_reference(source: Path, modules: Collection[str]) -> None:
    """Write the source of a site with the reference of some modules alone: a quick look at what Sphinx says of them."""
    shutil.rmtree(source, ignore_errors=True)
    (source / "_static").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "site" / "conf.py", source)
    shutil.copy(ROOT / ".ci" / "site" / "site.css", source / "_static")
    reference(source / "reference")
    for page in (source / "reference").glob("*.md"):
        if page.stem not in modules:
            page.unlink()
    pages = toctree([f"reference/{module}" for module in modules])
    (source / "index.md").write_text(f"# Reference\n{pages}", "utf-8")


def build(source: Path = SOURCE, site: Path = SITE) -> list[str]:
    """Assemble and build the site; what is wrong with it, in lines."""
    assemble(source)
    return built(source, site)


def built(source: Path, site: Path) -> list[str]:
    """Build a source that stands; what is wrong with the site, in lines."""
    shutil.rmtree(site, ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-b",
        "html",
        "-W",
        "--keep-going",
        "-q",
        "-j",
        "2",
        "-d",
        source / ".doctrees",
        source,
        site,
    ]
    found = os.pathsep.join([str(ROOT), str(ROOT / ".ci"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": found}
    )
    complaints = [line for line in done.stderr.splitlines() if line.strip()]
    return complaints if done.returncode else broken_links(site)


def main() -> None:
    """Build the site, or end with what is wrong."""
    wrong = build()
    if wrong:
        raise SystemExit("\n".join([*wrong, f"The site has {len(wrong)} problems, listed above."]))
    sys.stdout.write(f"{SITE / 'index.html'}\n")


if __name__ == "__main__":
    main()
