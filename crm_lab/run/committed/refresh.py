"""How the committed notebooks are kept: found, executed into canonical outputs, checked, copied."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import nbformat
from nbformat import NotebookNode

from crm_lab.checks import BadInput
from crm_lab.run.committed.canonical import canonical, without_keys, write_text
from crm_lab.run.committed.comparison import never_run, notebook_differences
from crm_lab.run.environment import committed_environment
from crm_lab.run.suites.notebook_file import notebooks, pick

CELL_TIMEOUT = 300  # seconds
COPY_PREFIX = "my_"  # .gitignore knows it
CARD = ("pandas", "numpy", "scikit-learn", "lifetimes", "statsmodels", "seaborn", "papermill", "nbval", "jupyterlab")
_IMPORTED_AS = {"scikit-learn": "sklearn"}

Status = Literal["unchanged", "written", "differs", "never run", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a refresh found for one notebook: its status, and a sentence per difference or the error."""

    path: Path
    status: Status
    details: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether the committed outputs are those of the code (or are now)."""
        return self.status in {"unchanged", "written"}


def committed_notebooks(root: Path) -> list[Path]:
    """The lab's notebooks in order, without working copies."""
    return [file.path for file in notebooks(root).values()]


def find_notebook(root: Path, name: str) -> Path:
    """A committed notebook by number, name (or the start of it) or path.

    Raises:
        BadInput: If there is none of that name.
    """
    known = notebooks(root)
    return known[pick(Path(name).name, list(known))].path


def execute(path: Path, root: Path) -> NotebookNode:
    """A notebook run from its first cell to its last in a fresh project kernel, in canonical form.

    Raises:
        BadInput: If the project kernel is not installed.
        nbclient.exceptions.CellExecutionError: If a cell fails.
    """
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient import NotebookClient

    from crm_lab.run.local_kernel import LocalKernelManager

    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="crm-lab",
        kernel_manager_class=LocalKernelManager,
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        client.execute(env={**os.environ, **committed_environment(root, path.stem)})
    except NoSuchKernel:
        raise BadInput("The kernel 'crm-lab' is not installed; run 'pip install --no-deps -e .'.") from None
    return committed_form(notebook)


def committed_form(notebook: NotebookNode) -> NotebookNode:
    """The canonical form of a notebook for the repository: it changes only where its figures do."""
    notebook = canonical(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = without_keys(cell.outputs)
    return notebook


def refresh(root: Path, names: Sequence[str] = (), *, check: bool = False) -> Iterator[Outcome]:
    """Execute notebooks and write their canonical outputs, or only compare with what is committed.

    Args:
        root: The project folder.
        names: Numbers or names; none means all.
        check: Write nothing, say what differs.

    Yields:
        One outcome a notebook, as soon as it is known. A notebook that fails is left as it was.
    """
    paths = [find_notebook(root, name) for name in names] if names else committed_notebooks(root)
    for path in paths:
        yield _check(path, root) if check else _refresh(path, root)


def _refresh(path: Path, root: Path) -> Outcome:
    new = _executed(path, root)
    if isinstance(new, Outcome):
        return new
    text = write_text(new)
    if text == path.read_text(encoding="utf-8"):
        return Outcome(path, "unchanged")
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
    return Outcome(path, "written")


def _check(path: Path, root: Path) -> Outcome:
    committed = nbformat.read(path, as_version=4)
    if cells := never_run(committed):
        return Outcome(path, "never run", (f"cells {', '.join(map(str, cells))} have no outputs to compare with",))
    if write_text(committed_form(committed)) != path.read_text(encoding="utf-8"):
        return Outcome(path, "differs", ("it is not in canonical form",))
    new = _executed(path, root)
    if isinstance(new, Outcome):
        return new
    found = tuple(notebook_differences(committed, new))
    return Outcome(path, "differs" if found else "unchanged", found)


def _executed(path: Path, root: Path) -> NotebookNode | Outcome:
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    try:
        return execute(path, root)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        return Outcome(path, "failed", (str(error).strip(),))


def copy_notebook(root: Path, name: str, new_name: str) -> Path:
    """A working copy of a notebook that git ignores, outputs cleared.

    Args:
        root: The project folder.
        name: Number or name of the notebook.
        new_name: Name of the copy, starting with ``my_``.

    Raises:
        BadInput: If the name is taken, is a path or does not start with ``my_``.
    """
    source = find_notebook(root, name)
    stem = new_name.removesuffix(".ipynb")
    if not re.fullmatch(rf"{COPY_PREFIX}[\w-]+", stem):
        raise BadInput(
            f"The copy is called {new_name!r}; its name must start with '{COPY_PREFIX}' (git ignores those) and "
            f"have letters, digits, '_' and '-' only, e.g. '{COPY_PREFIX}{source.stem[:2]}'."
        )
    target = source.with_name(f"{stem}.ipynb")
    if target.exists():
        raise BadInput(f"notebooks/{target.name} exists already; choose another name or remove it.")
    notebook = nbformat.read(source, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    target.write_text(write_text(canonical(notebook)), encoding="utf-8")
    return target


def card_table(root: Path) -> str:
    """A Markdown table: per package of the card, the notebooks and modules that import it."""
    rows = ["| package | notebooks | modules of crm_lab |", "| --- | --- | --- |"]
    for package, (pages, modules) in card_uses(root).items():
        cells = (", ".join(stem[:2] for stem in pages) or "–", ", ".join(modules) or "–")
        rows.append(f"| {package} | {cells[0]} | {cells[1]} |")
    return "\n".join(rows) + "\n"


def card_uses(root: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Per package of the card: the notebooks, and the rooms of the package, that import it."""
    notebooks = {
        path.stem: "\n".join(
            cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"
        )
        for path in committed_notebooks(root)
    }
    modules: dict[str, str] = {}
    for file in sorted((root / "crm_lab").rglob("*.py")):
        room = file.relative_to(root / "crm_lab").parts[0].removesuffix(".py")
        modules[room] = modules.get(room, "") + "\n" + file.read_text(encoding="utf-8")
    return {package: (_importing(package, notebooks), _importing(package, modules)) for package in CARD}


def _importing(package: str, sources: dict[str, str]) -> list[str]:
    module = _IMPORTED_AS.get(package, package)
    pattern = re.compile(rf"^\s*(?:from|import) {module}\b|\"-m\", \"{module}\"", re.MULTILINE)
    return [name for name, source in sources.items() if pattern.search(source)]
