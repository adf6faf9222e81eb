"""papermill itself understands pages' parameters, so that its `--help-notebook` and jupyter-scheduler show them.

Its pattern knows no annotation with quotes and no line with two equal signs: parameters with a list of choices, or with
settings as their default, are missing there, not in `crm-lab help`.
"""

import re
import warnings

import papermill
import pytest

from crm_lab.project import project_root
from crm_lab.run.suites.notebook_file import notebooks

PAGES = notebooks(project_root())


@pytest.mark.parametrize("name", PAGES)
def test_papermill_lists_all_parameters_with_their_comments(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = papermill.inspect_notebook(str(PAGES[name].path))
    cell = next(cell for cell in PAGES[name].cells if "parameters" in cell["metadata"].get("tags", []))
    choices = set(re.findall(r"^(\w+): Literal\[\"", "".join(cell["source"]), re.MULTILINE))
    settings = {parameter for parameter, value in PAGES[name].schema.defaults.items() if "=" in str(value)}
    declared = PAGES[name].schema.parameters.keys() - choices - settings
    assert {parameter: one["help"] != "" for parameter, one in found.items()} == dict.fromkeys(declared, True)
