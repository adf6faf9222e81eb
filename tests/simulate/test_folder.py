import json

import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from crm_lab import open_workspace
from crm_lab.checks import BadInput
from crm_lab.cli import main
from crm_lab.data.sources import find_source
from crm_lab.simulate import make_retailer, open_key, prepare, student_seed, write_retailer
from crm_lab.simulate.retailer import to_pandas

DIRTY = {"dirt.duplicate": 0.02, "dirt.wrong_unit": 0.01, "dirt.orphan_product": 0.01, "dirt.null_customer": 0.01}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    home = tmp_path_factory.mktemp("retailer")
    write_retailer(prepare("fashion", 1100, 5, DIRTY), home / "tables", home / "key", group_lines=1000)
    return home


@pytest.fixture
def workspaces(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_WORKSPACES", str(tmp_path))


def test_files_hold_what_memory_holds(written):
    shop = make_retailer("fashion", 1100, 5, DIRTY)
    for name, frame in shop.tables.items():
        pd.testing.assert_frame_equal(to_pandas(pq.read_table(written / "tables" / f"{name}.parquet")), frame)


def test_the_size_of_chunks_changes_nothing(written, tmp_path):
    write_retailer(prepare("fashion", 1100, 5, DIRTY), tmp_path / "whole", group_lines=10**9)
    for path in sorted((written / "tables").glob("*.parquet")):
        assert pq.read_table(path).equals(pq.read_table(tmp_path / "whole" / path.name))


def test_the_tables_tell_nothing_of_the_key(written):
    told = (written / "tables" / "retailer.json").read_text()
    assert "seed" not in told
    assert "programme" not in told
    assert json.loads(told)["simulated"] is True
    assert not list((written / "tables").glob("*key*"))


def test_the_key_is_read_back_whole(written):
    ours, theirs = open_key(written / "key"), open_key(make_retailer("fashion", 1100, 5, DIRTY))
    assert ours.scenario == theirs.scenario
    assert ours.seed == theirs.seed == 5
    for name in ("customers", "lines", "dirt"):
        pd.testing.assert_frame_equal(getattr(ours, name), getattr(theirs, name))


def test_a_folder_without_a_key_is_refused(written):
    with pytest.raises(BadInput, match=r"holds no answer key; `crm-lab simulate SCENARIO --key .*` writes one"):
        open_key(written / "tables")


def test_a_folder_in_use_is_refused(written):
    with pytest.raises(BadInput, match="already holds files; name a new folder or empty it"):
        write_retailer(prepare("fashion", 10), written / "tables")


def test_a_simulated_source_opens_like_any_other(workspaces):
    workspace = open_workspace("simulated:fashion,customers=600,seed=5,dirt.null_customer=0.01")
    tables = workspace.at("2024-06-30")
    shop = make_retailer("fashion", 600, 5, {"dirt.null_customer": 0.01})
    lines = shop.tables["transactions"]
    ours = tables["transactions"]
    pd.testing.assert_frame_equal(
        ours[["source_row", "order_id", "customer_id", "product_id", "store_id", "date", "net_amount", "kind"]],
        lines.loc[lines["date"] <= "2024-06-30", ["source_row", "order_id", "customer_id", "product_id", "store_id",
                  "date", "net_amount", "kind"]].reset_index(drop=True),
        check_dtype=False,
    )  # fmt: skip
    assert tables.provenance()["simulated"] is True
    assert tables.provenance()["title"] == "Simulated fashion chain"
    assert len(tables["customer_360"]) <= 600


def test_returns_are_matched_to_their_lines_again(workspaces):
    tables = open_workspace("simulated:fashion,customers=600,seed=5").at("2024-12-31")
    ours = tables["transactions"].query("kind == 'return'").set_index("source_row")["return_of"]
    truth = make_retailer("fashion", 600, 5).tables["transactions"].query("kind == 'return'")
    truth = truth.set_index("source_row")["return_of"]
    assert ours.notna().all()
    # first in, first out is wrong where a thing was bought twice and the later one came back
    assert (ours == truth.loc[ours.index]).mean() > 0.95


def test_as_of_cuts_every_table_and_blanks_later_dates(workspaces):
    tables = open_workspace("simulated:fashion,customers=600,seed=5").at("2024-01-31")
    day = pd.Timestamp("2024-01-31")
    for name in ("transactions", "customers", "tiers", "assignments", "enrolments", "rewards", "exposures", "products"):
        frame = tables[name]
        for column in frame.select_dtypes("datetime"):
            assert not (frame[column] > day).any(), (name, column)
    assert tables["assignments"].empty
    assert tables["tiers"]["valid_to"].isna().any()
    assert tables.sql("select count(*) as n from assignments")["n"].item() == 0


def test_a_folder_is_a_source_too(written, workspaces):
    source = f"simulated:{written / 'tables'}"
    tables = open_workspace(source).at("2024-12-31")
    assert tables.provenance()["source"] == source
    assert len(tables["transactions"]) == pq.read_metadata(written / "tables" / "transactions.parquet").num_rows


def test_cleaning_is_graded_by_the_key(written, workspaces):
    """Duplicates, orphans, wrong units and null ids are found again among the rules' flags."""
    workspace = open_workspace(f"simulated:{written / 'tables'}")
    judged = workspace.stored("judged").set_index("source_row")
    truth = open_key(written / "key").dirt.set_index("line_id")["fault"]
    rules = {
        "duplicate": "repeated_line",
        "wrong_unit": "volume_as_quantity",
        "orphan_product": "unknown_product",
        "null_customer": "no_customer",
    }
    for fault, rule in rules.items():
        found = set(judged.index[judged[f"is_{rule}"]])
        planted = set(truth.index[truth == fault])
        assert len(found & planted) / len(planted) == 1.0, fault
        # people also put two of a thing on two lines, which looks just like a duplicate
        assert len(found & planted) / len(found) > (0.7 if fault == "duplicate" else 0.99), fault


def test_an_unknown_simulated_source_is_refused():
    with pytest.raises(BadInput, match=r"scenario is 'grocer'; it must be one of .*Did you mean grocery\?"):
        find_source("simulated:grocer")
    with pytest.raises(BadInput, match=r"The setting 'seed' has no value; write it like dirt\.duplicate=0\.01\."):
        find_source("simulated:grocery,seed")


def test_the_command_lists_explains_and_writes(tmp_path):
    run = CliRunner().invoke
    listed = run(main, ["simulate"])
    assert "fashion" in listed.output
    assert "Simulated grocery chain: 1,500 customers" in listed.output
    explained = run(main, ["simulate", "null", "--explain", "--lang", "zh"])
    assert "真相" in explained.output
    args = ["simulate", "null", "--customers", "40", "--student", "Ada", "--set", "dirt.duplicate=0.05"]
    made = run(main, [*args, "--out", str(tmp_path / "t"), "--key", str(tmp_path / "k")])
    assert made.exit_code == 0, made.output
    assert "40 customers are in" in made.output
    key = open_key(tmp_path / "k")
    assert key.seed == student_seed("ada")
    assert (key.dirt["fault"] == "duplicate").all()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["null"], "There is no folder for the tables; name one with --out, or use --explain."),
        (["null", "--seed", "1", "--student", "Ada", "--explain"], "Both --seed and --student are given"),
        (["nul", "--explain"], "scenario is 'nul'; it must be one of"),
    ],
)
def test_the_command_refuses_in_a_sentence(words, sentence):
    result = CliRunner().invoke(main, ["simulate", *words])
    assert result.exit_code == 2
    assert sentence in result.output
