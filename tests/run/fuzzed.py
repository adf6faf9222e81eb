"""Random suites, settings and names; whatever they are, the answer is a plan or one sentence."""

import random
import string
from pathlib import Path

from crm_lab.checks import BadInput, as_name
from crm_lab.cli.runs.scheduler_text import Moment
from crm_lab.run.archive.past_runs import find_run
from crm_lab.run.suites.plan import make_plan
from crm_lab.run.suites.suite import load_suite

SUITE = """title = "T"
lang = "en"
timeout_s = 600
max_data_age_days = 8
open_box = true
[parameters]
source = "complete_journey"
as_of = "latest"
[notify]
on = ["failure"]
mail = ["a@example.org"]
[[page]]
notebook = "01_trust_the_data"
[[page]]
notebook = "04_whom_to_call_first"
after = ["01_trust_the_data"]
[page.parameters]
n_calls = 50
"""
_PIECES = [
    *("", "=", "[", "]", "[[page]]", "'", '"', "\x00", "\n", "nan", "inf", "-1", "1e400", "true", "[]", "{}", "{a=1}"),
    *("2024-02-30", "💥", "名", "../..", "%s", "{0}", "04", "04.", ".bins", "bins", "as_of", "source", "\udcff"),
]


def _junk(chance):
    letters = "".join(chance.choices(string.printable, k=chance.randint(0, 12)))
    return "".join(chance.choices([*_PIECES, letters], k=chance.randint(1, 4)))


def _mutated(chance):
    lines = SUITE.splitlines()
    for _ in range(chance.randint(1, 3)):
        place, how = chance.randrange(len(lines)), chance.randrange(4)
        head = lines[place].partition("=")[0]
        lines[place] = ["", f"{head}= {_junk(chance)}", lines[place] + _junk(chance), _junk(chance)][how]
    chance.random() < 0.3 and chance.shuffle(lines)
    return "\n".join(lines)


def what_happens(seed, folder: Path, known):
    """Try one random input of each kind: the errors that are no sentence."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    settings = [f"{chance.choice(['', '04.', '01.'])}{_junk(chance)}={_junk(chance)}" for _ in range(2)]
    settings[0] = chance.choice([settings[0], f"bins={_junk(chance)}", f"04.as_of={_junk(chance)}"])
    name, moment, run = _junk(chance), _junk(chance), _junk(chance)
    path = folder / "fuzzed.toml"
    path.write_bytes(_mutated(chance).encode("utf-8", "surrogateescape"))
    good = folder / "good.toml"
    good.write_text(SUITE, encoding="utf-8")
    tries = {
        "suite": lambda: load_suite(str(path), folder, known),
        "setting": lambda: make_plan(load_suite(str(good), folder, known), known, settings, [name] if seed % 3 else []),
        "suite name": lambda: load_suite(name, folder, known),
        "name": lambda: as_name(name),
        "moment": lambda: Moment.of(moment),
        "run": lambda: find_run(folder, run),
    }
    return [f"{seed} {kind}: {said}" for kind, call in tries.items() if (said := _complaint(call))]


def _complaint(call):
    try:
        call()
    except BadInput as error:
        return "" if str(error).strip() else "no sentence"
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return f"{type(error).__name__}: {error}"[:200]
    return ""
