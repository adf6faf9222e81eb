"""A segment by rule: a name, a day, a window and a condition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from crm_lab.checks import BadInput, Problems, as_name
from crm_lab.data.rule_segments.built_tables import TablesOfADay
from crm_lab.data.rule_segments.condition_tree import Condition
from crm_lab.data.rule_segments.line_conditions import LineCondition
from crm_lab.data.rule_segments.segment_checks import missing_in, tier_table
from crm_lab.data.rule_segments.segment_sql import columns_of, segment_sql

_MOST_DAYS = 36_525


@dataclass(frozen=True)
class RuleSegment:
    """Customers who meet a condition, as it was known on a day.

    The day is part of the segment: who is in it does not depend on what came later, so outcomes after it can be read.

    >>> from datetime import date
    >>> from crm_lab import open_workspace
    >>> from crm_lab.data.rule_segments import CustomerCondition
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> regulars = RuleSegment("regulars", CustomerCondition(orders_at_least=3), date(1997, 12, 31), 365)
    >>> len(regulars.members(tables))
    615

    Attributes:
        name: Letters, digits, - and _; after ``#`` in a source.
        condition: Whom it describes.
        as_of: Day on which membership is known.
        window_days: Days up to it that conditions look at.
        label_en: What readers call it in English; the name unless given.
        label_zh: The same in Chinese.

    Raises:
        BadInput: If the name, day or window cannot be, or the condition contradicts itself; all at once.
    """

    name: str
    condition: Condition
    as_of: date
    window_days: int
    label_en: str = ""
    label_zh: str = ""

    def __post_init__(self) -> None:
        problems = Problems(f"The segment {self.name!r}")
        problems.extend(_wrong_header(self))
        if isinstance(self.condition, Condition):
            problems.extend(self.condition.contradictions())
        else:
            problems.unless(False, f"condition is a {type(self.condition).__name__}; give a condition.")
        problems.raise_any()

    def label(self, lang: str) -> str:
        """What readers call it in a language.

        >>> regulars.label("en")
        'regulars'

        Args:
            lang: ``en`` or ``zh``.

        Returns:
            The label, or the name.
        """
        return (self.label_zh if lang == "zh" else self.label_en) or self.name

    def explain(self, lang: str | None = None) -> str:
        """The condition in words.

        >>> regulars.explain("en")
        'at least 3 orders'

        Args:
            lang: ``en`` or ``zh``; the active language unless given.

        Returns:
            One sentence without a full stop.
        """
        return self.condition.words().text(lang)

    def features(self) -> tuple[str, ...]:
        """Names of shopper features that the conditions rest on, for analyses that must not be told the answer.

        >>> RuleSegment("n", LineCondition(hours=(22, 6), share_at_least=0.1), date(1997, 12, 31), 90).features()
        ('night_share',)
        """
        return tuple(dict.fromkeys(name for leaf in self.condition.leaves() for name in _features(leaf)))

    def day_of(self, tables: TablesOfADay) -> TablesOfADay:
        """The tables as of the segment's day.

        >>> regulars.day_of(tables).as_of.isoformat()
        '1997-12-31'

        Args:
            tables: Of that day or later.

        Returns:
            The tables of that day.

        Raises:
            BadInput: If they end before the segment's day.
        """
        if tables.as_of < self.as_of:
            raise BadInput(
                f"The segment {self.name!r} is known on {self.as_of}, the tables end on {tables.as_of}: "
                "take an earlier as_of for the segment, or later tables."
            )
        return tables.workspace.at(self.as_of)

    def check(self, tables: TablesOfADay) -> None:
        """Refuse conditions on what the data do not have.

        >>> RuleSegment("n", LineCondition(category=("TEA",), lines_at_least=1), date(1997, 12, 31), 90).check(tables)
        Traceback (most recent call last):
        crm_lab.checks.BadInput: The segment 'n':
          - These data have no category of products; leave the condition out or bring the table products.

        Args:
            tables: Of the segment's day or later.

        Raises:
            BadInput: Listing every column and value that is not there.
        """
        problems = Problems(f"The segment {self.name!r}")
        problems.extend(missing_in(self.condition, self.day_of(tables)))
        problems.raise_any()

    def sql(self, tables: TablesOfADay) -> str:
        """The one query that says who is in it.

        >>> regulars.sql(tables).startswith("with line as")
        True

        Args:
            tables: Whose columns it is for.

        Returns:
            DuckDB SQL over the names of the tables.
        """
        have = [f"products.{c}" for c in columns_of(tables, "products")] + ["stores"] * ("stores" in tables)
        return segment_sql(self.condition, self.as_of, self.window_days, have, tier_table(tables))

    def evaluate(self, tables: TablesOfADay) -> pd.DataFrame:
        """Everybody with a sale line up to the day, and whether the condition is met.

        >>> regulars.evaluate(tables)["member"].sum()
        np.int64(615)

        Args:
            tables: Of the segment's day or later.

        Returns:
            `customer_id`, `member` (missing where it cannot be told), `n_lines`, `revenue`, and for each line
            condition `known_0`, `of_0`, ...: lines of which it is known, of how many.

        Raises:
            BadInput: If the data lack a column or value, or end before the segment's day.
        """
        self.check(tables)
        then = self.day_of(tables)
        frame = then.sql(self.sql(then))
        return frame.assign(member=frame["member"].astype("boolean"))

    def members(self, tables: TablesOfADay) -> pd.DataFrame:
        """Who is in it.

        >>> list(regulars.members(tables))
        ['customer_id', 'segment']

        Args:
            tables: Of the segment's day or later.

        Returns:
            `customer_id`, `segment`; one row a member.

        Raises:
            BadInput: If the data lack a column or value, or end before the segment's day.
        """
        frame = self.evaluate(tables)
        inside = frame.loc[frame["member"].fillna(value=False).astype(bool), ["customer_id"]].reset_index(drop=True)
        return inside.assign(segment=self.name)

    def to_dict(self) -> dict[str, Any]:
        """The segment as its file writes it.

        >>> list(regulars.to_dict())
        ['name', 'label', 'as_of', 'window_days', 'all']
        """
        label = {lang: text for lang, text in (("en", self.label_en), ("zh", self.label_zh)) if text}
        given = self.condition.to_dict()
        whole = given if set(given) & {"all", "any"} else {"all": [given]}
        head = {"name": self.name, "label": label, "as_of": self.as_of, "window_days": self.window_days}
        return head | whole


def _wrong_header(segment: RuleSegment) -> Iterator[str]:
    try:
        as_name(segment.name, "name of a segment")
        if "#" in segment.name or "," in segment.name:
            yield f"The name {segment.name!r} holds # or a comma; write letters, digits, - and _."
    except (BadInput, AttributeError) as wrong:
        yield str(wrong) if isinstance(wrong, BadInput) else f"name is {segment.name!r}; it must be a text."
    if not isinstance(segment.as_of, date) or isinstance(segment.as_of, datetime):
        yield f"as_of is {segment.as_of!r}; it must be a day such as 2017-12-31: membership is known on it."
    days = segment.window_days
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= _MOST_DAYS:
        yield f"window_days is {days!r}; it must be a whole number of days from 1 to {_MOST_DAYS:,}."
    for name in ("label_en", "label_zh"):
        if not isinstance(getattr(segment, name), str):
            yield f"{name} is {getattr(segment, name)!r}; it must be a text."


_DAY_PARTS = {"night_share": (22, 6), "morning_share": (6, 12), "afternoon_share": (12, 18), "evening_share": (18, 22)}


def _features(leaf: Condition) -> Iterator[str]:
    if not isinstance(leaf, LineCondition):
        return
    for name, value in leaf.choices().items():
        if name == "hours":
            yield from (part for part, span in _DAY_PARTS.items() if _hours(span) & _hours(value))
        elif isinstance(value, tuple) and name != "weekdays":
            yield from (f"{name}:{one}" for one in value)
        else:
            plain = {"discounted": "price_share", "new_within_days": "new_product_share", "weekdays": "weekend_share"}
            yield plain.get(name, f"{name}_share")


def _hours(span: tuple[int, int]) -> set[int]:
    start, end = span
    return set(range(start, end)) if start < end else set(range(start, 24)) | set(range(end))
