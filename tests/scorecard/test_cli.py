"""crm-lab claims: text, JSON, CSV; exit codes 0, 1 and 2."""

import json

import pytest
from click.testing import CliRunner

from crm_lab.cli import main

HONEST, DECKS = "data/samples/honest.yaml", "data/samples/decks.yaml"


@pytest.fixture
def claims():
    return lambda *arguments: CliRunner().invoke(main, ["claims", *map(str, arguments)])


def test_a_list_that_holds(claims):
    done = claims(HONEST)
    assert done.exit_code == 0
    assert "No finding." in done.output


def test_findings_as_text_in_both_languages(claims):
    done = claims(DECKS)
    assert done.exit_code == 1
    assert "Contradictions: 5." in done.output
    assert "contradiction · arithmetic · 000/dimensions\n  3 are announced, 4 are listed." in done.output
    assert "矛盾 · 算术 · 000/dimensions\n  说是 3 项，列出了 4 项。" in claims(DECKS, "--lang", "zh").output


def test_findings_as_json_and_csv(claims):
    content = json.loads(claims(DECKS, "--format", "json").output)
    assert (content["wrong"], len(content["findings"])) == (5, content["wrong"] + content["unclear"])
    assert content["findings"][0]["claims"] == ["004/a-test", "004/goal-repurchase"]
    lines = claims(DECKS, "--format", "csv").output.splitlines()
    assert lines[0] == "severity,finding,claims,ask,kind,rule"
    assert len(lines) == 1 + len(content["findings"])


def test_own_measured_values(claims, tmp_path):
    measured = tmp_path / "measured.csv"
    measured.write_text("metric,value,lo,hi,n,data\ntop20_revenue_share,0.7,0.69,0.71,100,complete_journey\n")
    done = claims(HONEST, "--measured", measured)
    assert done.exit_code == 1
    assert "54.5% is claimed; complete_journey gives 70.0% [69.0%, 71.0%]." in done.output


def test_what_cannot_be_used(claims, tmp_path):
    bad, empty = tmp_path / "bad.yaml", tmp_path / "empty.csv"
    bad.write_text("deck: d\nclaims: [{id: a, metric: nsp, value: 3}, {id: b, value: 3}]")
    empty.write_text("")
    done = claims(bad)
    assert done.exit_code == 2
    assert "claim d/a: metric is 'nsp'" in done.output
    assert "claim d/b: metric is missing." in done.output
    assert claims(tmp_path / "none.yaml").exit_code == 2
    assert claims(HONEST, "--measured", empty).exit_code == 2
