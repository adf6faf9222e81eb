"""Audience files: who may not be sent to is in no file to send, and the books add up."""

import io
import stat

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_lab.activation import TARGETS, Audience, audience_file
from crm_lab.checks import BadInput

STATES = ["in_list", "sent", "held_out", "repeated", "no_consent", "no_address", "shares_held_out"]
HIDDEN = "p_0123456789abcdef"
PEOPLE = pd.DataFrame(
    [
        ("1", "ann@x.com", "+16502530000", "offer", "yes", "w1", "li"),
        ("2", "bob@x.com", "+16502530001", "control", "yes", "w2", "li"),
        ("3", "CAT@x.com ", "138 0013 8000", "offer", "no", "w3", "li"),
        ("4", "no address", "12", "offer", "yes", None, "li"),
        ("5", "Bob@X.com", "", "offer", "yes", "w2", "li"),  # the address of 2, who is held out
        ("6", "ann@x.com", "", "other", "yes", "w1", "wu"),  # the address of 1
        ("1", "ann2@x.com", "", "offer", "yes", "w9", "li"),  # customer 1 again
        (HIDDEN, "", "13800138001", "offer", "true", "w4", "wu"),
    ],
    columns=["customer_id", "email", "phone", "arm", "consent", "external_userid", "sender"],
).assign(segment="=loyal", day="2024-07-01")


def counts(made):
    return made.to_frame().set_index("became")["rows"].loc[STATES].tolist()


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("klaviyo", [8, 2, 1, 2, 1, 1, 1]),
        ("hubspot", [8, 1, 1, 2, 1, 2, 1]),
        ("braze", [8, 3, 1, 1, 1, 1, 1]),
        ("wecom", [8, 2, 1, 2, 1, 1, 1]),
        ("plain", [8, 4, 1, 1, 1, 0, 1]),
    ],
)
def test_every_row_is_counted_once(target, expected):
    made = Audience(target, country="CN").analyze(PEOPLE)
    assert counts(made) == expected
    assert expected[0] == len(PEOPLE) == sum(expected[1:])


def test_the_headings_are_those_that_the_tools_document():
    heads = {target: list(Audience(target, country="CN").analyze(PEOPLE).send) for target in TARGETS}
    also = ["segment", "day", "arm"]
    assert heads == {
        "klaviyo": ["Email", "Phone Number", *also],
        "hubspot": ["Email", "Phone Number", *also],
        "braze": ["external_id", "email", "phone", *also],
        "wecom": ["external_userid", "sender", *also],
        "plain": ["customer_id", *also],
    }


CELLS = st.sampled_from(["a@x.com", "B@x.com", "b@x.com", "", None, "=1+1", "c@x.com"])
ROWS = st.lists(
    st.tuples(
        st.integers(0, 12), CELLS, st.sampled_from([True, False, None]), st.sampled_from(["+16502530000", "", "7"])
    ),
    min_size=1, max_size=25,
)  # fmt: skip


@settings(max_examples=30)
@given(rows=ROWS, target=st.sampled_from(list(TARGETS)), split=st.integers(1, 11))
def test_nobody_held_out_is_ever_sent_to(rows, target, split):
    """Neither the customer nor an address of theirs, whatever the rest of the list holds."""
    frame = pd.DataFrame(rows, columns=["customer_id", "email", "consent", "phone"])
    frame["arm"] = ["control" if c < split else "offer" for c in frame["customer_id"]]
    frame["external_userid"] = frame["email"]
    made = Audience(target, held_out=("control",) if (frame["arm"] == "control").any() else ()).analyze(frame)
    assert counts(made)[0] == len(frame) == sum(counts(made)[1:])
    assert "control" not in set(made.send["arm"])
    kept = frame[frame["arm"] == "control"]
    never = {str(v).strip().lower() for name in ("email", "phone") for v in kept[name] if v}
    sent = made.send.drop(columns=["arm"]).astype(str)
    assert not never & {v.strip().lower() for v in sent.to_numpy().ravel()}
    assert len(made.held_out) == len(kept)
    assert not {"email", "phone", "external_userid"} & set(made.held_out)
    for heading in ("Email", "external_id", "external_userid"):
        if heading in made.send:
            values = made.send[heading][made.send[heading] != ""]
            assert values.is_unique


def read(path):
    return path.read_bytes()


def test_files_are_whole_private_and_safe_in_a_spreadsheet(tmp_path):
    made = Audience("klaviyo", country="CN", properties=("segment",)).analyze(PEOPLE)
    send, held, books = made.save(tmp_path, "july")
    assert [path.name for path in (send, held, books)] == ["july_send.csv", "july_held_out.csv", "july_counts.csv"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in (send, held, books)} == {0o600}
    assert read(send) == (
        b"Email,Phone Number,segment,arm\r\n"
        b"ann@x.com,+16502530000,'=loyal,offer\r\n"
        b",+8613800138001,'=loyal,offer\r\n"
    )  # fmt: skip
    assert read(held).startswith("\ufeffcustomer_id,segment,arm\r\n2,'=loyal,control".encode())
    assert pd.read_csv(books, encoding="utf-8-sig")["rows"].tolist() == counts(made)


def test_chinese_reads_right_in_each_tool(tmp_path):
    rows = pd.DataFrame({"customer_id": ["客户1"], "external_userid": ["w1"], "segment": ["忠诚客户"]})
    for target, begins in (("wecom", b"\xef\xbb\xbfexternal_userid"), ("braze", b"external_id")):
        made = Audience(target, arm="", consent="").analyze(rows)
        content = read(made.save(tmp_path, target)[0])
        assert content.startswith(begins)
        assert "忠诚客户" in content.decode("utf-8-sig")


def test_a_file_longer_than_a_tool_takes_comes_in_parts(tmp_path, monkeypatch):
    rows = pd.DataFrame({"customer_id": range(25), "email": [f"c{n}@x.com" for n in range(25)]})
    made = Audience("hubspot", arm="", consent="").analyze(rows)
    small = type(TARGETS["hubspot"])("hubspot", TARGETS["hubspot"].headings, ("email",), most_rows=10)
    tight = type(small)("hubspot", small.headings, ("email",), most_bytes=120)
    for limit, parts in ((small, 3), (tight, 4)):
        monkeypatch.setitem(TARGETS, "hubspot", limit)
        files = [path for path in made.save(tmp_path / str(parts)) if "_send" in path.name]
        assert len(files) >= parts
        assert all(path.stat().st_size <= (limit.most_bytes or 10**9) for path in files)
        again = pd.concat([pd.read_csv(io.BytesIO(read(path))) for path in files])
        assert again["Email"].tolist() == made.send["Email"].tolist()


def test_pseudonyms_come_back_only_on_purpose():
    identities = pd.DataFrame({"customer_id": [HIDDEN], "id": ["dora@x.com"]})
    with pytest.raises(BadInput, match="mapped back only on purpose: a map of identities is needed"):
        Audience("braze", map_back=True).analyze(PEOPLE)
    with pytest.raises(BadInput, match="mapped back only on purpose: set map_back"):
        Audience("braze").analyze(PEOPLE, identities=identities)
    apart = Audience("braze").analyze(PEOPLE)
    assert HIDDEN not in apart.send.to_numpy()
    assert "dora@x.com" not in apart.send.to_numpy()
    back = Audience("braze", map_back=True).analyze(PEOPLE, identities=identities)
    row = back.send[back.send["external_id"] == "dora@x.com"].iloc[0]
    assert row["email"] == "dora@x.com"
    assert len(back.send) == len(apart.send) + 1
    with pytest.raises(BadInput, match="None of the 1 pseudonyms is in the map"):
        Audience("braze", map_back=True).analyze(PEOPLE, identities=identities.assign(customer_id="p_" + "f" * 16))


def test_a_pseudonym_with_two_ids_stays_without_an_address():
    identities = pd.DataFrame({"customer_id": [HIDDEN] * 2, "id": ["dora@x.com", "dora@y.com"]})
    found = Audience("hubspot", held_out=(), map_back=True).analyze(PEOPLE.tail(1), identities=identities)
    assert counts(found) == [1, 0, 0, 0, 0, 1, 0]


def test_addresses_may_be_apart():
    apart = PEOPLE[["customer_id", "email", "phone"]].drop_duplicates("customer_id")
    rows = PEOPLE.drop(columns=["email", "phone"])
    assert counts(audience_file(rows, "hubspot", addresses=apart)) == [8, 1, 1, 2, 1, 2, 1]
    with pytest.raises(BadInput, match="1 rows of the addresses repeat a customer"):
        audience_file(rows, "hubspot", addresses=PEOPLE[["customer_id", "email"]])


@pytest.mark.parametrize(
    ("change", "settings", "said"),
    [
        ({"arm": "offer"}, {}, "The arms are offer and none is held out; name that arm in held_out"),
        ({"arm": None}, {}, "8 rows have no arm; whether they are held out must be known"),
        ({"consent": "maybe"}, {}, "consent has 'maybe'; it must be true or false"),
        ({"customer_id": None}, {}, "Rows have no customer_id"),
        ({"Email": 1}, {"properties": ("Email",)}, "Email would be read by klaviyo as its own field"),
        ({"SMS Consent": 1}, {"properties": ("SMS Consent",)}, "SMS Consent would be read by klaviyo"),
        ({}, {"arm": "group"}, "The list lacks the column group"),
        ({}, {"target": "mailchimp"}, "target is 'mailchimp'; it must be one of klaviyo, braze"),
        ({}, {"country": "China"}, "country is 'China'; it must be a code of two capital letters"),
    ],
)
def test_what_could_send_to_the_wrong_people_is_refused(change, settings, said):
    with pytest.raises(BadInput, match=said):
        Audience(**{"target": "klaviyo", **settings}).analyze(PEOPLE.assign(**change))


def test_a_customer_in_two_arms_is_refused():
    torn = pd.concat([PEOPLE, PEOPLE.head(1).assign(arm="control")])
    with pytest.raises(BadInput, match="1 customers are in more than one arm"):
        Audience("plain").analyze(torn)


def test_no_report_holds_an_audience(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_REPORT", "1")
    monkeypatch.setenv("CRM_LAB_OUT", str(tmp_path))
    made = Audience("klaviyo").analyze(PEOPLE)
    with pytest.raises(BadInput, match="An audience names people; write it beside a report"):
        made.save(tmp_path / "files")
    assert not any("@" in str(v) for v in made.to_publish().to_numpy().ravel())


def test_the_readout_says_so_in_both_languages(monkeypatch):
    made = Audience("klaviyo", country="CN").analyze(PEOPLE)
    assert (
        made.readout()
        .certainty.text("en")
        .startswith("Every row is counted once: 8 = 2 sent + 1 held out + 2 repeated")
    )
    assert made.readout().certainty.text("zh").startswith("每一行只计一次：8 = 发送 2 + 留白 1 + 重复 2")
    nobody = Audience("plain", arm="", consent="").analyze(PEOPLE.drop_duplicates("customer_id"))
    assert "hold out a random part" in nobody.readout().action.text("en")
    monkeypatch.setenv("CRM_LAB_LANG", "zh")
    assert made.shown()["became"].iloc[2] == "留白"


def _people(**further: object) -> pd.DataFrame:
    return pd.DataFrame({
        "customer_id": ["1", "2", "3"], "email": ["a@x.com", "b@x.com", "c@x.com"],
        "arm": ["treatment", "control", "treatment"], "consent": True, **further,
    })  # fmt: skip


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0]])
def test_who_said_no_in_any_row_or_from_the_same_address_is_not_sent_to(order: list[int]) -> None:
    twice = _people(customer_id=["1", "2", "1"], email=["a@x.com", "b@x.com", "a@x.com"], consent=[True, True, False])
    assert audience_file(twice.iloc[order], "klaviyo").send.empty
    shared = _people(email=["A@x.com", "b@x.com", "a@x.com "], consent=[True, True, "no"])
    assert audience_file(shared.iloc[order], "klaviyo").send.empty
    silent = shared.assign(consent=[True, True, None])
    assert audience_file(silent.iloc[order], "klaviyo").send["Email"].tolist() == ["a@x.com"]


def test_the_address_of_somebody_held_out_stays_out_of_lists_of_ids_too() -> None:
    ids = audience_file(_people(email=["B@x.com", "b@x.com", "c@x.com"]), "plain")
    assert (ids.send["customer_id"].tolist(), ids.counts["shares_held_out"]) == (["3"], 1)
    apart = pd.DataFrame({"customer_id": ["1", "2"], "phone": "+1 650 253 0000"})
    chat = _people(external_userid=list("xyz")).drop(columns="email")
    assert audience_file(chat, "wecom", addresses=apart).send["external_userid"].tolist() == ["z"]


def test_numbers_of_customers_fit_their_text_and_lose_no_zero_to_a_gap() -> None:
    numbers = _people(customer_id=[1.0, 2.0, 3.0]).drop(columns="email")
    apart = pd.DataFrame({"customer_id": ["1", "3"], "email": ["a@x.com", "c@x.com"]})
    made = audience_file(numbers, "braze", addresses=apart)
    assert made.send[["external_id", "email"]].to_numpy().tolist() == [["1", "a@x.com"], ["3", "c@x.com"]]
    assert made.held_out["customer_id"].tolist() == ["2"]
    with pytest.raises(BadInput, match="in more than one arm"):
        audience_file(_people(customer_id=[2, "2", "3"]), "klaviyo")


def test_arms_spelt_nearly_as_one_held_out_are_refused() -> None:
    with pytest.raises(BadInput, match="'Control'"):
        audience_file(_people(arm=["Control", "control", "treatment"]))
    with pytest.raises(BadInput, match="give a tuple"):
        audience_file(_people(), held_out="control")
