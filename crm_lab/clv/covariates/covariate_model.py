"""Purchase and spend models whose parameters depend on traits of customers (Fader & Hardie 2007, note 019)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.stats import chi2

from crm_lab.arrays import Floats, Positions
from crm_lab.checks import BadInput, check_settings
from crm_lab.clv.covariates.covariate_likelihood import grouped_likelihood
from crm_lab.clv.covariates.customer_traits import CustomerTraits, customer_traits, kinds_of
from crm_lab.clv.fitting.counts import compress
from crm_lab.clv.fitting.newton import LogLikelihood, Optimum, maximise
from crm_lab.clv.models.gammagamma import GammaGamma, GammaGammaFit, spend_likelihood
from crm_lab.clv.models.parameter_fit import ParameterFit
from crm_lab.clv.models.purchase_fit import PurchaseFit, Story
from crm_lab.clv.models.purchase_model import PurchaseModel
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout

Effect = tuple[str, int, int]
"""Name of an effect, which parameter it multiplies, to which power."""
RARE = 0.05
EFFECTS: dict[str, tuple[Effect, ...]] = {
    "nbd": (("purchases", 1, -1),),
    "bgnbd": (("purchases", 1, -1), ("leaving", 2, 1), ("staying", 3, 1)),
    "mbgnbd": (("purchases", 1, -1), ("leaving", 2, 1), ("staying", 3, 1)),
    "bgcnbd": (("purchases", 1, -1), ("leaving", 2, 1), ("staying", 3, 1)),
    "mbgcnbd": (("purchases", 1, -1), ("leaving", 2, 1), ("staying", 3, 1)),
    "paretonbd": (("purchases", 1, -1), ("leaving", 3, -1)),
}
_SPEND: tuple[Effect, ...] = (("spend", 2, 1),)


@dataclass(frozen=True)
class WithCovariates:
    """A purchase model whose rates are multiplied by exp(coefficient x trait).

    Purchase rates are: alpha becomes alpha exp(-z c). Under Pareto/NBD the rate of leaving is too: beta becomes
    beta exp(-z c). Under the geometric models a and b are each multiplied, as in Fader & Hardie.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.clv import MBGNBD
    >>> from crm_lab.data.kernels.purchases import purchase_summary
    >>> summary = purchase_summary(open_workspace("cdnow_sample").at("1997-09-30")["orders"], "1997-09-30")
    >>> summary["joined"] = np.where(summary["T"] > 33, "early", "late")
    >>> WithCovariates(MBGNBD(), ("joined",)).fit(summary).names[4:]
    ('purchases:joined=early', 'leaving:joined=early', 'staying:joined=early')

    Args:
        model: Purchase model, or `GammaGamma` for spend.
        traits: Columns of the summary: text compares each level with the most frequent, numbers are centred.

    Source:
        Fader & Hardie (2007), Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models.
    """

    model: PurchaseModel | GammaGamma
    traits: tuple[str, ...]

    def __post_init__(self) -> None:
        check_settings(self, traits=not self.traits and "name at least one column of the summary")

    def fit(self, summary: pd.DataFrame) -> CovariateFit:
        """Fit by maximum likelihood, beside the model without traits.

        Args:
            summary: What `purchase_summary` returns, with the traits as further columns.

        Returns:
            Parameters of a customer with traits at their reference, and ratios by trait.

        Raises:
            BadInput: As for the model and `customer_traits`.
        """
        plain: PurchaseFit | GammaGammaFit = self.model.fit(summary)
        if isinstance(plain, GammaGammaFit):
            summary = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
        model = plain.model if isinstance(plain, PurchaseFit) else self.model  # with its k, where that was found
        traits = customer_traits(summary, self.traits)
        kinds, places = kinds_of(traits.values(summary))
        effects = _SPEND if isinstance(plain, GammaGammaFit) else EFFECTS[plain.titles[0]]
        design = design_of(kinds, len(plain.estimates), effects)
        joint = grouped_likelihood(likelihoods_of(model, summary, places), design)
        start = np.concatenate([plain.estimates, np.ones(design.shape[2] - len(plain.estimates))])
        (whole,) = likelihoods_of(model, summary, [np.arange(len(summary))])
        of_data = plain.log_likelihood - whole(plain.estimates)[0]  # what holds no parameter
        optimum = maximise(joint, start, float(plain.n), self.model.ridge)
        optimum = replace(optimum, log_likelihood=optimum.log_likelihood + of_data)
        edge = None if optimum.converged else Message("clv.covariates.no_maximum")
        return CovariateFit(optimum, plain.n, plain, effects, traits, plain.refusal() or edge)


def design_of(kinds: Floats, k: int, effects: tuple[Effect, ...]) -> Floats:
    """What each kind's k log-parameters are of all log-parameters, shape (kinds, k, k + effects x traits)."""
    width = kinds.shape[1]
    design = np.zeros((len(kinds), k, k + len(effects) * width))
    design[:, np.arange(k), np.arange(k)] = 1
    for i, (_, place, power) in enumerate(effects):
        first = k + i * width
        design[:, place, first : first + width] = power * kinds
    return design


def likelihoods_of(model: Story | GammaGamma, summary: pd.DataFrame, places: list[Positions]) -> list[LogLikelihood]:
    """Log-likelihood of each kind of customer."""
    spends = not isinstance(model, PurchaseModel)
    known = [
        summary[name].to_numpy(dtype=float)
        for name in (("frequency", "monetary_value") if spends else ("frequency", "recency", "T"))
    ]
    if not isinstance(model, PurchaseModel):
        return [spend_likelihood(*(column[place] for column in known)) for place in places]
    return [model.log_likelihood(compress(*(column[place] for column in known))) for place in places]


@dataclass(frozen=True, eq=False)
class CovariateFit(ParameterFit):
    """A model fitted with traits.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.clv import MBGNBD
    >>> from crm_lab.data.kernels.purchases import purchase_summary
    >>> summary = purchase_summary(open_workspace("cdnow_sample").at("1997-09-30")["orders"], "1997-09-30")
    >>> summary["joined"] = np.where(summary["T"] > 33, "early", "late")
    >>> fit = WithCovariates(MBGNBD(), ("joined",)).fit(summary)

    Attributes:
        optimum: Parameters at the reference, then a ratio a coefficient (its exponential), with covariance of logs.
        n: Customers.
        plain: The model without traits.
        effects: What traits multiply: its name, which parameter, to which power.
        traits: Which columns count, and how.
        edge: Why the parameters are not identified, or ``None``.
    """

    optimum: Optimum
    n: int
    plain: PurchaseFit | GammaGammaFit
    effects: tuple[Effect, ...]
    traits: CustomerTraits
    edge: Message | None = None

    name: ClassVar[str] = "covariate_model"

    @property
    def names(self) -> tuple[str, ...]:
        """Parameters of the model, then the ratios.

        >>> fit.names[:2]
        ('r', 'alpha')
        """
        return (*self.plain.names, *(f"{effect}:{name}" for effect, _, _ in self.effects for name in self.traits.names))

    @property
    def titles(self) -> tuple[str, str]:
        """Key and title of the model.

        >>> fit.titles
        ('mbgnbd_traits', 'MBG/NBD + joined')
        """
        key, title = self.plain.titles
        return f"{key}_traits", f"{title} + {', '.join((*self.traits.levels, *self.traits.centres))}"

    @property
    def coefficients(self) -> pd.DataFrame:
        """Coefficient of each trait with its standard error.

        >>> list(fit.coefficients)
        ['effect', 'coefficient', 'standard_error']
        """
        k = len(self.plain.names)
        with np.errstate(invalid="ignore"):
            se = np.sqrt(np.diag(self.optimum.log_covariance))[k:]
        table = {"effect": self.names[k:], "coefficient": np.log(self.estimates[k:]), "standard_error": se}
        return pd.DataFrame(table)

    @property
    def likelihood_ratio(self) -> tuple[float, int, float]:
        """Twice the gain in log-likelihood over the model without traits, degrees of freedom, p-value.

        >>> fit.likelihood_ratio[1]
        3
        """
        gain = max(2 * (self.log_likelihood - self.plain.log_likelihood), 0.0)
        df = len(self.names) - len(self.plain.names)
        return gain, df, float(chi2.sf(gain, df))

    def of_kind(self, customers: pd.DataFrame) -> list[tuple[Positions, PurchaseFit | GammaGammaFit]]:
        """The model of each kind of customer, with the places of its customers.

        >>> sum(len(places) for places, _ in fit.of_kind(summary)) == len(summary)
        True

        Args:
            customers: Rows with the traits.

        Returns:
            Places of customers and their model, kind by kind.

        Raises:
            BadInput: If traits are missing or hold levels that the model has not seen.
        """
        kinds, places = kinds_of(self.traits.values(customers))
        own = np.exp(design_of(kinds, len(self.plain.names), self.effects) @ np.log(self.estimates))
        return [(place, self.plain.with_values(values)) for place, values in zip(places, own, strict=True)]

    def conditional_purchases(self, ahead: float, customers: pd.DataFrame, **options: float) -> Floats:
        """Expected purchases of customers with traits, as `PurchaseFit.conditional_purchases`.

        >>> fit.conditional_purchases(39.0, summary).shape
        (2357,)

        Args:
            ahead: End of the interval, in units of time after T.
            customers: Rows of a purchase summary with the traits.
            options: Those of `PurchaseFit.conditional_purchases`.

        Returns:
            Expected purchases, shape (n,).
        """
        expected = np.empty(len(customers))
        for places, fit in self.of_kind(customers):
            if not isinstance(fit, PurchaseFit):
                raise BadInput("This is a model of spend; ask expected_spend.")
            x, t_x, T = (customers[c].to_numpy(float)[places] for c in ("frequency", "recency", "T"))
            expected[places] = fit.conditional_purchases(ahead, x, t_x, T, **options)
        return expected

    def expected_spend(self, customers: pd.DataFrame) -> Floats:
        """Expected spend per purchase of customers with traits, as `GammaGammaFit.expected_spend`.

        Args:
            customers: Rows of a purchase summary with the traits.

        Returns:
            Amounts in currency, shape (n,).
        """
        expected = np.empty(len(customers))
        for places, fit in self.of_kind(customers):
            if not isinstance(fit, GammaGammaFit):
                raise BadInput("This is a model of purchases; ask conditional_purchases.")
            x, mean = (customers[c].to_numpy(float)[places] for c in ("frequency", "monetary_value"))
            expected[places] = fit.expected_spend(x, mean)
        return expected

    def readout(self) -> Readout:
        """Whether traits help, how sure that is, what to use.

        >>> print(fit.readout().finding)
        MBG/NBD + joined fitted to 2,357 customers: knowing these traits ...
        """
        gain, df, pvalue = self.likelihood_ratio
        values = {"n": self.n, "model": self.titles[1], "gain": gain, "df": df, "pvalue": pvalue}
        helps = self.edge is None and pvalue < RARE
        said = ("finding", "action") if helps else ("finding_none", "action_none")
        return Readout.of("clv.covariates", values, said[0], self.edge or "certainty", said[1])

    def facts(self) -> tuple[Fact, ...]:
        """Parameters, ratios, and the test that traits help.

        >>> fit.facts()[-1].id
        'clv.mbgnbd_traits.helps_pvalue'
        """
        key = self.titles[0]
        test = Fact(f"clv.{key}.helps_pvalue", "clv.covariates.pvalue", self.likelihood_ratio[2], n=self.n)
        return (*super().facts(), test)
