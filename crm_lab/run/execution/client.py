"""Cell execution under papermill in which time-outs and dead kernels are failures with a readable cell.

papermill marks the cell "completed" after either (its own client only expects errors that Python raised).
"""

from __future__ import annotations

import math
import time
from typing import Any

from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4 import new_output
from papermill.clientwrap import PapermillNotebookClient
from papermill.log import logger
from traitlets import Any as AnyTrait

from crm_lab.messages import Message
from crm_lab.run.local_kernel import LocalKernelManager
from crm_lab.run.outcomes import KERNEL_DIED, TIMEOUT, Progress

SHORTEST_WAIT_S = 1
START_WAIT_S = 120
IOPUB_WAIT_S = 60  # for outputs that arrive after the reply; 4 s fail a good page on a busy machine


class Client(PapermillNotebookClient):  # type: ignore[misc] # papermill has no types
    """Runs the cells of one notebook within one time limit."""

    progress = AnyTrait(None, allow_none=True)
    limit_s = AnyTrait(None, allow_none=True)
    _begun = False

    @classmethod
    def run(
        cls,
        manager: Any,
        kernel_name: str,
        *,
        execution_timeout: float | None = None,
        start_timeout: float = START_WAIT_S,
        progress: Progress | None = None,
        **options: Any,
    ) -> None:
        """Run a managed notebook; `CrmLabEngine.execute_notebook` says what the options are."""
        known = {name: value for name, value in options.items() if name in cls.class_trait_names()}
        client = cls(
            manager,
            kernel_name=kernel_name,
            kernel_manager_class=LocalKernelManager,
            startup_timeout=start_timeout,
            iopub_timeout=IOPUB_WAIT_S,
            log=logger,
            record_timing=False,
            coalesce_streams=True,
            progress=progress,
            limit_s=execution_timeout,
            **known,
        )
        if execution_timeout:
            deadline = time.monotonic() + execution_timeout
            client.timeout_func = lambda _: max(SHORTEST_WAIT_S, math.ceil(deadline - time.monotonic()))
        client.execute()

    def papermill_execute_cells(self) -> None:
        """Run cell after cell; stop at the first that fails, whatever the reason."""
        code = [index for index, cell in enumerate(self.nb.cells) if cell.cell_type == "code"]
        for index, cell in enumerate(self.nb.cells):
            if self.progress is not None and cell.cell_type == "code":
                self.progress(code.index(index), len(code))
            if not self._execute(cell, index):
                break

    def execute(self, **options: Any) -> Any:
        """Start the kernel, run the cells, stop the kernel. A dead kernel is not asked anything more.

        A kernel that ends before the first cell was given to it is started once more.
        """
        try:
            self._execute_in_new_kernel(options)
        except RuntimeError:
            if self._begun:
                raise
            logger.warning("The kernel ended while it was starting; it is started once more.")
            self._execute_in_new_kernel(options)
        return self.nb

    def _execute_in_new_kernel(self, options: dict[str, Any]) -> None:
        self.reset_execution_trackers()
        with self.setup_kernel(**options):
            self._begun = True
            self.papermill_execute_cells()

    def _execute(self, cell: Any, index: int) -> bool:
        self.nb_man.cell_start(cell, index)
        try:
            self.execute_cell(cell, index)
        except CellExecutionError as error:
            self.nb_man.cell_exception(cell, cell_index=index, exception=error)
            return False
        except CellTimeoutError as error:
            self._failed(cell, index, error, TIMEOUT, Message("run.timeout", {"seconds": self.limit_s or 0}))
            return False
        except DeadKernelError as error:
            self._failed(cell, index, error, KERNEL_DIED, Message("run.kernel_died"))
            return False
        finally:
            self.nb_man.cell_complete(cell, cell_index=index)
        return True

    def _failed(self, cell: Any, index: int, error: Exception, name: str, what: Message) -> None:
        sentence = what.text()
        cell.outputs.append(new_output("error", ename=name, evalue=sentence, traceback=[f"{name}: {sentence}"]))
        self.nb_man.cell_exception(cell, cell_index=index, exception=error)
