"""Convert fits to fitted objects of the lifetimes package, for code and plots that expect them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput
from crm_lab.clv.models.parameter_fit import ParameterFit
from crm_lab.results import Result

_FITTERS = {"bgnbd": "BetaGeoFitter", "mbgnbd": "ModifiedBetaGeoFitter", "paretonbd": "ParetoNBDFitter"}


def to_lifetimes(key: str, title: str, fit: ParameterFit, summary: pd.DataFrame | None) -> Any:
    """A fitted lifetimes object with our estimates, in our unit of time.

    Its ``variance_matrix_`` is ours, right off the diagonal too.

    Raises:
        BadInput: If lifetimes has no such model, or the fit was made from counts without a summary.
    """
    import lifetimes

    if key not in _FITTERS:
        raise BadInput(f"lifetimes has no {title}; it has {', '.join(_FITTERS.values())}.")
    if summary is None:
        raise BadInput("This fit was made from counts; lifetimes wants every customer: fit the summary.")
    fitter = getattr(lifetimes, _FITTERS[key])(penalizer_coef=0.0)
    columns = summary[["frequency", "recency", "T"]].astype(float)
    fitter.data = columns.assign(frequency=columns["frequency"].astype(int), weights=1)
    fitter.predict = fitter.conditional_expected_number_of_purchases_up_to_time
    _finish(fitter, fit, fit.params)
    return fitter


def spend_to_lifetimes(fit: Result, summary: pd.DataFrame) -> Any:
    """A fitted ``GammaGammaFitter`` with our estimates; ``v`` is its name for γ."""
    import lifetimes

    if not isinstance(fit, ParameterFit):
        raise BadInput("lifetimes has no model of spend by credibility; it has GammaGammaFitter.")
    fitter = lifetimes.GammaGammaFitter(penalizer_coef=0.0)
    repeat = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
    fitter.data = repeat[["monetary_value", "frequency"]].assign(weights=1)
    _finish(fitter, fit, dict(zip("pqv", fit.params.values(), strict=True)))
    return fitter


def _finish(fitter: Any, fit: ParameterFit, params: dict[str, float]) -> None:
    names = list(params)
    fitter.params_ = pd.Series(params)
    fitter._negative_log_likelihood_ = -fit.log_likelihood / fit.n
    covariance = fit.optimum.log_covariance * np.outer(fit.estimates, fit.estimates)
    fitter.variance_matrix_ = pd.DataFrame(covariance, names, names)
    fitter.standard_errors_ = errors = pd.Series(np.sqrt(np.diag(covariance)), index=names)
    fitter.confidence_intervals_ = pd.DataFrame(
        {"lower 95% bound": fitter.params_ - 1.959964 * errors, "upper 95% bound": fitter.params_ + 1.959964 * errors}
    )
