"""Days and times as people and systems write them, made into a Latin text that a format can read."""

from __future__ import annotations

from crm_lab.data.quoting import text_of
from crm_lab.data.sources.sql import latin, let

_WEEKDAYS = (
    r"\b(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?,?"
    r"|\b(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag|mo|di|mi|do|fr|sa|so)\b[.,]+"
    r"|\b(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo)\b,?"
    r"|(?:星期|周|週)[一二三四五六日天]|[(（][月火水木金土日][)）]|[月火水木金土日]曜日?"
)

_FORMS = (
    (r"(\d{1,2})[时時点點시]\s?(\d{1,2})[分분]\s?(\d{1,2})[秒초]", r"\1:\2:\3"),
    (r"(\d{1,2})[时時点點시]\s?(\d{1,2})[分분]", r"\1:\2"),
    (r"(上午|午前|凌晨|早上|오전)\s*(\d{1,2}:\d{2}(?::\d{2})?)", r"\2 AM"),
    (r"(下午|午後|晚上|中午|오후)\s*(\d{1,2}:\d{2}(?::\d{2})?)", r"\2 PM"),
    (r"^/Date\((-?\d+)(?:[-+]\d{4})?\)/$", r"\1"),  # .NET in JSON
    (r"^(\d{5}),(\d+)$", r"\1.\2"),  # a spreadsheet's day with a decimal comma
    (r"^(\d{1,2})([A-Za-z]{3})(\d{4}):(\d{2}:\d{2})", r"\1 \2 \3 \4"),  # SAS
    (r"^(\d{1,2})([A-Za-z]{3})(\d{4})$", r"\1 \2 \3"),
    (r"^(\d{4})\. (\d{1,2})\. (\d{1,2})\.?", r"\1-\2-\3"),  # Korean
    (r"(?i)\s+(?:de|del)\s+", " "),  # 3 de enero de 2024
    (r"(?i)\s+(?:hs|hrs|uhr)\.?$", ""),
)
"""Forms of days and times, and what is read in their place."""

_PLAIN = (
    r"[0-9:./T-]+( [0-9:.]+)?( ?(?:Z|[-+][0-9]{2}:?[0-9]{2}))?|[0-9]{1,2}[-/ ][A-Za-z]{3}[-/ ][0-9]{2,4}( [0-9:.]+)?"
)
"""Days and times that need no other writing."""

_ERAS = {"令和": 2018, "平成": 1988}
"""Japanese eras and the year before their first."""


def dated(expression: str) -> str:
    """SQL of a text of a date as in a Latin text: no name of the weekday, AM and PM behind the hour."""
    slow = _dated_slowly("said")
    return let("said", expression, f"case when regexp_full_match(said, '{_PLAIN}') then said else {slow} end")


def _dated_slowly(expression: str) -> str:
    plain = f"regexp_replace({latin(expression)}, '(?i){_WEEKDAYS}', '', 'g')"
    for form, made in _FORMS:
        plain = f"regexp_replace({plain}, {text_of(form)}, {text_of(made)}, 'g')"
    year = r"replace(regexp_extract(x, '^..(元|\d{1,2})年', 1), '元', '1')::integer"
    rest = r"regexp_replace(x, '^..(元|\d{1,2})年', '年')"
    era = r"^(?:" + "|".join(_ERAS) + r")(?:元|\d{1,2})年"
    before = " ".join(f"when '{era}' then {year}" for era, year in _ERAS.items())
    of_era = f"case when regexp_matches(x, '{era}') then (case x[1:2] {before} end + {year}) || {rest} else x end"
    return f"trim({let('x', plain, of_era)})"
