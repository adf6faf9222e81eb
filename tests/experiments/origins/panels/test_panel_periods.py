import pandas as pd
import pytest

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.experiments.origins.panels.panel_periods import coarser, reading_of, rhythm_of, starts


@pytest.mark.parametrize(
    ("text", "kind", "first"),
    [
        ("2024-03-05", "day", "2024-03-05"),
        ("05.03.2024", "day", "2024-03-05"),
        ("2024年3月5日", "day", "2024-03-05"),
        ("20240315", "day", "2024-03-15"),
        ("2024-03-05 00:00:00", "day", "2024-03-05"),
        ("2024-03", "month", "2024-03-01"),
        ("202412", "month", "2024-12-01"),
        ("2024年3月", "month", "2024-03-01"),
        ("03/2024", "month", "2024-03-01"),
        ("Mar 2024", "month", "2024-03-01"),
        ("2024-W09", "week", "2024-02-26"),
        ("2024年第9周", "week", "2024-02-26"),
        ("KW 9/2024", "week", "2024-02-26"),
        ("2024-Q2", "quarter", "2024-04-01"),
        ("Q2 2024", "quarter", "2024-04-01"),
        ("2024年第二季度", "quarter", "2024-04-01"),
        ("1989", "year", "1989-01-01"),
        ("1989.0", "year", "1989-01-01"),
    ],
)
def test_periods_as_people_write_them(text, kind, first):
    reading = reading_of([text])
    assert reading.kind == kind
    assert reading.all(pd.Series([text])).item() == pd.Timestamp(first)


@pytest.mark.parametrize("text", ["7", "week 7", "Week_07", "第7周", "t7", "7.0"])
def test_numbered_periods(text):
    reading = reading_of([text])
    assert (reading.kind, reading.all(pd.Series([text])).item()) == ("number", 7)


def test_what_cannot_be_told_or_read_is_asked():
    with pytest.raises(BadInput, match="Day and month cannot be told apart"):
        reading_of(["03/04/2024", "05/06/2024"])
    assert reading_of(["03/04/2024"], "%d/%m/%Y").read("03/04/2024").month == 4
    with pytest.raises(BadInput, match="The periods cannot be read"):
        reading_of(["spring", "summer"])


@pytest.mark.parametrize(
    ("dates", "every"),
    [
        (pd.date_range("2024-01-01", periods=5), "day"),
        (pd.bdate_range("2024-01-01", periods=15), "day"),
        (pd.date_range("2024-01-05", periods=5, freq="7D"), "week"),
        (pd.date_range("2024-01-31", periods=5, freq="ME"), "month"),
        (pd.date_range("2024-01-01", periods=5, freq="QS"), "quarter"),
        (pd.date_range("2014-12-31", periods=5, freq="YE"), "year"),
    ],
)
def test_the_rhythm_of_dates(dates, every):
    assert rhythm_of(pd.Series(dates)) == every
    assert starts(pd.Series(dates), every).is_unique


def test_dates_without_a_rhythm_are_refused():
    with pytest.raises(BadInput, match="keep no rhythm"):
        rhythm_of(pd.Series(pd.to_datetime(["2024-01-01", "2024-01-10", "2024-01-19", "2024-01-28"])))


def test_longer_periods_are_whole_and_nothing_is_lost():
    days = pd.date_range("2024-01-03", "2024-03-05")
    frame = pd.DataFrame({"unit": "a", "period": days, "value": range(len(days))})
    weeks, cut = coarser(frame, "day", "week")
    assert weeks["period"].iloc[0] == pd.Timestamp("2024-01-08")
    assert len(weeks) * 7 + cut == len(days)
    months, cut = coarser(frame, "day", "month")
    assert months["period"].tolist() == [pd.Timestamp("2024-02-01")]
    assert months["value"].item() == frame.loc[days.month == 2, "value"].sum()
    assert cut == len(days) - 29
    with pytest.raises(BadInput, match="every is week, but the file has months; it can be month, quarter"):
        coarser(frame, "month", "week")
    with pytest.raises(CannotAnswer, match="no whole quarters"):
        coarser(frame, "day", "quarter")
