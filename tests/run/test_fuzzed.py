"""Random suites, settings and names; 10,000 of them in `make certify`."""

from crm_lab.project import project_root
from crm_lab.run.suites.notebook_file import notebooks
from tests.run.fuzzed import what_happens


def test_whatever_is_typed_is_a_plan_or_a_sentence(tmp_path):
    known = notebooks(project_root())
    assert [said for seed in range(400) for said in what_happens(seed, tmp_path, known)] == []
