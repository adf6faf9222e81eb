"""`crm-lab init --table rewards=FILE`: a ledger of points beside the purchases."""

import tomllib

import pytest
from click.testing import CliRunner

from crm_lab import open_workspace
from crm_lab.cli import main
from crm_lab.loyalty.points import PointsLedger
from crm_lab.project import project_root

SAMPLE = project_root() / "data" / "samples" / "messy_orders.csv"
READ = (SAMPLE, "--timezone", "Europe/Berlin", "--cancelled", "^ST")
ROWS = (
    "会员号;变动时间;变动类型;变动积分;积分余额\n"
    "K1;2024-01-05;获取;100;100\nK1;2024-02-01;兑换;40;60\nK1;2024-03-01;调整;10;50\n"
)


@pytest.fixture
def lab(tmp_path, monkeypatch):
    for folder in ("suites", "notebooks"):
        (tmp_path / folder).mkdir()
    (tmp_path / "notebooks" / "00_start_here.ipynb").write_text("{}")
    monkeypatch.setenv("CRM_LAB_HOME", str(tmp_path))
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, ["init", *map(str, arguments)])


def test_a_ledger_is_recognised_written_and_read(lab, tmp_path):
    ledger = tmp_path / "points.csv"
    ledger.write_text(ROWS, encoding="utf-8")
    done = run(*READ, "--table", f"rewards={ledger}")
    assert done.exit_code == 0, done.output
    assert "兑换 (1 rows) is redeem" in done.output
    assert "调整 (1 rows) is adjust-: the running balance moves that way" in done.output
    written = tomllib.loads((lab / "suites" / "messy_orders.toml").read_text(encoding="utf-8"))["source"]["tables"]
    assert written["rewards"]["ledger"]["kinds"] == {"获取": "earn", "兑换": "redeem", "调整": "adjust-"}
    rewards = open_workspace(str(lab / "suites" / "messy_orders.toml")).stored("rewards")
    assert rewards["points"].tolist() == [100, -40, -10]
    assert rewards["cost_amount"].isna().all()
    assert PointsLedger().analyze(rewards, "2024-12-31").balances()["active"].tolist() == [50]


def test_unknown_words_are_asked_in_both_languages_and_answers_are_taken(lab, tmp_path):
    ledger = tmp_path / "points.csv"
    ledger.write_text(ROWS.replace("兑换", "XYZ"), encoding="utf-8")
    asked = run(*READ, "--table", f"rewards={ledger}")
    assert asked.exit_code == 2
    assert "What is XYZ in the ledger of points (1 rows, e.g. 40)?" in asked.output
    assert "--point-kind XYZ=redeem" in asked.output
    chinese = run(*READ, "--table", f"rewards={ledger}", "--lang", "zh")
    assert "积分流水中的 XYZ 是什么" in chinese.output
    done = run(*READ, "--table", f"rewards={ledger}", "--point-kind", "XYZ=redeem")
    assert done.exit_code == 0, done.output
