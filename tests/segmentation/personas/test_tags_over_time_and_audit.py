"""Movement, freshness, audit and interest: planted changes, chance alone, labels in both languages, refusals."""

import numpy as np
import pandas as pd
import pytest

from crm_lab import open_workspace
from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.messages import LANGUAGES
from crm_lab.results import unlabelled
from crm_lab.segmentation.personas import (
    InterestShare,
    PriceShare,
    ShareTags,
    StyleSceneCube,
    TagAudit,
    TagFreshness,
    TagIndex,
    TagMovement,
    shopper_features,
)

TAGS = ShareTags(thresholds={"price_share": 0.5, "eco_share": 0.42})
NAMES = list(TAGS.thresholds)


@pytest.fixture(scope="module")
def tables():
    return open_workspace("simulated:personas,customers=1500").at("latest")


@pytest.fixture(scope="module")
def windows(tables):
    return [shopper_features(tables, f"{year}-01-01", f"{year}-12-30", names=NAMES) for year in (2023, 2024)]


def test_more_tags_are_lost_than_if_nobody_changed_but_not_many(windows):
    found = TagMovement(tags=TAGS).analyze(*windows)
    facts = {fact.id: fact.value for fact in found.facts()}
    assert 0 < facts["tag_movement.expected_lost"] < 0.4
    assert facts["tag_movement.lost"] < facts["tag_movement.expected_lost"] + 0.2
    row = found.to_frame().iloc[0]
    assert row["after"] == row["before"] - row["lost"] + row["gained"]


def test_nothing_moves_beyond_chance_where_nobody_changes(windows):
    before = windows[0]
    rng, share = np.random.default_rng(1), {}
    for name in NAMES:
        n = before.of(name)[1]
        share[name] = rng.beta(2, 4, len(before)), n
    counts = [{name: (rng.binomial(n, p), n) for name, (p, n) in share.items()} for _ in range(2)]
    made = [
        type(before)(before.frame, part, before.coverage, window.start, window.end, True)
        for part, window in zip(counts, windows, strict=True)
    ]
    row = TagMovement(tags=TAGS).analyze(*made).to_frame().iloc[0]
    spread = np.sqrt(row["expected_lost"] * (1 - row["expected_lost"]) / row["before"])
    assert abs(row["lost_share"] - row["expected_lost"]) < 4 * spread + 0.02


def test_windows_that_cannot_be_compared_are_refused(tables, windows):
    with pytest.raises(BadInput, match="The windows overlap"):
        TagMovement(tags=TAGS).analyze(windows[1], windows[0])
    short = shopper_features(tables, "2024-01-01", "2024-02-01", names=NAMES)
    with pytest.raises(BadInput, match="364 and 32 days"):
        TagMovement(tags=TAGS).analyze(windows[0], short)


def test_precision_is_judged_by_its_interval():
    has = pd.DataFrame({"a": [True] * 400, "b": [True] * 100 + [False] * 300})
    labels = pd.concat(
        pd.DataFrame({"customer_id": range(400), "tag": tag, "true": true})
        for tag, true in (("a", [1] * 390 + [0] * 10), ("b", [1] * 50 + [0] * 50 + [0] * 300))
    )
    found = TagAudit(target=0.89).analyze(has, labels).to_frame().set_index("tag")
    assert found["verdict"].to_dict() == {"a": "holds", "b": "fails", "all_tags": "not_sure"}
    few = TagAudit(least=50).analyze(has, labels.iloc[:20]).to_frame()
    assert set(few["verdict"]) == {"few"}


def test_labels_that_cannot_be_used_are_refused():
    has, labels = pd.DataFrame({"a": [True]}), pd.DataFrame({"customer_id": [0, 0], "tag": "a", "true": [1, 2]})
    with pytest.raises(BadInput, match=r"1 labels are neither 0 nor 1.*\n.*1 labels repeat"):
        TagAudit().analyze(has, labels)
    with pytest.raises(CannotAnswer, match="Not one of 1 labels"):
        TagAudit().analyze(has, labels.iloc[:1].assign(tag="zz"))


def test_interest_of_equal_groups_is_not_called_different_by_the_number_of_lines():
    rng, m = np.random.default_rng(3), 3000
    n_orders = np.r_[np.ones(m // 2, dtype=int), np.full(m // 2, 5)]
    n = 4 * n_orders
    k = rng.binomial(n, rng.beta(1, 2, m))
    frame = pd.DataFrame({"customer_id": range(m), "n_lines": n, "n_orders": n_orders, "eco_share": k / n})
    features = type("Features", (), {"frame": frame, "independent": lambda *_: (k, n), "simulated": True})()
    found = InterestShare(feature="eco_share", threshold=0.6).analyze(features)
    row = found.to_frame().iloc[2]
    assert row["lo"] <= 0 <= row["hi"]
    assert abs(found.counted[0] - found.counted[1]) > 0.02  # plain counting differs by the lines alone


def test_freshness_is_the_age_of_the_last_line_that_shows_it(tables, windows):
    tags = TAGS.analyze(windows[1], NAMES)
    found = TagFreshness(limit_days=30).analyze(tags, tables).to_frame().set_index("tag")
    lines = tables["transactions"].merge(tables["products"], on="product_id")
    lines = lines[(lines["kind"] == "sale") & lines["date"].between("2024-01-01", "2024-12-30") & lines["eco"]]
    last = lines.groupby("customer_id")["date"].max()
    age = (pd.Timestamp("2024-12-30") - last[tags.has()["eco_share"][lambda has: has].index]).dt.days
    assert found.loc["eco_share", "days_since"] == age.median()
    assert found.loc["eco_share", "stale"] == (age > 30).mean()


def test_every_result_has_words_and_a_picture_or_none(tables, windows):
    tags = TAGS.analyze(windows[1], NAMES)
    price = PriceShare(draws=50).analyze(tables)
    members = price.membership()
    labels = pd.DataFrame({"customer_id": tags.has().index[:50], "tag": "eco_share", "true": 1})
    results = [
        price, tags, TagIndex().analyze(tags.has(), members), TagMovement(tags=TAGS).analyze(*windows),
        TagFreshness().analyze(tags, tables), InterestShare(feature="eco_share", threshold=0.3).analyze(windows[1]),
        StyleSceneCube().analyze(shopper_features(tables), price),
        TagAudit().analyze(tags.has(), labels),
    ]  # fmt: skip
    for result in results:
        assert unlabelled(result) == [], result.name
        assert all(message.text(lang) for _, message in result.readout().items() for lang in LANGUAGES)
        assert all(fact.label.text(lang) for fact in result.facts() for lang in LANGUAGES)
    for result in (results[0], results[2], results[6]):
        assert result.plot().get_title(loc="left")
