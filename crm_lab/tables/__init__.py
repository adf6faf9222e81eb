"""The contract: which tables there are. A source gives some of `GIVEN`; `DERIVED` are computed from them.

Money columns are exact decimals in stored tables and floats in pandas. Each family of tables has a file of its own.
"""

from crm_lab.tables.buyers import CUSTOMERS, ENROLMENTS, TIERS
from crm_lab.tables.contract import Column, Dtype, Pii, Table
from crm_lab.tables.derived import CUSTOMER_360, CUSTOMER_MIX, ORDERS
from crm_lab.tables.programmes import (
    ACCOUNT_MARKS,
    ASSIGNMENTS,
    EXPOSURES,
    REFERRALS,
    RESPONSES,
    REWARDS,
    REWARDS_OTHER_SYSTEM,
    TIER_HISTORY,
)
from crm_lab.tables.sales import COSTS, PRODUCTS, STORES, TRANSACTIONS

GIVEN = (
    TRANSACTIONS,
    CUSTOMERS,
    PRODUCTS,
    STORES,
    TIERS,
    ASSIGNMENTS,
    ENROLMENTS,
    REWARDS,
    EXPOSURES,
    RESPONSES,
    COSTS,
    REFERRALS,
    ACCOUNT_MARKS,
    TIER_HISTORY,
    REWARDS_OTHER_SYSTEM,
)
DERIVED = (ORDERS, CUSTOMER_360, CUSTOMER_MIX)
TABLES = {t.name: t for t in (*GIVEN, *DERIVED)}

__all__ = ["DERIVED", "GIVEN", "TABLES", "Column", "Dtype", "Pii", "Table"]
