"""A retailer's own panel: every row is used or left out with its reason, and what cannot be used is said."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.experiments.origins.panels.panel_file import PanelFile

LONG = {"unit": "city", "date": "week", "value": "sales"}


@pytest.fixture
def own(write):
    def make(frame, name="panel.csv", how=None, **settings):
        return PanelFile(file=str(write(frame, name, **(how or {}))), **{**LONG, **settings})

    return make


def closed(found):
    """Whether rows in are rows used and rows left out."""
    books = found.books()["rows"].tolist()
    return books[0] == sum(books[1:])


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("panel.csv", {}),
        ("panel.csv", {"sep": ";", "decimal": ",", "encoding": "cp1252"}),
        ("panel.parquet", {}),
        ("panel.xlsx", {}),
    ],
)
def test_a_panel_is_what_the_file_says_whatever_its_form(own, long, name, how):
    file = own(long, name, how, treated_from="treated_from")
    panel = file.open()
    assert panel.frame["value"].tolist() == long["sales"].tolist()
    assert panel.every == "week"
    assert panel.treated_from == dict.fromkeys(["Ada", "Bel"], pd.Timestamp("2024-02-26"))
    assert panel.controls == ("Cyd", "Dov", "Eri", "Fay")
    assert file.panel().equals(panel.frame)
    assert file.since() == panel.treated_from
    assert closed(file.checked())


def test_wide_files_are_the_same_panel(own, long, write):
    table = long.pivot_table(index="week", columns="city", values="sales")
    treated = {"treated": ["Ada", "Bel"], "start": "2024-02-26"}
    columns = PanelFile(file=str(write(table.reset_index(), "c.csv")), layout="columns", date="week", **treated)
    rows = PanelFile(file=str(write(table.T.reset_index(), "r.csv")), layout="rows", unit="city", **treated)
    expected = own(long, treated_from="treated_from").open()
    for file in (columns, rows):
        panel = file.open()
        pd.testing.assert_frame_equal(panel.frame, expected.frame)
        assert panel.treated_from == expected.treated_from


@pytest.mark.parametrize(
    "mark",
    [
        {"treated": ["Ada", "Bel"], "start": "2024-02-28"},  # a day of that week
        {"treated_from": {"Ada": "2024-02-26", "Bel": "2024-02-26"}},
        {"treated": "on"},
        {"treated": "group", "after": "post"},
        {"treated": "group", "start": "2024-02-26"},
    ],
)
def test_the_treatment_can_be_said_in_many_ways(own, long, mark):
    late = long["week"] >= "2024-02-26"
    group = long["city"].isin(["Ada", "Bel"])
    frame = long.assign(on=(late & group).astype(int), post=late.map({True: "yes", False: "no"}))
    frame["group"] = group.map({True: "treatment", False: "control"})
    panel = own(frame, **mark).open()
    assert panel.treated_from == dict.fromkeys(["Ada", "Bel"], pd.Timestamp("2024-02-26"))
    assert not panel.treated_until


def test_a_start_inside_a_period_is_said(own, long):
    said = own(long, treated=["Ada"], start="2024-02-28").open().said()
    assert any(s.startswith("The start of 1 units lies inside one of the weeks") for s in said)


def test_an_end_is_read_from_the_flag_or_said(own, long):
    on = long["city"].eq("Ada") & long["week"].between("2024-02-05", "2024-02-26")
    panel = own(long.assign(on=on.astype(int)), treated="on").open()
    assert panel.treated_until == {"Ada": pd.Timestamp("2024-02-26")}
    said = own(long, treated=["Ada"], start="2024-02-05", until="2024-03-03", cost=2, cost_of="unit_period").open()
    assert said.treated_until == {"Ada": pd.Timestamp("2024-02-26")}
    assert said.cost == 8
    with pytest.raises(
        BadInput, match="the treatment of 1 units begins after 2024-01-08, where it is said to end: Ada"
    ):
        own(long, treated=["Ada"], start="2024-02-05", until="2024-01-08").open()


def test_staggered_starts_and_numbered_never(own, long):
    first = long["city"].map({"Ada": "2024-02-05", "Bel": "2024-03-04"}).fillna("0")
    panel = own(long.assign(treated_from=first), treated_from="treated_from").open()
    assert panel.treated_from == {"Ada": pd.Timestamp("2024-02-05"), "Bel": pd.Timestamp("2024-03-04")}


def test_rows_that_say_nothing_are_left_out_and_counted(own, long):
    extra = pd.DataFrame(
        [
            ("", "2024-01-01", "5", ""),
            ("Total", "2024-01-01", "500", ""),
            ("Gil", "", "5", ""),
            ("Hal", "2024-01-01", "NA", ""),
        ],
        columns=list(long),
    )  # fmt: skip
    found = own(pd.concat([long, extra])).checked()
    books = found.books().set_index("part")["rows"].to_dict()
    assert books == {"rows": 76, "used": 72, "no_unit": 1, "no_period": 1, "total": 1, "no_value": 1}
    assert closed(found)
    said = [note.text() for note in found.notes]
    assert "Left out: 1 rows of totals." in said
    assert "Left out: 1 rows without a value." in said


def test_every_problem_of_the_rows_is_said_at_once(own, long):
    frame = long.astype({"sales": "string"})
    frame.loc[3, "sales"], frame.loc[9, "week"] = "closed", "soon"
    frame = pd.concat([frame, frame.iloc[[20]].assign(sales="7")])
    with pytest.raises(BadInput) as error:
        own(frame).open()
    said = str(error.value)
    assert "1 of 73 values are no numbers (e.g. 'closed')" in said
    assert "1 of 73 rows have no period that can be read (e.g. 'soon')" in said
    assert "2 rows share 1 pairs of unit and period, 1 of them with unlike values (e.g. Bel, 2024-02-26)" in said


def test_rows_of_one_unit_and_period_are_added_or_copies_as_somebody_says(own, long):
    parts = pd.concat([long.assign(sales=long["sales"] / 4), long.assign(sales=long["sales"] * 3 / 4)])
    found = own(parts, same_period="sum").checked()
    np.testing.assert_allclose(found.frame["value"], long["sales"])
    assert found.books()["rows"].tolist() == [144, 144]
    copies = pd.concat([long, long.iloc[:5]])
    found = own(copies, same_period="copies").checked()
    assert found.books().set_index("part")["rows"]["copy"] == 5
    assert found.frame["value"].tolist() == long["sales"].tolist()
    assert closed(found)
    with pytest.raises(BadInput, match="144 rows share 72 pairs"):
        own(parts, same_period="copies").open()


@pytest.mark.parametrize("mark", [".", ","])
def test_thousands_that_may_be_decimals_are_asked(own, long, mark):
    frame = long.assign(sales=[f"{1 + i}{mark}{100 + i}" for i in range(len(long))])
    with pytest.raises(BadInput, match=r"values such as 1.100 may be thousands or have three decimals"):
        own(frame).open()
    other = "," if mark == "." else "."
    assert own(frame, decimal=mark).open().frame["value"].iloc[0] == 1.1
    assert own(frame, decimal=other).open().frame["value"].iloc[0] == 1100
    assert (
        own(frame.assign(sales=frame["sales"].where(frame.index != 5, f"0{mark}5"))).open().frame["value"].max() < 100
    )


def test_gaps_are_asked_and_filled_or_left_out(own, long):
    frame = long.drop(index=[14, 15, 40])
    with pytest.raises(BadInput, match="3 of 72 pairs of unit and period have no value, in 2 units"):
        own(frame).open()
    zero = own(frame, missing="zero").checked()
    assert (zero.frame["value"] == 0).sum() == 3
    assert zero.books()["rows"].tolist() == [69, 69]
    drop = own(frame, missing="drop").checked()
    assert drop.frame["unit"].nunique() == 4
    assert drop.books().set_index("part")["rows"].to_dict() == {"rows": 69, "used": 48, "gaps": 21}
    assert closed(drop)


def test_units_that_come_late_or_go_early_are_left_out_and_named(own, long):
    frame = long[~(long["city"].eq("Fay") & (long["week"] < "2024-01-15"))]
    frame = frame[~(frame["city"].eq("Eri") & (frame["week"] > "2024-03-01"))]
    found = own(frame, treated_from="treated_from").checked()
    assert found.frame["unit"].nunique() == 4
    assert closed(found)
    said = [note.text() for note in found.notes]
    assert said[1].startswith("Left out, since they begin after the first period or end before the last (2 units, ")
    assert said[1].endswith(": Eri, Fay.")


def test_days_are_put_together_to_whole_weeks(own):
    days = pd.date_range("2024-01-03", periods=40)
    rows = [(c, f"{d:%Y-%m-%d}", 1 + i) for i, c in enumerate("ABCDEF") for d in days]
    frame = pd.DataFrame(rows, columns=["city", "week", "sales"])
    panel = own(frame, every="week", treated=["A"], start="2024-01-24").open()
    assert (panel.every, panel.frame["value"].unique().tolist()) == ("week", [7, 14, 21, 28, 35, 42])
    assert panel.treated_from == {"A": pd.Timestamp("2024-01-22")}
    said = panel.said()
    assert "Left out: 5 periods of the file in weeks that are not whole." in said
    assert any("lies inside one of the weeks" in s for s in said)
    later = own(frame, every="week", treated=["A"], start="2024-02-11").open()  # in the week that is cut
    assert later.treated_from == {"A": pd.Timestamp("2024-02-05")}


def test_numbered_periods_and_years(own, long):
    week = long.groupby("city").cumcount() + 1
    panel = own(long.assign(week=week), treated=["Ada"], start="9").open()
    assert (panel.every, panel.treated_from) == ("number", {"Ada": 9})
    years = own(long.assign(week=1990 + week), treated=["Ada"], start="1999").open()
    assert years.treated_from == {"Ada": pd.Timestamp("1999-01-01")}
    assert "from 1991 to 2002" in years.said()[0]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"treated": ["Ada", "Bell"], "start": "2024-02-26"}, "there is no unit 'Bell'; units are Ada, Bel,"),
        ({"treated": ["Ada"]}, "Treated are Ada, but not from when; say --start DATE"),
        ({"start": "2024-02-26"}, "The start is 2024-02-26, but nobody is named as treated"),
        ({"treated": ["Ada"], "start": "spring"}, "start is 'spring', which is no period of the panel"),
        ({"treated": "sales"}, "it must say who is treated with 1 and 0"),
        ({"unit": "town"}, "there is no column 'town'; the file has city, week, sales, treated_from"),
        ({"value": ""}, "value is not named; the layout long needs it."),
        ({"margin_share": 1.4}, "margin_share is 1.4; it is a share above 0 and up to 1."),
        ({"cost": -1}, "cost is -1; it is 0 or more."),
        ({"every": "fortnight"}, "every is 'fortnight'; it is one of day, week, month,"),
        ({"missing": "guess"}, "missing is 'guess'; it is zero or drop."),
        ({"weeks": 3}, "weeks is not known; a panel has after, cost,"),
    ],
)
def test_each_mistake_of_the_settings_is_named(own, long, settings, sentence):
    with pytest.raises(BadInput) as error:
        own(long, **settings).open()
    assert sentence in str(error.value)


def test_marks_that_contradict_are_named(own, long):
    start = long["treated_from"].where(long.index != 3, "2024-01-29")
    with pytest.raises(BadInput, match="1 units have several first treated periods: Ada"):
        own(long.assign(treated_from=start), treated_from="treated_from").open()
    start = long["treated_from"].where(long.index != 3, "")
    with pytest.raises(BadInput, match="1 units have a first treated period in some rows and none in others: Ada"):
        own(long.assign(treated_from=start), treated_from="treated_from").open()
    on = (long["city"].eq("Ada") & long["week"].isin(["2024-01-15", "2024-02-26"])).astype(int)
    with pytest.raises(BadInput, match="1 units are treated, then not, then again: Ada"):
        own(long.assign(on=on), treated="on").open()
    post = (long["week"] > "2024-02-01").astype(int).where(long.index != 70, 0)
    group = long["city"].eq("Ada").astype(int)
    with pytest.raises(BadInput, match="post differs between units in 1 periods"):
        own(long.assign(group=group, post=post), treated="group", after="post").open()


def test_designs_that_cannot_answer_say_what_still_can_be_done(own, long):
    with pytest.raises(CannotAnswer, match=r"2 began by 2024-01-01, the first period \(Ada, Bel\).* read as a test"):
        own(long, treated=["Ada", "Bel"], start="2023-12-01").open()
    with pytest.raises(CannotAnswer, match="All 6 units are treated from the same period on"):
        own(long, treated=list(dict.fromkeys(long["city"])), start="2024-02-26").open()
    lost = long.drop(index=[3])
    with pytest.raises(CannotAnswer, match=r"No treated unit is left \(Ada\)"):
        own(lost, treated=["Ada"], start="2024-02-26", missing="drop").open()


def test_what_is_thin_is_allowed_and_said(own, long):
    said = own(long, treated=["Ada"], start="2024-02-26").open().said()
    assert any("One unit is treated, Ada" in s and "below 0.167" in s for s in said)
    said = own(long, treated=["Ada", "Bel"], start="2024-02-26").open().said()
    assert "Only 4 units were never treated: few to compare with." in said
    said = own(long, treated_from={"Ada": "2023-01-01", "Bel": "2024-02-26", "Cyd": "2025-01-01"}).open()
    assert said.treated == ("Bel",)
    assert "Ada" not in said.units
    assert any(s.startswith("Treated only after the last period, 2024-03-18") for s in said.said())
    all_of_them = {c: f"2024-0{1 + i % 3}-15" for i, c in enumerate(dict.fromkeys(long["city"]))}
    assert any("only those not yet treated" in s for s in own(long, treated_from=all_of_them).open().said())


def test_a_suite_says_it_all_and_its_mistakes_are_named(own, long, write, tmp_path):
    write(long)
    suite = tmp_path / "spring.toml"
    table = (
        '[panel]\nfile = "panel.csv"\nunit = "city"\ndate = "week"\nvalue = "sales"\ntreated_from = "treated_from"\n'
    )
    suite.write_text(f'{table}margin_share = 0.4\ncost = 50\ncost_of = "unit"\nroi_target = 1.5\n', encoding="utf-8")
    panel = PanelFile(file=str(suite)).open()
    assert (panel.margin_share, panel.cost, panel.roi_target) == (0.4, 100.0, 1.5)
    suite.write_text(table + 'shape = "wide"\n', encoding="utf-8")
    with pytest.raises(BadInput, match=r"The panel in spring\.toml:\n  - shape is not known"):
        PanelFile(file=str(suite)).open()
    suite.write_text('title = "x"\n', encoding="utf-8")
    with pytest.raises(BadInput, match=r"spring\.toml has no table \[panel\]"):
        PanelFile(file=str(suite)).open()
    with pytest.raises(BadInput, match=r"There is no file 'nowhere\.csv'"):
        PanelFile(file="nowhere.csv").open()
    assert not PanelFile(file="").given


def test_provenance_is_the_files(own, long):
    tables = own(long.assign(simulated="yes"), currency="EUR").tables("2024-04-01")
    assert (tables.rows, tables.currency, tables.simulated) == (72, "EUR", True)
    assert not own(long).tables().simulated
