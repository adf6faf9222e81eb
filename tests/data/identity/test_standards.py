"""Names, phones, e-mails, addresses and dates that are one are written as one, and what is lost is counted."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("phonenumbers", reason="phonenumbers is not installed")
pytest.importorskip("pypinyin", reason="pypinyin is not installed")

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.data.identity.example_records import example_records
from crm_lab.data.identity.standards.birth_dates import birth_dates
from crm_lab.data.identity.standards.field_roles import FieldRoles, guess_roles
from crm_lab.data.identity.standards.person_names import family_name, full_name, given_name
from crm_lab.data.identity.standards.phones_and_mails import mailbox, phone_number
from crm_lab.data.identity.standards.placeholders import is_placeholder, shared_by_too_many
from crm_lab.data.identity.standards.postal_addresses import street_of
from crm_lab.data.identity.standards.standard_records import Standardise


@pytest.mark.parametrize(
    "written",
    [
        "王小明",
        "王小明先生",
        "Wang, Xiaoming",
        "WANG Xiao Ming",
        "Xiaoming WANG",
        "Xiao Ming Wang",
        "ＷＡＮＧ xiaoming",
    ],
)
def test_one_chinese_name_however_it_is_written(written):
    assert full_name(written)[:2] == ("xiaoming", "wang")


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("Dr. José García", ("jose", "garcia")),
        ("Müller, Jürgen", ("jurgen", "muller")),
        ("Mrs Anne-Marie O'Neill", ("anne marie", "oneill")),
        ("Vincent van Gogh", ("vincent", "van gogh")),
        ("单雄信", ("xiongxin", "shan")),
        ("欧阳娜娜", ("nana", "ouyang")),
        ("12345", (None, None)),
        ("Mr.", (None, None)),
    ],
)
def test_names_have_no_case_accents_or_titles(written, parts):
    assert full_name(written)[:2] == parts


def test_characters_of_a_given_name_are_kept_beside_its_pinyin():
    assert given_name("伟").han != given_name("炜").han
    assert given_name("伟").given == given_name("炜").given
    assert family_name("呂") == family_name("吕") == "lv"


@pytest.mark.parametrize(
    ("written", "region", "number"),
    [
        ("138-1234-5678", "CN", "+8613812345678"),
        ("+86 138 1234 5678", None, "+8613812345678"),
        ("008613812345678", "DE", "+8613812345678"),
        ("13812345678.0", "CN", "+8613812345678"),
        ("(030) 123456", "DE", "+4930123456"),
        ("１３８１２３４５６７８", "CN", "+8613812345678"),
        ("1.38123E+10", "CN", None),
        ("call me", "CN", None),
    ],
)
def test_telephones_are_e164(written, region, number):
    assert phone_number(written, region) == number


def test_the_country_of_telephones_is_asked():
    people = pd.DataFrame({"id": list("ab"), "phone": ["13912340678", "+8613912340678"]})
    with pytest.raises(BadInput, match=r"1 of 2 telephone numbers has no country code; say whose they are"):
        Standardise(min_records=2).analyze(people)


def test_mailboxes_follow_the_options():
    assert mailbox("J.D+x@Gmail.com") == "jd@gmail.com"
    assert mailbox("J.D+x@Gmail.com", plus_tags=False, gmail_dots=False) == "j.d+x@gmail.com"
    assert mailbox("j.d@other.com") == "j.d@other.com"
    assert mailbox("no at sign.com") is None


def test_addresses_part_street_and_number():
    assert street_of("12 MAIN ST") == street_of("Main Street 12")
    assert street_of("St James Rd 4").street == "st james road"


def test_dates_that_can_be_read_both_ways_are_asked_about():
    both = pd.Series(["03/04/1980", "05/06/1990"])
    with pytest.raises(BadInput, match=r"2 dates of birth .* can be read both ways and no other tells"):
        birth_dates(both)
    assert birth_dates(both, day_first=True).tolist() == ["1980-04-03", "1990-06-05"]
    assert birth_dates(pd.Series(["03/04/1980", "25/06/1990"])).tolist() == ["1980-04-03", "1990-06-25"]
    with pytest.raises(BadInput, match="1 others say day first and 1 month first"):
        birth_dates(pd.Series(["03/04/1980", "25/06/1990", "06/25/1990"]))
    assert birth_dates(pd.Series(["04/04/1980"])).tolist() == ["1980-04-04"]


@pytest.mark.parametrize(
    ("text", "role"),
    [("unknown", "family_name"), ("未知", "full_name"), ("000000", "phone"), ("13800000000", "phone"),
     ("1234567890", "phone"), ("test@test.com", "email"), ("noemail@shop.com", "email"), ("0000-00-00", "birth_date"),
     ("00000", "postcode")],
)  # fmt: skip
def test_words_and_digits_that_stand_for_nothing(text, role):
    assert is_placeholder(text, role)


def test_a_value_that_too_many_people_share_is_set_aside_with_its_count():
    people = example_records(persons=300, seed=2).drop(columns="truth")
    people.loc[people.index[:40], "phone"] = "+12025550123"
    people.loc[people.index[40:70], "birth_date"] = "1970-01-01"
    standard = Standardise(phone_region="US").analyze(people)
    aside = {(row.field, row.value): row.records for row in standard.set_aside.itertuples()}
    assert aside[("phone", "+12025550123")] == 40
    assert aside[("birth_date", "1970-01-01")] >= 30
    assert not standard.table["phone"].eq("+12025550123").any()
    counts = standard.to_frame().set_index("field").loc["phone"]
    assert counts["placeholders"] == 40
    assert counts["records"] == counts[["empty", "unreadable", "placeholders", "usable"]].sum()


def test_many_records_of_one_person_are_no_placeholder():
    phones = pd.Series(["+491"] * 30 + [f"+49{n}" for n in range(100)])
    assert not shared_by_too_many(phones, pd.Series(["ann lee"] * 30 + [f"p {n}" for n in range(100)]))


def test_every_entry_is_counted_once_and_nothing_is_made_up():
    people = example_records(persons=200, seed=3).drop(columns="truth")
    people.loc[people.index[:5], "birth_date"] = "31.02.1980"
    standard = Standardise(phone_region="US").analyze(people)
    frame = standard.to_frame()
    assert (frame["records"] == frame[["empty", "unreadable", "placeholders", "usable"]].sum(axis=1)).all()
    assert frame.set_index("field").loc["birth_date", "unreadable"] >= 5
    assert standard.table["birth_date"].notna().sum() == frame.set_index("field").loc["birth_date", "usable"]


@pytest.mark.parametrize("dtype", ["float64", "datetime64[ns]"])
def test_columns_that_are_no_text_are_read(dtype):
    values = (
        np.array([2_012_345_000.0 + n for n in range(60)])
        if dtype == "float64"
        else pd.date_range("1980-01-01", periods=60)
    )
    column = "phone" if dtype == "float64" else "dob"
    people = pd.DataFrame({"id": range(60), column: pd.Series(values).astype(dtype)})
    assert Standardise(phone_region="US").analyze(people).to_frame()["usable"].tolist() == [60]


def refused(people, **settings):
    with pytest.raises(BadInput) as error:
        Standardise(**settings).analyze(people)
    return error.value


def test_files_without_persons_are_refused_in_words():
    mails = [f"a{n}@b.co" for n in range(60)]
    few = refused(pd.DataFrame({"id": range(10), "email": mails[:10]}))
    assert isinstance(few, CannotAnswer)
    assert "There are 10 records; at least 50 are needed" in str(few)
    nothing = refused(pd.DataFrame({"id": range(60), "email": ["test@test.com"] * 60}))
    assert "Not one field of the 60 records can be used" in str(nothing)
    alike = refused(pd.DataFrame({"id": range(60), "first_name": ["ann"] * 60}))
    assert "60 of 60 records are the same in every field" in str(alike)
    ids = refused(pd.DataFrame({"id": [None, *range(58), 57], "email": mails}))
    assert ids.problems == (
        "1 of 60 records has no id; give each one.", "2 records share 1 id; give each its own.",
    )  # fmt: skip


def test_roles_are_guessed_or_asked():
    assert guess_roles(["会员编号", "姓名", "手机", "生日"]).evidence() == {
        "full_name": "姓名",
        "phone": "手机",
        "birth_date": "生日",
    }
    with pytest.raises(BadInput, match=r"phone and mobile may both be phone; say which"):
        guess_roles(["id", "phone", "mobile"])
    with pytest.raises(BadInput, match=r"None of id, basket says who somebody is"):
        guess_roles(["id", "basket"])
    with pytest.raises(BadInput, match=r"mail plays two parts"):
        FieldRoles(email="mail", phone="mail")
    with pytest.raises(BadInput, match=r"lacks the column mail"):
        Standardise().analyze(pd.DataFrame({"customer_id": ["1"]}), FieldRoles(email="mail"))


def test_order_of_the_rows_changes_nothing():
    people = example_records(persons=150, seed=4).drop(columns="truth")
    one = Standardise(phone_region="US").analyze(people)
    other = Standardise(phone_region="US").analyze(people.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_readout_says_what_was_lost(lang):
    people = example_records(persons=150, seed=4).drop(columns="truth")
    people.loc[people.index[:7], "email"] = "test@test.com"
    readout = Standardise(phone_region="US").analyze(people).readout()
    assert "7" in readout.finding.text(lang)
    assert len(readout.text(lang)) > 40
