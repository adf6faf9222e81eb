"""The ledger as users meet it: frames and files, any order of rows, and what is odd or refused."""

import numpy as np
import pandas as pd
import pytest

from certification.plain_ledger import plain_ledger
from crm_lab.checks import BadInput
from crm_lab.loyalty.points import PointsLedger
from crm_lab.loyalty.points.lots.point_kinds import KINDS

END = "2024-12-31"


def ledger(*rows, **columns):
    """Rows as (customer, day of 2024, kind, points, order, last day)."""
    frame = pd.DataFrame(
        [(*row, *[None] * (6 - len(row))) for row in rows],
        columns=["customer_id", "day", "kind", "points", "order_id", "expires"],
    )
    days = pd.to_datetime("2024-01-01") + pd.to_timedelta(frame.pop("day"), "D")
    last = pd.to_datetime("2024-01-01") + pd.to_timedelta(frame.pop("expires").astype(float), "D")
    frame = frame.assign(date=days, expires_on=last, event=frame.groupby("customer_id").cumcount() + 1)
    return frame.assign(**columns)


def breaches(result):
    return {row.breach: (row.handled, row.rows, row.members, row.points) for row in result.breaches.itertuples()}


def long_ledger(seed, members=60, events=25):
    """A ledger in which balances never fall below zero: shortfalls of the plain ledger are taken off."""
    rng = np.random.default_rng(seed)
    rows = []
    for who in range(members):
        day = np.sort(rng.integers(0, 360, events))
        mine = []
        for number in range(events):
            kind = str(rng.choice(KINDS, p=[0.35, 0.1, 0.1, 0.2, 0.05, 0.1, 0.05, 0.05]))
            sign = 1 if kind in ("earn", "pending", "activate") else -1
            sign = int(rng.choice([-1, 1])) if kind in ("adjust", "transfer") else sign
            order = None if rng.random() < 0.3 else f"o{rng.integers(0, 9)}"
            expires = int(day[number] + rng.integers(30, 200)) if sign > 0 and kind != "activate" else None
            mine.append((number, int(day[number]), kind, sign * int(rng.integers(0, 100)), order, expires))
        _, short = plain_ledger(mine, "fifo", 365, by_date=False)
        for number, at, kind, points, order, expires in mine:
            less = short.get(number, 0)
            rows.append((f"m{who:03d}", at, kind, points - less if points > 0 else points + less, order, expires))
    return ledger(*rows)


@pytest.mark.parametrize("order", ["fifo", "soonest", "lifo"])
def test_shuffled_rows_give_the_same_ledger(order):
    rewards = long_ledger(1)
    first = PointsLedger(order=order).analyze(rewards, END)
    second = PointsLedger(order=order).analyze(rewards.sample(frac=1, random_state=3), END)
    for table in ("balances", "lots", "uses", "to_frame", "redeemed_by_month"):
        pd.testing.assert_frame_equal(getattr(first, table)(), getattr(second, table)())
    pd.testing.assert_frame_equal(first.breaches, second.breaches)
    assert first.unbalanced == 0


@pytest.mark.parametrize("order", ["fifo", "soonest", "lifo"])
def test_a_file_gives_what_the_frame_gives_in_any_order_of_its_rows(order, tmp_path):
    rewards = long_ledger(2)
    rewards["date"], rewards["expires_on"] = (
        rewards[name].astype("date32[pyarrow]") for name in ("date", "expires_on")
    )
    spec, frames = PointsLedger(order=order), long_ledger(2)
    wanted = spec.analyze(frames, END)
    for name, rows in (("sorted", rewards), ("shuffled", rewards.sample(frac=1, random_state=1))):
        path = tmp_path / f"{name}.parquet"
        rows.to_parquet(path, index=False)
        found = spec.analyze_file(path, END)
        assert found.points == wanted.to_frame().set_index("part")["points"].to_dict()
        assert (found.unbalanced, found.rows, found.members) == (0, len(rewards), rewards["customer_id"].nunique())
        pd.testing.assert_frame_equal(found.redeemed_by_month(), wanted.redeemed_by_month(), check_dtype=False)


def test_uses_and_lots_say_the_same_and_every_row_in_is_out_or_set_aside():
    rewards = pd.concat([long_ledger(4), long_ledger(4).head(5)])
    result = PointsLedger().analyze(rewards, END)
    lots, uses = result.lots(), result.uses()
    for kind, column in (("redeem", "redeemed"), ("expire", "expired"), ("reverse", "reversed")):
        by_lot = uses[uses["kind"] == kind].groupby(["customer_id", "lot"])["points"].sum()
        assert (lots.set_index(["customer_id", "lot"])[column].loc[by_lot.index] == by_lot).all()
        by_event = uses[uses["kind"] == kind].groupby(["customer_id", "event"])["points"].sum()
        row = result.rows.frame.set_index(["customer_id", "event"])
        given = -row.loc[row["kind"] == kind, "points"]
        assert by_event.equals(given[given > 0].sort_index().rename("points").loc[by_event.index])
        assert by_event.sum() == given.sum()
    assert len(result.rows.frame) + len(result.quarantine()) + result.rows.later == len(rewards)
    aside = result.quarantine()["points"].sum()
    assert result.rows.frame["points"].sum() + aside == rewards["points"].sum()
    assert breaches(result)["copy"][:2] == ("set_aside", 5)


def test_a_lot_ends_when_and_as_its_last_points_go():
    result = PointsLedger().analyze(
        ledger(("a", 0, "earn", 100), ("a", 5, "redeem", -60), ("a", 9, "expire", -40), ("a", 20, "earn", 10)), END
    )
    lots = result.lots()
    assert lots["ended"].tolist() == ["expired", "open"]
    assert lots["ended_on"].tolist()[0] == pd.Timestamp("2024-01-10")
    assert lots["ended_on"].isna().tolist() == [False, True]


def test_points_expire_the_day_after_their_last_day_where_the_ledger_writes_none():
    rows = ledger(("a", 0, "earn", 100, "o", 30), ("a", 10, "earn", 50, "p", 40), ("a", 30, "redeem", -10))
    at = {day: PointsLedger().analyze(rows, day) for day in ("2024-01-31", "2024-02-01", END)}
    assert [int(r.balances()["expired"].sum()) for r in at.values()] == [0, 90, 140]
    last = at[END].uses().query("kind == 'expire'")
    assert last["date"].tolist() == [pd.Timestamp("2024-02-01"), pd.Timestamp("2024-02-11")]
    assert last["event"].tolist() == [-1, -1]


def test_redeemed_after_the_last_day_is_redeemed_and_named():
    rows = ledger(("a", 0, "earn", 100, "o", 30), ("a", 50, "redeem", -70, "q"))
    result = PointsLedger().analyze(rows, END)
    assert result.balances()[["redeemed", "expired", "active"]].iloc[0].tolist() == [70, 30, 0]
    assert breaches(result) == {"redeemed_after_expiry": ("counted_redeemed", 1, 1, 70)}


def test_written_expiry_is_held_against_last_days():
    rows = ledger(
        ("a", 0, "earn", 100, "o", 30), ("a", 20, "expire", -40), ("b", 0, "earn", 80, "p", 30),
        ("b", 5, "earn", 9, "q"),
    )  # fmt: skip
    assert breaches(PointsLedger().analyze(rows, END)) == {
        "missing_expiry": ("never_expires", 1, 1, 9),
        "past_due": ("kept_active", 2, 2, 140),
        "expired_early": ("as_written", 1, 1, 40),
    }


def test_a_redemption_before_the_same_days_points_is_put_after_them():
    rows = ledger(("a", 3, "redeem", -40), ("a", 3, "earn", 100))
    result = PointsLedger().analyze(rows, END)
    assert result.balances()["active"].tolist() == [60]
    assert breaches(result) == {"order_of_day": ("credits_first", 1, 1, 0)}


def test_a_ledger_that_begins_in_the_middle_is_refused_mended_or_set_aside():
    rows = ledger(("a", 3, "redeem", -40), ("a", 5, "earn", 100), ("a", 9, "redeem", -70), ("b", 3, "earn", 5))
    with pytest.raises(BadInput) as refused:
        PointsLedger().analyze(rows, END)
    assert refused.value.problems[0].startswith("1 rows of kind redeem take more points than there are")
    assert refused.value.problems[0].endswith("1 members, 40 points.")
    assert refused.value.problems[1] == "1 of these rows come before the member earned anything (1 members)."
    assert "as in one that begins in the middle of its programme" in refused.value.problems[2]
    mended = PointsLedger(below_zero="opening").analyze(rows, END)
    assert mended.unbalanced == 0
    assert mended.lots().iloc[0][["kind", "points", "redeemed"]].tolist() == ["opening", 40, 40]
    assert pd.isna(mended.lots()["issued_on"].iloc[0])
    assert breaches(mended) == {"begins_in_the_middle": ("opening_lot", 1, 1, 40)}
    aside = PointsLedger(below_zero="set_aside").analyze(rows, END)
    assert aside.balances()["customer_id"].tolist() == ["b"]
    assert breaches(aside) == {"below_zero": ("set_aside", 3, 1, 210)}


def test_what_is_activated_or_taken_back_without_having_been_is_refused_by_name():
    rows = ledger(
        ("a", 3, "activate", 40), ("a", 5, "earn", 10, "o"), ("a", 9, "reverse", -70, "o"), ("a", 9, "expire", -1)
    )
    with pytest.raises(BadInput) as refused:
        PointsLedger().analyze(rows, END)
    assert [problem.partition(":")[0] for problem in refused.value.problems[:3]] == [
        "1 rows of kind activate activate more points than were pending",
        "1 rows of kind expire let more points expire than there were",
        "1 rows of kind reverse take back more points than there were",
    ]


def test_more_taken_back_than_the_order_gave_comes_from_other_lots_and_is_named():
    rows = ledger(("a", 0, "earn", 100, "o"), ("a", 1, "earn", 50, "p"), ("a", 2, "reverse", -70, "p"))
    result = PointsLedger().analyze(rows, END)
    assert result.lots()["active"].tolist() == [80, 0]
    assert breaches(result) == {"reversed_beyond_order": ("other_lots", 1, 1, 20)}


def test_transfers_without_their_other_side_are_named():
    rows = ledger(
        ("a", 0, "earn", 100), ("a", 5, "transfer", -30), ("b", 5, "transfer", 30), ("a", 6, "transfer", -20),
        counterpart_id=[None, "b", "a", "c"],
    )  # fmt: skip
    assert breaches(PointsLedger().analyze(rows, END)) == {"transfers_open": ("as_written", 1, 1, 20)}


def test_the_same_event_of_an_order_twice_is_named_or_set_aside():
    rows = ledger(("a", 0, "earn", 100, "o"), ("a", 0, "earn", 100, "o"))
    assert breaches(PointsLedger().analyze(rows, END)) == {"repeated": ("keep", 1, 1, 100)}
    assert PointsLedger(repeats="set_aside").analyze(rows, END).balances()["earned"].tolist() == [100]


def test_what_cannot_be_an_event_is_refused_with_everything_and_counts():
    rows = ledger(("a", 0, "burned", 100), ("a", 1, "earn", -5), ("a", 2, "redeem", 3), ("b", 0, "earn", 1))
    rows.loc[3, "event"] = 1
    rows = pd.concat([rows, rows.tail(1).assign(points=7)])
    with pytest.raises(BadInput) as refused:
        PointsLedger().analyze(rows, END)
    starts = [
        "1 rows have a kind that is none of",
        "1 of 3 rows of kind earn lie below 0",
        "1 of 1 rows of kind redeem",
    ]
    assert all(found.startswith(start) for found, start in zip(refused.value.problems, starts, strict=False))
    assert "2 rows of 1 customers have the number of another event" in refused.value.problems[3]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"points": [1.5]}, "1 of 1 values of points are no whole number"),
        ({"points": ["12"]}, "points holds str; it must hold whole numbers"),
        ({"date": ["2024-01-01"]}, "date holds str; it must hold dates"),
        ({"date": pd.to_datetime(["2024-01-01"], utc=True)}, "date has a time zone"),
        ({"customer_id": [None]}, "1 of 1 rows have no customer_id"),
        ({"date": pd.to_datetime(["2025-06-01"])}, "it has no rows up to 2024-12-31; 1 lie after it"),
    ],
)
def test_values_that_are_no_events_are_refused(change, says):
    with pytest.raises(BadInput, match=says):
        PointsLedger().analyze(ledger(("a", 0, "earn", 1)).assign(**change), END)


def test_settings_and_expiry_that_contradict_the_ledger_are_refused():
    with pytest.raises(BadInput, match="order is 'oldest'"):
        PointsLedger(order="oldest")
    with pytest.raises(BadInput, match="no row of the ledger has expires_on"):
        PointsLedger(expiry="by_date").analyze(ledger(("a", 0, "earn", 1)), END)
    both = ledger(("a", 0, "earn", 1, "o", 5), ("a", 9, "expire", -1))
    with pytest.raises(BadInput, match="would expire them twice"):
        PointsLedger(expiry="by_date").analyze(both, END)
