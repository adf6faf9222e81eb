"""The last lines of a run, which go into a scheduler's mail."""

from pathlib import Path

import pytest

from crm_lab.cli.progress import write_summary
from crm_lab.run.run_suite import Report


def page(simulated, status="ok"):
    result = {"headline": True, "simulated": simulated, "refusal": None, "readout": {"finding": "It pays."}}
    return {
        "number": "16",
        "notebook": "16_x",
        "question": "Did it pay?",
        "status": status,
        "reason": "Nobody came.",
        "command": "again",
        "results": [result],
    }


@pytest.mark.parametrize(("lang", "word"), [("en", "[simulated]"), ("zh", "[模拟]")])
def test_what_rests_on_simulated_data_says_so(capsys, lang, word):
    write_summary(Report(Path("run"), (page(True), page(False)), 0, 1.0), lang)
    lines = [line for line in capsys.readouterr().out.splitlines() if "Did it pay?" in line]
    assert [word in line for line in lines] == [True, False]


def test_contradictions_are_listed(capsys):
    write_summary(Report(Path("run"), (page(False),), 1, 1.0, contradictions=("a is 1 and 2",)), "en")
    assert "✗ The pages contradict each other:\n  a is 1 and 2\n" in capsys.readouterr().out


def test_data_that_cannot_answer_are_counted_apart(capsys):
    write_summary(Report(Path("run"), (page(False), page(False, "refused")), 0, 1.0), "en")
    said = capsys.readouterr().out
    assert "– 16 Did it pay?\n    Nobody came.\n" in said
    assert "1 of 2 pages are good, and 1 cannot be answered from these data" in said
