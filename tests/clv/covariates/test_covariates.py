"""Traits of customers: ratios are recovered, cover the truth, and change nothing where there is nothing."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.clv import MBGNBD, GammaGamma, ParetoNBD, WithCovariates
from crm_lab.clv.covariates.covariate_likelihood import grouped_likelihood
from crm_lab.clv.covariates.covariate_model import design_of
from crm_lab.clv.fitting.counts import compress

GAMMA = {"purchases": 0.5, "leaving": -0.4}


def pareto_base(size, seed, purchases=0.5, leaving=-0.4):
    """Customers of Pareto/NBD whose rates depend on a channel (1 in 3) and on age, by known coefficients."""
    rng = np.random.default_rng(seed)
    web, age = rng.random(size) < 1 / 3, rng.integers(20, 60, size)
    z = web + 0.02 * (age - 40)
    rate, leave = (
        rng.gamma(0.8, 1 / 9, size) * np.exp(purchases * z),
        rng.gamma(0.9, 1 / 20, size) * np.exp(leaving * z),
    )
    T = rng.integers(140, 350, size) / 7
    life = np.minimum(rng.exponential(1 / leave), T)
    count = rng.poisson(rate * life)
    last = np.where(count > 0, life * rng.random(size) ** (1 / np.maximum(count, 1)), 0.0)
    mean = rng.gamma(6 * np.maximum(count, 1), 1 / rng.gamma(4, 1 / (15 * np.exp(0.3 * web)))) / np.maximum(count, 1)
    return pd.DataFrame({
        "frequency": count.astype(float), "recency": last, "T": T, "monetary_value": np.where(count > 0, mean, 0.0),
        "channel": np.where(web, "web", "shop"), "age": age,
    })  # fmt: skip


@pytest.fixture(scope="module")
def base():
    return pareto_base(6_000, 4)


def test_ratios_of_pareto_nbd_are_recovered(base):
    fit = WithCovariates(ParetoNBD(), ("channel", "age")).fit(base)
    table = fit.coefficients.set_index("effect")
    truth = pd.Series(
        {"purchases:channel=web": 0.5, "purchases:age": 0.01, "leaving:channel=web": -0.4, "leaving:age": -0.008}
    )
    off = (table["coefficient"] - truth) / table["standard_error"]
    assert off.abs().max() < 3
    assert table.loc["purchases:channel=web", "standard_error"] < 0.1
    assert fit.likelihood_ratio[1] == 4
    assert fit.likelihood_ratio[2] < 1e-6
    assert fit.refusal() is None


def test_traits_without_effect_are_said_not_to_help_as_often_as_the_level_says():
    """Twice the gain is chi-squared: over 60 bases the mean p-value lies within three standard errors of a half."""
    rng = np.random.default_rng(8)
    base, pvalues = pareto_base(600, 5, 0.0, 0.0), []
    for _ in range(60):
        base["coin"] = rng.choice(["heads", "tails"], len(base))
        pvalues.append(WithCovariates(MBGNBD(), ("coin",)).fit(base).likelihood_ratio[2])
    assert np.mean(pvalues) == pytest.approx(0.5, abs=3 / np.sqrt(12 * 60))


def test_spend_ratio_is_recovered(base):
    fit = WithCovariates(GammaGamma(), ("channel",)).fit(base)
    row = fit.to_frame().set_index("parameter").loc["spend:channel=web"]
    assert row["lo"] < np.exp(0.3) < row["hi"]
    ours = fit.expected_spend(base)
    assert ours[base["channel"] == "web"].mean() > 1.15 * ours[base["channel"] == "shop"].mean()


@pytest.mark.parametrize("model", [MBGNBD(), ParetoNBD()], ids=lambda m: m.title)
def test_the_likelihood_is_that_of_each_kind_at_its_own_parameters(model, base):
    fit = WithCovariates(model, ("channel",)).fit(base)
    total = 0.0
    for places, own in fit.of_kind(base):
        rows = base.iloc[places]
        total += model.log_likelihood(compress(rows["frequency"], rows["recency"], rows["T"]))(own.estimates)[0]
    assert total == pytest.approx(fit.log_likelihood, rel=1e-9)
    apart = [model.fit(base[base["channel"] == channel]).log_likelihood for channel in ("web", "shop")]
    assert fit.plain.log_likelihood <= fit.log_likelihood <= sum(apart) + 1e-6


def test_derivatives_are_those_of_the_likelihood(base):
    model, kinds = MBGNBD(), np.array([[0.0, -1.0], [1.0, 0.5]])
    parts = [
        model.log_likelihood(compress(*(rows[c] for c in ("frequency", "recency", "T"))))
        for _, rows in base.head(400).groupby("channel")
    ]
    loglik = grouped_likelihood(parts, design_of(kinds, 4, (("purchases", 1, -1), ("leaving", 2, 1))))
    at = np.array([0.8, 9.0, 0.9, 2.0, 1.2, 0.9, 0.8, 1.1])
    _, gradient, hessian = loglik(at)
    steps = np.diag(1e-5 * at)
    assert_allclose(gradient, [(loglik(at + s)[0] - loglik(at - s)[0]) / (2 * s.sum()) for s in steps], rtol=1e-5)
    numeric = [(loglik(at + s)[1] - loglik(at - s)[1]) / (2 * s.sum()) for s in steps]
    assert_allclose(hessian, numeric, rtol=1e-4, atol=1e-6 * np.abs(hessian).max())


def test_purchases_expected_of_a_kind_are_those_of_its_own_model(base):
    fit = WithCovariates(MBGNBD(), ("channel",)).fit(base)
    ahead = fit.conditional_purchases(26.0, base)
    for places, own in fit.of_kind(base):
        rows = base.iloc[places]
        assert_allclose(ahead[places], own.conditional_purchases(26.0, rows["frequency"], rows["recency"], rows["T"]))


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"channel": None}, BadInput, "channel is missing for 6,000 customers"),
        ({"channel": "web"}, CannotAnswer, "channel is the same for every customer"),
        ({"channel": [f"c{i}" for i in range(6000)]}, BadInput, "6,000 levels of fewer than 20 customers"),
    ],
)
def test_traits_that_tell_nothing_are_refused_in_words(base, change, error, sentence):
    with pytest.raises(error, match=sentence):
        WithCovariates(MBGNBD(), ("channel",)).fit(base.assign(**change))


def test_numbers_of_too_many_values_and_levels_not_seen_are_refused(base):
    with pytest.raises(BadInput, match="6,000 kinds of customers"):
        WithCovariates(MBGNBD(), ("income",)).fit(base.assign(income=np.arange(6000.0)))
    fit = WithCovariates(MBGNBD(), ("channel",)).fit(base)
    with pytest.raises(BadInput, match="holds 'phone', which the model has not seen"):
        fit.conditional_purchases(26.0, base.assign(channel="phone"))
