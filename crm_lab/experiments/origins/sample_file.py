"""A simulated test in a file of its own, so that `crm-lab init` shows something at once."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from crm_lab.experiments.core.weeks import week_columns
from crm_lab.experiments.origins.contract_test import TableTest
from crm_lab.simulate import make_retailer

_SCENARIO, _SEED, _CUSTOMERS, _ROWS = "fashion", 11, 1300, 740
_LATER_DAYS = 28
_NAMES = {"customer_id": "member_id", "arm": "group", "rewards": "reward_cost", "later": "margin_later"}
_ARMS = {"control": "hold-out", "treatment": "offer"}


class _Shop(dict[str, pd.DataFrame]):
    """A simulated retailer's tables with their last day."""

    as_of: date


def loyalty_test_rows() -> pd.DataFrame:
    """One row per member drawn: arm, past, funnel, outcomes, money, spend by week; every row says it is simulated.

    The answer key is that of ``make_retailer("fashion", n_customers=1300, seed=11)``.
    """
    retailer = make_retailer(_SCENARIO, n_customers=_CUSTOMERS, seed=_SEED)
    given, shop = retailer.scenario.programme, _Shop(retailer.tables)
    shop.as_of = retailer.scenario.last_date
    until = retailer.scenario.start + timedelta(days=given.start + given.days - 1)
    test = TableTest(experiment="loyalty", pre_days=365, until=until.isoformat(), later_days=_LATER_DAYS).open(shop)
    late = test.frame["spend_before_missing"] > 0
    units = test.frame.assign(
        arm=test.frame["arm"].map(_ARMS),
        outcome_until=until.isoformat(),
        simulated="yes",
        spend_before=test.frame["spend_before"].mask(late),
        orders_before=test.frame["orders_before"].mask(late),
    )
    weeks = week_columns(test)
    columns = ["customer_id", "arm", "tier", "assigned_on", "outcome_until", "spend_before", "orders_before",
               "enrolled", "redeemed", "spend", "orders", "margin", "later", "rewards", "simulated",
               *weeks]  # fmt: skip
    numbers = list(units[columns].select_dtypes("number").columns)
    units = units.assign(assigned_on=units["assigned_on"].dt.strftime("%Y-%m-%d"))
    units[numbers] = units[numbers].map(_short)
    return units[columns].head(_ROWS).rename(columns=_NAMES)


def _short(value: float) -> str:
    """An amount in cents without zeros at its end; empty where it is not known."""
    return "" if pd.isna(value) else f"{value:.2f}".rstrip("0").rstrip(".")
