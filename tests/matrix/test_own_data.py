"""What a report on a retailer's own data states is about those data, and only what they can carry."""

import json

import pandas as pd
import pytest

from tests.matrix.cells import BROKEN, GOOD, REFUSED, project, run_cells, served
from tests.matrix.shapes import SHAPES


@pytest.fixture(scope="module", autouse=True)
def one_server():
    """Every command is forked from one process; in test_money each starts in a process of its own."""
    with served():
        yield


def results_of(home, name):
    """Every result of the latest run, with its page's number."""
    folder = max((home / "outputs" / name).glob("2*"))
    records = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*/results.json")]
    return [(record["notebook"][:2], result) for record in records for result in record["results"]]


@pytest.mark.slow
def test_where_value_is_refused_no_part_of_it_is_stated(tmp_path):
    home = project(tmp_path)
    ((cell,), _) = run_cells(home, SHAPES["loyal"], ("08",))
    assert cell.ending == REFUSED
    worth = ("clv.base_value", "clv.value_per_customer", "clv.group.", "clv.growth.", "clv.payback.", "clv.total.")
    facts = [fact for _, result in results_of(home, "loyal") for fact in result["facts"]]
    assert len(facts) > 10
    assert not [fact["id"] for fact in facts if fact["id"].startswith(worth) and fact["value"] is not None]
    page = next((home / "outputs" / "loyal").glob("2*/08*.html")).read_text(encoding="utf-8")
    assert "May we believe a model?" in page
    assert "Open the box" not in page  # the box is left out with its promise
    listed = pd.read_csv(next((home / "outputs" / "loyal").glob("2*/08*/customer_value.csv")))
    assert not {"value", "lo", "hi", "p_alive", "expected_purchases"} & set(listed)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nobody_leaves", "all_leave"])
def test_nobody_is_called_gone_or_contacted_where_nobody_leaves_and_no_page_makes_up_who_is_left(name, tmp_path):
    home = project(tmp_path)
    cells, _ = run_cells(home, SHAPES[name], ("08", "09", "11", "13"))
    endings = {cell.page: cell.ending for cell in cells}
    assert BROKEN not in endings.values()
    found = results_of(home, name)
    stated = {fact["id"] for _, result in found for fact in result["facts"] if fact["value"] is not None}
    if name == "nobody_leaves":
        assert endings == {"08": REFUSED, "09": GOOD, "11": REFUSED, "13": REFUSED}
        untold = (
            "clv.base_value",
            "clv.total.money",
            "clv.group.",
            "in_time.churn.",
            "churn.left",
            "churn.auc",
            "alerts.",
        )
        assert not [fact for fact in stated if fact.startswith(untold)]
        assert not list((home / "outputs" / name).glob("2*/13*/*.csv"))
    untrue = {"11", "13"} if name == "all_leave" else set()
    assert all(("Nobody is called gone" in c.words) == (c.page not in untrue) for c in cells if c.page in {"11", "13"})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain_test", "binary_test"])
def test_a_retailer_s_own_test_is_neither_simulated_nor_in_need_of_repair(name, tmp_path):
    home = project(tmp_path)
    cells, _ = run_cells(home, SHAPES[name])
    unknown = {"17"} if name == "binary_test" else set()  # what a purchase is worth, and what was known before
    assert {cell.page for cell in cells if cell.ending != GOOD} == unknown
    found = results_of(home, name)
    assert {page for page, _ in found} == {"14", "15", "16", "17"}
    assert not [result["id"] for _, result in found if result["simulated"] or result["id"] == "take_up"]
    said = " ".join(text for _, result in found for text in result["readout"].values())
    assert "Repair the test" not in said
    if name == "binary_test":
        assert "ROI" not in said
