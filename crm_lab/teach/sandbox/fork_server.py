"""The process that has every library loaded and forks a keeper for each job; it knows no answer and no secret.

It is started with an empty environment, so that nothing of the instructor's is in its memory or that of its children.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import socket
import sys
from typing import Final

from crm_lab.teach.sandbox.keeper import main

DESCRIPTORS: Final = 4  # of a job: the job itself, report, verdict, life
READY: Final = b"+"
_PRELOAD: Final = (
    "duckdb", "IPython.core.interactiveshell", "matplotlib.pyplot", "pandas", "scipy.stats", "seaborn",
    "sklearn.ensemble", "sklearn.linear_model", "statsmodels.api", "crm_lab", "crm_lab.data.workspace",
    "crm_lab.plots", "crm_lab.results",
)  # fmt: skip


def serve(control: socket.socket) -> None:
    """Load, say so, and fork a keeper for whatever comes in, until the grader goes away."""
    for name in _PRELOAD:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers end unseen
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the grader ends everything itself
    control.send(READY)
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, DESCRIPTORS)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            main(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
