"""Bootstrap of the return: a check of Fieller's interval without a normal approximation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.experiments.core.estimate import Adjust, joint_means
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.payoff.money_parts import Return
from crm_lab.experiments.payoff.terms import GAINS, Terms
from crm_lab.stats.moments import Moments

if TYPE_CHECKING:
    from crm_lab.experiments.payoff.programme_return import ProgrammeResult


def weighted_moments(names: tuple[str, ...], values: Floats, weights: Floats) -> list[Moments]:
    """Moments of the rows (n, k) under each of R rows of weights (R, n), weights counting as copies."""
    centre = values.mean(axis=0)
    x, k = values - centre, values.shape[1]
    upper = np.triu_indices(k)
    n, first = weights.sum(axis=1), weights @ x
    second = weights @ (x[:, upper[0]] * x[:, upper[1]])
    found = []
    for count, sums, products in zip(n, first, second, strict=True):
        comoment = np.zeros((k, k))
        comoment[upper] = products
        comoment = comoment + np.triu(comoment, 1).T - np.outer(sums, sums) / count
        found.append(Moments(names, int(count), centre + sums / count, comoment))
    return found


def bootstrap_multiples(
    programme: Terms,
    experiment: Experiment,
    outcome: str,
    rng: np.random.Generator | int,
    draws: int = 1000,
    **money: str,
) -> Floats:
    """Multiples (margin per unit of cost) of resampled tests, shape (draws,).

    Units are drawn with replacement within their arm; the redeemed share is drawn from a beta
    distribution with the programme's mean and standard deviation.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> from crm_lab.experiments import Programme
    >>> bootstrap_multiples(Programme(margin_share=0.3, reward_rate=0.01), test, "spend", rng=0, draws=20).shape
    (20,)

    Args:
        programme: Terms of the programme.
        experiment: A test with two arms.
        outcome: Spend per unit.
        rng: Generator or seed.
        draws: Bootstrap samples.
        **money: As in `Programme.analyze`.

    Returns:
        Multiples, shape (draws,).

    Source:
        Efron (1979), Bootstrap methods: another look at the jackknife.
    """
    draw = np.random.default_rng(rng)
    outcomes = {"spend": outcome, **money}
    past = experiment.past_of(list(outcomes.values()))
    columns = tuple(dict.fromkeys((*outcomes.values(), *past)))
    arms = []
    for name in experiment.arms[:2]:
        values = experiment.frame.loc[experiment.frame[experiment.arm] == name, list(columns)].to_numpy(dtype=float)
        weights = draw.multinomial(len(values), np.full(len(values), 1 / len(values)), size=draws).astype(float)
        arms.append(weighted_moments(columns, values, weights))
    way: Adjust = programme.adjust if past else "none"
    redeemed = redeemed_shares(programme, draw, draws)
    multiples = np.empty(draws)
    for i, pair in enumerate(zip(*arms, strict=True)):
        means = joint_means(pair, [(c, None) for c in outcomes.values()], past, way)
        terms = replace(programme, redemption_share=float(redeemed[i]))
        multiples[i] = Return.of(terms.parts(means, pair[1].n, tuple(outcomes)), GAINS).multiple
    return multiples


def interval_check(
    answer: ProgrammeResult, experiment: Experiment, rng: np.random.Generator | int, draws: int = 300
) -> pd.DataFrame:
    """Fieller's interval of the multiple beside a bootstrap interval; no rows if the answer is none of Fieller's.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> from crm_lab.experiments import Programme
    >>> answer = Programme(margin_share=0.3, reward_rate=0.01).analyze(test, "spend")
    >>> interval_check(answer, test, rng=0, draws=50).columns.tolist()
    ['Fieller', 'bootstrap']

    Args:
        answer: The programme's return.
        experiment: The test it comes from.
        rng: Generator or seed.
        draws: Bootstrap samples.

    Returns:
        Two rows: Fieller and bootstrap.
    """
    columns = ["Fieller", "bootstrap"]
    if answer.parts is None or answer.draws is not None:
        return pd.DataFrame(columns=columns)
    level, fieller = answer.spec.level, answer.returns.multiple_set(answer.spec.level)
    ends = [(1 - level) / 2, (1 + level) / 2]
    multiples = bootstrap_multiples(answer.spec, experiment, answer.outcome, rng, draws, **answer.money)
    table = np.column_stack([[fieller.lo, fieller.hi], np.quantile(multiples, ends)])
    return pd.DataFrame(table, index=[f"{100 * end:g} %" for end in ends], columns=columns)


def redeemed_shares(programme: Terms, rng: np.random.Generator, draws: int) -> Floats:
    """Redeemed shares from a beta distribution with the programme's mean and standard deviation."""
    mean, sd = programme.redemption_share, programme.redemption_sd
    if sd == 0 or mean in (0, 1):
        return np.full(draws, mean)
    size = max(mean * (1 - mean) / sd**2 - 1, 1e-3)
    return rng.beta(mean * size, (1 - mean) * size, draws)
