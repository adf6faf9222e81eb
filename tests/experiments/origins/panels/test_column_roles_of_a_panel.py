"""Which column of a panel's file holds what; files in the shapes in which panels go around."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.experiments.origins.panels.column_roles_of_a_panel import looks_like_a_panel, recognise
from crm_lab.experiments.origins.panels.panel_rows import text_table

RNG = np.random.default_rng(3)


def grid(units, periods, **columns):
    """A row a unit and period, with a value that moves."""
    index = pd.MultiIndex.from_product([units, periods], names=[columns.pop("unit"), columns.pop("period")])
    frame = index.to_frame(index=False)
    return frame.assign(**{columns.pop("value"): 10 + RNG.random(len(frame)).round(3)}, **columns)


SHAPES = {
    "geolift": (
        grid(["new york", "chicago", "portland"], [f"2021-01-{d:02d}" for d in range(1, 29)],
             unit="location", period="date", value="Y"),
        ("location", "date", "Y"),
    ),
    "prop99": (
        grid(["Alabama", "California"], range(1970, 2001), unit="State", period="Year", value="PacksPerCapita",
             treated=lambda t: ((t["State"] == "California") & (t["Year"] > 1988)).astype(int)),
        ("State", "Year", "PacksPerCapita"),
    ),
    "mpdta": (
        grid([8001, 8019, 17005], range(2003, 2008), unit="countyreal", period="year", value="lemp",
             lpop=lambda t: t["countyreal"] / 7,
             **{"first.treat": lambda t: t["countyreal"].map({8001: 2007, 8019: 0, 17005: 2004}),
                "treat": lambda t: t["countyreal"].ne(8019).astype(int)}),
        ("countyreal", "year", "lemp"),
    ),
    "basque": (
        grid(["Spain", "Aragon"], range(1955, 1998), unit="regionname", period="year", value="gdpcap",
             regionno=lambda t: t["regionname"].map({"Spain": 1, "Aragon": 2})),
        ("regionname", "year", "gdpcap"),
    ),
    "walmart": (
        grid(range(1, 6), pd.date_range("2010-02-05", periods=40, freq="7D").strftime("%d-%m-%Y"),
             unit="Store", period="Date", value="Weekly_Sales", Holiday_Flag=0, CPI=lambda t: RNG.random(len(t))),
        ("Store", "Date", "Weekly_Sales"),
    ),
    "rossmann": (
        grid(range(1, 6), pd.date_range("2013-01-01", periods=40).strftime("%Y-%m-%d"), unit="Store", period="Date",
             value="Sales", DayOfWeek=lambda t: np.arange(len(t)) % 7, Customers=lambda t: RNG.integers(1, 9, len(t))),
        ("Store", "Date", "Sales"),
    ),
    "chinese": (
        grid(["北京", "上海", "广州"], pd.date_range("2023-01-02", periods=20, freq="7D").strftime("%Y/%m/%d"),
             unit="门店", period="日期", value="销售额"),
        ("门店", "日期", "销售额"),
    ),
    "german": (
        grid(["Bonn", "Ulm", "Köln"], [f"KW {w}/2024" for w in range(1, 20)], unit="Filiale", period="Woche",
             value="Umsatz"),
        ("Filiale", "Woche", "Umsatz"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_panels_as_they_go_around_are_seen(write, name):
    frame, roles = SHAPES[name]
    table = text_table(write(frame))
    found = recognise(table, {}).columns
    assert (found.unit, found.date, found.value) == roles
    assert looks_like_a_panel(table, {})
    assert looks_like_a_panel(table, {}, purchases=True)  # a row for each unit and period: no list of purchases


def test_who_was_treated_is_found_by_name_and_values(write):
    found = recognise(text_table(write(SHAPES["mpdta"][0])), {})
    assert (found.treated_from, found.treated) == ("first.treat", "")
    assert found.unused == ("lpop", "treat")
    assert recognise(text_table(write(SHAPES["prop99"][0])), {}).treated == "treated"


def test_wide_files_are_seen(write):
    frame = SHAPES["geolift"][0]
    wide = frame.assign(location=frame["location"] + " city").pivot_table(index="date", columns="location", values="Y")
    wide["la"] = 5 + RNG.random(len(wide))
    columns = recognise(text_table(write(wide.reset_index())), {}).columns
    assert (columns.layout, columns.date, len(columns.of)) == ("columns", "date", 4)
    rows = recognise(text_table(write(wide.T.rename_axis("town").reset_index())), {}).columns
    assert (rows.layout, rows.unit, len(rows.of)) == ("rows", "town", 28)


def test_numbered_columns_are_periods_only_of_what_is_known_to_be_a_panel(write):
    frame = pd.DataFrame({"store": list("abcd"), **{f"week_{w:02d}": RNG.random(4) for w in range(1, 9)}})
    table = text_table(write(frame))
    assert not looks_like_a_panel(table, {})
    assert recognise(table, {}, sure=True).columns.layout == "rows"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"revenue": 1.5}, "The value may be sales, revenue. Say which, e.g. --column value=sales."),
        ({"arm": lambda t: t["city"].map(dict(zip("ABCD", "xyzx", strict=True)))}, "arm puts each unit into one of"),
    ],
)
def test_what_can_be_read_in_two_ways_is_asked(write, change, sentence):
    frame = grid(list("ABCD"), range(1, 13), unit="city", period="month", value="sales").assign(**change)
    if "revenue" in frame:
        frame["revenue"] *= RNG.random(len(frame))
    table = text_table(write(frame))
    with pytest.raises(BadInput) as error:
        recognise(table, {})
    assert sentence in str(error.value)
    assert looks_like_a_panel(table, {})  # what it is is clear, and the question is asked


def test_sparse_places_and_days_beside_purchases_are_asked(write):
    frame = grid(list("ABCD"), [f"2024-01-{d:02d}" for d in range(1, 29)], unit="store", period="date", value="amount")
    table = text_table(write(frame.sample(40, random_state=1)))
    with pytest.raises(BadInput, match="a panel of units over time, or purchases"):
        looks_like_a_panel(table, {}, purchases=True)
    assert looks_like_a_panel(table, {})


def test_purchases_and_tests_are_no_panels(write):
    lines = grid(list("ABCD"), [f"2024-01-{d:02d}" for d in range(1, 29)], unit="store", period="date", value="amount")
    assert not looks_like_a_panel(text_table(write(lines.assign(customer_id=range(len(lines))))), {}, purchases=True)
    units = pd.DataFrame({"store": range(60), "group": ["control", "treatment"] * 30, "spend": RNG.random(60)})
    assert not looks_like_a_panel(text_table(write(units)), {})
    assert not looks_like_a_panel(text_table(write(lines)), {"arm": "store"})


def test_a_column_that_counts_rows_has_no_role(write):
    frame = SHAPES["basque"][0].rename_axis("").reset_index()
    assert recognise(text_table(write(frame)), {}).columns.value == "gdpcap"


def test_choices_that_are_not_there_are_refused(write):
    table = text_table(write(SHAPES["geolift"][0]))
    with pytest.raises(BadInput) as error:
        recognise(table, {"unit": "city", "place": "location"})
    assert "there is no column 'city'; the file has location, date, Y." in str(error.value)
    assert "there is no role 'place' in a panel; roles are unit, date, value," in str(error.value)
