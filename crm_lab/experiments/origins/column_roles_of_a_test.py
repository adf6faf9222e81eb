"""Guess the role of each column in a test file; ask when two columns fit one role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crm_lab.checks import Problems
from crm_lab.data.sources.first_look.column_roles import date_formats
from crm_lab.data.sources.first_look.first_rows import Look, is_numeric
from crm_lab.data.sources.refusal import refused
from crm_lab.experiments.core.column_words import (
    NO,
    YES,
    chosen_by_units,
    has_word,
    known_after,
    parts_of,
    plain,
    week_number,
    words_of,
)
from crm_lab.messages import Message

ONE, MANY = (
    ("arm", "unit", "cluster", "outcome", "assigned_on", "outcome_from", "outcome_until", "later", "elsewhere",
     "margin", "rewards"),
    ("metrics", "covariates", "segments", "funnel"),
)  # fmt: skip
ROLES = (*ONE, *MANY)
_MOST_ARMS = 10
_MOST_GROUPS = 60

_FLAGS = {"0", "1", "0.0", "1.0", *YES, *NO}


@dataclass(frozen=True)
class Recognised:
    """What a file's columns seem to be.

    Attributes:
        roles: Role to its column, or columns.
        arms: Levels of the arm among the rows looked at.
        control: The level that is the control.
        date_format: strptime format of its dates; empty for YYYY-MM-DD or where there are none.
        weeks: Columns with the outcome by week (week_01, ...).
        unused: Columns without a role.
        dates: Those of them with dates.
        numbers: Those of them with numbers that may be from before the start.
    """

    roles: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    arms: tuple[str, ...] = ()
    control: str = ""
    date_format: str = ""
    weeks: int = 0
    unused: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    def one(self, role: str) -> str:
        """The column in a role, or empty text."""
        found = self.roles.get(role, "")
        return found if isinstance(found, str) else ", ".join(found)


def arm_columns(look: Look) -> tuple[str, ...]:
    """Columns that may hold the arm: by their name, else by values such as control, else as what units chose."""
    few = {name: set(seen) for name, seen in look.values.items() if 2 <= len(set(seen)) <= _MOST_ARMS}
    named = tuple(name for name in few if plain(name) in words_of("names")["arm"])
    sure = tuple(name for name, levels in few.items() if any(_surely_control(v, levels) for v in levels))
    chosen = tuple(name for name, levels in few.items() if len(levels) == 2 and chosen_by_units(name, ()))
    return named or sure or (chosen if len(chosen) == 1 else ())


def looks_like_a_test(look: Look, arm: str = "", purchases: bool = False) -> bool:
    """Whether a file has one row per unit and arms: something like an arm, and no id that comes twice as a rule.

    Args:
        look: The file's first rows.
        arm: The arm's column as the user said; empty to find it.
        purchases: Whether the file could be read as purchases too; then a column called group is not enough.
    """
    candidates = (arm,) if arm else arm_columns(look)
    ids = [name for name in look.header if plain(name) in words_of("names")["unit"] and look.values[name]]
    if not candidates or (ids and not any(_one_row_each(look, name) for name in ids)):
        return False
    levels = [set(look.values.get(name, ())) for name in candidates]
    sure = any(_surely_control(value, seen) for seen in levels for value in seen)
    return bool(arm) or sure or bool(ids) or not purchases


def recognise(look: Look, chosen: Mapping[str, str], control: str = "", date_format: str = "") -> Recognised:
    """Roles of the columns of a test with one row per unit; what the user said comes first.

    Args:
        look: The file's first rows.
        chosen: Role to column (or columns, separated by commas) as the user said.
        control: The control's level as the user said; empty to find it.
        date_format: Of the dates, as the user said.

    Raises:
        BadInput: If something can be read in two ways, or is missing: with the choices and the option that answers.
    """
    said = _said(look, chosen)
    arm = said.get("arm") or _arm(look)
    levels = tuple(sorted({value.strip() for value in look.values[str(arm)]}))
    found = _by_name(look, {**said, "arm": arm})
    roles = {**found.roles, "outcome": said.get("outcome") or _outcome(look, found)}
    roles["metrics"] = tuple(name for name in roles.get("metrics", ()) if name != roles["outcome"])
    roles["funnel"] = tuple(
        name
        for name in roles.get("funnel", ())
        if _counts(look.values[name]) and {v.strip().lower() for v in look.values[name]} <= _FLAGS
    )
    form = date_format or _date_format(look, [str(roles[name]) for name in words_of("dates") if name in roles])
    shifted = [
        role
        for role in ("later", "elsewhere")
        if not has_word(str(roles.get(role, "margin")), words_of("numbers")["margin"])
    ]
    if "margin" in roles and "margin" not in said:  # margin and shifted sales must be one measure
        found = replace(found, unused=(*found.unused, *(str(roles.pop(role)) for role in shifted if role not in said)))
    kept = {role: column for role, column in roles.items() if column}
    dates = tuple(name for name in found.unused if date_formats(look.values[name]))
    if dates and not {"unit", "cluster", "assigned_on"} & set(kept):
        raise refused("test_time_rows", column=dates[0])
    known = (n for n in found.unused if n not in dates and _counts(look.values[n]) and not _names_rows(look, n))
    numbers = tuple(n for n in known if not known_after(n) and not has_word(n, words_of("when")["cluster"]))
    found = replace(found, dates=dates, numbers=numbers)
    return replace(found, roles=kept, arms=levels, control=control or _control(str(arm), levels), date_format=form)


def _said(look: Look, chosen: Mapping[str, str]) -> dict[str, str | tuple[str, ...]]:
    problems = Problems(_text("column_options"))
    said: dict[str, str | tuple[str, ...]] = {}
    for role, text in chosen.items():
        columns = tuple(name.strip() for name in text.split(",") if name.strip())
        problems.unless(role in ROLES, _text("no_role", role=role, roles=", ".join(ROLES)))
        for name in columns:
            problems.unless(name in look.header, _text("no_column", name=name, header=", ".join(look.header)))
        problems.unless(role in MANY or len(columns) == 1, _text("one_column", role=role, text=text, n=len(columns)))
        said[role] = columns if role in MANY else text.strip()
    problems.raise_any()
    return said


def _text(key: str, **values: Any) -> str:
    return Message(f"door.test.{key}", values).text()


def _arm(look: Look) -> str:
    candidates = arm_columns(look)
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise refused("test_no_arm", most=_MOST_ARMS)
    listed = "; ".join(f"{name} ({', '.join(sorted(set(look.values[name])))})" for name in candidates)
    raise refused("test_several_arms", n=len(candidates), listed=listed, first=candidates[0])


def _control(arm: str, levels: tuple[str, ...]) -> str:
    for says in (_surely_control, _says_control):
        known = [level for level in levels if says(level, levels)]
        if len(known) == 1:
            return known[0]
    raise refused("test_no_control", arm=arm, levels=", ".join(levels), first=_quoted(levels[0]))


def _quoted(text: str) -> str:
    return f"'{text}'" if " " in text else text


def _outcome(look: Look, found: Recognised) -> str:
    spend = [name for name in found.roles.get("metrics", ()) if has_word(name, words_of("numbers")["spend"])]
    if len(spend) == 1:
        return spend[0]
    rest = [name for name in found.roles.get("metrics", ()) if name not in spend]
    if not spend and len(rest) == 1:
        return rest[0]
    known = (name for name in found.unused if _counts(look.values[name]) and not _names_rows(look, name))
    choices = spend or rest or list(known)
    if not choices:
        raise refused("test_no_outcome")
    raise refused("test_several_outcomes", choices=", ".join(choices), first=choices[0])


def _by_name(look: Look, said: Mapping[str, str | tuple[str, ...]]) -> Recognised:
    """Roles by the columns' names, of those that nobody gave a role."""
    taken = {name for given in said.values() for name in ((given,) if isinstance(given, str) else given)}
    roles: dict[str, str | tuple[str, ...]] = dict(said)
    unused, weeks = [], 0
    for name in look.header:
        if name in taken or plain(name) == "simulated":
            continue
        if week_number(name) is not None:
            weeks += 1
            continue
        role = _role(name, look)
        if role in MANY and role not in said:
            roles[role] = (*roles.get(role, ()), name)
        elif role in ONE and role not in roles:
            roles[role] = name
        else:
            unused.append(name)
    if "metrics" not in said:  # what has a past of its own is an outcome, whatever it is called
        when = words_of("numbers")["covariates"]
        own = [tuple(part for part in parts_of(past) if part not in when) for past in roles.get("covariates", ())]
        after = tuple(name for name in unused if tuple(parts_of(name)) in own and _counts(look.values[name]))
        roles["metrics"] = (*roles.get("metrics", ()), *after)
        unused = [name for name in unused if name not in after]
    return Recognised(roles, weeks=weeks, unused=tuple(unused))


def _role(name: str, look: Look) -> str:
    """What a column is by its name and kind of values; empty for nothing known."""
    seen, whole = look.values[name], plain(name)
    for role, names in words_of("dates").items():
        if whole in names and date_formats(seen):
            return role
    if whole in words_of("names")["unit"] and (
        _one_row_each(look, name) or not has_word(name, words_of("when")["cluster"])
    ):
        return "unit"
    if has_word(name, words_of("groups")["segments"]):
        return "segments" if len(set(seen)) <= _MOST_GROUPS else ""
    return _role_of_number(name) if _counts(seen) else ""


def _role_of_number(name: str) -> str:
    after = known_after(name)
    roles = (role for role, words in words_of("numbers").items() if has_word(name, words))
    role = next((role for role in roles if not (after and role == "covariates")), "")
    return "metrics" if role == "spend" else role


def _date_format(look: Look, columns: list[str]) -> str:
    """The one format that reads all dates of some columns; empty for ISO days."""
    forms = [set(date_formats(look.values[name])) for name in columns if look.values.get(name)]
    shared = sorted(set.intersection(*forms)) if forms else []
    if len(shared) > 1:
        example = look.values[columns[0]][0]
        raise refused("day_or_month", example=example, formats=" / ".join(map(repr, shared)))
    if forms and not shared:
        raise refused("test_no_date_format", columns=", ".join(columns))
    return "" if not shared or shared[0].startswith("%Y-%m-%d") else shared[0]


def _surely_control(level: str, levels: Iterable[str]) -> bool:
    """Whether a level is a control by its own words, or denies what another level has: No E-Mail beside Mens E-Mail."""
    if plain(level) in words_of("control")["sure"]:
        return True
    words = words_of("control")["without"]
    first, _, rest = level.strip().partition(" ")
    denied = plain(rest) if first.lower() in words else next(
        (plain(level[len(word) :]) for word in words if not word.isascii() and level.startswith(word)), ""
    )  # fmt: skip
    return bool(denied) and any(other != level and denied in plain(other) for other in levels)


def _says_control(level: str, levels: Iterable[str]) -> bool:
    """Whether a level of a column that is known to be the arm says that it got nothing."""
    first = level.strip().partition(" ")[0].lower()
    return _surely_control(level, levels) or plain(level) in words_of("control")["weak"] or (
        first in words_of("control")["without"]
    )  # fmt: skip


def _one_row_each(look: Look, name: str) -> bool:
    """Whether a column names each row by itself, as the id of a unit does."""
    return len(set(look.values[name])) >= 0.9 * len(look.values[name])


def _names_rows(look: Look, name: str) -> bool:
    """Whether whole numbers differ in all rows, as numbers of units do."""
    seen = look.values[name]
    return len(seen) > _MOST_GROUPS and len(set(seen)) == len(seen) and all(value.strip().isdigit() for value in seen)


def _counts(seen: Sequence[str]) -> bool:
    """Whether values are numbers, or yes and no."""
    return is_numeric(seen) or (len(seen) > 0 and {value.strip().lower() for value in seen} <= _FLAGS)
