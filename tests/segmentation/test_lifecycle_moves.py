import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.segmentation import Lifecycle, LifecycleMoves

AS_OF = pd.Timestamp("2024-12-31")
WEEKLY = list(range(0, 500, 7))


def visits(**customers):
    """Days before the as-of date on which each customer came."""
    rows = [(name, AS_OF - pd.Timedelta(days=d)) for name, days in customers.items() for d in days]
    return pd.DataFrame(rows, columns=["customer_id", "date"])


def moves_of(windows=4, **customers):
    return LifecycleMoves(windows=windows).analyze(visits(**customers), as_of=AS_OF)


def test_each_customer_is_followed_from_window_to_window():
    found = moves_of(
        stays=WEEKLY,
        falls=[d for d in WEEKLY if d > 70],  # slow gap 7, silent for 77 days
        returns=[0, 7, 14, *(d for d in WEEKLY if d > 120)],
        joins=list(range(0, 40, 5)),
    )
    last = found.states[[*found.pairs[-1]]]
    assert last.apply(tuple, axis=1).to_dict() == {
        "stays": ("mature", "mature"),
        "falls": ("mature", "lost"),
        "returns": ("dormant", "won_back"),
        "joins": ("not_yet", "new"),
    }
    silence = found.silence().query("to_day == @AS_OF.date()").set_index("move")
    assert silence["moved"].to_dict() == {"fell_silent": 1, "came_back": 1}
    assert silence["customers"].to_dict() == {"fell_silent": 2, "came_back": 1}


def test_a_stage_rests_on_what_was_known_on_its_day():
    table = visits(a=WEEKLY, b=[d for d in WEEKLY if d > 70], c=list(range(3, 480, 30)))
    found = LifecycleMoves().analyze(table, as_of=AS_OF)
    for day in found.days:
        known = table[table["date"] <= pd.Timestamp(day)]
        then = Lifecycle().analyze(known, as_of=day).customers.set_index("customer_id")["stage"]
        assert found.states[day].to_dict() == then.to_dict()


@pytest.fixture(scope="module")
def many():
    rng = np.random.default_rng(3)
    rates = rng.gamma(2, 12, 400)
    shop = {f"c{i}": np.cumsum(rng.exponential(rate, 80)).astype(int) for i, rate in enumerate(rates)}
    return moves_of(**{name: days[days < 600] for name, days in shop.items() if (days < 600).any()})


def test_rows_of_every_window_count_all_who_were_there_by_its_end(many):
    frame = many.to_frame()
    assert frame["lo"].le(frame["share"]).all()
    assert frame["share"].le(frame["hi"]).all()
    for start, end in many.pairs:
        rows = frame[frame["to_day"] == end]
        assert rows["moved"].sum() == (many.states[end] != "not_yet").sum()
        np.testing.assert_allclose(rows.groupby("from_stage")["share"].sum(), 1)
        assert set(rows["from_day"]) == {start}


def test_the_change_is_the_latest_share_less_the_pooled_earlier_ones(many):
    rows = many.silence().query("move == 'fell_silent'")
    latest, earlier = rows.iloc[0], rows.iloc[1:]
    expected = latest["share"] - earlier["moved"].sum() / earlier["customers"].sum()
    found = many.change("fell_silent")
    assert found.value == pytest.approx(expected)
    assert found.ci.lo < expected < found.ci.hi


def test_one_window_says_nothing_of_what_is_usual():
    found = moves_of(windows=1, stays=WEEKLY, falls=[d for d in WEEKLY if d > 70])
    assert found.change("fell_silent") is None
    assert "one window only" in str(found.readout().certainty)


def test_nobody_silent_before_means_that_nobody_could_come_back():
    found = moves_of(windows=1, stays=WEEKLY, also=WEEKLY)
    assert list(found.silence()["move"]) == ["fell_silent"]
    assert "nobody could come back" in str(found.readout().finding)


def test_nobody_active_at_the_start_is_said():
    gone = [d for d in WEEKLY if d > 300]
    found = moves_of(windows=1, gone=gone, joins=list(range(0, 60, 7)))
    assert "Nobody was active" in str(found.readout().finding)


def test_short_data_are_refused_with_what_they_lack():
    found = moves_of(a=[*list(range(0, 201, 7)), 200])
    assert str(found.refusal()).startswith(
        "The data cover 201 days; moves between stages need three windows (273 days)"
    )
    assert found.to_frame().empty
    assert found.silence().empty
    assert found.facts() == ()
    assert str(found.readout().finding) == str(found.refusal())


def test_a_day_before_anybody_came_twice_has_no_stages():
    once = {f"c{i}": [400] for i in range(5)}
    assert moves_of(late=[400, *range(0, 100, 7)], **once).days[0].isoformat() == "2024-10-01"


def test_nobody_who_came_twice_is_refused():
    with pytest.raises(CannotAnswer, match="Nobody has bought on two days"):
        moves_of(a=[10], b=[400])


def test_wrong_settings_are_refused():
    with pytest.raises(BadInput, match="windows"):
        LifecycleMoves(windows=0)


@pytest.mark.parametrize(("lang", "names"), [("en", {"fell silent", "came back"}), ("zh", {"转为沉默", "回来"})])
def test_moves_have_their_names_in_every_language(many, lang, names, monkeypatch):
    monkeypatch.setenv("CRM_LAB_LANG", lang)
    assert set(many.shown()["move"]) == names
    assert "2024-12-31" in many.plot().get_title("left")
