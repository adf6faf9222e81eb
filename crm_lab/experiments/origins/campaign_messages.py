"""Campaigns as the response rates read them: one row per customer and campaign, 0 or 1 per stage."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from crm_lab.checks import BadInput
from crm_lab.experiments.origins.contract_test import TablesLike


def campaign_messages(tables: TablesLike, bought_days: int = 14) -> pd.DataFrame | None:
    """Campaign messages with their responses: one row per customer and campaign, 0 or 1 per stage.

    >>> from crm_lab import open_workspace
    >>> campaign_messages(open_workspace("cdnow_sample").at("1998-06-30")) is None
    True

    Args:
        tables: With `exposures`; `responses` and `orders` where there are any.
        bought_days: Days from the message on in which an order counts as bought.

    Returns:
        customer_id, campaign, campaign_type where known, and 0/1 columns: sent, delivered and opened where the
        source knows them, redeemed (any response to that campaign), bought (missing while the days are not
        over). ``None`` where there are no exposures.

    Raises:
        BadInput: If bought_days is below 1.
    """
    if bought_days < 1:
        raise BadInput(f"bought_days is {bought_days}; it must be 1 or more.")
    if "exposures" not in tables:
        return None
    sent = tables["exposures"]
    kept = [c for c in ("customer_id", "campaign", "campaign_type") if c in sent]
    messages = sent[kept].assign(sent=1.0)
    for stage in ("delivered", "opened"):
        if sent[stage].notna().any():
            messages[stage] = sent[stage].astype("Float64").astype(float)
    if "responses" in tables:
        answered = pd.MultiIndex.from_frame(tables["responses"][["customer_id", "campaign"]])
        messages["redeemed"] = pd.MultiIndex.from_frame(sent[["customer_id", "campaign"]]).isin(answered) * 1.0
    if "orders" in tables:
        messages["bought"] = _bought(sent, tables["orders"], bought_days, pd.Timestamp(tables.as_of))
    return messages.reset_index(drop=True)


def _bought(sent: pd.DataFrame, orders: pd.DataFrame, days: int, last: pd.Timestamp) -> pd.Series:
    """1 where the customer ordered within the days from the message on, 0 where not; missing while they run."""
    asked = sent[["customer_id", "date"]].assign(place=range(len(sent))).sort_values("date")
    known = orders.loc[orders["customer_id"].notna(), ["customer_id", "date"]].sort_values("date")
    known = known.astype({"date": asked["date"].dtype}).assign(ordered=known["date"].to_numpy())
    nearest = pd.merge_asof(asked, known, on="date", by="customer_id", direction="forward")
    within = nearest["ordered"].notna() & (nearest["ordered"] - nearest["date"] < timedelta(days=days))
    over = nearest["date"] + timedelta(days=days - 1) <= last
    flags = (within * 1.0).where(over)  # an early yes in open days would count for more than a no
    return pd.Series(flags.to_numpy()[nearest["place"].argsort()], index=sent.index)
