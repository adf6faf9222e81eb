"""Cohorts: they help where they differ, shrink to none where they do not, and the unknown are as all."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.clv import MBGNBD, NBD, ParetoNBD, WithCohorts, quarter_joined
from crm_lab.clv.covariates.cohort_effects import boundary_pvalue
from crm_lab.messages import LANGUAGES

COHORTS, AHEAD = 8, 26.0


def base(size, seed, purchases=0.0, leaving=0.0):
    """MBG/NBD customers of eight quarters, whose rates and drop-out differ by cohort; what each buys in 26 weeks."""
    rng = np.random.default_rng(seed)
    cohort = rng.choice(COHORTS, size, p=np.geomspace(1, 0.15, COHORTS) / np.geomspace(1, 0.15, COHORTS).sum())
    faster, sooner = (np.exp(rng.normal(0, spread, COHORTS)) for spread in (purchases, leaving))
    T = (13 * cohort + rng.integers(14, 91, size) / 7).astype(float)
    rate = rng.gamma(0.8, 1 / 6, size) * faster[cohort]
    lives = rng.geometric(rng.beta(0.8 * sooner[cohort], 2.0))
    waits = rng.exponential(1 / (rate[:, None] + 1e-9), (size, 150))
    times = np.cumsum(waits, axis=1)
    bought = np.arange(1, 151) < lives[:, None]
    seen = bought & (times <= T[:, None])
    x = seen.sum(axis=1)
    table = pd.DataFrame({
        "frequency": x.astype(float), "recency": np.where(seen, times, 0).max(axis=1), "T": T,
        "cohort": [f"c{c}" for c in cohort],
        "later": (bought & (times > T[:, None]) & (times <= T[:, None] + AHEAD)).sum(axis=1),
    })  # fmt: skip
    return table, faster, sooner


def deviance(actual, mean):
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(2 * (np.where(actual > 0, actual * np.log(actual / mean), 0) - actual + mean).mean())


def test_where_cohorts_differ_each_is_found_and_predicts_better():
    better, spreads = [], []
    for seed in range(4):
        table, faster, _ = base(6_000, seed, purchases=0.4, leaving=0.3)
        fit = WithCohorts(MBGNBD()).fit(table)
        spreads.append(fit.spreads["purchases"])
        assert fit.likelihood_ratio[2] < 1e-3
        found = fit.coefficients.set_index("effect").filter(like="purchases:", axis=0)["coefficient"]
        assert np.corrcoef(found, np.log(faster))[0, 1] > 0.8
        x, t_x, T = (table[name] for name in ("frequency", "recency", "T"))
        plain, own = fit.plain.conditional_purchases(AHEAD, x, t_x, T), fit.conditional_purchases(AHEAD, table)
        later, groups = table["later"].to_numpy(), table.groupby("cohort").indices.values()
        better.append(np.mean([deviance(later[g], plain[g]) - deviance(later[g], own[g]) for g in groups]))
        totals = table.assign(said=fit.conditional_purchases(AHEAD, table)).groupby("cohort")[["said", "later"]].sum()
        assert np.abs(np.log(totals["said"] / totals["later"])).mean() < 0.15
    assert min(better) > 0
    assert 0.2 <= np.mean(spreads) <= 0.7


def test_where_they_do_not_differ_all_are_one_as_often_as_the_level_says():
    """A false spread comes to 5 %: 4 or more of 16 bases would come in 1 of 100."""
    differ = 0
    for seed in range(16):
        table, _, _ = base(1_500, 100 + seed)
        fit = WithCohorts(MBGNBD()).fit(table)
        differ += bool(fit.effects)
        if not fit.effects:
            assert_allclose(fit.estimates, fit.plain.estimates, rtol=1e-6)
            x, t_x, T = (table[name] for name in ("frequency", "recency", "T"))
            assert_allclose(
                fit.conditional_purchases(AHEAD, table), fit.plain.conditional_purchases(AHEAD, x, t_x, T), rtol=1e-6
            )
            assert fit.log_likelihood == pytest.approx(fit.plain.log_likelihood, rel=1e-9)
            assert "all are taken as one" in fit.readout().text("en")
    assert differ <= 3


def test_small_cohorts_are_drawn_towards_all_and_the_unknown_are_as_all():
    table, _, _ = base(6_000, 0, purchases=0.4)
    few = table[table["cohort"] == "c0"].head(15).assign(cohort="few", frequency=lambda f: f["frequency"] + 6)
    few["recency"] = few["T"] * 0.9
    both = pd.concat([table, few], ignore_index=True)
    fit = WithCohorts(MBGNBD()).fit(both)
    ratios = fit.to_frame().set_index("parameter")["estimate"]
    alone = MBGNBD().fit(few.assign(unit=1))
    own = alone.estimates[0] / alone.estimates[1] / (fit.estimates[0] / fit.estimates[1])
    assert 1 < ratios["purchases:cohort=few"] < own
    new = fit.conditional_purchases(AHEAD, table.assign(cohort="later"))
    alike = fit.plain.with_values(fit.estimates[:4])
    assert_allclose(new, alike.conditional_purchases(AHEAD, table["frequency"], table["recency"], table["T"]))


@pytest.mark.parametrize(("model", "effects"), [(NBD(), ["purchases"]), (ParetoNBD(), ["purchases", "leaving"])])
def test_other_models_and_what_is_said(model, effects):
    table, _, _ = base(3_000, 3, purchases=0.5)
    fit = WithCohorts(model).fit(table)
    assert list(fit.spreads) == effects
    assert fit.spreads["purchases"] > 0
    assert fit.titles == (f"{model.key}_cohorts", f"{model.title} + cohort")
    assert {fact.id for fact in fit.facts()} >= {f"clv.{model.key}_cohorts.spread_of_{name}" for name in effects}
    for lang in LANGUAGES:
        assert fit.readout().text(lang)


def test_the_mode_is_that_of_the_pooled_likelihood():
    """By an outer optimiser: derivatives of the penalty are right."""
    table, _, _ = base(2_000, 5, purchases=0.5)
    fit = WithCohorts(NBD()).fit(table)
    spread, n = fit.spreads["purchases"], len(fit.estimates)

    def pooled(log_params):
        own = fit.with_values(np.exp(log_params))
        counts = [(NBD().counted(table.iloc[place]), kind.estimates) for place, kind in own.of_kind(table)]
        value = sum(NBD().log_likelihood(counted)(estimates)[0] for counted, estimates in counts)
        return value - 0.5 * ((log_params[2:] / spread) ** 2).sum()

    top, at = pooled(np.log(fit.estimates)), np.log(fit.estimates)
    for place in range(n):
        for step in (-1e-3, 1e-3):
            assert pooled(at + step * np.eye(n)[place]) < top


def test_what_cannot_be_told_is_refused_in_words():
    table, _, _ = base(400, 1)
    with pytest.raises(CannotAnswer, match="cannot be told from 2; at least 3"):
        WithCohorts(MBGNBD()).fit(table.assign(cohort=np.where(table["T"] > 30, "old", "new")))
    with pytest.raises(BadInput, match="cohort is missing for 2 customers"):
        WithCohorts(MBGNBD()).fit(table.assign(cohort=[None, "", *table["cohort"].iloc[2:]]))
    with pytest.raises(BadInput, match="cohort"):
        WithCohorts(MBGNBD()).fit(table.drop(columns="cohort"))
    with pytest.raises(BadInput, match="does not tell its unit"):
        quarter_joined(table, "2024-01-31")


def test_the_test_of_a_spread_on_its_boundary():
    assert boundary_pvalue(2.706, 1) == pytest.approx(0.05, abs=1e-3)
    assert boundary_pvalue(-1.0, 2) == 1
