"""Whatever is handed in finds its student and page, or is named."""

import copy
import json

import pytest

from crm_lab.project import project_root
from crm_lab.run.committed.canonical import write_text
from crm_lab.teach.course.build_course import find_pages
from crm_lab.teach.course.course import plan_course
from crm_lab.teach.course.further_exercises import course_page
from crm_lab.teach.course.versions import student_notebook
from crm_lab.teach.gradebook.similarity import alike
from crm_lab.teach.grading.page_source import PageSource
from crm_lab.teach.grading.remarks import of_source
from crm_lab.teach.grading.submissions import NoNotebookError, collect, edits, read_notebook

EVERY_PAGE = find_pages(project_root(), [p.stem for p in sorted((project_root() / "notebooks").glob("[0-9]*.ipynb"))])


@pytest.fixture
def course(page, students):
    return plan_course([page], students, lang="en", salt="word")


@pytest.fixture
def notebook_of(course, page, page_content, students):
    def make(id_):
        student = next(s for s in students if s.id == id_)
        return student_notebook(page_content, course, student, page.name)

    return make


@pytest.fixture
def hand_in(tmp_path, notebook_of):
    folder = tmp_path / "in"

    def write(name, content="ada"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = write_text(notebook_of(content)) if content in ("ada", "ben", "li") else content
        path.write_text(text, encoding="utf-8")
        return folder

    return write


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("ada/40_how_many.ipynb", []),
        ("ada/my work (1).ipynb", ["submission.renamed"]),
        ("ada_40_how_many.ipynb", ["submission.renamed"]),
        ("week 1/40_how_many-Ada.ipynb", ["submission.renamed"]),
        ("whatever.ipynb", ["submission.renamed"]),
    ],
)
def test_files_are_found_by_folder_name_or_content(hand_in, course, name, keys):
    found, strays = collect(hand_in(name), course)
    assert not strays
    assert [r.key for r in found["ada", "40_how_many"].remarks] == keys


@pytest.mark.parametrize(
    "name", ["li/40_how_many_ada.ipynb", "li/ada/40_how_many.ipynb", "li/ada_40.ipynb", "li/x/ada.ipynb"]
)
def test_nobody_hands_in_for_another_by_a_name_in_their_own_folder(hand_in, course, name):
    found, _ = collect(hand_in(name, "ada"), course)
    assert set(found) == {("li", "40_how_many")}
    assert "submission.made_for" in {r.key for r in found["li", "40_how_many"].remarks}


def test_what_stands_inside_a_file_never_takes_the_place_of_a_file_by_name(hand_in, course):
    hand_in("ben/my work.ipynb", "ben")
    found, _ = collect(hand_in("upload/40_how_many.ipynb", "ben"), course)
    assert found["ben", "40_how_many"].name == "ben/my work.ipynb"
    assert "submission.passed_over" in {r.key for r in found["ben", "40_how_many"].remarks}


def test_a_mark_at_the_start_of_a_file_does_no_harm(hand_in, course):
    folder = hand_in("ada/40_how_many.ipynb")
    path = folder / "ada" / "40_how_many.ipynb"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    found, _ = collect(folder, course)
    assert found["ada", "40_how_many"].remarks == ()


def deep(n, inside="1"):
    return "[" * n + inside + "]" * n


def code(source):
    return json.dumps({"cells": [{"id": "solution-1", "cell_type": "code", "source": source}]})


HOSTILE = {
    "deep metadata": f'{{"cells": [], "metadata": {{"crm_lab": {{"student": {deep(400)}}}, "x": {deep(400)}}}}}',
    "deep source": f'{{"cells": [{{"source": [{deep(300)}], "metadata": {{"tags": [{deep(300)}]}}}}]}}',
    "too deep": deep(10**6),
    "many cells": json.dumps({"cells": [{}] * 10**6}),
    "much code": code("x = 1\n" * 10**6),
    "half a character": '{"cells": [{"id": "\\ud800", "cell_type": "code", "source": "a = \'\\ud800\\u0000\'"}]}',
    "types": '{"cells": [{"id": 7, "cell_type": {}, "source": {"a": 1}, "metadata": []}], "metadata": {"crm_lab": 1}}',
    "numbers": f'{{"cells": [{{"id": "a", "source": 1e999, "cell_type": NaN}}], "metadata": {"9" * 5000}}}',
    "long sum": code(f'check("40.q1", {"1+" * 4000}1)'),
    "parentheses": code("(" * 90_000),
    "bytes": "\udcff\udcfe",
    "nothing": "",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_stands_in_a_file_collecting_and_comparing_go_on(
    hand_in, course, page, page_content, notebook_of, name
):
    folder = hand_in("ben/40_how_many.ipynb", "ben")
    path = folder / "ada" / "40_how_many.ipynb"
    path.parent.mkdir()
    path.write_text(HOSTILE[name], encoding="utf-8", errors="surrogateescape")
    found, _ = collect(folder, course)
    assert found["ben", "40_how_many"].notebook is not None
    one = found["ada", "40_how_many"]
    if one.notebook is None:
        assert [r.key for r in one.remarks] == ["submission.no_notebook"]
    else:
        assert edits(one.notebook, notebook_of("ada"), PageSource.read(page).questions)
        of_source(one.notebook, notebook_of("ada"))
    assert alike(found, {"40_how_many": page_content}) == ()
    assert json.dumps([r.text("zh") for r in one.remarks]).encode()


@pytest.mark.parametrize("file", EVERY_PAGE, ids=lambda f: f.name)
def test_solutions_of_the_pages_use_nothing_that_is_unusual(file):
    solved = course_page(file)
    blank = copy.deepcopy(solved)
    for cell in blank.cells:
        cell.source = cell.source if "solution" not in cell.metadata.get("tags", []) else ""
    assert of_source(solved, blank) == ()


def test_a_notebook_made_for_another_student_is_named(hand_in, course):
    found, _ = collect(hand_in("ben/40_how_many.ipynb", "ada"), course)
    assert [str(r) for r in found["ben", "40_how_many"].remarks] == [
        "This notebook was made for ada; it was run on your own data."
    ]


@pytest.mark.parametrize("content", ["%PDF-1.4", "", "[]", '{"cells": 3}', '{"cells": [1]}', "[" * 100_000])
def test_what_is_no_notebook_is_named(hand_in, course, content):
    found, _ = collect(hand_in("ada/40_how_many.ipynb", content), course)
    (remark,) = found["ada", "40_how_many"].remarks
    assert remark.key == "submission.no_notebook"
    assert found["ada", "40_how_many"].notebook is None


def test_a_word_file_is_no_notebook_and_a_good_one_beside_it_counts(hand_in, course):
    hand_in("ada/40_how_many.docx", "PK")
    found, strays = collect(hand_in("ada/40_how_many.ipynb"), course)
    best = found["ada", "40_how_many"]
    assert best.path.suffix == ".ipynb"
    assert [r.key for r in best.remarks] == ["submission.passed_over"]
    assert not strays


def test_files_of_nobody_are_strays(hand_in, course):
    _, strays = collect(hand_in("zoe/notes.txt", "hello"), course)
    assert [stray.name for stray in strays] == ["zoe/notes.txt"]


def test_data_checkpoints_links_and_outputs_are_passed_over(hand_in, course, tmp_path):
    hand_in("ada/data_fashion/x.ipynb", "{}")
    hand_in("ada/.ipynb_checkpoints/40_how_many-checkpoint.ipynb")
    folder = hand_in("ada/call_list.csv", "a,b")
    (folder / "ada" / "40_how_many.ipynb").symlink_to("/etc/passwd")
    assert collect(folder, course) == ({}, ())


def test_a_huge_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("crm_lab.teach.grading.submissions._LARGEST_MB", 1e-6)
    (tmp_path / "x.ipynb").write_text("{}" * 10, encoding="utf-8")
    with pytest.raises(NoNotebookError, match="larger than"):
        read_notebook(tmp_path / "x.ipynb")


def test_strange_cells_are_read_as_far_as_they_go(tmp_path):
    cells = [{"cell_type": 3, "source": ["a\n", 5], "metadata": "x"}, {"id": 7}]
    (tmp_path / "x.ipynb").write_text(json.dumps({"cells": cells, "metadata": []}), encoding="utf-8")
    notebook = read_notebook(tmp_path / "x.ipynb")
    assert [cell.source for cell in notebook.cells] == ["a\n5", ""]


def edited(notebook, id_, change):
    for cell in list(notebook.cells):
        if cell.id == id_:
            new = change(cell.source)
            if new is None:
                notebook.cells.remove(cell)
            else:
                cell.source = new
    return notebook


@pytest.mark.parametrize(
    ("id_", "change", "keys"),
    [
        ("solution-1", lambda s: s.replace("...", "len(orders)", 1), []),
        ("solution-1", lambda s: s.replace('"count")', '"count", hint=2)'), []),
        ("solution-1", lambda s: s.replace('"count"', '"label"'), ["submission.check_changed"]),
        ("solution-1", lambda s: s.split("check(")[0], ["submission.check_changed"]),
        ("solution-1", lambda _: None, ["submission.exercise_gone"]),
        ("load", lambda _: None, ["submission.cells_gone"]),
        ("load", lambda s: s + "\norders = orders.head()", ["submission.cells_changed"]),
    ],
)
def test_changes_that_should_not_be_are_named(notebook_of, page, id_, change, keys):
    handed_out = notebook_of("ada")
    handed_in = edited(notebook_of("ada"), id_, change)
    assert [m.key for m in edits(handed_in, handed_out, PageSource.read(page).questions)] == keys


def test_an_answer_cell_that_is_there_twice_is_named(notebook_of, page):
    handed_in = notebook_of("ada")
    cell = next(cell for cell in handed_in.cells if cell.id == "solution-1")
    handed_in.cells.append(copy.deepcopy(cell))
    (said,) = edits(handed_in, notebook_of("ada"), PageSource.read(page).questions)
    assert str(said) == "The cell of 40.q1 is there 2 times; the value after the last of them counts."


def test_a_file_that_cannot_be_opened_is_no_notebook(tmp_path):
    with pytest.raises(NoNotebookError):
        read_notebook(tmp_path)


def test_an_exercise_whose_id_a_tool_changed_is_found_by_its_check(notebook_of, page):
    handed_in = notebook_of("ada")
    next(cell for cell in handed_in.cells if cell.id == "solution-1")["id"] = "a1b2c3"
    assert not edits(handed_in, notebook_of("ada"), PageSource.read(page).questions)
