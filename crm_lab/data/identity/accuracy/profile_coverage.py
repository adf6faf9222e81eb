"""How many customers have a profile that is complete and fresh, by tier and source, and how systems overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import permutations
from typing import ClassVar, Final

import pandas as pd

from crm_lab.checks import BadInput, as_date, check_settings, need_columns, too_small
from crm_lab.data.identity.linkage.person_map import check_map, on_persons
from crm_lab.results import Fact, Readout, Result

_NO_GROUP: Final = "–"


@dataclass(frozen=True)
class ProfileCoverage:
    """When a profile counts as complete and fresh.

    >>> customers = pd.DataFrame(
    ...     {"customer_id": ["a", "b"], "city": ["Rome", None], "seen": ["2025-06-01", "2025-06-01"]}
    ... )
    >>> spec = ProfileCoverage(fields=("city",))
    >>> spec.analyze(customers, as_of="2025-06-30", updated_on="seen").to_frame()["covered_share"].tolist()
    [0.5]

    Attributes:
        fields: What a profile should hold.
        least: So many of them make it complete; all where 0.
        fresh_days: A profile is fresh so many days after its last change.

    Raises:
        BadInput: If the settings are wrong.
    """

    fields: tuple[str, ...]
    least: int = 0
    fresh_days: int = 365

    def __post_init__(self) -> None:
        many = "" if self.least <= len(self.fields) else f"there are {len(self.fields)} fields"
        none = "" if self.fields else "name what a profile should hold"
        check_settings(self, too_small(self, least=0, fresh_days=1), fields=none, least=many)

    def analyze(
        self,
        customers: pd.DataFrame,
        *,
        as_of: str | date | datetime,
        active: Sequence[str] | pd.Series | None = None,
        updated_on: str = "",
        by: Sequence[str] = (),
    ) -> ProfileCoverageResult:
        """Share of the active customers whose profile is complete and fresh.

        Args:
            customers: One row per customer (or person): `customer_id`, the fields, the day of the last change, groups.
            as_of: Day on which freshness is judged; a later change is not known yet.
            active: Ids of the active customers; all in the table unless given. Who is not in the table has no profile.
            updated_on: Column with the day of the last change; freshness is not judged without it.
            by: Columns with groups, such as tier and source.

        Returns:
            One row for all and one for each group.

        Raises:
            BadInput: If columns are missing, ids are missing or repeated, or nobody is active.

        >>> spec.analyze(customers, as_of="2025-06-30", active=["a", "b", "z", "y"]).to_frame()[
        ...     "covered_share"
        ... ].tolist()
        [0.25]
        """
        day = pd.Timestamp(as_date(as_of))
        need_columns(
            customers.columns,
            ("customer_id", *self.fields, *by, *([updated_on] if updated_on else [])),
            "The customers",
        )
        bad = int(customers["customer_id"].isna().sum() + customers["customer_id"].duplicated().sum())
        if bad:
            raise BadInput(
                f"{bad:,} of {len(customers):,} customers have no id or one that another has; give each its own."
            )
        table = customers
        if active is not None:
            wanted = pd.DataFrame({"customer_id": pd.unique(pd.Series(list(active), dtype=object).dropna())})
            table = wanted.merge(customers, on="customer_id", how="left")
        if table.empty:
            raise BadInput("There is no active customer; name some or take a later as_of.")
        texts = table[list(self.fields)].astype("string")
        filled = (texts.notna() & (texts.apply(lambda c: c.str.strip()) != "")).sum(axis=1)
        complete = filled >= (self.least or len(self.fields))
        fresh = pd.Series(True, index=table.index)
        if updated_on:
            changed = pd.to_datetime(table[updated_on], errors="coerce")
            fresh = changed.between(
                day - pd.Timedelta(days=self.fresh_days), day + pd.Timedelta(hours=24), inclusive="left"
            )
        flags = pd.DataFrame({"complete": complete.astype(bool), "fresh": fresh.astype(bool)})
        parts = [_counted(flags, pd.Series("all", index=table.index), "all")]
        parts += [_counted(flags, table[name].astype("string").fillna(_NO_GROUP), name) for name in by]
        return ProfileCoverageResult(pd.concat(parts, ignore_index=True), self, day.date(), bool(updated_on))


def _counted(flags: pd.DataFrame, group: pd.Series, name: str) -> pd.DataFrame:
    rows = flags.assign(covered=flags["complete"] & flags["fresh"]).groupby(group.to_numpy())
    counts = rows.agg(customers=("covered", "size"), complete=("complete", "sum"), covered=("covered", "sum"))
    fresh = flags[flags["complete"]].groupby(group[flags["complete"]].to_numpy())["fresh"].sum()
    out = counts.assign(fresh=fresh.reindex(counts.index, fill_value=0)).rename_axis("group").reset_index()
    out.insert(0, "by", name)
    return out.assign(
        complete_share=out["complete"] / out["customers"], covered_share=out["covered"] / out["customers"]
    )[["by", "group", "customers", "complete", "complete_share", "covered", "covered_share"]]


@dataclass(frozen=True, eq=False)
class ProfileCoverageResult(Result):
    """Profiles that are complete and fresh.

    >>> customers = pd.DataFrame({"customer_id": ["a", "b"], "city": ["Rome", None], "tier": ["A", "B"]})
    >>> coverage = ProfileCoverage(fields=("city",)).analyze(customers, as_of="2025-06-30", by=["tier"])

    Attributes:
        groups: One row for all and one for each group.
        spec: When a profile counts.
        as_of: Day on which it was judged.
        judges_freshness: Whether days of change are known.
    """

    name: ClassVar[str] = "profile_coverage"
    words: ClassVar[Mapping[str, str]] = {}
    formats: ClassVar[Mapping[str, str]] = {"complete_share": ".1%", "covered_share": ".1%"}

    groups: pd.DataFrame = field(repr=False)
    spec: ProfileCoverage
    as_of: date
    judges_freshness: bool

    def to_frame(self) -> pd.DataFrame:
        """One row per group: `by`, `group`, `customers`, `complete`, `complete_share`, `covered`, `covered_share`.

        >>> coverage.to_frame()["group"].tolist()
        ['all', 'A', 'B']
        """
        return self.groups.copy()

    @property
    def share(self) -> float:
        """Share of all active customers whose profile is complete and fresh.

        >>> coverage.share
        0.5
        """
        return float(self.groups["covered_share"].iloc[0])

    def readout(self) -> Readout:
        """How many customers have a profile, whether freshness was judged, where to fill gaps first.

        >>> print(coverage.readout().finding)
        50.0% of 2 active customers have a complete profile; freshness is not judged, for no day of change is known.
        """
        whole, parts = self.groups.iloc[0], self.groups.iloc[1:].query("group != @_NO_GROUP")
        worst = parts.assign(gap=parts["customers"] - parts["covered"]).sort_values(
            "gap", ascending=False, kind="stable"
        )
        values = {
            "share": self.share, "customers": int(whole["customers"]), "complete": float(whole["complete_share"]),
            "fields": len(self.spec.fields), "least": self.spec.least or len(self.spec.fields),
            "days": self.spec.fresh_days, "as_of": self.as_of,
            "group": str(worst["group"].iloc[0]) if len(worst) else "",
            "gap": int(worst["gap"].iloc[0]) if len(worst) else 0,
        }  # fmt: skip
        finding = "finding" if self.judges_freshness else "no_freshness"
        return Readout.of("identity.coverage", values, finding, action="action" if len(worst) else "no_groups")

    def facts(self) -> tuple[Fact, ...]:
        """Share of active customers with a complete profile, and with one that is fresh, too.

        >>> [(fact.id, fact.value) for fact in coverage.facts()]
        [('identity.coverage.complete', 0.5), ('identity.coverage.covered', 0.5)]
        """
        whole = self.groups.iloc[0]
        return tuple(
            Fact(f"identity.coverage.{name}", f"identity.coverage.{name}", float(whole[f"{name}_share"]), "share",
                 n=int(whole["customers"]), better="up")
            for name in ("complete", "covered")
        )  # fmt: skip


def match_rates(customers: pd.DataFrame, persons: pd.DataFrame, *, system: str = "source") -> pd.DataFrame:
    """How many persons of one system are also known in another.

    >>> customers = pd.DataFrame({"customer_id": list("abc"), "source": ["shop", "app", "shop"]})
    >>> persons = pd.DataFrame({"customer_id": list("abc"), "person_id": ["a", "a", "c"]})
    >>> match_rates(customers, persons)[["system", "other", "matched_share"]].to_numpy().tolist()
    [['app', 'shop', 1.0], ['shop', 'app', 0.5]]

    Args:
        customers: `customer_id` and the system of each record.
        persons: `customer_id`, `person_id`.
        system: Column with the system.

    Returns:
        One row per ordered pair of systems: `system`, `other`, `persons`, `matched`, `matched_share`.

    Raises:
        BadInput: If columns are missing or there is one system only.
    """
    need_columns(customers.columns, ("customer_id", system), "The customers")
    check_map(persons)
    placed = on_persons(customers.dropna(subset=["customer_id", system]), persons)
    members = {str(name): set(rows) for name, rows in placed.groupby(system)["customer_id"]}
    if len(members) < 2:
        raise BadInput(f"{system} names {len(members)} system; a match rate needs two.")
    rows = [
        (one, other, len(members[one]), len(members[one] & members[other]))
        for one, other in permutations(sorted(members), 2)
    ]
    table = pd.DataFrame(rows, columns=["system", "other", "persons", "matched"])
    return table.assign(matched_share=table["matched"] / table["persons"])
