"""Nicknames, names with the family last, fathers and sons: what is one person; and a chain's accounts."""

import pandas as pd
import pytest

pytest.importorskip("splink", reason="splink is not installed")
pytest.importorskip("phonenumbers", reason="phonenumbers is not installed")

import duckdb

from crm_lab.data.identity import LinkRecords, MatchQuality, Standardise, guess_roles
from crm_lab.data.identity.linkage.blocking_keys import with_keys
from crm_lab.data.identity.linkage.field_comparisons import comparisons, sure_different
from crm_lab.data.identity.standards.nicknames import formal_names
from crm_lab.data.identity.standards.person_names import full_name
from crm_lab.simulate import identity_records, open_key

COLUMNS = ("given_name", "family_name", "birth_date", "email")


def sides(one, other):
    """Two records side by side, as SQL has them."""
    rows = with_keys(pd.DataFrame([dict(zip(COLUMNS, row, strict=True)) for row in (one, other)]))
    names = ", ".join(f"{side}.{name} as {name}_{side}" for side in "lr" for name in rows.columns)
    connection = duckdb.connect()
    connection.register("rows_", rows.assign(n=[0, 1]).astype("string"))
    return connection, f"(select {names} from rows_ l, rows_ r where l.n = '0' and r.n = '1')"


def are_two(one, other):
    connection, table = sides(one, other)
    return connection.execute(f"select {sure_different(COLUMNS)} from {table}").fetchone()[0]


def level_of_given(one, other):
    connection, table = sides(one, other)
    (given,) = (c for c in comparisons(COLUMNS) if c.name == "given")
    cases = " ".join(f"when {level.sql} then '{level.label}'" for level in given.levels)
    return connection.execute(f"select case {cases} else 'different' end from {table}").fetchone()[0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("bob", "robert", True),
        ("liz", "beth", True),
        ("peggy", "margaret", True),
        ("pat", "patrick", True),
        ("pat", "patricia", True),
        ("patrick", "patricia", False),
        ("bob", "william", False),
        ("bob lee", "robert", True),
    ],
)
def test_nicknames_are_one_name_where_they_may_stand_for_one(one, other, same):
    assert bool(set(formal_names(one).split()) & set(formal_names(other).split())) == same


def test_a_nickname_is_no_sign_of_two_persons():
    assert level_of_given(("john", "low", None, None), ("jack", "low", None, None)) == "nickname"
    assert not are_two(("john", "low", None, None), ("jack", "low", None, None))
    assert are_two(("john", "low", None, None), ("susan", "low", None, None))


def test_a_chinese_name_with_the_family_last_is_turned_round():
    one, other = full_name("韩梦安"), full_name("梦安韩")
    records = [(name.given, name.family, None, None) for name in (one, other)]
    assert level_of_given(*records) == "swapped with the family name"
    assert not are_two(*records)
    assert (
        level_of_given(("mengan", "han", None, None), ("menghan", "an", None, None)) != "swapped with the family name"
    )


@pytest.mark.parametrize(
    ("born", "other", "mails", "two"),
    [
        ("1960-06-25", "1992-05-03", ("a@b.co", "c@b.co"), True),
        ("1960-06-25", "1992-05-03", ("a@b.co", None), True),
        ("1960-06-25", "1992-05-03", ("a@b.co", "a@b.co"), False),
        ("1960-06-25", "1970-05-03", ("a@b.co", "c@b.co"), False),
        ("1960-06-25", "1990-06-25", ("a@b.co", "c@b.co"), False),
        ("1960-06-25", "1990-01-01", ("a@b.co", "c@b.co"), False),
        (None, "1992-05-03", ("a@b.co", "c@b.co"), False),
    ],
)
def test_a_generation_parts_a_father_from_his_son(born, other, mails, two):
    assert are_two(("theo", "low", born, mails[0]), ("theo", "low", other, mails[1])) == two


@pytest.mark.parametrize(
    ("other", "mails", "two"),
    [
        ("jonas", ("otto@a.co", "jonas@a.co"), True),
        ("jonas", ("otto@a.co", None), True),
        ("jonas", ("kern@a.co", "kern@a.co"), False),
        ("oto", ("otto@a.co", None), False),
    ],
    ids=["own mails", "no mail of one", "one mail", "typo"],
)
def test_given_names_part_twins_where_there_are_mails(other, mails, two):
    otto, sibling = ("otto", "kern", "1990-05-02", mails[0]), (other, "kern", "1990-05-02", mails[1])
    assert are_two(otto, sibling) is two
    assert are_two(sibling, otto) is two


def test_without_mails_a_wrong_date_is_no_sign_of_two_persons():
    connection, table = sides(("theo", "low", "1960-06-25", None), ("theo", "low", "1992-05-03", None))
    sure = sure_different(["given_name", "family_name", "birth_date"])
    assert connection.execute(f"select {sure} from {table}").fetchone() == (False,)


def test_a_file_without_family_names_is_linked():
    rows = [
        (f"c{n}", f"{'abcdefgh'[n % 8]}nna{n // 2}x", f"u{n // 2}@b.co", f"+1212555{n // 2:04d}") for n in range(120)
    ]
    people = pd.DataFrame(rows, columns=["customer_id", "given_name", "email", "phone"])
    assert LinkRecords().fit(Standardise().analyze(people)).n_persons <= 120


def test_the_customer_number_names_a_record_where_there_are_two_ids():
    assert guess_roles(["record_id", "customer_id", "phone"]).record_id == "customer_id"


def test_the_persons_of_a_chain_are_found_and_with_them_its_repurchase_share():
    name = "doubles,customers=768,seed=22"
    truth = open_key(f"simulated:{name}").identity_truth()
    found = LinkRecords().fit(Standardise(phone_region="US").analyze(identity_records(name)))
    quality = MatchQuality().analyze(found.persons, truth.persons.rename(columns={"person_id": "person"}))
    assert quality.of("pair_precision")[0] >= 0.93
    assert quality.of("pair_recall")[0] >= 0.92
    person = found.persons.set_index("customer_id")["person_id"]
    sales = truth.orders[truth.orders["sale"]]
    days = sales.groupby(sales["customer_id"].map(person))["date"].nunique()
    true = truth.kpis("2024-12-31")["repurchase_rate"]
    assert abs((days > 1).mean() - true) <= 0.01
    assert true - truth.kpis("2024-12-31", by="account")["repurchase_rate"] > 0.04
