"""What a file says reaches nothing else: no SQL from headers, no other file, no address in output, no traceback."""

import random

import duckdb
import pandas as pd
import pytest
from click.testing import CliRunner

from crm_lab import BadInput, open_workspace
from crm_lab.cli import main
from crm_lab.data.cleaning.pseudonyms import id_key, teach_pseudonyms
from crm_lab.data.connection import connect
from crm_lab.data.sources.direct_ids import masked
from tests.data.sources.damaged_formats import damaged, door, sound_files


@pytest.fixture
def lab(tmp_path, monkeypatch):
    for folder in ("suites", "notebooks"):
        (tmp_path / folder).mkdir()
    (tmp_path / "notebooks" / "00_start_here.ipynb").write_text("{}")
    monkeypatch.setenv("CRM_LAB_HOME", str(tmp_path))
    return tmp_path


def run(*arguments):
    said = CliRunner().invoke(main, ["init", *map(str, arguments)])
    assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
    return said


def money(lab, name):
    return open_workspace(str(lab / "suites" / f"{name}.toml")).stored("transactions")["net_amount"].tolist()


def test_the_connection_touches_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "secret.txt").write_text("secret")
    cursor = connect(tmp_path / "workspaces").cursor()
    for sql in (
        f"from read_text('{tmp_path}/secret.txt')",
        f"from read_text('{tmp_path}/workspaces/../secret.txt')",
        f"copy (select 1) to '{tmp_path}/out.csv'",
        f"attach '{tmp_path}/other.db'",
        "install httpfs",
        "set enable_external_access = true",
    ):
        with pytest.raises(duckdb.Error):
            cursor.execute(sql)
    (spill,) = (tmp_path / "workspaces").glob(".spill-*")
    assert spill.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "header",
    ["a\", (select content from read_text('/etc/hostname')) as \"order", 'quoted " name', "source_row", "lab_net", ""],
)
def test_a_header_is_a_name_and_no_sql(lab, header):
    frame = pd.DataFrame(
        {header: ["x", "y"], "date": ["2024-01-15", "2024-02-20"], "customer": ["a", "b"], "amount": ["5", "6"]}
    )
    frame.to_csv(lab / "shop.csv", index=False)
    assert run(lab / "shop.csv").exit_code == 0
    assert money(lab, "shop") == [5.0, 6.0]


def test_a_trailing_comma_in_the_header_is_a_column(lab):
    (lab / "shop.csv").write_text("date,customer,amount,\n2024-01-15,a,5,\n2024-02-20,b,6,\n")
    assert run(lab / "shop.csv").exit_code == 0
    assert money(lab, "shop") == [5.0, 6.0]


def test_a_name_with_brackets_is_no_pattern(lab):
    (lab / "sales1.csv").write_text("date,customer,amount\n2024-01-15,a,1000\n")
    (lab / "sales[1].csv").write_text("date,customer,amount\n2024-01-15,a,5\n2024-02-20,b,6\n")
    assert run(lab / "sales[1].csv", "--name", "shop").exit_code == 0
    assert money(lab, "shop") == [5.0, 6.0]


@pytest.mark.parametrize("fmt", ["%s", "%Q", "dd/mm/yyyy", ""])
def test_a_date_format_that_is_none_is_refused(lab, fmt):
    (lab / "shop.csv").write_text("date,customer,amount\n2024-01-15,a,5\n")
    said = run(lab / "shop.csv", "--date-format", fmt or " | ")
    assert said.exit_code == 2
    assert "Traceback" not in said.output


def test_damaged_files_of_all_formats_are_answered_in_words(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_WORKSPACES", str(tmp_path / "workspaces"))
    dice, seen = random.Random(7), set()  # noqa: S311 - made-up damage
    sound = sound_files(tmp_path)
    assert [door(path) for path in sound] == ["built"] * len(sound)
    for number in range(60):
        path = sound[number % len(sound)]
        other = tmp_path / f"{number}{path.name}"
        other.write_bytes(damaged(path.read_bytes(), dice))
        seen.add(door(other))
    assert seen <= {"refused", "asked", "built"}
    assert "refused" in seen


@pytest.mark.parametrize(
    "given",
    [
        "ann@shop.com",
        "Ann Lee <ann@shop.com>",
        "mailto:ann@shop.com",
        "+49 30 1234567",
        "0049301234567",
        "tel:+49301234567",
        "+49\u00a030\u202f1234567",
        "(555) 234-5678",
        "555-234-5678",
        "555.234.5678",
        "+1 (555) 234-5678",
        "13812345678",
    ],
)
def test_every_usual_form_of_address_and_telephone_is_hidden(given):
    connection = duckdb.connect()
    teach_pseudonyms(connection, "a long enough secret")
    (hidden,) = connection.execute("select pseudonym($1)", [given]).fetchone()
    assert hidden.startswith("p_")
    assert masked(f"seen {given} here").count("***") == 1
    assert not any(part in masked(given) for part in ("shop.com", "234", "1234567"))


def test_one_person_has_one_pseudonym_in_all_forms():
    connection = duckdb.connect()
    teach_pseudonyms(connection, "a long enough secret")
    for forms in (("ann@shop.com", "Ann <ANN@shop.com>", "mailto:ann@shop.com"), ("+49 30 1234567", "0049301234567")):
        assert len({connection.execute("select pseudonym($1)", [form]).fetchone() for form in forms}) == 1


def test_a_column_of_telephones_is_hidden_by_its_name(lab):
    (lab / "shop.csv").write_text("date,phone,amount\n2024-01-15,5552345678,5\n2024-02-20,5552345679,6\n")
    said = run(lab / "shop.csv", "--column", "customer_id=phone")
    assert said.exit_code == 0
    who = open_workspace(str(lab / "suites" / "shop.toml")).stored("transactions")["customer_id"]
    assert who.str.startswith("p_").all()


def test_an_empty_or_short_key_file_is_refused(tmp_path):
    assert id_key(tmp_path) == id_key(tmp_path)
    for content in ("", "short"):
        (tmp_path / ".id_key").write_text(content)
        with pytest.raises(BadInput, match="at least 16"):
            id_key(tmp_path)


def test_days_beyond_the_year_9999_are_refused_in_words(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_WORKSPACES", str(tmp_path / "workspaces"))
    path = tmp_path / "far.parquet"
    with duckdb.connect() as connection:
        far = "select 'a' as customer, 1.5 as amount, timestamp '20000-01-01' as date"
        connection.execute(f"copy ({far}) to '{path}' (format parquet)")
    assert door(path) == "refused"
