"""Customer masters as they come: each ends in a clear refusal or in a right answer that is named."""

import json

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("splink", reason="splink is not installed")
pytest.importorskip("phonenumbers", reason="phonenumbers is not installed")

from crm_lab import BadInput, open_workspace
from crm_lab.checks import CannotAnswer
from crm_lab.data.identity import (
    AuditPlan,
    ClericalReview,
    GoldenRecord,
    HouseholdsApart,
    LinkRecords,
    MatchQuality,
    PersonMap,
    ReviewPlan,
    SystemOverlap,
    ThresholdChoice,
    ThresholdCurve,
    open_records,
    read_master,
)  # fmt: skip
from crm_lab.data.identity.example_records import example_records
from crm_lab.results import unlabelled

SHOP = """
[source]
name = "shop"
path = "shop.csv"
date_format = "%Y-%m-%d"
[source.columns]
order_id = "order"
customer_id = "customer"
amount = "amount"
quantity = "quantity"
date = "date"
"""


DOUBLES = "simulated:doubles,customers=500,seed=4"


@pytest.fixture(scope="module")
def people():
    """Records of 240 made-up persons, numbered like customers of a shop."""
    return example_records(persons=240, seed=8).drop(columns="updated_on")


@pytest.fixture(scope="module")
def shop(tmp_path_factory, people):
    """A shop in which every account has bought once or twice."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.toml").write_text(SHOP, encoding="utf-8")
    who = people["customer_id"].tolist()
    lines = [
        {"order": f"{n}-{i}", "customer": c, "amount": 10 + n % 7, "quantity": 1, "date": f"2024-0{1 + n % 9}-1{i}"}
        for n, c in enumerate(who)
        for i in range(1 + n % 2)
    ]
    pd.DataFrame(lines).to_csv(folder / "shop.csv", index=False)
    return str(folder / "shop.toml")


@pytest.fixture
def opened(shop, tmp_path):
    """Open the shop with records of a frame, or of bytes."""

    def open_with(table, name="master.csv", **options):
        path = tmp_path / name
        if isinstance(table, bytes):
            path.write_bytes(table)
        elif name.endswith("xlsx"):
            table.to_excel(path, index=False)
        else:
            table.to_csv(path, index=False)
        return open_records(shop, records=str(path), **{"region": "US", **options})

    return open_with


def linked_of(master):
    return LinkRecords().fit(master.standard)


def rest(people):
    return people.drop(columns="truth")


def test_a_usual_file_gives_the_persons_that_are_true(opened, people):
    linked = linked_of(opened(rest(people)))
    known = people.rename(columns={"truth": "person"})[["customer_id", "person"]]
    assert MatchQuality().analyze(linked.persons, known).of("record_f1")[0] > 0.97


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        ({"customer_id": "Kundennummer", "given_name": "Vorname", "family_name": "Nachname", "phone": "Telefon",
          "email": "E-Mail", "address": "Straße", "postcode": "PLZ", "city": "Ort", "birth_date": "Geburtsdatum",
          "source": "Quelle"}, "cp1252"),
        ({"customer_id": "会员编号", "given_name": "名", "family_name": "姓", "phone": "手机", "email": "邮箱",
          "address": "地址", "postcode": "邮编", "city": "城市", "birth_date": "出生日期",
          "source": "来源"}, "gb18030"),
    ],
)  # fmt: skip
def test_columns_in_german_and_chinese_in_their_own_encodings_mean_the_same(opened, people, names, encoding):
    text = rest(people).rename(columns=names).to_csv(index=False, sep=";").encode(encoding)
    master = opened(text)
    plain = opened(rest(people), "plain.csv")
    pd.testing.assert_frame_equal(master.standard.table, plain.standard.table)


def test_an_excel_file_is_read_as_the_same_records(opened, people):
    pd.testing.assert_frame_equal(
        opened(rest(people), "master.xlsx").standard.table, opened(rest(people)).standard.table
    )


def damaged(people, **columns):
    return rest(people).assign(**columns)


CASES = {
    "one row": (lambda p: rest(p).head(1), "There are 1 records; at least 50 are needed"),
    "only ids": (lambda p: p[["customer_id"]], "says who somebody is; name the roles"),
    "one field": (lambda p: p[["customer_id", "email"]], "have one field that can be compared"),
    "households only": (lambda p: p[["customer_id", "phone", "address"]], "hold only what a household shares"),
    "everybody alike": (
        lambda p: p[["customer_id"]].assign(given_name="Ann", family_name="Lee", phone="+12025550123"),
        "are the same in every field",
    ),
    "nothing but unknown": (
        lambda p: p[["customer_id"]].assign(given_name="unknown", email="test@test.com"), "Not one field of the",
    ),
    "an id twice": (
        lambda p: pd.concat([rest(p), rest(p).head(3)]), "3 id stands on several rows; one row is taken per account",
    ),
    "no id": (lambda p: damaged(p, customer_id=[None, *p["customer_id"].tolist()[1:]]), "1 of .* records have no id"),
    "cut ids": (lambda p: damaged(p, customer_id="1.23457E+11"), "ids were cut off by a spreadsheet"),
    "ids of others": (
        lambda p: damaged(p, customer_id=[f"X-{n}" for n in range(len(p))]), "ids look like a9999999, here like A-9",
    ),
    "two telephones": (lambda p: damaged(p, mobile=p["phone"]), "phone and mobile may both be phone"),
    "two columns of one name": (
        lambda p: rest(p).rename(columns={"city": "email"}), "several columns are called email; give each its own name",
    ),
    "no region": (lambda p: damaged(p, phone=p["phone"].str[2:]), "have no country code; say whose they are"),
    "dates both ways": (
        lambda p: damaged(p, birth_date=[f"0{1 + n % 9}/0{1 + n % 8}/1980" for n in range(len(p))]),
        "can be read both ways and no other tells; .*parameter dates",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_master_that_cannot_be_used_is_refused_in_words(opened, people, case):
    make, problem = CASES[case]
    region = "" if case == "no region" else "US"
    with pytest.raises(BadInput, match=problem):
        linked_of(opened(make(people), region=region))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"customer_id,full_name,phone\n", "a header and no record"),
        (b"\n\n\n", "it has no header"),
        (b"%PDF-1.4 nothing", "PDF"),
        (
            b"customer_id,full_name,email\n" + b"c1,Ann Lee,a@b.co\n" * 40 + b"c2,Lee, Ann,b@b.co\n" * 20,
            "20 of 60 rows have more fields than the header",
        ),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(opened, content, problem):
    with pytest.raises(BadInput, match=problem):
        opened(content)


def test_a_file_that_is_not_there_and_a_source_without_records_are_said(shop):
    with pytest.raises(BadInput, match=r"There is no customer master nowhere\.csv"):
        open_records(shop, records="nowhere.csv")
    with pytest.raises(CannotAnswer, match=r"shop has no names, telephones or addresses.*one row per account"):
        open_records(shop)
    with pytest.raises(BadInput, match="is on persons already"):
        open_records(f"{shop},persons=map.csv")


def test_two_systems_that_number_their_own_customers_are_told_apart_from_one_export_too_often(opened, people):
    table = rest(people)
    other = table.head(60).assign(source="till", given_name=table["given_name"].tail(60).tolist())
    with pytest.raises(BadInput, match=r"60 ids stand in several systems .*till.*, [3-6]\d of them with another name"):
        opened(pd.concat([table, other]))


def test_leading_zeros_that_a_spreadsheet_took_are_named(tmp_path):
    lines = "".join(f"{n},{n:05d},10,1,2024-01-05\n" for n in range(1, 70))
    (tmp_path / "shop.toml").write_text(SHOP, encoding="utf-8")
    (tmp_path / "shop.csv").write_text(f"order,customer,amount,quantity,date\n{lines}", encoding="utf-8")
    table = pd.DataFrame({"customer_id": range(1, 70), "full_name": "Ann Lee", "email": "a@b.co"})
    table.to_csv(tmp_path / "master.csv", index=False)
    with pytest.raises(BadInput, match="without leading zeros 69 would fit"):
        open_records(str(tmp_path / "shop.toml"), records=str(tmp_path / "master.csv"))


def test_dates_in_three_forms_are_one_date(opened, people):
    days = pd.to_datetime(people["birth_date"], errors="coerce")
    forms = ["%Y-%m-%d", "%d.%m.%Y", "%Y年%m月%d日"]
    mixed = [None if pd.isna(d) else d.strftime(forms[n % 3]) for n, d in enumerate(days)]
    one = damaged(people, birth_date=days.dt.strftime("%Y-%m-%d"), updated_on="2024-05-16")
    other = damaged(
        people, birth_date=mixed, updated_on=np.resize(["2024-05-16", "16.05.2024", "2024/5/16 12:30"], len(people))
    )
    pd.testing.assert_frame_equal(opened(other).standard.table, opened(one, "one.csv").standard.table)


def test_days_of_change_that_can_be_read_both_ways_are_asked_about(opened, people):
    with pytest.raises(BadInput, match="days of change such as 03/04/1980 can be read both ways"):
        opened(damaged(people, updated_on="06.05.2024"))
    master = opened(damaged(people, updated_on="06.05.2024"), dates="day_first")
    assert set(master.records["updated_on"].dt.month) == {5}


def test_telephones_that_a_spreadsheet_cut_off_and_a_mail_of_a_hundred_are_counted_and_link_nobody(opened, people):
    shared = people["email"].where(np.arange(len(people)) >= 100, "office@shop.example.net")
    cut = ["1.38E+10" if n % 4 else text for n, text in enumerate(people["phone"])]
    master = opened(damaged(people, email=shared, phone=cut))
    n = cut.count("1.38E+10")
    assert f"Telephones that a spreadsheet cut off (1.38E+10): {n:,}" in " ".join(master.notes())
    counts = master.standard.to_frame().set_index("field")
    assert counts.loc["phone", "unreadable"] == n
    assert counts.loc["email", "placeholders"] == 100
    found = linked_of(master)
    known = people.rename(columns={"truth": "person"})[["customer_id", "person"]]
    assert MatchQuality().analyze(found.persons, known).of("record_precision")[0] > 0.98
    assert found.n_persons > 200


def test_all_telephones_the_same_and_no_names_still_end_in_a_named_answer(opened, people):
    nameless = damaged(people, phone="+12025550123").drop(columns=["given_name", "family_name"])
    master = opened(nameless)
    assert master.standard.to_frame().set_index("field").loc["phone", "usable"] == 0
    found = linked_of(master)
    known = people.rename(columns={"truth": "person"})[["customer_id", "person"]]
    assert MatchQuality().analyze(found.persons, known).of("record_precision")[0] > 0.9
    assert found.n_persons > 200


def test_records_of_strangers_and_customers_without_a_record_are_counted(opened, people):
    table = rest(people)
    table.loc[table.index[:5], "customer_id"] = [f"new{n}" for n in range(5)]
    said = " ".join(opened(table).notes())
    assert f"no table knows by then: 5 of {len(people):,}" in said
    assert f"without a record: 5 of {len(people):,}" in said


@pytest.fixture(scope="module")
def master():
    return open_records(DOUBLES, region="US")


@pytest.fixture(scope="module")
def linked(master):
    return linked_of(master)


def test_revenue_by_person_is_that_of_the_tables_returns_taken_off(master):
    spent = master.tables["customer_360"]["revenue"].sum()
    assert master.orders.dropna(subset=["customer_id"])["revenue"].sum() == pytest.approx(spent)


def test_the_map_of_the_page_opens_the_source_on_persons(master, linked, tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_OUT", str(tmp_path))
    made = PersonMap.of(linked.persons, master.orders, DOUBLES)
    mine = open_workspace(f"{made.source},persons={made.write()}").at(master.as_of)
    curve = ThresholdCurve().analyze(linked, master.orders)
    figures = mine["customer_360"]
    row = curve.row(0.9)
    assert len(figures) == row["customers"]
    assert (figures["n_days"] > 1).mean() == pytest.approx(row["repurchase_rate"])
    assert figures["revenue"].mean() == pytest.approx(row["value_per_customer"])


def test_no_entry_of_anybody_is_in_what_the_page_publishes_or_writes(master, linked, tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_OUT", str(tmp_path))
    golden = GoldenRecord().build(master.records, linked, master.roles)
    curve = ThresholdCurve().analyze(linked, master.orders)
    review, audit = ReviewPlan.of(ClericalReview(), linked), AuditPlan(size=100).draw(master.standard)
    results = [master.standard, linked, curve, HouseholdsApart().analyze(linked),
               ThresholdChoice().analyze(linked, curve),
               review, audit, master.profiles(linked, by="source"), master.profiles(linked, golden, by="tier"),
               master.overlap(linked), PersonMap.of(linked.persons, master.orders, "x")]  # fmt: skip
    said = json.dumps([[r.shown().to_json(), r.readout().text("en"), r.readout().text("zh")] for r in results])
    said += golden.shown().to_json() + review.sheet().to_csv() + audit.sheet().to_csv() + " ".join(master.notes())
    said += results[-1].write().read_text(encoding="utf-8-sig")
    for column in ("full_name", "phone", "email", "address", "birth_date"):
        for entry in master.records[column].dropna().unique():
            assert len(str(entry)) < 5 or str(entry) not in said, column
    assert not [name for result in results for name in unlabelled(result)]


def test_an_audit_sheet_is_read_back_as_it_was_drawn(master):
    plan = AuditPlan(size=400, seed=1).draw(master.standard)
    sheet = plan.sheet().assign(full_name=["yes"] * 389 + ["no"] * 11, phone="")
    result = plan.read(sheet)
    assert result.to_frame()[["field", "right", "verdict"]].to_numpy().tolist() == [["full_name", 389, "met"]]
    with pytest.raises(BadInput) as error:
        plan.read(pd.concat([sheet.head(2), sheet.head(1)]).assign(full_name="maybe"))
    assert "1 rows repeat a customer_id" in str(error.value)
    assert "3 answers are none of yes, no or nothing" in str(error.value)


def test_a_review_without_names_is_answered_and_read(master, linked, tmp_path):
    spec = ClericalReview(half_width=0.05, seed=3)
    plan = ReviewPlan.of(spec, linked)
    path = tmp_path / "answers.csv"
    plan.sheet().assign(same_person="是").to_csv(path, index=False)
    assert spec.read(linked, read_master(path)).precision == 1.0


def test_households_lose_persons_only_by_what_several_share(linked):
    found = HouseholdsApart().analyze(linked).to_frame().set_index("shared_by")
    table = linked.records[["record_id", "phone"]].dropna()
    table["person"] = table["record_id"].map(linked.persons.set_index("customer_id")["person_id"])
    several = table.groupby("phone")["person"].nunique()
    assert found.loc["phone", "values_shared"] == (several > 1).sum()
    assert 0 < found.loc["phone", "persons_lost"] < found.loc["phone", "persons_sharing"]


def test_one_system_has_no_match_rate():
    records = pd.DataFrame({"customer_id": ["a", "b"], "system": ["till", "till"]})
    persons = pd.DataFrame({"customer_id": ["a", "b"], "person_id": ["a", "b"]})
    with pytest.raises(CannotAnswer, match="The records name 1 system; a match rate needs two"):
        SystemOverlap("system").analyze(records, persons)
    with pytest.raises(CannotAnswer, match="The records name 0 system"):
        SystemOverlap("other").analyze(records, persons)
