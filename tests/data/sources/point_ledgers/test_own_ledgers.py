"""Exports of ledgers of points are read right or asked about; none is read wrongly in silence."""

from collections import Counter

import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.data.connection import connect, workspaces_dir
from crm_lab.data.sources.further_tables import FurtherTable, doors_of
from crm_lab.data.sources.point_ledgers.event_words import meaning_of
from crm_lab.data.sources.point_ledgers.ledger_reading import read_own_ledger
from tests.data.sources.point_ledgers.exports_of_ledgers import SHAPES, export, matrix

EXPORTS = list(matrix())


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("ledgers")


def table_of(settings, name):
    """The contract's rows as a workspace reads them."""
    home = workspaces_dir() / f"test-{name}"
    home.mkdir(parents=True)
    try:
        connection = connect(workspaces_dir()).cursor()
        sql = doors_of({"rewards": FurtherTable(**settings)})["rewards"](connection, home)
        return connection.sql(sql).df()
    finally:
        for file in sorted(home.rglob("*"), reverse=True):
            file.unlink() if file.is_file() else file.rmdir()
        home.rmdir()


def says_the_truth(table, truth):
    wanted = truth.assign(kind=truth["kind"].str.rstrip("+-"), date=truth["stamp"].dt.normalize())
    wanted = wanted.sort_values(["who", "stamp"])
    got = table.sort_values(["customer_id", "event"])
    pairs = (("customer_id", "who"), ("kind", "kind"), ("points", "points"), ("order_id", "order"))
    same = all(got[a].tolist() == wanted[b].tolist() for a, b in pairs)
    return same and pd.to_datetime(got["date"]).tolist() == wanted["date"].tolist()


def outcome(one, place, number):
    path = place / f"{number}.csv"
    one.frame.to_csv(path, index=False)
    found = read_own_ledger(path, {}, {}, "")
    if not found.questions:
        return "read" if says_the_truth(table_of(found.settings, number), one.truth) else "wrong"
    known = {q.topic: one.answers.get(q.topic) for q in found.questions}
    if None in known.values():
        return "cannot be said"
    answered = read_own_ledger(path, known, {}, "")
    if answered.questions:
        return "asked twice"
    return "asked" if says_the_truth(table_of(answered.settings, number), one.truth) else "wrong after answers"


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_exports_are_read_right_or_asked_about(shape, place):
    found = {}
    for number, one in enumerate(EXPORTS):
        if f"-{shape}-" in one.name:
            found[one.name] = outcome(one, place, f"{shape}{number}")
    counts = Counter(found.values())
    wrong = {name: said for name, said in found.items() if said not in ("read", "asked", "cannot be said")}
    assert not wrong, (counts, wrong)
    # an unsigned word that goes both ways without a balance cannot be told from the file: it is asked, not guessed
    cannot = [name for name, said in found.items() if said == "cannot be said"]
    assert all("-plain-" in name and "-bare-" in name for name in cannot)
    known = [said for name, said in found.items() if "strange" not in name and "no_kind" not in name]
    if shape in ("signed", "direction"):
        assert known.count("read") == len(known), counts


def one(words, shape, **more):
    return export(words, shape, "%Y-%m-%d", balance=False, newest_first=False, **more)


@pytest.mark.parametrize(
    ("words", "shape"), [("zh_points", "signed"), ("en_accounting", "direction"), ("zh_plain", "wide")]
)
def test_an_export_is_read_without_a_question(words, shape, place):
    assert outcome(one(words, shape), place, f"one-{words}-{shape}") == "read"


def test_unknown_words_and_signs_without_words_are_asked_with_their_flags(place):
    path = place / "asked.csv"
    one("strange", "signed").frame.to_csv(path, index=False)
    with pytest.raises(BadInput) as asked:
        read_own_ledger(path).raise_questions()
    assert len(asked.value.problems) == 10
    assert "--point-kind K01=earn" in str(asked.value)
    one("en_verbs", "no_kind").frame.to_csv(path, index=False)
    assert [question.topic for question in read_own_ledger(path).questions] == ["+", "-"]


@pytest.mark.parametrize(
    ("rows", "topic"),
    [
        ("earn,100\nearn,-20", "earn-"),  # what takes points under the name of earning?
        ("earn,100\nredeem,-20\nredeem,5", "redeem+"),  # and what brings some under that of redeeming?
        ("earn,100\nadjust,20", "adjust"),  # up or down?
        ("earn,100\n兑换取消,20", "兑换取消"),
        ("earn,100\n消费,20", "消费"),  # earned at a purchase, or spent on one?
        ("earn,100\nredeem,-5\ntransfer in,-20", "transfer in-"),
    ],
)
def test_what_words_and_signs_leave_open_is_asked(rows, topic, place):
    path = place / "open.csv"
    lines = [f"a,2024-01-{n + 1:02d},{row}" for n, row in enumerate(rows.split("\n"))]
    path.write_text("\n".join(["member,date,type,points", *lines]), encoding="utf-8")
    assert [question.topic for question in read_own_ledger(path).questions] == [topic]


def test_the_running_balance_says_which_way_points_go_and_is_held_against_them(place):
    path = place / "balance.csv"
    rows = ["a,2024-01-01,earn,100,100", "a,2024-01-02,adjust,20,80", "a,2024-01-03,消费,30,50"]
    path.write_text("\n".join(["member,date,type,points,balance", *rows]), encoding="utf-8")
    found = read_own_ledger(path)
    assert found.settings["ledger"]["kinds"] == {"earn": "earn", "adjust": "adjust-", "消费": "redeem"}
    assert not found.questions
    wrong = [*rows, "a,2024-01-04,earn,10,7", "a,2024-01-05,earn,10,7", "a,2024-01-06,earn,10,7"]
    path.write_text("\n".join(["member,date,type,points,balance", *wrong]), encoding="utf-8")
    with pytest.raises(BadInput, match="does not follow from the points in 3 of 5 rows"):
        read_own_ledger(path)


def test_a_word_that_goes_both_ways_follows_the_balance_row_by_row(place):
    path = place / "both.csv"
    rows = [
        "a,2024-01-01,adjust,100,100",
        "a,2024-01-02,adjust,20,80",
        "b,2024-01-02,消费,30,30",
        "b,2024-01-03,消费,10,20",
    ]
    path.write_text("\n".join(["member,date,type,points,balance", *rows]), encoding="utf-8")
    found = read_own_ledger(path)
    assert not found.questions
    table = table_of(found.settings, "both").sort_values(["customer_id", "event"])
    assert table[["kind", "points"]].to_numpy().tolist() == [
        ["adjust", 100],
        ["adjust", -20],
        ["earn", 30],
        ["redeem", -10],
    ]
    unclear = [*rows, "c,2024-01-01,adjust,5,905"]  # nobody knows what the balance was before
    path.write_text("\n".join(["member,date,type,points,balance", *unclear]), encoding="utf-8")
    assert [question.topic for question in read_own_ledger(path).questions] == ["adjust"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "member,date,type,points\na,2024-01-01,earn,x1" + "\na,2024-01-01,earn,1" * 99,
            "1 of 100 rows have no points that can be",
        ),
        ("member,date,type,points\na,2024-01-01,earn,1.5", "1 of 1 rows have points that are no whole number"),
        ("member,date,type,points\n,2024-01-01,earn,1\nb,2024-01-01,earn,1", "1 of 2 rows have no member"),
        ("member,type,points\na,earn,1", "lacks date; the file has member, type, points"),
        ("member,date,type,points\na,01/02/2024,earn,1", "Day and month cannot be told apart"),
    ],
)
def test_what_cannot_be_read_is_refused_with_counts(text, says, place):
    path = place / "refused.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=says):
        read_own_ledger(path)


def test_a_word_that_comes_later_is_refused_when_the_workspace_is_built(place):
    path = place / "later.csv"
    path.write_text("member,date,type,points\na,2024-01-01,earn,10\n", encoding="utf-8")
    settings = read_own_ledger(path).settings
    path.write_text("member,date,type,points\na,2024-01-01,earn,10\na,2024-01-02,mystery,5\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"1 rows have a kind that nobody has said the meaning of: 'mystery\+' \(1\)"):
        table_of(settings, "later")


def test_last_days_in_their_own_format_and_far_ones_that_mean_never(place):
    path = place / "expiry.csv"
    path.write_text(
        "会员号,时间,类型,积分,有效期至\n"
        "a,2024-01-05 10:00:00,获取,10,31.12.2024\na,2024-01-05 09:00:00,获取,5,31.12.9999\n",
        encoding="utf-8",
    )
    table = table_of(read_own_ledger(path).settings, "expiry").sort_values("event")
    assert table["points"].tolist() == [5, 10]  # by the hour of the day
    assert pd.isna(table["expires_on"].iloc[0])
    assert table["expires_on"].iloc[1] == pd.Timestamp("2024-12-31")


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("POINTS_EARNED", "earn"), ("burn", "redeem"), ("clawback", "reverse"), ("transfer in", "transfer+"),
        ("活动奖励积分", "earn"), ("积分转赠", "transfer"), ("冻结", "pending"), ("解冻", "activate"),
        ("扣减", "adjust-"),
        ("退货扣减", "reverse"), ("消费", "earn|redeem"), ("兑换取消", ""),
        ("未生效转可用", ""), ("K07", ""), ("refund", ""),
    ],
)  # fmt: skip
def test_words_and_what_they_mean(word, meaning):
    assert meaning_of(word) == meaning
