"""How numbers are written: the digits of a cell, the unit behind a figure, and tables of both."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from crm_lab.messages import Message, language, written

ROWS_SHOWN = 20
_SHARES = (
    "accuracy",
    "came_back",
    "decile_error",
    "never_accuracy",
    "p_alive",
    "p_churn",
    "precision",
    "recall",
    "share_left",
    "value_share",
)
COLUMN_FORMATS: Mapping[str, str] = {
    **dict.fromkeys(_SHARES, ".1%"),
    **dict.fromkeys(("bias", "worst_bias"), "+.1%"),
    **dict.fromkeys(("expected_purchases", "expected_spend", "monetary_value"), ",.2f"),
    **dict.fromkeys(("auc", "average_precision", "brier", "log_loss", "psi"), ".3f"),
    **dict.fromkeys(("mae", "standard_error"), ",.4f"),
    "customer_id": ".0f",  # a number that names is not counted: no thousands
}
"""Formats of columns that say the same wherever they stand; a result's own formats come first."""


SIGNS: Final = {"USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "JPY": "¥"}
_ZH_NAMES: Final = {"USD": "美元", "EUR": "欧元", "GBP": "英镑", "CNY": "元", "JPY": "日元"}
_STEPS: Final = {"en": ((1e9, "B"), (1e6, "M"), (1e3, "k")), "zh": ((1e8, " 亿"), (1e4, " 万"))}


class ShortMoney(Message):
    """An amount in a sentence, in three digits, below 100 with its cents: ``$94.5k``, ``9.45 万美元``, ``$11.75``.

    >>> ShortMoney.of(94_512, "USD").text("en"), ShortMoney.of(94_512, "USD").text("zh")
    ('$94.5k', '9.45 万美元')
    >>> ShortMoney.of(-3, "CHF").text("en")
    '−CHF 3'
    """

    @classmethod
    def of(cls, amount: float, currency: str) -> ShortMoney:
        """An amount of a currency (ISO code)."""
        return cls("", {"amount": float(amount), "currency": currency})

    def text(self, lang: str | None = None) -> str:
        """The amount in a language (default: the active one)."""
        amount, currency, lang = self.values["amount"], self.values["currency"], lang or language()
        size = abs(amount)
        step, name = next(((s, n) for s, n in _STEPS[lang] if size >= s), (1.0, ""))
        cents = f"{size:,.2f}".removesuffix(".00")
        number = cents if 0 < size < 99.995 else f"{three_digits(size / step)}{name}"
        sign = "−" if amount < 0 else ""
        if lang == "zh":
            word = currency_name(currency)
            return f"{sign}{number}{'' if name and currency in _ZH_NAMES else ' '}{word}"
        return f"{sign}{currency_sign(currency)}{number}"


def currency_sign(currency: str) -> str:
    """What stands before an amount.

    >>> currency_sign("USD"), currency_sign("CHF")
    ('$', 'CHF ')
    """
    return SIGNS.get(currency, f"{currency} ")


def currency_name(currency: str) -> str:
    """What stands behind an amount in Chinese.

    >>> currency_name("USD"), currency_name("CHF")
    ('美元', 'CHF')
    """
    return _ZH_NAMES.get(currency, currency)


def three_digits(value: float) -> str:
    """A number in three significant digits; from 1,000 on whole, thousands separated.

    >>> three_digits(0.054321), three_digits(9.451), three_digits(54.3), three_digits(123456.7), three_digits(2.0)
    ('0.0543', '9.45', '54.3', '123,457', '2')
    """
    if abs(value) >= 999.5:
        return f"{value:,.0f}"
    if value == round(value):
        return f"{value:.0f}"
    text = f"{value:.{max(2 - math.floor(math.log10(abs(value))), 0)}f}"
    return text.rstrip("0") if abs(value) < 0.1 else text


def per_cent(share: float) -> str:
    """A share in per cent; all and nothing are said of all and nothing only, so what rounds to them gets more digits.

    >>> per_cent(0.2534), per_cent(0.99979), per_cent(1.0), per_cent(0.0004), per_cent(-0.05)
    ('25.3%', '99.98%', '100.0%', '0.04%', '−5.0%')
    """
    return written(share, ".1%").replace("-", "−")


def spaced(unit: str) -> str:
    """A unit as it stands behind a number: with a space before it, or nothing."""
    return f" {unit}" if unit else ""


def format_value(value: Any, spec: str = "") -> str:
    """A cell as people read it: ``–`` for missing, thousands separated, four significant digits.

    >>> format_value(1234567), format_value(0.54321, ".1%"), format_value(float("nan"))
    ('1,234,567', '54.3%', '–')
    """
    if isinstance(value, Message):
        return value.text()
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "–"
    if isinstance(value, float) and math.isinf(value):
        return Message("report.not_reached").text() if value > 0 else "−∞"
    if isinstance(value, str | bool):
        return str(value)
    if spec:
        return written(value, spec)
    return _format_plain(value)


def _format_plain(value: Any) -> str:
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y-%m-%d"))
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"
    return f"{value:,}" if hasattr(value, "__index__") else str(value)


def column_format(column: str, formats: Mapping[str, str]) -> str:
    """The format of a column: its own, else that of its name; ends of an interval are written as its middle.

    >>> column_format("gain_lo", {"gain": "+.4f"}), column_format("auc_hi", {}), column_format("name", {})
    ('+.4f', '.3f', '')
    """
    middle = column.removesuffix("_lo").removesuffix("_hi")
    known = {**COLUMN_FORMATS, **formats}
    return known.get(column, known.get(middle, ""))


def format_frame(frame: pd.DataFrame, formats: Mapping[str, str] | None = None) -> pd.DataFrame:
    """A copy of a frame with every cell as text, by `column_format`; without formats none of its columns has one."""
    specs = {column: "" if formats is None else column_format(str(column), formats) for column in frame}
    return pd.DataFrame(
        {column: [format_value(v, specs[column]) for v in frame[column]] for column in frame},
        columns=frame.columns,
        dtype=object,
    )


def table_html(frame: pd.DataFrame, formats: Mapping[str, str] | None = None, rows: int = ROWS_SHOWN) -> str:
    """A frame as an HTML table: escaped, formatted, numbers to the right, at most `rows` rows."""
    shown = format_frame(frame.head(rows), formats)
    numeric = [pd.api.types.is_numeric_dtype(frame[c]) and not pd.api.types.is_bool_dtype(frame[c]) for c in frame]
    css = ["num" if n else "txt" for n in numeric]
    head = "".join(f'<th class="{k}">{html.escape(str(c))}</th>' for c, k in zip(shown.columns, css, strict=True))
    body = "".join(
        "<tr>" + "".join(f'<td class="{k}">{html.escape(v)}</td>' for v, k in zip(row, css, strict=True)) + "</tr>"
        for row in shown.itertuples(index=False)
    )
    more = (
        Message("readout.rows_shown", {"shown": len(shown), "total": len(frame)}).text()
        if len(frame) > len(shown)
        else ""
    )
    return f'<div class="crm-table"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>' + (
        f'<p class="crm-more">{more}</p>' if more else ""
    )
