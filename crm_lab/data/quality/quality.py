"""Six dimensions of data quality, counted against the contract, with the share of rows that fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from crm_lab.checks import BadInput
from crm_lab.data.workspace import Tables
from crm_lab.messages import Message
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.intervals import wilson_interval
from crm_lab.tables import TABLES, Table

TARGET = 0.95
"""The decks' target for accuracy and coverage (004-14, 004-57)."""

_LINE_CHECKS = {
    ("validity", "kind_known"): "kind not in ('sale', 'return', 'cancellation', 'fee')",
    ("validity", "hour_of_day"): "hour is not null and hour not between 0 and 23",
    ("validity", "sale_not_negative"): "kind = 'sale' and net_amount < 0",
    ("validity", "return_not_positive"): "kind in ('return', 'cancellation') and net_amount > 0",
    ("consistency", "net_is_gross_less_discount"): "abs(gross_amount - discount_amount - net_amount) >= 0.00005",
    ("consistency", "one_customer_per_order"): "order_id in (select order_id from transactions group by all"
    " having count(distinct customer_id) > 1)",
    ("consistency", "one_day_per_order"): "order_id in (select order_id from transactions where kind = 'sale'"
    " group by all having count(distinct day) > 1)",
}


@dataclass(frozen=True)
class QualityResult(Result):
    """Data quality checks with their failures.

    >>> from crm_lab import open_workspace
    >>> quality = check_quality(open_workspace("cdnow_sample").at())

    Attributes:
        checks: One row per check: `dimension`, `table`, `check`, `rows`, `failing`, `required`.
        days_behind: Days from the last complete day to the as-of date.
        closed_days: Days without a single line inside the window.
    """

    name: ClassVar[str] = "quality"
    formats: ClassVar[Mapping[str, str]] = {"failing_share": ".2%"}

    checks: pd.DataFrame
    title: str
    days_behind: int
    closed_days: int

    @property
    def score(self) -> float:
        """Lowest share of rows that pass a required check, between 0 and 1.

        >>> quality.score
        1.0
        """
        required = self._required
        return float(1 - (required["failing"] / required["rows"]).max()) if len(required) else 1.0

    @property
    def _required(self) -> pd.DataFrame:
        return self.checks[self.checks["required"] & (self.checks["rows"] > 0)]

    def counted(self, check: str) -> tuple[int, int] | None:
        """Rows looked at by a check and rows that fail it; ``None`` where it does not apply to these tables."""
        rows = self.checks[self.checks["check"] == check]
        return None if rows.empty else (int(rows["rows"].sum()), int(rows["failing"].sum()))

    def require(self, floor: float) -> None:
        """Raise an error if a required check fails for more than ``1 - floor`` of its rows.

        >>> quality.require(0.99)

        Args:
            floor: Lowest share that must pass, e.g. 0.99.

        Raises:
            BadInput: Naming each check below the floor with its counts.
        """
        bad = self._required[lambda checks: checks["failing"] > (1 - floor) * checks["rows"]]
        problems = [f"{r.table}.{r.check}: {r.failing:,} of {r.rows:,} rows fail." for r in bad.itertuples(index=False)]
        if problems:
            raise BadInput(f"The quality of {self.title} is below the floor of {floor:.0%}", problems)

    def to_frame(self) -> pd.DataFrame:
        """One row per check: `dimension`, `table`, `check`, `rows`, `failing`, `failing_share`, worst first.

        >>> list(quality.to_frame())
        ['dimension', 'table', 'check', 'rows', 'failing', 'failing_share']
        """
        frame = self.checks.drop(columns="required")
        frame["failing_share"] = frame["failing"] / frame["rows"].where(frame["rows"] > 0)
        return frame.sort_values(["failing_share", "rows"], ascending=False, kind="stable").reset_index(drop=True)

    def readout(self) -> Readout:
        """The worst required check, timeliness, and what to fix first.

        >>> print(quality.readout().finding)
        3 of 33 quality checks on CDNOW (1/10 sample) find rows that fail.
        """
        failing = int((self.checks["failing"] > 0).sum())
        worst = self.to_frame().iloc[0]
        mend = {
            "check": _check_words(worst), "failing": int(worst["failing"]), "rows": int(worst["rows"]),
        }  # fmt: skip
        return Readout(
            Message("quality.finding", {"title": self.title, "failing": failing, "total": len(self.checks)}),
            Message("quality.certainty", {"score": self.score, "behind": self.days_behind, "closed": self.closed_days}),
            Message(f"quality.{'action' if failing else 'nothing'}", mend),
        )

    def facts(self) -> tuple[Fact, ...]:
        """Lowest pass rate of required checks, days behind, days without sales.

        >>> {fact.id: fact.unit for fact in quality.facts()[:2]}
        {'quality.score': 'share', 'quality.days_behind': 'days'}
        """
        return (
            Fact("quality.score", "quality.score", self.score, "share", better="up"),
            Fact("quality.days_behind", "quality.days_behind", self.days_behind, "days"),
            Fact("quality.closed_days", "quality.closed_days", self.closed_days, "days"),
        )


def _check_words(row: pd.Series) -> Message | str:
    """What a check looks at, in words; a column stands with its table."""
    if row["dimension"] in ("completeness", "uniqueness"):
        return f"{row['table']}.{row['check']}"
    return Message(f"quality.check.{row['check']}")


def check_quality(tables: Tables) -> QualityResult:
    """Completeness, uniqueness, validity, consistency and timeliness of the available tables.

    Coverage of profiles counts customers with a purchase who have every field of the customers table that ought to be
    filled (an empty day of refusal says that nobody refused).

    >>> from crm_lab import open_workspace
    >>> check_quality(open_workspace("cdnow_sample").at()).score
    1.0

    Args:
        tables: Tables of a workspace as of a day.

    Returns:
        One row per check.
    """
    checks = [*_contract_checks(tables), *_line_checks(tables), *_reference_checks(tables)]
    frame = pd.DataFrame(checks, columns=["dimension", "table", "check", "rows", "failing", "required"])
    first, last = tables.workspace.day_range
    traded = tables.sql("select count(distinct day) as n from transactions")["n"].item()
    return QualityResult(
        frame,
        tables.workspace.title,
        days_behind=max(0, (tables.as_of - tables.workspace.last_complete_day).days),
        closed_days=(min(tables.as_of, last) - first).days + 1 - int(traded),
    )


def _contract_checks(tables: Tables) -> Iterator[tuple[str, str, str, int, int, bool]]:
    for name in ("transactions", "customers", "products", "orders"):
        if name not in tables:
            continue
        table = TABLES[name]
        have = tables.sql(f"select * from {name} limit 0").columns
        columns = [c for c in table.columns if c.name in have and not c.empty_says]
        counts = ", ".join(f"count(*) - count({c.name}) as {c.name}" for c in columns)
        row = tables.sql(f"select {counts}, count(*) as n_, {_repeats(table)} as again_ from {name}").iloc[0].to_dict()
        rows = int(row["n_"])
        yield ("uniqueness", name, "+".join(table.key), rows, int(row["again_"]), True)
        for column in columns:
            if not column.required and row[column.name] == rows:
                continue  # an optional column that the source does not have
            yield ("completeness", name, column.name, rows, int(row[column.name]), not column.nullable)


def _repeats(table: Table) -> str:
    key = table.key[0] if len(table.key) == 1 else f"({', '.join(table.key)})"
    return f"count({table.key[0]}) - count(distinct {key})"


def _line_checks(tables: Tables) -> Iterator[tuple[str, str, str, int, int, bool]]:
    counts = ", ".join(f"count(*) filter ({sql}) as {check}" for (_, check), sql in _LINE_CHECKS.items())
    row = tables.sql(f"select count(*) as n_, {counts} from transactions").iloc[0].to_dict()
    for dimension, check in _LINE_CHECKS:
        yield (dimension, "transactions", check, int(row["n_"]), int(row[check]), True)


def _reference_checks(tables: Tables) -> Iterator[tuple[str, str, str, int, int, bool]]:
    def counted(dimension: str, table: str, check: str, bad: str, rest: str) -> tuple[str, str, str, int, int, bool]:
        row = tables.sql(f"select count(*) as n, count(*) filter ({bad}) as bad from {rest}").iloc[0]
        return (dimension, table, check, int(row["n"]), int(row["bad"]), False)

    if "return_of" in tables.sql("select * from transactions limit 0"):
        returns = "transactions where kind in ('return', 'cancellation')"
        yield counted("consistency", "transactions", "return_matched", "return_of is null", returns)
    if "products" in tables:
        sold = "transactions t left join products p using (product_id) where t.product_id is not null"
        yield counted("consistency", "transactions", "product_known", "p.product_id is null", sold)
    if "customers" in tables:
        no_field = {"customer_id", *(c.name for c in TABLES["customers"].columns if c.empty_says)}
        fields = [c for c in tables.sql("select * from customers limit 0") if c not in no_field]
        known = " and ".join(f"c.{column} is not null" for column in fields)
        place = "row_number() over (order by revenue desc, customer_id) / count(*) over ()"
        ranked = f"(select customer_id, {place} as place from customer_360)"
        for tier, where in (("all_customers", "true"), ("top_fifth_by_revenue", "place <= 0.2")):
            rest = f"{ranked} left join customers c using (customer_id) where {where}"
            yield counted("coverage", "customers", f"profile_of_{tier}", f"not coalesce({known}, false)", rest)


@dataclass(frozen=True, slots=True)
class AuditedAccuracy:
    """Accuracy from an audited sample: share right with its Wilson interval, and whether it reaches a target.

    >>> audit = audited_accuracy(389, 400)

    Attributes:
        right: Records found right.
        audited: Records checked.
        share: Share right (0-1).
        ci: Wilson's interval.
        target: Share that was to be shown.
    """

    right: int
    audited: int
    share: float
    ci: Interval
    target: float

    @property
    def met(self) -> bool:
        """Whether the lower bound of the interval reaches the target.

        >>> audit.met
        True
        """
        return self.ci.lo >= self.target


def audited_accuracy(right: int, audited: int, target: float = TARGET, level: float = 0.95) -> AuditedAccuracy:
    """Whether an audited sample shows that accuracy reaches a target (of 400 records 389 must be right for 95 %).

    >>> audited_accuracy(389, 400).met, audited_accuracy(388, 400).met
    (True, False)

    Args:
        right: Records found right.
        audited: Records looked at, a random sample.
        target: Share to be proven.
        level: Two-sided confidence level of the Wilson interval.

    Returns:
        The share with its interval, and whether it reaches the target.

    Raises:
        BadInput: If the counts are impossible.
    """
    if not 0 <= right <= audited or audited == 0:
        raise BadInput(f"{right} right of {audited} audited is impossible; give counts with 0 <= right <= audited.")
    return AuditedAccuracy(right, audited, right / audited, wilson_interval(right, audited, level), target)
