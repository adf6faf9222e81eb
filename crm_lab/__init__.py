"""Retail CRM analytics: questions in notebooks, answers in results, one package behind them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from crm_lab.moved_modules import hint_at_new_names

__version__ = "0.1.0"
hint_at_new_names()

_HOMES = {
    "check": "crm_lab.teach.answers",
    "check_params": "crm_lab.run.in_kernel.check_params",
    "open_workspace": "crm_lab.data.workspace",
    "publish": "crm_lab.results",
    "write_csv": "crm_lab.exports",
    "BadInput": "crm_lab.checks",
}
__all__ = ["BadInput", "check", "check_params", "open_workspace", "publish", "write_csv"]

if TYPE_CHECKING:
    from crm_lab.checks import BadInput
    from crm_lab.data.workspace import open_workspace
    from crm_lab.exports import write_csv
    from crm_lab.results import publish
    from crm_lab.run.in_kernel.check_params import check_params
    from crm_lab.teach.answers import check


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"crm_lab has no name {name!r}; it has {', '.join(__all__)}.")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
