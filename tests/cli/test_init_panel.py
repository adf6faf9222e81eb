"""`crm-lab init` of a panel: what it says, asks and writes."""

import tomllib
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from crm_lab.cli import main
from crm_lab.experiments.origins.panels.panel_file import PanelFile
from crm_lab.project import project_root
from crm_lab.run.suites.suite import Suite

SAMPLE = Path("data/samples/city_sales.csv")


@pytest.fixture
def lab(tmp_path, monkeypatch):
    sample = project_root() / SAMPLE
    (tmp_path / "suites").mkdir()
    monkeypatch.setenv("CRM_LAB_HOME", str(tmp_path))
    return tmp_path, sample


def run(path, *options):
    return CliRunner().invoke(main, ["init", str(path), *options])


def test_the_sample_becomes_a_suite_of_page_18(lab):
    home, sample = lab
    done = run(sample, "--margin-share", "0.5", "--cost", "4200", "--roi-target", "1.5", "--currency", "EUR")
    assert done.exit_code == 0, done.output
    assert "city_sales.csv: a panel, one row per unit and period; 1,320 rows" in done.output
    assert "treated from 2023-07-03: Delva, Estra, Grona, Helmo, Nerva" in done.output
    assert "Not known" not in done.output
    path = home / "suites" / "city_sales.toml"
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    assert told["parameters"] == {"source": "", "panel_file": "suites/city_sales.toml"}
    assert told["page"] == [{"notebook": "18_can_five_cities_decide"}]
    assert Suite.model_validate(told).left_out  # exercises are on the lab's own data
    panel = PanelFile(file="suites/city_sales.toml").open()
    assert (len(panel.units), panel.cost, panel.margin_share, panel.roi_target) == (20, 4200.0, 0.5, 1.5)
    assert panel.currency == "EUR"


def test_terms_that_nobody_said_are_asked_and_not_assumed(lab):
    home, sample = lab
    done = run(sample)
    assert (
        "Not known: margin_share, cost, roi_target. Without them page 18 reads the effect and no return" in done.output
    )
    told = tomllib.loads((home / "suites" / "city_sales.toml").read_text(encoding="utf-8"))
    assert not {"margin_share", "cost", "roi_target"} & set(told["panel"])
    assert "# margin_share = " in (home / "suites" / "city_sales.toml").read_text(encoding="utf-8")


def test_the_treated_are_named_on_the_command_line_in_any_case(lab, tmp_path):
    frame = pd.read_csv(lab[1])[["city", "week", "sales"]]
    frame.to_csv(tmp_path / "plain.csv", index=False)
    plain = run(tmp_path / "plain.csv")
    assert "Nobody is marked as treated" in plain.output
    assert "--treated 'NAME, NAME' --start DATE" in plain.output
    named = run(tmp_path / "plain.csv", "--treated", "alba, Selma", "--start", "2023-07-03", "--force")
    assert "treated from 2023-07-03: Alba, Selma" in named.output
    wrong = run(tmp_path / "plain.csv", "--treated", "alba, Rome", "--start", "2023-07-03", "--force")
    assert wrong.exit_code == 2
    assert "'Rome' is neither: units are Alba" in wrong.output
    when = run(tmp_path / "plain.csv", "--treated", "Alba", "--force")
    assert when.exit_code == 2
    assert "Treated are Alba, but not from when; say --start DATE" in when.output


def test_nothing_is_written_where_something_is_asked(lab, tmp_path):
    frame = pd.read_csv(lab[1]).drop(index=[5])
    frame.to_csv(tmp_path / "holes.csv", index=False)
    asked = run(tmp_path / "holes.csv")
    assert asked.exit_code == 2
    assert "--missing-outcome zero, or --missing-outcome drop" in asked.output
    assert not (lab[0] / "suites" / "holes.toml").exists()
    told = run(tmp_path / "holes.csv", "--missing-outcome", "zero")
    assert told.exit_code == 0, told.output
    assert "1 periods without a row count as 0: Alba." in told.output


def test_wide_files_are_written_as_they_are(lab, tmp_path):
    wide = pd.read_csv(lab[1]).pivot_table(index="week", columns="city", values="sales").T.reset_index()
    wide.insert(1, "manager", "somebody")
    wide.to_excel(tmp_path / "wide.xlsx", index=False)
    done = run(tmp_path / "wide.xlsx", "--treated", "Alba", "--start", "2023-07-03")
    assert done.exit_code == 0, done.output
    assert "one row per unit, one column per period" in done.output
    told = tomllib.loads((lab[0] / "suites" / "wide.toml").read_text(encoding="utf-8"))["panel"]
    assert (told["layout"], told["ignored"], told["treated"]) == ("rows", ["manager"], ["Alba"])
    assert PanelFile(file="suites/wide.toml").open().wide().shape == (66, 20)


def test_it_speaks_chinese(lab):
    done = run(lab[1], "--lang", "zh")
    assert done.exit_code == 0, done.output
    assert "面板数据，每行一个单元和时期" in done.output
    assert "从 2023-07-03 起实施" in done.output


def test_the_sample_can_still_be_called_a_test(lab):
    assert run(lab[1], "--as", "test").exit_code == 2
