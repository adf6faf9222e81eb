"""The log of referrals of a workspace: invitations, accounts, marks and purchases, as far as there are any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_lab.loyalty.referral.invitation_log.referral_log import ReferralLog
from crm_lab.messages.no_answer import cannot_answer

if TYPE_CHECKING:
    from crm_lab.data.workspace import Tables

_LINES: Final = """
    select customer_id, date, sum(net_amount) as net_amount from transactions
    where customer_id is not null and kind <> 'fee' and net_amount <> 0
    group by customer_id, date, net_amount > 0
"""
_EVERYBODY: Final = """
    select distinct customer_id from (
        select customer_id from transactions union all select customer_id from referrals
        union all select invited_id from referrals
    ) where customer_id is not null
"""


def open_referrals(tables: Tables) -> ReferralLog:
    """Read the referrals of a workspace as of its day.

    Purchases are added up by customer and day, sales and returns apart, before they leave the database. Without
    customers, everybody who bought, invited or was invited is one.

    >>> from crm_lab import open_workspace
    >>> open_referrals(open_workspace("cdnow_sample").at("1998-06-30"))
    Traceback (most recent call last):
    crm_lab.checks.CannotAnswer: There is no table of referrals; give one: crm-lab init ... --table referrals=FILE.

    Args:
        tables: Tables of a workspace: `referrals`, and `account_marks` and `customers` where there are any.

    Returns:
        The log.

    Raises:
        CannotAnswer: If there are no referrals.
        BadInput: If the tables cannot be used.
    """
    if "referrals" not in tables:
        raise cannot_answer("no_referrals")
    customers = tables["customers"] if "customers" in tables else tables.sql(_EVERYBODY)
    marks = tables["account_marks"] if "account_marks" in tables else None  # noqa: SIM401 - tables are no dict
    return ReferralLog.of(
        tables["referrals"],
        customers,
        tables.as_of,
        marks=marks,
        transactions=tables.sql(_LINES),
        simulated=bool(tables.provenance()["simulated"]),
    )
