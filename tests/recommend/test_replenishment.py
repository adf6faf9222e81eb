"""Due dates: gaps by hand, planted parameters, intervals that cover, open gaps that count."""

import numpy as np
import pandas as pd
import pytest

from certification.recommend import planted_gaps
from crm_lab.calendar import day_number
from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.recommend import Interactions, Replenishment
from crm_lab.recommend.replenishment.gap_model import fit_gaps, outlook
from crm_lab.recommend.replenishment.purchase_gaps import PurchaseGaps, purchase_gaps
from tests.recommend.test_interactions import lines_of, random_lines


@pytest.fixture(scope="module")
def planted():
    return planted_gaps(150, 20, 5, stop=0.04)


@pytest.fixture(scope="module")
def found(planted):
    return Replenishment().analyze(planted[0])


def test_gaps_are_those_between_days_with_a_purchase():
    lines = random_lines(31, 300)
    bought = Interactions.of(lines, "2024-02-01")
    gaps = purchase_gaps(bought)
    sales = lines[(lines["kind"] == "sale") & (lines["net_amount"] > 0) & (lines["date"] <= "2024-02-01")]
    days = sales.drop_duplicates(["customer_id", "product_id", "date"]).sort_values("date")
    for (who, what), own in days.groupby(["customer_id", "product_id"])["date"]:
        at = np.flatnonzero((bought.customer_ids[gaps.customer] == who) & (bought.product_ids[gaps.product] == what))
        log = np.log(own.diff().dt.days.dropna())
        assert len(at) == 1
        assert gaps.n[at[0]] == len(log)
        assert gaps.sum_log[at[0]] == pytest.approx(log.sum())
        assert gaps.sum_square[at[0]] == pytest.approx((log**2).sum())
        assert gaps.open_days[at[0]] == (pd.Timestamp("2024-02-01") - own.max()).days


def test_planted_spread_and_chance_of_stopping_are_found(planted):
    gaps = purchase_gaps(planted[0])
    model = fit_gaps(gaps, planted[0].shape[1])
    assert np.sqrt(model.within).mean() == pytest.approx(0.45, abs=0.02)
    assert np.sqrt(model.between).mean() == pytest.approx(0.35, abs=0.03)
    assert model.stop.mean() == pytest.approx(0.04, abs=0.01)


def test_each_round_raises_the_likelihood(planted):
    from scipy import special

    from crm_lab.recommend.replenishment import gap_model

    gaps = purchase_gaps(planted[0])
    one = PurchaseGaps(
        gaps.customer, np.zeros_like(gaps.product), gaps.n, gaps.sum_log, gaps.sum_square, gaps.last, gaps.open_days
    )

    def likelihood(model):
        n, w, b = gaps.n, model.within[0], model.between[0]
        mean = gaps.sum_log / np.maximum(n, 1)
        inside = gaps.sum_square - n * mean**2
        seen = outlook(model, one)
        log = -0.5 * (inside / w + n * (mean - model.mean) ** 2 / (w + n * b) + (n - 1) * np.log(w) + np.log(w + n * b))
        stop = np.where(n > 0, model.stop[0], model.stop_first[0])
        goes = np.where(n > 0, np.log1p(-model.stop_first[0]) + (n - 1) * np.log1p(-model.stop[0]), 0)
        still = np.log(stop + (1 - stop) * special.ndtr(-seen.open_z))
        return float((np.where(n > 0, log, 0) + goes + still).sum())

    model = gap_model.GapModel(*(np.full(1, value) for value in (3.0, 0.3, 0.3, 0.2, 0.1)))
    before = likelihood(model)
    for _ in range(12):
        model = gap_model._step(model, one, 0.0)
        assert likelihood(model) >= before - 1e-7 * abs(before)
        before = likelihood(model)


def test_intervals_cover_next_purchases_open_gaps_counting(planted, found):
    held, pairs = found.coverage(planted[1])
    assert pairs > 1_500
    assert held == pytest.approx(0.8, abs=0.03 + 2 * np.sqrt(0.16 / pairs))
    whole = planted[1]
    soon = whole.select(baskets=whole.day <= day_number(planted[0].as_of) + 21)
    early, _ = found.coverage(soon)
    assert early == pytest.approx(0.8, abs=0.03 + 2 * np.sqrt(0.16 / pairs))


def test_whole_days_of_the_interval_cover_too(planted, found):
    bought, days = found.next_purchases(planted[1]), found.to_frame()
    seen = bought.notna()
    inside = ((days["lo"] <= bought) & (bought <= days["hi"]))[seen]
    assert inside.mean() == pytest.approx(0.8, abs=0.03 + 2 * np.sqrt(0.16 / seen.sum()))
    assert (bought[seen] > pd.Timestamp(planted[0].as_of)).all()


def test_dropping_open_gaps_would_make_gaps_too_short(planted):
    gaps = purchase_gaps(planted[0])
    whole = fit_gaps(gaps, planted[0].shape[1]).mean.mean()
    plain = gaps.sum_log.sum() / gaps.n.sum()
    true = purchase_gaps(planted[1])
    per_pair = (true.sum_log / np.maximum(true.n, 1))[true.n >= 5].mean()
    assert abs(whole - per_pair) < abs(plain - per_pair)


def test_a_steady_customer_is_shrunk_less_the_more_is_known():
    rng, start = np.random.default_rng(0), pd.Timestamp("2024-01-01")
    rows = [(f"c{k:02}", "coffee", np.cumsum(rng.normal(30, 6, 8).round())) for k in range(40)]
    rows += [("few", "coffee", np.array([170.0, 180.0, 190.0])), ("many", "coffee", np.arange(0.0, 200.0, 10.0))]
    lines = pd.concat(
        pd.DataFrame({"customer_id": who, "product_id": what, "date": start + pd.to_timedelta(days, "D")})
        for who, what, days in rows
    )  # fmt: skip
    usual = (
        Replenishment().analyze(Interactions.of(lines, "2024-07-12")).to_frame().set_index("customer_id")["usual_gap"]
    )
    assert 10 < usual["many"] < usual["few"] < 30


def test_the_reason_says_how_often_and_how_long_ago(found):
    row, reason = found.to_frame().iloc[0], found.reasons(1)[0]
    assert reason.text("en") == f"every {row['usual_gap']:.0f} days, last {row['days_ago']} days ago"
    assert f"{row['days_ago']} 天前" in reason.text("zh")
    overdue = found.to_frame()["days_ago"] / found.to_frame()["usual_gap"]
    assert overdue.is_monotonic_decreasing


def test_days_are_ahead_and_do_not_depend_on_the_order_of_rows():
    lines = random_lines(41, 1_500).assign(kind="sale", net_amount=1.0)
    tables = [
        Replenishment().analyze(Interactions.of(some, "2024-02-01")).to_frame()
        for some in (lines, lines.sample(frac=1, random_state=1))
    ]
    pd.testing.assert_frame_equal(*tables)
    assert (tables[0]["lo"] <= tables[0]["due"]).all()
    assert (tables[0]["due"] <= tables[0]["hi"]).all()
    assert (tables[0]["due"] > "2024-02-01").all()


def test_nothing_bought_again_is_refused_with_the_reason():
    once = lines_of([(f"c{k}", str(k), f"p{k}", "2024-01-01") for k in range(50)])
    with pytest.raises(CannotAnswer, match="30 are the least"):
        Replenishment().analyze(Interactions.of(once, "2024-01-31"))
    twice = pd.concat([once, once.assign(order_id="x", date=pd.Timestamp("2024-01-09"))])
    with pytest.raises(CannotAnswer, match="3 purchases of one product"):
        Replenishment().analyze(Interactions.of(twice, "2024-01-31"))
    with pytest.raises(BadInput, match="least_purchases is 1"):
        Replenishment(least_purchases=1)


def test_one_steady_customer_has_a_day_until_it_stops():
    days = pd.date_range("2024-01-01", periods=40, freq="9D")
    lines = pd.DataFrame({"customer_id": "a", "product_id": 7, "date": days})
    row = Replenishment().analyze(Interactions.of(lines, days[-1] + pd.Timedelta(days=3))).to_frame().iloc[0]
    assert row["due"] == days[-1] + pd.Timedelta(days=9)
    stopped = Replenishment().analyze(Interactions.of(lines, days[-1] + pd.Timedelta(days=60)))
    assert stopped.to_frame().empty
    assert stopped.readout().finding.key == "recommend.replenishment.finding_none"
    assert stopped.facts()[0].value == 0
