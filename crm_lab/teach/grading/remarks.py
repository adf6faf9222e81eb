"""What is to be said of a submission beside its marks: how its run ended, what it tried, what its code reaches for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from nbformat import NotebookNode

from crm_lab.messages import Message
from crm_lab.teach.course.questions import LONGEST_CELL, parsed
from crm_lab.teach.course.versions import LAST
from crm_lab.teach.sandbox.call_filter import numbers
from crm_lab.teach.sandbox.sandbox import Limits, Ran

_NAMED: Final = 5
_UNUSUAL: Final = frozenset({
    "ctypes", "_posixsubprocess", "subprocess", "socket", "_socket", "signal", "multiprocessing", "gc", "inspect",
    "pickle", "marshal", "mmap", "resource", "fcntl", "pty", "asyncio", "urllib", "http", "requests", "atexit",
    "_getframe", "settrace", "setprofile", "__subclasses__", "__globals__", "__code__", "f_back", "environ", "kill",
    "killpg", "fork", "forkpty", "_exit", "abort", "system", "popen", "execv", "execve", "spawnv", "posix_spawn",
    "chmod", "addaudithook", "importlib", "exec", "eval", "compile", "teach", "cffi", "psutil", "threading",
    "breakpoint", "setrlimit", "modules", "__reduce__", "__eq__", "__float__", "__class__",
})  # fmt: skip


def of_run(ran: Ran, limits: Limits) -> tuple[Message, ...]:
    """Remarks on how a notebook ran."""
    found: list[Message] = []
    if ran.ended != "done":
        found.append(Message(f"submission.{ran.ended}", {"cell": ran.at or LAST, "seconds": limits.seconds}))
    if ran.errors:
        cells = [f"{cell.id} ({cell.error})" for cell in ran.errors]
        found.append(Message("submission.cells_failed", {"n": len(cells), "cells": _some(cells)}))
    if ran.refused:
        calls = [f"{name} ({n})" for name, n in sorted(ran.refused.items())]
        found += [Message(f"refused.{group}") for group in _groups(ran)]
        found.append(Message("submission.refused", {"calls": _some(calls)}))
    if ran.reached:
        found.append(Message("submission.reached", {"places": _some(list(ran.reached))}))
    return tuple(found)


def _groups(ran: Ran) -> list[str]:
    alias = {"clone": "programs", "clone3": "programs", "tgkill": "signals", "fcntl": "signals", "prlimit64": "kernel"}
    groups = {name: group for group, calls in numbers().items() for name in calls} | alias
    return sorted({groups[name] for name in ran.refused if name in groups})


def of_source(handed_in: NotebookNode, handed_out: NotebookNode) -> tuple[Message, ...]:
    """Remarks on code that is not the page's: what it uses that no exercise needs, and another ``check``."""
    known = {str(cell.source).strip() for cell in handed_out.cells}
    trees = [tree for cell in handed_in.cells if (tree := _tree(cell, known))]
    used = sorted({name for tree in trees for name in _names(tree)} & _UNUSUAL)
    found = [Message("submission.unusual", {"names": ", ".join(used)})] if used else []
    if large := [str(cell.get("id")) for cell in handed_in.cells if len(str(cell.source)) > LONGEST_CELL]:
        found.append(Message("submission.cells_long", {"n": len(large), "cells": _some(large)}))
    if any(_changes_check(node) for tree in trees for node in ast.walk(tree)):
        found.append(Message("submission.check_redefined"))
    return tuple(found)


def _tree(cell: NotebookNode, known: set[str]) -> ast.Module | None:
    source = str(cell.source)
    if cell.cell_type != "code" or source.strip() in known:
        return None
    return parsed(source)


def _names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (part for name in names for part in name.name.split("."))
            case ast.ImportFrom(module=module, names=names):
                yield from (module or "").split(".")
                yield from (name.name for name in names)
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.FunctionDef(name=name):
                yield name
            case ast.Constant(value=str(text)) if text in _UNUSUAL:  # __import__("ctypes"), getattr(os, "fork")
                yield text


def _changes_check(node: ast.AST) -> bool:
    match node:
        case ast.FunctionDef(name="check") | ast.Name(id="check", ctx=ast.Store()):
            return True
        case ast.Attribute(attr="check", ctx=ast.Store()):
            return True
        case ast.alias(asname="check", name=name):
            return name != "check"
    return False


def _some(names: list[str]) -> str:
    more = f" … (+{len(names) - _NAMED})" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
