"""The types a parameter may have: read from annotations without executing them, checked by pydantic."""

from __future__ import annotations

import ast
import contextlib
import types
import typing
from typing import Annotated, Any, Final, Literal, Optional, Union, get_args, get_origin

from pydantic import Field, TypeAdapter, ValidationError

_PLAIN: Final[dict[str, Any]] = {"str": str, "int": int, "float": float, "bool": bool, "None": None}
_GENERIC: Final[dict[str, Any]] = {
    "list": list,
    "List": list,
    "dict": dict,
    "Dict": dict,
    "Optional": Optional,
    "Union": Union,
}
_WORDS: Final[dict[Any, str]] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    types.NoneType: "none",
    None: "none",
}
_NOTHING: Final = {"none", "null"}
_FiniteFloat = Annotated[float, Field(allow_inf_nan=False)]


class UnreadableTypeError(ValueError):
    """An annotation that is no parameter type."""


def type_of(node: ast.expr) -> Any:
    """The type an annotation names; nothing of it is executed.

    >>> type_of(ast.parse("Literal['a', 'b'] | None", mode="eval").body)
    typing.Optional[typing.Literal['a', 'b']]

    Raises:
        UnreadableTypeError: If it is none of str, int, float, bool, None, Literal, list, dict, or a union.
    """
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in _PLAIN:
            return _PLAIN[name]
        case ast.Name(id=name) if name in {"list", "dict"}:
            return _GENERIC[name]
        case ast.Constant(value=None):
            return None
        case ast.Constant(value=str(text)):
            return type_of(ast.parse(text, mode="eval").body)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return Union[type_of(left), type_of(right)]  # noqa: UP007 - the types are values here
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inside):
            return _generic(name, inside)
    raise UnreadableTypeError(ast.unparse(node))


def _generic(name: str, inside: ast.expr) -> Any:
    parts = inside.elts if isinstance(inside, ast.Tuple) else [inside]
    if name == "Literal":
        return Literal[tuple(ast.literal_eval(part) for part in parts)]
    if name not in _GENERIC:
        raise UnreadableTypeError(name)
    arguments = tuple(type_of(part) for part in parts)
    return _GENERIC[name][arguments if len(arguments) > 1 else arguments[0]]


def is_kind(kind: Any) -> bool:
    """Whether a type is one that a parameter may have.

    >>> is_kind(list[int] | None), is_kind(ast.AST), is_kind("int")
    (True, False, False)
    """
    if get_origin(kind) is Literal:
        return True
    inside = get_args(kind)
    known = kind in _WORDS or kind in {list, dict} or get_origin(kind) in {list, dict, Union, types.UnionType}
    return known and all(is_kind(part) for part in inside)


def describe(kind: Any) -> str:
    """A type in words, for people who do not read annotations.

    >>> describe(Literal["a", "b"]), describe(list[int]), describe(float | None)
    ("one of 'a', 'b'", 'a list, each a whole number', 'a number or none')
    """
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Literal:
        return f"one of {', '.join(map(repr, inside))}"
    if origin in {Union, types.UnionType}:
        return " or ".join(describe(part) for part in inside)
    if kind is list or origin is list:
        return f"a list, each {describe(inside[0])}" if inside else "a list"
    if kind is dict or origin is dict:
        return f"a table of names, each {describe(inside[1])}" if inside else "a table of names"
    return _WORDS.get(kind, str(kind))


def choices(kind: Any) -> tuple[Any, ...]:
    """The closed list of values of a type, empty where it is open."""
    if kind is bool:
        return (True, False)
    if get_origin(kind) in {Union, types.UnionType}:
        return tuple(value for part in get_args(kind) for value in choices(part))
    return get_args(kind) if get_origin(kind) is Literal else ()


def _strict(kind: Any) -> Any:
    """The same type with numbers that must be finite."""
    if kind is float:
        return _FiniteFloat
    origin, inside = get_origin(kind), get_args(kind)
    if not inside or origin is Literal:
        return kind
    parts = tuple(_strict(part) for part in inside)
    if origin in {Union, types.UnionType}:
        return Union[parts]  # noqa: UP007 - the types are values here
    return origin[parts]


class NotOfTypeError(ValueError):
    """A value that is not of the type."""


def validated(value: Any, kind: Any) -> Any:
    """The value if it is of the type; an int is a float, nothing else is converted.

    Raises:
        NotOfTypeError: If it is not.
    """
    try:
        return TypeAdapter(_strict(kind)).validate_python(value, strict=True)
    except ValidationError as error:
        raise NotOfTypeError(repr(value)) from error


def from_text(text: str, kind: Any) -> Any:
    """The value that a text on the command line means.

    >>> from_text("5", int), from_text("5", str), from_text("none", float | None), from_text("a,b", list[str])
    (5, '5', None, ['a', 'b'])

    Raises:
        NotOfTypeError: If the text means no value of the type.
    """
    for candidate in _readings(text, kind):
        try:
            return TypeAdapter(_strict(kind)).validate_python(candidate, strict=not isinstance(candidate, str))
        except ValidationError:
            continue
    raise NotOfTypeError(repr(text))


def _readings(text: str, kind: Any) -> list[Any]:
    """What a text may mean, the likeliest first."""
    readings: list[Any] = []
    parts = get_args(kind) if get_origin(kind) in {Union, types.UnionType} else (kind,)
    if types.NoneType in parts and text.strip().lower() in _NOTHING:
        readings.append(None)
    if str not in parts:
        with contextlib.suppress(ValueError, SyntaxError):
            readings.append(ast.literal_eval(text.strip()))
        for part in parts:
            if part is list or get_origin(part) is list:
                inside = (get_args(part) or (str,))[0]
                readings.append(_items(text, inside))
    return [*readings, text]


def _items(text: str, kind: Any) -> list[Any] | None:
    try:
        return [from_text(item.strip(), kind) for item in text.split(",") if item.strip()]
    except NotOfTypeError:
        return None


def json_schema(kind: Any) -> dict[str, Any]:
    """The type as JSON Schema."""
    schema: dict[str, Any] = TypeAdapter(_strict(kind)).json_schema()
    return schema


def spelled(kind: Any) -> str:
    """The type as one writes it: ``int``, ``float | None``, ``Literal['a', 'b']``."""
    if get_origin(kind) in {Union, types.UnionType}:
        return " | ".join(spelled(part) for part in get_args(kind))
    if kind is None or kind is types.NoneType:
        return "None"
    if get_origin(kind) is None:
        return str(getattr(kind, "__name__", kind))
    return str(kind).replace(f"{typing.__name__}.", "")
