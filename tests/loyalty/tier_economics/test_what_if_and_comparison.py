"""Thresholds move whom arithmetic moves; comparisons take off what was chosen, and say what they are."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.loyalty.tier_economics import MemberComparison, ThresholdWhatIf

NOW, THEN = {"silver": 300, "gold": 600}, {"silver": 300, "gold": 500}
TIERS = ("base", "silver", "gold")


def what_if(**settings):
    given = {"tiers": TIERS, "now": NOW, "then": THEN, "perk_cost": {"silver": 5.0, "gold": 20.0}, "draws": 40}
    return ThresholdWhatIf(**given | settings)


def test_members_who_move_and_what_they_cost():
    people = pd.DataFrame({"qualifying_amount": [100.0, 400, 490, 520, 580, 700, None]})
    found = what_if(earns={"base": 1, "silver": 1.25, "gold": 1.5}, point_cost=0.02, redemption_share=0.5).analyze(
        people
    )
    assert found.to_frame()["members_now"].tolist() == [1, 4, 1]
    assert found.to_frame()["members_then"].tolist() == [1, 2, 3]
    assert found.to_frame()["moved_up"].tolist() == [0, 0, 2]
    points = 0.25 * (520 + 580) * 0.5 * 0.02
    assert found.points == pytest.approx(points)
    assert found.change == pytest.approx(2 * 15 + points)
    assert found.most > found.change  # 490 tops up
    assert what_if(then=NOW).analyze(people).change == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"then": {"gold": 500}}, "then is .* rising amounts for silver, gold"), ({"top_up": 1.5}, "top_up is 1.5")],
)
def test_wrong_settings_are_said(settings, said):
    with pytest.raises(BadInput, match=said):
        what_if(**settings)


def test_no_amounts_are_said():
    with pytest.raises(BadInput, match="No member has an amount in 'qualifying_amount'"):
        what_if().analyze(pd.DataFrame({"qualifying_amount": [np.nan]}))


def test_a_group_that_spends_more_anyway_has_no_effect_among_comparable_members(monkeypatch):
    rng = np.random.default_rng(4)
    past = rng.gamma(2, 50, 6_000)
    joined = rng.random(6_000) < past / (past + 100)
    people = pd.DataFrame({"salon": joined, "before": past, "spend": past * rng.gamma(9, 1 / 9, 6_000)})
    found = MemberComparison(group="salon", outcome="spend", covariates=("before",)).analyze(people)
    assert found.plain > 1.5
    assert found.found.interval.lo < 0 < found.found.interval.hi
    for lang in ("en", "zh"):
        monkeypatch.setenv("CRM_LAB_LANG", lang)
        assert "salon" in found.readout().text()
        assert found.plot().get_title(loc="left")
        assert what_if().analyze(pd.DataFrame({"qualifying_amount": [100.0, 550]})).plot().get_title(loc="left")


def test_where_an_amount_decides_alone_nobody_is_comparable():
    amount = np.random.default_rng(5).uniform(0, 1_000, 2_000)
    people = pd.DataFrame({"gold": amount >= 500, "before": amount, "spend": amount})
    with pytest.raises(CannotAnswer):
        MemberComparison(group="gold", outcome="spend", covariates=("before",)).analyze(people)
