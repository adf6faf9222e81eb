"""Ids that are somebody's e-mail or telephone are replaced by a keyed hash before any table is written."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import duckdb

from crm_lab.checks import BadInput
from crm_lab.data.connection import write_private
from crm_lab.data.quoting import text_of
from crm_lab.data.sources.direct_ids import ABROAD, AMERICAN, AT_HOME, CHINESE, MAIL, TELEPHONE
from crm_lab.data.sources.sql import latin

_KEY_FILE = ".id_key"
_SHORTEST_KEY = 16
_PLAIN = "[A-Za-z]{0,4}[0-9]{1,8}"
"""Numbers that are too short, or have no mark, to be anybody's telephone."""


def id_key(folder: Path) -> str:
    """The secret that pseudonyms are made with: ``$CRM_LAB_ID_KEY``, else one kept beside the workspaces.

    The same key gives the same person the same pseudonym next quarter and on another machine.

    Args:
        folder: Where workspaces are built; a key is made and kept there when none is given.

    Raises:
        BadInput: If the key given or kept is shorter than 16 characters.
    """
    given = os.environ.get("CRM_LAB_ID_KEY")
    if given is not None:
        return _long_enough(given, "CRM_LAB_ID_KEY")
    path = folder / _KEY_FILE
    part = folder / f"{_KEY_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(secrets.token_hex(32))
    try:
        path.hardlink_to(part)  # whole or not at all, and never over an older one
    except FileExistsError:
        pass
    finally:
        part.unlink()
    return _long_enough(path.read_text(encoding="ascii", errors="replace").strip(), f"The key file {path.name}")


def _long_enough(key: str, what: str) -> str:
    if len(key.strip()) < _SHORTEST_KEY:
        raise BadInput(
            f"{what} has {len(key.strip())} characters; it needs at least {_SHORTEST_KEY}."
            " With another key the same persons get other pseudonyms: put the old key back where there was one."
        )
    return key


def teach_pseudonyms(connection: duckdb.DuckDBPyConnection, key: str) -> None:
    """Give a connection the SQL functions ``is_direct_id(id)``, ``pseudonym(id)`` and ``without_direct_ids(json)``.

    ``pseudonym`` is the id itself unless it is direct; then ``p_`` and 64 bits of a doubly keyed SHA-256 of the
    address or the digits in it, however they are dressed; ``hidden(id)`` is the same for any id.
    """
    secret = text_of(key)
    telephone = "|".join((ABROAD, AMERICAN, CHINESE, AT_HOME, TELEPHONE))
    whole = text_of(rf"(?i)(?:.*<)?(?:mailto:)?\s*{MAIL}\s*>?|{telephone}")
    spoken = "regexp_matches(id, '(?i)^(?:tel|phone|fax|mobile|mob|whatsapp|sms)\\.?:')"
    core = f"""case when id like '%@%' then lower(regexp_extract(id, {text_of(MAIL)}))
                    when regexp_matches(id, '[A-Za-z]') and not {spoken}
                    then lower(id)
                    else regexp_replace(regexp_replace(id, '[^0-9+]', '', 'g'), '^00', '+') end"""
    hashed = f"'p_' || left(sha256({secret} || sha256({secret} || coalesce(nullif({core}, ''), lower(id)))), 16)"
    inside = text_of(rf"(?i){MAIL}|{ABROAD}|{AMERICAN}|{CHINESE}|{TELEPHONE}")
    at_home = text_of(rf'"({AT_HOME})"')
    for macro in (
        (
            f"is_direct_id(id) as case when regexp_full_match(id, {text_of(_PLAIN)}) then false"
            f" else regexp_full_match({latin('id')}, {whole}) end"
        ),
        f"hidden(id) as {hashed}",
        "pseudonym(id) as case when is_direct_id(id) then hidden(id) else id end",
        f"""without_direct_ids(json) as
            regexp_replace(regexp_replace(json, {inside}, '***', 'g'), {at_home}, '"***"', 'g')""",
    ):
        connection.execute(f"create or replace temp macro {macro}")
    connection.execute("create or replace temp table direct_ids (id text, customer_id text)")


def note_direct_ids(connection: duckdb.DuckDBPyConnection, rows: str) -> None:
    """Remember the direct ids of one table, given as SQL of the columns ``id`` and ``customer_id`` (its pseudonym)."""
    connection.execute(f"insert into direct_ids select distinct id, customer_id from ({rows}) where id <> customer_id")


def write_identities(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Keep the map from pseudonym to id where no analysis looks: ``private/identities.parquet``, if there is any."""
    if connection.execute("select count(*) from direct_ids").fetchone() == (0,):
        return
    private = folder / "private"
    private.mkdir(mode=0o700)
    pairs = "select distinct customer_id, lower(id) as id from direct_ids order by all"
    write_private(connection, pairs, private / "identities.parquet")
