"""`front_of(result)`: the front registered for a result's type, as the JSON that is published with it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from crm_lab.fronts.pictures import svg
from crm_lab.messages import Message
from crm_lab.results import Result

Group = Literal["act", "base", "value", "test"]
Owner = Literal["sales", "marketing", "data", "management"]

_FRONTS: dict[type, tuple[Group, Callable[[Any], Front]]] = {}


@dataclass(frozen=True)
class Front:
    """A result's card.

    Attributes:
        answer: The answer in at most twelve words.
        picture: Inside of an SVG of 300 x 96, made by `crm_lab.fronts.pictures`.
        decision: What to decide, in one short sentence; none if nothing is to be decided.
        owner: Who decides it.
        stake: Money that depends on it: what ranks decisions.
        about: What the decision is about; of several about one thing only the first by `standing` is to be taken.
        standing: The higher, the more it goes before others about the same.
        fact: Id of the fact that the answer states; the result's first one unless given.
    """

    answer: Message
    picture: str
    decision: Message | None = None
    owner: Owner = "management"
    stake: float = 0.0
    about: str = ""
    standing: int = 0
    fact: str = ""


WEEKS_LIST: Final = "the week's list"
"""What pages that name customers to call or contact decide about: one list is followed, not two."""


def fronts(kind: type, group: Group) -> Callable[[Callable[[Any], Front]], Callable[[Any], Front]]:
    """Decorator: register what makes the front of results of a type, and the group of questions they belong to."""

    def register(function: Callable[[Any], Front]) -> Callable[[Any], Front]:
        _FRONTS[kind] = (group, function)
        return function

    return register


def front_of(result: Result) -> dict[str, Any] | None:
    """A result's front in the active language; of one that cannot answer only the group, of others nothing.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.data.quality.coverage import what_can_be_answered
    >>> front_of(what_can_be_answered(open_workspace("cdnow_sample").at("1998-06-30")))["answer"]
    'These data can answer 12 of 19 questions.'
    """
    kind = type(result)
    parts = kind.__module__.split(".")
    if kind not in _FRONTS and parts[0] == "crm_lab" and len(parts) > 2:
        _load(parts[1])
    if kind not in _FRONTS:
        return None
    group, make = _FRONTS[kind]
    if result.refusal() is not None:
        return {"group": group}
    front = make(result)
    answer = front.answer.text()
    return {
        "group": group,
        "answer": answer,
        "picture": svg(front.picture, answer),
        "decision": None if front.decision is None else front.decision.text(),
        "owner": Message(f"front.owner.{front.owner}").text(),
        "stake": float(front.stake),
        **({"about": front.about, "standing": front.standing} if front.about else {}),
        **({"fact": front.fact} if front.fact else {}),
    }


def _load(room: str) -> None:
    try:
        importlib.import_module(f"crm_lab.fronts.{room}")
    except ModuleNotFoundError as missing:
        if missing.name != f"crm_lab.fronts.{room}":
            raise
