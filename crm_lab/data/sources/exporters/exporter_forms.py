"""Forms of widely used exports, recognised by the names in their header."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from crm_lab.messages import language


@dataclass(frozen=True, slots=True)
class ExporterForm:
    """One form.

    Attributes:
        title: The system's name.
        header: Columns that a file of it has.
        columns: Role to column; those that the file lacks are left out.
        settings: Further keys of the source's description.
        status: Word of its status column, in lower case, to meaning.
        says: What a user must know of it.
        chinese: The system's name and what a user must know of it, in Chinese.
        refused: Why files of this form cannot be used; empty if they can.
        all_goods: It is one published data set, whose lines count as they are; vouchers and such are not asked about.
    """

    title: str
    header: tuple[str, ...]
    columns: Mapping[str, str]
    settings: Mapping[str, Any]
    status: Mapping[str, str]
    says: str
    refused: str
    all_goods: bool = False
    chinese: tuple[str, str] = ("", "")

    def described(self) -> str:
        """Its name and what a user must know of it, in the language of the reader."""
        chinese = language() == "zh"
        title, says = (self.chinese[0] or self.title, self.chinese[1]) if chinese else (self.title, self.says)
        return f"{title}: {says}" if says else title


@cache
def exporter_forms() -> tuple[ExporterForm, ...]:
    """All forms that are known, by file name."""
    files = sorted(resources.files(__package__).iterdir(), key=lambda file: file.name)
    return tuple(_form(file.read_text(encoding="utf-8")) for file in files if file.name.endswith(".toml"))


def _form(text: str) -> ExporterForm:
    table = tomllib.loads(text)
    words = {word.lower(): meaning for meaning, said in table.get("status", {}).items() for word in said}
    return ExporterForm(
        table["title"], tuple(table["header"]), table.get("columns", {}), table.get("settings", {}), words,
        table.get("says", ""), table.get("refused", ""), table.get("all_goods", False),
        (table.get("title_zh", ""), table.get("says_zh", "")),
    )  # fmt: skip


def form_of_header(header: Sequence[str]) -> ExporterForm | None:
    """The form whose columns a header has; the one with most of them where several fit.

    >>> form_of_header(["order_id", "user_id", "eval_set", "order_number", "order_dow", "days_since_prior_order"]).title
    'Instacart'
    """
    there = {name.strip().lower() for name in header}
    fitting = [form for form in exporter_forms() if {name.lower() for name in form.header} <= there]
    return max(fitting, key=lambda form: len(form.header), default=None)
