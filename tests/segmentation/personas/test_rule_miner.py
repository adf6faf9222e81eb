"""Mined rules: planted ones are found and exported, unequal numbers of lines and shared products make none."""

from datetime import date

import numpy as np
import pytest
from scipy import stats

from certification.rules import counts_of, rules_of
from crm_lab import open_workspace
from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.data.rule_segments import load_segments, write_segments
from crm_lab.messages import LANGUAGES
from crm_lab.results import unlabelled
from crm_lab.segmentation.personas.rule_mining import FeaturePeriods, RuleMiner, hold_later
from crm_lab.segmentation.personas.rule_mining.cross_period_lift import (
    Halves,
    by_threshold,
    cells_of,
    lift_of,
    mean_of_cells,
    z_of_pairs,
)
from crm_lab.segmentation.personas.rule_mining.rule_outcomes import compared

PLANTED = {"night_share", "category:baby"}


def test_a_planted_rule_is_found_and_it_alone():
    assert [set(f) for f in rules_of(counts_of(4_000, 1, joint=0.05))] == [PLANTED]


def test_independent_tastes_give_no_rule_however_unequal_the_numbers_of_lines():
    assert sum(bool(rules_of(counts_of(3_000, k))) for k in range(12)) <= 1  # more has a chance of 11 % at 5 % each


def test_without_what_products_share_one_taste_would_be_told_as_two():
    counts = counts_of(4_000, 3)
    blind = FeaturePeriods(counts.names, counts.customers, counts.have, counts.known, counts.lines, counts.orders)
    assert {frozenset(f) for f in rules_of(blind)} == {frozenset({"eco_share", "category:baby"})}
    assert rules_of(counts) == []


def test_the_z_of_pairs_is_standard_normal_where_nothing_goes_together():
    rng, found = np.random.default_rng(0), []
    for _ in range(60):
        n = rng.gamma(1, 20, 1_500) + 2
        chance = np.stack([1 / (1 + n / 20), n / (n + 40), np.full(1_500, 0.1)], axis=1)  # two depend on lines
        cells = np.stack([cells_of(n, np.ones(1_500))] * 2)
        first, second = ((rng.random((1_500, 3)) < chance).astype(float) for _ in range(2))
        z = z_of_pairs(*[Halves.of(first, second, cells)] * 2)
        found += z[np.triu_indices(3, 1)].tolist()
    assert abs(np.mean(found)) < 0.25  # 180 values: four standard errors are 0.3
    assert 0.85 < np.std(found) < 1.15
    assert stats.kstest(found, "norm").pvalue > 0.001


def test_the_interval_of_a_lift_covers_the_planted_one():
    rng, held = np.random.default_rng(4), 0
    for _ in range(200):
        kind = rng.random(1_500) < 0.15
        chance = np.where(kind, 0.6, 0.1)
        first, second = ((rng.random((1_500, 2)) < chance[:, None]).astype(float) for _ in range(2))
        true = (0.15 * 0.36 + 0.85 * 0.01) / (0.15 * 0.6 + 0.85 * 0.1) ** 2
        lift = lift_of(Halves.of(first, second, np.zeros((2, 1_500), dtype=int)), (0, 1))
        held += lift.lo <= true <= lift.hi
    assert 0.91 <= held / 200 <= 0.99


def test_a_third_condition_that_adds_nothing_has_a_large_p_value():
    rng = np.random.default_rng(2)
    kind = rng.random(3_000) < 0.2
    made = [
        np.c_[rng.random((3_000, 2)) < np.where(kind, 0.7, 0.1)[:, None], rng.random(3_000) < 0.3] for _ in range(2)
    ]
    halves = Halves.of(made[0].astype(float), made[1].astype(float), np.zeros((2, 3_000), dtype=int))
    assert lift_of(halves, (0, 1)).p < 1e-10
    assert lift_of(halves, (0, 1, 2)).p > 0.01


def test_benjamini_and_yekutieli_find_what_statsmodels_finds():
    from statsmodels.stats.multitest import multipletests

    p = np.random.default_rng(0).random(50) ** 4
    bound = by_threshold(p, 0.05)
    assert (p <= bound).tolist() == multipletests(p, 0.05, "fdr_by")[0].tolist()


def test_cells_hold_customers_with_about_as_many_lines():
    lines = np.random.default_rng(0).integers(1, 200, 3_000).astype(float)
    cells = cells_of(lines, np.ceil(lines / 3))
    spread = lines - mean_of_cells(lines[:, None], cells).ravel()
    assert spread.std() < 0.1 * lines.std()


def test_what_rules_did_next_is_compared_within_cells():
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 5, 4_000)
    inside = rng.random(4_000) < 0.1 + 0.15 * cells
    y = cells + 0.5 * inside + rng.normal(size=4_000)
    mean, gap, se = compared(y, inside, cells)
    assert mean == pytest.approx(y[inside].mean())
    assert abs(gap - 0.5) < 3.5 * se < 0.2


@pytest.fixture(scope="module")
def mined():
    return RuleMiner(most_conditions=2).analyze(open_workspace("simulated:personas,customers=2500").at("2024-09-30"))


def test_the_planted_rule_is_mined_and_goes_on_to_hold(mined):
    later = hold_later(mined, open_workspace("simulated:personas,customers=2500").at("latest"))
    assert any(set(f) >= PLANTED for f in mined.features())
    assert later["holds"].mean() >= 0.9
    with pytest.raises(BadInput, match="The rules were mined up to 2024-09-30"):
        hold_later(mined, open_workspace("simulated:personas,customers=2500").at("2024-09-30"))


def test_the_segment_file_of_rules_has_the_customers_of_the_rules(mined, tmp_path):
    tables = open_workspace("simulated:personas,customers=2500").at("2024-09-30")
    path = write_segments(mined.segments(), tmp_path / "rules.toml")
    ours = mined.members().groupby("segment")["customer_id"].agg(set)
    for segment in load_segments(path)[:4]:
        assert segment.as_of < date(2024, 9, 30)
        assert set(segment.members(tables)["customer_id"]) == ours[segment.name]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_rules_are_told_labelled_and_drawn_in_every_language(mined, lang, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    for result in (mined, RuleMiner().mine(counts_of(3_000, 0))):
        assert not unlabelled(result)
        assert result.readout().text()
        assert [fact.to_json() for fact in result.facts()]
        assert len(result.to_frame()) == len(result.features())
        result.plot()


def changed(counts, **parts):
    given = {name: getattr(counts, name) for name in ("have", "known", "lines", "orders")} | parts
    return FeaturePeriods(counts.names, counts.customers, **given)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda c: changed(c, lines=c.lines * 0, orders=c.orders * 0), "0 customers have 6 lines or more"),
        (lambda c: changed(c, have=c.have * 0), "fewer than two can be cut"),
        (lambda c: changed(c, have=c.known.copy()), "fewer than two can be cut"),
        (lambda c: changed(c, known=c.known * 0, have=c.have * 0), "fewer than two can be cut"),
        (
            lambda c: FeaturePeriods(
                c.names, c.customers[:1], *(p[:, :1] for p in (c.have, c.known, c.lines, c.orders))
            ),
            "0 customers|1 customers",
        ),
    ],
    ids=["no_lines", "nobody_has_it", "all_equal", "nothing_known", "one_customer"],
)
def test_data_that_hold_no_rules_are_refused(make, said):
    with pytest.raises(CannotAnswer, match=said):
        RuleMiner().mine(make(counts_of(2_000, 0)))


def test_settings_are_checked_together():
    with pytest.raises(BadInput) as refused:
        RuleMiner(most_conditions=4, quantiles=(), alpha=0, window_days=3)
    assert all(name in str(refused.value) for name in ("most_conditions", "quantiles", "alpha", "window_days"))


def test_data_without_hours_and_products_are_refused():
    tables = open_workspace("cdnow_sample").at("1998-06-30")
    with pytest.raises(CannotAnswer):
        RuleMiner().analyze(tables)
