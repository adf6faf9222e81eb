"""What docs/teaching.md says is held is tested under the names it gives, and its course covers every page."""

import re

from crm_lab.project import project_root

ROOT = project_root()
GUIDE = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "teach").rglob("test_*.py"))


def test_every_test_that_the_guide_names_exists():
    named = set(re.findall(r"`(test_\w+)`", GUIDE))
    assert len(named) >= 12
    assert [name for name in sorted(named) if f"def {name}(" not in TESTS] == []


def test_the_course_has_twelve_weeks_over_all_pages():
    weeks = re.findall(r"^\| (\d+) [^|]+\| ([\d, ]+) \|", GUIDE, flags=re.MULTILINE)
    assert [int(number) for number, _ in weeks] == list(range(1, 13))
    covered = {page for _, pages in weeks for page in pages.split(", ")}
    assert covered == {path.name[:2] for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")}


def test_limits_stand_in_the_guide_as_they_are():
    from crm_lab.teach.sandbox.sandbox import Limits

    limits = Limits()
    said = f"{limits.disk_mb} MB", f"{limits.memory_mb} MB", f"{limits.seconds} s", f"{limits.threads} threads"
    assert [number for number in said if number not in GUIDE] == []
    assert limits.report_kb == 2048
    assert limits.cell_seconds == limits.seconds / 2
