"""What was shown to whom, with what chance, and what it brought."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats, Integers
from crm_lab.checks import Problems, need_columns
from crm_lab.data.kernels.dataframes import id_texts
from crm_lab.messages.no_answer import cannot_answer

_FAR: Final = 3.29  # standard errors: by chance once in a thousand


@dataclass(frozen=True, eq=False)
class LoggedExposures:
    """Exposures of products whose propensities were logged, each of shape (exposures,) but the ids.

    >>> shown = pd.DataFrame({"customer_id": ["a", "b"], "product_id": ["tea", "gin"], "propensity": [0.5, 0.25],
    ...     "clicked": [True, False]})
    >>> LoggedExposures.of(shown).reward.tolist()
    [1.0, 0.0]

    Attributes:
        customer_ids: Ids of customers, shape (customers,).
        product_ids: Ids of products, shape (products,).
        customer: Place of the customer.
        product: Place of the product that was shown.
        propensity: Chance with which it was shown, in (0, 1].
        reward: What it brought.
        without: Exposures without a customer, a product or a propensity, which do not count.
    """  # fmt: skip

    customer_ids: Any
    product_ids: Any
    customer: Integers
    product: Integers
    propensity: Floats
    reward: Floats
    without: int = 0

    @classmethod
    def of(cls, exposures: pd.DataFrame, reward: str = "clicked") -> LoggedExposures:
        """Read a table of exposures.

        >>> LoggedExposures.of(shown.drop(columns="propensity"))
        Traceback (most recent call last):
        crm_lab.checks.CannotAnswer: The exposures hold no propensities ...

        Args:
            exposures: ``customer_id, product_id, propensity`` and the reward, one row per exposure.
            reward: Column with what an exposure brought: a flag, a count or money.

        Returns:
            The exposures.

        Raises:
            CannotAnswer: If no propensity was logged, or exposures without one brought clearly more or less.
            BadInput: If columns are missing, or a propensity or reward cannot be right.
        """
        if "propensity" not in exposures.columns or exposures["propensity"].notna().sum() == 0:
            raise cannot_answer("no_propensities")
        need_columns(exposures.columns, ["customer_id", "product_id", reward], "exposures")
        rows = exposures.dropna(subset=["customer_id", "product_id", "propensity"])
        chance = pd.to_numeric(rows["propensity"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        brought = pd.to_numeric(rows[reward], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        wrong, none = int((~((chance > 0) & (chance <= 1))).sum()), int((~np.isfinite(brought)).sum())
        problems = Problems("exposures")
        problems.unless(not wrong, f"{wrong} propensities are not in (0, 1].")
        problems.unless(not none, f"{none} exposures have no number in {reward}; write 0 where nothing came.")
        problems.raise_any()
        lost = exposures[exposures["propensity"].isna() & exposures[["customer_id", "product_id"]].notna().all(axis=1)]
        _need_lost_by_chance(brought, pd.to_numeric(lost[reward], errors="coerce").dropna().to_numpy(dtype=float))
        customer_ids, customer = np.unique(id_texts(rows["customer_id"]).to_numpy(dtype=object), return_inverse=True)
        product_ids, product = np.unique(id_texts(rows["product_id"]).to_numpy(dtype=object), return_inverse=True)
        return cls(
            customer_ids, product_ids, customer.astype(np.int64), product.astype(np.int64), chance, brought,
            len(exposures) - len(rows),
        )  # fmt: skip

    def select(self, kept: Any) -> LoggedExposures:
        """Some exposures, with the places as they are.

        >>> LoggedExposures.of(shown).select(np.array([True, False])).product.tolist()
        [1]

        Args:
            kept: Which, shape (exposures,).

        Returns:
            Those.
        """
        names = ("customer", "product", "propensity", "reward")
        return replace(self, **{name: getattr(self, name)[kept] for name in names})


def _need_lost_by_chance(kept: Floats, lost: Floats) -> None:
    """Refuse where what an exposure brought decided whether its propensity is known."""
    if min(len(kept), len(lost)) < 2 or kept.mean() == lost.mean():
        return
    spread = kept.var(ddof=1) / len(kept) + lost.var(ddof=1) / len(lost)
    if not spread or abs(kept.mean() - lost.mean()) > _FAR * np.sqrt(spread):
        raise cannot_answer("propensities_lost", n=len(lost), lost=float(lost.mean()), kept=float(kept.mean()))
