"""What a run will do is decided, and refused, before any kernel starts."""

from datetime import date

import pytest

from crm_lab.checks import BadInput
from crm_lab.run.suites.notebook_file import notebooks
from crm_lab.run.suites.plan import make_plan, with_dates
from crm_lab.run.suites.suite import load_suite

SUITE = """
title = "A"
{head}
[parameters]
bins = 4
[[page]]
notebook = "01_one"
[page.parameters]
bins = 6
[[page]]
notebook = "02_two"
after = ["01_one"]
"""
PARAMETERS = 'source: str = "cdnow"  # a\nas_of: str = "1998-06-30"  # b\nbins: int = 5  # c\n'


class Days:
    """Data from 1997 to the middle of 1998 whose last day is half there."""

    def day_range(self, source):
        if source == "moon":
            raise BadInput("source is 'moon'; it must be one of cdnow.")
        return date(1997, 1, 1), date(1998, 6, 30)

    def last_complete_day(self, source):  # noqa: ARG002 - the protocol has it
        return date(1998, 6, 29)


@pytest.fixture
def planned(project):
    project.notebook("01_one", parameters=PARAMETERS)
    project.notebook("02_two", parameters=PARAMETERS + 'label: str = "x"  # d\n')
    known = notebooks(project.root)

    def plan(*settings, only=(), head=""):
        project.suite("s", SUITE.format(head=head))
        return make_plan(load_suite("s", project.root, known), known, settings, only)

    return plan


def given(plan):
    return {page.name: dict(page.given) for page in plan.pages}


def test_a_page_wins_over_the_suite_and_the_command_line_over_both(planned):
    assert given(planned()) == {"01_one": {"bins": 6}, "02_two": {"bins": 4}}
    assert given(planned("bins=7")) == {"01_one": {"bins": 7}, "02_two": {"bins": 7}}
    assert given(planned("02.bins=8", "bins=7")) == {"01_one": {"bins": 7}, "02_two": {"bins": 8}}


def test_a_value_may_hold_an_equals_sign_and_dots(planned):
    assert given(planned("label=a=b.c"))["02_two"]["label"] == "a=b.c"


def test_parameters_are_the_given_over_the_defaults(planned):
    assert planned("02.label=y").pages[1].parameters == {
        "source": "cdnow",
        "as_of": "1998-06-30",
        "bins": 4,
        "label": "y",
    }


def test_every_wrong_setting_is_named(planned):
    with pytest.raises(BadInput) as caught:
        planned("bins", "bin=3", "05.bins=3", "01.label=x", "02.bins=x", "as_of=soon")
    assert caught.value.problems == (
        "'bins' is no setting; write name=value or NOTEBOOK.name=value.",
        "There is no notebook '05'; there are 01_one, 02_two.",
        "no notebook here has a parameter 'bin'; did you mean 'bins'?",
        "01_one: as_of is 'soon'; it must be a date like 2017-12-31, or \"latest\".",
        "02_two: as_of is 'soon'; it must be a date like 2017-12-31, or \"latest\".",
        "01_one has no parameter 'label'; there are source, as_of, bins.",
        "02_two: bins is 'x'; it must be a whole number.",
    )


def test_only_takes_prefixes_and_forgets_what_does_not_run(planned):
    plan = planned(only=["02"])
    assert [(page.name, page.after) for page in plan.pages] == [("02_two", ())]
    with pytest.raises(BadInput, match="There is no notebook in the suite 's' '07'"):
        planned(only=["07"])


def test_latest_becomes_the_last_complete_day(planned):
    plan = with_dates(planned("as_of=latest"), Days(), date(2026, 1, 1))
    assert [page.given["as_of"] for page in plan.pages] == ["1998-06-29", "1998-06-29"]


def test_a_date_in_the_data_is_left_alone(planned):
    plan = planned("as_of=1997-01-01")
    assert with_dates(plan, Days(), date(2026, 1, 1)) == plan


@pytest.mark.parametrize("day", ["1996-12-31", "1998-07-01"])
def test_a_date_outside_the_data_is_refused_once(planned, day):
    with pytest.raises(BadInput) as caught:
        with_dates(planned(f"as_of={day}"), Days(), date(2026, 1, 1))
    assert caught.value.problems == (
        f"as_of is {day}; the data 'cdnow' hold 1997-01-01 to 1998-06-30: name a day in there, or latest.",
    )


def test_data_that_are_too_old_are_refused(planned):
    plan = planned(head="max_data_age_days = 7")
    assert with_dates(plan, Days(), date(1998, 7, 6)) == plan
    with pytest.raises(BadInput) as caught:
        with_dates(plan, Days(), date(1998, 7, 7))
    assert caught.value.problems == (
        (
            "the data 'cdnow' end on 1998-06-29, 8 days ago; the suite allows 7 (max_data_age_days): "
            "bring newer data, or raise the limit."
        ),
    )


def test_an_unknown_source_is_its_own_sentence(planned):
    with pytest.raises(BadInput, match="source is 'moon'"):
        with_dates(planned("source=moon"), Days(), date(2026, 1, 1))


def test_latest_without_a_source_is_refused(project):
    project.notebook("01_one", parameters='as_of: str = "latest"  # day\n')
    project.suite("s", 'title = "A"\n[[page]]\nnotebook = "01_one"\n')
    known = notebooks(project.root)
    plan = make_plan(load_suite("s", project.root, known), known)
    with pytest.raises(BadInput, match='01_one: as_of is "latest", but no parameter names the source'):
        with_dates(plan, Days(), date(2026, 1, 1))
