"""What `crm-lab init` asks and reports, in English and Chinese."""

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import crm_lab
from crm_lab.cli import main
from crm_lab.experiments import OwnTest
from crm_lab.experiments.origins.panels.panel_file import PanelFile
from crm_lab.messages import catalogue
from crm_lab.tables.programmes import POINT_KINDS

PACKAGE = Path(crm_lab.__file__).parent
SAID = re.compile(r"""\bsay\(\s*f?["']([a-z_.{}]+)["']""")
REFUSED = re.compile(r"""\brefused\(\s*["']([a-z_]+)["']""")
DIRECT = re.compile(r"""Message\(\s*["']door\.([a-z_.]+)["']""")
WORDS = re.compile(r"""["']([a-z_.]+)["']""")
OF_TESTS = 'Message(f"door.test.{key}"'
OF_PANELS = 'Message(f"door.panel.'
PARTS_OF_PANELS = ("", "role.", "layout.", "every.", "problem.", "setting.")
OPEN = re.compile(r"""\b_open\(\s*["']([a-z_]+)["']""")
BY_REASON = {"panel.problem.all_partial", "panel.problem.all_gaps", "panel.problem.all_no_past"}
BY_ROLE = {"columns.the_date", "columns.the_customer_id", "columns.the_amount"}
OF_LEDGERS = 'say(f"ledger.'
PARTS_OF_LEDGERS = ("", "ask_", "means_")
BY_MAGIC = {"refused.pdf", "refused.sqlite", "refused.arrow", "refused.picture"}
IN_CHOICES = re.compile(r"\"((?:price|products|days|amount)\.[a-z_]+)\"")


@pytest.fixture
def shop(tmp_path, monkeypatch):
    for folder in ("suites", "notebooks"):
        (tmp_path / folder).mkdir()
    (tmp_path / "notebooks" / "00_start_here.ipynb").write_text("{}")
    monkeypatch.setenv("CRM_LAB_HOME", str(tmp_path))
    rows = (f"o{i},{1 + i % 12:02d}/{1 + i // 12:02d}/2024,K{i % 9},{i}.50" for i in range(60))
    (tmp_path / "shop.csv").write_text("\n".join(["Order,Date,Customer,Amount", *rows]) + "\n")
    return tmp_path / "shop.csv"


@pytest.mark.parametrize(
    ("lang", "asks", "reports"),
    [("en", "Day and month cannot be told apart", "decimal mark '.'"), ("zh", "日和月", "小数点 '.'")],
)
def test_questions_and_report_speak_a_language(shop, lang, asks, reports):
    asked = CliRunner().invoke(main, ["init", str(shop), "--lang", lang])
    assert asked.exit_code == 2
    assert asks in asked.output
    assert "--date-format %m/%d/%Y" in asked.output
    read = CliRunner().invoke(main, ["init", str(shop), "--lang", lang, "--date-format", "%m/%d/%Y"])
    assert read.exit_code == 0, read.output
    assert reports in read.output
    assert reports in (shop.parent / "suites" / "shop.toml").read_text()
    assert "CRM_LAB_LANG" not in os.environ


def test_the_door_says_every_message_of_its_catalogue_and_no_other():
    texts = [file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py")]
    said = {key for text in texts for pattern in (SAID, IN_CHOICES) for key in pattern.findall(text) if "{" not in key}
    said |= {f"refused.{key}" for text in texts for key in REFUSED.findall(text)} | BY_MAGIC
    said |= {key for text in texts for key in DIRECT.findall(text)}
    words = {word for text in texts if OF_TESTS in text for word in WORDS.findall(text)}
    said |= {f"test.{of}{word}" for word in words for of in ("", "role.")}
    said |= {f"test.setting.{field.description or 'text'}" for field in OwnTest.model_fields.values()}
    words = {word for text in texts if OF_PANELS in text for word in WORDS.findall(text)}
    said |= {f"panel.{part}{word}" for word in words for part in PARTS_OF_PANELS} | BY_REASON
    said |= {f"panel.setting.{field.description or 'text'}" for field in PanelFile.model_fields.values()}
    said |= {f"refused.{key}" for text in texts for key in OPEN.findall(text)}
    words = {word for text in texts if OF_LEDGERS in text for word in WORDS.findall(text)}
    words |= {f"{kind}{way}" for kind in (*POINT_KINDS, "none") for way in ("", "_up", "_down")}
    said |= {f"ledger.{part}{word}" for word in words for part in PARTS_OF_LEDGERS}
    known = {key.removeprefix("door.") for key in catalogue("en") if key.startswith("door.")}
    plainly = {key for text in texts for key in SAID.findall(text) if "{" not in key}
    begun = {key for key in plainly if key.endswith("_")}  # the rest of the key is computed
    assert plainly - begun <= known, plainly - known
    said |= {key for key in known if key.startswith(tuple(begun))}
    assert known <= said | BY_ROLE, known - said


@pytest.mark.parametrize(("lang", "says"), [("en", "is a PDF; export"), ("zh", "是 PDF；请将表格导出")])
def test_refusals_speak_a_language(shop, lang, says):
    (shop.parent / "list.csv").write_bytes(b"%PDF-1.7 ...")
    refused = CliRunner().invoke(main, ["init", str(shop.parent / "list.csv"), "--lang", lang])
    assert refused.exit_code == 2
    assert says in str(refused.output)
