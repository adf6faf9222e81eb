"""What a run says of itself is read whatever stands in it."""

import json

import pytest

from crm_lab.teach.sandbox.reports import read_report

GOOD = json.dumps({"status": 0, "late": False, "refused": {"kill": 2, "gone": 1}}).encode()
HELD = b'{"held": ["files", "nonsense"]}\n'


def read(report, verdict=GOOD, *, flooded=False):
    return read_report(report, verdict, flooded=flooded, seconds=1.0)


def test_a_good_run_is_read():
    cell = b'{"cell": "a", "error": null, "words": "", "seconds": 0.5, "answers": {"q": {"value": 3, "given": "3"}}}\n'
    ran = read(HELD + b'{"begins": "a"}\n' + cell + b'{"done": true}\n')
    assert (ran.ended, ran.held, ran.refused) == ("done", ("files",), {"kill": 2})
    assert ran.answers["q"] == {"value": 3, "given": "3"}


@pytest.mark.parametrize(
    ("verdict", "flooded", "ended"),
    [
        (b"", False, "unsafe"),
        (b'{"broken": "x"}', False, "unsafe"),
        (b'{"unsafe": "landlock"}', False, "unsafe"),
        (GOOD, True, "flooded"),
        (b'{"large": true}', False, "large"),
        (b'{"late": true}', False, "late"),
        (b'{"status": 9}', False, "died"),
    ],
)
def test_how_it_ended_is_the_keepers_word(verdict, flooded, ended):
    assert read(HELD + b'{"done": true}\n', verdict, flooded=flooded).ended == ended


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'{"cell": {"a": 1}, "answers": [1], "seconds": "long", "error": [1]}',
        b'{"cell": null, "answers": {"q": [1]}, "seconds": -1e999}',
        b'{"cell": "a", "answers": {"q": {"value": {"x": 1}}}}',
        b'{"cell": "a", "answers": {"q": {"value": true}}}',
        b'{"cell": "a", "answers": {"q": {"value": NaN}}}',
        b'{"cell": "a", "answers": {"q": {"value": 1' + b"0" * 4000 + b"}}}",
        b'{"reached": ["x"]}',
        b'{"begins": {}}',
        b"\xff\xfe",
    ],
)
def test_no_line_breaks_the_reading_or_becomes_an_answer(line):
    ran = read(HELD + line + b'\n{"done": true}\n')
    assert ran.ended == "done"
    assert {taken["value"] for taken in ran.answers.values()} <= {None}
    json.dumps([cell.words for cell in ran.cells]).encode()


def test_what_it_says_is_held_counts_in_the_first_line_only():
    assert read(HELD + b'{"held": ["user", "calls"]}\n').held == ("files",)


def test_so_many_cells_are_kept():
    assert len(read(HELD + b'{"cell": "a", "answers": {}}\n' * 5000).cells) == 2000
