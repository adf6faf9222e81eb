"""How two records are compared, field by field: levels in SQL, from the same to clearly different."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

ALIKE: Final = 0.9
"""Jaro–Winkler similarity from which two texts are one text with a slip."""
FAR: Final = 0.75
"""Jaro–Winkler similarity below which two given names are clearly different."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a comparison: its SQL condition, what it is called, and the column whose frequency weighs it."""

    sql: str
    label: str
    frequency: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Levels of one field or of fields that hang together, best first; `missing` is where nothing can be said."""

    name: str
    columns: tuple[str, ...]
    missing: str
    levels: tuple[Level, ...]

    @property
    def is_personal(self) -> bool:
        """Whether the members of a household differ in it."""
        return self.name in ("given", "birth", "email_", "gender_")

    def uses(self, columns: Collection[str]) -> bool:
        """Whether any level looks at one of the columns: pairs that were chosen by it teach nothing about it."""
        said = " ".join([self.missing, *(level.sql for level in self.levels)])
        return any(f"{column}_l" in said for column in columns)

    def creator(self) -> dict[str, Any]:
        """What Splink makes a comparison of."""
        levels: list[dict[str, Any]] = [
            {"sql_condition": self.missing, "label_for_charts": "missing", "is_null_level": True}
        ]
        for level in self.levels:
            made: dict[str, Any] = {"sql_condition": level.sql, "label_for_charts": level.label}
            if level.frequency:
                made |= {"tf_adjustment_column": level.frequency, "tf_adjustment_weight": 1.0,
                         "disable_tf_exact_match_detection": True}  # fmt: skip
            levels.append(made)
        levels.append({"sql_condition": "ELSE", "label_for_charts": "different"})
        return {"output_column_name": self.name, "comparison_levels": levels}


def _both(column: str) -> str:
    return f"({column}_l is null or {column}_r is null)"


def _same(column: str) -> str:
    return f"{column}_l = {column}_r"


def _like(column: str, least: float = ALIKE) -> str:
    return f"jaro_winkler_similarity({column}_l, {column}_r) >= {least}"


def _typed(column: str, most: int = 1) -> str:
    return f"damerau_levenshtein({column}_l, {column}_r) <= {most}"


_SWAPPED: Final = (
    "(family_name_l || given_name_l = given_name_r || family_name_r"
    " or given_name_l || family_name_l = family_name_r || given_name_r)"
)
"""Run on, for of a Chinese name with the family last the first character is read as the family."""
_CROSSED: Final = "given_name_l <> coalesce(family_name_r, '') and given_name_r <> coalesce(family_name_l, '')"
_NICKNAME: Final = "coalesce(list_has_any(string_split(given_forms_l, ' '), string_split(given_forms_r, ' ')), false)"
_INITIAL: Final = (
    "(least(length(given_name_l), length(given_name_r)) = 1 and left(given_name_l, 1) = left(given_name_r, 1))"
)
_TURNED_DATE: Final = (
    "(left(birth_date_l, 4) = left(birth_date_r, 4) and substr(birth_date_l, 6, 2) = right(birth_date_r, 2)"
    " and right(birth_date_l, 2) = substr(birth_date_r, 6, 2))"
)
_GENERATION: Final = (
    "(abs(cast(left(birth_date_l, 4) as integer) - cast(left(birth_date_r, 4) as integer)) >= 16"
    " and substr(birth_date_l, 6) not in (substr(birth_date_r, 6), '01-01') and substr(birth_date_r, 6) <> '01-01')"
)
"""Years apart, and day or month, too; a first of January is often no date of birth but a form's default."""


def sure_different(columns: Collection[str]) -> str:
    """SQL that two records are clearly two persons: their given names are, or their dates of birth a generation apart.

    A family shares its telephone, address and family name; only given name and date of birth part its members. Where
    a date of birth is missing, clearly different given names part two records, whatever else they share. In a file
    with e-mails they part twins, too, and a father and the son who is named like him are parted by dates of birth that
    differ in the day and by 16 years or more, unless one e-mail speaks for one person; a file without e-mails cannot
    tell a twin from a second given name, nor a son from a wrong date.

    >>> sure_different({"email"})
    'false'

    Args:
        columns: Standard fields that are there.
    """
    names, dates = _names_differ(columns), f"coalesce({_typed('birth_date')} or {_TURNED_DATE}, false)"
    if "birth_date" not in columns:
        return names
    if "email" not in columns:
        return f"({names} and not {dates})"
    apart = f"({names} or coalesce({_GENERATION}, false)) and not coalesce({_same('email')}, false)"
    return f"(({names} and not {dates}) or ({apart}))"


def _names_differ(columns: Collection[str]) -> str:
    if "given_name" not in columns:
        return "false"
    turned = f" and not coalesce({_SWAPPED}, false) and {_CROSSED}" if "family_name" in columns else ""
    return f"coalesce(not {_like('given_name', FAR)} and not {_INITIAL} and not {_NICKNAME}{turned}, false)"


def comparisons(columns: Collection[str]) -> tuple[Comparison, ...]:
    """The comparisons that the fields of a file allow; fields that hang together are one.

    >>> [comparison.name for comparison in comparisons(["given_name", "family_name", "postcode", "city"])]
    ['given', 'family', 'place']

    Args:
        columns: Standard fields that are there.

    Returns:
        One comparison for each independent part of an identity.
    """
    have = set(columns)
    makers = (_given, _family, _birth, _phone, _email, _address, _extra, _place, _gender)
    return tuple(comparison for make in makers if (comparison := make(have)) is not None)


def _given(have: set[str]) -> Comparison | None:
    if "given_name" not in have:
        return None
    swap = (Level(_SWAPPED, "swapped with the family name"),) if "family_name" in have else ()
    same = _same("given_name")
    sound: tuple[Level, ...] = ()
    if "given_han" in have:
        same = f"{same} and coalesce(given_han_l = given_han_r, true)"
        sound = (Level(_same("given_name"), "same sound, other characters"),)
    levels = (
        Level(same, "same", "given_name"), *swap, *sound, Level(_NICKNAME, "nickname"),
        Level(_like("given_name"), "alike"),
        Level(f"{_like('given_name', FAR)} or {_INITIAL}", "perhaps alike"),
    )  # fmt: skip
    return Comparison("given", ("given_name",), _both("given_name"), levels)


def _family(have: set[str]) -> Comparison | None:
    if "family_name" not in have:
        return None
    missing = _both("family_name")
    if "given_name" in have:
        missing = f"{missing} or coalesce({_SWAPPED}, false)"  # said with the given name
    levels = (
        Level(_same("family_name"), "same", "family_name"), Level(_like("family_name"), "alike"),
        Level(_like("family_name", FAR), "perhaps alike"),
    )  # fmt: skip
    return Comparison("family", ("family_name",), missing, levels)


def _birth(have: set[str]) -> Comparison | None:
    if "birth_date" not in have:
        return None
    levels = (
        Level(_same("birth_date"), "same"), Level(_TURNED_DATE, "day and month swapped"),
        Level(_typed("birth_date"), "one digit off"), Level(_typed("birth_date", 2), "two digits off"),
    )  # fmt: skip
    return Comparison("birth", ("birth_date",), _both("birth_date"), levels)


def _phone(have: set[str]) -> Comparison | None:
    if "phone" not in have:
        return None
    return Comparison(
        "phone_", ("phone",), _both("phone"), (Level(_same("phone"), "same"), Level(_typed("phone"), "one digit off"))
    )


def _email(have: set[str]) -> Comparison | None:
    if "email" not in have:
        return None
    users = "split_part(email_l, '@', 1) = split_part(email_r, '@', 1)"
    levels = (Level(_same("email"), "same"), Level(users, "same name"), Level(_typed("email"), "one sign off"))
    return Comparison("email_", ("email",), _both("email"), levels)


def _address(have: set[str]) -> Comparison | None:
    if "street" not in have:
        if "house_number" not in have:
            return None
        return Comparison(
            "address", ("house_number",), _both("house_number"), (Level(_same("house_number"), "same number"),)
        )
    if "house_number" not in have:
        levels: tuple[Level, ...] = (Level(_same("street"), "same"), Level(_like("street"), "alike"))
        return Comparison("address", ("street",), _both("street"), levels)
    number = f"coalesce({_same('house_number')}, false)"
    levels = (
        Level(f"{_same('street')} and {number}", "same"), Level(f"{_like('street')} and {number}", "alike"),
        Level(_same("street"), "same street"), Level(_like("street"), "street alike"),
        Level(number, "same number"),
    )  # fmt: skip
    return Comparison("address", ("street", "house_number"), _both("street"), levels)


def _extra(have: set[str]) -> Comparison | None:
    if "address_extra" not in have:
        return None
    levels = (Level(_same("address_extra"), "same"), Level(_like("address_extra"), "alike"))
    return Comparison("extra", ("address_extra",), _both("address_extra"), levels)


def _place(have: set[str]) -> Comparison | None:
    """Postcode and town say one thing; the region counts only where neither is there."""
    if {"postcode", "city"} <= have:
        town = f"coalesce({_like('city')}, false)"
        code = f"coalesce({_same('postcode')}, false)"
        near = f"coalesce({_typed('postcode')}, false)"
        levels: tuple[Level, ...] = (
            Level(f"{code} and {town}", "same postcode and town"), Level(code, "same postcode"),
            Level(f"{near} and {town}", "postcode nearly, same town"), Level(town, "same town"),
            Level(near, "postcode nearly"),
        )  # fmt: skip
        return Comparison("place", ("postcode", "city"), f"{_both('postcode')} and {_both('city')}", levels)
    for column in ("postcode", "city", "region"):
        if column in have:
            near = _typed(column) if column == "postcode" else _like(column)
            return Comparison(
                "place", (column,), _both(column), (Level(_same(column), "same", column), Level(near, "nearly"))
            )
    return None


def _gender(have: set[str]) -> Comparison | None:
    if "gender" not in have:
        return None
    return Comparison("gender_", ("gender",), _both("gender"), (Level(_same("gender"), "same"),))
