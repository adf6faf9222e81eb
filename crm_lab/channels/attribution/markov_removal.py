"""Removal effects of a Markov chain of touches: the share of orders that would end if one were cut out."""

from __future__ import annotations

import numpy as np

from crm_lab.arrays import Floats
from crm_lab.channels.attribution.contact_journeys import ContactJourneys
from crm_lab.stats.markov import transition_counts, transition_matrix


def touch_chain(journeys: ContactJourneys) -> Floats:
    """Transition shares between start, touches, order and no order, in this order, shape (k + 3, k + 3).

    >>> journeys = ContactJourneys.of_paths([(["c1", "c2", "c3"], 1), (["c1"], 0), (["c2", "c3"], 0)])
    >>> touch_chain(journeys)[0].round(3).tolist()
    [0.0, 0.667, 0.333, 0.0, 0.0, 0.0]

    Args:
        journeys: Series of touches.

    Returns:
        Shares by row; the last two states hold.
    """
    k = len(journeys.names)
    touch, new = journeys.touch + 1, np.diff(journeys.journey) > 0
    first, last = np.concatenate([[True], new]), np.concatenate([new, [True]])
    ends = np.where(journeys.ordered == 1, k + 1, k + 2)
    before = np.concatenate([np.zeros(int(first.sum()), dtype=np.int64), touch[:-1][~new], touch[last]])
    after = np.concatenate([touch[first], touch[1:][~new], ends])
    return transition_matrix(transition_counts(before, after, k + 3))


def chance_of_order(chain: Floats) -> float:
    """Chance that a walk from the start ends with an order.

    >>> journeys = ContactJourneys.of_paths([(["c1", "c2", "c3"], 1), (["c1"], 0), (["c2", "c3"], 0)])
    >>> round(chance_of_order(touch_chain(journeys)), 4)
    0.3333

    Args:
        chain: As of `touch_chain`.

    Returns:
        Between 0 and 1.
    """
    inner = chain[:-2, :-2]
    return float(np.linalg.solve(np.eye(len(inner)) - inner, chain[:-2, -2])[0])


def removal_effects(journeys: ContactJourneys) -> Floats:
    """Share of orders that the chain loses when each touch leads to no order, shape (k,).

    >>> journeys = ContactJourneys.of_paths([(["c1", "c2", "c3"], 1), (["c1"], 0), (["c2", "c3"], 0)])
    >>> removal_effects(journeys).round(3).tolist()
    [0.5, 1.0, 1.0]

    Args:
        journeys: Series of touches.

    Returns:
        Between 0 and 1; 0 for all where there is no order.

    Source:
        Anderl, Becker, von Wangenheim & Schumann (2016), Mapping the customer journey: lessons learned from
        graph-based online attribution modeling.
    """
    chain = touch_chain(journeys)
    whole = chance_of_order(chain)
    effects = np.zeros(len(journeys.names))
    for k in range(len(effects)) if whole > 0 else ():
        cut = chain.copy()
        cut[k + 1] = 0.0
        cut[k + 1, -1] = 1.0
        effects[k] = 1 - chance_of_order(cut) / whole
    return effects
