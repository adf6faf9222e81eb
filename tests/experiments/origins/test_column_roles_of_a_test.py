"""`crm-lab init` on a test with one row per unit: what is seen, what is asked, what is written."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import crm_lab
from crm_lab.cli import main
from crm_lab.data.sources.first_look.first_rows import look_at
from crm_lab.experiments import Effects, mean_of
from crm_lab.experiments.origins.column_roles_of_a_test import looks_like_a_test, recognise
from crm_lab.experiments.origins.file_test import OwnTest
from crm_lab.project import project_root
from crm_lab.simulate import make_retailer, open_key

SAMPLES = project_root() / "data" / "samples"
TEST = SAMPLES / "loyalty_test.csv"


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """An empty project of its own."""
    for folder in ("suites", "notebooks"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv("CRM_LAB_HOME", str(tmp_path))
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, ["init", *map(str, arguments)])


def write(folder, **columns):
    """A file with 200 units."""
    n, rng = 200, np.random.default_rng(8)
    known = {
        "member": [f"m{i}" for i in range(n)], "group": ["control", "offer"] * (n // 2),
        "spend": rng.gamma(2, 30, n).round(2), "spend_before": rng.gamma(2, 30, n).round(2),
    }  # fmt: skip
    frame = pd.DataFrame({k: v for k, v in {**known, **columns}.items() if v is not None})
    frame.to_csv(folder / "t.csv", index=False)
    return folder / "t.csv"


def test_the_sample_is_seen_for_what_it_is():
    look = look_at(TEST)
    assert looks_like_a_test(look)
    seen = recognise(look, {})
    assert seen.roles == {
        "arm": "group", "unit": "member_id", "segments": ("tier",), "assigned_on": "assigned_on",
        "outcome_until": "outcome_until", "covariates": ("spend_before", "orders_before"),
        "funnel": ("enrolled", "redeemed"), "metrics": ("orders",), "margin": "margin", "later": "margin_later",
        "rewards": "reward_cost", "outcome": "spend",
    }  # fmt: skip
    assert (seen.control, seen.weeks, seen.date_format, seen.unused) == ("hold-out", 26, "", ())


def test_purchases_are_not_taken_for_a_test():
    assert not looks_like_a_test(look_at(SAMPLES / "messy_orders.csv"))


def test_purchases_with_a_product_group_are_purchases(tmp_path):
    """A column called group makes no test of a file that can be read as purchases, unless it names a control."""
    frame = pd.DataFrame({"Kd": [f"k{i % 40}" for i in range(80)], "date": "2024-01-05", "amount": range(80),
                          "group": ["tea", "honey"] * 40})  # fmt: skip
    frame.to_csv(tmp_path / "t.csv", index=False)
    look = look_at(tmp_path / "t.csv")
    assert not looks_like_a_test(look, purchases=True)
    assert looks_like_a_test(look)
    assert looks_like_a_test(look, arm="group", purchases=True)
    frame.assign(group=["control", "offer"] * 40).to_csv(tmp_path / "t.csv", index=False)
    assert looks_like_a_test(look_at(tmp_path / "t.csv"), purchases=True)


def test_the_sample_is_small_says_it_is_simulated_and_agrees_with_its_key():
    assert TEST.stat().st_size <= 100_000
    own = OwnTest(file=str(TEST), arm="group", control="hold-out", unit="member_id", covariates="spend_before")
    assert own.tables().simulated
    test = own.open()
    key = open_key(make_retailer("fashion", n_customers=1300, seed=11)).customers.set_index("customer_id")
    truth = key.loc[test.frame["member_id"]]
    found = Effects(metrics=(mean_of("spend"),)).analyze(test).headline.found
    assert found.lo < (truth["spend_1"] - truth["spend_0"]).mean() < found.hi
    world = np.where(truth["treated"], truth["spend_1"], truth["spend_0"])
    np.testing.assert_allclose(test.frame["spend"], world, atol=0.006)


def test_init_writes_a_suite_of_the_four_pages(lab):
    result = run(TEST, "--as-of", "2024-09-30")
    assert result.exit_code == 0, result.output
    for part in ("a test, one row per unit", "control          <- hold-out of hold-out, offer", "26 columns with the",
                 "740 units: hold-out 373, offer 367", "set the programme's terms", "run loyalty_test"):  # fmt: skip
        assert part in result.output
    suite = tomllib.loads((lab / "suites" / "loyalty_test.toml").read_text())
    assert [page["notebook"][:2] for page in suite["page"]] == ["14", "15", "16", "17"]
    assert suite["parameters"]["margin_share"] == pytest.approx(0.521)  # as measured
    assert OwnTest(file=str(lab / "suites" / "loyalty_test.toml")).open().judged == ("spend", "orders")
    assert "--force to write over it" in run(TEST).output


@pytest.mark.parametrize(
    ("columns", "sentence", "answer"),
    [
        (
            {"variant": ["a", "b"] * 100},
            "2 columns may hold the arm: group (control, offer); variant (a, b)",
            ("--column", "arm=group"),
        ),
        ({"group": ["A", "B"] * 100}, "told from the arms in group: A, B. Say which it is, e.g. --control A",
         ("--control", "A")),
        ({"revenue": range(200)}, "The outcome may be spend, revenue. Say which, e.g. --column outcome=spend",
         ("--column", "outcome=spend")),
        ({"group": ["control"] * 30 + ["offer"] * 170}, "not of equal size (control 30, offer 170). Was that the plan?",
         ("--control-share", "0.15")),
        ({"assigned_on": ["03/04/2024"] * 200}, "Day and month cannot be told apart in '03/04/2024'",
         ("--date-format", "%d/%m/%Y")),
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_asked_and_the_answer_taken(lab, tmp_path, columns, sentence, answer):
    path = write(tmp_path, **columns)
    asked = run(path)
    assert asked.exit_code == 2
    assert sentence in asked.output
    assert not list((lab / "suites").iterdir())
    assert run(path, *answer).exit_code == 0


def test_no_arm_and_no_outcome_are_asked_for(lab, tmp_path):
    plain = run(write(tmp_path, group=None), "--as", "test")
    assert "No column seems to hold the arm (2 to 10 groups); name it, e.g. --column arm=YOUR_COLUMN" in plain.output
    empty = run(write(tmp_path, spend=None))
    assert "No column of numbers is left for the outcome" in empty.output


def test_wrong_columns_and_roles_are_refused_together(lab, tmp_path):
    wrong = run(write(tmp_path), "--as", "test", "--column", "colour=spend", "--column", "outcome=x")
    assert wrong.exit_code == 2
    assert "there is no role 'colour' in a test" in wrong.output
    assert "there is no column 'x'" in wrong.output


def test_a_test_that_cannot_be_used_is_refused_before_anything_is_written(lab, tmp_path):
    ids = [f"m{i // 2 if i < 6 else i}" for i in range(200)]
    moved = run(write(tmp_path, member=ids))
    assert moved.exit_code == 2
    assert "3 units are in more than one arm" in moved.output
    assert not list((lab / "suites").iterdir())


def test_a_file_without_past_ids_or_weeks_says_what_is_missing(lab, tmp_path):
    result = run(write(tmp_path, member=None, spend_before=None, age=[i % 60 for i in range(200)]))
    assert result.exit_code == 0
    for part in ("no id: every row is a unit", "not used: age", "--column covariates=age", "balance cannot be checked",
                 "No outcome by week"):  # fmt: skip
        assert part in result.output


def test_margin_and_sales_in_other_windows_are_one_measure(tmp_path):
    seen = recognise(look_at(write(tmp_path, margin=range(200), spend_later=range(200))), {})
    assert "later" not in seen.roles
    assert "spend_later" in seen.unused
    chosen = recognise(look_at(write(tmp_path, margin=range(200), spend_later=range(200))), {"later": "spend_later"})
    assert chosen.roles["later"] == "spend_later"


def test_chinese_names_are_known(tmp_path):
    frame = pd.DataFrame(
        {
            "会员号": range(40),
            "分组": ["对照组", "实验组"] * 20,
            "消费": range(40),
            "活动前消费": range(40),
            "等级": "甲",
        }
    )
    frame.to_csv(tmp_path / "t.csv", index=False, encoding="gb18030")
    seen = recognise(look_at(tmp_path / "t.csv"), {})
    assert seen.control == "对照组"
    assert (seen.roles["outcome"], seen.roles["covariates"], seen.roles["unit"]) == ("消费", ("活动前消费",), "会员号")


def test_arms_of_0_and_1_are_control_and_treatment(tmp_path):
    seen = recognise(look_at(write(tmp_path, group=None, treated=[0, 1] * 100)), {})
    assert (seen.roles["arm"], seen.control) == ("treated", "0")


@pytest.mark.slow
@pytest.mark.parametrize("thin", [False, True], ids=["sample", "no past, no dates"])
def test_from_init_to_decision_without_code(tmp_path, monkeypatch, thin):
    """The issue's own words: a one-row-per-unit CSV goes to design, soundness and decision from `crm-lab init`."""
    here = project_root()
    home = tmp_path / "home"
    (home / "suites").mkdir(parents=True)
    (home / "data").mkdir()
    shutil.copytree(here / "notebooks", home / "notebooks")
    monkeypatch.setenv("CRM_LAB_HOME", str(home))
    monkeypatch.setenv("PYTHONPATH", str(Path(crm_lab.__file__).parents[1]))
    kept = pd.read_csv(TEST)[["group", "spend"]] if thin else pd.read_csv(TEST)
    kept.to_csv(home / "data" / "loyalty_test.csv", index=False)
    asked = run(home / "data" / "loyalty_test.csv", "--as-of", "2024-09-30")
    assert asked.exit_code == 0, asked.output
    command = [sys.executable, "-m", "crm_lab.cli", "run", "loyalty_test"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 of 4 pages are good" in done.stdout, done.stdout
    pages = home / "outputs" / "loyalty_test" / "latest"
    decision = json.loads((pages / "16_did_the_programme_pay" / "decision.json").read_text(encoding="utf-8"))
    # the thin file has lost the column that says that it is simulated, and nobody has said what the programme cost
    assert (decision["decision"], decision["withheld"]) == (None, "terms" if thin else "simulated")
    assert decision["break_evens"]
    assert decision["data"]["rows"] == 740
    assert decision["simulated"] is not thin


def test_of_several_treatments_init_asks_for_one(lab, tmp_path):
    path = write(tmp_path, group=["control", "letter", "sms", "control"] * 50)
    asked = run(path)
    assert asked.exit_code == 2
    assert "group has 3 arms (control 100, letter 50, sms 50)" in asked.output
    told = run(path, "--treatment", "sms", "--control-share", "0.67")
    assert told.exit_code == 0, told.output
    assert 'treatment = "sms"' in (lab / "suites" / "t.toml").read_text()


LATIN_SENTENCE = re.compile(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}")


@pytest.mark.parametrize(
    ("columns", "flags"),
    [({}, ()), ({"member": None, "spend_before": None, "age": range(200)}, ()),
     ({"group": ["A", "B"] * 100}, ()), ({"revenue": range(200)}, ()), ({"group": None}, ("--as", "test")),
     ({"spend": None}, ()), ({"group": ["control"] * 30 + ["offer"] * 170}, ()),
     ({"assigned_on": ["03/04/2024"] * 200}, ()), ({"group": ["control", "a", "b", "b"] * 50}, ()),
     ({"responded": ["no", "yes"] * 100}, ("--column", "arm=responded", "--control", "no")),
     ({"spend": [None, *range(199)]}, ()), ({}, ("--column", "colour=spend")), ({}, ("--column", "outcome=x"))],
)  # fmt: skip
def test_init_of_a_test_speaks_chinese(lab, tmp_path, columns, flags):
    """Whatever it finds, asks or refuses: no English sentence is left."""
    said = run(write(tmp_path, **columns), *flags, "--lang", "zh").output.replace("\n", "  ")
    assert re.search("[\u4e00-\u9fff]", said)
    assert not LATIN_SENTENCE.search(said), said
    for suite in (lab / "suites").glob("*.toml"):
        assert "毛利占消费的比例" in suite.read_text(encoding="utf-8")


IDS = [f"{i}" for i in range(200)]


@pytest.mark.parametrize(
    ("columns", "roles", "numbers"),
    [({"store_id": [f"S{i % 10}" for i in range(200)]}, {"unit": "member", "segments": ("store_id",)}, ()),
     ({"member": [f"m{i % 50}" for i in range(200)], "household": IDS}, {"unit": "member"}, ()),
     ({"member": None, "cust": IDS}, {"unit": "cust"}, ()),
     ({"spend": None, "basket": [i % 7 for i in range(200)], "basket_before": [i % 9 for i in range(200)],
       "spend_before": None}, {"outcome": "basket", "covariates": ("basket_before",)}, ()),
     ({"delivered": [i % 2 for i in range(200)], "exposure": [i % 3 for i in range(200)]}, {}, ()),
     ({"age": [20 + i % 50 for i in range(200)]}, {}, ("age",)),
     ({"exposed_on": ["2024-05-01"] * 200, "outcome_date": ["2024-06-01"] * 200},
      {"assigned_on": "exposed_on", "outcome_until": "outcome_date"}, ())],
)  # fmt: skip
def test_columns_of_public_tests_have_their_roles(tmp_path, columns, roles, numbers):
    """Ids of rows and of groups, outcomes with a past of their own, what is known only afterwards, days."""
    seen = recognise(look_at(write(tmp_path, **columns)), {})
    assert roles.items() <= seen.roles.items()
    assert seen.numbers == numbers


def test_slots_of_time_without_an_id_are_asked_about(lab, tmp_path):
    days = [f"2024-03-{1 + i // 8:02d}" for i in range(200)]
    path = write(tmp_path, member=None, date=days)
    assert "No column names the units, and date holds days" in run(path).output
    mixed = run(path, "--column", "cluster=date")
    assert "date was what was assigned, but 25 of its 25 levels have units of both arms" in mixed.output
    assert "are in one arm" not in mixed.output
    assert run(path, "--column", "assigned_on=date", "--force").exit_code == 0


def test_days_that_nobody_checks_are_named(lab, tmp_path):
    said = run(write(tmp_path, sent=["2024-05-01"] * 200)).output
    assert "days that nobody checks: sent" in said
    assert "covariates=" not in said


def test_a_share_that_was_stated_is_what_sizes_are_held_against(lab, tmp_path):
    arms = ["control"] * 20 + ["card", "mail"] * 90
    path = write(tmp_path, group=arms)
    asked = run(path, "--treatment", "card").output
    assert "control 20, card 90, mail 90" in asked
    assert "--control-share 0.1," in asked
    said = run(path, "--treatment", "card", "--control-share", "0.1")
    assert said.exit_code == 0
    assert "not as large as planned" not in said.output
    own = OwnTest(file=str(lab / "suites" / "t.toml"))
    for test in (own.open(), own.open_all()):
        assert test.guards.refused is None
        assert sum(test.shares.values()) == pytest.approx(1)


def test_what_was_assigned_whole_is_said(lab, tmp_path):
    stores = [f"S{2 * (i % 15) + (i % 2)}" for i in range(200)]
    arms = ["offer" if int(name[1:]) % 2 else "control" for name in stores]
    said = run(write(tmp_path, store=stores, group=arms)).output
    assert "Whole levels of store are in one arm (control 15, offer 15)" in said
