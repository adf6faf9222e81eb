"""Files of all formats with bytes cut, flipped, zeroed or put in, and how the door answers them."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import pandas as pd

from crm_lab import BadInput, open_workspace
from crm_lab.data.connection import connect, workspaces_dir
from crm_lab.data.sources.evidence.findings import Answers
from crm_lab.data.sources.evidence.whole_reading import read_whole
from crm_lab.data.sources.files import described, file_source

HOW = ("cut", "flipped", "zeroed", "put in", "head off")


def sound_files(folder: Path) -> list[Path]:
    """One table of 200 rows as a file of each format."""
    days = pd.date_range("2024-01-01", periods=200)
    columns = {"order": [f"{i // 2}" for i in range(200)], "customer": [f"c{i % 7}" for i in range(200)]}
    columns |= {"item": [f"p{i % 5}" for i in range(200)], "amount": [i + 0.5 for i in range(200)]}
    table = pd.DataFrame({**columns, "date": days})
    names = ("a.xlsx", "a.parquet", "a.duckdb", "a.jsonl", "a.csv.gz", "a.csv")
    paths = [folder / name for name in names]
    table.to_excel(paths[0], index=False)
    table.to_parquet(paths[1])
    with duckdb.connect(str(paths[2])) as database:
        database.execute(f"create table sales as from '{paths[1]}'")
    table.to_json(paths[3], orient="records", lines=True, date_format="iso")
    table.to_csv(paths[4], index=False)
    table.to_csv(paths[5], index=False, encoding="utf-16")
    return paths


def damaged(content: bytes, dice: random.Random) -> bytes:
    """The content with damage of a random kind."""
    made, how = bytearray(content), dice.choice(HOW)
    place = dice.randrange(len(made))
    if how == "cut":
        return bytes(made[:place])
    if how == "flipped":
        for _ in range(dice.choice([1, 5, 50])):
            made[dice.randrange(len(made))] ^= 1 << dice.randrange(8)
    elif how == "zeroed":
        end = min(len(made), place + dice.choice([16, 512]))
        made[place:end] = bytes(end - place)
    elif how == "put in":
        made[place:place] = dice.randbytes(20)
    else:
        made[: dice.randint(1, 40)] = b""
    return bytes(made)


def door(path: Path) -> str:
    """``refused`` in words, ``asked``, or ``built``; anything else is raised."""
    home = workspaces_dir()
    try:
        whole = read_whole(connect(home).cursor(), home, [path], [], Answers())
        if whole.settled.questions or whole.proposal.missing:
            return "asked"
        reading = whole.proposal.reading
        form = {"format": reading.format, "delimiter": reading.delimiter, "encoding": reading.encoding,
                "query": reading.query, "skip_rows": reading.skip_rows, "sheets": reading.sheets}  # fmt: skip
        table = {
            "name": "damaged",
            "path": str(path),
            **form,
            **whole.settled.settings,
            "columns": whole.settled.columns,
        }
        workspace = open_workspace(file_source(described(table, "The file", Path())))
    except BadInput:
        return "refused"
    ledger = workspace.stored("ledger").set_index("item")["rows_touched"]
    assert ledger["raw"] == ledger["clean"] + ledger["quarantine"]
    return "built"
