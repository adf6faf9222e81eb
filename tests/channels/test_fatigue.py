"""Fatigue, opt-outs and the cap: regression within groups against a reference, planted truths, refusals."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from crm_lab.channels import CampaignLog, ContactCap, ContactDoses, FatigueSlope, OptOutHazard
from crm_lab.channels.campaigns import TablesOf
from crm_lab.channels.fatigue.conditional_poisson import conditional_poisson
from crm_lab.channels.fatigue.contact_doses import messages_before
from crm_lab.channels.fatigue.dose_weights import dose_weights
from crm_lab.channels.fatigue.opt_out_hazard import opt_out_events
from crm_lab.checks import BadInput, CannotAnswer


@pytest.fixture(scope="module")
def doses(shop):
    return ContactDoses.of(shop, without=["save_offer"])


def panel(seed=5, groups=40, rows=6):
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), rows)
    x = rng.normal(size=(groups * rows, 2)) + 0.3 * (group % 5)[:, None]
    y = rng.poisson(np.exp(0.2 * (group % 7) - 0.4 * x[:, 0] + 0.1 * x[:, 1]))
    return y.astype(float), x, group


def test_conditional_fit_is_the_poisson_fit_with_a_dummy_per_group():
    y, x, group = panel()
    events = np.bincount(group, y)[group] > 0
    dummies = pd.get_dummies(group[events]).to_numpy(dtype=float)
    reference = sm.GLM(y[events], np.column_stack([x[events], dummies]), family=sm.families.Poisson()).fit(
        cov_type="cluster", cov_kwds={"groups": group[events]}
    )
    fit = conditional_poisson(y, x, group)
    np.testing.assert_allclose(fit.coef, reference.params[:2], atol=1e-7)
    g, n, k = fit.groups, fit.rows, len(reference.params)  # statsmodels multiplies by (n - 1) / (n - k), too
    np.testing.assert_allclose(fit.se, reference.bse[:2] / np.sqrt((n - 1) / (n - k)), rtol=1e-6)
    assert g == len(np.unique(group[events]))


def test_levels_of_groups_and_order_of_rows_do_not_matter():
    y, x, group = panel()
    fit, order = conditional_poisson(y, x, group), np.random.default_rng(1).permutation(len(y))
    np.testing.assert_allclose(conditional_poisson(y[order], x[order], group[order]).coef, fit.coef, atol=1e-9)
    np.testing.assert_allclose(conditional_poisson(3 * y, x + 7, group).coef, fit.coef, atol=1e-9)


def test_groups_that_tell_nothing_are_refused():
    with pytest.raises(BadInput, match="nothing to compare"):
        conditional_poisson([0, 0, 1.0], [[0.0], [1], [5]], [0, 0, 1])
    with pytest.raises(BadInput, match="1 outcomes are negative"):
        conditional_poisson([-1.0, 1], [[0.0], [1]], [0, 0])


def test_messages_before_agree_with_counting_one_by_one():
    rng = np.random.default_rng(2)
    who = np.sort(rng.integers(0, 9, 300))
    day = np.concatenate([np.sort(rng.integers(0, 90, int(n))) for n in np.bincount(who)])
    counted = [int(((who == w) & (day < d) & (day >= d - 14)).sum()) for w, d in zip(who, day, strict=True)]
    assert messages_before(who, day, 14).tolist() == counted


def test_the_planted_fatigue_is_inside_and_orders_show_why_customers_are_their_own_comparison(doses):
    slope = FatigueSlope().analyze(doses)
    assert slope.interval.lo < 0.2 < slope.interval.hi
    orders = FatigueSlope(outcome="ordered").analyze(doses)
    assert orders.interval.lo < 0 < orders.interval.hi  # nothing is planted
    assert orders.plain_interval.hi < -0.2  # who buys is written to: between customers messages look good


def test_the_planted_rise_of_opt_outs_is_inside(doses):
    hazard = OptOutHazard().analyze(doses)
    assert hazard.interval.lo < 0.01 < hazard.interval.hi
    assert hazard.frame["opt_outs"].sum() == hazard.events
    plain = OptOutHazard(weighted=False).analyze(doses)
    np.testing.assert_allclose(plain.frame["hazard"], plain.frame["rate"])


def test_weights_recover_a_hazard_under_targeting():
    """Keen customers get more messages and opt out less: only weighted is the rise the planted one."""
    rng, n = np.random.default_rng(4), 60_000
    keen = rng.normal(size=(n, 1))
    dose = rng.binomial(2, 1 / (1 + np.exp(-1.2 * keen[:, 0])))
    event = (rng.random(n) < np.clip(0.1 + 0.02 * dose - 0.03 * keen[:, 0], 0, 1)) * 1.0
    rise = [np.polyfit(dose, event, 1, w=np.sqrt(w))[0] for w in (np.ones(n), dose_weights(dose, keen))]
    assert rise[0] < 0.005
    assert rise[1] == pytest.approx(0.02, abs=0.006)


def messages(days, opted_out):
    sent = pd.DataFrame({"customer_id": "a", "campaign": [f"m{d}" for d in days],
                         "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(days, "D"), "opened": 1})  # fmt: skip
    people = pd.DataFrame(
        {"customer_id": ["a"], "opted_out_on": [pd.Timestamp("2024-01-01") + pd.Timedelta(opted_out, "D")]}
    )
    log = CampaignLog.of(TablesOf({"exposures": sent, "customers": people}, date(2024, 12, 31)))
    return ContactDoses.of(log, memory_days=10)


@pytest.mark.parametrize(("opted_out", "events"), [(14, [1, 0]), (24, [0, 1]), (40, [0, 0])])
def test_an_opt_out_belongs_to_the_last_message_before_it(opted_out, events):
    assert opt_out_events(messages([0, 12, 22], opted_out)).tolist() == events


def test_the_cap_is_where_a_message_stops_paying(doses):
    slope, hazard = FatigueSlope().analyze(doses), OptOutHazard().analyze(doses)
    result = ContactCap(open_worth=1.0, opt_out_cost=10.0, message_cost=0.05).analyze(slope, hazard)
    net = result.frame["net_worth"].to_numpy()
    hand = slope.rate_at_none * np.exp(slope.fit.coef[0] * np.arange(3)) - 0.05
    np.testing.assert_allclose(net, hand - 10 * np.clip(hazard.coef[0] + hazard.coef[1] * np.arange(3), 0, 1))
    assert result.cap == int(np.cumprod(net >= 0).sum())
    assert result.ci.lo <= result.cap <= result.ci.hi
    assert ContactCap(open_worth=0.01, opt_out_cost=0, message_cost=1.0).analyze(slope).cap == 0


def test_the_cap_asks_for_what_it_needs(doses):
    slope = FatigueSlope().analyze(doses)
    with pytest.raises(CannotAnswer, match="hazard of opting out"):
        ContactCap(open_worth=1.0, opt_out_cost=1.0, message_cost=0.0).analyze(slope)
    with pytest.raises(CannotAnswer, match="fatigue of opens"):
        ContactCap(open_worth=1.0, opt_out_cost=0.0, message_cost=0.0).analyze(
            FatigueSlope(outcome="ordered").analyze(doses)
        )
    with pytest.raises(BadInput, match="open_worth is -1"):
        ContactCap(open_worth=-1, opt_out_cost=0, message_cost=0)


def test_what_the_data_lack_is_said(journey, doses):
    few = ContactDoses.of(journey)
    with pytest.raises(CannotAnswer, match="which messages were opened"):
        FatigueSlope().analyze(few)
    with pytest.raises(CannotAnswer, match="who opted out"):
        OptOutHazard().analyze(few)
    with pytest.raises(CannotAnswer, match="lie within the first"):
        ContactDoses.of(journey, memory_days=500)
    with pytest.raises(CannotAnswer, match="1 customers opted out"):
        OptOutHazard().analyze(messages([0, 12, 22], 14))
