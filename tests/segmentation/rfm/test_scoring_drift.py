import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import crm_lab
from crm_lab import open_workspace
from crm_lab.checks import BadInput
from crm_lab.mime import RESULT_MIME
from crm_lab.segmentation import RFM, compare_scorings, purchase_values

ROOT = Path(crm_lab.__file__).parents[1]


@pytest.fixture(scope="module")
def two_quarters(tmp_path_factory):
    """Page 04's steps at the end of September, saved, and at the end of December under the same cut points."""
    out = tmp_path_factory.mktemp("out")
    workspace = open_workspace("complete_journey")
    results = []
    for as_of in ("2017-09-30", "2017-12-31"):
        values = purchase_values(workspace.at(as_of)["transactions"], as_of=as_of, window_days=182)
        results.append(RFM().fit(values.frame, as_of=as_of, window_days=182))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRM_LAB_OUT", str(out))
        path = results[0].scoring.save()
    return results[1], results[1].under(str(path)), results[0]


def test_the_second_run_applies_the_first_runs_cut_points(two_quarters):
    fresh, scored, first = two_quarters
    assert scored.scoring == first.scoring
    assert fresh.scoring.cut_points != first.scoring.cut_points
    later = first.score(fresh.customers, as_of="2017-12-31").customers
    assert scored.customers["segment"].tolist() == later["segment"].tolist()


def test_the_difference_adds_up(two_quarters):
    fresh, scored, first = two_quarters
    frame = compare_scorings(scored, fresh).to_frame()
    assert frame["customers_then"].sum() == len(first.customers)
    assert frame["customers_now"].sum() == frame["customers_new_cuts"].sum() == len(fresh.customers)
    total = frame["share_new_cuts"] - frame["share_then"]
    assert (frame["by_customers"] + frame["by_cut_points"]).tolist() == pytest.approx(total.tolist())


def test_the_readout_tells_customers_from_cut_points(two_quarters):
    fresh, scored, _ = two_quarters
    drift = compare_scorings(scored, fresh)
    assert drift.readout().finding.text("en").startswith("Under the cut points of 2017-09-30, ")
    assert "cut points and rules stood still" in drift.readout().certainty.text("en")
    assert drift.renamed == (scored.customers["segment"] != fresh.customers["segment"]).sum() > 0
    assert drift.plot().get_title(loc="left") == "Same customers, two rulers"


def test_a_longer_history_is_said_to_lift_scores(two_quarters, complete_journey):
    _, _, first = two_quarters
    fresh = RFM().fit(complete_journey["customer_360"], as_of=complete_journey.as_of)
    scored = first.score(complete_journey["customer_360"], as_of=complete_journey.as_of)
    readout = compare_scorings(scored, fresh).readout()
    assert "365 days now and 182 then" in readout.certainty.text("en")
    assert "更长的历史" in readout.certainty.text("zh")


def test_a_first_run_has_nothing_to_compare(two_quarters):
    fresh, _, _ = two_quarters
    drift = compare_scorings(fresh, fresh.under(""))
    assert drift.first_run
    assert drift.renamed == 0
    assert drift.to_frame().empty  # a table of the same number three times says nothing
    assert "saved as rfm_scoring.toml" in drift.readout().text("en")
    assert drift.cut_points()["fitted"].equals(drift.cut_points()["fresh"])


def test_different_customers_are_refused(two_quarters):
    fresh, _, first = two_quarters
    with pytest.raises(BadInput, match="The two results hold different customers"):
        compare_scorings(first, fresh)


@pytest.mark.slow
def test_page_04_three_months_later_explains_the_difference(tmp_path):
    scoring = tmp_path / "2017-09-30" / "rfm_scoring.toml"
    pages = {}
    for as_of, file in (("2017-09-30", ""), ("2017-12-31", str(scoring))):
        out = tmp_path / as_of
        out.mkdir()
        notebook = tmp_path / f"{as_of}.ipynb"
        given = ["-p", "as_of", as_of, "-p", "window_days", "182", "-p", "scoring_file", file]
        command = [sys.executable, "-m", "papermill", "--no-progress-bar", "-k", "python3",
                   str(ROOT / "notebooks" / "04_whom_to_call_first.ipynb"), str(notebook), *given]  # fmt: skip
        environment = {**os.environ, "CRM_LAB_OUT": str(out), "PYTHONPATH": str(ROOT), "CRM_LAB_HOME": str(ROOT)}
        subprocess.run(command, check=True, env=environment, capture_output=True, timeout=300)
        pages[as_of] = published(notebook)
    assert "saved as rfm_scoring.toml" in pages["2017-09-30"]["scoring_drift"]["readout"]["finding"]
    later = pages["2017-12-31"]["scoring_drift"]["readout"]
    assert later["finding"].startswith("Under the cut points of 2017-09-30, ")
    assert "what moved are customers" in later["certainty"]
    assert (tmp_path / "2017-12-31" / "rfm_scoring.toml").read_text() == scoring.read_text()


def published(notebook):
    cells = nbformat.read(notebook, 4).cells
    outputs = (o for c in cells for o in c.get("outputs", []))
    found = [o["data"][RESULT_MIME] for o in outputs if RESULT_MIME in o.get("data", {})]
    return {payload["id"]: payload for payload in found}
