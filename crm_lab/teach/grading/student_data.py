"""What a run may read of its student's data: built before any submission runs, by the lab's own code alone."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from crm_lab.teach.course.build_course import write_data
from crm_lab.teach.course.course import Assigned, shared_sources
from crm_lab.teach.course.roster import Student
from crm_lab.teach.grading.trials import fault_in_solution, tried
from crm_lab.teach.sandbox.pool import Server
from crm_lab.teach.sandbox.sandbox import Cell, Job, Limits, Ran

WORKSPACES: Final = "workspaces"
_BUILDING: Final = Limits(seconds=600, cell_seconds=600, disk_mb=4096)


@dataclass(frozen=True)
class StudentData:
    """Data folders and workspaces in a temporary folder.

    Attributes:
        server: Runs what builds them.
        base: The folder.
        samples: What pages open by its path in the project, by that path.
    """

    server: Server
    base: Path
    samples: Mapping[str, str]
    _locks: dict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))

    def readable(self, student: Student, page: str, given: Assigned) -> dict[str, str]:
        """Places for a job on a page, by their path in its folder; whatever is missing is built first.

        Args:
            student: Whose data.
            page: Name of the page.
            given: The data assigned on it.
        """
        own = self._data_folder(student, given)
        source = str(given.parameters["source"])
        found = {**own, **self.samples}
        for name in (source, *shared_sources([page])):
            beside = own if name == source else {}
            built = self._built(f"{student.id}/{name}" if beside else name, name, beside)
            found |= {f"{WORKSPACES}/{folder.name}": str(folder) for folder in _workspaces(built)}
        return found

    def _data_folder(self, student: Student, given: Assigned) -> dict[str, str]:
        """A simulated retailer of the student's own, where the page has one."""
        if not given.scenario:
            return {}
        with self._locks[f"data/{student.id}"]:
            write_data(given, self._folder("data", student.id))
        return {given.folder: str(self.base / "data" / _short(student.id) / given.folder)}

    def _built(self, key: str, source: str, beside: dict[str, str]) -> Path:
        with self._locks[key]:
            if not _workspaces(folder := self._folder("built", key)):
                cell = Cell("build", f"from crm_lab import open_workspace\nopen_workspace({source!r})")
                tried(lambda: self._build(cell, beside, folder), lambda ran: fault_in_solution(ran, ()))
        return folder

    def _build(self, cell: Cell, beside: Mapping[str, str], folder: Path) -> Ran:
        """Build into an empty folder; what was left half built goes away."""
        for left in folder.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        ran = self.server.run(Job((cell,), readable=beside, writable={WORKSPACES: str(folder)}, limits=_BUILDING))
        if fault_in_solution(ran, ()):
            for file in folder.glob("*/workspace.json"):
                file.unlink()
        return ran

    def _folder(self, kind: str, key: str) -> Path:
        folder = self.base / kind / _short(key)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def _workspaces(folder: Path) -> list[Path]:
    return sorted(file.parent for file in folder.glob("*/workspace.json"))
