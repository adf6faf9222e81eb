"""One page a store, city or segment: found in the data, named for good, refused where there are too many."""

import pytest

from crm_lab.checks import BadInput
from crm_lab.run.suites.matrix import slugs_of, with_parts
from crm_lab.run.suites.notebook_file import notebooks
from crm_lab.run.suites.plan import make_plan
from crm_lab.run.suites.suite import load_suite

PARAMETERS = 'source: str = "shop"  # a\nbins: int = 5  # c\n'
SUITE = """
title = "A"
[[page]]
notebook = "01_one"
[[page]]
notebook = "01_one"
each = "store"
[[page]]
notebook = "02_two"
each = "store"
after = ["01_one"]
{more}
[[page]]
notebook = "03_three"
after = ["02_two"]
"""


class Data:
    """A source with three stores and no cities."""

    values = ("Bonn", "Ulm", "Ulm (Süd)")

    def parts(self, source, by):
        if by != "store":
            raise BadInput(f"Parts cannot be told by {by!r}; these data have store_id.")
        return {value: f"{source},store_id={value}" for value in self.values}


@pytest.fixture
def planned(project):
    for name in ("01_one", "02_two", "03_three"):
        project.notebook(name, parameters=PARAMETERS)
    project.notebook("04_bare", parameters="bins: int = 5  # c\n")
    known = notebooks(project.root)

    def plan(*settings, only=(), more="", data=None, text=SUITE):
        project.suite("s", text.format(more=more))
        return with_parts(make_plan(load_suite("s", project.root, known), known, settings, only), data or Data())

    return plan


def test_a_page_a_store_each_after_that_of_its_own_store(planned):
    pages = {page.name: page for page in planned("bins=7").pages}
    slugs = ["Bonn", "Ulm", "Ulm_Süd-856d"]
    assert list(pages) == [
        "01_one", *(f"01_one-{s}" for s in slugs), *(f"02_two-{s}" for s in slugs), "03_three",
    ]  # fmt: skip
    assert pages["02_two-Ulm_Süd-856d"].given == {"source": "shop,store_id=Ulm (Süd)", "bins": 7}
    assert pages["02_two-Bonn"].after == ("01_one-Bonn",)
    assert pages["03_three"].after == tuple(f"02_two-{s}" for s in slugs)
    assert pages["01_one"].given == {"bins": 7}


@pytest.mark.parametrize(
    ("only", "names"),
    [
        ("02_two-Ulm", ["02_two-Ulm"]),
        ("02", ["02_two-Bonn", "02_two-Ulm", "02_two-Ulm_Süd-856d"]),
        ("03", ["03_three"]),
        ("01_one-Bonn", ["01_one-Bonn"]),
    ],
)
def test_one_of_them_can_be_run_alone(planned, only, names):
    plan = planned(only=(only,))
    assert [page.name for page in plan.pages] == names
    assert all(page.after == () for page in plan.pages)


def test_some_of_them_by_name(planned):
    names = [page.name for page in planned(more='each_of = ["Ulm", "Ulm", "Bonn"]').pages]
    assert [name for name in names if name.startswith("02")] == ["02_two-Ulm", "02_two-Bonn"]


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("each_at_most = 2", "02_two: the data have 3 values of store ('Bonn', 'Ulm', 'Ulm (Süd)' …), and"),
        ("each_at_most = 2", "the suite allows 2 pages: name those you want in each_of, or raise each_at_most."),
        ('each_of = ["Bon"]', "02_two: there is no store 'Bon'; did you mean 'Bonn'?"),
        ("each_at_most = 0", "each_at_most: 0 cannot be used: input should be greater than or equal to 1."),
        ('[[page]]\nnotebook = "03_three"\neach = "city"', "03_three: Parts cannot be told by 'city'"),
        ('[[page]]\nnotebook = "04_bare"\neach = "store"', "04_bare: each needs a page with a parameter 'source'"),
        ('[[page]]\nnotebook = "04_bare"\neach_of = ["Bonn"]', "04_bare: each_of needs each, which says of what."),
        ('[[page]]\nnotebook = "01_one"\neach = "store"', "notebook '01_one, each store' is listed twice"),
        ('[page.parameters]\nsource = ""', "02_two: each store needs a source; name it in the suite."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_anything_runs(planned, more, problem):
    with pytest.raises(BadInput) as refused:
        planned(more=more)
    assert problem in str(refused.value)


def test_a_part_that_is_not_there_and_data_without_parts(planned):
    with pytest.raises(BadInput, match="there is no page '02_two-Berlin'"):
        planned(only=("02_two-Berlin",))
    empty = Data()
    empty.values = ()
    with pytest.raises(BadInput, match="01_one: the data 'shop' have no store"):
        planned(data=empty)


@pytest.mark.parametrize("others", [[], ["Ulm", "x"], ["Bonn!", "367"]])
def test_the_name_of_a_part_is_its_own_whatever_other_parts_there_are(others):
    values = ["Bonn", "北京店", "a/b", "..", "x" * 300, "Köln Mitte", "\n"]
    slugs = slugs_of([*values, *others])
    assert {value: slugs[value] for value in values} == slugs_of(values)
    assert len(set(slugs.values())) == len(slugs)
    assert all("/" not in slug and slug.strip(".") and len(slug.encode()) <= 130 for slug in slugs.values())


def test_names_that_differ_only_in_capitals_are_two_files():
    slugs = slugs_of(["bonn", "Bonn"])
    assert len({slug.casefold() for slug in slugs.values()}) == 2
