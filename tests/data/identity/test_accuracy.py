"""Intervals cover, reviews are read back as they were drawn, and figures move with the threshold as counted by hand."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

pytest.importorskip("splink", reason="splink is not installed")
pytest.importorskip("phonenumbers", reason="phonenumbers is not installed")

from crm_lab.checks import BadInput
from crm_lab.data.identity.accuracy.clerical_review import ClericalReview, review_sizes, stratified_wilson
from crm_lab.data.identity.accuracy.field_audit import FieldAudit, audit_sample, fewest_right
from crm_lab.data.identity.accuracy.match_quality import MatchQuality, labelled_pairs, share_of_units
from crm_lab.data.identity.accuracy.profile_coverage import ProfileCoverage, match_rates
from crm_lab.data.identity.accuracy.threshold_curve import ThresholdCurve
from crm_lab.data.identity.example_records import example_records
from crm_lab.data.identity.linkage.person_map import on_persons
from crm_lab.data.identity.linkage.record_linkage import LinkRecords
from crm_lab.data.identity.standards.standard_records import Standardise
from crm_lab.results import unlabelled


@pytest.fixture(scope="module")
def people():
    return example_records(persons=600, seed=21, missing=0.15)


@pytest.fixture(scope="module")
def linked(people):
    return LinkRecords().fit(Standardise(phone_region="US").analyze(people.drop(columns="truth")))


def by_hand(found, true):
    n = len(found)
    pairs = [(found[i] == found[j], true[i] == true[j]) for i in range(n) for j in range(i)]
    both = sum(a and b for a, b in pairs)
    cell = [sum(found[i] == found[j] and true[i] == true[j] for j in range(n)) for i in range(n)]
    precise = np.mean([cell[i] / sum(f == found[i] for f in found) for i in range(n)])
    recalled = np.mean([cell[i] / sum(t == true[i] for t in true) for i in range(n)])
    return both / sum(a for a, _ in pairs), both / sum(b for _, b in pairs), precise, recalled


def test_pairs_and_records_are_counted_as_by_hand():
    rng = np.random.default_rng(0)
    found, true = rng.integers(0, 9, 40), rng.integers(0, 9, 40)
    ids = [str(n) for n in range(40)]
    quality = MatchQuality().analyze(
        pd.DataFrame({"customer_id": ids, "person_id": found}), pd.DataFrame({"customer_id": ids, "person": true})
    )
    names = ("pair_precision", "pair_recall", "record_precision", "record_recall")
    assert [quality.of(name)[0] for name in names] == pytest.approx(by_hand(found, true))


def test_the_interval_of_a_share_of_units_covers():
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(400):
        down = rng.integers(1, 6, 150).astype(float)
        up = rng.binomial(down.astype(int), rng.beta(18, 2, 150)).astype(float)
        _, lo, hi = share_of_units(up, down)
        inside += lo <= 0.9 <= hi
    assert inside / 400 >= 0.925


def test_labelled_pairs_are_judged_and_wrong_labels_named():
    persons = pd.DataFrame({"customer_id": list("abcd"), "person_id": ["a", "a", "c", "c"]})
    pairs = pd.DataFrame({"customer_id_l": list("aca"), "customer_id_r": list("bdc"), "same": [True, False, True]})
    assert labelled_pairs(persons, pairs)["value"].tolist() == [0.5, 0.5, 0.5]
    with pytest.raises(BadInput, match="1 of 3 labels are neither true nor false"):
        labelled_pairs(persons, pairs.assign(same=[True, False, "maybe"]))
    with pytest.raises(BadInput, match="1 of 3 labelled pairs have a customer who is not in the map"):
        labelled_pairs(persons, pairs.assign(customer_id_l=list("acz")))


def answered(sample, people):
    truth = people.set_index("customer_id")["truth"]
    same = sample["customer_id_l"].map(truth) == sample["customer_id_r"].map(truth)
    return sample.assign(same_person=np.where(same, "yes", "no"))


def test_a_review_comes_back_as_an_estimate(people, linked, tmp_path):
    spec = ClericalReview(half_width=0.03)
    path = spec.write(linked, tmp_path / "review.csv")
    assert path.stat().st_mode & 0o777 == 0o600
    sheet = answered(pd.read_csv(path, dtype=str, encoding="utf-8-sig"), people)
    sheet.sample(frac=1, random_state=0).to_csv(tmp_path / "answers.csv", index=False, encoding="utf-8-sig")
    review = spec.read(linked, tmp_path / "answers.csv")
    truth = people.set_index("customer_id")["truth"]
    right = (linked.links["record_id_l"].map(truth) == linked.links["record_id_r"].map(truth)).mean()
    assert review.ci.lo <= right <= review.ci.hi
    assert (review.ci.hi - review.ci.lo) / 2 <= 0.03 + 1e-9
    assert unlabelled(review) == []
    with pytest.raises(BadInput, match=r"review.csv exists; answers are never written over"):
        spec.write(linked, path)


def test_a_review_that_is_not_whole_is_refused_with_counts(people, linked):
    spec = ClericalReview(half_width=0.03)
    sheet = answered(spec.draw(linked), people)
    with pytest.raises(BadInput, match=rf"1 of {len(sheet)} pairs have no answer"):
        spec.read(linked, sheet.assign(same_person=["", *sheet["same_person"].iloc[1:]]))
    with pytest.raises(BadInput, match=rf"3 of {len(sheet)} pairs are missing; a part of the sample is none"):
        spec.read(linked, sheet.iloc[3:])
    with pytest.raises(BadInput, match="'perhaps' are none of yes, no, unsure"):
        spec.read(linked, sheet.assign(same_person="perhaps"))
    with pytest.raises(BadInput, match="The pairs hold other customers than this sample does"):
        spec.read(linked, answered(ClericalReview(half_width=0.03, seed=9).draw(linked), people))


def test_the_stratified_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(2)
    pairs, true, reviewed = np.array([300, 700, 4000]), np.array([0.8, 0.95, 0.995]), np.array([60, 60, 100])
    inside = 0
    for _ in range(600):
        population = [np.arange(n) < round(n * share) for n, share in zip(pairs, true, strict=True)]
        right = [int(rng.choice(p, n, replace=False).sum()) for p, n in zip(population, reviewed, strict=True)]
        ci = stratified_wilson(pd.DataFrame({"pairs": pairs, "reviewed": reviewed, "right": right}), 0.95)
        value = sum(p.sum() for p in population) / pairs.sum()
        inside += ci.lo <= value <= ci.hi
    assert inside / 600 >= 0.93


def test_a_narrower_interval_takes_more_looks():
    pairs, right = np.array([400, 9000]), np.array([0.93, 0.999])
    wide, narrow = (review_sizes(pairs, right, half, 0.95, 10).sum() for half in (0.05, 0.01))
    assert wide < narrow <= pairs.sum()


@pytest.fixture(scope="module")
def orders(people):
    rng = np.random.default_rng(3)
    who = rng.choice(people["customer_id"], 1500)
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 300, 1500), unit="D")
    return pd.DataFrame({"customer_id": who, "date": days, "revenue": rng.gamma(2, 20, 1500)})


def test_the_curve_counts_customers_and_money_as_by_hand(linked, orders):
    curve = ThresholdCurve().analyze(linked, orders)
    frame = curve.to_frame()
    assert (frame["customers"] * frame["value_per_customer"]).to_numpy() == pytest.approx(orders["revenue"].sum())
    assert frame["customers"].is_monotonic_increasing
    moved = on_persons(orders, linked.persons).groupby("customer_id")["date"].nunique()
    assert curve.row(linked.spec.threshold)["repurchase_rate"] == pytest.approx((moved > 1).mean())
    alone = orders.groupby("customer_id")["date"].nunique()
    assert curve.row(1.0)["repurchase_rate"] == pytest.approx((alone > 1).mean())
    assert unlabelled(curve) == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_curve_is_drawn_without_a_legend(linked, orders, lang, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    mpl.use("agg")
    axes = ThresholdCurve((0.5, 0.9, 0.99)).analyze(linked, orders).plot()
    assert axes.get_legend() is None
    assert len(axes.lines) >= 3


def test_orders_that_cannot_be_read_are_named(linked, orders):
    with pytest.raises(BadInput, match="1 of 1,500 have no amount in revenue"):
        ThresholdCurve().analyze(linked, orders.assign(revenue=[None, *orders["revenue"].iloc[1:]]))
    with pytest.raises(BadInput, match="1,500 orders has a customer of the linked records"):
        ThresholdCurve().analyze(linked, orders.assign(customer_id="x"))


@pytest.mark.parametrize(("audited", "right"), [(400, 389), (1000, 964), (3000, 2874)])
def test_the_fewest_right_entries_are_those_of_the_catalogue(audited, right):
    assert fewest_right(audited) == right
    verdicts = [
        FieldAudit().analyze(pd.DataFrame({"x": np.arange(audited) < k}), ["x"]).to_frame()["verdict"].item()
        for k in (right, right - 1)
    ]
    assert verdicts == ["met", "open"]


def test_a_field_far_below_the_target_is_missed_and_named():
    audit = FieldAudit().analyze(
        pd.DataFrame({"phone": [True] * 80 + [False] * 20, "email": [True] * 100}), ["phone", "email"]
    )
    assert audit.readout().action.key == "identity.audit.missed"
    assert "phone" in audit.readout().text("zh")
    assert unlabelled(audit) == []


def test_an_audit_sample_holds_every_stratum():
    people = pd.DataFrame({"id": range(1000), "source": ["a"] * 900 + ["b"] * 95 + ["c"] * 5})
    sample = audit_sample(people, 100, strata="source", seed=1)
    assert sample["source"].value_counts().to_dict() == {"a": 90, "b": 9, "c": 1}
    with pytest.raises(BadInput, match="2 records cannot hold one of each of 3 strata"):
        audit_sample(people, 2, strata="source")


def test_profiles_are_complete_fresh_and_of_active_customers():
    customers = pd.DataFrame(
        {"customer_id": list("abcd"), "city": ["x", "", "x", "x"], "age": [1, 1, None, 1],
         "seen": ["2025-06-01", "2025-06-01", "2025-06-01", "2023-01-01"], "tier": ["A", "A", "B", "B"]}
    )  # fmt: skip
    spec = ProfileCoverage(("city", "age"), fresh_days=365)
    frame = spec.analyze(customers, as_of="2025-06-30", updated_on="seen", by=["tier"]).to_frame()
    assert frame[["group", "complete", "covered"]].to_numpy().tolist() == [["all", 2, 1], ["A", 1, 1], ["B", 1, 0]]
    assert ProfileCoverage(("city", "age"), least=1).analyze(customers, as_of="2025-06-30").share == 1.0
    assert spec.analyze(customers, as_of="2025-05-01", updated_on="seen").share == 0.0
    result = spec.analyze(customers, as_of="2025-06-30", active=["a", "z"], updated_on="seen")
    assert result.share == 0.5
    assert unlabelled(result) == []
    with pytest.raises(BadInput, match="1 of 4 customers have no id or one that another has"):
        spec.analyze(customers.assign(customer_id=list("aacd")), as_of="2025-06-30")


def test_match_rates_between_systems_go_both_ways(people, linked):
    rates = match_rates(people, linked.persons).set_index(["system", "other"])
    assert rates.loc[("app", "shop"), "matched"] == rates.loc[("shop", "app"), "matched"]
    assert (rates["matched_share"] <= 1).all()
    with pytest.raises(BadInput, match="a match rate needs two"):
        match_rates(people.assign(source="one"), linked.persons)


def test_every_table_has_words(people, linked):
    quality = MatchQuality().analyze(
        linked.persons, people[["customer_id", "truth"]].rename(columns={"truth": "person"})
    )
    for result in (quality, linked, Standardise(phone_region="US").analyze(people.drop(columns="truth"))):
        assert unlabelled(result) == []
        for lang in ("en", "zh"):
            assert result.readout().text(lang)
            assert all(fact.label.text(lang) for fact in result.facts())
