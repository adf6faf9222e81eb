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

_MONTHS = {
    "Jan": "jan|янв|січ|oca|gen|sty|led|ian", "Feb": "feb|fev|фев|лют|şub|lut|úno", "Apr": "апр|кві|nis|kwi|dub|ápr",
    "Mar": "març|мар|бер|mrt|maart|már|bře", "May": "ма[йя]|тра|mayıs|mag|maj|mei|máj|kvě",
    "Jun": "июн|чер|haz|giu|cze|jún|iun|junh", "Jul": "июл|лип|tem|lug|lip|júl|iul|červenec|července",
    "Aug": "авг|сер|ağu|agu|agt|sie|srp", "Sep": "сен|вер|eyl|set|wrz|sze|zář",
    "Oct": "okt|окт|жов|eki|ott|out|paź|říj", "Nov": "ноя|лис|kas|lis|noi", "Dec": "дек|гру|ara|gru|pro|des",
}  # fmt: skip
"""How months begin where their names are not like the English ones: Russian, Turkish, Italian, Polish, Czech ..."""

_WEEKDAY_FIRST = r"^([^\s\d,]{2,14}),?\s+(\d{1,4}[-./]\d{1,2}[-./]\d{1,4})"
"""A word, which may be a weekday in any language, before a day."""

_OPEN, _SHUT = "\ue000", "\ue001"
"""Stand around a word while months are told: a class of all letters is slow to compile, so one pattern has it."""

_FORMS = (
    (r"(\d),\s+(\d{1,2}:\d{2})", r"\1 \2"),
    (r"(?i)\b(\d{1,2})(?:st|nd|rd|th|er|º|ª)\b", r"\1"),
    (r"(\d{1,2})[时時点點시]\s?(\d{1,2})[分분]\s?(\d{1,2})[秒초]", r"\1:\2:\3"),
    (r"(\d{1,2})[时時点點시]\s?(\d{1,2})[分분]", r"\1:\2"),
    (r"(上午|午前|凌晨|早上|오전)\s*(\d{1,2}:\d{2}(?::\d{2})?)", r"\2 AM"),
    (r"(下午|午後|晚上|中午|오후)\s*(\d{1,2}:\d{2}(?::\d{2})?)", r"\2 PM"),
    (r"^/Date\((-?\d+)(?:[-+]\d{4})?\)/$", r"\1"),  # .NET in JSON
    (r"^(\d{5}),(\d+)$", r"\1.\2"),  # a spreadsheet's day with a decimal comma
    (r"^(\d{1,2})([A-Za-z]{3})(\d{4}):(\d{2}:\d{2})", r"\1 \2 \3 \4"),  # SAS
    (r"^(\d{1,2})([A-Za-z]{3})(\d{4})$", r"\1 \2 \3"),
    (r"^(\d{4})\. (\d{1,2})\. (\d{1,2})\.?", r"\1-\2-\3"),  # Korean
    (r"(?i)\s+(?:de|del|of)\s+", " "),  # 3 de enero de 2024
    (r"(?i)(\d{4})\s?г(?:\.|ода)?,?", r"\1"),
    (r"(\p{L}+)", rf"{_OPEN}\1{_SHUT}"),
    (rf"(?i){_OPEN}červ(?:en|na){_SHUT}", f"{_OPEN}Jun{_SHUT}"),  # červenec is July
    *((rf"(?i){_OPEN}(?:{begin})[^{_SHUT}]*{_SHUT}\.?", f"{_OPEN}{month}{_SHUT}") for month, begin in _MONTHS.items()),
    (f"[{_OPEN}{_SHUT}]", ""),
    (r"(?i)\s+(?:hs|hrs|uhr)\.?$", ""),
)
"""Forms of days and times, and what is read in their place."""

_ENGLISH = "[Jj]an|[Ff]eb|[Mm]ar|[Aa]pr|[Mm]ay|[Jj]u[nl]|[Aa]ug|[Ss]ep|[Oo]ct|[Nn]ov|[Dd]ec"
_PLAIN = (
    r"[0-9:./T-]+( [0-9:.]+)?( ?(?:Z|[-+][0-9]{2}:?[0-9]{2}))?"
    rf"|[0-9]{{1,2}}[-/ ](?:{_ENGLISH})[-/ ][0-9]{{2,4}}( [0-9:.]+)?"
)
"""Days and times that need no other writing."""

_ERAS = {"令和": 2018, "平成": 1988}
"""Japanese eras and the year before their first."""


def dated(expression: str) -> str:
    """SQL of a text of a date as in a Latin text: no name of the weekday, AM and PM behind the hour."""
    slow = _dated_slowly(expression)
    return f"(case when regexp_full_match({expression}, '{_PLAIN}') then {expression} else {slow} end)"


def _dated_slowly(expression: str) -> str:
    plain = f"regexp_replace({latin(expression)}, '(?i){_WEEKDAYS}', '', 'g')"
    word = rf"regexp_full_match(regexp_extract(told, '{_WEEKDAY_FIRST}', 1), '[\p{{L}}.]+')"
    plain = let("told", plain, rf"case when {word} then regexp_replace(told, '{_WEEKDAY_FIRST}', '\2') else told end")
    for form, made in _FORMS:
        plain = f"regexp_replace({plain}, {text_of(form)}, {text_of(made)}, 'g')"
    year = r"replace(regexp_extract(x, '^..(元|\d{1,2})年', 1), '元', '1')::integer"
    rest = r"regexp_replace(x, '^..(元|\d{1,2})年', '年')"
    era = r"^(?:" + "|".join(_ERAS) + r")(?:元|\d{1,2})年"
    before = " ".join(f"when '{era}' then {year}" for era, year in _ERAS.items())
    of_era = f"case when regexp_matches(x, '{era}') then (case x[1:2] {before} end + {year}) || {rest} else x end"
    return f"trim({let('x', plain, of_era)})"
