"""The kinds of events in a ledger of points: their sign, and what of an account they change."""

from __future__ import annotations

from typing import Final

import numpy as np

from crm_lab.tables.programmes import POINT_KINDS

KINDS: Final = POINT_KINDS
EARN, PENDING, ACTIVATE, REDEEM, EXPIRE, REVERSE, ADJUST, TRANSFER = range(len(KINDS))
POSITIVE: Final = (EARN, PENDING, ACTIVATE)
NEGATIVE: Final = (REDEEM, EXPIRE, REVERSE)
USES: Final = ("redeem", "expire", "reverse", "adjust", "transfer")
"""Kinds by which points leave a lot."""

LEFT_AS: Final = {
    "redeem": "redeemed",
    "expire": "expired",
    "reverse": "reversed",
    "adjust": "adjusted_out",
    "transfer": "transferred_out",
}
"""Column of a lot with the points that left it by a kind."""

NEVER: Final = int(np.iinfo(np.int64).max // 4)
"""Day of expiry of points that do not expire."""

UNKNOWN: Final = -NEVER
"""Day of issue, and of expiry, of points that were there before a ledger begins."""
