"""papermill's engine ``crm-lab``: wrong parameters never start a kernel, and a failure always is one.

papermill finds it by its entry point, so ``papermill --engine crm-lab`` and Airflow's operator get the same
safety as ``crm-lab run``. It answers to papermill's engine API without importing papermill: papermill loads
it while it is itself being imported.
"""

from __future__ import annotations

from typing import Any, Final

from crm_lab.run.parameters.schema import INJECTED_START, Schema, Text, notebook_schema

KERNEL: Final = "crm-lab"
FALLBACK_KERNEL: Final = "python3"
ENGINE: Final = "crm-lab"
INJECTED: Final = "injected-parameters"


class CrmLabEngine:
    """Runs a notebook as papermill's own engine does, and refuses or reports what that one lets pass."""

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """The kernel asked for; ``python3`` where the project kernel is not installed."""
        wanted = name or nb.metadata.get("kernelspec", {}).get("name") or KERNEL
        return FALLBACK_KERNEL if wanted == KERNEL and not _installed(KERNEL) else str(wanted)

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """The notebook's language: Python unless it says otherwise."""
        return str(language or nb.metadata.get("kernelspec", {}).get("language") or "python")

    @classmethod
    def execute_notebook(
        cls,
        nb: Any,
        kernel_name: str,
        output_path: str | None = None,  # noqa: ARG003 - papermill's signature; nothing is written half-way
        progress_bar: bool | dict[str, Any] = True,
        log_output: bool = False,
        **options: Any,
    ) -> Any:
        """Check the parameters, then run the cells.

        Args:
            nb: The notebook, its parameters injected by papermill.
            kernel_name: Kernel to run it with.
            output_path: Not written to while cells run: papermill writes the result once, at the end.
            progress_bar: papermill's own progress bar.
            log_output: Log what cells print.
            options: ``execution_timeout`` (seconds for the whole notebook), ``start_timeout``,
                ``progress`` (called with the code cells done and their number).

        Returns:
            The executed notebook; cells that failed carry the error.

        Raises:
            BadInput: If a parameter is unknown or mistyped.
        """
        from papermill.engines import NotebookExecutionManager

        from crm_lab.run.execution.client import Client

        check_injected(nb)
        manager = NotebookExecutionManager(nb, progress_bar=progress_bar, log_output=log_output)
        manager.notebook_start()
        try:
            Client.run(manager, kernel_name, log_output=log_output, **options)
        finally:
            manager.cleanup_pbar()
            manager.notebook_complete()
        return manager.nb


def _installed(kernel: str) -> bool:
    from jupyter_client.kernelspec import KernelSpecManager

    return kernel in KernelSpecManager().find_kernel_specs()


def check_injected(nb: Any) -> None:
    """Refuse wrong parameters, and write the injected cell with the values as they are meant.

    papermill reads ``-p code 5`` as a number; where the cell declares text, it becomes text again.

    Raises:
        BadInput: If a parameter is unknown or mistyped, or the notebook takes none.
    """
    schema = notebook_schema(nb)
    given = dict(nb.metadata.get("papermill", {}).get("parameters", {}))
    values = schema.values({name: _meant(schema, name, value) for name, value in given.items()})
    for cell in nb.cells:
        if INJECTED in cell.metadata.get("tags", []):
            lines = [INJECTED_START, *(f"{name} = {value!r}" for name, value in values.items())]
            cell.source, cell["id"] = "\n".join(lines), INJECTED


def _meant(schema: Schema, name: str, value: Any) -> Any:
    """A value whose type papermill guessed from text, as text again where that is what it must be."""
    parameter = schema.parameters.get(name)
    guessed = isinstance(value, int | float | str) and not isinstance(value, bool)
    return Text(value) if parameter is not None and guessed and not parameter.takes(value) else value
