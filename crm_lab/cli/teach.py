"""``crm-lab teach``: notebooks and data for each student of a class, graded offline."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_lab.checks import BadInput

if TYPE_CHECKING:
    from crm_lab.teach.grading.grades import StudentGrade

_FOLDER = click.Path(path_type=Path)
_LANG = click.Choice(["en", "zh"])


@click.group("teach")
def teach() -> None:
    """Build, grade and export exercises in which every student has data of their own (docs/teaching.md)."""


@teach.command("build")
@click.argument("pages", nargs=-1, required=True, metavar="NN ...")
@click.option("--students", required=True, type=_FOLDER, help="CSV with a column id and, if wanted, name.")
@click.option("--out", type=_FOLDER, default=Path("outputs/course"), show_default=True, help="Folder to write.")
@click.option("--lang", type=_LANG, default="en", show_default=True, help="Of readouts, hints and feedback.")
@click.option(
    "--data", default="own", show_default=True, help="own = samples of each page's data, or simulated:SCENARIO."
)
@click.option("--salt", help="Word that goes into every seed; the same word, the same data (default: drawn by lot).")
@click.option("--check", "proof", is_flag=True, help="Then prove it: solutions score 100 %, blanks 0 %, nothing leaks.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Notebooks run at once.")
@click.pass_context
def build_(  # noqa: PLR0913 - one argument per option
    ctx: click.Context,
    pages: tuple[str, ...],
    students: Path,
    out: Path,
    lang: str,
    data: str,
    salt: str | None,
    jobs: int,
    *,
    proof: bool,
) -> None:
    """Write a folder with notebooks and data for each student, and one for the instructor."""
    from crm_lab.messages import Message
    from crm_lab.project import project_root
    from crm_lab.teach.course.build_course import build, find_pages, new_salt
    from crm_lab.teach.course.course import plan_course
    from crm_lab.teach.course.roster import read_students

    root = project_root()
    chosen = find_pages(root, pages)
    course = plan_course(chosen, read_students(students), lang=lang, data=data, salt=salt or new_salt())
    build(course, chosen, out)
    numbers = {"students": len(course.students), "pages": len(chosen), "folder": out}
    click.echo(Message("teach.built", numbers).text(lang))
    if proof and not _proven(out, lang, jobs):
        ctx.exit(1)


def _proven(course: Path, lang: str, jobs: int) -> bool:
    """Check a built course and say what was found."""
    from crm_lab.messages import Message
    from crm_lab.teach.grading.proof import prove
    from crm_lab.teach.sandbox.sandbox import Limits

    found = prove(course, Limits(), jobs)
    for note in found.notes:
        click.echo(note.text(lang))
    if not found.problems:
        click.echo(Message("proof.good", {"runs": found.runs}).text(lang))
        return True
    click.echo(Message("proof.bad", {"n": len(found.problems)}).text(lang), err=True)
    for problem in found.problems:
        click.echo(f"  - {problem.text(lang)}", err=True)
    return False


@teach.command("grade")
@click.argument("folder", type=_FOLDER)
@click.option("--course", type=_FOLDER, help="The built course, where FOLDER is not part of it.")
@click.option("--out", type=_FOLDER, help="Folder for marks and feedback (default: COURSE/grades).")
@click.option("--lang", type=_LANG, help="Of the feedback (default: the course's).")
@click.option(
    "--timeout",
    type=click.FloatRange(1),
    default=120,
    show_default=True,
    help="Seconds of the processor for a notebook.",
)
@click.option("--memory", type=click.IntRange(256), default=4096, show_default=True, help="Megabytes for a notebook.")
@click.option("--reveal", is_flag=True, help="Say the right answers in the feedback.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Students at once.")
@click.option("--require-isolation", "isolated", is_flag=True, help="Refuse where this machine cannot isolate fully.")
@click.pass_context
def grade_(  # noqa: PLR0913 - one argument per option
    ctx: click.Context,
    folder: Path,
    course: Path | None,
    out: Path | None,
    lang: str | None,
    timeout: float,
    memory: int,
    jobs: int,
    *,
    reveal: bool,
    isolated: bool,
) -> None:
    """Run the submissions in FOLDER, each on its student's data, and write marks and feedback."""
    from crm_lab.messages import Message
    from crm_lab.teach.gradebook.feedback import write_feedback
    from crm_lab.teach.grading.grade import Options, course_folder, grade, submissions_folder
    from crm_lab.teach.grading.grades import Graded
    from crm_lab.teach.sandbox.sandbox import Limits

    at = course_folder(course or folder)
    limits = Limits(seconds=timeout, cell_seconds=timeout / 2, memory_mb=memory)
    done: Graded | None = None
    for step in grade(submissions_folder(folder, at), at, Options(limits, jobs, lang, isolated)):
        if isinstance(step, Graded):
            done = step
        elif isinstance(step, Message):
            click.echo(step.text(lang), err=True)
        else:
            click.echo(_line(step))
    if done is None:
        raise BadInput(f"{at} has no students; build the course again.")
    target = out or at / "grades"
    write_feedback(done, target, reveal=reveal)
    numbers = {"students": len(done.students), "strays": len(done.strays), "index": os.fspath(target / "index.html")}
    click.echo(Message("teach.graded", numbers).text(done.course.lang))
    if left := sum(not page.is_graded for grade in done.students for page in grade.pages):
        click.echo(Message("feedback.not_graded", {"n": left}).text(done.course.lang), err=True)
        ctx.exit(1)


@teach.command("export")
@click.argument("pages", nargs=-1, metavar="NN ...")
@click.option("--out", type=_FOLDER, required=True, help="Folder of the nbgrader course to write.")
@click.option("--course", type=_FOLDER, help="A built course, in place of pages: everybody keeps their own data.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Solutions run at once.")
def export_(pages: tuple[str, ...], out: Path, course: Path | None, jobs: int) -> None:
    """Write pages as assignments for nbgrader, on the pages' own data, or a built course on everybody's."""
    from crm_lab.messages import Message
    from crm_lab.project import project_root

    if bool(pages) == (course is not None):
        raise BadInput("Name pages, or a built course with --course.")
    if course is not None:
        from crm_lab.teach.grading.export_course import export_course
        from crm_lab.teach.grading.grade import Options, course_folder

        made = export_course(course_folder(course), out, Options(jobs=jobs))
        numbers = {"pages": len(made.pages), "students": len(made.students), "folder": out, "first": made.pages[0]}
        click.echo(Message("teach.exported_course", numbers).text())
        return
    from crm_lab.teach.course.build_course import find_pages
    from crm_lab.teach.grading.export import export

    chosen = find_pages(project_root(), pages)
    export(chosen, out)
    click.echo(Message("teach.exported", {"pages": len(chosen), "folder": out, "first": chosen[0].name}).text())


def _line(grade: StudentGrade) -> str:
    remarks = sum(len(page.remarks) for page in grade.pages)
    return f"{grade.student.id} {grade.points:g}/{grade.of:g}" + (f" ({remarks} remarks)" if remarks else "")
