"""The claims auditor: applies every rule to every claim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from crm_lab.checks import BadInput
from crm_lab.messages import Message
from crm_lab.results import Better, Fact, Readout, Result, table_html
from crm_lab.scorecard.claim import Claim
from crm_lab.scorecard.claims_file import ClaimList
from crm_lab.scorecard.measured_values import as_measured, packaged
from crm_lab.scorecard.rules import KINDS, RULES, SEVERITIES, Book, Finding

COLUMNS = ("severity", "finding", "claims", "ask", "kind", "rule")
_NAMED = 3  # claims named in a table cell; what is about more of them is sweeping and comes last


@dataclass(frozen=True)
class Auditor:
    r"""Audit the numeric claims of decks: contradictions, and what is missing to judge a number.

    >>> from crm_lab.scorecard import parse_claims
    >>> text = "deck: spring\nclaims: [{id: a, metric: repurchase_rate, before: 61 %, after: 80 %, change: +20 %}]"
    >>> audit = Auditor().analyze(parse_claims(text))
    >>> audit.to_frame()["severity"].tolist()
    ['wrong']

    Attributes:
        rules: Names of the rules to use; all of them unless given.
    """

    rules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = [name for name in self.rules if name not in RULES]
        if unknown:
            raise BadInput(f"There is no rule {', '.join(unknown)}; there are {', '.join(RULES)}.")

    def analyze(self, claims: ClaimList, measured: pd.DataFrame | None = None) -> AuditResult:
        r"""Find every claim that contradicts itself or another, or that cannot be judged.

        >>> from crm_lab.scorecard import parse_claims
        >>> found = Auditor().analyze(parse_claims("deck: d\nclaims: [{id: a, metric: churn_rate, value: 120 %}]"))
        >>> found.to_frame()[["claims", "kind", "severity"]].values.tolist()
        [['d/a', 'definition', 'wrong']]

        Args:
            claims: What the decks say.
            measured: What data say (columns metric, value, lo, hi, n, data); the packaged values unless given.

        Returns:
            The findings.
        """
        known = as_measured(packaged() if measured is None else measured)
        book = Book(claims.claims, {row.metric: row for row in known})
        chosen = self.rules or tuple(RULES)
        found = [finding for name in chosen for finding in RULES[name].findings(book)]
        place = {claim.name: number for number, claim in enumerate(claims.claims)}
        found.sort(
            key=lambda f: (
                SEVERITIES.index(f.severity), len(f.names) > _NAMED, KINDS.index(f.kind), place[f.names[0]],
            )
        )  # fmt: skip
        return AuditResult(claims, tuple(found), chosen)


@dataclass(frozen=True, repr=False)
class AuditResult(Result):
    r"""What the auditor found, contradictions first.

    >>> from crm_lab.scorecard import parse_claims
    >>> text = "deck: spring\nclaims: [{id: a, metric: repurchase_rate, before: 61 %, after: 80 %, change: +20 %}]"
    >>> audit = Auditor().analyze(parse_claims(text))

    Attributes:
        claims: What was looked at.
        findings: What was found.
        rules: Names of the rules used.
    """

    name: ClassVar[str] = "claims"
    formats: ClassVar[Mapping[str, str]] = {}
    claims: ClaimList
    findings: tuple[Finding, ...]
    rules: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row per finding: severity, finding, claims, question, kind, rule; sentences by their keys.

        >>> list(audit.to_frame())
        ['severity', 'finding', 'claims', 'ask', 'kind', 'rule']
        """
        rows = [(f.severity, f.sentence.key, ", ".join(f.names), f.ask.key, f.kind, f.rule) for f in self.findings]
        return pd.DataFrame(rows, columns=list(COLUMNS), dtype="str")

    def sentences(self, lang: str | None = None) -> pd.DataFrame:
        """`to_frame` with the sentences in a language.

        >>> audit.sentences("en").columns.tolist()
        ['severity', 'finding', 'claims', 'ask', 'kind', 'rule']

        Args:
            lang: ``en`` or ``zh``; the active language unless given.

        Returns:
            One row per finding.
        """
        said = {"finding": [f.sentence for f in self.findings], "ask": [f.ask for f in self.findings]}
        texts = {name: [message.text(lang) for message in messages] for name, messages in said.items()}
        return self.to_frame().assign(**texts).astype("str")

    def shown(self, lang: str | None = None) -> pd.DataFrame:
        """`to_frame` for readers: severity and kind in words, long lists of claims shortened.

        >>> audit.shown("en").columns.tolist()
        ['severity', 'finding', 'claims', 'ask', 'kind']

        Args:
            lang: ``en`` or ``zh``; the active language unless given.

        Returns:
            One row per finding.
        """
        frame = self.sentences(lang).drop(columns="rule")
        for column in ("severity", "kind"):
            frame[column] = [Message(f"claims.{column}.{value}").text(lang) for value in frame[column]]
        frame["claims"] = [_short(f.names) for f in self.findings]
        return frame

    def _repr_html_(self) -> str:
        return table_html(self.shown(), rows=len(self.findings))

    def __str__(self) -> str:
        rows = self.shown()[["severity", "claims", "finding"]].to_numpy()
        return "\n".join(f"{severity} · {claims}: {sentence}" for severity, claims, sentence in rows)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.findings)} findings about {len(self.claims.claims)} claims)"

    def per_deck(self) -> pd.DataFrame:
        """One row per deck: claims, those in a contradiction, those unclear only, those without a finding.

        >>> audit.per_deck().iloc[0].tolist()
        ['spring', np.int64(1), np.int64(1), np.int64(0), np.int64(0)]
        """
        worst = self._worst()
        rows = []
        for deck in self.claims.decks:
            states = [worst.get(claim.name, "holds") for claim in deck.claims]
            rows.append((deck.name, len(states), *(states.count(s) for s in (*SEVERITIES, "holds"))))
        return pd.DataFrame(rows, columns=["deck", "claims", *SEVERITIES, "holds"])

    def _worst(self) -> dict[str, str]:
        """The gravest severity of each claim that has a finding."""
        worst: dict[str, str] = {}
        for finding in self.findings:  # contradictions come first
            for claim in finding.claims:
                worst.setdefault(claim.name, finding.severity)
        return worst

    def count(self, severity: str) -> int:
        """Number of findings of a severity.

        >>> audit.count("wrong"), audit.count("unclear")
        (1, 0)

        Args:
            severity: ``wrong`` or ``unclear``.

        Returns:
            Number of findings.
        """
        return sum(f.severity == severity for f in self.findings)

    def counts(self) -> dict[str, int]:
        """Claims and decks read; claims that hold, stand in a contradiction, are open only; findings by severity.

        Each claim is counted once, by the gravest finding about it: ``holds``, ``in_wrong``, ``in_unclear`` sum to all.
        """
        states = list(self._worst().values())
        return {
            "claims": len(self.claims.claims), "decks": len(self.claims.decks),
            **{severity: self.count(severity) for severity in SEVERITIES},
            **{f"in_{severity}": states.count(severity) for severity in SEVERITIES},
            "holds": len(self.claims.claims) - len(states),
        }  # fmt: skip

    def about(self, claim: Claim | str) -> tuple[Finding, ...]:
        """The findings about a claim, by its name ``deck/id``.

        >>> [finding.rule for finding in audit.about("spring/a")][:1]
        ['change_of_levels']

        Args:
            claim: A claim or its name.

        Returns:
            Its findings.
        """
        name = claim if isinstance(claim, str) else claim.name
        return tuple(f for f in self.findings if name in f.names)

    def readout(self) -> Readout:
        """How many claims hold, how sure that is, what to ask first.

        >>> print(audit.readout().finding)
        Of 1 claims (decks read: 1) 0 hold as far as they can be checked, 1 stand in a contradiction ...
        """
        values = self.counts()
        checked = values["claims"]
        certainty = Message("claims.audit.certainty", {"rules": len(self.rules)})
        if not checked:
            return Readout(Message("claims.audit.none", values), certainty, "claims.audit.action_none")
        if not self.findings:
            return Readout(Message("claims.audit.clean", values), certainty, "claims.audit.action_clean")
        first = self.findings[0]
        ask = {"claims": ", ".join(first.names[:2]), "sentence": first.sentence, "ask": first.ask}
        return Readout(Message("claims.audit.finding", values), certainty, Message("claims.audit.action", ask))

    def facts(self) -> tuple[Fact, ...]:
        """Claims read, findings by severity and by kind, claims without a finding.

        >>> {fact.id: fact.unit for fact in audit.facts()[:2]}
        {'claims.read': 'claims', 'claims.wrong': 'findings'}
        """
        said = self.counts()
        claims = ("holds", *(f"in_{severity}" for severity in SEVERITIES))
        counts = {
            "read": said["claims"], **{key: said[key] for key in (*SEVERITIES, *claims)},
            **{kind: sum(f.kind == kind for f in self.findings) for kind in KINDS},
        }  # fmt: skip
        unit = dict.fromkeys(("read", *claims), "claims")
        better: dict[str, Better] = {"wrong": "down", "unclear": "down", "holds": "up"}
        return tuple(
            Fact(f"claims.{k}", f"claims.fact.{k}", n, unit.get(k, "findings"), better=better.get(k, "none"))
            for k, n in counts.items()
        )


def _short(names: tuple[str, ...]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" +{more}" if more > 0 else "")
