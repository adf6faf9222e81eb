"""Modules that have another place now: importing one by its old name says the new one."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.resources import files
from types import ModuleType

_ROOT = __package__.partition(".")[0]


@cache
def moved() -> Mapping[str, str]:
    """Old name to new name, both below ``crm_lab``."""
    return tomllib.loads(files(__package__).joinpath("names.toml").read_text(encoding="utf-8"))


class OldNames(MetaPathFinder):
    """Asked last, when nobody else knows a module."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the protocol's
        target: ModuleType | None = None,  # noqa: ARG002 - the protocol's
    ) -> ModuleSpec | None:
        """Nothing, or for an old name of ours the error that names the new one."""
        package, _, name = fullname.partition(".")
        if package == _ROOT and name in moved():
            raise ModuleNotFoundError(
                f"{fullname} is now {package}.{moved()[name]}: import it from there.", name=fullname
            )
        return None


def hint_at_new_names() -> None:
    """Have old names answered; done once, when the package is imported."""
    if not any(isinstance(finder, OldNames) for finder in sys.meta_path):
        sys.meta_path.append(OldNames())
