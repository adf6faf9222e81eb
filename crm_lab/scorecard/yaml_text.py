"""YAML without its surprises: 1:4 stays text, numbers keep their digits, a key given twice is refused."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import yaml  # type: ignore[import-untyped]  # PyYAML has no types

_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?\Z")


class PlainLoader(yaml.SafeLoader):  # type: ignore[misc]  # as above
    """PyYAML's safe loader with the types of YAML 1.2's core and no others; numbers become `Decimal`.

    YAML 1.1, which PyYAML speaks, reads 1:4 as 64, 012 as 10, ``no`` as false, and 45.0 as 45.
    """

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own class attribute, replaced as a whole

    def compose_node(self, parent: yaml.Node, index: int) -> yaml.Node:
        """A node that is written out: a few aliases of aliases would be gigabytes."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.composer.ComposerError(None, None, "'*' aliases are not read; write it out", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping whose keys are given once."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"'{key.value}' is given twice", key.start_mark)
            seen.add(str(key.value))
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def _number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    return Decimal(loader.construct_scalar(node))


PlainLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:~|null|)\Z"), ["~", "n", ""])
PlainLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)\Z"), ["t", "f"])
PlainLoader.add_implicit_resolver("!number", _NUMBER, list("-+0123456789"))
PlainLoader.add_constructor("!number", _number)


def documents(text: str) -> list[Any]:
    r"""Every document of a YAML text.

    >>> documents("a: 1:4\nb: 45.0\nc: no")
    [{'a': '1:4', 'b': Decimal('45.0'), 'c': 'no'}]

    Raises:
        yaml.YAMLError: If it is no YAML, or gives a key twice.
    """
    return list(yaml.load_all(text, PlainLoader))
