"""Totals on the shop's own clock: the season is found, intervals hold, dates that agree correct, refusals carry."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from certification.totals import tried
from crm_lab.checks import BadInput
from crm_lab.clv import CustomerValue, Payback, TotalForecast, ValueGrowth
from crm_lab.clv.validation.past_errors import usual_errors
from crm_lab.clv.validation.period_forecast import summary_on_clock
from crm_lab.clv.validation.purchase_clock import PurchaseClock, purchase_clock
from crm_lab.data.kernels.purchases import purchase_days, purchase_summary
from crm_lab.messages import LANGUAGES
from crm_lab.stats.pooling.random_effects import next_error

SPEED = np.array([0.6, 0.6, 0.8, 0.9, 1.0, 1.0, 0.8, 0.8, 1.0, 1.2, 1.5, 1.8])


def shop(size=1500, seed=3, years=3, speed=SPEED, leaves=0.25):
    """Customers of MBG/NBD, joining over two years, whose purchase clock runs with the season."""
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2020-01-01").toordinal() - date(1970, 1, 1).toordinal()
    clock = PurchaseClock(speed / speed.mean())
    grid = np.arange(start, start + 366 * years)
    upto = clock.between(np.full(len(grid), start), grid)
    rows = []
    joined = start + rng.integers(0, 730, size)
    for customer, first in enumerate(joined):
        rate, p = rng.gamma(0.9, 1 / 60), rng.beta(1, 1 / leaves)
        time, bought = upto[first - start], [first]
        while rng.random() > p:
            time += rng.exponential(1 / max(rate, 1e-6))
            if time >= upto[-1]:
                break
            bought.append(int(grid[np.searchsorted(upto, time)]))
        rows.append(pd.DataFrame({"customer_id": f"c{customer}", "day": np.unique(bought)}))
    table = pd.concat(rows, ignore_index=True)
    return table.assign(date=pd.to_datetime(table["day"], unit="D"), net_amount=rng.gamma(4, 10, len(table)))


@pytest.fixture(scope="module")
def orders():
    return shop()


def test_the_season_is_found_and_flat_where_there_is_none(orders):
    end = "2022-12-31"
    for base, flat in ((orders, False), (shop(seed=4, speed=np.ones(12)), True)):
        spec = TotalForecast(horizon_days=365, draws=20)
        clock = spec.analyze(base, end).clock
        if flat:
            assert np.abs(np.log(clock.speed)).max() < 0.12
        else:
            assert clock.gain > 0.5
            assert np.corrcoef(np.log(clock.speed), np.log(SPEED))[0, 1] > 0.95


def test_a_year_of_records_tells_no_season(orders):
    total = TotalForecast(draws=20).analyze(orders[orders["date"] <= "2021-06-30"], "2021-06-30")
    assert total.clock.flat
    assert total.clock.reason == "short"
    assert not total.same_season
    assert total.correction == 1
    assert "that needs two years of records" in total.readout().text("en")


def test_the_clock_warps_times_and_nothing_else(orders):
    days = purchase_days(orders, "2021-12-31")
    end = int(days["day"].max())
    plain = summary_on_clock(days, end, PurchaseClock(np.ones(12)), "W")
    known = purchase_summary(orders, date(1970, 1, 1) + timedelta(days=end))
    for column in ("frequency", "recency", "T", "monetary_value"):
        np.testing.assert_allclose(plain[column], known[column], atol=1e-9)
    assert plain.attrs["log_gaps"] == pytest.approx(known.attrs["log_gaps"])
    year = PurchaseClock(SPEED / SPEED.mean())
    assert year.between(np.array([18262]), np.array([18262 + 366]))[0] == pytest.approx(366, rel=0.01)


def test_the_season_is_learned_at_each_date_from_what_was_known_then(monkeypatch, orders):
    learned = []

    def learn(days, fit, at):
        learned.append((at, int(days["day"].max())))
        return purchase_clock(days, fit, at)

    monkeypatch.setattr("crm_lab.clv.validation.total_forecast.purchase_clock", learn)
    total = TotalForecast(horizon_days=365, draws=20).analyze(orders, "2022-12-31")
    assert len({at for at, _ in learned}) == len(learned) == 3
    assert all(last <= at for at, last in learned)
    assert not total.clock.flat
    assert len(total.frame) == 1  # the date before had no two years to learn a season from: another procedure
    two_years = TotalForecast(horizon_days=365, draws=20).analyze(orders[orders["date"] <= "2021-12-31"], "2021-12-31")
    assert two_years.clock.flat
    assert two_years.season.values["season"].key == "clv.total.season_untried"
    assert two_years.same_season


def test_usual_errors_pass_sooner_over_a_longer_period_and_what_is_kept_adds_up():
    (kept, passing), (kept_longer, passing_longer) = usual_errors(91), usual_errors(364)
    assert (kept_longer / kept, passing_longer / passing) == (2.0, 0.5)


def test_nothing_after_the_date_is_seen(orders):
    spec = TotalForecast(horizon_days=182, draws=20)
    whole, cut = (spec.analyze(base, "2021-12-31") for base in (orders, orders[orders["date"] <= "2021-12-31"]))
    assert whole.money == cut.money
    pd.testing.assert_frame_equal(whole.to_frame(), cut.to_frame())


def test_cdnow_39_weeks(sample):
    """REFERENCE section 1: 70,976 came; BG/NBD says 59,932; the interval holds what came."""
    total = TotalForecast(model="bgnbd", horizon_days=273, draws=50).analyze(sample, "1997-09-30")
    money, interval = total.money
    assert money == pytest.approx(59_932, abs=1)
    assert interval.lo < 70_976.39 < interval.hi
    assert interval.hi / interval.lo < 2


def test_values_are_brought_to_the_total_and_say_what_it_says(orders):
    total = TotalForecast(draws=30).analyze(orders, "2022-12-31")
    spec = CustomerValue(margin=0.5, annual_discount_rate=0.0, draws=100)
    value = spec.fit(orders, "2022-12-31", record=total)
    worth, interval = value.total()
    money, ends = total.money
    assert worth == pytest.approx(0.5 * money, rel=1e-9)
    assert (interval.lo, interval.hi) == pytest.approx((0.5 * ends.lo, 0.5 * ends.hi))
    assert value.to_frame()["value"].sum() == pytest.approx(worth)
    assert value.bands().to_frame()["value"].sum() == pytest.approx(worth)
    assert total.record.text("en") in value.readout().text("en")
    with pytest.raises(BadInput, match="The record is of model mbgnbd, 365 days"):
        CustomerValue(model="bgnbd", draws=100).fit(orders, "2022-12-31", record=total)


def test_where_the_total_is_refused_so_is_all_that_rests_on_it(sample):
    """Pareto/NBD cannot be told from the first months of CDNOW."""
    known = sample[sample["date"] <= "1997-05-17"]
    total = TotalForecast(model="paretonbd", horizon_days=273, draws=20).analyze(known, "1997-05-17")
    assert total.refusal() == total.now.fit.refusal()
    assert total.refusal() is not None
    value = CustomerValue(model="paretonbd", horizon_days=273, draws=100).fit(known, "1997-05-17", record=total)
    later = [
        value, value.bands(),
        ValueGrowth(samples=20).analyze(known, "1997-03-31", "1997-05-17", standing=value.standing),
        Payback(draws=50).analyze(known, "1997-05-17", {"all": 5.0}, standing=value.standing),
    ]  # fmt: skip
    for result in later:
        assert result.refusal() == total.refusal()
        assert all(fact.value is None for fact in result.facts())
        for lang in LANGUAGES:
            assert total.refusal().text(lang) in result.readout().text(lang)
    assert "value" not in value.to_frame()


def test_past_errors_that_agree_correct_and_those_that_do_not_widen():
    chance = np.full(4, 1e-4)
    agree = next_error(np.array([0.2, 0.19, 0.21, 0.2]), chance, usual_errors(91))
    apart = next_error(np.array([0.3, -0.2, 0.25, -0.3]), chance, usual_errors(91))
    assert agree.mean == pytest.approx(0.2, abs=0.02)
    assert abs(apart.mean) < 0.03
    assert apart.quantile(0.95) - apart.quantile(0.05) > 2 * (agree.quantile(0.95) - agree.quantile(0.05))
    untold = next_error(np.array([0.2, 0.19, 0.21, 0.2]), chance, usual_errors(91), persistent=False)
    assert untold.mean == 0
    assert untold.quantile(0.95) > 0.2


def test_next_errors_are_covered_over_the_prior():
    """Errors drawn from the prior itself: 90 % intervals hold 90 % of the next ones, whatever the number of dates."""
    rng, inside = np.random.default_rng(2), []
    for draw in range(400):
        p, q = np.abs(rng.normal(0, usual_errors(91)))
        errors = rng.normal(0, p) + rng.normal(0, q, 1 + draw % 4 + 1) + rng.normal(0, 0.03, 2 + draw % 4)
        error = next_error(errors[:-1], np.full(len(errors) - 1, 9e-4), usual_errors(91), own_variance=9e-4)
        inside.append(error.quantile(0.05) < errors[-1] < error.quantile(0.95))
    assert np.mean(inside) == pytest.approx(0.9, abs=3 * np.sqrt(0.09 / 400))


def test_quick_certification_of_totals():
    found = [tried("fashion", 600, seed) for seed in range(6)]
    held = [shop for shop in found if shop is not None]
    assert len(held) >= 5
    assert sum(shop.held for shop in held) >= len(held) - 2  # 3 or more outside would come 1.6 % of the time
    assert np.mean([abs(shop.corrected) for shop in held]) < np.mean([abs(shop.plain) for shop in held])


def test_where_nobody_leaves_the_model_without_dropout_has_the_total():
    """Two years of customers who come at their own steady rate: no drop-out to tell, and no season to speak of."""
    rng, rows = np.random.default_rng(5), []
    for customer, rate in enumerate(rng.gamma(3, 1 / 60, 400)):
        days = np.unique(np.concatenate([[0], np.cumsum(rng.exponential(1 / rate, 400))]).astype(int))
        rows.append(pd.DataFrame({"customer_id": f"c{customer}", "day": days[days < 1095]}))
    table = pd.concat(rows, ignore_index=True)
    table = table.assign(date=pd.Timestamp("2021-01-01") + pd.to_timedelta(table.pop("day"), unit="D"), net_amount=20.0)
    later = table[table["date"] >= "2023-01-01"]
    assert TotalForecast(draws=20).analyze(table, "2022-12-31").refusal() is not None
    total = TotalForecast(model="nbd", draws=20).analyze(table, "2022-12-31")
    assert total.refusal() is None
    assert total.same_season
    assert total.clock.flat
    assert total.money[1].lo < later["net_amount"].sum() < total.money[1].hi


def test_growth_ends_at_the_total_that_is_stated(orders):
    total = TotalForecast(draws=20).analyze(orders, "2022-12-31")
    value = CustomerValue(draws=100).fit(orders, "2022-12-31", record=total)
    spec = ValueGrowth(samples=20)
    plain = spec.analyze(orders, "2022-06-30", "2022-12-31")
    brought = spec.analyze(orders, "2022-06-30", "2022-12-31", worth=value.total()[0])
    assert np.prod(brought.ends[1]) == pytest.approx(value.total()[0])
    assert brought.growth == pytest.approx(plain.growth)
