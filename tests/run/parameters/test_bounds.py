"""Numbers outside their bounds are refused before a kernel starts, in the words of the comment's bounds."""

import json

import nbformat
import pytest

from crm_lab.checks import BadInput
from crm_lab.project import project_root
from crm_lab.run.parameters.schema import Text, notebook_schema, schema_of

CELL = """\
bins: int = 5  # scores per dimension (2..10)
share: float = 0.2  # of all (0<..<1)
n: int | None = None  # (1..)
"""


@pytest.fixture
def schema():
    return schema_of(CELL, "page")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"bins": 99}, "page: bins is 99; it must be a whole number from 2 to 10."),
        ({"bins": Text("1")}, "page: bins is '1'; it must be a whole number from 2 to 10."),
        ({"share": 0.0}, "page: share is 0.0; it must be a number above 0 and below 1."),
        ({"share": Text("1")}, "page: share is '1'; it must be a number above 0 and below 1."),
        ({"n": 0}, "page: n is 0; it must be a whole number or none of 1 or more."),
    ],
)
def test_what_lies_outside_is_refused(schema, given, sentence):
    assert schema.problems(given) == [sentence]


def test_what_lies_inside_is_taken(schema):
    assert schema.values({"bins": 10, "share": 0.999, "n": None}) == {"bins": 10, "share": 0.999, "n": None}
    assert schema.json_schema()["properties"]["bins"] | {"description": ""} == {
        "type": "integer", "minimum": 2, "maximum": 10, "default": 5, "description": "",
    }  # fmt: skip


def test_a_default_outside_its_own_bounds_is_refused():
    with pytest.raises(BadInput, match="bins is 99 by default; it must be a whole number from 2 to 10"):
        schema_of("bins: int = 99  # (2..10)", "page")


def test_the_command_ends_with_2_and_runs_nothing(project):
    project.notebook("01_one", "1 / 0", parameters="bins: int = 5  # scores (2..10)")
    project.suite("s", 'title = "S"\n[[page]]\nnotebook = "01_one"\n')
    said = project.crm_lab("run", "s", "-p", "bins=99")
    assert said.returncode == 2
    assert "bins is '99'; it must be a whole number from 2 to 10" in said.stderr
    assert not (project.root / "outputs" / "s").exists() or not project.runs("s")


SHARES = (
    "share",
    "margin",
    "top",
    "holdout",
    "alpha",
    "power",
    "capacity",
    "target",
    "save_rate",
    "ship_at",
    "stop_at",
)


@pytest.mark.parametrize("path", sorted((project_root() / "notebooks").glob("[0-9]*.ipynb")), ids=lambda p: p.stem[:2])
def test_every_share_and_length_of_a_page_has_bounds(path):
    schema = notebook_schema(nbformat.read(path, as_version=4))
    free = [
        name
        for name, parameter in schema.parameters.items()
        if (parameter.spelled == "float" and name.rpartition("_")[2] in {s.rpartition("_")[2] for s in SHARES})
        or (parameter.spelled == "int" and name.endswith("_days"))
        if not parameter.bounds.words()
    ]
    assert not free
    json.dumps(schema.json_schema())
