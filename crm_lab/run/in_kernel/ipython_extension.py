"""What the project kernel adds to IPython: own code reloads, figures carry their data, bad input is a sentence.

The kernel specification loads this module as an IPython extension, so no notebook needs a magic.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from crm_lab.checks import BadInput
from crm_lab.mime import DRAWING_MIME, FIGURE_MIME, REPORT_VARIABLE
from crm_lab.run.in_kernel.figure_data import figure_data
from crm_lab.run.in_kernel.figure_drawings import figure_drawings
from crm_lab.run.in_kernel.output_folder import choose_output_folder
from crm_lab.run.in_kernel.scheduled_parameters import read_scheduled_parameters

PACKAGE = "crm_lab"


def load_ipython_extension(shell: Any) -> None:
    """Set up a fresh shell; IPython calls this."""
    if "matplotlib.pyplot" in sys.modules:  # imported before there was a shell: it could not hook itself in
        shell.enable_matplotlib("inline")
    if (
        "crm_lab.run.execution.preload" not in sys.modules
    ):  # nobody edits code under a page that is run from its first cell to its last
        _reload_own_code(shell)
    _describe_figures(shell)
    choose_output_folder()
    read_scheduled_parameters(shell)
    shell.set_custom_exc((BadInput,), _say)


def _say(shell: Any, kind: type[BaseException], error: BaseException, trace: Any, tb_offset: int | None = None) -> None:
    """Input that cannot be used is answered with its sentence: where in our code it was noticed helps nobody."""
    del trace, tb_offset
    shell._showtraceback(kind, error, [f"{kind.__name__}: {error}"])  # noqa: SLF001 - how IPython shows any error


def _reload_own_code(shell: Any) -> None:
    """Before each cell, reload the modules of the package whose file changed.

    IPython's ``%autoreload 2`` asks the file system about every imported module; this asks about ours.
    """
    from IPython.extensions.autoreload import ModuleReloader

    reloader = ModuleReloader(shell)
    reloader.enabled, reloader.check_all = True, False

    def before_cell(_: Any) -> None:
        for name in [n for n in sys.modules if n.partition(".")[0] == PACKAGE and n != __name__]:
            reloader.modules.setdefault(name, True)
        reloader.check()

    def after_cell() -> None:
        reloader.deduper_reloader.update_sources()

    shell.events.register("pre_run_cell", before_cell)
    shell.events.register("post_execute", after_cell)


def _described(figure: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {FIGURE_MIME: figure_data(figure)}
    if os.environ.get(REPORT_VARIABLE) and (drawings := figure_drawings(figure)):
        shown[DRAWING_MIME] = drawings
    return shown


def _describe_figures(shell: Any) -> None:
    """Attach the data of every figure shown, and show axes as their figure instead of as an address."""
    formatter = shell.display_formatter
    formatter.mimebundle_formatter.for_type_by_name("matplotlib.figure", "Figure", _described)
    formatter.ipython_display_formatter.for_type_by_name("matplotlib.axes._axes", "Axes", lambda _: None)
