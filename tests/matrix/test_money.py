"""Money of a run reconciles: each page's revenue is page 01's less named parts, and every page says the same parts."""

import json
from pathlib import Path

import pytest

from tests.matrix.cells import ROOT, crm_lab, project

SOURCES = {
    "complete_journey": "2017-12-31", "cdnow": "1998-06-30", "simulated:fashion": "2024-12-31",
    "simulated:beauty": "2024-12-31", "simulated:grocery": "2024-06-30", "simulated:messy": "2024-12-31",
}  # fmt: skip
UCI = ROOT.parent / "shared" / "data" / "online_retail_uci" / "online_retail_2010_2011.csv.gz"
OWN_FILES = {  # what a retailer brings, with what is said to `crm-lab init`
    ROOT / "data" / "samples" / "messy_orders.csv": ("--timezone", "Europe/Berlin", "--cancelled", "^ST"),
    UCI: ("--currency", "GBP", "--timezone", "Europe/London", "--cancelled", "^C", "--product", "usual"),
}
PAGES = (
    "01_trust_the_data", "03_who_are_our_customers", "04_whom_to_call_first", "05_did_they_move",
    "08_what_is_a_customer_worth",
)  # fmt: skip


def set_up(home: Path, source: str | Path) -> None:
    """Write the suite `money`: the pages on a source of the lab, or on a file as `crm-lab init` reads it."""
    pages = "".join(f'[[page]]\nnotebook = "{name}"\n' for name in PAGES)
    suite = home / "suites" / "money.toml"
    if isinstance(source, Path):
        said = crm_lab(home, "init", str(source), "--name", "money", *OWN_FILES[source])
        assert said.returncode == 0, said.stdout + said.stderr
        head = suite.read_text(encoding="utf-8").split("[[page]]")[0]
    else:
        head = f'title = "Money"\nopen_box = false\n[parameters]\nsource = "{source}"\nas_of = "{SOURCES[source]}"\n'
    suite.write_text(head + pages, encoding="utf-8")


def reconcile(source: str | Path, folder_of_run: Path) -> None:
    """Run the pages on a source and assert that their revenue is one, to the cent; `make certify` does so for all."""
    home = project(folder_of_run)
    set_up(home, source)
    said = crm_lab(home, "run", "money", "--jobs", "1", "-p", "08_what_is_a_customer_worth.holdout_days=91")
    assert said.returncode == 0, said.stdout
    folder = home / "outputs" / "money" / "latest"
    assert not json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["contradictions"]
    found = {}
    for path in folder.glob("*/results.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        facts = [fact for result in record["results"] for fact in result["facts"]]
        found[record["notebook"]] = {f["id"]: f["value"] for f in facts if f["id"].startswith("revenue.")}
    money = {page: {name: value for name, value in facts.items() if not name.endswith(("_share", "gini"))}
             for page, facts in found.items()}  # fmt: skip
    assert set(money) == set(PAGES)
    assert all(facts == money["01_trust_the_data"] for facts in money.values())
    steps = money["01_trust_the_data"]
    assert "revenue.unexplained" not in steps
    between = sum(value for name, value in steps.items() if name != "revenue.named")
    assert round(between, 2) == round(steps["revenue.named"], 2)
    assert (
        found["03_who_are_our_customers"]["revenue.top_20_share"] == found["05_did_they_move"]["revenue.top_20_share"]
    )


@pytest.mark.slow
def test_pages_agree_on_every_part_of_revenue_to_the_cent(tmp_path):
    reconcile(next(iter(OWN_FILES)), tmp_path)
