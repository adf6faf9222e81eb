"""Do cohorts differ in how often they buy and how readily they leave? Little that is known draws them together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from math import comb
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.stats import chi2

from crm_lab.arrays import Floats
from crm_lab.calendar import day_number
from crm_lab.checks import BadInput, need_columns
from crm_lab.clv.covariates.covariate_likelihood import grouped_likelihood
from crm_lab.clv.covariates.covariate_model import EFFECTS, RARE, CovariateFit, Effect, design_of, likelihoods_of
from crm_lab.clv.covariates.customer_traits import CustomerTraits, kinds_of
from crm_lab.clv.fitting.newton import LogLikelihood, Optimum, maximise
from crm_lab.clv.models.purchase_fit import PurchaseFit
from crm_lab.clv.models.purchase_model import PurchaseModel
from crm_lab.data.kernels.purchases import UNIT_DAYS
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout

_FEWEST = 3  # cohorts, of which a spread can be told
_SPREADS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0)  # of the logarithm of a cohort's ratio, tried
_POOLED = ("purchases", "leaving")
_NONE = ""  # cohorts that the model has not seen: no ratio


def quarter_joined(summary: pd.DataFrame, as_of: str | date) -> pd.Series:
    """The calendar quarter of each customer's first purchase, e.g. ``2023Q4``: a cohort that stays the same later.

    >>> summary = pd.DataFrame({"T": [1.0, 14.0]})
    >>> summary.attrs["unit"] = "W"
    >>> quarter_joined(summary, "2024-01-31").tolist()
    ['2024Q1', '2023Q4']

    Args:
        summary: What `purchase_summary` returned as of that day.
        as_of: That day.

    Returns:
        Labels, on the index of the summary.

    Raises:
        BadInput: If the summary does not tell its unit of time.
    """
    unit = summary.attrs.get("unit")
    if unit not in UNIT_DAYS:
        raise BadInput("The summary does not tell its unit of time; make it with purchase_summary.")
    first = day_number(as_of) - np.rint(summary["T"].to_numpy(dtype=float) * UNIT_DAYS[unit])
    return pd.Series(pd.to_datetime(first, unit="D").to_period("Q").astype(str), index=summary.index, name="cohort")


@dataclass(frozen=True)
class WithCohorts:
    """A purchase model in which cohorts may differ, with partial pooling.

    A cohort's purchase rate, and the readiness of its customers to leave, are those of all times a ratio whose
    logarithm is normal about 0. How far cohorts spread is found by marginal likelihood (Laplace), among spreads of 0
    to 1, and only used where it gains more than chance would (5 %); ratios are then at their posterior mode, so that a
    small or young cohort stays near all, and one that was not there yet is as all.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.clv import MBGNBD
    >>> from crm_lab.data.kernels.purchases import purchase_summary
    >>> summary = purchase_summary(open_workspace("cdnow_sample").at("1997-09-30")["orders"], "1997-09-30")
    >>> summary["cohort"] = np.floor(summary["T"] / 3).astype(str)
    >>> WithCohorts(MBGNBD()).fit(summary).spreads
    {'purchases': 0.0, 'leaving': 0.0}

    Args:
        model: Purchase model.
        cohort: Column of the summary, e.g. what `quarter_joined` gives.

    Source:
        Gelman & Hill (2007), Data analysis using regression and multilevel models, chapter 12, for partial pooling;
        Self & Liang (1987) for the test of a spread of 0.
    """

    model: PurchaseModel
    cohort: str = "cohort"

    def fit(self, summary: pd.DataFrame) -> CohortFit:
        """Fit by maximum marginal likelihood, beside the model in which all cohorts are alike.

        >>> WithCohorts(MBGNBD()).fit(summary).kinds
        4

        Args:
            summary: What `purchase_summary` returns, with the cohort as a further column.

        Returns:
            Parameters of all, and ratios by cohort where cohorts differ.

        Raises:
            BadInput: As for the model, or if the column is missing or holds gaps or fewer than three cohorts.
        """
        need_columns(summary.columns, (self.cohort,), "The summary")
        gaps = int((summary[self.cohort].isna() | (summary[self.cohort].astype(str) == _NONE)).sum())
        if gaps:
            raise BadInput(
                f"{self.cohort} is missing for {gaps:,} customers; leave them out or name a cohort for them."
            )
        names = tuple(sorted(summary[self.cohort].astype(str).unique()))
        if len(names) < _FEWEST:
            raise cannot_answer("few_cohorts", n=len(names), needed=_FEWEST)
        plain = self.model.fit(summary)
        traits = CustomerTraits({self.cohort: (_NONE, *names)}, {})
        kinds, places = kinds_of(traits.values(summary))
        search = _Search(plain, kinds, likelihoods_of(plain.model, summary, places))
        spreads, gain = search.spreads()
        found = search.at(spreads)
        return CohortFit(search.told(found), plain.n, plain, found.effects, traits, plain.refusal(), spreads, gain)


@dataclass(frozen=True, eq=False)
class _Found:
    """Where the climb at given spreads ended, which effects were in it, its log marginal likelihood, and what rose."""

    optimum: Optimum
    effects: tuple[Effect, ...]
    marginal: float
    joint: LogLikelihood


@dataclass(frozen=True, eq=False)
class _Search:
    """Marginal likelihoods of a base's cohorts."""

    plain: PurchaseFit
    kinds: Floats
    parts: list[LogLikelihood]

    def spreads(self) -> tuple[dict[str, float], float]:
        """Those of largest marginal likelihood, one effect after another, and twice the gain over none at all."""
        best = {effect[0]: 0.0 for effect in self._possible}
        none = top = self.at(best).marginal
        for _ in range(2):
            for name in best:
                tried = {spread: self.at(best | {name: spread}).marginal for spread in _SPREADS}
                spread = max(tried, key=lambda spread: tried[spread])
                best, top = (best | {name: spread}, tried[spread]) if tried[spread] > top else (best, top)
        gain = 2 * (top - none)
        return (best, gain) if boundary_pvalue(gain, len(best)) < RARE else (dict.fromkeys(best, 0.0), gain)

    @property
    def _possible(self) -> tuple[Effect, ...]:
        return tuple(effect for effect in EFFECTS[self.plain.titles[0]] if effect[0] in _POOLED)

    def at(self, spreads: dict[str, float]) -> _Found:
        """Climb with cohorts' ratios about 1 at these spreads; an effect with a spread of 0 is left out."""
        effects = tuple(effect for effect in self._possible if spreads[effect[0]] > 0)
        k, cohorts = len(self.plain.estimates), self.kinds.shape[1]
        joint = grouped_likelihood(self.parts, design_of(self.kinds, k, effects))
        wide = np.repeat([spreads[effect[0]] for effect in effects], cohorts)
        start = np.concatenate([self.plain.estimates, np.ones(len(wide))])
        optimum = maximise(_pooled(joint, k, wide), start, float(self.plain.n))
        sign, size = np.linalg.slogdet(optimum.log_covariance)
        sure = optimum.converged and sign > 0
        marginal = optimum.log_likelihood - float(np.log(wide).sum()) + size / 2 if sure else -np.inf
        return _Found(optimum, effects, marginal, joint)

    def told(self, found: _Found) -> Optimum:
        """The optimum with the log-likelihood of the data in place of the climb's, and all that holds no parameter."""
        of_data = self.plain.log_likelihood - sum(part(self.plain.estimates)[0] for part in self.parts)
        return replace(found.optimum, log_likelihood=found.joint(found.optimum.estimates)[0] + of_data)


def _pooled(joint: LogLikelihood, k: int, wide: Floats) -> LogLikelihood:
    """With normal logarithms of the parameters from the k-th on, of those standard deviations."""

    def evaluate(params: Floats) -> tuple[float, Floats, Floats]:
        value, gradient, hessian = joint(params)
        ratio, away = params[k:], np.log(params[k:])
        gradient[k:] -= away / (ratio * wide**2)
        place = np.arange(k, len(params))
        hessian[place, place] -= (1 - away) / (ratio * wide) ** 2
        return value - 0.5 * float(((away / wide) ** 2).sum()), gradient, hessian

    return evaluate


def boundary_pvalue(gain: float, spreads: int) -> float:
    """Chance of such a gain in twice the log-likelihood where none of the spreads is above 0: a mixture of chi-squared.

    >>> round(boundary_pvalue(2.71, 1), 2), boundary_pvalue(0.0, 2)
    (0.05, 1.0)

    Args:
        gain: Twice the gain.
        spreads: How many were free.

    Returns:
        The p-value; 1 without a gain.
    """
    if gain <= 0:
        return 1.0
    return float(sum(comb(spreads, j) * chi2.sf(gain, j) for j in range(1, spreads + 1)) / 2**spreads)


@dataclass(frozen=True, eq=False)
class CohortFit(CovariateFit):
    """A purchase model fitted with cohorts.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.clv import MBGNBD
    >>> from crm_lab.data.kernels.purchases import purchase_summary
    >>> summary = purchase_summary(open_workspace("cdnow_sample").at("1997-09-30")["orders"], "1997-09-30")
    >>> summary["cohort"] = np.floor(summary["T"] / 3).astype(str)
    >>> fit = WithCohorts(MBGNBD()).fit(summary)

    Attributes:
        spreads: Standard deviation of the logarithm of cohorts' ratios, by effect; 0 where cohorts are taken as one.
        gain: Twice the gain in marginal log-likelihood over no spread at all.
    """

    spreads: dict[str, float] = field(default_factory=dict)
    gain: float = 0.0

    name: ClassVar[str] = "cohort_model"

    @property
    def titles(self) -> tuple[str, str]:
        """Key and title of the model.

        >>> fit.titles
        ('mbgnbd_cohorts', 'MBG/NBD + cohort')
        """
        key, title = self.plain.titles
        return f"{key}_cohorts", f"{title} + {next(iter(self.traits.levels))}"

    @property
    def likelihood_ratio(self) -> tuple[float, int, float]:
        """Twice the gain in marginal log-likelihood, spreads that were free, p-value.

        >>> fit.likelihood_ratio[1]
        2
        """
        return self.gain, len(self.spreads), boundary_pvalue(self.gain, len(self.spreads))

    def conditional_purchases(self, ahead: float, customers: pd.DataFrame, **options: float) -> Floats:
        """Expected purchases by cohort, as `PurchaseFit.conditional_purchases`; a new cohort buys as all.

        >>> fit.conditional_purchases(39.0, summary.assign(cohort="new")).shape
        (2357,)

        Args:
            ahead: End of the interval, in units of time after T.
            customers: Rows of a purchase summary with the cohort.
            options: Those of `PurchaseFit.conditional_purchases`.

        Returns:
            Expected purchases, shape (n,).
        """
        ((column, known),) = self.traits.levels.items()
        cohort = customers[column].astype(str)
        seen = customers.assign(**{column: cohort.where(cohort.isin(known), _NONE)})
        return super().conditional_purchases(ahead, seen, **options)

    def readout(self) -> Readout:
        """Whether cohorts differ, how sure that is, what to use.

        >>> print(fit.readout().finding)
        MBG/NBD fitted to 2,357 customers of 4 cohorts: cohorts differ by no more than chance would have it; ...
        """
        gain, _, pvalue = self.likelihood_ratio
        values = {
            "n": self.n, "model": self.plain.titles[1], "cohorts": self.kinds, "gain": max(gain, 0.0), "pvalue": pvalue,
            "purchases": np.expm1(self.spreads["purchases"]), "leaving": np.expm1(self.spreads.get("leaving", 0.0)),
        }  # fmt: skip
        said = ("finding", "action") if self.effects else ("finding_none", "action_none")
        return Readout.of("clv.cohorts", values, said[0], self.edge or "certainty", said[1])

    @property
    def kinds(self) -> int:
        """How many cohorts there are.

        >>> fit.kinds
        4
        """
        ((_, known),) = self.traits.levels.items()
        return len(known) - 1

    def facts(self) -> tuple[Fact, ...]:
        """Parameters, ratios, the test, and how far cohorts spread.

        >>> [fact.id for fact in fit.facts()[-2:]]
        ['clv.mbgnbd_cohorts.spread_of_purchases', 'clv.mbgnbd_cohorts.spread_of_leaving']
        """
        key = self.titles[0]
        spread = (
            Fact(f"clv.{key}.spread_of_{name}", f"clv.cohorts.spread_{name}", value, n=self.n, refusal=self.edge)
            for name, value in self.spreads.items()
        )
        return (*super().facts(), *spread)
