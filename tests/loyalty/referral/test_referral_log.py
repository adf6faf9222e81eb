"""Invitations as they are read: what is set aside, who gets the credit, what is refused."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.loyalty.referral import ReferralFraud, ReferralLog, hashed_marks
from crm_lab.loyalty.referral.invitation_log.invited_behaviour import LEVELS, behaviour_of

CUSTOMERS = pd.DataFrame(
    {"customer_id": list("abcdefgh"), "joined_on": pd.to_datetime(["2024-01-01"] * 3 + ["2024-03-05"] * 5)}
)


def invitation(referral, who, whom, sent, joined=None, rewarded=None, reward=None):
    return dict(zip(
        ["referral", "customer_id", "invited_id", "invited_on", "joined_on", "rewarded_on", "reward_amount"],
        [referral, who, whom, sent, joined, rewarded, reward], strict=True,
    ))  # fmt: skip


def read(rows, as_of="2024-12-31", customers=CUSTOMERS, **tables):
    return ReferralLog.of(pd.DataFrame(rows), customers, as_of, **tables)


def test_each_reason_is_named_with_its_rows_and_rewards():
    log = read(
        [
            invitation("1", "a", "d", "2024-03-01", "2024-03-05", "2024-03-20", 10.0),
            invitation("1", "a", "d", "2024-03-01", "2024-03-05", "2024-03-20", 10.0),  # the same row again
            invitation("2", None, "e", "2024-03-01"),
            invitation("3", "a", "e", None),
            invitation("4", "a", "e", "2025-03-01"),
            invitation("5", "a", "e", "2024-03-01"),
            invitation("5", "b", "f", "2024-03-01"),  # one id, two invitations
            invitation("6", "c", "c", "2024-03-01", "2024-03-05", "2024-03-06", 7.0),
            invitation("7", "nobody", "e", "2024-03-01"),
            invitation("8", "a", "stranger", "2024-03-01", "2024-03-05"),
            invitation("9", "a", "f", "2024-03-10", "2024-03-05"),
            invitation("10", "b", "d", "2024-03-02", "2024-03-05", "2024-03-20", 10.0),  # a was first
            invitation("11", "d", "b", "2024-04-01", "2024-04-02", "2024-04-09", 5.0),  # b was there before
            invitation("12", "a", None, "2024-04-01"),
        ]
    )
    found = log.reasons().set_index("reason")
    assert found["rows"].to_dict() == {
        "no_inviter": 1, "no_date": 1, "after_as_of": 1, "repeated": 1, "conflicting_id": 2, "own_account": 1,
        "unknown_inviter": 1, "unknown_invited": 1, "joined_before_invited": 1, "second_inviter": 1,
        "existing_member": 1,
    }  # fmt: skip
    assert found.loc["own_account", "reward"] == 7
    assert log.brought["referral"].tolist() == ["1"]
    assert log.inviter_of[3] == 0
    assert len(log.rows) + len(log.set_aside) == 14


def test_rewards_against_the_rules_are_counted_with_their_money():
    log = read(
        [
            invitation("1", "a", "d", "2024-03-01", "2024-03-05", "2024-03-20", 10.0),
            invitation("2", "b", "d", "2024-03-02", "2024-03-05", "2024-03-20", 11.0),
            invitation("3", "d", "b", "2024-04-01", "2024-04-02", "2024-04-09", 12.0),
            invitation("4", "a", None, "2024-04-01", None, "2024-04-09", 13.0),
            invitation("5", "a", "e", "2024-03-01", "2024-03-05", "2024-03-04", 14.0),
            invitation("6", "c", "c", "2024-03-01", None, "2024-03-04", 15.0),
        ]
    )
    found = ReferralFraud().analyze(log).breaches().set_index("breach")["reward"].to_dict()
    assert found == {
        "second_inviter": 11, "existing_member": 12, "not_joined": 13, "before_joining": 14,
        "returned_after_reward": 0, "own_account": 15,
    }  # fmt: skip


def test_what_came_after_the_day_is_not_known():
    log = read([invitation("1", "a", "d", "2024-03-01", "2024-03-05", "2024-03-20", 10.0)], as_of="2024-03-10")
    assert log.rows["reward"].tolist() == [0.0]
    log = read([invitation("1", "a", "d", "2024-03-01", "2024-03-05", "2024-03-20", 10.0)], as_of="2024-03-02")
    assert not log.credited.any()


def test_everything_that_is_wrong_is_said_at_once():
    marks = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c", "d", "e"],
            "kind": ["phone", "device", "ip", "card", "face"],
            "mark": ["+49 30 1234567", "ann@example.com", "10.0.0.1", "4111 1111 1111 1111", "x"],
        }
    )
    twice = pd.concat([CUSTOMERS, CUSTOMERS.head(1)])
    with pytest.raises(BadInput) as error:
        read([invitation("1", "a", "d", "2024-03-01", reward=-5.0)], customers=twice, marks=marks)
    said = str(error.value)
    for words in ("1 rows of customers repeat an id", "below 0", "kind nobody knows (face)", "of the kind phone",
                  "of the kind device", "of the kind ip", "of the kind card", "hashed_marks"):  # fmt: skip
        assert words in said
    for raw in ("1234567", "ann@", "4111"):
        assert raw not in said


def test_a_missing_column_and_unreadable_dates_are_named():
    with pytest.raises(BadInput, match=r"referrals lacks rewarded_on, reward_amount"):
        read([{"referral": "1", "customer_id": "a", "invited_id": "d", "invited_on": "2024-03-01", "joined_on": None}])
    with pytest.raises(BadInput, match=r"1 of 1 values of referrals.invited_on are no dates .* '01/13/2024x'"):
        read([invitation("1", "a", "d", "01/13/2024x")])


@pytest.mark.parametrize("kind", [dt.date, str, "arrow", "tz"])
def test_dates_of_any_kind_are_read_alike(kind):
    rows = pd.DataFrame([invitation("1", "a", "d", "2024-03-01", "2024-03-05", "2024-03-20", 10.0)])
    for name in ("invited_on", "joined_on", "rewarded_on"):
        times = pd.to_datetime(rows[name])
        rows[name] = {
            dt.date: times.dt.date, str: times.dt.strftime("%Y-%m-%d"),
            "arrow": times.astype("date32[pyarrow]"), "tz": times.dt.tz_localize("Asia/Shanghai"),
        }[kind]  # fmt: skip
    log = ReferralLog.of(rows, CUSTOMERS, "2024-12-31")
    assert log.rows["joined_day"].iloc[0] - log.rows["invited_day"].iloc[0] == 4
    assert str(log.rows["invited_day"].to_numpy().astype("datetime64[D]")[0]) == "2024-03-01"


def test_hashes_join_but_cannot_be_read_and_hashed_marks_are_taken():
    marks = pd.DataFrame({"customer_id": ["a", "d"], "kind": "phone", "mark": ["+49 30 123-4567", "+49301234567"]})
    hashed = hashed_marks(marks, "a long secret")
    log = read([invitation("1", "a", "d", "2024-03-01", "2024-03-05")], marks=hashed)
    assert log.marks["mark"].iloc[0] == log.marks["mark"].iloc[1]
    assert hashed_marks(marks, "another secret")["mark"].iloc[0] != hashed["mark"].iloc[0]
    with pytest.raises(BadInput, match="8 are the least"):
        hashed_marks(marks, "short")


def test_missing_marks_mark_nobody():
    marks = pd.DataFrame({"customer_id": ["a", "d", "e"], "kind": "phone", "mark": ["", None, " "]})
    assert read([invitation("1", "a", "d", "2024-03-01", "2024-03-05")], marks=marks).marks.empty


def lines(*rows):
    made = pd.DataFrame(rows, columns=["customer_id", "date", "net_amount"])
    return made.assign(date=pd.to_datetime(made["date"]))


@pytest.mark.parametrize(
    ("level", "rows"),
    [
        ("stays", [("d", "2024-03-06", 40.0), ("d", "2024-04-06", 40.0)]),
        ("once", [("d", "2024-03-06", 40.0)]),
        ("nothing", []),
        ("unearned", [("d", "2024-03-06", 4.0)]),
        ("returned", [("d", "2024-03-06", 40.0), ("d", "2024-03-10", -40.0)]),
        ("returned_after_reward", [("d", "2024-03-06", 40.0), ("d", "2024-03-25", -36.0)]),
    ],
)
def test_levels_of_behaviour(level, rows):
    rewarded = None if level == "nothing" else "2024-03-20"
    log = read(
        [invitation("1", "a", "d", "2024-03-01", "2024-03-05", rewarded, rewarded and 10.0)],
        transactions=lines(*rows, ("h", "2024-05-01", 3.0)),
    )
    assert LEVELS[behaviour_of(log, 90).level[3]] == level


def test_a_day_too_little_follow_up_is_open():
    rows = [invitation("1", "a", "d", "2024-03-01", "2024-03-05")]
    last = np.datetime64("2024-03-05") + 89
    assert behaviour_of(read(rows, as_of=str(last)), 90).known[3]
    assert not behaviour_of(read(rows, as_of=str(last - 1)), 90).known[3]


def test_swapped_columns_are_refused():
    rows = [
        invitation("1", "d", "a", "2024-03-01", "2024-03-05"),
        invitation("2", "e", "b", "2024-03-01", "2024-03-05"),
    ]
    with pytest.raises(BadInput, match="look swapped"):
        read(rows)


def test_numbers_that_became_decimals_beside_empty_cells_are_ids_again():
    customers = CUSTOMERS.assign(customer_id=range(1, 9))
    rows = pd.DataFrame([invitation("1", 1, 4.0, "2024-03-01", "2024-03-05"), invitation("2", 1, None, "2024-03-02")])
    log = ReferralLog.of(rows, customers, "2024-12-31")
    assert log.credited.tolist() == [True, False]


def test_ids_of_another_system_are_refused():
    with pytest.raises(BadInput, match="2 of 3 referrals name accounts that are not among the customers"):
        read([invitation("1", "x1", "d", "2024-03-01"), invitation("2", "x2", "d", "2024-03-01"),
              invitation("3", "a", "d", "2024-03-01")])  # fmt: skip
