"""Exports of two shop systems go from `init` to a report without a file being edited, and its money is theirs."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import crm_lab
from crm_lab.cli import main
from crm_lab.project import project_root
from tests.cli.shop_exports import write_shopify, write_taobao

PAGES = ("00_start_here", "01_trust_the_data")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("write", "currency", "only", "n_pages"),
    [(write_shopify, "EUR", (), 8), (write_taobao, "CNY", ("--only", "00", "--only", "01"), 2)],
)
def test_an_export_goes_to_a_report(tmp_path, monkeypatch, write, currency, only, n_pages):
    (tmp_path / "suites").mkdir()
    shutil.copytree(project_root() / "notebooks", tmp_path / "notebooks")
    monkeypatch.setenv("CRM_LAB_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(Path(crm_lab.__file__).parents[1]))
    truth = write(tmp_path / "shop.csv")
    asked = CliRunner().invoke(main, ["init", str(tmp_path / "shop.csv")])
    assert asked.exit_code == 0, asked.output
    run = [sys.executable, "-m", "crm_lab.cli", "run", "shop", *only]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{n_pages} of {n_pages} pages are good" in done.stdout
    pages = max((tmp_path / "outputs" / "shop").glob("2*"))
    page = {name: json.loads((pages / name / "results.json").read_text(encoding="utf-8")) for name in PAGES}
    facts = {fact["id"]: fact for name in PAGES for result in page[name]["results"] for fact in result["facts"]}
    assert (round(facts["reconciliation.clean.money"]["value"], 2), facts["reconciliation.clean.money"]["unit"]) == (
        float(truth.net),
        currency,
    )
    assert facts["data.customers"]["value"] == len(truth.customers)
    assert facts["data.orders"]["value"] == len(truth.orders)
