"""The parameters cell: read without running it, values checked and coerced, errors as sentences."""

import json
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crm_lab
from crm_lab.checks import BadInput
from crm_lab.run.in_kernel.check_params import check_params
from crm_lab.run.parameters.schema import Text, schema_of
from crm_lab.run.parameters.types import NotOfTypeError, from_text, spelled, validated

CELL = '''\
"""What may be changed."""
from typing import Literal

# how it is cut
source: Literal["complete_journey", "cdnow"] = "complete_journey"  # where from
as_of: str = "2017-12-31"  # last day that counts
bins: int = 5  # quantile bins # per dimension
alpha: float | None = None
hash_sign: str = "# no comment"
weights: dict[str, float] = {
    "r": 0.5,
    "f": 0.5,
}  # by dimension
tiers: list[str] = ["A", "B"]
dry: bool = False
'''


@pytest.fixture(scope="module")
def schema():
    return schema_of(CELL, "04_call")


def test_reads_names_types_defaults_and_comments(schema):
    read = {p.name: (p.spelled, p.default, p.comment) for p in schema.parameters.values()}
    assert read == {
        "source": ("Literal['complete_journey', 'cdnow']", "complete_journey", "where from"),
        "as_of": ("str", "2017-12-31", "last day that counts"),
        "bins": ("int", 5, "quantile bins # per dimension"),
        "alpha": ("float | None", None, ""),
        "hash_sign": ("str", "# no comment", ""),
        "weights": ("dict[str, float]", {"r": 0.5, "f": 0.5}, "by dimension"),
        "tiers": ("list[str]", ["A", "B"], ""),
        "dry": ("bool", False, ""),
    }
    assert schema.parameters["source"].choices == ("complete_journey", "cdnow")


def test_reading_runs_nothing(tmp_path):
    target = tmp_path / "written"
    with pytest.raises(BadInput) as caught:
        schema_of(f"x: int = open({str(target)!r}, 'w').write('1')\ny: open({str(target)!r}, 'w') = 1", "n")
    assert not target.exists()
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("bins = 5", "line 1, 'bins = 5', is no parameter; write 'name: type = literal  # comment'."),
        ("bins: int", "line 1, 'bins: int', is no parameter; write 'name: type = literal  # comment'."),
        ("print(1)", "line 1, 'print(1)', is no parameter; write 'name: type = literal  # comment'."),
        ("half: float = 1 / 2", "half is '1 / 2'; a default must be a literal, not computed."),
        ("bins: int = 'five'", "bins is 'five' by default; it must be a whole number."),
        (
            "day: date = '2017-12-31'",
            "day has the type 'date'; it must be of str, int, float, bool, None, Literal, list or dict.",
        ),
        ("a: int = 1\na: int = 2", "a is declared twice."),
        (
            "as_of: str = 'yesterday'",
            "as_of is 'yesterday' by default; it must be a date like 2017-12-31, or \"latest\".",
        ),
    ],
)
def test_a_cell_that_is_more_than_parameters_is_refused(cell, problem):
    with pytest.raises(BadInput) as caught:
        schema_of(cell, "n")
    assert caught.value.problems == (problem,)


def test_a_cell_that_is_no_python_is_refused():
    with pytest.raises(BadInput, match=r"The parameters cell of n is no Python: .*, line 2\."):
        schema_of("a: int = 1\nb: int = = 2", "n")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("bins", "7", 7),
        ("alpha", "0.1", 0.1),
        ("alpha", "1", 1.0),
        ("alpha", "none", None),
        ("dry", "yes", True),
        ("dry", "False", False),
        ("source", "cdnow", "cdnow"),
        ("as_of", "latest", "latest"),
        ("as_of", "20171231", "2017-12-31"),
        ("hash_sign", "7", "7"),
        ("hash_sign", "", ""),
        ("tiers", "A, B,C", ["A", "B", "C"]),
        ("tiers", "['A']", ["A"]),
        ("weights", "{'r': 1}", {"r": 1.0}),
    ],
)
def test_text_of_the_command_line_is_coerced(schema, name, text, value):
    got = schema.values({name: Text(text)})[name]
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("bins", Text("abc"), "'abc'; it must be a whole number."),
        ("bins", Text("5.5"), "'5.5'; it must be a whole number."),
        ("bins", Text("True"), "'True'; it must be a whole number."),
        ("bins", "5", "'5'; it must be a whole number."),
        ("bins", True, "True; it must be a whole number."),
        ("bins", 5.0, "5.0; it must be a whole number."),
        ("alpha", Text("nan"), "'nan'; it must be a number or none."),
        ("alpha", float("inf"), "inf; it must be a number or none."),
        ("source", Text("cd"), "'cd'; it must be one of 'complete_journey', 'cdnow'."),
        ("as_of", Text("2017-13-01"), "'2017-13-01'; it must be a date like 2017-12-31, or \"latest\"."),
        ("hash_sign", 5, "5; it must be text."),
        ("tiers", ["A", 1], "['A', 1]; it must be a list, each text."),
        ("weights", {"r": "x"}, "{'r': 'x'}; it must be a table of names, each a number."),
        ("dry", Text("perhaps"), "'perhaps'; it must be true or false."),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(schema, name, value, rule):
    with pytest.raises(BadInput) as caught:
        schema.values({name: value})
    assert caught.value.problems == (f"04_call: {name} is {rule}",)


def test_all_problems_are_named_at_once_and_misspellings_get_a_hint(schema):
    with pytest.raises(BadInput) as caught:
        schema.values({"bin": 3, "bins": "x", "zzz": 1})
    assert caught.value.problems == (
        "04_call has no parameter 'bin'; did you mean 'bins'?",
        "04_call: bins is 'x'; it must be a whole number.",
        "04_call has no parameter 'zzz'; there are source, as_of, bins, alpha, hash_sign, weights, tiers, dry.",
    )


def test_a_notebook_without_a_cell_takes_no_parameters():
    with pytest.raises(BadInput, match=r"n takes no parameters .* it was given bins"):
        schema_of(None, "n").values({"bins": 3})


def test_json_schema_has_types_defaults_and_comments(schema):
    content = json.loads(json.dumps(schema.json_schema()))
    assert content["properties"]["bins"] == {
        "type": "integer",
        "default": 5,
        "description": "quantile bins # per dimension",
    }
    assert content["properties"]["source"]["enum"] == ["complete_journey", "cdnow"]
    assert content["additionalProperties"] is False


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans())
def test_a_number_written_down_is_read_back(value):
    assert from_text(str(value), type(value)) == value


@given(st.text(), st.sampled_from([int, float, bool, list[int], dict[str, int], Literal["a"], int | None]))
def test_no_text_breaks_the_reader_and_what_it_reads_is_of_the_type(text, kind):
    try:
        value = from_text(text, kind)
    except NotOfTypeError:
        return
    assert validated(value, kind) == value


def test_types_are_spelled_as_written():
    assert [spelled(k) for k in (int, list[int], float | None, Literal["a", 1])] == [
        "int",
        "list[int]",
        "float | None",
        "Literal['a', 1]",
    ]


class TestCheckParams:
    """Inside a notebook: IPython keeps the cells in ``In`` and the annotations of the module."""

    @staticmethod
    def namespace(*cells):
        names = {"In": ["", *cells]}
        for cell in cells:
            exec(cell, names)  # noqa: S102 - this is what a kernel does
        return names

    def test_is_reachable_from_the_package(self):
        assert crm_lab.check_params is check_params

    def test_the_defaults_pass(self):
        assert check_params(self.namespace(CELL)) is None

    def test_an_injected_value_passes_if_it_is_of_the_type(self):
        check_params(self.namespace(CELL, "# Parameters\nbins = 9\n", "x = 1\nx: str = 'a'"))

    def test_an_injected_value_of_another_type_is_refused(self):
        names = self.namespace(CELL, '# Parameters\nbins = "9"\nsource = "x"\nas_of = "soon"')
        with pytest.raises(BadInput) as caught:
            check_params(names)
        assert caught.value.what == "The parameters of this notebook cannot be used"
        assert sorted(caught.value.problems) == [
            "as_of is 'soon'; it must be a date like 2017-12-31, or \"latest\".",
            "bins is '9'; it must be a whole number.",
            "source is 'x'; it must be one of 'complete_journey', 'cdnow'.",
        ]

    def test_a_name_that_papermill_injected_and_no_cell_declares_is_refused(self):
        with pytest.raises(BadInput, match=r"has no parameter 'bin'; did you mean 'bins'\?"):
            check_params(self.namespace(CELL, "# Parameters\nbin = 9"))

    def test_other_annotated_names_and_magics_are_passed_over(self):
        names = self.namespace(CELL, "import decimal\nd: decimal.Decimal = decimal.Decimal(1)\nn: 'no such' = 1")
        names["In"].append("%matplotlib inline")
        check_params(names)
        del names["In"]
        check_params(names)

    @pytest.mark.parametrize("kept", ["In", "__annotations__"])
    def test_works_in_a_script_and_where_python_keeps_annotations_elsewhere(self, kept):
        names = self.namespace(CELL, "bins = 'nine'")
        del names[{"In": "__annotations__", "__annotations__": "In"}[kept]]
        with pytest.raises(BadInput, match="bins is 'nine'; it must be a whole number"):
            check_params(names)
