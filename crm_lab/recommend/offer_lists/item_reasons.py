"""Why a product stands on a customer's list: due again, often bought, bought with another, popular with the like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from crm_lab.messages import Message
from crm_lab.recommend.association.association_rules import AssociationRules
from crm_lab.recommend.interactions.interactions import Interactions

_FIRST = 100  # rules of a product among which one is sought
_ROWS = 50_000  # of a list at a time


def sure_rules(interactions: Interactions, rules: AssociationRules, least_lift: float) -> pd.DataFrame:
    """Rules that were found, by the product that is taken with another, the surest first.

    Args:
        interactions: What was bought.
        rules: How they are sought.
        least_lift: Lower end of the lift that is worth a sentence.

    Returns:
        ``product, other, lift`` with places of products; empty where too few products are bought.
    """
    empty = pd.DataFrame({"product": [], "other": [], "lift": []}).astype({"product": "int64", "other": "int64"})
    counts = interactions.popularity if rules.unit == "basket" else interactions.buyers
    if int((counts >= rules.least).sum()) < 2:
        return empty
    found = rules.analyze(interactions).found()
    found = found[found["lo"] >= least_lift]
    names = pd.Index(interactions.product_ids)
    product, other = (names.get_indexer(pd.Index(found[side])) for side in ("consequent", "antecedent"))
    made = pd.DataFrame({"product": product, "other": other, "lift": found["lift"].to_numpy()})
    return made.groupby("product", sort=False).head(_FIRST)


def bought_with(rules: pd.DataFrame, interactions: Interactions, customer: np.ndarray, product: np.ndarray) -> Any:
    """The surest rule of each row whose other product the customer has bought.

    Args:
        rules: As `sure_rules` gives them.
        interactions: What was bought.
        customer: Places, shape (rows,).
        product: Places, shape (rows,).

    Returns:
        ``other`` (place, -1 where there is none) and ``lift`` by row.
    """
    made = pd.DataFrame({"other": np.full(len(customer), -1), "lift": np.full(len(customer), np.nan)})
    bought = interactions.bought
    width = interactions.shape[1]
    had = np.repeat(np.arange(bought.shape[0]), np.diff(bought.indptr)) * width + bought.indices
    for at in range(0, len(customer), _ROWS):
        part = pd.DataFrame({"row": np.arange(at, min(at + _ROWS, len(customer)))})
        part["product"] = product[part["row"]]
        joined = part.merge(rules.reset_index(drop=True), on="product")
        key = customer[joined["row"]] * width + joined["other"].to_numpy()
        place = np.minimum(np.searchsorted(had, key), len(had) - 1)
        first = joined[had[place] == key].drop_duplicates("row")
        made.loc[first["row"], "other"] = first["other"].to_numpy()
        made.loc[first["row"], "lift"] = first["lift"].to_numpy()
    return made


def reason(row: Any, names: Mapping[str, str]) -> Message:
    """The sentence of a row of a list.

    Args:
        row: Of `OfferListsResult.to_frame`.
        names: What readers call products, by id; others go by their id.

    Returns:
        A message.
    """
    if row.reason == "due":
        return Message("recommend.replenishment.reason", {"gap": float(row.usual_gap), "days": int(row.days_ago)})
    values: dict[str, object] = {}
    if row.reason == "often":
        values = {"times": int(row.times), "days": int(row.days_ago)}
    elif row.reason == "together":
        values = {"other": names.get(row.other, row.other), "lift": float(row.lift)}
    elif row.reason == "kind":
        values = {"segment": row.segment}
    return Message(f"recommend.lists.reason_{row.reason}", values)
