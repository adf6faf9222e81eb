"""What a rule is: a function from the claims to its findings, known by name and kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final, Literal

from crm_lab.messages import Message
from crm_lab.scorecard.claim import Claim
from crm_lab.scorecard.measured_values import Measured

Kind = Literal["arithmetic", "definition", "feasibility", "consistency", "recomputation"]
Severity = Literal["wrong", "unclear"]
KINDS: Final = ("recomputation", "consistency", "arithmetic", "feasibility", "definition")  # gravest first
SEVERITIES: Final = ("wrong", "unclear")


@dataclass(frozen=True)
class Book:
    """Everything the rules look at.

    Attributes:
        claims: Of all decks.
        measured: What data say, by metric.
    """

    claims: tuple[Claim, ...]
    measured: Mapping[str, Measured] = field(default_factory=dict)

    def subjects(self, *, within_deck: bool = True) -> Iterator[tuple[Claim, ...]]:
        """Claims about the same metric of the same population, where the population is named."""
        groups: dict[tuple[str, ...], list[Claim]] = defaultdict(list)
        for claim in self.claims:
            if claim.population:
                deck = claim.deck if within_deck else ""
                groups[deck, claim.metric, claim.population].append(claim)
        yield from (tuple(group) for group in groups.values())


@dataclass(frozen=True)
class Remark:
    """What a rule has to say; ``wrong`` contradicts itself, ``unclear`` lacks something that is needed to judge it."""

    claims: Sequence[Claim]
    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = "wrong"


@dataclass(frozen=True)
class Finding:
    """One thing that does not hold, or cannot be judged.

    Attributes:
        rule: Name of the rule.
        kind: What sort of check it is.
        severity: ``wrong`` or ``unclear``.
        claims: The claims it is about.
        sentence: What was found, with the numbers.
        ask: What to ask the author.
    """

    rule: str
    kind: Kind
    severity: Severity
    claims: tuple[Claim, ...]
    sentence: Message
    ask: Message

    @property
    def names(self) -> tuple[str, ...]:
        """The claims by name, each once."""
        return tuple(dict.fromkeys(claim.name for claim in self.claims))


@dataclass(frozen=True)
class ClaimRule:
    """A named check."""

    name: str
    kind: Kind
    check: Callable[[Book], Iterator[Remark]]

    def findings(self, book: Book) -> Iterator[Finding]:
        """What the check finds in a book of claims."""
        for remark in self.check(book):
            sentence = Message(f"claims.rule.{self.name}.{remark.key}", {**_subject(remark), **remark.values})
            ask = Message(f"claims.rule.{self.name}.ask")
            yield Finding(self.name, self.kind, remark.severity, tuple(remark.claims), sentence, ask)


RULES: Final[dict[str, ClaimRule]] = {}
"""Every rule by name; `rule` puts them here."""


def rule(kind: Kind) -> Callable[[Callable[[Book], Iterator[Remark]]], Callable[[Book], Iterator[Remark]]]:
    """Register a check under its function's name."""

    def register(check: Callable[[Book], Iterator[Remark]]) -> Callable[[Book], Iterator[Remark]]:
        RULES[check.__name__] = ClaimRule(check.__name__, kind, check)
        return check

    return register


def claim_rule(kind: Kind) -> Callable[[Callable[[Claim, Book], Iterator[Remark]]], Callable[[Book], Iterator[Remark]]]:
    """Register a check that looks at one claim at a time."""

    def register(check: Callable[[Claim, Book], Iterator[Remark]]) -> Callable[[Book], Iterator[Remark]]:
        @wraps(check)
        def every(book: Book) -> Iterator[Remark]:
            for claim in book.claims:
                yield from check(claim, book)

        return rule(kind)(every)

    return register


def _subject(remark: Remark) -> dict[str, Any]:
    """What every sentence may name."""
    return {"metric": remark.claims[0].about.label}
