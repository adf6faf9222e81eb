"""How likely each customer is to answer on each channel, drawn to all customers where little is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, need_columns
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.stats.pooling.beta_binomial import fit_beta_binomial

_WHAT = "The table of messages"


def channel_responses(
    messages: IntoFrame, answered: str = "opened", customers: list[str] | None = None
) -> pd.DataFrame:
    """Chance that a customer answers a message of a channel: own messages, shrunk to the channel's (beta-binomial).

    >>> sent = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a"] * 8 + ["b"] * 8,
    ...         "channel": "email",
    ...         "opened": [1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0],
    ...     }
    ... )
    >>> channel_responses(sent, customers=["a", "b", "c"])["response"].round(2).tolist()
    [0.81, 0.19, 0.5]

    Args:
        messages: ``customer_id, channel`` and whether it was answered, 0 or 1; messages of which that is not known
            are left out.
        answered: Column with the answer: ``opened``, ``clicked``, ``bought``.
        customers: Who gets a chance on every channel; whoever got messages unless given.

    Returns:
        ``customer_id, channel, messages, answers, response``, by customer and channel.

    Raises:
        BadInput: If a column is missing or not 0 or 1.
    """
    frame = as_pandas(messages, _WHAT)
    need_columns(frame.columns, ["customer_id", "channel", answered], _WHAT)
    known = frame[frame[answered].notna() & frame["channel"].notna()]
    odd = int((~known[answered].isin([0, 1])).sum())
    if odd:
        raise BadInput(f"{answered} must be 0 or 1 for every message; {odd:,} have other values.")
    hits = known[answered].astype(float)
    by = hits.groupby([known["customer_id"].astype(str), known["channel"].astype(str)]).agg(["count", "sum"])
    who = sorted(known["customer_id"].astype(str).unique()) if customers is None else sorted(map(str, customers))
    channels = sorted(known["channel"].astype(str).unique())
    every = pd.MultiIndex.from_product([who, channels], names=["customer_id", "channel"])
    counts = by.reindex(by.index.union(every)).fillna(0.0)
    made = pd.DataFrame({"messages": counts["count"], "answers": counts["sum"]}).rename_axis(every.names).reset_index()
    made["response"] = 0.0
    for channel in channels:
        mine = made["channel"] == channel
        k, n = (made.loc[mine, name].to_numpy(dtype=float) for name in ("answers", "messages"))
        made.loc[mine, "response"] = _shrunk(k, n)
    return made[made["customer_id"].isin(who)].reset_index(drop=True).astype({"messages": int, "answers": int})


def _shrunk(k: Floats, n: Floats) -> Floats:
    """Expected shares given counts; where all or none answered, the share of all with half an answer more."""
    fit = fit_beta_binomial(k, n)
    if not np.isfinite(fit.a):
        return np.full(len(k), (k.sum() + 0.5) / (n.sum() + 1))
    one, other = fit.posterior(k, n)
    return np.asarray(one / (one + other), dtype=float)
