"""What a page and the index say of a result: figures as text, parameters, freshness, provenance.

Everything here is plain text; the templates escape it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from crm_lab.messages import Message, catalogue, explanations
from crm_lab.number_format import currency_sign, per_cent, three_digits
from crm_lab.run.html.notebook_cells import shown_text
from crm_lab.run.html.words import NONE, typeset, without_names
from crm_lab.run.outcomes import headline
from crm_lab.run.parameters.bounds import without_bounds

CARDS: Final = 4
_HASH: Final = 12  # characters of a hash that are shown
_CURRENCY = re.compile(r"[A-Z]{3}\Z")


@dataclass(frozen=True, slots=True)
class Figure:
    """A fact as a reader sees it."""

    label: str
    value: str
    unit: str
    interval: str
    kind: str
    n: str
    window: str
    definition: str
    refusal: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as a reader sees it."""

    name: str
    value: str
    default: str
    comment: str
    changed: bool


def number(value: Any, unit: str = "", kind: str = "estimate") -> str:
    """A value in its unit: shares in per cent, money with its sign, three digits of an estimate.

    >>> number(0.2534, "share"), number(4596039.58, "USD", "fact"), number(-12.345, "EUR"), number(1234567)
    ('25.3%', '$4,596,039.58', '−€12.35', '1,234,567')
    >>> number(-0.0354, "points")
    '0.0'
    """
    if value is None or value != value:  # noqa: PLR0124 - NaN is the one value that differs from itself
        return NONE
    if isinstance(value, bool | str):
        return str(value)
    sign, size = ("−" if value < 0 else ""), abs(value)
    if unit == "share":
        return f"{sign}{per_cent(size)}"
    if _CURRENCY.match(unit):
        digits = 0 if kind != "fact" and size >= _GROUPED else 2
        return f"{sign}{currency_sign(unit)}{size:,.{digits}f}"
    return _plain(value, unit)


def _plain(value: float, unit: str) -> str:
    """A number that is no share and no money; percentage points have one digit behind the point, as in sentences."""
    sign, size = ("−" if value < 0 else ""), abs(value)
    if unit == "points":
        return f"{round(value, 1) + 0.0:,.1f}".replace("-", "−")
    return f"{sign}{size:,}" if isinstance(value, int) else f"{sign}{three_digits(size)}"


_GROUPED: Final = 1000  # from here on whole amounts of an estimate


def _as_exact(bound: Any, value: str, unit: str, kind: str) -> str:
    """An end of an interval in as many decimals as its number has."""
    own, decimals = number(bound, unit, kind), len(value.partition(".")[2])
    if unit == "share" or _CURRENCY.match(unit) or not decimals or own == NONE:
        return own
    return f"{bound:,.{decimals}f}".replace("-", "−")


def unit_word(unit: str, lang: str) -> str:
    """What stands after a number: nothing for shares and money, else the unit in the language."""
    if unit == "share" or _CURRENCY.match(unit):
        return ""
    return catalogue(lang).get(f"unit.{unit}", unit)


def _unsaid(unit: str, label: str) -> str:
    """A unit without the thing that the label names already; in Chinese its measure word stays.

    >>> _unsaid("customers", "Customers to contact"), _unsaid("days", "Customers"), _unsaid("位客户", "需联系的客户")
    ('', 'days', '位')
    """
    if unit.isascii():
        return "" if unit.lower() in label.lower() else unit
    return unit[:-2] if len(unit) > 2 and unit[-2:] in label else unit


def figure(fact: Mapping[str, Any], lang: str) -> Figure:
    """A fact of `results.json` as text."""
    unit, kind = str(fact.get("unit") or ""), str(fact.get("kind") or "fact")
    bounds, n = {end: fact.get(end) for end in ("lo", "hi")}, fact.get("n")
    interval = ""
    if None not in bounds.values():
        ends = {
            end: _as_exact(bound, number(fact.get("value"), unit, kind), unit, kind) for end, bound in bounds.items()
        }
        values = {**ends, "level": fact.get("level") or 0.95}
        interval = Message("report.interval", values).text(lang)
    return Figure(
        label=without_names(str(fact.get("label") or fact.get("id") or ""), lang),
        value=without_names(number(fact.get("value"), unit, kind), lang),
        unit=_unsaid(unit_word(unit, lang), str(fact.get("label") or "")),
        interval=interval,
        kind="" if kind == "fact" else catalogue(lang).get(f"report.kind.{kind}", kind),
        n="" if n is None else number(n),
        window=str(fact.get("window") or ""),
        definition=without_names(" · ".join(str(fact[k]) for k in ("definition", "denominator") if fact.get(k)), lang),
        refusal=str(fact.get("refusal") or ""),
    )


def front(page: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the page's answer brings for a card: group, short answer, picture, decision."""
    given = headline(page).get("front") or {}
    return {key: typeset(value) if key in ("answer", "decision") and value else value for key, value in given.items()}


def answer(page: Mapping[str, Any]) -> Mapping[str, str]:
    """Finding, certainty and action of a page; a refusal takes the place of the finding."""
    result = headline(page)
    readout = dict(result.get("readout") or {})
    return {name: typeset(str(readout.get(name) or "")) for name in ("finding", "action", "certainty")}


def cards(page: Mapping[str, Any], lang: str) -> list[Figure]:
    """The few figures at the top of a page."""
    return [figure(fact, lang) for fact in (headline(page).get("facts") or [])[:CARDS]]


def figures(page: Mapping[str, Any], lang: str) -> list[Figure]:
    """Every figure a page states, each once."""
    facts = {f.get("id") or id(f): f for r in page.get("results") or [] for f in r.get("facts") or []}
    return [figure(fact, lang) for fact in facts.values()]


def is_simulated(page: Mapping[str, Any]) -> bool:
    """Whether any figure of a page rests on made-up data."""
    return any(r.get("simulated") for r in page.get("results") or [])


def is_planted(page: Mapping[str, Any]) -> bool:
    """Whether it is an effect alone that is made up, in real data."""
    data = [r.get("data") or {} for r in page.get("results") or []]
    return is_simulated(page) and not any(d.get("simulated") for d in data)


def data_sets(pages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The data behind pages, each source and date once, with the row count as text."""
    found: dict[tuple[Any, Any], dict[str, Any]] = {}
    for page in pages:
        for result in page.get("results") or []:
            data = result.get("data")
            if data:
                key = (data.get("source"), data.get("as_of"))
                found.setdefault(key, {**data, "rows": number(data.get("rows"))})
    return list(found.values())


def parameters(page: Mapping[str, Any], lang: str, declared: Mapping[str, Any] | None = None) -> list[Parameter]:
    """A page's parameters, those that differ from the notebook's own marked.

    Args:
        page: Holds ``parameters``: ``{name: value}``, or ``[{name, value, default, comment}]``.
        lang: Language of their explanations; a comment without a translation stays as it is.
        declared: What the notebook's cell declares, by name (`crm_lab.run.parameters.schema.Parameter`).
    """
    raw, declared = page.get("parameters") or [], declared or {}
    rows = [{"name": k, "value": v} for k, v in raw.items()] if isinstance(raw, Mapping) else raw
    order = {name: place for place, name in enumerate(declared)}
    rows = sorted(rows, key=lambda row: order.get(str(row.get("name")), len(order)))
    return [_parameter(row, declared.get(str(row.get("name"))), lang) for row in rows]


def _parameter(row: Mapping[str, Any], declared: Any, lang: str) -> Parameter:
    value = row.get("value")
    default = row.get("default", value if declared is None else declared.default)
    return Parameter(
        name=str(row.get("name", "")),
        value=_literal(value),
        default=_literal(default),
        comment=_explained(str(row.get("comment") or getattr(declared, "comment", "")), lang),
        changed=value != default,
    )


def _explained(comment: str, lang: str) -> str:
    """A comment in a language, with its bounds as they are.

    >>> _explained("customers on the call list (1..)", "zh"), _explained("my own (1..)", "zh")
    ('联系名单上的客户数（1..）', 'my own (1..)')
    """
    plain, bounds = without_bounds(comment)
    known = explanations(lang).get(plain)
    return comment if known is None else f"{known}（{bounds}）" if bounds else known


def _literal(value: Any) -> str:
    return value if isinstance(value, str) else NONE if value is None else str(value)


def traceback_text(page: Mapping[str, Any]) -> str:
    """Where a failed page stopped, without colours and machine paths; empty where it did not."""
    error = page.get("error") or {}
    lines = page.get("traceback") or error.get("traceback") or ""
    return shown_text(lines if isinstance(lines, str) else "\n".join(map(str, lines))).strip()


def provenance(record: Mapping[str, Any], data: Iterable[Mapping[str, Any]], lang: str) -> list[tuple[str, str]]:
    """What is needed to make a page or a run again: label and value, only what is known."""
    code, command = record.get("code") or {}, record.get("command") or ""
    known = {
        "run": record.get("run_id"),
        "edited": Message("report.edited_page").text(lang) if record.get("edited") else "",
        "code": _code(code, lang) if isinstance(code, Mapping) else code,
        "lock": (code.get("lock_sha256") or "")[:_HASH] if isinstance(code, Mapping) else "",
        "data_key": " · ".join(f"{d.get('source')} {d['key']}" for d in data if d.get("key")),
        "versions": " · ".join(f"{name} {version}" for name, version in (record.get("versions") or {}).items()),
        "command": command if isinstance(command, str) else shlex.join(command),
    }
    return [(Message(f"report.{name}").text(lang), str(text)) for name, text in known.items() if text]


def _code(code: Mapping[str, Any], lang: str) -> str:
    commit = str(code.get("commit") or "")[:_HASH]
    changed = Message("report.with_changes").text(lang) if code.get("dirty") else ""
    sources = f"sha256 {code['sources_sha256'][:_HASH]}" if code.get("sources_sha256") else ""
    return " · ".join(filter(None, (commit, changed, sources)))
