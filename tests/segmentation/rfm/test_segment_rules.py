import numpy as np
import pytest

from crm_lab.checks import BadInput
from crm_lab.messages import catalogue
from crm_lab.segmentation import TEN_SEGMENTS, THREE_SEGMENTS, SegmentRule, SegmentRules, load_rules, playbook


@pytest.mark.parametrize(
    ("cell", "segment"),
    [
        ((5, 5, 5), "champions"), ((4, 4, 1), "loyal"), ((4, 2, 1), "potential_loyalist"), ((5, 1, 1), "new"),
        ((4, 1, 5), "promising"), ((3, 3, 3), "need_attention"), ((3, 1, 3), "about_to_sleep"),
        ((2, 5, 5), "cannot_lose"), ((1, 4, 2), "at_risk"), ((1, 1, 1), "hibernating"),
    ],
)  # fmt: skip
def test_ten_segments(cell, segment):
    assert TEN_SEGMENTS.assign(*np.array(cell).reshape(3, 1)).tolist() == [segment]


def test_three_segments_need_money_for_high_value():
    r, f, m = np.array([[5, 5, 5], [5, 5, 2], [2, 5, 5]]).T
    expected = ["high_value_loyal", "potential_to_nurture", "dormant_to_wake"]
    assert THREE_SEGMENTS.assign(r, f, m).tolist() == expected


def test_other_numbers_of_bins_are_read_on_five_levels():
    one = np.array([1])
    assert TEN_SEGMENTS.assign(3 * one, 3 * one, 3 * one, bins=3).tolist() == ["champions"]
    assert TEN_SEGMENTS.assign(9 * one, 8 * one, one, bins=10).tolist() == ["champions"]
    assert TEN_SEGMENTS.assign(one, one, one, bins=2).tolist() == ["hibernating"]


def test_the_table_can_be_edited_and_comes_back():
    assert SegmentRules.from_frame(TEN_SEGMENTS.to_frame()) == TEN_SEGMENTS


def test_overlap_is_refused_with_the_cell_and_both_names():
    with pytest.raises(BadInput, match=r"R5 F1 M1 \(and 24 more scores\) belongs to all and recent"):
        SegmentRules((SegmentRule("all"), SegmentRule("recent", r=(5, 5))))


def test_a_gap_is_refused_with_the_cell():
    with pytest.raises(BadInput, match=r"R1 F1 M1 \(and 24 more scores\) belongs to no segment; add a rule"):
        SegmentRules((SegmentRule("most", r=(2, 5)),))


def test_bounds_outside_the_levels_are_refused():
    with pytest.raises(BadInput, match="'odd' has f = 0 to 6; bounds are whole numbers with 1 <= low <= high <= 5"):
        SegmentRules((SegmentRule("odd", f=(0, 6)),))


def test_rules_come_from_a_file(tmp_path):
    file = tmp_path / "rules.csv"
    THREE_SEGMENTS.to_frame().to_csv(file, index=False)
    assert load_rules(file) == THREE_SEGMENTS


def test_an_unknown_rule_name_is_refused():
    with pytest.raises(BadInput, match="rules is 'eleven'; give ten, three, or the path of a CSV"):
        load_rules("eleven")


@pytest.mark.parametrize("rules", [TEN_SEGMENTS, THREE_SEGMENTS])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_segment_has_a_name_an_action_and_a_test_in_words(rules, lang, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    plays = playbook(rules)
    assert plays["name"].is_unique
    assert plays["action"].is_unique
    assert not plays["action"].eq(catalogue(lang)["segments.own_action"]).any()


def test_an_own_segment_keeps_its_name():
    plays = playbook(SegmentRules((SegmentRule("vip", r=(5, 5)), SegmentRule("rest", r=(1, 4)))))
    assert plays["name"].tolist() == ["vip", "rest"]
