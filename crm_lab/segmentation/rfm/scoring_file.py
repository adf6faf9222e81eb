"""A fitted RFM scoring: fixed cut points and rules in a readable file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from crm_lab.checks import BadInput, Problems, as_date
from crm_lab.exports import out_dir, write_whole
from crm_lab.project import project_root
from crm_lab.segmentation.rfm.segment_rules import SegmentRule, SegmentRules

DIMENSIONS = ("recency_days", "n_orders", "revenue")
_KIND = "crm_lab RFM scoring"


@dataclass(frozen=True)
class RFMScoring:
    """Cut points per dimension, rules, and where they come from.

    >>> from datetime import date
    >>> from crm_lab.segmentation import TEN_SEGMENTS
    >>> cuts = {"recency_days": (30.0, 90.0), "n_orders": (1.0, 4.0), "revenue": (20.0, 80.0)}
    >>> scoring = RFMScoring(cuts, TEN_SEGMENTS, 3, "fixed", date(2024, 6, 30), 365)

    Attributes:
        cut_points: ``recency_days``, ``n_orders``, ``revenue`` -> ascending cut points.
        rules: From scores to segments.
        bins: How many scores were asked for.
        method: How the cut points were found.
        as_of: Last day of the data they were found on.
        history_days: Days that those data covered.
        segments: Customers per segment then.

    Raises:
        BadInput: If cut points are missing, do not ascend, or are too many for the bins.
    """

    cut_points: Mapping[str, tuple[float, ...]]
    rules: SegmentRules
    bins: int
    method: str
    as_of: date
    history_days: int
    segments: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = Problems("RFM scoring")
        for name in DIMENSIONS:
            cuts = list(self.cut_points.get(name, ()))
            problems.unless(name in self.cut_points, f"There are no cut points for {name}; give them.")
            problems.unless(cuts == sorted(cuts), f"The cut points for {name} are {cuts}; they must ascend.")
            problems.unless(
                len(cuts) < self.bins,
                f"There are {len(cuts)} cut points for {name}; {self.bins} bins have at most {self.bins - 1}.",
            )
        problems.raise_any()

    def to_toml(self) -> str:
        """The scoring as TOML, made to be read and compared by people.

        >>> print(scoring.to_toml()[:62])
        kind = "crm_lab RFM scoring"
        as_of = 2024-06-30
        history_days =
        """
        lines = [
            f'kind = "{_KIND}"',
            f"as_of = {self.as_of.isoformat()}",
            f"history_days = {self.history_days}",
            f'method = "{self.method}"',
            f"bins = {self.bins}",
            "",
            "[cut_points]  # a score is 1 + the number of cut points exceeded; recency_days counts from the top",
            *(f"{name} = {[float(c) for c in self.cut_points[name]]}" for name in DIMENSIONS),
            "",
            "[customers]  # per segment, on the day of the fit",
            *(f"{_quote(name)} = {count}" for name, count in self.segments.items()),
        ]
        for rule in self.rules.rules:
            bounds = [f"{k} = {list(v)}" for k, v in (("r", rule.r), ("f", rule.f), ("m", rule.m))]
            lines += ["", "[[rule]]", f"segment = {_quote(rule.segment)}", *bounds]
        return "\n".join(lines) + "\n"

    def save(self, name: str = "rfm_scoring.toml") -> Path:
        """Write the scoring to the page's output folder (`crm_lab.exports.out_dir`), whole or not at all.

        >>> path = scoring.save("spring.toml")
        >>> load_scoring(path) == scoring
        True
        >>> path.unlink()

        Args:
            name: Name of the file.

        Returns:
            The path written.
        """
        return write_whole(out_dir() / name, self.to_toml().encode())


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def load_scoring(path: str | Path) -> RFMScoring:
    """Read a scoring that `RFMScoring.save` wrote; a relative path starts at the project's folder.

    >>> load_scoring("no_such_scoring.toml")
    Traceback (most recent call last):
    crm_lab.checks.BadInput: scoring_file is 'no_such_scoring.toml'; there is no such file: give one that page 04 wrote.

    Args:
        path: The file.

    Returns:
        The scoring: the same cut points, rules and date.

    Raises:
        BadInput: If there is no such file, or it is no RFM scoring.
    """
    file = project_root() / path
    if not file.is_file():
        raise BadInput(f"scoring_file is {str(path)!r}; there is no such file: give one that page 04 wrote.")
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        return _from_toml(content)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise BadInput(f"{file.name} is no RFM scoring that can be read ({error}); save it again.") from error


def _from_toml(content: dict[str, Any]) -> RFMScoring:
    if content.get("kind") != _KIND:
        raise KeyError("kind")
    rules = tuple(
        SegmentRule(r["segment"], (r["r"][0], r["r"][1]), (r["f"][0], r["f"][1]), (r["m"][0], r["m"][1]))
        for r in content["rule"]
    )
    return RFMScoring(
        cut_points={name: tuple(map(float, cuts)) for name, cuts in content["cut_points"].items()},
        rules=SegmentRules(rules),
        bins=content["bins"],
        method=content["method"],
        as_of=as_date(content["as_of"]),
        history_days=content["history_days"],
        segments=content["customers"],
    )
