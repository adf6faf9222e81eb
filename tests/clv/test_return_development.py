"""Returns: shares by age by hand, recent sales do not look too good, and values and holdout are net of them."""

import re

import numpy as np
import pandas as pd
import pytest

from crm_lab import BadInput, open_workspace
from crm_lab.clv import CustomerValue, HoldoutCheck, return_development, returns_by_sale
from crm_lab.messages import LANGUAGES


def rows(*lines):
    frame = pd.DataFrame(lines, columns=["customer_id", "date", "kind", "net_amount"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


LINES = rows(
    ("a", "2024-01-01", "sale", 100.0),
    ("a", "2024-01-11", "return", -30.0),
    ("b", "2024-01-01", "sale", 100.0),
    ("b", "2024-01-21", "cancellation", -10.0),
    ("b", "2024-01-22", "fee", 4.0),
    ("c", "2024-01-16", "sale", 200.0),
    (None, "2024-01-17", "return", -50.0),
    ("d", "2024-01-05", "return", -9.0),
)


def test_shares_by_age_by_hand():
    # on 31 January all 400 are 15 days old or more, 200 of them 20 days or more
    found = return_development(LINES, "2024-01-31")
    assert found.back_by(9) == 0
    assert found.back_by(10) == pytest.approx(30 / 400)
    assert found.back_by(19) == pytest.approx(30 / 400)
    assert found.kept == pytest.approx(1 - 30 / 400 - 10 / 200)
    assert found.returned == pytest.approx(40 / 400)
    # the 200 that are 15 days old have passed day 10 and not day 20
    assert found.outstanding() == pytest.approx(200 * 10 / 200)
    assert found.outstanding(4) == 0
    assert found.kept_within(20) == pytest.approx(1 - 30 / 400 * 10 / 20)


def test_a_return_is_of_the_sale_it_names_or_else_of_the_last_one_before():
    lines = rows(
        ("a", "2024-01-01", "sale", 50.0),
        ("a", "2024-01-10", "sale", 60.0),
        ("a", "2024-01-15", "return", -50.0),
        ("a", "2024-01-16", "return", -60.0),
    ).assign(line_id=[1, 2, 3, 4], return_of=[np.nan, np.nan, 1, np.nan])
    assert returns_by_sale(lines)["sold_on"].dt.day.tolist() == [1, 10]
    assert returns_by_sale(lines.drop(columns="return_of"))["sold_on"].dt.day.tolist() == [10, 10]


def test_recent_sales_do_not_make_the_share_look_small():
    rng = np.random.default_rng(3)
    n = 40_000
    sold, back = rng.integers(0, 200, n), rng.random(n) < 0.2
    lag = rng.integers(1, 61, n)
    sales = pd.DataFrame({"customer_id": np.arange(n), "day": sold, "kind": "sale", "net_amount": 10.0})
    returns = sales[back].assign(day=sold[back] + lag[back], kind="return", net_amount=-10.0)
    lines = pd.concat([sales, returns])
    lines["date"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(lines["day"], unit="D")
    end = pd.Timestamp("2024-01-01") + pd.Timedelta(days=199)
    found = return_development(lines[lines["date"] <= end], end.date())
    assert found.returned < 0.18  # what a plain ratio says
    assert found.kept == pytest.approx(0.8, abs=0.006)  # three standard errors of the share
    still_out = 10.0 * (back & (sold + lag > 199)).sum()
    assert found.outstanding() == pytest.approx(still_out, rel=0.05)


def test_without_returns_nothing_changes(cdnow_sample):
    found = return_development(cdnow_sample["transactions"], cdnow_sample.as_of, currency="USD")
    assert (found.kept, found.outstanding()) == (1.0, 0.0)
    assert found.readout().finding.text("en") == "Nothing comes back in these data."
    orders = cdnow_sample["orders"]
    plain = HoldoutCheck(draws=100).analyze(orders, "1997-09-30", "1998-06-30", rng=1)
    net = HoldoutCheck(draws=100).analyze(orders, "1997-09-30", "1998-06-30", rng=1, lines=cdnow_sample["transactions"])
    pd.testing.assert_frame_equal(plain.frame, net.frame)


@pytest.fixture(scope="module")
def fashion():
    return open_workspace("simulated:fashion").at("2024-12-31")


@pytest.fixture(scope="module")
def check(fashion):
    spec = HoldoutCheck(models=("mbgnbd",), draws=100, currency="EUR")
    return spec.analyze(fashion["orders"], "2024-07-02", fashion.as_of, rng=8, lines=fashion["transactions"])


def test_the_holdout_holds_revenue_as_page_one_counts_it(fashion, check):
    counted = fashion.sql(
        "select sum(net_amount) as revenue from transactions where date > '2024-07-02' and customer_id in"
        " (select customer_id from transactions where kind = 'sale' and date <= '2024-07-02')"
    )["revenue"].item()
    assert round(check.frame["actual_revenue"].item(), 2) == round(counted, 2)
    gross = HoldoutCheck(models=("mbgnbd",), draws=100).analyze(fashion["orders"], "2024-07-02", fashion.as_of, rng=8)
    before = abs(gross.frame["expected_revenue"].item() / counted - 1)
    after = abs(check.frame["expected_revenue"].item() / counted - 1)
    assert before > 0.2
    assert after < 0.08


def test_a_gap_is_split_and_said_and_multiplies_nothing(fashion, check):
    row = check.frame.iloc[0]
    outside = not row["revenue_lo"] <= row["actual_revenue"] <= row["revenue_hi"]
    assert outside  # baskets fell in the last half-year; the split says so
    for lang in LANGUAGES:
        assert check.readout().text(lang)
    money = check.readout().certainty.values["money"]
    split = [1 + money.values[part] for part in ("by_purchases", "by_spend", "by_returns")]
    assert np.prod(split) == pytest.approx(row["actual_revenue"] / row["expected_revenue"])
    assert min(split) == split[1]
    model = CustomerValue(draws=100, currency="EUR")
    plain, checked = (model.fit(fashion["orders"], fashion.as_of, rng=8, check=c) for c in (None, check))
    pd.testing.assert_frame_equal(plain.to_frame(), checked.to_frame())  # what was missed multiplies nothing
    assert checked.off
    assert checked.missed == pytest.approx(row["actual_revenue"] / row["expected_revenue"])
    assert [fact.ci is None for fact in plain.facts()[:2]] == [False, False]
    assert [fact.ci is None for fact in checked.facts()[:2]] == [
        True,
        True,
    ]  # an interval that did not hold is not stated
    bands = checked.bands()
    assert bands.to_frame()[["lo", "hi"]].isna().all(axis=None)
    assert not [fact for fact in bands.facts() if fact.ci is not None]
    assert "[" not in bands.readout().finding.text("en")
    assert bands.plot().patches
    gap = f"{checked.missed - 1:+.0%}"
    for lang in LANGUAGES:
        assert gap in checked.readout().finding.text(lang)
        assert gap in check.readout().action.text(lang)


def test_lines_without_a_kind_are_refused():
    with pytest.raises(BadInput, match="lines lacks the column kind"):
        returns_by_sale(LINES.drop(columns="kind"))


def test_values_are_net_of_returns_wherever_these_are_told(fashion):
    spec, end = CustomerValue(margin=0.4, draws=100, currency="EUR"), fashion.as_of
    lines = fashion["transactions"]
    kept = return_development(lines, end).kept
    assert kept < 0.95
    told, told_by_lines = spec.fit(lines, end, rng=8), spec.fit(fashion["orders"], end, lines=lines, rng=8)
    gross = spec.fit(fashion["orders"], end, rng=8)
    assert told.stays == told_by_lines.stays == kept
    assert told_by_lines.total()[0] == pytest.approx(kept * gross.total()[0])
    assert told_by_lines.margin == pytest.approx(0.4 * kept)
    assert f"{0.4 * kept:.1%} of sales is counted as contribution after returns" in told.readout().text("en")
    assert gross.stays is None
    assert "returns are not taken off" in gross.readout().text("en")
    assert "未扣除退货" in gross.readout().text("zh")
    sales = spec.fit(lines[lines["kind"] == "sale"], end, rng=8)
    assert sales.stays == 1
    assert not {"after returns", "not taken off"} & {
        *re.findall("after returns|not taken off", sales.readout().text("en"))
    }
    own = pd.Series(np.linspace(-0.1, 0.5, len(gross.summary)), index=gross.summary["customer_id"])
    each, each_gross = (spec.fit(fashion["orders"], end, lines=table, margins=own, rng=8) for table in (lines, None))
    assert each.total()[0] == pytest.approx(kept * each_gross.total()[0])
    assert each.margin == pytest.approx(kept * each_gross.margin)
