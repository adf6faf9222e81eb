"""The records that a page's parameters name, with the tables whose customers they describe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any, Final

import pandas as pd

from crm_lab.checks import BadInput
from crm_lab.data.cleaning.map_of_persons import persons_named
from crm_lab.data.cleaning.part_of_source import part_named
from crm_lab.data.identity.accuracy.profile_coverage import ProfileCoverage, ProfileCoverageResult
from crm_lab.data.identity.accuracy.system_overlap import SystemOverlap, SystemOverlapResult
from crm_lab.data.identity.customer_master.master_file import CUT_OFF, read_master
from crm_lab.data.identity.customer_master.record_ids import check_ids, check_known
from crm_lab.data.identity.linkage.golden_records import GoldenRecordsResult
from crm_lab.data.identity.linkage.person_map import on_persons
from crm_lab.data.identity.linkage.record_linkage import LinkageResult
from crm_lab.data.identity.standards.birth_dates import birth_dates
from crm_lab.data.identity.standards.field_roles import FieldRoles, guess_roles
from crm_lab.data.identity.standards.standard_records import Standardise, StandardRecords
from crm_lab.data.settings_text import settings_in
from crm_lab.data.sources.packaged.simulated import has_records
from crm_lab.data.workspace import Tables, open_workspace
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.simulate import identity_records

_ORDERS: Final = {"": None, "day_first": True, "month_first": False}
_ACTIVE_DAYS: Final = 365
_PROFILE: Final = ("given_name", "phone", "email", "street", "birth_date", "city")
_ENOUGH: Final = 4  # of them make a profile complete
_SYSTEMS: Final = 2
_SIMULATED_IN: Final = "US"  # where the made-up telephones are


@dataclass(frozen=True, eq=False)
class CustomerRecords:
    """Records of customers, and the tables of the same customers.

    >>> master = open_records("simulated:doubles,customers=600")
    >>> len(master.records), master.roles.full_name
    (600, 'full_name')

    Attributes:
        tables: Where the customers' orders are.
        records: The customer master, ids as the tables have them; it identifies people and is never shown.
        roles: Which column plays which part.
        spec: How entries are read.
        made_up: Whether the records are simulated.
        unread_days: Days of change that cannot be read.
    """

    tables: Tables
    records: pd.DataFrame
    roles: FieldRoles
    spec: Standardise
    made_up: bool
    unread_days: int = 0

    @cached_property
    def standard(self) -> StandardRecords:
        """The records in standard fields.

        >>> len(master.standard.table)
        600
        """
        return self.spec.analyze(self.records, self.roles)

    @property
    def ids(self) -> pd.Series:
        """The account of each record.

        >>> master.ids.is_unique
        True
        """
        return self.records[self.roles.record_id]

    @cached_property
    def orders(self) -> pd.DataFrame:
        """One row per order: `customer_id`, `date`, `revenue`; what a customer returned is taken off the first.

        >>> list(master.orders)
        ['customer_id', 'date', 'revenue']
        """
        orders = self.tables["orders"][["customer_id", "date", "net_amount"]].sort_values(["customer_id", "date"])
        spent = self.tables["customer_360"].set_index("customer_id")["revenue"]
        gap = spent - orders.groupby("customer_id")["net_amount"].sum()
        first = ~orders["customer_id"].duplicated() & orders["customer_id"].notna()
        back = orders["customer_id"].map(gap).where(first).fillna(0.0)
        out = orders.assign(revenue=orders["net_amount"] + back)
        return out[["customer_id", "date", "revenue"]].reset_index(drop=True)

    @cached_property
    def active(self) -> pd.Series:
        """Customers with an order in the 365 days up to as-of.

        >>> 0 < len(master.active) <= 600
        True
        """
        since = pd.Timestamp(self.tables.as_of - timedelta(days=_ACTIVE_DAYS))
        found = self.orders.loc[pd.to_datetime(self.orders["date"]) > since, "customer_id"]
        return found.dropna().drop_duplicates()

    def tiers(self, persons: pd.DataFrame | None = None) -> pd.Series:
        """The tier of each customer on as-of, or of each person: the one that began last; empty without tiers.

        >>> master.tiers().index.name
        'customer_id'

        Args:
            persons: The map, where tiers of persons are wanted.
        """
        if "tiers" not in self.tables:
            return pd.Series(dtype="string", index=pd.Index([], name="customer_id"))
        spans = self.tables["tiers"]
        held = spans[spans["valid_to"].isna() | (spans["valid_to"] >= pd.Timestamp(self.tables.as_of))]
        placed = held if persons is None else on_persons(held, persons)
        last = placed.sort_values("valid_from", kind="stable").drop_duplicates("customer_id", keep="last")
        return last.set_index("customer_id")["tier"]

    def profiles(
        self, linked: LinkageResult, golden: GoldenRecordsResult | None = None, *, fresh_days: int = 365, by: str = ""
    ) -> ProfileCoverageResult:
        """Complete and fresh profiles of active customers: of accounts, or of persons where their records are given.

        A profile is complete with four of name, telephone, e-mail, address, date of birth and city, as far as the
        file has them.

        >>> from crm_lab.data.identity.linkage.record_linkage import LinkRecords
        >>> linked = LinkRecords().fit(master.standard)
        >>> master.profiles(linked, by="source").to_frame()["group"].tolist()
        ['all', 'app', 'pos', 'webshop']

        Args:
            linked: Records with their persons.
            golden: One record per person, for profiles of persons.
            fresh_days: A profile is fresh so many days after its last change.
            by: ``source`` (of accounts) or ``tier``; left out where there is none.

        Returns:
            Shares for all and by group.
        """
        table, fields = self._profiles(linked, golden)
        tiers = self.tiers(None if golden is None else linked.persons)
        if by == "tier" and len(tiers):
            table["tier"] = table["customer_id"].map(tiers)
        spec = ProfileCoverage(tuple(fields), least=min(_ENOUGH, len(fields)), fresh_days=fresh_days)
        active = self.active if golden is None else on_persons(self.active.to_frame(), linked.persons)["customer_id"]
        days = "updated_on" if self.roles.updated_on else ""
        return spec.analyze(table, as_of=self.as_of, active=active, updated_on=days, by=(by,) if by in table else ())

    def _profiles(self, linked: LinkageResult, golden: GoldenRecordsResult | None) -> tuple[pd.DataFrame, list[str]]:
        """One row per account or person with its usable entries, day of change and system."""
        named = linked.records.set_index("record_id")
        fields = [name for name in _PROFILE if named[name].notna().any()]
        kept = named[[*fields, "source", "updated_on"]].rename_axis("customer_id").reset_index()
        if golden is not None:
            placed = on_persons(kept, linked.persons)
            kept = placed.groupby("customer_id", as_index=False)[[*fields, "updated_on"]].agg(
                {**dict.fromkeys(fields, "first"), "updated_on": "max"}
            )
        return kept if self.roles.source and golden is None else kept.drop(columns="source", errors="ignore"), fields

    def overlap(self, linked: LinkageResult) -> SystemOverlapResult | None:
        """How systems overlap; nothing where the records name one system or none.

        >>> from crm_lab.data.identity.linkage.record_linkage import LinkRecords
        >>> overlap = master.overlap(LinkRecords().fit(master.standard))
        >>> overlap is not None and len(overlap.rates)
        6

        Args:
            linked: Records with their persons.
        """
        systems = linked.records[["record_id", "source"]].set_axis(["customer_id", "system"], axis=1)
        if systems["system"].nunique() < _SYSTEMS:
            return None
        return SystemOverlap("system").analyze(systems, linked.persons)

    def notes(self) -> list[str]:
        """What a reader must know of the records: ids that no table has, customers without a record, entries cut off.

        >>> master.notes()
        ['Records whose id no table knows by then: 1 of 600; they help to link and have no orders.']
        """
        customers = set(self.tables["customer_360"]["customer_id"])
        known = customers | (set(self.tables["customers"]["customer_id"]) if "customers" in self.tables else set())
        phones = self.records[self.roles.phone].astype("string") if self.roles.phone else pd.Series(dtype="string")
        counts = {
            "strangers_some": int((~self.ids.isin(list(known))).sum()),
            "without": len(customers - set(self.ids)),
            "cut_phones": int(phones.str.fullmatch(CUT_OFF.pattern).fillna(False).sum()),
            "unread_days": self.unread_days,
        }
        of = {"records": len(self.records), "customers": len(customers)}
        said = [Message(f"identity.master.note_{name}", {"n": n, **of}).text() for name, n in counts.items() if n]
        return said or [Message("identity.master.note_all").text()]

    def provenance(self) -> dict[str, Any]:
        """Provenance for `publish`: that of the tables; made up if the records are.

        >>> master.provenance()["simulated"]
        True
        """
        about = self.tables.provenance()
        return {**about, "simulated": about["simulated"] or self.made_up}

    @property
    def as_of(self) -> Any:
        """Last day that counts."""
        return self.tables.as_of

    @property
    def currency(self) -> str:
        """ISO code of all amounts."""
        return self.tables.currency


def open_records(
    source: str, as_of: str = "latest", records: str = "", *, region: str = "", dates: str = "", columns: str = ""
) -> CustomerRecords:
    """Open a source with the records of its customers.

    Args:
        source: Name of the source, with accounts.
        as_of: Last day that counts.
        records: File with the customer master; empty for the source's own, which only simulated ones have.
        region: Country of telephone numbers without a country code, two letters; empty if none lacks it, or for
            simulated ones.
        dates: `day_first` or `month_first`, where dates of birth can be read both ways.
        columns: Roles of columns that their names do not tell: ``phone = mobile; source = shop``.

    Returns:
        Records whose ids are those of the tables.

    Raises:
        BadInput: If the file or its ids cannot be used, or the source is on persons already.
        CannotAnswer: If the source has no records and no file is named.

    >>> open_records("cdnow_sample")
    Traceback (most recent call last):
    crm_lab.checks.CannotAnswer: CDNOW (1/10 sample) has no names, telephones or addresses, ...
    """
    part = part_named(source)
    whole = part.whole if part else source
    if persons_named(whole):
        raise BadInput(Message("identity.master.on_persons", {"source": source}).text())
    tables = open_workspace(source).at(as_of)
    own = not records
    if own and not has_records(whole):
        raise cannot_answer("no_customer_master", title=tables.workspace.title)
    table = identity_records(whole) if own else read_master(records)
    roles = _roles(table, settings_in(columns))
    check_ids(table, roles)
    ids = tables.workspace.under_pseudonyms(table[roles.record_id].astype("string").str.strip())
    known = _customers(tables)
    check_known(ids, known, tables.workspace.title)
    table = table.assign(**{roles.record_id: ids.astype(object)})
    if part:
        table = table[ids.isin(list(known))]
    table, unread = _with_days(table, roles, dates)
    country = region.upper() or (_SIMULATED_IN if own else None)
    spec = Standardise(phone_region=country, day_first=_ORDERS[dates])
    return CustomerRecords(tables, table.reset_index(drop=True), roles, spec, own, unread)


def _roles(table: pd.DataFrame, named: dict[str, str]) -> FieldRoles:
    """The usual roles; a record of a customer is known by the customer's number where it has one."""
    roles = guess_roles(table.columns, named)
    return replace(roles, record_id="customer_id") if "customer_id" in table and "record_id" not in named else roles


def _customers(tables: Tables) -> set[str]:
    names = [name for name in ("customer_360", "customers") if name in tables]
    return set(pd.concat([tables[name]["customer_id"] for name in names]).dropna())


def _with_days(table: pd.DataFrame, roles: FieldRoles, dates: str) -> tuple[pd.DataFrame, int]:
    """Days of change as dates, whichever way each was written, and how many could not be read."""
    column = roles.updated_on
    if not column:
        return table, 0
    given = table[column]
    if pd.api.types.is_datetime64_any_dtype(given):
        return table, 0
    texts = given.astype("string").str.strip().str.extract(r"^(\S+?)(?:[T ]\d{1,2}:.*)?$")[0]
    days = pd.to_datetime(birth_dates(texts, _ORDERS[dates], "days of change"), errors="coerce")
    return table.assign(**{column: days}), int((days.isna() & given.notna()).sum())
