"""A test that was looked at, is carried on and looked at again: what the next look needs."""

from __future__ import annotations

from collections.abc import Sequence

from scipy import stats

from crm_lab.checks import BadInput
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.stats.sequential.alpha_spending import Spending, limits


def probability_needed(
    taken: Sequence[float], now: float, planned: float, ship_at: float = 0.95, spending: Spending = "obrien_fleming"
) -> float:
    """Probability that decides at this look of an extended test, the looks already taken counted.

    A test that is read, extended and read again by the same probability ships too often: each look adds to the chance
    of a false one. Lan & DeMets share out that chance, 1 - `ship_at`, over the looks; how many there are, and when,
    need not be planned, only how long the test may last. With one look at the planned end it is `ship_at` itself.

    >>> [round(probability_needed(taken, now, 26), 4) for taken, now in [((), 13), ((13,), 26), ((13, 20), 26)]]
    [0.9944, 0.9518, 0.9578]
    >>> round(probability_needed((), 26, 26), 4)
    0.95

    Args:
        taken: Weeks (or units) at each look already taken, rising.
        now: The same at this look.
        planned: The same at the end up to which the test may be extended, fixed before the first look.
        ship_at: Probability agreed for a test that is read once.
        spending: How the chance of a false ship is spent: little early, or evenly.

    Returns:
        The probability from which this look ships.

    Raises:
        CannotAnswer: If a look at the planned end was taken, or this one is after it: nothing is left to spend.
        BadInput: If looks do not rise, or `ship_at` is not within .5 and 1.

    Source:
        Lan & DeMets (1983), Discrete sequential boundaries for clinical trials.
    """
    looks = [*taken, now]
    if not 0.5 <= ship_at < 1:
        raise BadInput(f"ship_at is {ship_at}; it is a probability from .5 to below 1.")
    if max(looks) > planned or any(look >= planned for look in taken):
        raise cannot_answer("nothing_left_to_spend", planned=planned)
    limit = limits([look / planned for look in looks], 1 - ship_at, spending, two_sided=False)[-1]
    return float(stats.norm.cdf(limit))


def pvalue_needed(
    taken: Sequence[float], now: float, planned: float, alpha: float = 0.05, spending: Spending = "obrien_fleming"
) -> float:
    """Two-sided p value below which this look of an extended test shows an effect, the looks already taken counted.

    >>> [round(pvalue_needed(taken, now, 26), 4) for taken, now in [((), 13), ((13,), 26), ((), 26)]]
    [0.0031, 0.049, 0.05]

    Args:
        taken: As in `probability_needed`.
        now: As in `probability_needed`.
        planned: As in `probability_needed`.
        alpha: Type I error of all looks together.
        spending: How it is spent.

    Returns:
        A p value.

    Raises:
        CannotAnswer: As `probability_needed`.
        BadInput: As `probability_needed`.
    """
    return 2 * (1 - probability_needed(taken, now, planned, 1 - alpha / 2, spending))
