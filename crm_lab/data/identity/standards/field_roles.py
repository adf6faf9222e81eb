"""Which column of a customer file holds which part of an identity."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Final

from crm_lab.checks import BadInput, Problems, need_columns

_USUAL: Final = {
    "record_id": (
        "customer_id client_id member_id account_id record_id rec_id id 客户编号 会员编号 会员号 kundennummer "
        "kunden_nr kundennr kunden_id kontonummer"
    ),
    "full_name": "full_name fullname name customer_name contact_name 姓名 客户姓名 会员姓名 kundenname",
    "given_name": "given_name first_name firstname forename vorname prenom 名 名字 rufname",
    "family_name": "family_name surname last_name lastname nachname 姓 姓氏 familienname zuname",
    "phone": (
        "phone phone_number telephone tel mobile cell handy 手机 手机号 电话 联系电话 telefon telefonnummer "
        "mobilnummer mobil handynummer 手机号码"
    ),
    "email": "email e_mail mail email_address 邮箱 电子邮箱 mailadresse e_mail_adresse 电子邮件",
    "address": (
        "address street address_1 address1 address_line_1 street_address 地址 详细地址 strasse straße anschrift "
        "adresse straße_hausnummer strasse_hausnummer strasse_nr straße_nr 住址"
    ),
    "house_number": "house_number street_number number_of_house 门牌号 hausnummer hausnr",
    "address_extra": "address_2 address2 address_line_2 apartment unit adresszusatz",
    "postcode": "postcode postal_code zip zip_code zipcode plz 邮编 邮政编码 postleitzahl",
    "city": "city town suburb place 城市 ort stadt wohnort 所在城市",
    "region": "region state province county 省 省份 bundesland",
    "birth_date": "birth_date date_of_birth dob birthday birthdate 生日 出生日期 geburtsdatum geburtstag 出生年月日",
    "gender": "gender sex 性别 geschlecht",
    "source": "source source_system system origin 来源 来源系统 quelle quellsystem herkunft 系统 渠道来源",
    "updated_on": (
        "updated_on updated_at last_update modified_on recorded_on 更新日期 更新时间 geaendert_am geändert_am "
        "letzte_änderung letzte_aenderung aktualisiert_am 更新日 最后更新"
    ),
}
EVIDENCE: Final = (
    "full_name", "given_name", "family_name", "phone", "email", "address", "house_number", "address_extra",
    "postcode", "city", "region", "birth_date", "gender",
)  # fmt: skip
"""Roles that say who somebody is; the others say where and when a record was made."""


def _check_named(given: list[str], named: Mapping[str, str]) -> None:
    problems = Problems("The roles of the columns")
    strange = sorted(set(named) - set(_USUAL))
    problems.unless(not strange, f"{', '.join(strange)} is no role; there are {', '.join(_USUAL)}.")
    missing = sorted(set(named.values()) - set(given))
    problems.unless(not missing, f"{', '.join(missing)} is no column; there are {', '.join(given)[:200]}.")
    problems.raise_any()


def is_role_name(column: str) -> bool:
    """Whether the name of a column is a usual one for some role.

    >>> is_role_name("E-Mail"), is_role_name("姓名"), is_role_name("basket")
    (True, True, False)

    Args:
        column: Its name.
    """
    return any(_plain(column) in names.split() for names in _USUAL.values())


def _plain(column: str) -> str:
    return re.sub(r"[\W_]+", "_", column.strip().lower()).strip("_")


@dataclass(frozen=True, slots=True)
class FieldRoles:
    """Which column of a file plays which part; an empty text where there is none.

    >>> FieldRoles(record_id="customer_id", full_name="name", phone="mobile").evidence()
    {'full_name': 'name', 'phone': 'mobile'}

    Attributes:
        record_id: Id of the record, without gaps or repeats.
        full_name: Whole name, where it is not in two columns.
        given_name: Given name.
        family_name: Family name.
        phone: Telephone.
        email: E-mail.
        address: Street, with or without the number.
        house_number: Number of the house, where it has a column of its own.
        address_extra: Second line of the address.
        postcode: Postal code.
        city: Town or suburb.
        region: State or province.
        birth_date: Date of birth.
        gender: Gender.
        source: System that the record comes from.
        updated_on: Day of its last change.

    Raises:
        BadInput: If no column says who somebody is, or one column plays two parts.
    """

    record_id: str = "customer_id"
    full_name: str = ""
    given_name: str = ""
    family_name: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""
    house_number: str = ""
    address_extra: str = ""
    postcode: str = ""
    city: str = ""
    region: str = ""
    birth_date: str = ""
    gender: str = ""
    source: str = ""
    updated_on: str = ""

    def __post_init__(self) -> None:
        problems, columns = Problems("The roles of the columns"), list(self.columns().values())
        twice = sorted({column for column in columns if columns.count(column) > 1})
        problems.unless(not twice, f"{', '.join(twice)} plays two parts; give each column one.")
        problems.unless(self.record_id, "record_id is empty; name the column with the id of each record.")
        problems.unless(self.evidence(), f"No column says who somebody is; name one of {', '.join(EVIDENCE)}.")
        problems.raise_any()

    def columns(self) -> dict[str, str]:
        """Role to column, for the roles that have one.

        >>> FieldRoles(email="mail").columns()
        {'record_id': 'customer_id', 'email': 'mail'}
        """
        return {field.name: getattr(self, field.name) for field in fields(self) if getattr(self, field.name)}

    def evidence(self) -> dict[str, str]:
        """Role to column, for the roles that say who somebody is.

        >>> FieldRoles(email="mail").evidence()
        {'email': 'mail'}
        """
        return {role: column for role, column in self.columns().items() if role in EVIDENCE}

    def check(self, columns: Iterable[str]) -> None:
        """Refuse a file that lacks a named column.

        >>> FieldRoles(email="mail").check(["customer_id", "mail"])

        Args:
            columns: Those of the file.

        Raises:
            BadInput: Naming all that are missing.
        """
        need_columns(columns, self.columns().values(), "The table of records")


def guess_roles(columns: Iterable[str], named: Mapping[str, str] | None = None) -> FieldRoles:
    """The roles that the usual names of columns tell; two columns with the same meaning are asked about.

    >>> guess_roles(["customer_id", "First name", "Surname", "DOB", "basket"]).evidence()
    {'given_name': 'First name', 'family_name': 'Surname', 'birth_date': 'DOB'}

    Args:
        columns: Names of the columns of a file.
        named: Role to column, where it is known.

    Returns:
        The roles.

    Raises:
        BadInput: If a named role or column is unknown, two columns fit one role, or none fits one that says who
            somebody is.
    """
    given, named = [str(column) for column in columns], dict(named or {})
    _check_named(given, named)
    plain = {column: _plain(column) for column in given}
    free = [column for column in given if column not in named.values()]
    found = {
        role: [named[role]] if role in named else [column for column in free if plain[column] in names.split()]
        for role, names in _USUAL.items()
    }
    problems = Problems("The roles of the columns")
    for role, fit in found.items():
        if len(fit) > 1 and role != "record_id":
            problems.found.append(
                f"{' and '.join(fit)} may both be {role}; say which: {role} = {fit[0]} (parameter columns)."
            )
    problems.unless(
        found["record_id"], "No column looks like the id of a record; name it: record_id = COLUMN (parameter columns)."
    )
    problems.raise_any()
    best = {
        role: named.get(role) or next(c for name in _USUAL[role].split() for c in fit if plain[c] == name)
        for role, fit in found.items()
        if fit
    }
    if not set(best) & set(EVIDENCE):
        raise BadInput(
            f"None of {', '.join(given)} says who somebody is; name the roles, e.g. phone = COLUMN (parameter columns)."
        )
    return FieldRoles(**best)
