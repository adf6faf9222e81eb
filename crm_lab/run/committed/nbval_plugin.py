"""nbval with its gaps mended: ``pytest -p crm_lab.run.committed.nbval_plugin --nbval notebooks/04_*.ipynb``.

- a notebook or a cell that was never run is refused (nbval would pass it without looking);
- numbers may differ by noise, pictures are compared by their data (`crm_lab.run.committed.comparison`);
- a trailing ``;`` hides a result as it does in Lab;
- cells may take minutes to say something (nbval gives up after five seconds).
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from functools import partial
from typing import Any

import pytest
from nbval.plugin import IPyNbCell, IPyNbFile

from crm_lab.project import project_root
from crm_lab.run.committed.comparison import never_run, output_differences
from crm_lab.run.environment import committed_environment

NBVAL_CELL_TIMEOUT = 2000.0  # nbval's default
CELL_TIMEOUT = 300.0
OUTPUT_TIMEOUT = 60.0


class Cell(IPyNbCell):  # type: ignore[misc]  # nbval has no types
    """A code cell whose outputs are compared with tolerance."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.output_timeout = OUTPUT_TIMEOUT

    def compare_outputs(self, test: Any, ref: Any, skip_compare: Any = None) -> bool:
        """Whether the outputs agree; what does not is kept for the report."""
        del skip_compare
        self.comparison_traceback = [
            f"{sentence} (committed became computed)" for sentence in output_differences(ref, test)
        ]
        return not self.comparison_traceback


class Notebook(IPyNbFile):  # type: ignore[misc]  # nbval has no types
    """A notebook that must have been run before it can be compared."""

    def setup(self) -> None:
        """Start the kernel as refresh does; its history is on, without which IPython ignores a trailing ``;``."""
        os.environ.update(committed_environment(project_root(), self.path.stem))
        super().setup()
        self.kernel.execute_cell_input = partial(_execute, self.kernel)

    def collect(self) -> Iterator[IPyNbCell]:
        """The code cells.

        Raises:
            CollectError: If a cell was never run.
        """
        cells = list(super().collect())
        missing = never_run(self.nb)
        if missing:
            which = "no cell was ever run" if len(missing) == len(cells) else f"cells {missing} were never run"
            raise self.CollectError(
                f"{self.path.name}: {which}, so there is nothing to compare with; "
                f"run 'crm-lab notebooks refresh {self.path.stem[:2]}'."
            )
        for cell in cells:
            yield Cell.from_parent(self, name=cell.name, cell_num=cell.cell_num, cell=cell.cell, options=cell.options)


def _execute(kernel: Any, source: str, allow_stdin: bool | None = None) -> Any:
    return kernel.kc.execute(source, store_history=True, allow_stdin=allow_stdin, stop_on_error=False)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give up on a cell sooner than nbval does, unless told otherwise."""
    if config.option.nbval_cell_timeout == NBVAL_CELL_TIMEOUT:
        config.option.nbval_cell_timeout = CELL_TIMEOUT


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(parent: pytest.Collector) -> Generator[None, list[Any], list[Any]]:
    """Put `Notebook` where nbval puts its own."""
    found = yield
    return [Notebook.from_parent(parent, path=node.path) if type(node) is IPyNbFile else node for node in found]
