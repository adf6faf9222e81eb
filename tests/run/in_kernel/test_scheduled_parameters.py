"""What jupyter-scheduler writes into a notebook is read by type, or refused in a sentence."""

from types import SimpleNamespace

import pytest

from crm_lab.checks import BadInput
from crm_lab.run.in_kernel.check_params import check_params
from crm_lab.run.in_kernel.scheduled_parameters import as_given, read_scheduled_parameters

CELL = """from typing import Literal

bins: int = 5  # how many (2..)
as_of: str = "2017-12-31"  # last day that counts
shop: Literal["small", "large"] = "small"  # where from
share: float = 0.5  # how much
days: list[int] = [30, 60]  # when
cap: int | None = None  # at most
exact: bool = False  # whether
"""


def given(text):
    """What the notebook's names are after the cell that a scheduler wrote, as `check_params` sees them."""
    cell = "".join(as_given(text.splitlines(keepends=True), CELL))
    namespace = {}
    exec(CELL, namespace)  # noqa: S102 - as a kernel does
    exec(cell, namespace)  # noqa: S102 - as a kernel does
    check_params({**namespace, "In": ["", CELL, cell]})
    return namespace


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("bins = 4", "bins", 4),
        ("as_of = 2017-11-30", "as_of", "2017-11-30"),
        ('as_of = "2017-11-30"', "as_of", "2017-11-30"),
        ("as_of = latest", "as_of", "latest"),
        ("shop = large", "shop", "large"),
        ("share = 1", "share", 1.0),
        ("days = [7, 14]", "days", [7, 14]),
        ("days = 7,14", "days", [7, 14]),
        ("cap = none", "cap", None),
        ("exact = true", "exact", True),
        ("bins = 4\nshop = 'large'\n", "shop", "large"),
    ],
)
def test_a_value_is_what_its_type_makes_of_it(text, name, value):
    assert given(text)[name] == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("bins = four", "bins is 'four'; it must be a whole number"),
        ('bins = "four"', "bins is 'four'; it must be a whole number"),
        ("bns = 4", "has no parameter 'bns'; did you mean 'bins'?"),
        ("shop = middle", "shop is 'middle'; it must be one of 'small', 'large'"),
        ("as_of = 2017-13-01", "as_of is '2017-13-01'; it must be a date like 2017-12-31"),
        ("bins = __import__('os').getpid()", "bins is \"__import__('os').getpid()\"; it must be a whole number"),
        ("bins = 4\nshop = nowhere", "shop is 'nowhere'"),
    ],
)
def test_what_cannot_be_used_is_refused_in_our_words(text, problem):
    with pytest.raises(BadInput) as refused:
        given(text)
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    "text",
    ["", "# Parameters\nbins = 4\n", "import pandas as pd\n", "bins = 4\nprint(bins)\n", "a, b = 1, 2\n", "x += 1\n"],
)
def test_other_cells_stay_as_they_are(text):
    lines = text.splitlines(keepends=True)
    assert as_given(lines, CELL) == lines
    assert as_given(["bins = four\n"], "import os\n") == ["bins = four\n"]


@pytest.mark.parametrize(
    ("variable", "count", "read"), [(None, 2, True), (None, 3, False), ("JPY_SESSION_NAME", 2, False)]
)
def test_only_the_second_cell_of_a_notebook_that_nobody_types_in(monkeypatch, variable, count, read):
    for name in ("JPY_SESSION_NAME", "VSCODE_PID", "VSCODE_CWD"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, "x")
    shell = SimpleNamespace(user_ns={"In": ["", CELL]}, execution_count=count, input_transformers_cleanup=[])
    read_scheduled_parameters(shell)
    lines = ["shop = large\n"]
    for transform in shell.input_transformers_cleanup:
        lines = transform(lines)
    assert (lines != ["shop = large\n"]) == read
