"""A customer file in standard fields, with what could not be read and what stands for nothing, field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput, Problems, check_settings, too_small
from crm_lab.data.identity.standards.birth_dates import birth_dates
from crm_lab.data.identity.standards.field_roles import FieldRoles, guess_roles
from crm_lab.data.identity.standards.person_names import NO_NAME, PersonName, family_name, full_name, given_name
from crm_lab.data.identity.standards.phones_and_mails import check_region, mailbox, phone_number
from crm_lab.data.identity.standards.placeholders import is_placeholder, least_shared, shared_by_too_many
from crm_lab.data.identity.standards.postal_addresses import (
    Street,
    gender_of,
    house_number,
    place_name,
    post_code,
    street_of,
)  # fmt: skip
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, Result

FIELDS: Final = (
    "given_name", "family_name", "given_han", "birth_date", "phone", "email", "street", "house_number", "address_extra",
    "postcode", "city", "region", "gender",
)  # fmt: skip
"""Standard fields, in the order of the table."""
_OF_ROLE: Final = {
    "full_name": "given_name", "address": "street",
}  # fmt: skip
_NO_STREET: Final = Street(None, None)
_OUTLIERS: Final = ("phone", "email", "birth_date", "street")
_KNOWN: Final = 0.5  # share of records with a name from which names tell people apart
_ALIKE: Final = 2 / 3  # a file in which so many records are one and the same holds no persons


@dataclass(frozen=True)
class StandardRecords(Result):
    """A customer file in standard fields, and what was lost on the way.

    >>> people = pd.DataFrame(
    ...     {
    ...         "customer_id": [f"c{n}" for n in range(40)],
    ...         "name": [f"Ann Lee{n}a" for n in range(40)],
    ...         "email": ["test@test.com", "no mail", *(f"a{n}@b.co" for n in range(38))],
    ...     }
    ... )
    >>> standard = Standardise(min_records=30).analyze(people)

    Attributes:
        table: One row per record, in order of the id: `record_id`, the standard fields, `source`, `updated_on`.
        fields: One row per role: `field`, `column`, `records`, `empty`, `unreadable`, `placeholders`, `usable`.
        roles: Which column played which part.
        set_aside: Values that too many different people share, by field, with the records that have them.
    """

    name: ClassVar[str] = "standard_records"
    words: ClassVar[Mapping[str, str]] = {"field": "identity.field."}
    formats: ClassVar[Mapping[str, str]] = {"usable_share": ".1%"}

    table: pd.DataFrame = field(repr=False)
    fields: pd.DataFrame
    roles: FieldRoles
    set_aside: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """One row per field: `field`, `records`, `empty`, `unreadable`, `placeholders`, `usable`, `usable_share`.

        >>> standard.to_frame()[["field", "unreadable", "placeholders", "usable"]].to_numpy().tolist()
        [['full_name', 0, 0, 40], ['email', 1, 1, 38]]
        """
        frame = self.fields.drop(columns="column")
        return frame.assign(usable_share=frame["usable"] / frame["records"])

    def columns_of_data(self) -> tuple[str, ...]:
        """No column is named by the data.

        >>> standard.columns_of_data()
        ()
        """
        return ()

    def readout(self) -> Readout:
        """How many records can be compared, the field with most losses, and what to mend at the source.

        >>> print(standard.readout().finding)
        40 records hold 2 fields that can be compared; entries that cannot be read: 1, that stand for nothing: 1.
        """
        frame = self.to_frame()
        worst = (
            frame.assign(lost=frame["unreadable"] + frame["placeholders"]).sort_values("lost", ascending=False).iloc[0]
        )
        values = {
            "records": len(self.table), "fields": len(frame), "unreadable": int(frame["unreadable"].sum()),
            "placeholders": int(frame["placeholders"].sum()), "lost": int(worst["lost"]),
            "field": Message(f"identity.field.{worst['field']}"), "lowest": float(frame["usable_share"].min()),
            "thinnest": Message(f"identity.field.{frame.sort_values('usable_share', kind='stable').iloc[0]['field']}"),
        }  # fmt: skip
        return Readout.of("identity.standard", values, action="action" if worst["lost"] else "nothing")

    def facts(self) -> tuple[Fact, ...]:
        """Records, and for each field the share that can be used.

        >>> [(fact.id, fact.value) for fact in standard.facts()]
        [('identity.records', 40), ('identity.usable.full_name', 1.0), ('identity.usable.email', 0.95)]
        """
        usable = facts_of(
            self.to_frame(), "identity.usable.{field}", _usable_of, "usable_share", "share", n="records", better="up"
        )
        return (Fact("identity.records", "identity.standard.records", len(self.table), "records"), *usable)


def _usable_of(row: Mapping[str, Any]) -> Message:
    return Message("identity.standard.usable_of", {"field": Message(f"identity.field.{row['field']}")})


@dataclass(frozen=True)
class Standardise:
    """How the fields of a customer file are written so that they can be compared.

    >>> people = pd.DataFrame({"id": list("123"), "phone": ["139 1234 0678", "+86 13912340678", "139-2222-0001"]})
    >>> Standardise(phone_region="CN", min_records=3).analyze(people).table["phone"].tolist()
    ['+8613912340678', '+8613912340678', '+8613922220001']

    Attributes:
        phone_region: Country of telephone numbers without a country code, two letters; asked where it is needed.
        day_first: Whether 03/04/1980 is the third of April; told by the other dates, or asked.
        plus_tags: Drop what follows a plus sign in e-mails.
        gmail_dots: Drop dots in the names of Gmail.
        min_records: Fewest records with which anything is learnt.

    Raises:
        BadInput: If the settings are wrong.
    """

    phone_region: str | None = None
    day_first: bool | None = None
    plus_tags: bool = True
    gmail_dots: bool = True
    min_records: int = 50

    def __post_init__(self) -> None:
        check_settings(self, too_small(self, min_records=2))

    def analyze(self, records: pd.DataFrame, roles: FieldRoles | None = None) -> StandardRecords:
        """Write every field in its standard form.

        Args:
            records: One row per record (account, card, form) of a customer.
            roles: Which column plays which part; told by the names of the columns unless given.

        Returns:
            The standard fields, and what was lost.

        Raises:
            BadInput: If ids are missing or repeated, there are too few records, no field can be used, or all records
                are one and the same.

        >>> Standardise().analyze(pd.DataFrame({"id": ["1", None, "1"], "email": ["a@b.co"] * 3}))
        Traceback (most recent call last):
        crm_lab.checks.BadInput: The table of records:
          - 1 of 3 records has no id; give each one.
          - 2 records share 1 id; give each its own.
        """
        roles = roles or guess_roles(records.columns)
        roles.check(records.columns)
        self._check_ids(records[roles.record_id])
        if len(records) < self.min_records:
            raise cannot_answer("too_few_records", n=len(records), least=self.min_records)
        rows = records.assign(**{roles.record_id: records[roles.record_id].astype("string")})
        rows = rows.sort_values(roles.record_id, kind="stable").reset_index(drop=True)
        texts = {role: _texts(rows[column]) for role, column in roles.evidence().items()}
        table, counts = self._fields(rows, roles, texts)
        aside = _set_aside(table)
        for (name, value), n in zip(aside[["field", "value"]].itertuples(index=False), aside["records"], strict=True):
            table.loc[table[name] == value, name] = None
            role = next(r for r in counts if _OF_ROLE.get(r, r) == name)
            counts[role]["placeholders"] += int(n)
        fields_ = pd.DataFrame([{"field": role, "column": roles.evidence()[role], **c} for role, c in counts.items()])
        fields_["usable"] = fields_["records"] - fields_[["empty", "unreadable", "placeholders"]].sum(axis=1)
        _check_content(table, fields_)
        return StandardRecords(table, fields_, roles, aside)

    @staticmethod
    def _check_ids(ids: pd.Series) -> None:
        problems, missing = Problems("The table of records"), int(ids.isna().sum())
        again = ids.dropna()[ids.dropna().duplicated(keep=False)]
        has = "has" if missing == 1 else "have"
        problems.unless(not missing, f"{missing:,} of {len(ids):,} records {has} no id; give each one.")
        ids_ = len(again.unique())
        shared = f"{ids_:,} id{'s'[: ids_ > 1]}"
        problems.unless(again.empty, f"{len(again):,} records share {shared}; give each its own.")
        problems.raise_any()

    def _fields(
        self, rows: pd.DataFrame, roles: FieldRoles, texts: Mapping[str, pd.Series]
    ) -> tuple[pd.DataFrame, dict[str, dict[str, int]]]:
        table = pd.DataFrame({name: pd.Series(None, index=rows.index, dtype=object) for name in FIELDS})
        table.insert(0, "record_id", rows[roles.record_id].astype(object))
        counts: dict[str, dict[str, int]] = {}
        for role, text in texts.items():
            known = text.dropna()
            nothing = known.map({value: is_placeholder(value, role) for value in known.unique()}).astype(bool)
            real = known[~nothing]
            parts = self._standard(role, real)
            readable = parts.notna().any(axis=1)
            counts[role] = {
                "records": len(rows), "empty": len(rows) - len(known), "unreadable": int((~readable).sum()),
                "placeholders": int(nothing.sum()),
            }  # fmt: skip
            for name in parts:
                table[name] = table[name].where(table[name].notna(), parts[name])
        for name in ("source", "updated_on"):
            column = getattr(roles, name)
            table[name] = rows[column] if column else None
        if roles.updated_on:
            table["updated_on"] = pd.to_datetime(table["updated_on"], errors="coerce")
        return table.where(table.notna(), None) if not roles.updated_on else _none_for_nan(table), counts

    def _standard(self, role: str, texts: pd.Series) -> pd.DataFrame:
        """The standard fields that one column fills."""
        if role == "birth_date":
            return birth_dates(texts, self.day_first).to_frame("birth_date")
        if role == "phone":
            check_region(texts, self.phone_region)
        values = texts.unique()
        made = {value: self._maker(role)(value) for value in values}
        return _in_columns(role, texts, made)

    def _maker(self, role: str) -> Callable[[str], Any]:
        makers: dict[str, Callable[[str], Any]] = {
            "full_name": full_name, "given_name": given_name, "family_name": family_name, "address": street_of,
            "house_number": house_number, "address_extra": place_name, "postcode": post_code, "city": place_name,
            "region": place_name, "gender": gender_of,
            "phone": lambda text: phone_number(text, self.phone_region),
            "email": lambda text: mailbox(text, plus_tags=self.plus_tags, gmail_dots=self.gmail_dots),
        }  # fmt: skip
        return makers[role]


def _texts(column: pd.Series) -> pd.Series:
    """A column as text, with nothing where it is blank."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind == "M":
        column = column.dt.strftime("%Y-%m-%d")
    elif pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    text: pd.Series = column.astype("string").str.strip()
    out: pd.Series = text.where(text != "").astype(object)
    return out


def _in_columns(role: str, texts: pd.Series, made: Mapping[str, Any]) -> pd.DataFrame:
    if role in ("full_name", "given_name"):
        parts: dict[str, PersonName] = {value: made[value] or NO_NAME for value in made}
        columns = {"given_name": 0, "family_name": 1, "given_han": 2}
        return pd.DataFrame({name: texts.map({v: p[i] for v, p in parts.items()}) for name, i in columns.items()})
    if role == "address":
        streets: dict[str, Street] = {value: made[value] or _NO_STREET for value in made}
        return pd.DataFrame(
            {
                "street": texts.map({v: s.street for v, s in streets.items()}),
                "house_number": texts.map({v: s.number for v, s in streets.items()}),
            }
        )
    return texts.map(dict(made)).to_frame(role)


def _none_for_nan(table: pd.DataFrame) -> pd.DataFrame:
    dates = table.pop("updated_on")
    return table.where(table.notna(), None).assign(updated_on=dates)


def _set_aside(table: pd.DataFrame) -> pd.DataFrame:
    """Values that too many different people share."""
    names = table["given_name"].fillna("") + " " + table["family_name"].fillna("")
    known = names.str.strip() != ""
    rows = []
    for name in _OUTLIERS:
        values = table[name]
        if name == "street":
            values = values.where(table["house_number"].notna())
            values = (values + "\n" + table["house_number"]).where(values.notna())
        companions = names.where(known) if known.mean() > _KNOWN else None
        found = shared_by_too_many(values.dropna(), companions, least=least_shared(name))
        for value in sorted(found):
            plain = value.split("\n")[0]
            rows.append((name, plain, int((table[name] == plain).sum())))
    return pd.DataFrame(rows, columns=["field", "value", "records"]).drop_duplicates()


def _check_content(table: pd.DataFrame, counts: pd.DataFrame) -> None:
    if not counts["usable"].any():
        raise cannot_answer("no_usable_field", n=len(table))
    whole = pd.util.hash_pandas_object(table[list(FIELDS)].fillna("").astype(str), index=False)
    most = int(whole.value_counts().iloc[0])
    if most > _ALIKE * len(table):
        raise cannot_answer("records_all_alike", n=len(table), same=most)


def usable(records: StandardRecords, least: int = 2) -> list[str]:
    """Standard fields that at least `least` records have.

    >>> people = pd.DataFrame({"id": list("abc"), "email": ["a@b.co", "b@b.co", "c@b.co"], "phone": ["", "", ""]})
    >>> usable(Standardise(min_records=3).analyze(people))
    ['email']

    Args:
        records: In standard fields.
        least: Fewest records.

    Returns:
        Names of the fields.

    Raises:
        BadInput: If there is none.
    """
    found = [name for name in FIELDS if records.table[name].notna().sum() >= least]
    if not found:
        raise BadInput(f"No field has {least} records that can be compared.")
    return found
