"""Tags and their index: coverage of intervals, no false alarms, small segments hidden, refusals."""

import numpy as np
import pandas as pd
import pytest

from certification.shopper_tags import false_ones, index_covers
from crm_lab import open_workspace
from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.segmentation.personas import ShareTags, TagIndex, shopper_features
from crm_lab.segmentation.personas.shopper_tags.tag_index import log_index_se
from crm_lab.simulate import open_key
from crm_lab.stats.bootstrap import resamples


def members(ids, segment="s"):
    return pd.DataFrame({"customer_id": list(ids), "segment": segment})


@pytest.mark.parametrize(("part", "p", "other"), [(0.3, 0.4, 0.2), (0.5, 0.95, 0.6)])
def test_intervals_hold_the_true_index(part, p, other):
    held, shown = index_covers(part, p, other, bases=40, seed=5)
    assert shown == 1
    assert held >= 0.95 - 2.6 * np.sqrt(0.95 * 0.05 / 40)


def test_no_difference_is_called_one():
    assert false_ones(bases=10, seed=4) <= 0.2


def test_the_standard_error_is_that_of_a_bootstrap_of_customers():
    rng = np.random.default_rng(1)
    z = np.arange(1500) < 300
    x = rng.random(1500) < np.where(z, 0.5, 0.25)
    drawn = [np.log((w[x & z].sum() / w[z].sum()) / (w[x].sum() / w.sum())) for w in resamples(1500, 1500, 2)]
    by_formula = log_index_se(np.array([(x & z).sum()]), np.array([300.0]), np.array([x.sum()]), 1500)[0]
    assert np.std(drawn) == pytest.approx(by_formula, rel=0.07)  # 1,500 draws: 2 %


def test_a_segment_that_is_the_base_and_small_ones_are_hidden():
    tags = pd.DataFrame({"t": np.arange(200) % 4 == 0})
    both = pd.concat([members(range(200), "everybody"), members(range(10), "tiny"), members(range(80), "half")])
    found = TagIndex().analyze(tags, both).frame.set_index("segment")
    assert found["suppressed"].to_dict() == {"everybody": True, "half": False, "tiny": True}
    assert found.loc["tiny", ["tagged", "share", "index", "lo", "hi", "pvalue"]].isna().all()


def test_customers_in_several_segments_and_outside_the_base_are_handled():
    tags = pd.DataFrame({"t": np.arange(200) % 4 == 0})
    twice = pd.concat([members(range(100), "a"), members(range(50, 150), "b"), members([999], "a"), members([3], "a")])
    found = TagIndex().analyze(tags, twice)
    assert found.frame["customers"].tolist() == [100, 100]
    assert found.outside == 1


def test_a_tag_that_nobody_or_everybody_has_differs_nowhere():
    tags = pd.DataFrame({"none": [False] * 100, "all": [True] * 100})
    found = TagIndex().analyze(tags, members(range(50)))
    assert not found.frame["differs"].any()
    assert found.frame.set_index("tag").loc["all", "index"] == 100


def test_what_cannot_be_compared_is_refused():
    tags = pd.DataFrame({"t": [True, False]})
    with pytest.raises(CannotAnswer, match="Not one of the 1 memberships"):
        TagIndex().analyze(tags, members([7]))
    with pytest.raises(CannotAnswer, match="There is no tag"):
        TagIndex().analyze(pd.DataFrame(index=[1, 2]), members([1]))
    with pytest.raises(BadInput, match="1 missing values"):
        TagIndex().analyze(pd.DataFrame({"t": [True, None]}), members([1]))
    with pytest.raises(BadInput, match="one row a customer"):
        TagIndex().analyze(pd.DataFrame({"t": [True, False]}, index=[1, 1]), members([1]))
    with pytest.raises(BadInput, match="lacks the column segment"):
        TagIndex().analyze(tags, pd.DataFrame({"customer_id": [1]}))
    assert TagIndex().analyze(tags, members([0])).refusal().key == "persona_tags.index_refused"


PLANTED = {
    "night_share": (0.25, "night_parents"), "price_share": (0.5, "bargain_hunters"), "eco_share": (0.42, "green"),
    "new_product_share": (0.33, "trend_pioneers"), "scene:party": (0.3, "scene_dressers"),
}  # fmt: skip


def test_tags_agree_with_the_planted_kinds_of_shoppers():
    source = "simulated:personas,customers=1500"
    features = shopper_features(open_workspace(source).at("latest"))
    tags = ShareTags(thresholds={name: share for name, (share, _) in PLANTED.items()}).analyze(features, list(PLANTED))
    customers = open_key(source).customers
    kind = customers[customers["persona_before"].isna()].set_index("customer_id")["persona"]
    has = tags.has()
    has = has[has.index.isin(kind.index)]
    for name, (_, persona) in PLANTED.items():
        true = kind.reindex(has.index) == persona
        assert (true & has[name]).sum() / has[name].sum() > 0.93, name
        assert (true & has[name]).sum() / true.sum() > 0.6, name
    found = TagIndex().analyze(has, kind.rename("segment").reset_index(), simulated=True)
    top = found.frame.loc[found.frame.groupby("tag")["index"].idxmax()].set_index("tag")["segment"]
    assert top.to_dict() == {name: persona for name, (_, persona) in PLANTED.items()}


def test_equal_shares_make_no_tag():
    tables = open_workspace("cdnow_sample").at("1997-01-20")
    found = ShareTags().analyze(shopper_features(tables))
    assert found.refusal() is None or found.to_frame()["made"].tolist() == ["alike"]
    with pytest.raises(BadInput, match="These data have no eco_share"):
        ShareTags(thresholds={"eco_share": 0.3}).analyze(shopper_features(tables))
    with pytest.raises(BadInput, match="weekend_share must lie between 0 and 1"):
        ShareTags(thresholds={"weekend_share": 1.2})
