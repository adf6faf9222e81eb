"""A retailer's own test in a file: reading, dates, shares, what the suite of init says."""

import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.experiments import Effects, OwnTest, judged, open_data, open_history, open_test


@pytest.fixture
def rows(households):
    """The test as an export: German marks, ids with zeros, text arms."""
    return pd.DataFrame(
        {
            "Mitglied": [f"{i:05d}" for i in range(len(households))],
            "Gruppe": households["arm"].map({"control": "Kontrolle", "treatment": "Angebot"}),
            "Umsatz": households["spend"].round(2),
            "Umsatz_vorher": households["spend_before"].round(2),
            "Besuche": households["orders"],
            "Besuche_vorher": households["orders"] // 2,
            "gekauft": households["bought"],
            "assigned": "01.07.2024",
            "until": "31.12.2024",
        }
    )


@pytest.fixture
def own(rows, tmp_path):
    rows.to_csv(tmp_path / "test.csv", index=False, sep=";", decimal=",", encoding="cp1252")

    def make(**settings):
        known = {"arm": "Gruppe", "control": "Kontrolle", "outcome": "Umsatz", "covariates": "Umsatz_vorher"}
        return OwnTest(file=str(tmp_path / "test.csv"), **{**known, **settings})

    return make


def test_marks_and_ids_are_read_as_the_file_has_them(own, rows):
    test = own(unit="Mitglied").open()
    assert test.frame["Umsatz"].sum() == pytest.approx(rows["Umsatz"].sum())
    assert test.frame["Mitglied"][7] == "00007"
    assert test.control == "Kontrolle"


def test_each_outcome_may_have_a_past_of_its_own(own):
    past = "Umsatz: Umsatz_vorher; Besuche: Besuche_vorher"
    test = own(metrics="Besuche, gekauft", covariates=past).open()
    assert test.past_of(["Besuche"]) == ("Besuche_vorher",)
    assert test.past_of(["gekauft"]) == ("Umsatz_vorher", "Besuche_vorher")  # no own past: all of it
    together = {e.metric.name: e.found for e in Effects(metrics=judged(test), adjust=("lin",)).analyze(test).effects}
    for outcome in ("Umsatz", "Besuche"):
        alone = own(outcome=outcome, covariates=f"{outcome}_vorher").open()
        found = Effects(metrics=judged(alone), adjust=("lin",)).analyze(alone).headline.found
        assert together[outcome].effect == pytest.approx(found.effect, rel=1e-12)
        assert together[outcome].se == pytest.approx(found.se, rel=1e-12)
    assert [m.kind for m in judged(test)] == ["mean", "mean", "share"]


def test_an_outcome_that_is_not_there_has_no_past(own):
    with pytest.raises(BadInput, match="outcomes lacks the column Kosten; it has Umsatz"):
        own(covariates="Kosten: Umsatz_vorher").open()


DAYS = {"assigned_on": "assigned", "outcome_until": "until", "date_format": "%d.%m.%Y"}


def test_finished_windows_are_read(own):
    dated = own(**DAYS)
    assert len(dated.open(dated.tables("2024-12-31")).frame) == 600


@pytest.mark.parametrize(
    ("change", "as_of", "sentence"),
    [
        ({}, "2024-12-30", r"outcome window of 600 of 600 units ends after 2024-12-30 \(the last is 2024-12-31\)"),
        ({"outcome_until": "2025-01-31"}, "2024-12-31", "an unfinished window reads as lost spend"),
        ({"outcome_until": "2024-06-30"}, "2025-12-31", "600 units were assigned after their outcome had ended"),
        ({"outcome_from": "2024-06-01"}, "2025-12-31", "600 units have an outcome that begins before their assignment"),
        ({"date_format": ""}, "2025-12-31", r"600 rows have no day in assigned .*e\.g\. '01\.07\.2024'"),
        ({"outcome_until": "bis"}, "2025-12-31", "'bis', which is neither a column nor a date like 2024-06-30"),
        ({}, "latest", "does not say when it was written; give the day"),
    ],
)
def test_windows_that_cannot_be_right_are_refused_with_counts(own, change, as_of, sentence):
    dated = own(**{**DAYS, **change})
    with pytest.raises(BadInput, match=sentence):
        dated.open(dated.tables(as_of))


def test_a_few_units_with_open_windows_are_counted(own, rows, tmp_path):
    rows.loc[:2, "until"] = "15.01.2025"
    rows.to_csv(tmp_path / "test.csv", index=False, sep=";", decimal=",", encoding="cp1252")
    dated = own(**DAYS)
    with pytest.raises(BadInput, match="of 3 of 600 units ends after 2024-12-31"):
        dated.open(dated.tables("2024-12-31"))


def test_planned_shares_come_from_the_controls(own):
    assert own().open().shares == {"Angebot": 0.5, "Kontrolle": 0.5}
    assert own(control_share=0.1).open().shares == {"Kontrolle": 0.1, "Angebot": 0.9}
    with pytest.raises(BadInput, match=r"control_share is 1\.5; it lies between 0 and 1"):
        own(control_share=1.5).open()


def test_a_page_knows_the_file_and_no_tables(own):
    test = own(**DAYS)
    tables = open_data("complete_journey", "2024-12-31", test)
    assert "orders" not in tables
    assert tables.provenance()["rows"] == 600
    assert tables.provenance()["simulated"] is False
    assert open_test(tables, test).counts()["Kontrolle"] > 200
    with pytest.raises(BadInput, match="holds one row per unit and no table orders"):
        _ = tables["orders"]


def test_the_next_test_is_planned_from_untouched_units(own, rows):
    test = own(metrics="gekauft")
    history = open_history(open_data("", "latest", test), test, start="", pre_days=1, post_days=1)
    assert len(history.units) == (rows["Gruppe"] == "Kontrolle").sum()
    assert history.available == 600
    assert history.columns == ["Umsatz_vorher", "Umsatz", "gekauft"]
    assert history.customers is None


def test_a_suite_describes_the_test(own, tmp_path):
    suite = tmp_path / "mine.toml"
    suite.write_text(
        '[source]\nkind = "test"\npath = "test.csv"\narm = "Gruppe"\ncontrol = "Kontrolle"\noutcome = "Umsatz"\n'
        'currency = "CHF"\nrewards = "Besuche"\n'
    )
    test = OwnTest(file=str(suite))
    assert test.tables().currency == "CHF"
    assert test.open().money == {"rewards": "Besuche"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[source]\npath = "test.csv"\n', 'has no kind = "test"'),
        ('[source]\nkind = "test"\n', "has no path of a file"),
        ('[source]\nkind = "test"\npath = "gone.csv"\n', r"there is no file gone\.csv"),
        (
            '[source]\nkind = "test"\npath = "test.csv"\ncolour = 1\n',
            "colour is not known; a test has arm, assigned_on",
        ),
        ("[source", "is no TOML"),
    ],
)
def test_a_suite_that_describes_no_test_is_refused(own, tmp_path, text, sentence):
    suite = tmp_path / "mine.toml"
    suite.write_text(text)
    with pytest.raises(BadInput, match=sentence):
        OwnTest(file=str(suite)).open()


def test_of_several_treatments_one_is_named(own, rows, tmp_path):
    rows.loc[::5, "Gruppe"] = "Brief"
    rows.to_csv(tmp_path / "test.csv", index=False, sep=";", decimal=",", encoding="cp1252")
    with pytest.raises(BadInput, match=r"Gruppe has 3 arms \(Angebot \d+, Brief 120, Kontrolle \d+\).*Say which"):
        own().open()
    letter = own(treatment="Brief").open()
    assert letter.counts()["Brief"] == 120
    assert letter.arms == ("Kontrolle", "Brief")
    with pytest.raises(BadInput, match="No row is in the treatment 'SMS'; the arms are Angebot, Brief, Kontrolle"):
        own(treatment="SMS").open()


def test_lists_and_tables_of_a_suite_say_the_same_as_text(own):
    told = own(metrics=["Besuche", "gekauft"], covariates={"Umsatz": ["Umsatz_vorher"]}, control_share=None, unit=None)
    text = own(metrics="Besuche, gekauft", covariates="Umsatz: Umsatz_vorher", control_share=0.0, unit="")
    assert told == text
    assert told.metrics == ("Besuche", "gekauft")
    assert told.unit is None


def test_every_setting_that_cannot_be_used_is_named_at_once(own):
    with pytest.raises(BadInput) as refused:
        own(control_share=2, missing_outcome="guess", metrics=3, colour="red")
    assert [problem.split(";")[0] for problem in refused.value.problems] == [
        "metrics is 3",
        "control_share is 2",
        "missing_outcome is 'guess'",
        "colour is not known",
    ]


def test_settings_in_one_line_are_those_of_a_suite():
    """Any key of [source]; lists and guardrails keep their own marks."""
    said = (
        "arm = group; control = hold-out; control_share = 0.1; covariates = spend: spend_before; orders: orders_before"
    )
    own = OwnTest.stated(
        "units.csv", f"{said}; guardrails = complaints down 0.01; returns down 2%; segments = tier, city"
    )
    assert (own.arm, own.control, own.control_share) == ("group", "hold-out", 0.1)
    assert own.covariates == {"spend": ("spend_before",), "orders": ("orders_before",)}
    assert [rail.metric for rail in own.guardrails] == ["complaints", "returns"]
    assert own.segments == ("tier", "city")
    assert OwnTest.stated("") == OwnTest(file="")
    with pytest.raises(BadInput, match="NAME = VALUE"):
        OwnTest.stated("units.csv", "group")
    with pytest.raises(BadInput, match="colour is not known"):
        OwnTest.stated("units.csv", "colour = red")
