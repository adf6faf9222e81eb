import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_lab.checks import BadInput
from crm_lab.segmentation import Lifecycle
from crm_lab.segmentation.lifecycle import STAGES

AS_OF = pd.Timestamp("2024-12-31")


def visits(**customers):
    """Days before the as-of date on which each customer came."""
    rows = [(name, AS_OF - pd.Timedelta(days=d)) for name, days in customers.items() for d in days]
    return pd.DataFrame(rows, columns=["customer_id", "date"])


def stage_of(**customers):
    result = Lifecycle().analyze(visits(**customers), as_of=AS_OF)
    return result.customers.set_index("customer_id")["stage"].to_dict()


def test_each_stage_has_its_shopper():
    weekly = list(range(3, 400, 7))
    assert stage_of(
        mature=weekly,
        dormant=[d + 17 for d in weekly],  # slow gap 7, silent 20
        lost=[d + 60 for d in weekly],
        won_back=[3, 10, *range(100, 400, 7)],
        new=list(range(1, 60, 7)),
        growing=[*range(3, 91, 3), *range(95, 400, 14)],
        declining=[*range(12, 91, 13), *range(92, 182, 4), *range(190, 400, 13)],
    ) == {stage: stage for stage in ("mature", "dormant", "lost", "won_back", "new", "growing", "declining")}


def test_the_same_silence_is_dormant_for_one_and_usual_for_another():
    stages = stage_of(daily=range(20, 300, 1), monthly=range(20, 390, 30))
    assert stages == {"daily": "lost", "monthly": "mature"}


@given(
    st.dictionaries(
        st.sampled_from("abcdef"), st.lists(st.integers(0, 400), min_size=1, max_size=20), min_size=2, max_size=6
    ).filter(lambda c: any(len(set(d)) > 1 for d in c.values())),
    st.randoms(use_true_random=False),
)
@settings(max_examples=40)
def test_every_customer_has_one_stage_whatever_the_row_order(customers, random):
    table = visits(**customers)
    order = list(range(len(table)))
    random.shuffle(order)
    straight = Lifecycle().analyze(table, as_of=AS_OF)
    mixed = Lifecycle().analyze(table.iloc[order], as_of=AS_OF)
    pd.testing.assert_frame_equal(mixed.customers, straight.customers)
    assert straight.to_frame()["customers"].sum() == len(customers)
    assert set(straight.customers["stage"]) <= set(STAGES)


def test_the_readout_names_borrowed_rhythms():
    result = Lifecycle().analyze(visits(a=range(3, 300, 7), b=[40]), as_of=AS_OF)
    assert "50.0% have fewer than 5 gaps" in result.readout().text("en")
    assert "借用全体节奏" in result.readout().text("zh")


def test_orders_after_the_day_do_not_count():
    table = visits(a=[200, 190, 180, 170, 160, 150, -3])
    assert Lifecycle().analyze(table, as_of=AS_OF).customers["silent_days"].tolist() == [150]


def test_data_without_a_rhythm_are_refused():
    with pytest.raises(BadInput, match="Nobody has bought on two days; a rhythm needs that"):
        Lifecycle().analyze(visits(a=[3], b=[5]), as_of=AS_OF)
    with pytest.raises(BadInput, match="There are no purchases up to 2001-01-01"):
        Lifecycle().analyze(visits(a=[3]), as_of="2001-01-01")
    with pytest.raises(BadInput, match=r"dormant_after is 9\.0; with lost_after 6\.0"):
        Lifecycle(dormant_after=9.0)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_drawing_names_the_stages(lang, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    axes = Lifecycle().analyze(visits(a=range(3, 300, 7)), as_of=AS_OF).plot()
    assert axes.get_yticklabels()[2].get_text() == {"en": "Mature", "zh": "成熟"}[lang]
