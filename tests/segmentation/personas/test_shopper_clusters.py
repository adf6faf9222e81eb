"""Kinds of shoppers from a table of counts: found, named, saved, kept, compared; odd tables are refused in words."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.messages import LANGUAGES
from crm_lab.results import unlabelled
from crm_lab.segmentation.personas.shopper_clusters import (
    KeepSegments,
    SegmentDrift,
    SegmentPassport,
    ShopperClusters,
    load_clusters,
    segment_names,
)
from crm_lab.segmentation.personas.shopper_tags.shopper_features import ShopperFeatures

SHARES = {
    "price_share": (0.15, 0.7, 0.2),
    "night_share": (0.05, 0.05, 0.4),
    "evening_share": (0.3, 0.3, 0.2),
    "category:baby": (0.05, 0.05, 0.4),
}
QUICK = ShopperClusters(most=4, repeats=3, draws=5)
START = date(2024, 1, 1)


def shoppers(kind, lines, seed=0, month=0, shares=SHARES, spread=40.0):
    """Features as the tables give them, of customers of known kinds; simulated."""
    rng = np.random.default_rng(seed + 1_000 * month)
    n = len(kind)
    totals = np.maximum(rng.poisson(lines, n), 1)
    counts = {}
    for name, by_kind in shares.items():
        own = np.array(by_kind)[kind]
        p = rng.beta(spread * own, spread * (1 - own)) if spread else own
        counts[name] = (rng.binomial(totals, p), totals)
    if "night_share" in counts:
        hits = np.minimum(counts["evening_share"][0], totals - counts["night_share"][0])
        counts["evening_share"] = (hits, totals)
    frame = pd.DataFrame({"customer_id": [f"c{i:05d}" for i in range(n)], "n_lines": totals, "n_orders": totals})
    frame = frame.assign(**{name: k / t for name, (k, t) in counts.items()})
    first = START + timedelta(days=31 * month)
    return ShopperFeatures(frame, counts, pd.DataFrame(), first, first + timedelta(days=30), simulated=True)


@pytest.fixture(scope="module")
def kind():
    return np.random.default_rng(1).choice(3, 900, p=[0.5, 0.3, 0.2])


@pytest.fixture(scope="module")
def first(kind):
    return shoppers(kind, 40)


@pytest.fixture(scope="module")
def found(first):
    return QUICK.fit(first)


def test_planted_kinds_are_found_stable_and_named_by_their_marks(found, kind):
    assert found.k == 3
    assert (found.frame["verdict"] == "stable").all()
    names = [name.text("en") for name in segment_names(found.scoring).values()]
    assert names == ["seldom on discount", "often on discount", "often baby"]
    table = pd.crosstab(found.members["segment"], kind)
    assert table.max().sum() / len(kind) > 0.97


def test_members_are_one_row_a_customer_with_a_probability(found, first):
    assert found.members["customer_id"].tolist() == first.frame["customer_id"].tolist()
    assert found.members["p"].between(1 / 3, 1).all()
    assert found.frame["customers"].sum() == len(first)


def test_customers_of_one_kind_have_no_clusters(kind):
    one = QUICK.fit(shoppers(np.zeros_like(kind), 40, spread=8.0))
    assert one.k == 1
    assert "No kinds of shoppers" in str(one.readout())
    assert one.members["segment"].unique().tolist() == ["s1"]


def test_a_file_scores_the_next_month_with_the_same_centres(found, kind, tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_LAB_OUT", str(tmp_path))
    again = load_clusters(found.scoring.save())
    month = shoppers(kind, 10, month=1)
    assert again.score(month)["segment"].tolist() == found.scoring.score(month)["segment"].tolist()
    assert again.posterior(month) == pytest.approx(found.scoring.posterior(month), abs=1e-9)


def test_a_month_without_a_feature_is_refused_by_name(found, kind):
    less = {name: shares for name, shares in SHARES.items() if name != "category:baby"}
    with pytest.raises(BadInput, match="These data have no category:baby; the segments were made with them"):
        found.scoring.score(shoppers(kind, 10, shares=less))


@pytest.mark.parametrize(
    "text", ["", "kind = 'other'", "kind = 'crm_lab shopper segments'", "[[segment]\n", "groups = 1\nkind = 3"]
)
def test_a_file_of_something_else_is_refused(text, tmp_path):
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"x\.toml holds no segments that can be read"):
        load_clusters(tmp_path / "x.toml")


@pytest.fixture(scope="module")
def half_year(found, first, kind):
    """Six months of ten lines each; from the second month on, every tenth customer of kind 0 is of kind 1."""
    changed = np.zeros(len(kind), dtype=bool)
    changed[np.flatnonzero(kind == 0)[::10]] = True
    now = np.where(changed, 1, kind)
    months = [shoppers(now if m > 1 else kind, 10, month=m) for m in range(1, 7)]
    return changed, KeepSegments().run(found.scoring, first, months)


def test_unchanged_customers_keep_their_segment_every_month(half_year):
    changed, moves = half_year
    for move in moves:
        same = move.before.segment == move.after.segment
        assert same[~changed].mean() >= 0.95


def test_those_who_changed_are_found_within_four_months(half_year, found):
    changed, moves = half_year
    before, after = moves[0].before.segment[changed], moves[4].after.segment[changed]
    assert (before != after).mean() > 0.9


def test_a_month_that_overlaps_the_state_would_count_twice(found, first):
    state = KeepSegments().start(found.scoring, first)
    with pytest.raises(BadInput, match="its lines would count twice"):
        KeepSegments().update(found.scoring, state, first)


def test_who_is_silent_keeps_and_who_is_new_joins_without_a_move(found, first, kind):
    month = shoppers(kind, 10, month=1)
    part = ShopperFeatures(
        month.frame.iloc[:10].assign(customer_id=[f"n{i}" for i in range(10)]),
        {name: (k[:10], n[:10]) for name, (k, n) in month.counts.items()},
        pd.DataFrame(), month.start, month.end, True,
    )  # fmt: skip
    state = KeepSegments().start(found.scoring, first)
    moved = KeepSegments().update(found.scoring, state, part)
    assert moved.kept[0] == 1
    assert len(moved.after.customer_id) == len(kind) + 10
    assert moved.after.segment[: len(kind)].tolist() == state.segment.tolist()


def test_the_next_run_keeps_ids_and_says_nothing_changed(found, kind):
    later = ShopperClusters(k=3, draws=3, seed=9).fit(shoppers(kind, 40, seed=7), previous=found.scoring)
    drift = SegmentDrift().analyze(found, later)
    assert set(later.scoring.segments) == set(found.scoring.segments)
    assert (drift.frame["alarm"] == "none").all()
    assert (drift.frame["jaccard"] > 0.9).all()


def test_a_grown_segment_rings_and_a_new_one_is_new(found, kind):
    grown = np.where((kind == 0) & (np.arange(len(kind)) % 3 == 0), 1, kind)
    drift = SegmentDrift().analyze(
        found, ShopperClusters(k=3, draws=3).fit(shoppers(grown, 40), previous=found.scoring)
    )
    assert (drift.frame["alarm"] != "none").any()


def test_runs_without_a_common_customer_are_not_compared(found, kind):
    other = shoppers(kind, 40)
    renamed = ShopperFeatures(
        other.frame.assign(customer_id="x" + other.frame["customer_id"]), other.counts, other.coverage,
        other.start, other.end, True,
    )  # fmt: skip
    again = ShopperClusters(k=3, draws=3).fit(renamed)
    with pytest.raises(BadInput, match="No customer is in both runs"):
        SegmentDrift().analyze(found, again)


def test_passports_add_up_and_say_what_to_test_as_a_hypothesis(found, first, half_year):
    revenue = pd.DataFrame({"customer_id": first.frame["customer_id"], "revenue": 5.0 * first.frame["n_lines"]})
    passports = SegmentPassport(currency="EUR").analyze(found, revenue, half_year[1])
    frame = passports.to_frame()
    assert frame["revenue_share"].sum() == pytest.approx(1)
    assert frame["customers"].sum() == len(first)
    assert ((frame["lo"] < frame["per_customer"]) & (frame["per_customer"] < frame["hi"])).all()
    card = passports.card(frame["segment"].iloc[1])
    assert "Hypothesis: " in card
    assert "of lines, all" in card
    with pytest.raises(BadInput, match="more than one row of revenue"):
        SegmentPassport().analyze(found, pd.concat([revenue, revenue]))


def test_an_unstable_segment_has_no_name(found):
    scoring = found.scoring
    shaky = type(scoring)(scoring.segments, scoring.groups, scoring.mixture, scoring.overall, (0.9, 0.5, 0.7),
                          scoring.as_of, scoring.customers)  # fmt: skip
    names = [name.text("en") for name in segment_names(shaky).values()]
    assert names[1:] == ["not stable: s2", "not stable: s3"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_table_sentence_and_picture_is_there_in_every_language(found, first, half_year, lang, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    revenue = pd.DataFrame({"customer_id": first.frame["customer_id"], "revenue": 1.0})
    passports = SegmentPassport().analyze(found, revenue, half_year[1])
    for result in (found, half_year[1][3], passports, SegmentDrift().analyze(found, found)):
        assert not unlabelled(result)
        assert result.readout().text(lang)
        assert all(fact.to_json()["label"] for fact in result.facts())
        assert result.plot().get_title(loc="left")
        assert result.plot().get_legend() is None


@pytest.mark.parametrize("n", [1, 3, 30])
def test_too_few_customers_are_refused_with_their_number(n):
    with pytest.raises(CannotAnswer, match=f"{n} customers have 5 sale lines or more"):
        QUICK.fit(shoppers(np.zeros(n, dtype=int), 40))


def test_identical_customers_are_refused_as_alike():
    counts = {"price_share": (np.full(200, 3), np.full(200, 10)), "night_share": (np.zeros(200), np.full(200, 10))}
    frame = pd.DataFrame({"customer_id": range(200), "n_lines": 10, "n_orders": 10})
    with pytest.raises(CannotAnswer, match="All customers have the same shares in every feature"):
        QUICK.fit(ShopperFeatures(frame, counts, pd.DataFrame(), START, START))


def test_one_feature_that_differs_by_degrees_has_no_clusters(kind):
    assert QUICK.fit(shoppers(np.zeros_like(kind), 30, shares={"price_share": (0.3, 0, 0)}, spread=5.0)).k == 1


def test_a_constant_feature_is_left_out(kind, first):
    counts = first.counts | {"eco_share": (np.zeros(len(kind)), first.counts["price_share"][1])}
    odd = ShopperFeatures(first.frame, counts, first.coverage, first.start, first.end, True)
    assert "eco_share" not in ShopperClusters(k=2, draws=2).fit(odd).scoring.features


def test_ninety_nine_in_a_hundred_alike_and_gaps_end_in_an_answer(kind):
    rare = np.where(np.arange(len(kind)) % 100 == 0, 2, 0)
    few = shoppers(rare, 20)
    gaps = np.random.default_rng(0).random(len(kind)) < 0.3
    counts = {name: (np.where(gaps, np.nan, k), np.where(gaps, np.nan, n)) for name, (k, n) in few.counts.items()}
    some = few.counts | {"price_share": counts["price_share"]}
    found = QUICK.fit(ShopperFeatures(few.frame, some, few.coverage, few.start, few.end, True))
    assert found.frame["customers"].sum() == len(kind)
    assert found.members["p"].notna().all()


def test_settings_out_of_range_are_named_together():
    with pytest.raises(BadInput) as caught:
        ShopperClusters(k=0, most=0, draws=1)
    assert all(name in str(caught.value) for name in ("k is 0", "most is 0", "draws is 1"))
