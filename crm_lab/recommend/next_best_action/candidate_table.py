"""The table of actions from lists of products, effects, channels, answers, send times, consent and contacts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.checks import BadInput, as_date, need_columns
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.messages.no_answer import cannot_answer

PERIOD = 28  # days before an action in which contacts count


def candidate_table(
    lists: IntoFrame,
    channels: IntoFrame,
    days: Sequence[str | date],
    *,
    consent: IntoFrame,
    effects: IntoFrame | None = None,
    responses: IntoFrame | None = None,
    times: IntoFrame | None = None,
    messages: IntoFrame | None = None,
) -> pd.DataFrame:
    """Every listed product by every channel on every day, for `NextBestAction.analyze`.

    Without `effects` the uplift is an assumption: the chance of the list times ``relative_uplift`` of the channel.
    With them it is the customer's own; it counts as measured only if they name the product that was shown, since an
    effect measured with one product is assumed for another.

    >>> lists = pd.DataFrame({"customer_id": ["a", "b"], "product_id": "tea", "chance": [0.2, 0.4], "margin": 5.0})
    >>> channels = pd.DataFrame({"channel": ["email"], "cost": [0.01], "relative_uplift": [0.1]})
    >>> agreed = pd.DataFrame({"customer_id": ["a"], "channel": "email", "consent": True})
    >>> made = candidate_table(lists, channels, ["2024-05-03"], consent=agreed)
    >>> made[["customer_id", "uplift", "source", "consent"]].to_numpy().tolist()
    [['a', 0.020000000000000004, 'assumed', True], ['b', 0.04000000000000001, 'assumed', False]]

    Args:
        lists: ``customer_id, product_id, margin`` and, without `effects`, ``chance``, as `OfferLists` gives them.
        channels: ``channel, cost`` and, without `effects`, ``relative_uplift`` with ``relative_se`` where known.
        days: On which an action may be done.
        consent: ``customer_id, channel, consent``; whoever is not in it has given none.
        effects: ``customer_id, uplift``, with ``uplift_se``, ``channel`` and ``product_id`` where they differ by
            these; customers without an effect get no action.
        responses: ``customer_id, channel, response``, as `channel_responses` gives them.
        times: ``customer_id, weekday, send_time``, as `send_times` gives them; others have 1.
        messages: ``customer_id, date`` of contacts so far; those of the 28 days before an action count.

    Returns:
        One row per customer, product, channel and day.

    Raises:
        BadInput: If a table lacks a column, or a response is missing for some rows.
        CannotAnswer: If no row is left.
    """
    needs_chance = [] if effects is not None else ["chance"]
    listed = _keyed(lists, ["customer_id", "product_id", "margin", *needs_chance], "The lists")
    listed = listed.drop_duplicates(["customer_id", "product_id"]).rename(columns={"product_id": "action"})
    by_channel = _keyed(channels, ["channel", "cost", *(["relative_uplift"] * bool(needs_chance))], "The channels")
    rows = listed.merge(by_channel, how="cross").merge(
        pd.DataFrame({"day": pd.to_datetime([as_date(day, "days") for day in days])}), how="cross"
    )  # fmt: skip
    rows = _with_assumed(rows) if effects is None else _with_measured(rows, effects)
    if rows.empty:
        raise cannot_answer("no_actions")
    agreed = _keyed(consent, ["customer_id", "channel", "consent"], "The table of consent")
    rows = rows.merge(agreed[["customer_id", "channel", "consent"]], on=["customer_id", "channel"], how="left")
    rows["consent"] = rows["consent"].eq(True)
    if responses is not None:
        rows = _with_responses(rows, responses)
    if times is not None:
        rows = _with_times(rows, times)
    if messages is not None:
        rows["recent_contacts"] = _recent(rows, messages)
    kept = ("uplift_se", "response", "send_time", "recent_contacts", "chance")
    wanted = ["customer_id", "action", "channel", "day", "uplift", "margin", "cost", "source", "consent"]
    return rows[[*wanted, *(name for name in kept if name in rows)]].reset_index(drop=True)


def _keyed(table: IntoFrame, columns: list[str], what: str) -> pd.DataFrame:
    """A table with its columns, ids as text."""
    frame = as_pandas(table, what)
    need_columns(frame.columns, columns, what)
    ids = [name for name in ("customer_id", "product_id", "channel") if name in frame]
    return frame.assign(**{name: frame[name].astype(str) for name in ids})


def _with_assumed(rows: pd.DataFrame) -> pd.DataFrame:
    """Uplift as the declared share of the chance."""
    made = rows.assign(uplift=rows["chance"] * rows["relative_uplift"], source="assumed")
    return made.assign(uplift_se=rows["chance"] * rows["relative_se"]) if "relative_se" in rows else made


def _with_measured(rows: pd.DataFrame, effects: IntoFrame) -> pd.DataFrame:
    """Uplift of the customer, and of channel and product where effects name them."""
    given = _keyed(effects, ["customer_id", "uplift"], "The table of effects").rename(columns={"product_id": "action"})
    key = [name for name in ("customer_id", "channel", "action") if name in given]
    twice = int(given.duplicated(key).sum())
    if twice:
        raise BadInput(f"The table of effects has {twice:,} rows for one {', '.join(key)}; keep one of each.")
    columns = [*key, *(name for name in ("uplift", "uplift_se") if name in given)]
    return rows.merge(given[columns], on=key).assign(source="measured" if "action" in key else "assumed")


def _with_responses(rows: pd.DataFrame, responses: IntoFrame) -> pd.DataFrame:
    given = _keyed(responses, ["customer_id", "channel", "response"], "The responses")
    made = rows.merge(given[["customer_id", "channel", "response"]], on=["customer_id", "channel"], how="left")
    lost = int(made["response"].isna().sum())
    if lost:
        raise BadInput(f"{lost:,} rows have no response; give one for every customer and channel (`customers=`).")
    return made


def _with_times(rows: pd.DataFrame, times: IntoFrame) -> pd.DataFrame:
    given = _keyed(times, ["customer_id", "weekday", "send_time"], "The send times")
    key = rows.assign(weekday=rows["day"].dt.day_of_week + 1)
    made = key.merge(given[["customer_id", "weekday", "send_time"]], on=["customer_id", "weekday"], how="left")
    return made.assign(send_time=made["send_time"].fillna(1.0)).drop(columns="weekday")


def _recent(rows: pd.DataFrame, messages: IntoFrame) -> np.ndarray:
    """Contacts of each row's customer in the days before its own, shape (rows,)."""
    sent = _keyed(messages, ["customer_id", "date"], "The contacts")
    at = pd.to_datetime(sent["date"])
    counts = np.zeros(len(rows), dtype=np.int64)
    for day in rows["day"].unique():
        inside = (at < day) & (at >= day - pd.Timedelta(days=PERIOD))
        mine = (rows["day"] == day).to_numpy()
        by = sent["customer_id"][inside].value_counts()
        counts[mine] = rows.loc[mine, "customer_id"].map(by).fillna(0).to_numpy(dtype=np.int64)
    return counts
