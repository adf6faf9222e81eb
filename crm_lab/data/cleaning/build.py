"""Ingest and cleaning: from a source's raw lines to contract tables and a quarantine, in DuckDB SQL."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import duckdb

from crm_lab.data.cleaning.cleaning_rules import Rule, decide
from crm_lab.data.cleaning.days_of_trade import days_of_trade_sql
from crm_lab.data.cleaning.pseudonyms import note_direct_ids, teach_pseudonyms, write_identities
from crm_lab.data.cleaning.return_matching import matched_sql
from crm_lab.data.connection import write_private
from crm_lab.data.quoting import name_of, path_of
from crm_lab.data.sources.base import Action, Source
from crm_lab.data.sources.lines.line_mapping import with_readings
from crm_lab.data.stored_tables import store
from crm_lab.tables import TABLES

MONEY = "decimal(18,4)"
_MONEY_COLUMNS = ("gross_amount", "discount_amount", "net_amount")
_TEXT_COLUMNS = ("order_id", "customer_id", "product_id", "store_id")


def build(
    connection: duckdb.DuckDBPyConnection, source: Source, folder: Path, chosen: Mapping[str, str] | None, key: str
) -> None:
    """Write raw, clean and quarantined tables of a source into a folder of Parquet files.

    Customer ids that are an e-mail address or a telephone number become pseudonyms.

    Args:
        connection: An in-memory connection; temporary tables are left in it.
        source: The data set.
        folder: Existing, empty folder.
        chosen: Rule actions of the user.
        key: Secret of the pseudonyms.
    """
    actions = decide(source, chosen)
    teach_pseudonyms(connection, key)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".door-") as anteroom:
        raw = source.door(connection, Path(anteroom)) if source.door else source.raw
        write_private(connection, raw, folder / "raw.parquet")
        connection.execute(f"create or replace temp view raw as from read_parquet({path_of(folder / 'raw.parquet')})")
        for name, sql in source.dimensions.items():
            _write_dimension(connection, sql, folder / f"{name}.parquet", source)
        for name, door in source.doors.items():
            _write_dimension(connection, door(connection, Path(anteroom)), folder / f"{name}.parquet", source)
    _judge(connection, source, folder, actions)
    write_identities(connection, folder)
    _write_clean(connection, source, folder, actions)
    store(connection, _quarantine_sql(), folder / "quarantine.parquet")
    store(connection, ledger_sql(actions, folder), folder / "ledger.parquet")


def _write_in_order(connection: duckdb.DuckDBPyConnection, sql: str, path: Path, by: str) -> None:
    """Write rows whose order a column gives: as they come, and sorted only where they came in another order."""
    store(connection, sql, path)
    stored = f"from read_parquet({path_of(path)})"
    before = f"select {by} as place, lag({by}) over () as before {stored}"
    if connection.execute(f"select count(*) from ({before}) where place < before").fetchone() != (0,):
        unsorted = path.with_suffix(".unsorted")
        path.rename(unsorted)
        store(connection, f"from read_parquet({path_of(unsorted)}) order by {by}", path)
        unsorted.unlink()


def _write_clean(
    connection: duckdb.DuckDBPyConnection, source: Source, folder: Path, actions: Mapping[Rule, Action]
) -> None:
    """The table ``transactions``: the clean lines, negative ones with the sale they take back."""
    target = folder / "transactions.parquet"
    if not source.returns_matched:
        _write_in_order(connection, clean_sql(actions), target, "line_id")
        return
    lines = folder / ".lines.parquet"
    _write_in_order(connection, clean_sql(actions), lines, "line_id")
    connection.execute(f"create or replace temp view clean_lines as from read_parquet({path_of(lines)})")
    _write_in_order(connection, matched_sql("clean_lines"), target, "line_id")
    lines.unlink()


def hider(source: Source) -> str:
    """Name of the SQL function that makes a customer number fit to be seen."""
    return "hidden" if source.direct_customers else "pseudonym"


def _write_dimension(connection: duckdb.DuckDBPyConnection, sql: str, path: Path, source: Source) -> None:
    """A further table in the order of its columns, customers under their pseudonyms."""
    persons = TABLES[path.stem].person_columns if path.stem in TABLES else ("customer_id",)
    given = [row[0] for row in connection.execute(f"describe {sql}").fetchall()]
    hidden = {column: _hidden(source, column) for column in persons if column in given}
    for column, words in hidden.items():
        note_direct_ids(connection, f"select {_person(source, column)} as id, {words} as customer_id from ({sql})")
    if hidden:
        replaced = ", ".join(f"{words} as {column}" for column, words in hidden.items())
        sql = f"select * replace ({replaced}) from ({sql})"
    store(connection, f"{sql} order by all", path)


def _hidden(source: Source, column: str) -> str:
    """SQL of a customer number, or of a mark of a customer's, under its pseudonym."""
    return f"{hider(source)}({_person(source, column)})"


def _person(source: Source, column: str) -> str:
    """SQL of a column that names a person; marks, which are no numbers of customers, keep their capitals."""
    return _folded(source, column) if column.endswith("_id") else column


def _judge(connection: duckdb.DuckDBPyConnection, source: Source, folder: Path, actions: Mapping[Rule, Action]) -> None:
    """The table ``judged``: typed, dated lines, what each rule says of them, and why one is set aside."""
    ours = ("source_row", *source.computed)
    columns = [row[0] for row in connection.execute("describe raw").fetchall() if row[0] not in ours]
    connection.execute(f"create or replace temp table twins as {_twins_sql(columns)}")
    once = folder / ".typed.parquet"  # marks and dates are taken apart once, whatever asks for them
    write_private(connection, _typed_sql(source), once)
    connection.execute(f"create or replace temp view typed as from read_parquet({path_of(once)})")
    if source.plausible_days:
        connection.execute(f"create or replace temp table trade as {days_of_trade_sql('typed')}")
    note_direct_ids(connection, "select given_id as id, customer_id from typed")
    connection.execute(f"create or replace temp view staged as {_dated_sql(source)}")
    known = f"from read_parquet({path_of(folder / 'products.parquet')})"
    nothing = "select null::text as product_id where false"
    connection.execute(f"create or replace temp view p as {known if 'products' in source.dimensions else nothing}")
    marks = ", ".join(f"coalesce({rule.where}, false) as is_{rule.name}" for rule in actions)
    judged = f"""
        select *, {_reason(actions)} as reason
        from (select s.*, {marks} from staged s left join p on s.product_id = p.product_id)"""
    _write_in_order(connection, judged, folder / "judged.parquet", "source_row")
    connection.execute(f"create or replace temp view judged as from read_parquet({path_of(folder / 'judged.parquet')})")
    once.unlink()


def _folded(source: Source, text: str) -> str:
    """SQL of a customer number, in capitals where capitals do not count."""
    return f"upper({text})" if source.same_case else text


def _twins_sql(raw_columns: list[str]) -> str:
    """Rows that stand in the source more than once, each with its number among its twins."""
    same = ", ".join(name_of(c) for c in raw_columns)
    return f"""
        select source_row, row_number() over (partition by {same} order by source_row) as copy
        from raw where hash({same}) in (select hash({same}) from raw group by 1 having count(*) > 1)"""


def _typed_sql(source: Source) -> str:
    raw = ", ".join(f"{expression} as {name}" for name, expression in source.mapping.items())
    plain = {c: f"nullif(trim({c}::text), '')" for c in _TEXT_COLUMNS}
    texts = ", ".join(f"{sql} as {c}" for c, sql in plain.items() if c != "customer_id")
    texts += f", {_folded(source, plain['customer_id'])} as given_id"
    money = ", ".join(f"try_cast({c} as {MONEY}) as {c}" for c in _MONEY_COLUMNS)
    asides = "".join(f", aside_{name}" for name in source.asides)
    conditions = "".join(f", coalesce({sql}, false) as aside_{name}" for name, sql in source.asides.items())
    who = f"{hider(source)}(given_id)"
    return f"""
        select source_row, {texts}, {who} as customer_id, {who} <> given_id as direct_id,
               try_cast(moment as timestamp) as moment,
               try_cast(quantity as double) as quantity, {money},
               moment is null or try_cast(moment as timestamp) is null
               or quantity is null or try_cast(quantity as double) is null
               or net_amount is null or try_cast(net_amount as {MONEY}) is null as unreadable,
               broken, coalesce(copy, 1) as copy{asides}
        from (select source_row, {raw}, coalesce({source.broken}, false) as broken{conditions}
              from ({with_readings("from raw", source.readings)}))
        left join twins using (source_row)"""


def _dated_sql(source: Source) -> str:
    local = "moment"
    if source.clock and source.clock != source.timezone:
        local = f"(moment at time zone '{source.clock}' at time zone '{source.timezone}')"
    hour = "hour(local)" if source.has_hours else "null::bigint"
    more = "".join(f", aside_{name}" for name in source.asides)
    if source.plausible_days:
        more += (
            ", not moment::date between (select earliest from trade) and (select latest from trade) as implausible_day"
        )
    return f"""
        select source_row, {", ".join(_TEXT_COLUMNS)}, quantity, {", ".join(_MONEY_COLUMNS)}, broken, unreadable, copy,
               direct_id{more}, moment::date as given_date, local::date as local_date, {hour} as hour,
               local::date <> moment::date as other_day
        from (select *, {local} as local from typed)"""


def _reason(actions: Mapping[Rule, Action]) -> str:
    cases = [f"when is_{r.name} then '{r.name}'" for r, action in actions.items() if action == "quarantine"]
    return f"case {' '.join(cases)} end" if cases else "null::text"


def _fixed(column: str, default: str, actions: Mapping[Rule, Action]) -> str:
    cases = [
        f"when is_{rule.name} then {expression}"
        for rule, action in actions.items()
        if action == "fix"
        for name, expression in rule.fixes
        if name == column
    ]
    return f"case {' '.join(cases)} else {default} end" if cases else default


def clean_sql(actions: Mapping[Rule, Action]) -> str:
    """Select the clean lines from ``judged``, which is in order, as these actions would leave them."""
    flags = [f"case when is_{r.name} then '{r.name}' end" for r, a in actions.items() if a == "flag"]
    return f"""
        select line_id, source_row, order_id, customer_id, product_id, store_id,
               (date - date '1970-01-01')::integer as day, date, hour, isodow(date) as weekday,
               kind, quantity, gross_amount, discount_amount, net_amount, flags
        from (select * exclude (quantity), row_number() over () as line_id,
                     {_fixed("date", "given_date", actions)} as date,
                     {_fixed("kind", "'sale'", actions)} as kind,
                     {_fixed("quantity", "quantity", actions)} as quantity,
                     concat_ws(' ', {", ".join(flags) or "null"}) as flags
              from judged where {_reason(actions)} is null)"""


def _quarantine_sql() -> str:
    return """
        select j.source_row, j.reason, j.net_amount, without_direct_ids(to_json(r)::text) as raw_row
        from judged j join raw r using (source_row) where j.reason is not null order by j.source_row"""


def ledger_sql(actions: Mapping[Rule, Action], folder: Path) -> str:
    """Rows and money: what came in, what each rule touched, what the written tables hold."""
    counts = " union all ".join(
        f"select {position} as position, '{rule.name}' as item, '{action}' as action,"
        f" count(*) filter (is_{rule.name}) as rows_touched,"
        f" coalesce(sum(net_amount) filter (is_{rule.name}), 0) as money_touched,"
        f" count(*) filter (reason = '{rule.name}') as rows_out,"
        f" coalesce(sum(net_amount) filter (reason = '{rule.name}'), 0) as money_out from judged"
        for position, (rule, action) in enumerate(actions.items(), start=1)
    )
    totals = " union all ".join(
        f"select {position}, '{item}', 'total', count(*), coalesce(sum(net_amount), 0), 0, 0 from {rows}"
        for position, item, rows in (
            (0, "raw", "(select j.net_amount from raw left join judged j using (source_row))"),
            (98, "clean", f"read_parquet({path_of(folder / 'transactions.parquet')})"),
            (99, "quarantine", f"read_parquet({path_of(folder / 'quarantine.parquet')})"),
        )
    )
    return f"from ({counts} union all {totals}) order by position"


def tables_key(source: Source, actions: Mapping[str, str]) -> str:
    """Hash of all that the tables depend on: raw bytes, mapping, rules, the key of the pseudonyms, code."""
    digest = hashlib.sha256(source.fingerprint().encode())
    digest.update(repr(sorted(actions.items())).encode())
    digest.update(os.environ.get("CRM_LAB_ID_KEY", "").encode())
    for room in ("cleaning", "sources"):  # other code, other tables
        for file in sorted(Path(str(resources.files("crm_lab.data") / room)).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def describe(source: Source, actions: Mapping[Rule, Action]) -> str:
    """What a workspace was built from, as JSON text."""
    return json.dumps(
        {
            "source": source.name,
            "title": source.title,
            "titles": dict(source.titles),
            "licence": source.licence,
            "currency": source.currency,
            "timezone": source.timezone,
            "simulated": source.simulated,
            "direct_customers": source.direct_customers,
            "same_case": source.same_case,
            "evidence": source.evidence,
            "rules": {rule.name: action for rule, action in actions.items()},
        },
        ensure_ascii=False,
        indent=1,
    )
