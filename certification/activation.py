"""SQL of saved scorings: the lab's segment for every customer, in DuckDB, in each dialect read back, in Postgres."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import sqlglot

from certification.experiments import entry
from crm_lab import RFM, Tiers, open_workspace
from crm_lab.activation import DIALECTS, segment_sql
from crm_lab.data.rule_segments import AllOf, AnyOf, CustomerCondition, LineCondition, NotThat, RuleSegment
from crm_lab.segmentation import THREE_SEGMENTS
from crm_lab.segmentation.personas.shopper_clusters.shopper_clusters import ShopperClusters
from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features

SOURCES = ("cdnow", "complete_journey", "simulated:fashion,customers=2000")
RFMS = (RFM(), RFM(bins=3, rules=THREE_SEGMENTS), RFM(bins=7, method="natural_breaks"))
TIERS = (Tiers(), Tiers("cumulative"), Tiers("fixed", (500, 100)))


def scorings(tables: Any) -> Iterator[tuple[Any, pd.DataFrame]]:
    """Scorings of every kind that the data have, each with the lab's own ``customer_id`` and ``segment``."""
    customers = tables["customer_360"]
    for rfm in RFMS:
        own = rfm.fit(customers, as_of=tables.as_of)
        yield own.scoring, own.to_frame()[["customer_id", "segment"]]
    for tiers in TIERS:
        frame = tiers.analyze(customers, as_of=tables.as_of).customers
        yield tiers, frame.rename(columns={"tier": "segment"})[["customer_id", "segment"]]
    if "products" not in tables:
        return
    features = shopper_features(tables)
    names = [name for name in features.names if ":" not in name]
    scoring = ShopperClusters(features=tuple(names), k=4, repeats=2, draws=2).fit(features).scoring
    yield scoring, scoring.score(features)[["customer_id", "segment"]]
    for rule in rules(tables):
        members = rule.evaluate(tables)
        inside = members["member"].fillna(value=False).astype(bool)
        yield rule, members[["customer_id"]].assign(segment=pd.Series(rule.name, members.index).where(inside))


def rules(tables: Any) -> list[RuleSegment]:
    """Segments by rule of every kind of condition."""
    columns = tables.sql("select * from products limit 0").columns
    one, other = [name for name in ("category", "brand", "style", "scene") if name in columns][:2]
    known = tables.sql(f"select {one}, {other} from products where {one} is not null and {other} is not null limit 1")
    first, second = known.iloc[0]
    lines, few = (
        LineCondition(**{one: (first,)}, lines_at_least=2),
        LineCondition(**{other: (second,)}, share_at_most=0.5),
    )
    recent, day = LineCondition(**{one: (first,)}, days_since_at_most=20), tables.as_of
    return [
        RuleSegment("late", CustomerCondition(recency_days_at_least=5, orders_at_least=2), day, 365),
        RuleSegment("spend", CustomerCondition(revenue_at_least=100.5, tenure_days_at_most=400), day, 200),
        RuleSegment("night", LineCondition(hours=(20, 8), share_at_least=0.1), day, 365),
        RuleSegment("weekend", LineCondition(weekdays=(6, 7), orders_at_least=2), day, 365),
        RuleSegment("cheap", LineCondition(discounted=True, spend_share_at_least=1 / 3), day, 365),
        RuleSegment("mixed", AnyOf((AllOf((lines, NotThat(few))), recent)), day, 180),
    ]


def differing(found: pd.DataFrame, own: pd.DataFrame) -> int:
    """Customers without the lab's segment, or who are in one of the two only."""
    both = found.assign(customer_id=found["customer_id"].astype(str)).merge(
        own.assign(customer_id=own["customer_id"].astype(str)), on="customer_id", how="outer", indicator=True
    )
    left, right = (both[f"segment_{side}"].astype(object).fillna("-") for side in "xy")
    return int(((both["_merge"] != "both") | (left != right)).sum())


def certify_dialects() -> Iterator[dict[str, Any]]:
    """In DuckDB as it is, of the others as sqlglot brings them back to DuckDB: no customer differs."""
    for source in SOURCES:
        tables = open_workspace(source).at("latest")
        known = list(scorings(tables))
        for dialect in DIALECTS:
            wrong = people = 0
            for scoring, own in known:
                text = segment_sql(scoring, dialect, as_of=tables.as_of)
                found = tables.sql(sqlglot.transpile(text, read=dialect, write="duckdb")[0])
                wrong, people = wrong + differing(found, own), people + len(own)
            said = f"{len(known)} scorings, {people:,} customers"
            yield entry(f"activation.{dialect}_{source.partition(':')[0]}", wrong, 0, 0, said)


def certify_postgres() -> Iterator[dict[str, Any]]:
    """On a Postgres server of its own, where one is installed."""
    if shutil.which("initdb") is None and not Path("/usr/lib/postgresql").exists():
        return
    with postgres() as ask:
        for source in SOURCES:
            tables = open_workspace(source).at("latest")
            load(ask, tables)
            wrong = people = 0
            for scoring, own in scorings(tables):
                text = segment_sql(scoring, "postgres", as_of=tables.as_of)
                found = ask(f"copy ({text}) to stdout with (format csv, header)")
                wrong, people = wrong + differing(found, own), people + len(own)
            yield entry(f"activation.server_{source.partition(':')[0]}", wrong, 0, 0, f"Postgres, {people:,} customers")


@contextmanager
def postgres() -> Iterator[Any]:
    """A server for the time of the block, in a folder of its own, without a network; gives a function that asks it."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    with tempfile.TemporaryDirectory() as text:
        place = Path(text)
        shutil.chown(place, "postgres")
        run = partial(subprocess.run, check=True, stdout=subprocess.PIPE, cwd=place)
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        run([*as_user, programs / "initdb", "-D", place / "data", "-A", "trust", "-E", "UTF8", "--no-sync"])
        options = f"-c listen_addresses='' -c unix_socket_directories={place} -c fsync=off"
        run([*as_user, programs / "pg_ctl", "-D", place / "data", "-w", "-o", options, "-l", place / "log", "start"])

        def ask(query: str, given: Path | None = None) -> pd.DataFrame:
            words = [programs / "psql", "-h", str(place), "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-q", "-f", "-"]
            with tempfile.NamedTemporaryFile(dir=place) as out:
                script = query if given is None else f"\\copy {query} from '{given}' with (format csv, header)"
                subprocess.run(words, input=script.encode(), stdout=out, check=True)  # noqa: S603 - our own words
                return (
                    pd.read_csv(out.name, dtype=str) if out.tell() or Path(out.name).stat().st_size else pd.DataFrame()
                )

        try:
            yield ask
        finally:
            run([*as_user, programs / "pg_ctl", "-D", place / "data", "-w", "-m", "immediate", "stop"])


def load(ask: Any, tables: Any) -> None:
    """The tables that scorings read, with the types of the contract."""
    types = {"VARCHAR": "text", "DOUBLE": "double precision", "TINYINT": "smallint", "UTINYINT": "smallint",
             "USMALLINT": "integer", "UINTEGER": "bigint", "UBIGINT": "numeric"}  # fmt: skip
    for name in ("transactions", "products", "stores"):
        ask(f"drop table if exists {name};")
        if name not in tables:
            continue
        columns = tables.workspace.columns(name)
        made = ", ".join(f'"{c}" {types.get(str(kind), str(kind))}' for c, kind in columns.items())
        ask(f"create table {name} ({made});")
        with tempfile.NamedTemporaryFile(suffix=".csv") as file:
            text = ", ".join(f'"{c}"::varchar as "{c}"' for c in columns)
            tables.sql(f"select {text} from {name}").to_csv(file.name, index=False)
            ask(name, Path(file.name))
