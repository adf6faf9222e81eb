"""Pages and index: self-contained, escaped, in the report's language, the same bytes each time."""

import re

import nbformat
import pytest

from crm_lab.messages import catalogue
from crm_lab.mime import FIGURE_MIME
from crm_lab.run.committed.canonical import KERNEL
from crm_lab.run.html.notebook_cells import TEMPLATES, cells_html
from crm_lab.run.html.rendering import render_index, render_page

V4 = nbformat.v4
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
EVIL = '<script src="https://evil.example/x.js">alert(1)</script>'


def cell(source, *outputs, tags=()):
    made = V4.new_code_cell(source, execution_count=1, outputs=list(outputs), id=f"c{abs(hash(source)) % 9999}")
    made.metadata["tags"] = list(tags)
    return made


def shown(**data):
    return V4.new_output("display_data", data={key.replace("_", "/", 1): value for key, value in data.items()})


@pytest.fixture
def notebook():
    picture = shown(image_png=PIXEL, text_plain="<Figure>")
    picture.data[FIGURE_MIME] = {"title": "", "axes": [{"title": "Customers & segments"}]}
    exercise = V4.new_markdown_cell("## Exercises")
    exercise.metadata["tags"] = ["teaching"]
    return V4.new_notebook(
        cells=[
            V4.new_markdown_cell("# 04 · Whom do we call?\n\nAsked by the desk."),
            cell("bins: int = 5  # quantile bins\nas_of: str = '2017-12-31'  # last day", tags=["parameters"]),
            cell("table", shown(text_html='<style>td{}</style><table border="1"><th>customer_id</th></table>')),
            cell("plot", picture),
            cell("axes", shown(text_plain="<Axes: title='x'>")),
            cell("print", V4.new_output("stream", name="stdout", text=EVIL)),
            cell("recomputed()", shown(text_plain="0.5"), tags=["open-box"]),
            exercise,
            cell("secret_solution", tags=["teaching", "solution"]),
        ],
        metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}},
    )


def result(**changes):
    fact = {"id": "rfm.calls", "label": "Calls & more", "value": 20, "unit": "customers", "kind": "fact", "n": 2469}
    share = {"id": "rfm.share", "label": EVIL, "value": 0.1234, "unit": "share", "lo": 0.1, "hi": 0.15, "level": 0.9}
    none = {"id": "rfm.no", "label": "Effect", "value": None, "unit": "USD", "refusal": "Nobody was held out."}
    return {
        "headline": True,
        "readout": {"finding": f"Call 20 {EVIL}", "certainty": "Counted.", "action": "Call half of them."},
        "facts": [fact, {**share, "kind": "estimate"}, none],
        "data": {"source": "cj", "title": "Complete Journey", "as_of": "2017-12-31", "rows": 1469307, "key": "abc"},
        **changes,
    }


def page(**changes):
    return {
        "notebook": "04_calls",
        "number": "04",
        "question": "Whom do we call?",
        "status": "ok",
        "lang": "en",
        "parameters": {"as_of": "2017-12-31", "bins": 4},
        "results": [result()],
        "command": "crm-lab run tour --only 04_calls",
        "run_id": "run-1",
        "code": {"commit": "abcdef0123456789", "dirty": True, "lock_sha256": "f" * 64},
        "versions": {"python": "3.11.7"},
        "html": "04_calls.html",
        **changes,
    }


def rendered(notebook, folder, **changes):
    return render_page(notebook, page(**changes), folder).read_text(encoding="utf-8")


def text_of(html):
    body = html[html.index("<body") :]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def test_a_page_asks_for_nothing_and_runs_nothing(notebook, tmp_path):
    html = rendered(notebook, tmp_path)
    assert "default-src 'none'" in html
    assert "<script" not in html
    assert not re.findall(r"<[a-z][^>]*(?:src|href)=\"(?:https?:)?//", html)
    assert "url(" not in html
    assert len(html) < 60_000


def test_what_customers_supply_is_escaped(notebook, tmp_path):
    html = rendered(notebook, tmp_path) + render_index({"title": EVIL, "pages": [page()]}, tmp_path).read_text()
    assert EVIL not in html
    assert html.count("&lt;script") >= 5


def test_the_top_says_answer_figures_data_and_parameters(notebook, tmp_path):
    text = text_of(rendered(notebook, tmp_path))
    for part in (
        "04 Whom do we call?",
        "What to do Call half of them.",
        "How sure Counted.",
        "Calls &amp; more 20 customers",
        "12.3% 90% interval 10.0% to 15.0%",
        "Effect – Nobody was held out.",
        "Data Complete Journey as of 2017-12-31",
        "rows 1,469,307",
        "Parameters 1 changed",
        "bins 4 changed (default 5) quantile bins",
    ):
        assert part in text
    assert text.index("bins 4") < text.index("as_of 2017-12-31")
    assert text.index("Call half of them.") < text.index("Asked by the desk.")


def test_the_foot_says_how_it_was_made(notebook, tmp_path):
    foot = text_of(rendered(notebook, tmp_path)).split("How this was made")[1]
    for part in ("run-1", "abcdef012345 · with uncommitted changes", "f" * 12, "cj abc", "python 3.11.7"):
        assert part in foot
    assert "crm-lab run tour --only 04_calls" in foot


def test_cells_code_folded_exercises_out_figures_described(notebook):
    html = cells_html(notebook, "en")
    assert '<details class="code"><summary>Code</summary>' in html
    assert '<details class="box"' in html
    assert "secret_solution" not in html
    assert "Exercises" not in html
    assert 'alt="Customers &amp; segments"' in html
    assert "<h1" not in html
    assert "Axes" not in html
    assert "<style" not in html
    assert "customer_<wbr/>id" in html or "customer_<wbr>id" in html


def test_simulated_figures_are_announced(notebook, tmp_path):
    assert 'class="banner made"' in rendered(notebook, tmp_path, results=[result(simulated=True)])
    assert 'class="banner made"' not in rendered(notebook, tmp_path)


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        ("error", "This page failed."),
        ("timeout", "This page took too long and was stopped."),
        ("kernel_died", "This page's process died."),
    ],
)
def test_a_failed_page_says_where_with_what_and_how_to_repeat(notebook, tmp_path, failure, sentence):
    error = {"traceback": ["\x1b[31mZeroDivisionError\x1b[0m: division by zero <b>"]}
    html = rendered(notebook, tmp_path, status="failed", failure=failure, reason="1 / 0", error=error, results=[])
    text = text_of(html).replace("&#39;", "'")
    assert f"{sentence} 1 / 0" in text
    assert "ZeroDivisionError: division by zero &lt;b&gt;" in text
    assert "\x1b" not in html
    assert "To reproduce it: crm-lab run tour --only 04_calls" in text
    assert '<details class="parameters" open>' in html


def test_the_index_gives_answers_then_what_was_not_run_then_figures(tmp_path):
    waits = page(notebook="16_pay", number="16", question="Did it pay?", status="not_run", reason="01 failed")
    failed = page(notebook="11_leave", number="11", question="Who leaves?", status="failed", results=[])
    run = {"suite": "tour", "title": "Tour", "lang": "en", "run_id": "r", "pages": [waits, failed, page()]}
    text = text_of(render_index(run, tmp_path).read_text(encoding="utf-8"))
    order = (
        "1 of 3 questions answered",
        "Call half of them.",
        "Who leaves?",
        "Not run, and why",
        "01 failed",
        "All figures",
    )
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_chinese_chrome_and_an_embedded_font(notebook, tmp_path):
    html = rendered(notebook, tmp_path, lang="zh", question="先联系谁？")
    assert '<html lang="zh-Hans">' in html
    assert "font/woff;base64" in html
    for word in (
        "全部问题",
        "怎么做",
        "参数",
        "改动 1 项",
        "名顾客",
        "90% 区间：10.0% 至 15.0%",
        "本报告的来源",
        "代码",
    ):
        assert word in html
    run = {"suite": "tour", "title": "Tour", "lang": "zh", "pages": [page(lang="zh")]}
    assert "导览" in render_index(run, tmp_path).read_text(encoding="utf-8")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_same_run_gives_the_same_bytes(notebook, tmp_path, lang):
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    pages = [render_page(notebook, page(lang=lang), folder).read_bytes() for folder in folders]
    assert pages[0] == pages[1]


def test_a_page_with_next_to_nothing_is_still_a_page(tmp_path):
    bare = V4.new_notebook(cells=[])
    assert render_page(bare, {"notebook": "x"}, tmp_path).exists()
    assert render_index({}, tmp_path).exists()


def test_every_key_in_the_templates_exists():
    used = {
        key
        for file in TEMPLATES.glob("*.j2")
        for key in re.findall(r"\bt\(\"([a-z_.]+)\"(?! ~)", file.read_text(encoding="utf-8"))
    }
    assert len(used) > 20
    assert not {key for key in used if not key.endswith(".")} - set(catalogue("en"))


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("name", ["ink", "soft", "blue", "rust", "gold"])
@pytest.mark.parametrize("ground", ["#ffffff", "wash", "rust-wash", "gold-wash"])
def test_text_has_contrast_aa(name, ground):
    css = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{6})", css))
    light, dark = luminance(colours.get(ground, ground)), luminance(colours[name])
    assert (light + 0.05) / (dark + 0.05) >= 4.5
