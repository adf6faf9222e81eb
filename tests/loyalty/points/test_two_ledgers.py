"""Two records of the same points: planted differences are found, counted and valued; members are named."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.loyalty.points import TwoLedgers

END = "2024-12-31"


def records(members=200, seed=0):
    """A ledger of earnings with orders and redemptions without."""
    rng = np.random.default_rng(seed)
    rows = []
    for who in range(members):
        for number, day in enumerate(np.sort(rng.integers(0, 350, 8))):
            kind = "redeem" if number % 4 == 3 else "earn"
            points = -int(rng.integers(1, 40)) if kind == "redeem" else int(rng.integers(50, 99))
            order = None if kind == "redeem" else f"o{who}-{number}"
            rows.append(
                (f"m{who:03d}", number, pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(day)), kind, points, order)
            )
    return pd.DataFrame(rows, columns=["customer_id", "event", "date", "kind", "points", "order_id"])


def test_planted_differences_are_found_and_nothing_else():
    first = records()
    second = first.copy()
    other = second.index[second["kind"] == "earn"][:10]
    second.loc[other, "points"] += 7
    gone, missing = second.index[-3:], second.index[50:54]
    second = second.drop(index=gone)
    late = second.index[second["kind"] == "redeem"][20:30]
    second.loc[late, "date"] += pd.Timedelta(days=1)  # the other system books a day later
    result = TwoLedgers().analyze(first.drop(index=missing), second.sample(frac=1, random_state=1), END)
    counts = result.pairs["outcome"].value_counts().to_dict()
    assert counts == {"agree": len(first) - 17, "points_differ": 10, "only_first": 3, "only_second": 4}
    rate, ci = result.mismatch_rate
    assert rate == pytest.approx(17 / len(first))
    assert ci.lo < rate < ci.hi
    lost = first.loc[gone, "points"].abs().sum() + first.loc[missing, "points"].abs().sum()
    assert result.to_frame()["gap_points"].sum() == 70 + lost
    wrong = {*first.loc[[*other, *gone, *missing], "customer_id"]}
    assert set(result.members()["customer_id"]) == wrong
    assert len(TwoLedgers(days=0).analyze(first, second, END).pairs) > len(first)


def test_every_event_of_both_is_in_one_pair():
    rng = np.random.default_rng(4)
    first = records(40)
    second = first[rng.random(len(first)) < 0.8]
    second = pd.concat([second, second.head(30).assign(event=lambda rows: rows["event"] + 100, order_id=None)])
    pairs = TwoLedgers().analyze(first, second, END).pairs
    for side, frame, only in (("points_first", first, "only_second"), ("points_second", second, "only_first")):
        assert (pairs["outcome"] != only).sum() == len(frame)
        assert pairs[side].sum() == frame["points"].sum()


def test_equal_ledgers_agree_in_any_order_and_money_is_stated():
    first = records(30)
    result = TwoLedgers(value_per_point=0.01).analyze(first, first.sample(frac=1, random_state=2), END)
    assert result.mismatch_rate[0] == 0
    assert result.members().empty
    assert result.facts()[1].value == 0
    assert "use" in str(result.readout().action) or result.readout().action.key.endswith("action_none")


def test_parts_of_one_ledger_and_missing_channels_are_refused():
    first = records(30)
    second = records(30, seed=9).assign(order_id=lambda rows: rows["order_id"] + "x", date=pd.Timestamp("2023-05-05"))
    with pytest.raises(BadInput, match="parts of one ledger rather than two records"):
        TwoLedgers().analyze(first, second, END)
    with pytest.raises(BadInput, match="no rows of the channel store; its channels are online"):
        TwoLedgers(names=("online", "store")).analyze_channels(first.assign(channel="online"), END)


@pytest.mark.slow
def test_the_interval_holds_the_true_rate():
    rng = np.random.default_rng(3)
    first, hits = records(150), 0
    for _ in range(200):
        bad = rng.random(150) < 0.2  # a fifth of the members has half its rows wrong: they go together
        wrong = bad[first["customer_id"].str[1:].astype(int)] & (rng.random(len(first)) < 0.5)
        ci = (
            TwoLedgers()
            .analyze(first, first.assign(points=first["points"] * np.where(wrong, 2, 1)), END)
            .mismatch_rate[1]
        )
        hits += ci.lo <= 0.1 <= ci.hi
    assert 0.90 <= hits / 200 <= 0.99  # 95 % give or take three standard errors of 200 draws
