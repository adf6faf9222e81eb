"""What a source is: where its raw rows lie and how they map onto the contract, in SQL."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal

import duckdb

Door = Callable[[duckdb.DuckDBPyConnection, Path], str]
Action = Literal["fix", "quarantine", "flag", "ignore"]

STAGED = (
    "order_id",
    "customer_id",
    "product_id",
    "store_id",
    "moment",
    "quantity",
    "gross_amount",
    "discount_amount",
    "net_amount",
)
"""What a source's mapping gives for each raw line; `moment` is a timestamp in the source's own clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One data set and how to read it.

    Attributes:
        name: What a notebook's ``source`` parameter says.
        title: What a reader sees.
        titles: The same in other languages than English.
        licence: Licence or terms, with where it comes from.
        currency: ISO code of all amounts.
        files: Raw files; their bytes are part of the workspace's key.
        raw: SQL that reads the raw lines as they are, with a 1-based ``source_row``.
        door: Where reading takes more than SQL: called with a connection and an empty folder for its files,
            it returns that SQL.
        readings: SQL expression over the raw columns to a name that the mapping has for it: it is read once a row.
        mapping: SQL expression over the raw columns for each column of `STAGED`.
        clock: Time zone of ``moment`` (IANA), or ``None`` where it is local already.
        timezone: The retailer's time zone, which days are counted in.
        has_hours: Whether moments carry a time of day.
        dimensions: SQL for further contract tables, by name.
        doors: Further contract tables that take more than SQL, by name; like `door`.
        about_doors: What the doors read and how, in words that change when it does.
        fuel: SQL condition over ``s`` (staged) and ``p`` (products): quantity is a volume.
        broken: SQL condition over the raw columns: the row could not be taken apart.
        asides: Rule name to SQL condition over the raw columns: rows that only files of certain forms have and that
            are no line (blank rows, totals in between, orders that came to nothing, another currency, overlaps).
        plausible_days: Whether lines outside the days of trade are set aside.
        direct_customers: Whether every customer number is replaced by a pseudonym, whatever it looks like.
        same_case: Whether customer numbers that differ only in capitals are one.
        copies_files: Whether the door copies the files before SQL reads them.
        computed: Raw columns that the door has added: they do not tell a row from its twin.
        returns_matched: Whether negative lines are matched to the sale they take back.
        fee: SQL condition over ``s``: the line is no merchandise.
        cancelled: SQL condition over ``s``: the line takes back an order.
        actions: Rule actions that differ from the rules' defaults.
        simulated: Whether the data are made up.
        evidence: What spoke for reading the files so, a sentence each.
    """

    name: str
    title: str
    titles: Mapping[str, str] = field(default_factory=dict)
    licence: str
    currency: str
    files: tuple[Path, ...]
    raw: str = ""
    door: Door | None = None
    mapping: Mapping[str, str]
    readings: Mapping[str, str] = field(default_factory=dict)
    clock: str | None = None
    timezone: str = "UTC"
    has_hours: bool = True
    dimensions: Mapping[str, str] = field(default_factory=dict)
    doors: Mapping[str, Door] = field(default_factory=dict)
    about_doors: str = ""
    fuel: str = "false"
    broken: str = "false"
    asides: Mapping[str, str] = field(default_factory=dict)
    plausible_days: bool = False
    computed: tuple[str, ...] = ()
    direct_customers: bool = False
    same_case: bool = False
    copies_files: bool = False
    returns_matched: bool = False
    fee: str = "false"
    cancelled: str = "false"
    actions: Mapping[str, Action] = field(default_factory=dict)
    simulated: bool = False
    evidence: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """Hash of everything the tables depend on: bytes of the files, mapping, rules."""
        digest = hashlib.sha256()
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("door", "doors", "files", "raw")}
        digest.update(repr(plain).encode())
        for path in self.files:
            digest.update(path.name.encode())
            with path.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        return digest.hexdigest()
