"""A change of what a point is, is refused until somebody says it; promotions and growing earnings are not one."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.loyalty.points import PointsLedger

END = "2025-12-31"


def programme(factor=1, since="2025-01-01", only=("earn", "redeem"), seed=0, members=80):
    """Two years in which every member earns monthly and redeems every sixth month."""
    rng = np.random.default_rng(seed)
    rows = []
    for who in range(members):
        for month, day in enumerate(pd.date_range("2024-01-01", periods=24, freq="MS")):
            at = day + pd.Timedelta(days=int(rng.integers(0, 28)))
            times = factor if at >= pd.Timestamp(since) else 1
            rows.append((who, at, "earn", int(rng.integers(40, 120)) * (times if "earn" in only else 1)))
            if month % 6 == 5:
                rows.append((who, at, "redeem", -50 * (times if "redeem" in only else 1)))
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "kind", "points"])
    return frame.assign(event=range(len(frame)), customer_id=frame["customer_id"].astype(str))


@pytest.mark.parametrize("factor", [10, 100, 1000])
def test_a_new_scale_is_refused_with_its_month_and_factor_and_taken_when_named(factor, tmp_path):
    rewards = programme(factor)
    says = rf"change their scale by about {factor}\b.* in 2025-01"
    with pytest.raises(BadInput, match=says):
        PointsLedger().analyze(rewards, END)
    path = tmp_path / "ledger.parquet"
    rewards.assign(date=rewards["date"].astype("date32[pyarrow]")).to_parquet(path)
    with pytest.raises(BadInput, match=says):
        PointsLedger().analyze_file(path, END)
    named = PointsLedger(scale_changes={"2025-01-01": factor}).analyze(rewards, END)
    early = rewards["date"] < "2025-01-01"
    assert named.balances()["earned"].sum() == int(
        (rewards["points"] * np.where(early, factor, 1)).where(rewards["kind"] == "earn", 0).sum()
    )
    assert named.breaches["breach"].tolist() == ["scale_changed"]
    assert named.breaches["rows"].tolist() == [int(early.sum())]
    assert PointsLedger(scale_changes={}).analyze(rewards, END).unbalanced == 0


def test_a_scale_in_the_middle_of_a_month_and_one_that_shrinks_are_seen():
    with pytest.raises(BadInput, match="scale by about 100"):
        PointsLedger().analyze(programme(100, since="2025-03-17"), END)
    shrinks = programme(100).assign(
        points=lambda rows: np.where(rows["date"] < "2025-01-01", rows["points"] * 10000, rows["points"])
    )
    with pytest.raises(BadInput, match=r"scale by about 0\.01"):
        PointsLedger().analyze(shrinks, END)
    one = PointsLedger(scale_changes={"2025-01-01": 0.01}).analyze(shrinks, END)
    assert one.unbalanced == 0


@pytest.mark.parametrize("seed", range(5))
def test_no_change_a_double_points_promotion_and_a_richer_rate_alone_are_none(seed):
    for rewards in (programme(seed=seed), programme(3, seed=seed), programme(10, only=("earn",), seed=seed)):
        found = PointsLedger().analyze(rewards, END)
        assert found.unbalanced == 0
        assert "scale_changed" not in set(found.breaches["breach"])


def test_a_factor_that_is_none_is_refused():
    with pytest.raises(BadInput, match=r"2\.5 is neither a whole number"):
        PointsLedger(scale_changes={"2025-01-01": 2.5}).analyze(programme(), END)
