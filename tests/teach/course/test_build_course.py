"""One page gives the student's notebook and the solution; nothing of the answer stays in the student's."""

import json
import re

import pytest

from crm_lab import BadInput
from crm_lab.messages import LANGUAGES, Message, catalogue
from crm_lab.project import project_root
from crm_lab.teach.answers import hints
from crm_lab.teach.course.build_course import build, find_pages
from crm_lab.teach.course.course import Course, plan_course
from crm_lab.teach.course.further_exercises import course_page
from crm_lab.teach.course.questions import questions_of
from crm_lab.teach.course.task_texts import task_of
from crm_lab.teach.course.versions import BOX, filled_in, runnable, solution_notebook, with_values
from crm_lab.teach.grading.page_source import PageSource
from crm_lab.teach.grading.proof import leaks

ANSWERS = {"40.q1": 4711, "40.q2": 0.12345}


@pytest.fixture
def course(page, students):
    return plan_course([page], students, lang="en", salt="word")


@pytest.fixture
def built(course, page, tmp_path):
    build(course, [page], tmp_path / "out")
    return tmp_path / "out"


def test_folders_of_a_course(built):
    assert sorted(p.name for p in built.iterdir()) == ["instructor", "students", "submitted"]
    assert sorted(p.name for p in (built / "students").iterdir()) == ["ada", "ben", "li"]
    assert [p.name for p in (built / "students" / "ada").iterdir()] == ["40_how_many.ipynb"]


def test_the_students_notebook_has_own_data_and_no_solution(built, read, page):
    notebook = read(built / "students" / "ada" / "40_how_many.ipynb")
    sources = {cell.id: cell.source for cell in notebook.cells}
    assert "Ada Lovelace" in sources["cover"]
    assert sources["parameters"].startswith("source: str = 'cdnow_sample,customers=")
    assert sources["solution-1"].endswith(
        'answer_1 = ...  # your answer in place of ...\ncheck("40.q1", answer_1, "count")'
    )
    assert not list(leaks(built / "students" / "ada" / page.path.name, PageSource.read(page), ANSWERS, _ada(built)))


def _ada(built):
    return Course.read(built / "instructor").students[0]


def test_the_filled_in_notebook_is_the_solution(built, read, page, page_content):
    student = read(built / "students" / "ada" / "40_how_many.ipynb")
    full = filled_in(student, page_content)
    solution = solution_notebook(page_content, Course.read(built / "instructor").given["ada"][page.name])
    assert [c.source for c in full.cells if c.id != "cover"] == [c.source for c in solution.cells]


def test_students_have_different_data_and_the_same_salt_gives_the_same(course, page, students):
    sources = [course.given[s.id][page.name].parameters["source"] for s in students]
    assert len(set(sources)) == len(students)
    assert plan_course([page], students, lang="en", salt="word") == course
    assert plan_course([page], students, lang="en", salt="other").given != course.given


def test_the_course_file_says_all_that_grading_needs(course, built):
    assert Course.read(built / "instructor") == course


def test_chinese_courses_speak_chinese(page, students, tmp_path, read):
    build(plan_course([page], students, lang="zh", salt="word"), [page], tmp_path / "zh")
    notebook = read(tmp_path / "zh" / "students" / "li" / "40_how_many.ipynb")
    assert "李雷" in notebook.cells[1].source
    assert notebook.cells[2].source.endswith('os.environ["CRM_LAB_LANG"] = "zh"')
    assert "用你的答案替换" in "".join(cell.source for cell in notebook.cells)


def test_a_chinese_course_has_no_english_question_hint_or_blank(students, tmp_path, read):
    root = project_root()
    pages = find_pages(root, [f.stem for f in sorted((root / "notebooks").glob("[0-9]*.ipynb"))])
    build(plan_course(pages, students[2:], lang="zh", salt="word"), pages, tmp_path / "zh")
    for page in pages:
        notebook = read(tmp_path / "zh" / "students" / "li" / page.path.name)
        asked = questions_of(course_page(page))
        texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
        assert not [q.id for q in asked if any(q.task in text for text in texts)]
        assert all(any(task_of(q, "zh") in text for text in texts) for q in asked)
        assert all(len(hints(q.id, 2)) == 2 for q in asked)
        assert "## Exercises" not in "\n".join(texts)
        kept = [cell.metadata for cell in course_page(page).cells if BOX not in cell.metadata.get("tags", [])]
        written = {metadata["zh"] for metadata in kept if "zh" in metadata}
        assert len(written) > 5
        assert written <= set(texts)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_page_of_the_lab_hands_out_what_could_be_a_hash_or_another_language(students, tmp_path, read, lang):
    root = project_root()
    pages = find_pages(root, [f.stem for f in sorted((root / "notebooks").glob("[0-9]*.ipynb"))])
    build(plan_course(pages, students[:1], lang=lang, salt="word"), pages, tmp_path / "out")
    for page in pages:
        path = tmp_path / "out" / "students" / "ada" / page.path.name
        assert [str(leak) for leak in leaks(path, PageSource.read(page), {}, students[0])] == []
        assert all(set(cell.metadata) <= {"tags", "slideshow"} for cell in read(path).cells)


def test_the_catalogue_asks_what_the_pages_ask():
    root = project_root()
    pages = find_pages(root, [f.stem for f in sorted((root / "notebooks").glob("[0-9]*.ipynb"))])
    asked = {f"task.{q.id}": q.task for page in pages for q in questions_of(course_page(page))}
    said = {key: Message(key).text("en") for key in catalogue("en") if key.startswith("task.")}
    assert said == asked


def test_a_course_of_all_pages_has_sixty_exercises_and_each_has_hints_and_an_id_of_its_own():
    root = project_root()
    pages = find_pages(root, [f.stem for f in sorted((root / "notebooks").glob("[0-9]*.ipynb"))])
    ids = [q.id for page in pages for q in questions_of(course_page(page))]
    assert len(ids) == len(set(ids)) >= 60
    assert [id_ for id_ in ids if len(hints(id_, 2)) != 2] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [("[[exercise]\n", "cannot be read"), ("[[exercise]]\ntask = 'x'\n", "it needs check, solution, task")],
)
def test_further_exercises_that_cannot_be_read_are_refused(page, text, words):
    file = page.path.parent / "exercises" / "40.toml"
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=words):
        course_page(page)


def test_every_task_hint_and_feedback_is_chinese_in_chinese():
    shown = ("task.", "hint.", "check.", "mark.", "submission.", "refused.", "isolation.", "feedback.")
    keys = [key for key in catalogue("zh") if key.startswith(shown)]
    assert len(keys) > 150
    assert [key for key in keys if not re.search(r"[\u4e00-\u9fff]", catalogue("zh")[key])] == []


def test_a_simulated_retailer_comes_without_its_key(page, students, tmp_path, monkeypatch):
    monkeypatch.setattr("crm_lab.teach.course.course.SIMULATED_CUSTOMERS", 40)
    monkeypatch.setattr("crm_lab.teach.course.course._suite_parameters", lambda _: {"as_of": "latest"})
    course = plan_course([page], students[:2], lang="en", data="simulated:fashion", salt="word")
    build(course, [page], tmp_path / "out")
    data = {s.id: tmp_path / "out" / "students" / s.id / "data_fashion" for s in students[:2]}
    assert not (data["ada"] / "recipe.json").exists()
    assert "seed" not in (data["ada"] / "retailer.json").read_text(encoding="utf-8")
    same = [(folder / "transactions.parquet").read_bytes() for folder in data.values()]
    assert same[0] != same[1]


def test_nothing_is_left_of_a_build_that_fails(course, page, tmp_path, monkeypatch):
    monkeypatch.setattr("crm_lab.teach.course.build_course._write_page", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        build(course, [page], tmp_path / "new" / "out")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_folder_in_use_is_refused(course, page, built):
    with pytest.raises(BadInput, match="already holds files"):
        build(course, [page], built)


def test_a_page_without_a_source_cannot_be_personal(page, page_content, students, read):
    content = json.loads(page.path.read_text(encoding="utf-8"))
    content["cells"][1]["source"] = ["n: int = 3  # a number"]
    page.path.write_text(json.dumps(content), encoding="utf-8")
    page.__dict__.pop("cells", None)
    with pytest.raises(BadInput, match="40_how_many has no parameter 'source'"):
        plan_course([page], students, lang="en", salt="word")


def test_every_page_of_the_lab_can_be_in_a_course(students):
    pages = find_pages(project_root(), [f.stem for f in sorted((project_root() / "notebooks").glob("[0-9]*.ipynb"))])
    course = plan_course(pages, students, lang="en", salt="word")
    assert all(course.given["ada"][page.name] != course.given["ben"][page.name] for page in pages)


def test_unknown_pages_are_refused():
    with pytest.raises(BadInput, match="There is no notebook '77'"):
        find_pages(project_root(), ["77"])


def test_parameters_are_replaced_where_they_stand():
    source = 'from typing import Literal\n\nn: int = 3  # number of 客户\nsource: str = "a"  # where\nlong: str = ""'
    assert with_values(source, {"source": "b'c", "n": 4}) == (
        'from typing import Literal\n\nn: int = 4  # number of 客户\nsource: str = "b\'c"  # where\nlong: str = ""'
    )


def test_what_runs_takes_answers_down_after_their_cell_and_at_the_end(page_content, page):
    asked = PageSource.read(page).questions
    cells = runnable(page_content, page_content, {"source": "cdnow"}, asked)
    assert [cell.id for cell in cells] == [
        "parameters", "injected-parameters", "load", "solution-1", "solution-2", "after-the-last-cell",
    ]  # fmt: skip
    assert cells[1].source == "# Parameters\nsource = 'cdnow'\nas_of = '1998-06-30'"
    assert cells[3].answers == {"40.q1": "answer_1"}
    assert cells[-1].answers == {"40.q1": "answer_1", "40.q2": "answer_2"}


@pytest.mark.parametrize(
    ("planted", "key"),
    [
        ("answer_1 = len(orders)  # forgot to cut", "proof.leak_solution"),
        ("### BEGIN SOLUTION", "proof.leak_solution"),
        ("# it is 4,711", "proof.leak_answer"),
        ("# 0.12345", "proof.leak_answer"),
        ("# 9e107d9d372bb6826bd81d3542a419d6", "proof.leak_hash"),
        ("# nbT3Gk0x4MDzzB7nIuTyRUdw8bNM0hGaVzXUqOxpU8Q=", "proof.leak_hash"),
    ],
)
def test_leaks_are_found(built, page, planted, key):
    path = built / "students" / "ada" / page.path.name
    content = json.loads(path.read_text(encoding="utf-8"))
    content["cells"][-1]["source"] = [planted]
    path.write_text(json.dumps(content), encoding="utf-8")
    found = [message.key for message in leaks(path, PageSource.read(page), ANSWERS, _ada(built))]
    assert key in found


def test_a_short_digest_of_a_rounded_answer_is_opened(built, page):
    import hashlib

    path = built / "students" / "ada" / page.path.name
    digest = hashlib.sha256(b"ada0.1235").hexdigest()[:8]
    path.write_text(path.read_text(encoding="utf-8").replace("How many?", f"How many? {digest}"), encoding="utf-8")
    found = list(leaks(path, PageSource.read(page), ANSWERS, _ada(built)))
    assert [m.key for m in found] == ["proof.leak_hash"]
