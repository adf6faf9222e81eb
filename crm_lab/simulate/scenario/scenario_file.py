"""Reading a scenario from a TOML file with overrides; all mistakes are reported together."""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from crm_lab.checks import BadInput
from crm_lab.simulate.scenario.scenario import Scenario

_WORDS = {float: "a number", int: "a whole number", str: "text", bool: "true or false", date: "a date like 2023-01-01"}


def scenario_names() -> tuple[str, ...]:
    """The scenarios that come with the lab.

    >>> "fashion" in scenario_names()
    True
    """
    files = resources.files(__package__).joinpath("scenarios").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


def load_scenario(name: str | Path, overrides: Mapping[str, Any] | None = None) -> Scenario:
    """Read a scenario by name or from a file of one's own, and change some settings.

    >>> load_scenario("fashion", {"programme.take_up": 0.8}).programme.take_up
    0.8

    Args:
        name: One of `scenario_names`, or the path of a TOML file.
        overrides: Dotted setting -> value, e.g. ``{"dirt.duplicate": 0.01}``.

    Returns:
        The scenario, checked.

    Raises:
        BadInput: If the scenario is unknown, or settings are unknown, impossible or contradictory: all at once.
    """
    label, table = _table_of(name)
    problems: list[str] = []
    for key, value in (overrides or {}).items():
        _override(table, key, value, problems)
    return scenario_of({"name": label, **table}, problems)


def scenario_of(table: Mapping[str, Any], problems: list[str] | None = None) -> Scenario:
    """A scenario from its settings.

    Args:
        table: The settings, as a TOML file has them, with the scenario's `name`.
        problems: What is already known to be wrong.

    Raises:
        BadInput: If settings are unknown, impossible or contradictory: all at once.
    """
    problems = list(problems or ())
    scenario = _build(Scenario, table, "", problems)
    if scenario is None or problems:
        raise BadInput(f"The scenario {table['name']!r}", problems)
    return typing.cast("Scenario", scenario)


def _table_of(name: str | Path) -> tuple[str, dict[str, Any]]:
    """A scenario's name and settings; those it does not give are those of the scenario it is ``based_on``."""
    text, label = _text(name)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"The scenario {label!r} is not TOML: {error}. Mend that line.") from None
    base = table.pop("based_on", None)
    return label, _merged(_table_of(base)[1], table) if base else table


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(out.get(key), Mapping)
        out[key] = _merged(out[key], value) if both else value
    return out


def _text(name: str | Path) -> tuple[str, str]:
    if str(name).endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise BadInput(
                f"There is no scenario file {path}; write one like those in crm_lab/simulate/scenario/scenarios."
            )
        return path.read_text(encoding="utf-8"), path.stem
    names = scenario_names()
    if str(name) not in names:
        close = get_close_matches(str(name), names, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise BadInput(f"scenario is {str(name)!r}; it must be one of {', '.join(names)}, or a .toml file.{hint}")
    file = resources.files(__package__).joinpath("scenarios", f"{name}.toml")
    return file.read_text(encoding="utf-8"), str(name)


def _override(table: dict[str, Any], key: str, value: Any, problems: list[str]) -> None:
    *path, last = key.split(".")
    node: Any = table
    for step in path:
        node = node.setdefault(step, {}) if isinstance(node, dict) else None
    if isinstance(node, dict):
        node[last] = value
    else:
        problems.append(f"{key}: there is no such setting.")


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return typing.get_type_hints(kind)


def _build(kind: type, table: Mapping[str, Any], path: str, problems: list[str]) -> Any:
    """A section from a TOML table; what does not fit goes to `problems`, and then the answer may be None."""
    names = {f.name: f for f in dataclasses.fields(kind)}
    before = len(problems)
    given: dict[str, Any] = {}
    for key, value in table.items():
        if key not in names:
            close = get_close_matches(key, names, n=1)
            hint = f" Did you mean {close[0]}?" if close else f" It has {', '.join(names)}."
            problems.append(f"{path}{key}: there is no such setting.{hint}")
            continue
        given[key] = _value(_hints(kind)[key], value, f"{path}{key}", problems)
    required = [n for n, f in names.items() if f.default is f.default_factory is dataclasses.MISSING]
    problems.extend(f"{path}{n}: it is missing; every scenario needs it." for n in required if n not in given)
    if len(problems) > before:
        if kind is Scenario:
            problems.extend(_section_problems(given))
        return None
    try:
        return kind(**given)
    except BadInput as error:
        problems.extend(error.problems)
        return None


def _section_problems(given: Mapping[str, Any]) -> Iterator[str]:
    for key, value in given.items():
        for part in value if isinstance(value, tuple) else (value,):
            if hasattr(part, "problems"):
                yield from (f"{key}: {sentence}" for sentence in part.problems())


def _value(hint: Any, value: Any, path: str, problems: list[str]) -> Any:
    if dataclasses.is_dataclass(hint):
        return _section(hint, value, path, problems)
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        return _items(inner[0], value, path, problems)
    if origin in {dict, Mapping, types.MappingProxyType} or origin is typing.get_origin(Mapping[str, Any]):
        return _entries(inner[1], value, path, problems)
    return _scalar(hint, value, path, problems)


def _section(hint: Any, value: Any, path: str, problems: list[str]) -> Any:
    if not isinstance(value, Mapping):
        problems.append(f"{path}: it is {value!r}; it must be a section of settings.")
        return None
    return _build(hint, value, f"{path}.", problems)


def _items(hint: Any, value: Any, path: str, problems: list[str]) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        problems.append(f"{path}: it is {value!r}; it must be a list.")
        return ()
    return tuple(_value(hint, item, f"{path}[{i}]", problems) for i, item in enumerate(value))


def _entries(hint: Any, value: Any, path: str, problems: list[str]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        problems.append(f"{path}: it is {value!r}; it must be a table of names and values.")
        return {}
    return {k: _value(hint, v, f"{path}.{k}", problems) for k, v in value.items()}


def _scalar(hint: type, value: Any, path: str, problems: list[str]) -> Any:
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    fits = isinstance(value, hint) and (hint is bool or not isinstance(value, bool))
    if not fits or isinstance(value, datetime):
        problems.append(f"{path}: it is {value!r}; it must be {_WORDS[hint]}.")
    return value
