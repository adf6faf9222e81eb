"""``crm-lab activate``: the same as from Python, and what is wrong in a sentence."""

import pandas as pd
import pytest
from click.testing import CliRunner

from crm_lab import RFM, open_workspace
from crm_lab.activation import segment_sql
from crm_lab.cli import main


def call(*words):
    return CliRunner().invoke(main, ["activate", *map(str, words)])


@pytest.fixture(scope="module")
def scoring(tmp_path_factory):
    tables = open_workspace("cdnow_sample").at("1998-06-30")
    file = tmp_path_factory.mktemp("saved") / "rfm.toml"
    file.write_text(RFM().fit(tables["customer_360"], as_of=tables.as_of).scoring.to_toml(), encoding="utf-8")
    return file


def test_sql_is_shown_or_written(scoring, tmp_path):
    names = ["--table", "shop.sales", "--column", "customer_id=CUST", "--column", "kind=", "--as-of", "today"]
    done = call("sql", scoring, "--dialect", "snowflake", *names, "--window-days", 365)
    own = segment_sql(
        scoring, "snowflake", table="shop.sales", columns={"customer_id": "CUST", "kind": ""}, as_of="today",
        window_days=365,
    )  # fmt: skip
    assert (done.exit_code, done.output) == (0, f"{own}\n")
    done = call("sql", scoring, "--out", tmp_path / "q.sql", "--lang", "zh")
    assert done.output == f"duckdb 的 SQL 已写入 {tmp_path / 'q.sql'}。\n"
    assert (tmp_path / "q.sql").read_text(encoding="utf-8") == segment_sql(scoring) + "\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--column", "customer_id"], "--column is 'customer_id'; write OURS=THEIRS."),
        (["--dialect", "oracle"], "dialect is 'oracle'"),
        (["--table", "a;b"], "is no name of a column or table"),
    ],
)
def test_what_is_wrong_with_sql_is_said(scoring, words, said):
    done = call("sql", scoring, *words)
    assert done.exit_code == 2
    assert said in done.output


def test_an_audience_is_written_and_its_books_are_said(tmp_path):
    rows = pd.DataFrame({
        "customer_id": ["007", "008", "009"], "email": ["a@x.com", "b@x.com", "c@x.com"],
        "arm": ["offer", "control", "offer"], "consent": ["yes", "yes", "no"], "segment": "loyal",
    })  # fmt: skip
    rows.to_csv(tmp_path / "list.csv", index=False)
    done = call("audience", tmp_path / "list.csv", "--target", "braze", "--out", tmp_path / "files", "--name", "july")
    assert done.exit_code == 0, done.output
    assert "3 = 1 sent + 1 held out + 0 repeated + 1 without consent" in done.output
    assert (tmp_path / "files/july_send.csv").read_text() == "external_id,email,segment,arm\n007,a@x.com,loyal,offer\n"
    rows.to_parquet(tmp_path / "list.parquet")
    done = call("audience", tmp_path / "list.parquet", "--out", tmp_path, "--nobody-held-out", "--held-out", "control")
    assert done.exit_code == 2
    assert "Both --held-out and --nobody-held-out are given" in done.output
    done = call("audience", tmp_path / "list.parquet", "--out", tmp_path, "--nobody-held-out", "--property", "segment")
    assert (tmp_path / "audience_send.csv").read_text(encoding="utf-8-sig").count("\n") == 3


def test_a_map_is_the_flag(tmp_path):
    rows = pd.DataFrame({"customer_id": ["p_" + "a" * 16], "segment": ["loyal"]})
    rows.to_csv(tmp_path / "list.csv", index=False)
    pd.DataFrame({"customer_id": ["p_" + "a" * 16], "id": ["a@x.com"]}).to_parquet(tmp_path / "identities.parquet")
    words = ["audience", tmp_path / "list.csv", "--target", "klaviyo", "--arm", "", "--consent", "", "--out", tmp_path]
    assert "0 of 1 rows go to klaviyo" in call(*words).output
    done = call(*words, "--map-back", tmp_path / "identities.parquet")
    assert "1 of 1 rows go to klaviyo" in done.output
    assert (tmp_path / "audience_send.csv").read_text() == "Email,segment\na@x.com,loyal\n"


def test_a_list_that_cannot_be_read_is_said(tmp_path):
    for name in ("list.csv", "list.parquet"):
        (tmp_path / name).write_bytes(b"\xff\xfe\x00")
        done = call("audience", tmp_path / name, "--out", tmp_path)
        assert done.exit_code == 2
        assert "cannot be read as" in done.output
