"""Ids that are somebody's e-mail or telephone are replaced by a keyed hash before any table is written."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import duckdb

from crm_lab.checks import BadInput

_KEY_FILE = ".id_key"
_SHORTEST_KEY = 16
_MAIL = r"[^@\s\"]+@[^@\s\"]+\.[^@\s\"]+"
_ABROAD = r"\+\d[\d ()./-]{6,18}\d"
_AT_HOME = r"[0(]\d*[ ()./-][\d ()./-]{6,18}\d|1[3-9]\d{9}"
"""A leading 0 or bracket with separators, or a Chinese mobile."""


def id_key(folder: Path) -> str:
    """The secret that pseudonyms are made with: ``$CRM_LAB_ID_KEY``, else one kept beside the workspaces.

    The same key gives the same person the same pseudonym next quarter and on another machine.

    Args:
        folder: Where workspaces are built; a key is made and kept there when none is given.

    Raises:
        BadInput: If the key given is shorter than 16 characters.
    """
    given = os.environ.get("CRM_LAB_ID_KEY")
    if given is not None:
        if len(given) < _SHORTEST_KEY:
            raise BadInput(f"CRM_LAB_ID_KEY has {len(given)} characters; it needs at least {_SHORTEST_KEY}.")
        return given
    path = folder / _KEY_FILE
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    with os.fdopen(descriptor, "w") as stream:
        stream.write(key := secrets.token_hex(32))
    return key


def teach_pseudonyms(connection: duckdb.DuckDBPyConnection, key: str) -> None:
    """Give a connection the SQL functions ``is_direct_id(id)``, ``pseudonym(id)`` and ``without_direct_ids(json)``.

    ``pseudonym`` is the id itself unless it is direct; then ``p_`` and 64 bits of a doubly keyed SHA-256.
    """
    secret = "'" + key.replace("'", "''") + "'"
    direct, at_home = f"'{_MAIL}|{_ABROAD}|{_AT_HOME}'", f"""'"({_AT_HOME})"'"""
    hashed = f"'p_' || left(sha256({secret} || sha256({secret} || lower(id))), 16)"
    for macro in (
        f"is_direct_id(id) as regexp_full_match(id, {direct})",
        f"pseudonym(id) as case when is_direct_id(id) then {hashed} else id end",
        f"""without_direct_ids(json) as
            regexp_replace(regexp_replace(json, '{_MAIL}|{_ABROAD}', '***', 'g'), {at_home}, '"***"', 'g')""",
    ):
        connection.execute(f"create or replace temp macro {macro}")
    connection.execute("create or replace temp table direct_ids (id text)")


def note_direct_ids(connection: duckdb.DuckDBPyConnection, rows: str) -> None:
    """Remember the direct ids of one table, given as SQL of one column ``id``."""
    connection.execute(f"insert into direct_ids select distinct id from ({rows}) where is_direct_id(id)")


def write_identities(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Keep the map from pseudonym to id where no analysis looks: ``private/identities.parquet``, if there is any."""
    if connection.execute("select count(*) from direct_ids").fetchone() == (0,):
        return
    private = folder / "private"
    private.mkdir(mode=0o700)
    pairs = "select distinct pseudonym(id) as customer_id, lower(id) as id from direct_ids order by all"
    connection.execute(f"copy ({pairs}) to '{private}/identities.parquet' (compression zstd)")
    (private / "identities.parquet").chmod(0o600)
