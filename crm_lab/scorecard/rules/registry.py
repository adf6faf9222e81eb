"""Rules: functions from claims to findings, registered by name and kind."""

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
    r"""All claims of an audit, and what data say about their metrics.

    >>> from crm_lab.scorecard import parse_claims
    >>> text = "deck: spring\nclaims: [{id: a, metric: nps, population: vip, value: 28}]"
    >>> book = Book(parse_claims(text).claims)

    Attributes:
        claims: Of all decks.
        measured: What data say, by metric.
    """

    claims: tuple[Claim, ...]
    measured: Mapping[str, Measured] = field(default_factory=dict)

    def subjects(self, *, within_deck: bool = True) -> Iterator[tuple[Claim, ...]]:
        """Claims about the same metric of the same population, if the population is named.

        >>> [[claim.name for claim in group] for group in book.subjects()]
        [['spring/a']]

        Args:
            within_deck: Whether only claims of one deck are compared.

        Yields:
            The claims of each metric and population.
        """
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
    r"""A contradiction, or a claim that cannot be judged as it stands.

    >>> from crm_lab.scorecard import Auditor, parse_claims
    >>> text = "deck: spring\nclaims: [{id: a, metric: churn_rate, value: 120 %}]"
    >>> finding = Auditor().analyze(parse_claims(text)).findings[0]
    >>> finding.severity
    'wrong'

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
        """The claims by name, each once.

        >>> finding.names
        ('spring/a',)
        """
        return tuple(dict.fromkeys(claim.name for claim in self.claims))


@dataclass(frozen=True)
class ClaimRule:
    """A rule of the auditor: a name, a kind and a function from all claims to remarks.

    >>> from crm_lab.scorecard import RULES, parse_claims
    >>> rule_of_scale = RULES["on_its_scale"]

    Attributes:
        name: The rule's name.
        kind: What sort of check it is.
        check: From all claims to remarks.
    """

    name: str
    kind: Kind
    check: Callable[[Book], Iterator[Remark]]

    def findings(self, book: Book) -> Iterator[Finding]:
        r"""What the check finds in a book of claims.

        >>> text = "deck: spring\nclaims: [{id: a, metric: churn_rate, value: 120 %}]"
        >>> [finding.severity for finding in rule_of_scale.findings(Book(parse_claims(text).claims))]
        ['wrong']

        Args:
            book: All claims of an audit.

        Returns:
            The findings, one by one.
        """
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
