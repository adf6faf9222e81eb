"""Attribution: the chain of the literature, orders that add up under every rule, journeys counted by hand."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_lab.channels import Attribution, CampaignLog, ContactJourneys
from crm_lab.channels.attribution.attribution import RULES
from crm_lab.channels.campaigns import TablesOf
from crm_lab.checks import BadInput, CannotAnswer

paths = st.lists(st.tuples(st.lists(st.sampled_from("abc"), min_size=1, max_size=5), st.integers(0, 1)), min_size=1)


@given(paths)
@settings(max_examples=25)
def test_every_rule_gives_out_each_order_once(given_paths):
    journeys = ContactJourneys.of_paths(given_paths)
    if not journeys.orders:
        with pytest.raises(CannotAnswer, match="nothing to credit"):
            Attribution().of_journeys(journeys)
        return
    frame = Attribution().of_journeys(journeys).to_frame()
    for rule in RULES:
        assert frame[f"{rule}_orders"].sum() == pytest.approx(journeys.orders)
        assert (frame[f"{rule}_orders"] >= -1e-9).all()


def test_positions_are_weighed_as_said():
    journeys = ContactJourneys.of_paths([(list("abcd"), 1), (list("ab"), 1), (list("d"), 1)])
    frame = Attribution().of_journeys(journeys).to_frame().set_index("touch")
    assert frame["position_orders"].round(6).tolist() == [0.9, 0.6, 0.1, 1.4]
    assert frame["linear_orders"].tolist() == [0.75, 0.75, 0.25, 1.25]
    assert frame[["first_orders", "last_orders"]].to_numpy().tolist() == [[2, 0], [0, 1], [0, 0], [1, 2]]


def log(touches, orders, as_of=date(2024, 12, 31)):
    start = pd.Timestamp("2024-01-01")
    sent = pd.DataFrame(touches, columns=["customer_id", "channel", "day"])
    sent = sent.assign(campaign=sent.index.astype(str), date=start + pd.to_timedelta(sent["day"], "D"), opened=1)
    bought = pd.DataFrame(orders, columns=["customer_id", "day"])
    bought = bought.assign(date=start + pd.to_timedelta(bought["day"], "D"), net_amount=1.0)
    tables = {"exposures": sent.drop(columns="day"), "orders": bought.drop(columns="day")}
    return CampaignLog.of(TablesOf(tables, as_of))


def test_journeys_end_with_orders_or_after_silence():
    touches = [
        ("a", "sms", 0),
        ("a", "email", 5),
        ("a", "sms", 12),
        ("b", "email", 0),
        ("b", "email", 20),
        ("b", "sms", 60),
    ]
    journeys = ContactJourneys.of(log(touches, [("a", 7), ("c", 8), ("a", 200)]), lookback_days=30)
    names = np.array(journeys.names)[journeys.touch]
    series = [names[journeys.journey == k].tolist() for k in range(len(journeys.ordered))]
    assert series == [["sms", "email"], ["sms"], ["email", "email"], ["sms"]]
    assert journeys.ordered.tolist() == [1, 0, 0, 0]
    assert journeys.untouched == 2


def test_touches_whose_days_are_not_over_are_no_failures():
    journeys = ContactJourneys.of(log([("a", "sms", 0), ("b", "email", 355)], [("a", 3)]), lookback_days=30)
    assert journeys.ordered.tolist() == [1]


def test_what_is_not_known_or_wrong_is_said(journey):
    with pytest.raises(CannotAnswer, match="do not know opened"):
        Attribution().analyze(journey)
    with pytest.raises(CannotAnswer, match="do not know channel"):
        Attribution(touch="sent").analyze(journey)
    with pytest.raises(BadInput, match=r"below 0\.5"):
        Attribution(ends_share=0.6)
