"""How large a test must be: sample sizes, detectable effects and power, each by a named formula.

statsmodels is used where it has the formula.
"""

from __future__ import annotations

import math
from typing import Literal

from scipy import stats

from crm_lab.checks import BadInput, Problems

ShareFormula = Literal["pooled", "unpooled", "arcsine"]


def check_errors(alpha: float, power: float) -> None:
    """Refuse error rates that are no probabilities, or a power below alpha.

    Raises:
        BadInput: If alpha or power is out of range.
    """
    problems = Problems("error rates")
    problems.unless(0 < alpha < 1, f"alpha is {alpha}; it lies between 0 and 1, e.g. 0.05.")
    problems.unless(0 < power < 1, f"power is {power}; it lies between 0 and 1, e.g. 0.8.")
    if not problems.found:
        problems.unless(power > alpha, f"power {power} is not above alpha {alpha}; a coin does better.")
    problems.raise_any()


def n_share(
    control: float, treatment: float, alpha: float = 0.05, power: float = 0.8, formula: ShareFormula = "pooled"
) -> float:
    """Units per arm to tell two shares apart, two-sided.

    ``pooled``: null variance at the mean share (Fleiss; statsmodels `samplesize_proportions_2indep_onetail`),
    ``unpooled``: each arm's own variance throughout, ``arcsine``: Cohen's h (statsmodels
    `proportion_effectsize`).

    >>> [round(n_share(0.10, 0.12, formula=f), 1) for f in ("unpooled", "pooled", "arcsine")]
    [3838.1, 3840.8, 3834.6]

    Raises:
        BadInput: If a share is not strictly between 0 and 1 or the two are equal.
    """
    check_errors(alpha, power)
    problems = Problems("shares")
    problems.unless(0 < control < 1, f"control is {control}; a share lies between 0 and 1.")
    problems.unless(0 < treatment < 1, f"treatment is {treatment}; a share lies between 0 and 1.")
    problems.unless(control != treatment, "control and treatment are equal; no test tells them apart.")
    problems.raise_any()
    if formula == "unpooled":
        spread = control * (1 - control) + treatment * (1 - treatment)
        return _z_sum(alpha / 2, power) ** 2 * spread / (treatment - control) ** 2
    if formula == "arcsine":
        from statsmodels.stats.proportion import proportion_effectsize

        return n_mean(abs(proportion_effectsize(treatment, control)), 1.0, alpha, power)
    from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

    return float(samplesize_proportions_2indep_onetail(treatment - control, control, power, alpha=alpha))


def n_mean(
    mde: float, sd: float, alpha: float = 0.05, power: float = 0.8, *, t: bool = False, ratio: float = 1.0
) -> float:
    """Units in the treatment arm to see a difference of means, two-sided (statsmodels).

    Args:
        mde: Smallest difference worth seeing, in the metric's unit.
        sd: Standard deviation per unit; with a pre-period the residual one, ``sd * sqrt(1 - rho²)``.
        alpha: Type I error.
        power: Probability of seeing it.
        t: Noncentral t (`TTestIndPower`) instead of normal (`normal_sample_size_one_tail`).
        ratio: Control units per treatment unit.

    >>> round(n_mean(2, 40), 1), round(n_mean(2, 40 * (1 - 0.6**2) ** 0.5), 1)
    (6279.1, 4018.6)
    >>> [round(n_mean(d, 1, t=True), 2) for d in (0.2, 0.5, 0.8)]
    [393.41, 63.77, 25.52]

    Raises:
        BadInput: If the difference or the standard deviation is not above 0.
    """
    from statsmodels.stats.power import TTestIndPower, normal_sample_size_one_tail

    check_errors(alpha, power)
    problems = Problems("size of the test")
    problems.unless(mde > 0, f"the smallest effect is {mde}; it must be above 0.")
    problems.unless(sd > 0, f"the standard deviation is {sd}; a metric that does not vary needs no test.")
    problems.raise_any()
    if not t:
        spread = sd * math.sqrt(1 + 1 / ratio)
        return float(normal_sample_size_one_tail(mde, power, alpha / 2, std_null=spread))
    if mde / sd > 3:  # the solver of statsmodels ends in nan where fewer than three units are enough
        raise BadInput(f"the effect is {mde / sd:.1f} standard deviations; three units per arm show that.")
    return float(TTestIndPower().solve_power(mde / sd, alpha=alpha, power=power, ratio=ratio))


def n_not_worse(share: float, margin: float, alpha: float = 0.025, power: float = 0.9) -> float:
    """Units per arm to show that a share is not worse by a margin, one-sided, if it is in fact equal.

    Normal approximation with equal variances (statsmodels `normal_sample_size_one_tail`).

    >>> round(n_not_worse(0.30, 0.03), 2)
    4903.46
    """
    from statsmodels.stats.power import normal_sample_size_one_tail

    check_errors(alpha, power)
    if not 0 < share < 1 or margin <= 0:
        raise BadInput(f"share {share} must lie between 0 and 1 and the margin {margin} above 0.")
    return float(normal_sample_size_one_tail(margin, power, alpha, std_null=math.sqrt(2 * share * (1 - share))))


def mde_mean(sd: float, n_treatment: float, n_control: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Smallest difference of means that a test of this size sees, two-sided, normal.

    >>> round(mde_mean(40, 6279.1, 6279.1), 3)
    2.0
    """
    check_errors(alpha, power)
    return _z_sum(alpha / 2, power) * sd * math.sqrt(1 / n_treatment + 1 / n_control)


def mde_share(control: float, n_per_arm: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Smallest rise of a share that a test of this size sees, two-sided: the inverse of `n_share` (``pooled``).

    Infinite where even a rise to 1 is not seen.

    >>> round(mde_share(0.10, 3840.8), 4)
    0.02
    """
    from scipy.optimize import brentq

    check_errors(alpha, power)
    least, most = 1e-9 * (1 - control), (1 - control) * (1 - 1e-9)
    if n_share(control, control + most, alpha, power) > n_per_arm:
        return math.inf
    return float(brentq(lambda rise: n_share(control, control + rise, alpha, power) - n_per_arm, least, most))


def power_share(control: float, treatment: float, n_per_arm: float, alpha: float = 0.05) -> float:
    """Probability that a two-sided test of two shares rejects (statsmodels `power_proportions_2indep`, pooled null).

    >>> round(power_share(0.10, 0.12, 3840.8), 3)
    0.8
    """
    from statsmodels.stats.proportion import power_proportions_2indep

    check_errors(alpha, 0.99)
    return float(power_proportions_2indep(treatment - control, control, n_per_arm, alpha=alpha, return_results=False))


def mde_few(sd: float, n_treatment: int, n_control: int, alpha: float = 0.05, power: float = 0.8) -> float:
    """The same for a handful of units, with quantiles of t on n - 2 degrees of freedom.

    >>> [round(mde_few(3, 5, n), 2) for n in (5, 15, 45)]
    [6.06, 4.59, 4.04]
    """
    check_errors(alpha, power)
    df = n_treatment + n_control - 2
    reach = float(stats.t.isf(alpha / 2, df) + stats.t.ppf(power, df))
    return reach * sd * math.sqrt(1 / n_treatment + 1 / n_control)


def power_mean(effect: float, sd: float, n_treatment: float, n_control: float, alpha: float = 0.05) -> float:
    """Probability that a two-sided test of this size rejects (statsmodels `NormalIndPower`).

    >>> round(power_mean(2, 40, 6279.1, 6279.1), 4)
    0.8
    """
    from statsmodels.stats.power import NormalIndPower

    return float(NormalIndPower().power(effect / sd, n_treatment, alpha, ratio=n_control / n_treatment))


def design_effect(size: float, icc: float, cv: float = 0.0) -> float:
    """How many times more units a test needs when whole clusters are assigned (Kish; Eldridge et al. 2006).

    Args:
        size: Mean units per cluster.
        icc: Correlation of two units of one cluster.
        cv: Coefficient of variation of the clusters' sizes.

    >>> round(design_effect(20, 0.05), 12)
    1.95
    """
    if size < 1 or not 0 <= icc <= 1:
        raise BadInput(f"a cluster has at least 1 unit (got {size}) and icc lies between 0 and 1 (got {icc}).")
    return 1 + ((1 + cv**2) * size - 1) * icc


def false_alarms(effect_of_design: float, alpha: float = 0.05) -> float:
    """How often a test that ignores its clusters rejects a true null.

    >>> round(false_alarms(design_effect(400, 0.0081)), 4)
    0.3407
    """
    return float(2 * stats.norm.sf(stats.norm.isf(alpha / 2) / math.sqrt(effect_of_design)))


def exaggeration(true_over_se: float, alpha: float = 0.05) -> tuple[float, float]:
    """Power, and by how much significant estimates overstate the truth (type M, Gelman & Carlin 2014).

    >>> [tuple(round(v, 3) for v in exaggeration(d)) for d in (0.5, 1, 2, 2.8)]
    [(0.079, 4.789), (0.17, 2.491), (0.516, 1.386), (0.8, 1.125)]
    """
    d, c = abs(true_over_se), float(stats.norm.isf(alpha / 2))
    if d == 0:
        return alpha, math.inf
    above, below = float(stats.norm.sf(c - d)), float(stats.norm.cdf(-c - d))
    mean_size = d * (above - below) + float(stats.norm.pdf(c - d) + stats.norm.pdf(c + d))
    return above + below, mean_size / (d * (above + below))


def _z_sum(alpha_one_sided: float, power: float) -> float:
    return float(stats.norm.isf(alpha_one_sided) + stats.norm.ppf(power))
