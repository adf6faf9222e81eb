"""Student lists as they come, and what is refused, with counts."""

import pytest

from crm_lab import BadInput
from crm_lab.teach.course.roster import Student, read_students


@pytest.fixture
def listed(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "list.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("id,name\nada,Ada\nli,李雷\n", "utf-8"),
        ("\ufeffid,name\r\nada,Ada\r\nli,李雷\r\n", "utf-8"),
        ("Name;ID\nAda;ada\n李雷;li\n", "utf-8"),
        ("学号\t姓名\nada\tAda\n\nli\t李雷\n", "gb18030"),
    ],
)
def test_lists_as_spreadsheets_write_them(listed, text, encoding):
    assert read_students(listed(text, encoding)) == (Student("ada", "Ada"), Student("li", "李雷"))


def test_names_may_be_missing(listed):
    assert read_students(listed("student\nada\n")) == (Student("ada"),)


def test_every_fault_is_named_with_its_count(listed):
    text = "id,name\nada,A\n,B\nAda,C\n ,D\n../x,E\n"
    with pytest.raises(BadInput) as refused:
        read_students(listed(text))
    assert refused.value.problems == (
        "2 of 5 ids are missing: rows 3, 5.",
        "1 ids stand more than once (capitals do not count): ada (rows 2, 4).",
        "1 ids cannot name a folder: '../x'; use letters, digits and . _ - @ + only.",
    )


def test_long_lists_of_faults_are_cut(listed):
    with pytest.raises(BadInput, match=r"rows 2, 3, 4, 5, 6 and 4 more"):
        read_students(listed("id,name\n" + ",x\n" * 9))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no column 'id'"),
        ("who\nada\n", "has no column 'id'; its first line is who"),
        ("id\n", "it names nobody"),
    ],
)
def test_lists_without_students_are_refused(listed, text, words):
    with pytest.raises(BadInput, match=words):
        read_students(listed(text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadInput, match="There is no student list"):
        read_students(tmp_path / "none.csv")
