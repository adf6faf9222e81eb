"""What is new since the last run: the right cause is named, nothing is said of nothing, and a fall is called."""

import dataclasses
import json

import numpy as np
import pytest

from crm_lab.run.archive.causes import Cause
from crm_lab.run.archive.changes import changes_since, compare_runs
from crm_lab.run.archive.past_runs import last_good, past_runs, runs_before
from crm_lab.run.html.change_sentences import cause_sentence, sentence, sentences
from tests.run.archive.made_runs import KINDS, fact, named, plant, state, write_run


def two(tmp_path, before, after):
    return write_run(tmp_path, "2024-04-01T06-00-00Z", before), write_run(tmp_path, "2024-04-08T06-00-00Z", after)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
def test_each_cause_is_named_and_no_other(tmp_path, kind, seed):
    before = state(fact("a.sum", 100.0), fact("a.same", 7))
    found = compare_runs(*two(tmp_path, before, plant(before, kind, np.random.default_rng(seed))))
    (change,) = found.facts
    expected = {"as_of", kind} if kind == "new_rows" else {kind}
    assert named(change) == expected
    assert (change.verdict == "not_comparable") == (kind in ("parameter", "definition"))
    assert (change.before, change.after) == (100.0, 90.0)


@pytest.mark.parametrize("seed", range(20))
def test_several_causes_at_once_are_all_named(tmp_path, seed):
    chance = np.random.default_rng(seed)
    kinds = [
        str(k)
        for k in chance.choice([k for k in KINDS if k not in ("new_rows", "as_of", "other_tables")], 3, replace=False)
    ]
    before = after = state(fact("a.sum", 100.0))
    for kind in kinds:
        after = plant(after, kind, chance)
    (change,) = compare_runs(*two(tmp_path, before, after)).facts
    rows = {"late_rows", "changed_days", "removed_rows"}  # two of them may meet on one day
    assert named(change) - rows == set(kinds) - rows
    assert bool(named(change) & rows) == bool(set(kinds) & rows)


def test_a_run_on_the_same_says_nothing(tmp_path):
    made = state(fact("a.sum", 100.0, 90.0, 110.0))
    found = compare_runs(*two(tmp_path, made, made))
    assert (found.facts, found.compared) == ((), 1)
    assert sentences(found, "en") == ["Nothing has changed since 2024-04-01 06:00 UTC."]


def test_rows_after_the_last_day_that_counts_are_no_cause(tmp_path):
    before = state(fact("a.sum", 100.0))
    after = plant(before, "code", np.random.default_rng(1))
    after["key"] = "k2"
    after["ledger"] = {name: [*column, more] for (name, column), more in
                       zip(before["ledger"].items(), ("2024-05-01", 9, "z"), strict=True)}  # fmt: skip
    (change,) = compare_runs(*two(tmp_path, before, after)).facts
    assert "new_rows" not in named(change)


def test_facts_that_come_and_go_are_said(tmp_path):
    found = compare_runs(*two(tmp_path, state(fact("a.old", 1)), state(fact("a.new", 2))))
    assert {change.id: change.verdict for change in found.facts} == {"a.old": "gone", "a.new": "appeared"}


def test_another_language_is_no_other_definition(tmp_path):
    before, after = state(fact("a.sum", 100.0)), state(fact("a.sum", 90.0, definition="合计"))
    first = write_run(tmp_path, "2024-04-01T06-00-00Z", before)
    second = write_run(tmp_path, "2024-04-08T06-00-00Z", after, lang="zh")
    (change,) = compare_runs(first, second).facts
    assert change.verdict == "unknown"


def weekly(tmp_path, values, error=2.0):
    """Runs week after week, each compared with those before it as `crm-lab run` does."""
    found = []
    for week, value in enumerate(values):
        made = state(fact("share.back", value, value - 1.96 * error, value + 1.96 * error, unit="share"))
        made["key"] = f"k{week}"
        past = past_runs(tmp_path)
        run = write_run(tmp_path, f"2024-{1 + week // 4:02d}-{1 + 7 * (week % 4):02d}T06-00-00Z", made)
        if past:
            found.append(compare_runs(past[-1], run, past))
            (run.folder / "changes.json").write_text(json.dumps(found[-1].to_json()), encoding="utf-8")
    return found


def test_a_fall_is_called_once_and_then_is_the_new_usual(tmp_path):
    noise = np.random.default_rng(3).normal(0, 1, 30)
    values = [60 + e if week < 20 else 42 + e for week, e in enumerate(noise)]
    called = [week + 1 for week, found in enumerate(weekly(tmp_path, values)) if found.unusual]
    assert called == [20]


def test_the_message_says_what_fell_by_how_much_and_why(tmp_path):
    changes = weekly(tmp_path, [0.60, 0.61, 0.59, 0.60, 0.61, 0.42], error=0.01)[-1]
    head, told = sentences(changes, "en")
    assert head == "Since 2024-02-01 06:00 UTC 1 of 1 figures have moved more than usual:"
    assert told.startswith("share.back (04): 42.0%, was 61.0% (−19.0 pp). Cause: ")
    assert "42.0%" in sentences(changes, "zh")[1]


def test_runs_are_in_order_of_their_start_and_damaged_ones_are_none(tmp_path):
    for name in ("2024-01-01T00-00-00Z-10", "2024-01-01T00-00-00Z", "2024-01-01T00-00-00Z-2"):
        write_run(tmp_path, name, state(fact("a", 1)))
    (tmp_path / "2024-01-02T00-00-00Z").mkdir()
    (tmp_path / "2024-01-02T00-00-00Z" / "manifest.json").write_text("{", encoding="utf-8")
    assert [run.id[20:] for run in past_runs(tmp_path)] == ["", "-2", "-10"]
    write_run(tmp_path, "2024-01-03T00-00-00Z", state(fact("a", 1)), exit_code=1)
    write_run(tmp_path, "2024-01-04T00-00-00Z", state(fact("a", 1)), only=["04"])
    good = last_good(past_runs(tmp_path))
    assert good.id == "2024-01-01T00-00-00Z-10"
    assert [run.id[20:] for run in runs_before(good)] == ["", "-2"]
    assert changes_since(last_good(runs_before(good)), good).before == "2024-01-01T00-00-00Z-2"


def test_data_of_a_run_that_kept_no_record_are_only_called_others(tmp_path):
    before = state(fact("a.sum", 100.0))
    runs = two(tmp_path, before, plant(before, "late_rows", np.random.default_rng(1)))
    (runs[0].folder / "ledgers" / "k1.json").unlink()
    (change,) = compare_runs(*runs).facts
    assert named(change) == {"unrecorded"}


def test_what_cannot_be_told_yet_is_not_called_usual_and_settings_are_named(tmp_path):
    before = state(fact("a.sum", 100.0), fact("b.sum", 100.0))
    told = sentences(compare_runs(*two(tmp_path, before, plant(before, "parameter", np.random.default_rng(1)))), "en")
    assert told[0].endswith("0 as usual, 0 with too few runs to tell yet, 1 not comparable, new or gone.")
    assert told[1].startswith("Cause: bins is ")


def falling(n, *twins):
    """Facts of which each falls less than the one before it, and some by the same name for the same fall."""
    falls = [(f"f{place}.orders", 20.0 + place) for place in range(n)] + [(name, 20.0) for name in twins]
    before = state(*(fact(name, 50.0, 49.0, 51.0, unit="orders") for name, _ in falls))
    after = state(*(fact(name, value, value - 1, value + 1, unit="orders") for name, value in falls))
    return before, after | {"key": "k2"}


@pytest.mark.parametrize(("n", "told_of"), [(1, 0), (3, 2), (4, 3), (6, 3)])
def test_one_fall_is_one_sentence_however_many_figures_of_its_page_show_it(tmp_path, n, told_of):
    runs = two(tmp_path, *falling(n, "twin.orders"))
    head, line = sentences(compare_runs(*runs, [runs[0]]), "en")
    assert f"{n + 1} of {n + 1} figures" in head
    assert line.startswith("f0.orders (04): 20, was 50 (−60.0%). Cause: ")
    assert line.count("orders (−") == told_of
    assert "twin" not in line
    assert (f"and {n - 1 - told_of} more of this page" in line) == (n - 1 > told_of)


def test_a_cause_is_said_once(tmp_path):
    before, after = (write_run(tmp_path, f"2024-04-0{n + 1}T06-00-00Z", s) for n, s in enumerate(falling(1)))
    found = compare_runs(before, after, [before])
    other = dataclasses.replace(found.facts[0], notebook="06_back-Bonn", page="06 Bonn", before=7.0)
    told = sentences(dataclasses.replace(found, facts=(*found.facts, other)), "en")
    assert [("Cause: " in line) for line in told] == [False, True, False]
    assert told[2].startswith("f0.orders (06 Bonn): ")


@pytest.mark.parametrize(("sources", "more"), [(1, ""), (5, ""), (6, "1 more"), (40, "35 more")])
def test_what_has_moved_many_sources_is_said_once_and_their_rows_only_of_the_first(sources, more):
    names = [f"shop,city={n}" for n in range(sources)]
    days = [Cause("as_of", name, "2024-03-24", "2024-03-31") for name in names]
    rows = [Cause("data", name, "a", "b", {"new_rows": n + 1}, title=f"Shop · {n}") for n, name in enumerate(names)]
    said = cause_sentence((*days, *rows), "en")
    assert said.startswith("Cause: last day 2024-03-31, was 2024-03-24; 1 new rows of Shop · 0")
    assert said.count("last day") == 1
    assert said.count("new rows") == min(sources, 5)
    assert said.endswith(f"; {more}." if more else f"{sources} new rows of Shop · {sources - 1}.")


def test_money_is_written_as_on_cards(tmp_path):
    before, after = (fact("a.sum", value, kind="fact") for value in (2_000.25, 1_000.5))
    (change,) = compare_runs(*two(tmp_path, state(before), state(after) | {"key": "k2"})).facts
    assert sentence(change, "en").startswith("a.sum (04): $1,000.50, was $2,000.25 (−50.0%).")


@pytest.mark.parametrize("refused", [0, 1])
def test_a_page_that_answers_in_one_of_two_runs_only_has_its_cause(tmp_path, refused):
    before = state(fact("a.sum", 100.0))
    states = (before, plant(before, "late_rows", np.random.default_rng(1)))
    runs = [
        write_run(tmp_path, f"2024-04-0{n + 1}T06-00-00Z", one, refused=n == refused) for n, one in enumerate(states)
    ]
    (change,) = compare_runs(*runs).facts
    assert change.verdict == ("appeared", "gone")[refused]
    assert named(change) == {"late_rows"}


def test_what_was_nothing_has_no_relative_change_and_no_cause_is_said_to_be_none(tmp_path):
    runs = two(tmp_path, state(fact("a.sum", 0.0)), state(fact("a.sum", 5.0)))
    (change,) = compare_runs(*runs).facts
    assert sentence(change, "en") == "a.sum (04): $5.00, was $0.00. What moved it is not on record."
