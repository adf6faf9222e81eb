"""One arithmetic thread, the order of tests, and methods' doctests, which continue the example of their class."""

from __future__ import annotations

import doctest
import importlib
import inspect
import os
from typing import Any

import pytest
from threadpoolctl import threadpool_limits

from crm_lab.run.environment import THREADS

# threads that wait for each other in small products take six times the processor's time
os.environ |= dict.fromkeys(THREADS, "1")
threadpool_limits(1)  # numpy is there already, brought by pytest's filters of warnings

_left_behind: dict[str, dict[str, Any]] = {}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, so that workers which share the files end at about the same time."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


class Kept(dict[str, Any]):
    """The names of a doctest, which doctest would throw away at its end."""

    def clear(self) -> None:
        """Keep them."""


def found_at(module: str, path: str) -> Any:
    """What stands at a dotted path in a module; ``None`` for the module itself."""
    found: Any = importlib.import_module(module) if path else None
    for part in path.split(".") if path else ():
        found = inspect.getattr_static(found, part)
    return found


def example_of(owner: Any) -> str:
    """The lines of a class's example, errors that are shown left out; classes often start with the same lines."""
    examples = doctest.DocTestParser().get_examples(owner.__doc__ or "")
    return f"# {owner.__module__}\n" + "".join(example.source for example in examples if example.exc_msg is None)


def names_of_the_class(owner: Any) -> dict[str, Any]:
    """The names after a class's own example, which runs once for all its methods."""
    source = example_of(owner)
    if source not in _left_behind:
        globs = dict(vars(importlib.import_module(owner.__module__)))
        exec(compile(source, f"<example of {owner.__name__}>", "exec"), globs)  # noqa: S102 - examples of the package
        _left_behind[source] = globs
    return _left_behind[source]


@pytest.fixture(autouse=True)
def examples_of_methods_continue(request: pytest.FixtureRequest) -> None:
    """Give the doctest of a method what its class's example made, and keep what that of a class makes."""
    if not isinstance(request.node, pytest.DoctestItem):
        return
    test = request.node.dtest
    module = test.globs["__name__"]
    for other in [source for source in _left_behind if not source.startswith(f"# {module}\n")]:
        del _left_behind[other]  # workspaces and results are large
    path = test.name.removeprefix(module).removeprefix(".")
    if inspect.isclass(found := found_at(module, path)):
        test.globs = _left_behind[example_of(found)] = Kept(test.globs)
    elif inspect.isclass(owner := found_at(module, path.rpartition(".")[0])):
        test.globs.update(names_of_the_class(owner))
