"""A throw-away project: notebooks and suites that do what a test needs."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import crm_lab
from tests.forked_commands import CommandServer

PACKAGE_PARENT = str(Path(crm_lab.__file__).parents[1])

PUBLISH = """
from IPython.display import display
readout = {"finding": f"found {bins}", "certainty": "sure", "action": "act"}
data = {"source": shop, "title": "T", "simulated": False,
        "as_of": as_of, "last_day": "2017-12-31", "rows": 3, "key": "k1"}
bundle = {"schema": 1, "id": "x", "kind": "X", "headline": True, "lang": "en", "readout": readout, "keys": {},
          "facts": [], "refusal": None, "simulated": False, "data": data}
display({"application/vnd.crm-lab.result+json": bundle, "text/plain": "x"}, raw=True)
"""
PARAMETERS = """\
from typing import Literal

shop: Literal["small", "large"] = "small"  # where from
as_of: str = "2017-12-31"  # last day that counts
bins: int = 5  # how many
"""


@dataclass
class Project:
    """A project folder, and the command line in it."""

    root: Path
    server: CommandServer | None = None
    publish = PUBLISH

    def notebook(self, name, *cells, parameters=PARAMETERS, title=None):
        """Write a notebook: its parameters cell, then code cells."""
        heading = {"cell_type": "markdown", "source": f"# {title or name}", "id": "title", "metadata": {}}
        sources = ([parameters] if parameters is not None else []) + list(cells)
        code = [
            {
                "cell_type": "code",
                "source": source,
                "id": f"c{i}",
                "metadata": {"tags": ["parameters"]} if i == 0 and parameters is not None else {},
                "outputs": [],
                "execution_count": None,
            }
            for i, source in enumerate(sources)
        ]
        kernel = {"kernelspec": {"name": "crm-lab", "display_name": "crm_lab", "language": "python"}}
        content = {"cells": [heading, *code], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
        path = self.root / "notebooks" / f"{name}.ipynb"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    def suite(self, name, text):
        """Write a suite."""
        path = self.root / "suites" / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def env(self):
        """The environment of a command in this project."""
        paths = os.pathsep.join(filter(None, [PACKAGE_PARENT, os.environ.get("PYTHONPATH")]))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CRM_LAB_", "COV_"))}
        return {**kept, "CRM_LAB_HOME": str(self.root), "PYTHONPATH": paths}

    def start(self, *arguments):
        """Start ``crm-lab`` in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "crm_lab.cli", *arguments],
            cwd=self.root,
            env=self.env(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def crm_lab(self, *arguments):
        """Run ``crm-lab`` to its end: its exit code and what it wrote."""
        if self.server is not None:
            return self.server.run(self.root, self.env(), *arguments)
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def runs(self, suite):
        """The published runs of a suite."""
        folder = self.root / "outputs" / suite
        return sorted(p for p in folder.glob("[0-9]*") if p.is_dir())

    def manifest(self, suite, run="latest"):
        """A run's manifest."""
        return json.loads((self.root / "outputs" / suite / run / "manifest.json").read_text(encoding="utf-8"))


def empty_project(root):
    for folder in ("notebooks", "suites", "outputs"):
        (root / folder).mkdir()
    return Project(root)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project, home of this test."""
    monkeypatch.setenv("CRM_LAB_HOME", str(tmp_path))
    return empty_project(tmp_path)


@pytest.fixture(scope="module")
def make_project(tmp_path_factory):
    """Makes an empty project that several tests look at."""
    return lambda: empty_project(tmp_path_factory.mktemp("project"))
