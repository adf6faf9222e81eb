"""Whole runs through the command line: what is written, what failed, which exit code."""

import json

import pytest

pytestmark = pytest.mark.slow

PLAIN = 'title = "T"\n'


def pages(*names, after=None):
    waits = {name: f"after = {json.dumps(list(needs))}\n" for name, needs in (after or {}).items()}
    return PLAIN + "".join(f'[[page]]\nnotebook = "{name}"\n{waits.get(name, "")}' for name in names)


def test_a_good_run(project):
    project.notebook("01_one", project.publish, title="01 · How many?")
    project.suite("s", pages("01_one"))
    done = project.crm_lab("run", "s", "-p", "bins=7")
    assert done.returncode == 0, done.stderr
    run = project.root / "outputs" / "s" / "latest"
    assert run.is_symlink()
    assert [
        result["readout"]["finding"] for result in json.loads((run / "01_one/results.json").read_text())["results"]
    ] == ["found 7"]
    assert (run / "index.html").is_file()
    assert "found 7" in done.stdout
