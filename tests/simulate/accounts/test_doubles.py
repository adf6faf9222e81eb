"""Persons with several accounts: who is whose, what the masters say, and what stays outside a workspace."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from crm_lab import open_workspace
from crm_lab.checks import BadInput
from crm_lab.cli import main
from crm_lab.simulate import identity_records, load_scenario, make_retailer, open_key
from crm_lab.simulate.scenario.account_rules import DOUBLE_KINDS

NAME = "doubles,customers=1500,seed=8"


@pytest.fixture(scope="module")
def shop():
    return make_retailer("doubles", 1500, 8)


@pytest.fixture(scope="module")
def truth(shop):
    return open_key(shop).identity_truth()


@pytest.fixture(scope="module")
def records():
    return identity_records(NAME)


def test_every_account_has_one_person_and_one_record(shop, truth, records):
    ids = shop.tables["customers"]["customer_id"].tolist()
    assert truth.accounts["customer_id"].tolist() == records["customer_id"].tolist() == ids
    assert records["record_id"].is_unique
    further = truth.accounts["number"] > 1
    assert (truth.accounts["kind"].notna() == further).all()
    assert set(truth.kind["kind"]) <= set(DOUBLE_KINDS)


def test_more_accounts_change_nobodys_record_or_lines(shop, truth, records):
    few = identity_records("doubles,customers=700,seed=8")
    pd.testing.assert_frame_equal(few, records.head(700))
    lines = make_retailer("doubles", 700, 8).tables["transactions"]
    pd.testing.assert_frame_equal(lines, shop.tables["transactions"].head(len(lines)), check_dtype=False)


def test_purchases_are_made_with_accounts_that_are_open(shop, truth):
    sales = shop.tables["transactions"].query("kind == 'sale'").merge(truth.accounts, on="customer_id")
    further = sales[sales["number"] > 1]
    assert len(further) > 300
    assert (further["date"] >= further["opened_on"]).all()


def test_a_move_a_marriage_or_a_new_telephone_ends_the_account_before(shop, truth):
    accounts = truth.accounts
    new = accounts[accounts["kind"].isin(["moved", "married", "new_phone"]) & (accounts["number"] == 2)]
    old = accounts[accounts["number"] == 1].merge(
        new[["person_id", "opened_on"]], on="person_id", suffixes=("", "_new")
    )
    sales = shop.tables["transactions"].query("kind == 'sale'").merge(old, on="customer_id")
    assert len(sales) > 50
    assert (sales["date"] < sales["opened_on_new"]).all()


def test_the_lines_of_persons_are_those_they_would_make_with_one_account(shop):
    one = make_retailer("doubles", 1536, 8)
    sales = one.tables["transactions"].query("kind == 'sale'")
    key = open_key(one)
    person = key.identity_truth().persons.set_index("customer_id")["person_id"]
    assert sales["customer_id"].map(person).nunique() < sales["customer_id"].nunique()
    rate = key.customers.groupby(key.customers["customer_id"].map(person))["rate_per_week"].nunique()
    assert (rate == 1).all()


def test_the_figures_of_the_key_are_those_of_the_tables(shop, truth):
    lines = shop.tables["transactions"]
    assert truth.orders["net_amount"].sum() == pytest.approx(lines["net_amount"].sum())
    early = truth.kpis("2023-12-31", by="account")
    sales = lines[(lines["kind"] == "sale") & (lines["date"] <= "2023-12-31")]
    assert early["persons"] == sales["customer_id"].nunique()
    assert early["orders_per_person"] == pytest.approx(sales.groupby("customer_id")["order_id"].nunique().mean())
    assert early["repurchase_rate"] == sales.groupby("customer_id")["date"].nunique().ge(2).mean()


def test_telephones_and_mails_are_kept_for_fiction(records):
    digits = records["phone"].dropna().str.replace(r"\D", "", regex=True).str[-10:]
    plain = digits[digits.str[3:8] == "55501"]
    assert len(plain) / len(digits) > 0.9  # the others have a wrong digit
    assert records["email"].dropna().str.contains(r"@(?:\w+\.)+example\.|@(?:mail|post|shop)\.example\.").all()


def test_accounts_are_different_persons_unless_the_key_says_so(records, truth):
    digits = records["phone"].str.replace(r"\D", "", regex=True).str[-10:]
    person = truth.persons["person_id"]
    shared = digits.groupby(digits).transform("size").gt(1).to_numpy()
    sizes = person[shared].groupby(digits[shared]).nunique()
    assert sizes.max() >= 5  # a till's own telephone
    assert ((sizes == 2).sum()) > 30  # homes


def test_twins_have_one_birthday_and_sons_their_fathers_name(records, truth):
    first = truth.accounts.query("number == 1")[["person_id", "customer_id"]]
    ties = truth.ties().merge(first, on="person_id").merge(first, left_on="other_id", right_on="person_id")
    born = records.set_index("customer_id")["birth_date"].str.replace("/", "-").str[:9]
    same = ties["customer_id_x"].map(born) == ties["customer_id_y"].map(born)
    known = ties["customer_id_x"].map(born).notna() & ties["customer_id_y"].map(born).notna()
    assert same[known & (ties["tie"] == "twins")].all()
    assert not same[known & (ties["tie"] == "father_and_son")].any()


def test_a_workspace_holds_no_record_of_a_person(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_WORKSPACES", str(tmp_path))
    workspace = open_workspace("simulated:doubles,customers=300")
    workspace.at("latest")
    assert not list(tmp_path.rglob("*identity_records*"))
    secret = identity_records("doubles,customers=300")["email"].dropna().iloc[0].encode()
    assert not any(secret in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_the_command_writes_the_masters_beside_the_tables_and_they_are_read_back(tmp_path):
    args = ["simulate", "doubles", "--customers", "300", "--out", str(tmp_path / "x"), "--key", str(tmp_path / "k")]
    assert CliRunner().invoke(main, args).exit_code == 0
    for name in (str(tmp_path / "x"), f"simulated:{tmp_path / 'x'}", tmp_path / "x"):
        pd.testing.assert_frame_equal(identity_records(name), identity_records("doubles,customers=300"))
    truth = open_key(tmp_path / "k").identity_truth()
    pd.testing.assert_frame_equal(truth.accounts, open_key("simulated:doubles,customers=300").identity_truth().accounts)


def test_retailers_with_one_account_per_person_are_refused_in_a_sentence(tmp_path):
    with pytest.raises(BadInput, match="fashion has one account per person; the scenario doubles has records"):
        identity_records("fashion,customers=20")
    with pytest.raises(BadInput, match="null has one account per person; the scenario doubles has several"):
        open_key("simulated:null,customers=20").identity_truth()
    with pytest.raises(BadInput, match=r"has no identity_records\.csv; `crm-lab simulate doubles --out"):
        identity_records(tmp_path)


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"accounts.second": 1.2}, "accounts: second is 1.2; it must be a share from 0 to 1."),
        ({"accounts.kinds": {"clone": 1}}, "accounts: kinds is {'clone': 1.0}; it needs frequencies of 0 or more"),
        ({"accounts.systems": {"pos": 0}}, "accounts: systems is {'pos': 0.0}; it needs frequencies of 0 or more"),
        ({"accounts.households": 0.6, "accounts.twins": 0.5}, "add up to 1.11; a person has one tie at most."),
        ({"accounts.on": False}, "accounts: second is 0.45 but on is false; set on = true or leave it out."),
        ({"contacts.every": 14}, "accounts: contacts.every is 14; set it to 0: persons get messages, not accounts."),
        ({"programme.on": True}, "accounts: it is on and so is programme; what is done is done to persons"),
    ],
)
def test_each_mistake_of_accounts_is_named(overrides, sentence):
    with pytest.raises(BadInput) as error:
        load_scenario("doubles", overrides)
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    "overrides",
    [
        {"second": 0.0},
        {"chinese": 0.0, "kinds": {"pinyin": 1.0}},
        {"chinese": 1.0, "kinds": {"nickname": 1.0, "married": 1.0}},
        {"missing": 0.0, "slips": 0.0, "shop_phone": 1.0, "shop_mail": 1.0},
        {"households": 0.5, "twins": 0.2, "father_and_son": 0.3},
    ],
)
def test_settings_at_their_ends_give_whole_records(overrides):
    given = {f"accounts.{name}": value for name, value in overrides.items()}
    if "kinds" in overrides:
        given["accounts.kinds"] = dict.fromkeys(DOUBLE_KINDS, 0.0) | overrides["kinds"]
    truth = open_key(make_retailer("doubles", 120, 2, given)).identity_truth()
    settings = ",".join(f"{name}={value}" for name, value in given.items() if "kinds" not in name)
    records = identity_records(f"doubles,customers=120,seed=2,{settings}")
    assert len(records) == len(truth.accounts) == 120
    assert records["full_name"].str.len().gt(1).all()
    assert np.isfinite(truth.kpis("2024-12-31")).all()
