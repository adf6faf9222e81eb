"""From our fits to fitted objects of the lifetimes package, for code and plots that expect those."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput
from crm_lab.clv.fitting.newton import Optimum

_FITTERS = {"bgnbd": "BetaGeoFitter", "mbgnbd": "ModifiedBetaGeoFitter", "paretonbd": "ParetoNBDFitter"}


class _Fit(Protocol):
    """What is read of a fit."""

    @property
    def optimum(self) -> Optimum: ...

    @property
    def n(self) -> int: ...

    @property
    def params(self) -> dict[str, float]: ...

    @property
    def log_likelihood(self) -> float: ...


class _Named(Protocol):
    key: ClassVar[str]
    title: ClassVar[str]


class _PurchaseFit(_Fit, Protocol):
    @property
    def summary(self) -> pd.DataFrame | None: ...

    @property
    def model(self) -> _Named: ...


def to_lifetimes(fit: _PurchaseFit) -> Any:
    """A fitted lifetimes object with our estimates, in our unit of time.

    Its ``variance_matrix_`` is ours, right off the diagonal too.

    Raises:
        BadInput: If lifetimes has no such model, or the fit was made from counts without a summary.
    """
    import lifetimes

    if fit.model.key not in _FITTERS:
        raise BadInput(f"lifetimes has no {fit.model.title}; it has {', '.join(_FITTERS.values())}.")
    if fit.summary is None:
        raise BadInput("This fit was made from counts; lifetimes wants every customer: fit the summary.")
    fitter = getattr(lifetimes, _FITTERS[fit.model.key])(penalizer_coef=0.0)
    columns = fit.summary[["frequency", "recency", "T"]].astype(float)
    fitter.data = columns.assign(frequency=columns["frequency"].astype(int), weights=1)
    fitter.predict = fitter.conditional_expected_number_of_purchases_up_to_time
    _finish(fitter, fit.params, fit.optimum.log_covariance, fit.n, fit.log_likelihood)
    return fitter


def spend_to_lifetimes(fit: _Fit, summary: pd.DataFrame) -> Any:
    """A fitted ``GammaGammaFitter`` with our estimates; ``v`` is its name for γ."""
    import lifetimes

    fitter = lifetimes.GammaGammaFitter(penalizer_coef=0.0)
    repeat = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
    fitter.data = repeat[["monetary_value", "frequency"]].assign(weights=1)
    params = dict(zip("pqv", fit.params.values(), strict=True))
    _finish(fitter, params, fit.optimum.log_covariance, fit.n, fit.log_likelihood)
    return fitter


def _finish(fitter: Any, params: dict[str, float], covariance: np.ndarray, n: int, log_likelihood: float) -> None:
    names = list(params)
    values = np.array(list(params.values()))
    fitter.params_ = pd.Series(params)
    fitter._negative_log_likelihood_ = -log_likelihood / n
    fitter.variance_matrix_ = pd.DataFrame(covariance * np.outer(values, values), names, names)
    errors = pd.Series(np.sqrt(np.diag(fitter.variance_matrix_)), index=names)
    fitter.standard_errors_ = errors
    fitter.confidence_intervals_ = pd.DataFrame(
        {"lower 95% bound": fitter.params_ - 1.959964 * errors, "upper 95% bound": fitter.params_ + 1.959964 * errors}
    )
