"""Every page, made from the committed notebooks in both languages, shows people no code and no debris."""

import re

import nbformat
import pytest

from crm_lab.messages import LANGUAGES, catalogue
from crm_lab.project import project_root
from crm_lab.run.execution.page_record import blank_page, ending, published
from crm_lab.run.html.rendering import render_index, render_page
from crm_lab.run.html.trends import card_fact
from crm_lab.run.outcomes import headline
from crm_lab.run.suites.notebook_file import notebooks
from crm_lab.run.suites.plan import make_plan
from crm_lab.run.suites.suite import load_suite
from tests.run.html.shown_text import debris, visible

LARGEST = 1_000_000  # bytes of a page
INDEX_WORDS = 300  # to the end of the first group
NAME = re.compile(r"|n|[\d-]+(?:-Q\d)?|AUC|ROI|Fieller|statsmodels")  # heads that are the same in every language
CELL = re.compile(r"<td(?![^>]*data-l=\"(?:人群|说法)\")[^>]*>([^<]+)</td>")
CODE = re.compile(r"[a-z]{2,}(?:[ ;./_-][a-z]+){0,2}")  # one to three words in small letters
IN_DATA = {"alpha", "gamma", "pos", "webshop"}  # parameters of models, and systems of a retailer


@pytest.fixture(scope="module", params=LANGUAGES)
def report(request, tmp_path_factory):
    """All pages and the index of a language, as files by name, with the record of each page."""
    folder, known = tmp_path_factory.mktemp(request.param), notebooks(project_root())
    pages = []
    suite = load_suite("all", project_root(), known)
    for page in make_plan(suite, known).pages:
        notebook = nbformat.read(page.notebook.path, as_version=4)
        record = {**blank_page(page, suite, request.param), **ending(notebook), "results": published(notebook)}
        pages.append({**record, "html": f"{page.name}.html"})
        render_page(notebook, pages[-1], folder)
    render_index({"suite": "all", "title": "All pages", "lang": request.param, "pages": pages}, folder)
    return {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.html")}, pages


def test_nothing_visible_is_code_or_debris(report):
    files, _ = report
    assert len(files) >= 16
    assert not {name: found for name, html in files.items() if (found := debris(visible(html)))}


def test_pages_are_small_and_ask_for_nothing(report):
    files, _ = report
    assert not {name: len(html) for name, html in files.items() if len(html.encode()) > LARGEST}
    asked = re.compile(r"""(?:src|href|action|data|url\()\s*=?\s*["'(]?(?:https?:)?//|@import|<link[^>]+stylesheet""")
    assert not {
        name: asked.findall(html) for name, html in files.items() if asked.search(html.partition("</style>")[2])
    }
    assert all("default-src 'none'" in html for html in files.values())


def test_every_page_has_a_chart_on_its_first_screen_and_named_parts(report):
    files, pages = report
    for page in pages:
        html = files[page["html"]]
        front = html.partition('<header class="front">')[2].partition("</header>")[0]
        assert "<figure" in front, page["notebook"]
        assert len(re.findall(r"<h1\b", html)) == 1
        sections = re.findall(r'<section id="([^"]+)"', html)
        assert sections
        assert len(sections) == len(set(sections))
        assert 'class="skip" href="#main"' in html
        assert not re.search(r"<img(?![^>]*alt=\"[^\"]+\")", html)


def test_heads_of_tables_are_in_the_language_of_the_report(report):
    files, pages = report
    letters = {"zh": "[\u4e00-\u9fff]", "en": r"\A[^\u4e00-\u9fff]*[A-Za-z][^\u4e00-\u9fff]*\Z"}[pages[0]["lang"]]
    heads = {head for html in files.values() for head in re.findall(r'<th scope="col"[^>]*>([^<]*)</th>', html)}
    assert len(heads) > 100
    assert not {head for head in heads if not (re.search(letters, head) or NAME.fullmatch(head))}


def test_cells_of_chinese_tables_are_words(report):
    files, pages = report
    if pages[0]["lang"] != "zh":
        pytest.skip("English cells are in Latin letters")
    english = {text.lower() for text in catalogue("en").values()}
    raw = {
        cell
        for name, html in files.items()
        if name != "figures.html"
        for cell in CELL.findall(html)
        if CODE.fullmatch(cell) and cell.lower() not in english
    }
    assert not raw - IN_DATA


def test_the_index_is_short(report):
    files, pages = report
    html = files["index.html"]
    first = html.partition('<div class="grid">')
    words = visible(first[0] + first[1] + first[2].partition("</section>")[0])
    spoken = len(re.findall(r"[A-Za-z0-9%$€£.,’'-]+|[\u4e00-\u9fff]{2}", words))
    assert spoken <= INDEX_WORDS
    assert html.count('<article class="card') == len(pages)


def test_every_answer_has_a_front(report):
    _, pages = report
    for page in pages:
        front = headline(page)["front"]
        assert front["group"] in ("act", "base", "value", "test")
        assert len(front["answer"].split()) <= 12
        assert len(front["picture"].encode()) <= 1024, (page["notebook"], len(front["picture"].encode()))
        assert 'role="img" aria-label="' in front["picture"]
        assert "fact" not in front or front["fact"] == card_fact(page)["id"]
