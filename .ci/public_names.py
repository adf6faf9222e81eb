"""The public names of the package: what a room exports, and the doors of rooms that export nothing."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import crm_lab

ROOMS = (
    "data", "segmentation", "clv", "churn", "experiments", "loyalty", "recommend", "channels",
    "scorecard", "activation", "simulate", "plots", "stats", "results", "exports",
)  # fmt: skip
# where every name without an underscore is meant for users
OPEN_ROOMS = ("stats", "results", "exports")
# rooms without a front door: what users import from them, or get back
DOORS = {
    "crm_lab.data.workspace": ("open_workspace", "Workspace", "Tables"),
    "crm_lab.data.kernels.purchases": ("purchase_summary", "calibration_holdout"),
    "crm_lab.data.kernels.receipts": ("purchase_values", "PurchaseValues"),
    "crm_lab.data.quality.coverage": ("what_can_be_answered", "CoverageResult"),
    "crm_lab.data.quality.quality": ("check_quality", "QualityResult", "audited_accuracy", "AuditedAccuracy"),
    "crm_lab.data.quality.reconciliation": ("reconcile", "rows_behind", "ReconciliationResult"),
    "crm_lab.data.quality.defect_impact": ("defect_impact", "DefectImpactResult"),
    "crm_lab.data.sources": ("find_source", "source_names"),
    "crm_lab.segmentation.customer_base": ("CustomerBaseAudit", "CustomerBaseResult"),
    "crm_lab.scorecard.rules.registry": ("Book",),
    "crm_lab.plots.style": ("style",),
}


def full_name(found: Any) -> str:
    """Where a class or function is defined, with its name."""
    return f"{found.__module__}.{found.__qualname__}"


def modules(room: str) -> Iterator[ModuleType]:
    """The modules of a room, its front door first."""
    module = importlib.import_module(f"crm_lab.{room}")
    yield module
    for found in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{module.__name__}."):
        yield importlib.import_module(found.name)


def _explained(found: object) -> bool:
    return (inspect.isclass(found) or inspect.isfunction(found)) and found.__module__.startswith("crm_lab")


def _exported(room: str) -> Iterator[object]:
    for module in modules(room):
        own = [n for n, o in vars(module).items() if _explained(o) and o.__module__ == module.__name__]
        shown = [name for name in own if not name.startswith("_")] if room in OPEN_ROOMS else []
        yield from (getattr(module, name) for name in getattr(module, "__all__", shown))


@functools.cache
def public() -> dict[str, Any]:
    """Every public class and function by its full name."""
    found = [getattr(crm_lab, name) for name in crm_lab.__all__]
    found += [thing for room in ROOMS for thing in _exported(room)]
    found += [getattr(importlib.import_module(home), name) for home, names in DOORS.items() for name in names]
    return {full_name(thing): thing for thing in found if _explained(thing)}


def function_of(member: object) -> Any:
    """The function behind a method or property; ``None`` behind anything else."""
    if isinstance(member, property):
        return member.fget
    if isinstance(member, functools.cached_property):
        return member.func
    plain = getattr(member, "__func__", member)
    return plain if inspect.isfunction(plain) else None


@functools.cache
def methods() -> dict[str, Any]:
    """Every public method and property that a public class defines itself."""
    return {
        f"{owner}.{name}": function_of(member)
        for owner, found in public().items()
        if inspect.isclass(found)
        for name, member in vars(found).items()
        if not name.startswith("_") and function_of(member) is not None
    }
