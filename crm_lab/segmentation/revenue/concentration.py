"""How few customers revenue hangs on: one computation for every page that says so."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crm_lab.fact_rows import id_part
from crm_lab.messages import Message
from crm_lab.results import Fact
from crm_lab.stats.inequality import Inequality, inequality

SEED, DRAWS = 20170101, 1000


def revenue_concentration(revenue: ArrayLike, *, top: float = 0.2, level: float = 0.95) -> Inequality:
    """Gini coefficient and share of the best customers, with intervals that are the same wherever they are asked for.

    Who brought back more than is known to have been bought counts as 0. Customers are drawn again with a seed of the
    function's own, so that two pages on the same customers say the same to the last digit.

    Args:
        revenue: Net revenue of each customer, returns taken off, shape (n,), in any order.
        top: Share of the customers that counts as best.
        level: Confidence level.

    >>> revenue_concentration([5.0, 1.0, 1.0, 1.0, 2.0, -3.0], top=0.2).top_share
    0.5
    """
    cents = np.round(np.asarray(revenue, dtype=np.float64), 4)  # of a decimal sum, not the order of a float one
    return inequality(np.clip(cents, 0, None), top=top, rng=SEED, draws=DRAWS, level=level)


def concentration_facts(spread: Inequality) -> tuple[Fact, Fact]:
    """Share of the best customers and Gini coefficient; the ids are the same on every page."""
    top = Message("revenue.fact.top_share", {"top": spread.top})
    return (
        Fact(
            f"revenue.top_{id_part(f'{100 * spread.top:g}')}_share",
            top, spread.top_share, "share", ci=spread.top_share_ci, kind="estimate", n=spread.n,
            denominator="revenue.fact.of_named", definition="revenue.fact.top_definition",
        ),
        Fact("revenue.gini", "revenue.fact.gini", spread.gini, ci=spread.gini_ci, kind="estimate", n=spread.n),
    )  # fmt: skip
