"""`SelectionRates`: who is selected, by group, as it is and among customers of equal value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.checks import Problems, check_settings, need_columns, not_levels, not_portions, too_small
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.segmentation.personas.segment_use.selection_rates_result import SelectionRatesResult
from crm_lab.stats.intervals import wilson, z_value

UNKNOWN: Final = "(unknown)"
_ENDS: Final = ("ratio", "ratio_lo", "ratio_hi")


@dataclass(frozen=True)
class SelectionRates:
    """Selection rate of each group, against the group with the highest rate.

    The four-fifths rule is a flag, not a verdict: a ratio below it is a reason to look at how the list was made. The
    same ratio among customers of equal stratum (value tier) says how much of it comes from value.

    >>> people = pd.DataFrame({"customer_id": np.arange(200).astype(str), "age_group": ["young", "old"] * 100})
    >>> chosen = [str(i) for i in range(0, 100, 2)] + [str(i) for i in range(1, 41, 2)]
    >>> SelectionRates("age_group").analyze(people, chosen).to_frame()[["group", "rate", "ratio"]].to_numpy().tolist()
    [['young', 0.5, 1.0], ['old', 0.2, 0.4]]

    Attributes:
        group: Column of the groups.
        stratum: Column within which rates are compared, such as the value tier; none unless given.
        least_ratio: Ratio below which a group is flagged.
        smallest: Groups with fewer customers are not shown.
        level: Confidence level.

    Raises:
        BadInput: If the settings are wrong.

    Source:
        Uniform Guidelines on Employee Selection Procedures (1978), 29 CFR 1607.4(D); Greenland & Robins (1985),
        Estimation of a common effect parameter from sparse follow-up data.
    """

    group: str = "age_group"
    stratum: str | None = None
    least_ratio: float = 0.8
    smallest: int = 20
    level: float = 0.95

    def __post_init__(self) -> None:
        check_settings(
            self, not_levels(self, "level"), not_portions(self, "least_ratio"), too_small(self, smallest=1),
            group="name a column" if not self.group else "",
        )  # fmt: skip

    def analyze(self, customers: IntoFrame, selected: Iterable[str] | pd.DataFrame) -> SelectionRatesResult:
        """Rates of everybody who could have been selected.

        Args:
            customers: `customer_id`, the group, and the stratum where one is named; one row a customer.
            selected: Ids, or a table with `customer_id`: a list or the members of a segment.

        Returns:
            Rates and ratios by group.

        Raises:
            BadInput: If columns are missing, ids repeat, or selected ones are not among the customers.
            CannotAnswer: If nobody is selected, or fewer than two known groups are large enough.

        >>> SelectionRates("age_group").analyze(people, ["x"])
        Traceback (most recent call last):
        crm_lab.checks.BadInput: The customers:
          - 1 of 1 selected are not among 200 customers; give everybody who could have been selected.
        """
        table = as_pandas(customers, "The customers")
        columns = ["customer_id", self.group, *([self.stratum] if self.stratum else [])]
        need_columns(table.columns, columns, "The customers")
        ids = selected["customer_id"] if isinstance(selected, pd.DataFrame) else pd.Series(list(selected), dtype=object)
        chosen = set(ids.dropna().astype(str))
        people = pd.DataFrame({"id": table["customer_id"].astype(str), "group": _text(table[self.group])})
        people["stratum"] = _text(table[self.stratum]) if self.stratum else ""
        people["selected"] = people["id"].isin(chosen)
        _refuse(people, chosen)
        return self._compared(people)

    def _compared(self, people: pd.DataFrame) -> SelectionRatesResult:
        sizes = people.groupby("group")["selected"].agg(customers="size", selected="sum").reset_index()
        large = sizes[sizes["customers"] >= self.smallest].reset_index(drop=True)
        known = large[large["group"] != UNKNOWN]
        if not people["selected"].any() or len(known) < 2:
            raise cannot_answer(
                "no_groups_to_compare",
                selected=int(people["selected"].sum()),
                groups=len(known),
                smallest=self.smallest,
            )
        rate = known["selected"] / known["customers"]
        best = str(known["group"].to_numpy()[int(rate.to_numpy().argmax())])
        lo, hi = wilson(large["selected"], large["customers"], self.level)
        table = large.assign(rate=large["selected"] / large["customers"], lo=lo, hi=hi)
        groups = table["group"].tolist()
        table[list(_ENDS)] = self._ratios(people.assign(stratum=""), groups, best)
        if self.stratum:
            table[[f"adjusted_{end}" for end in _ENDS]] = self._ratios(people, groups, best)
        ends = zip(groups, table["ratio_lo"], table["ratio_hi"], strict=True)
        table["flag"] = ["highest" if g == best else _flag(lo, hi, self.least_ratio) for g, lo, hi in ends]
        hidden = sizes[sizes["customers"] < self.smallest]
        order = table.sort_values(["rate", "group"], ascending=[False, True], ignore_index=True)
        return SelectionRatesResult(self, order, len(hidden), int(hidden["customers"].sum()), best)

    def _ratios(self, people: pd.DataFrame, groups: list[str], best: str) -> np.ndarray:
        """Ratio to the best group and its ends, shape (groups, 3); that of the best itself is 1 without ends."""
        own = (1.0, float("nan"), float("nan"))
        tables = ((group, _two_by_two(people, group, best)) for group in groups)
        return np.array([own if group == best else common_ratio(table, self.level) for group, table in tables])


def _text(column: pd.Series) -> pd.Series:
    text = column.astype("string")
    return text.fillna(UNKNOWN).mask(text.str.strip() == "", UNKNOWN).astype(str)


def _refuse(people: pd.DataFrame, chosen: set[str]) -> None:
    problems = Problems("The customers")
    again = int(people["id"].duplicated().sum())
    problems.unless(not again, f"{again:,} rows repeat a customer_id; give one row a customer.")
    strangers = len(chosen) - people.loc[people["selected"], "id"].nunique()
    problems.unless(
        not strangers,
        f"{strangers:,} of {len(chosen):,} selected are not among {len(people):,} customers; "
        "give everybody who could have been selected.",
    )
    problems.raise_any()


def _two_by_two(people: pd.DataFrame, group: str, best: str) -> np.ndarray:
    """Selected and customers of the group and of the best one, by stratum: shape (strata, 4)."""
    pair = people[people["group"].isin([group, best])]
    _, stratum = np.unique(pair["stratum"].to_numpy(dtype=str), return_inverse=True)
    table = np.zeros((stratum.max(initial=-1) + 1, 4))
    place = np.where(pair["group"] == group, 0, 2)
    np.add.at(table, (stratum, place), pair["selected"].to_numpy(dtype=float))
    np.add.at(table, (stratum, place + 1), 1.0)
    return table


def common_ratio(table: np.ndarray, level: float) -> tuple[float, float, float]:
    """Mantel and Haenszel's ratio of two rates over strata, with Greenland and Robins' interval.

    With one stratum it is the plain ratio with Katz's interval. Where nobody of the group is selected the lower end is
    0 and the upper end that of half a selected customer.

    >>> [round(x, 3) for x in common_ratio(np.array([[20.0, 100, 50, 100]]), 0.95)]
    [0.4, 0.258, 0.62]

    Args:
        table: Per stratum selected and all of the group, selected and all of the other, shape (strata, 4).
        level: Confidence level.

    Returns:
        Ratio, lower and upper end; missing where no stratum has both.
    """
    a, n1, b, n0 = table[(table[:, 1] > 0) & (table[:, 3] > 0)].T
    n = n1 + n0
    up, down = float((a * n0 / n).sum()), float((b * n1 / n).sum())
    if down <= 0:
        return float("nan"), float("nan"), float("nan")
    smooth = a if up > 0 else a + 0.5 / len(a)
    top = float((smooth * n0 / n).sum())
    square = float(((n1 * n0 * (smooth + b) - smooth * b * n) / n**2).sum())
    half = z_value(level) * np.sqrt(max(square, 0.0) / (top * down))
    ratio = up / down
    return ratio, ratio * float(np.exp(-half)), top / down * float(np.exp(half))


def _flag(lo: float, hi: float, least: float) -> str:
    if np.isnan(lo) or np.isnan(hi):
        return "untold"
    return "below" if hi < least else "above" if lo >= least else "open"
