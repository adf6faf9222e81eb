"""Published runs made of nothing but their files, and changes of each cause planted into them."""

import copy
import json

from crm_lab.run.archive.past_runs import PastRun

PAGE = "04_whom_to_call_first"
IN_DATA = ("new_rows", "late_rows", "changed_days", "removed_rows", "other_tables")
KINDS = (*IN_DATA, "as_of", "parameter", "notebook",
         "code", "package", "definition")  # fmt: skip


def fact(id_, value, lo=None, hi=None, **more):
    return {"id": id_, "label": id_, "value": value, "lo": lo, "hi": hi, "level": 0.95, "unit": "USD",
            "kind": "estimate", "n": 10, "window": "", "denominator": "", "definition": "a sum", "better": "up",
            "refusal": None, **more}  # fmt: skip


def state(*facts, as_of="2024-03-31"):
    """What a run of one page is made from."""
    days = [f"2024-{month:02d}-{day:02d}" for month in (1, 2, 3, 4) for day in range(1, 29)]
    return {
        "facts": list(facts),
        "as_of": as_of,
        "key": "k1",
        "ledger": {"day": days[:84], "rows": [5] * 84, "digest": [f"d{n}" for n in range(84)]},
        "parameters": {"bins": 5, "as_of": as_of},
        "cells": "cells1",
        "code": "code1",
        "versions": {"pandas": "2.0", "duckdb": "1.0"},
    }


def write_run(suite_folder, run_id, made, *, exit_code=0, only=(), lang="en", refused=False):
    """Write a run's files, as a published run has them."""
    folder = suite_folder / run_id
    (folder / PAGE).mkdir(parents=True)
    (folder / "ledgers").mkdir()
    data = {"source": "shop", "title": "Shop", "as_of": made["as_of"], "key": made["key"], "rows": 3,
            "simulated": False, "currency": "USD"}  # fmt: skip
    result = {"id": "x", "headline": True, "facts": made["facts"], "data": data, "simulated": False, "refusal": None,
              "readout": {"finding": "found", "certainty": "sure", "action": "act"}}  # fmt: skip
    page = {"notebook": PAGE, "number": "04", "question": "Whom?", "status": "ok", "reason": "", "lang": lang,
            "parameters": made["parameters"], "results": [] if refused else [result]}  # fmt: skip
    entry = {"notebook": PAGE, "status": "ok", "sources_sha256": made["cells"], "parameters": made["parameters"]}
    manifest = {"suite": suite_folder.name, "title": "Weekly", "run_id": run_id, "lang": lang, "exit_code": exit_code,
                "only": list(only), "pages": [entry], "data": [data], "contradictions": [],
                "versions": made["versions"],
                "code": {"commit": made["code"], "sources_sha256": made["code"]}}  # fmt: skip
    (folder / PAGE / "results.json").write_text(json.dumps(page), encoding="utf-8")
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "ledgers" / f"{made['key']}.json").write_text(json.dumps(made["ledger"]), encoding="utf-8")
    (folder / "index.html").write_text("x", encoding="utf-8")
    return PastRun(folder)


def plant(made, kind, chance):
    """A copy of a state in which one thing is other than before, and the facts have moved by it.

    Args:
        made: A `state`.
        kind: One of `KINDS`.
        chance: A numpy generator: where and how much.
    """
    made = copy.deepcopy(made)
    if kind in IN_DATA:
        _plant_in_data(made, kind, chance)
    elif kind == "as_of":
        made["as_of"] = made["parameters"]["as_of"] = chance.choice(_seen(made)[:-1])
    elif kind == "parameter":
        made["parameters"]["bins"] += int(chance.integers(1, 40))
    elif kind == "package":
        made["versions"][chance.choice(["pandas", "duckdb"])] += ".1"
    elif kind == "definition":
        made["facts"][0]["definition"] += " net of returns"
    else:
        made[{"notebook": "cells", "code": "code"}[kind]] += "'"
    made["facts"][0]["value"] *= 0.9
    return made


def _plant_in_data(made, kind, chance):
    ledger, n = made["ledger"], int(chance.integers(1, 4))
    place = int(chance.integers(len(_seen(made)) - 1))
    made["key"] += f"-{kind}{place}"
    if kind == "new_rows":
        made["as_of"] = made["parameters"]["as_of"] = "2024-04-02"
        for day in ("2024-04-01", "2024-04-02"):
            for name, value in (("day", day), ("rows", n), ("digest", f"new{day}")):
                ledger[name].append(value)
    elif kind != "other_tables":
        ledger["rows"][place] += {"late_rows": n, "removed_rows": -n, "changed_days": 0}[kind]
        ledger["digest"][place] += "'"


def _seen(made):
    return [day for day in made["ledger"]["day"] if day <= made["as_of"]]


def named(change):
    """The causes that a change names, data by the kind of their rows."""
    found = set()
    for cause in change.causes:
        found |= set(cause.detail) if cause.kind == "data" else {cause.kind}
    return found
