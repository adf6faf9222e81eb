"""Pages and index: self-contained, escaped, in the report's language, the same bytes each time."""

import base64
import hashlib
import re

import nbformat
import pytest

from crm_lab.messages import catalogue
from crm_lab.mime import DRAWING_MIME, FIGURE_MIME, RESULT_MIME
from crm_lab.run.committed.canonical import KERNEL
from crm_lab.run.html.charts import TEMPLATES
from crm_lab.run.html.rendering import render_index, render_page
from crm_lab.run.html.words import for_readers

V4 = nbformat.v4
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
EVIL = '<script src="https://evil.example/x.js">alert(1)</script>'
PICTURE = '<svg viewBox="0 0 300 96" role="img" aria-label="Call 20."><rect x="1" y="2" class="on"/></svg>'
DRAWING = '<svg viewBox="0 0 518 273"><g id="p1"><path d="M 0 0" style="fill: #00558a"/></g></svg>'


def cell(source, *outputs, tags=()):
    made = V4.new_code_cell(source, execution_count=1, outputs=list(outputs), id=f"c{abs(hash(source)) % 9999}")
    made.metadata["tags"] = list(tags)
    return made


def prose(source, tags=(), **metadata):
    made = V4.new_markdown_cell(source)
    made.metadata.update({"tags": list(tags), **metadata})
    return made


def shown(**data):
    return V4.new_output("display_data", data={key.replace("_", "/", 1): value for key, value in data.items()})


def table(rows, head="<th></th><th>customer_id</th><th>share</th>"):
    body = "".join(f"<tr><th>{n}</th><td>{n}</td><td>0.5</td></tr>" for n in range(rows))
    return f'<style>td{{}}</style><table border="1"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


@pytest.fixture
def notebook():
    picture = shown(image_png=PIXEL, text_plain="<Figure>")
    picture.data[FIGURE_MIME] = {"title": "", "axes": [{"title": "Customers & segments"}]}
    drawn = shown(image_png=PIXEL)
    drawn.data |= {FIGURE_MIME: {"axes": [{"title": "Late ones"}]}, DRAWING_MIME: {"wide": DRAWING, "narrow": DRAWING}}
    published = shown(text_html=table(3))
    published.data[RESULT_MIME] = result()
    return V4.new_notebook(
        cells=[
            prose("# 04 · Whom do we call?\n\nAsked by the desk. Serves F5, section 11 no. 5."),
            cell("bins: int = 5  # quantile bins\nas_of: str = '2017-12-31'  # last day", tags=["parameters"]),
            prose("## Set-up\nImports."),
            cell("import this", shown(text_plain="set_up_repr")),
            prose("## The base\n*Why:* cut by `as_of`. Serves 004-12.", zh="## 客户\n为什么：见截止日。"),
            cell("table", shown(text_html=table(12))),
            cell("customers.describe()", shown(text_html=table(4, "<th></th><th>count_of_it</th><th>x</th>"))),
            cell("plot", picture),
            prose("## The list"),
            cell("publish(calls)", published),
            cell("calls.plot()", drawn),
            cell("axes", shown(text_plain="<Axes: title='x'>")),
            cell("print", V4.new_output("stream", name="stdout", text=EVIL)),
            prose("## Open the box"),
            cell("recomputed()", shown(text_plain="0.5"), tags=["open-box"]),
            prose("## Make it yours"),
            cell("yours()", shown(text_html=table(2, "<th></th><th>yours</th><th>x</th>"))),
            prose("## Exercises", tags=["teaching"]),
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
        "front": {
            "group": "act", "answer": "Call 20.", "picture": PICTURE, "decision": "Call them now.", "owner": "Sales",
            "stake": 5.0,
        },
        **changes,
    }  # fmt: skip


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


def index(folder, *pages, **run):
    run = {"suite": "tour", "title": "Tour", "lang": "en", "run_id": "r", "pages": list(pages), **run}
    return render_index(run, folder).read_text(encoding="utf-8")


def text_of(html):
    body = re.sub(r"<script>.*?</script>", "", html[html.index("<body") :], flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def places(text, parts):
    return [text.index(part) for part in parts]


def test_a_page_asks_for_nothing_and_runs_only_the_script_its_head_names(notebook, tmp_path):
    html = rendered(notebook, tmp_path)
    assert "default-src 'none'" in html
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html
    assert len(script) <= 3 * 1024
    assert not re.findall(r"<[a-z][^>]*(?:src|href)=\"(?:https?:)?//", html)
    assert "url(" not in html
    assert len(html) < 60_000


def test_the_index_runs_nothing(tmp_path):
    html = index(tmp_path, page())
    assert "<script" not in html
    assert "script-src" not in html


def test_what_customers_supply_is_escaped(notebook, tmp_path):
    html = rendered(notebook, tmp_path) + index(tmp_path, page(), title=EVIL)
    html += (tmp_path / "figures.html").read_text(encoding="utf-8")
    assert EVIL not in html
    assert html.count("&lt;script") >= 4


def test_the_first_screen_is_question_answer_chart_action_certainty(notebook, tmp_path):
    html = rendered(notebook, tmp_path)
    front = text_of(html).partition("The base")[2].partition("2 · ")[0]
    order = ("Whom do we call?", "Call 20.", "Late ones", "Call half of them.", "Counted.", "Complete Journey, to 2017")
    found = places(front, order)
    assert found == sorted(found)
    assert front.index("Calls &amp; more 20 customers") < front.index("Customers &amp; segments")
    for part in ("12.3% 90% interval 10.0% to 15.0%", "Effect Nobody was held out."):
        assert part in front
    assert text_of(html).count("Late ones") == 1


def test_sections_say_why_and_leave_out_what_is_for_the_notebook(notebook, tmp_path):
    html = rendered(notebook, tmp_path)
    before, how = html.split('id="how"')
    text = text_of(before)
    assert "Cut by as-of day" in text
    assert '<details class="fold"><summary>Show the numbers: 12 rows' in before
    for gone in ("Serves", "Why:", "0.5", "count of it", "yours", "Set-up", "set_up_repr", "Axes", "bins", "secret"):
        assert gone not in text, gone
    for kept in (
        "Parameters",
        "1 changed",
        "quantile bins",
        "import",
        "recomputed",
        "run-1",
        "with uncommitted changes",
    ):
        assert kept in text_of("<body>" + how), kept
    assert "secret_solution" not in html
    assert "<style>td" not in html


def test_a_chinese_page_shows_the_chinese_prose_of_a_cell(notebook, tmp_path):
    html = rendered(notebook, tmp_path, lang="zh")
    assert "为什么：见截止日。" in html
    assert "客户</h2>" in html
    assert "The base" not in html


def test_colours_of_a_drawing_are_the_pages_own_and_its_names_stay_apart(notebook, tmp_path):
    html = rendered(notebook, tmp_path)
    assert html.count("fill: var(--blue)") == 2
    assert "fill: #00558a" not in html
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_a_drawing_says_its_title_and_its_finding_to_those_who_do_not_see_it(notebook, tmp_path):
    html = rendered(notebook, tmp_path)
    assert html.count('role="img" aria-label="Late ones: Call 20 &lt;script') == 2
    assert 'alt="Customers &amp; segments"' in html  # nothing is published in its section


def test_a_drawing_says_the_finding_of_its_own_result_not_of_the_last_one_published(notebook, tmp_path):
    at = next(n for n, c in enumerate(notebook.cells) if c.source == "publish(calls)")
    notebook.cells[at].source = "publish(calls, tables)"
    between = shown(text_html=table(3))
    between.data[RESULT_MIME] = result(
        headline=False, readout={"finding": "Many are old.", "certainty": "", "action": ""}
    )
    notebook.cells.insert(at + 1, cell("publish(first, tables, headline=False)", between))
    html = rendered(notebook, tmp_path)
    assert html.count('role="img" aria-label="Late ones: Call 20 &lt;script') == 2
    assert 'aria-label="Late ones: Many are old' not in html


def test_negative_numbers_of_sentences_have_a_minus(notebook, tmp_path):
    readout = {"finding": "From -5% to +1% in 5-26.", "certainty": "[-2, 3]", "action": "Wait."}
    html = rendered(notebook, tmp_path, results=[result(readout=readout)])
    assert "From −5% to +1% in 5-26." in html
    assert "[−2, 3]" in html


def test_simulated_numbers_say_so_on_the_page_and_inside_the_chart(notebook, tmp_path):
    simulated = result(simulated=True, data={"source": "s", "title": "Made", "simulated": True})
    published = next(c for c in notebook.cells if c.source == "publish(calls)").outputs[0]
    published.data[RESULT_MIME] = simulated
    html = rendered(notebook, tmp_path, results=[simulated])
    assert html.count(">SIMULATED</text>") == 2
    assert "simulated data" in html
    assert "planted effect" in rendered(notebook, tmp_path, results=[result(simulated=True)])
    published.data[RESULT_MIME] = result()
    assert 'class="made"' not in rendered(notebook, tmp_path)


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
    assert '<details id="how" class="how" open>' in html


def test_the_index_decides_then_gives_cards_then_what_was_not_run(tmp_path):
    waits = page(notebook="16_pay", number="16", question="Did it pay?", status="not_run", reason="01 failed")
    failed = page(notebook="11_leave", number="11", question="Who leaves?", status="failed", results=[])
    html = index(tmp_path, waits, failed, page())
    order = (
        "1 of 3 questions answered",
        "Call them now.",
        "Act this week",
        "Call 20.",
        "Who leaves?",
        "Not run, and why",
        "01 failed",
    )
    found = places(text_of(html), order)
    assert found == sorted(found)
    assert PICTURE in html
    assert "Calls &amp; more" not in html
    assert "Calls &amp; more" in (tmp_path / "figures.html").read_text(encoding="utf-8")
    assert "Calls & more" in (tmp_path / "figures.csv").read_text(encoding="utf-8-sig")


def test_decisions_are_few_ranked_by_money_and_never_from_simulated_numbers(tmp_path):
    fronts = {k: {**result()["front"], "decision": f"Decide {k}.", "stake": float(k)} for k in range(6)}
    pages = [page(notebook=f"0{k}", results=[result(front=front, simulated=k == 5)]) for k, front in fronts.items()]
    assert re.findall(r"Decide (\d)\.", index(tmp_path, *pages)) == ["4", "3", "2"]


@pytest.mark.parametrize("stakes", [(9.0, 1.0), (1.0, 9.0)])
def test_of_two_lists_for_one_week_the_index_decides_for_the_one_with_standing(tmp_path, stakes):
    about = {"about": "the list"}
    calls = {**result()["front"], **about, "standing": 0, "decision": "Call some.", "stake": stakes[0]}
    plan = {**result()["front"], **about, "standing": 1, "decision": "Contact others.", "stake": stakes[1]}
    pages = [page(notebook=name, results=[result(front=front)]) for name, front in (("a", calls), ("b", plan))]
    both = index(tmp_path, *pages)
    assert "Contact others." in both
    assert "Call some." not in both
    assert "Call some." in index(tmp_path, pages[0])


def test_a_decision_is_of_whom_the_page_itself_names(tmp_path):
    assert '<span class="who">Sales</span>' in index(tmp_path, page())
    named = index(tmp_path, page(parameters={"owner": "Ms Li"}))
    assert '<span class="who">Ms Li</span>' in named
    assert "Sales" not in named


def test_groups_of_one_retailer_name_it_once_and_others_each(tmp_path):
    other = result(data={"title": "CDNOW", "as_of": "1998-06-30"})
    one, two = page(notebook="a"), page(notebook="b")
    assert text_of(index(tmp_path, one, two)).count("Complete Journey, to 2017-12-31") == 2  # above and at the group
    mixed = text_of(index(tmp_path, one, page(notebook="b", results=[other])))
    assert mixed.count("Complete Journey, to 2017-12-31") == 2
    assert mixed.count("CDNOW, to 1998-06-30") == 2


def test_a_picture_with_anything_but_shapes_is_left_out(tmp_path):
    bad = {**result()["front"], "picture": f"<svg>{EVIL}</svg>"}
    assert "evil.example" not in index(tmp_path, page(results=[result(front=bad)]))


def test_pages_are_linked_with_their_neighbours(notebook, tmp_path):
    names = ("a", "b", "c")
    pages = [page(notebook=name, html=f"{name}.html") for name in names]
    for each in pages:
        render_page(notebook, each, tmp_path)
    index(tmp_path, *pages)
    links = {
        name: re.findall(r'href="(\w).html"[^>]* rel="(\w+)"', (tmp_path / f"{name}.html").read_text())
        for name in names
    }
    assert links == {"a": [("b", "next")], "b": [("a", "prev"), ("c", "next")], "c": [("b", "prev")]}


def test_what_has_changed_stands_before_the_cards_and_nothing_does_on_a_first_run(tmp_path):
    told = text_of(index(tmp_path, page(), changes=["2 of 9 figures have moved.", "Calls & more: 21."]))
    assert places(told, ("Call them now.", "Changed since the last run", "Calls &amp; more: 21.", "Act this week"))
    assert "Changed since" not in text_of(index(tmp_path, page()))


def test_chinese_chrome_and_an_embedded_font(notebook, tmp_path):
    html = rendered(notebook, tmp_path, lang="zh", question="先联系谁？")
    assert '<html lang="zh-Hans">' in html
    assert "font/woff;base64" in html
    for word in (
        "全部问题",
        "行动建议",
        "参数",
        "改动 1 项",
        "90% 区间：10.0% 至 15.0%",
        "本报告的来源",
        "代码",
        "目录",
    ):
        assert word in html
    assert "导览" in index(tmp_path, page(lang="zh"), lang="zh")


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


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def colours(mode):
    light, dark = (TEMPLATES / "style.css").read_text(encoding="utf-8").split("}", 2)[:2]
    declared = dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{6})", light))
    return declared if mode == "light" else declared | dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{6})", dark))


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("name", ["ink", "soft", "blue", "rust", "gold"])
@pytest.mark.parametrize("ground", ["ground", "wash", "rust-wash", "gold-wash"])
def test_text_has_contrast_aa(mode, name, ground):
    known = colours(mode)
    assert contrast(known[name], known[ground]) >= 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("name", ["blue", "orange", "rust", "grey", "green"])
def test_lines_and_bars_stand_out_from_the_page(mode, name):
    known = colours(mode)
    assert contrast(known[name], known["ground"]) >= 3


def test_a_page_whose_headline_is_a_refusal_has_answered_nothing(tmp_path):
    refused = page(results=[{**result(), "refusal": "Drop-out is not identified.", "headline": True}])
    assert "1 of 2 questions answered" in text_of(index(tmp_path, refused, page(notebook="05_moves", number="05")))


def test_the_index_says_how_many_answers_rest_on_a_planted_example(tmp_path):
    planted = page(notebook="15_test", number="15", results=[{**result(), "simulated": True}])
    assert "2 of 2 pages have an answer, 1 of them on made-up numbers." in text_of(index(tmp_path, planted, page()))


@pytest.mark.parametrize("name", ["rfm_scoring.toml", "customer_value.csv", "decision.json"])
def test_names_of_files_stay_as_they_are(name):
    for said in (f"Saved as {name}.", f"Saved as `{name}`, by `n_calls` customers."):
        assert name in for_readers(said, "en")
    assert "n_calls" not in for_readers("By `n_calls` customers.", "en")


def test_parameters_named_in_an_action_stand_as_code_and_names_of_data_do_not(notebook, tmp_path):
    readout = {"finding": "Fine.", "certainty": "Counted.", "action": "Raise as_of for my_segment."}
    html = rendered(notebook, tmp_path, results=[{**result(), "readout": readout}])
    assert "Raise <code>as_of</code> for my_segment." in html
