"""Suites: every mistake is named at once."""

import pytest

from crm_lab.checks import BadInput
from crm_lab.run.suites.notebook_file import notebooks, pick
from crm_lab.run.suites.suite import load_suite, suite_files


@pytest.fixture
def known(project):
    for name in ("01_one", "02_two", "03_three"):
        project.notebook(name)
    project.notebook("04_bare", "1", parameters=None)
    project.notebook("my_copy")
    return notebooks(project.root)


def load(project, known, text):
    project.suite("s", text)
    return load_suite("s", project.root, known)


GOOD = """
title = "A suite"
lang = "zh"
timeout_s = 30
max_data_age_days = 7
[parameters]
bins = 4
[[page]]
notebook = "03_three"
after = ["01_one", "02_two"]
[[page]]
notebook = "02_two"
[page.parameters]
as_of = 2017-06-30
[[page]]
notebook = "01_one"
"""


def test_a_good_suite(project, known):
    suite = load(project, known, GOOD)
    assert (suite.title, suite.lang, suite.timeout_s, suite.max_data_age_days) == ("A suite", "zh", 30, 7)
    assert suite.order() == ["02_two", "01_one", "03_three"]


def test_a_path_is_a_suite_too(project, known, tmp_path):
    path = project.suite("s", GOOD).rename(tmp_path / "mine.toml")
    assert load_suite(str(path), project.root, known).name == "mine"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            'titel = "A"\nlang = "de"\ntimeout_s = -1\n[[page]]\nnotbook = "01_one"\n',
            [
                "'title' is missing; add it.",
                "lang: 'de' cannot be used: input should be 'en' or 'zh'.",
                "timeout_s: -1 cannot be used: input should be greater than 0.",
                "page 1: 'notebook' is missing; add it.",
                "page 1: unknown key 'notbook'; did you mean 'notebook'?",
                "unknown key 'titel'; did you mean 'title'?",
            ],
        ),
        ('title = "A"', ["'page' is missing; a suite has at least one [[page]]."]),
        (
            (
                'title = "A"\n[parameters]\nbinz = 1\nshop = "x"\n[[page]]\nnotebook = "01_oen"\n'
                '[[page]]\nnotebook = "02_two"\n[page.parameters]\nbins = "4"\nbons = 1\n'
            ),
            [
                "there is no notebook '01_oen'; did you mean '01_one'?",
                "02_two: bins is '4'; it must be a whole number.",
                "02_two has no parameter 'bons'; did you mean 'bins'?",
                "no notebook here has a parameter 'binz'; did you mean 'bins'?",
                "02_two: shop is 'x'; it must be one of 'small', 'large'.",
            ],
        ),
        (
            'title = "A"\n[[page]]\nnotebook = "04_bare"\n[page.parameters]\nbins = 1\n',
            ["04_bare takes no parameters (no cell is tagged 'parameters'); it was given bins."],
        ),
        (
            (
                'title = "A"\n[[page]]\nnotebook = "01_one"\nafter = ["02_two"]\n'
                '[[page]]\nnotebook = "02_two"\nafter = ["01_one", "03_three"]\n'
            ),
            [
                "02_two: runs after '03_three', which is not in the suite; add it or leave it out.",
                "the notebooks wait for each other: 01_one after 02_two after 01_one.",
            ],
        ),
        (
            'title = "A"\n[[page]]\nnotebook = "01_one"\n[[page]]\nnotebook = "01_one"\n',
            ["notebook '01_one' is listed twice; list it once."],
        ),
    ],
)
def test_every_mistake_is_named(project, known, text, problems):
    with pytest.raises(BadInput) as caught:
        load(project, known, text)
    assert sorted(caught.value.problems) == sorted(problems)
    assert caught.value.what.startswith("The suite 's' (")


def test_a_suite_that_is_no_toml(project, known):
    with pytest.raises(BadInput, match=r"The suite .*s\.toml is no TOML: "):
        load(project, known, "title = ")


def test_an_unknown_suite_gets_a_hint(project, known):
    project.suite("tour", GOOD)
    with pytest.raises(BadInput, match="There is no suite 'toor'; did you mean 'tour'"):
        load_suite("toor", project.root, known)
    with pytest.raises(BadInput, match=r"There is no file no\.toml; name a suite of 'crm-lab list'"):
        load_suite("no.toml", project.root, known)
    assert list(suite_files(project.root)) == ["tour"]


def test_a_copy_with_parameters_is_a_page_like_any_other(known):
    assert list(known) == ["01_one", "02_two", "03_three", "04_bare", "my_copy"]


def test_a_broken_notebook_is_one_sentence(project, known):
    (project.root / "notebooks" / "01_one.ipynb").write_text("{", encoding="utf-8")
    with pytest.raises(BadInput, match=r"01_one\.ipynb is no notebook; restore it"):
        notebooks(project.root)["01_one"].question()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0", "'0' may be 01_one or 02_two; type more of it."),
        ("03", "There is no notebook '03'; there are 01_one, 02_two."),
        ("01_on_", "There is no notebook '01_on_'; did you mean '01_one'?"),
        ("", "There is no notebook ''; there are 01_one, 02_two."),
    ],
)
def test_a_prefix_must_be_unique(text, said):
    with pytest.raises(BadInput) as caught:
        pick(text, ["01_one", "02_two"])
    assert str(caught.value) == said


def test_questions_come_from_the_heading_and_in_chinese_from_the_catalogue(project):
    project.notebook("04_whom_to_call_first", title="04 · Whom do we call first?")
    project.notebook("05_other", title="Plain title")
    known = notebooks(project.root)
    assert known["04_whom_to_call_first"].question() == "Whom do we call first?"
    assert known["04_whom_to_call_first"].question("zh") == "先给谁打电话？"
    assert known["05_other"].question("zh") == "Plain title"


@pytest.mark.parametrize(
    ("said", "left_out"),
    [
        ("", ()),
        ("open_box = false\n", ("open-box", "teaching", "example")),
        ('[source]\nkind = "test"\n', ("teaching",)),
    ],
)
def test_exercises_run_on_the_labs_own_data_alone(project, known, said, left_out):
    assert load(project, known, f'title = "S"\n{said}[[page]]\nnotebook = "01_one"\n').left_out == left_out
