"""Figures say how they moved since the last good run; a line is drawn where enough earlier runs hold the figure."""

import re

import pytest

from crm_lab.run.archive.changes import changes_since
from crm_lab.run.archive.past_runs import last_good
from crm_lab.run.html.page_links import fill_in, same_in_other_language, twin_link
from crm_lab.run.html.trends import spark, trends
from tests.run.archive.made_runs import PAGE, fact, state, write_run

SHARE = "back.share"


def weekly(folder, values, **more):
    """Runs week after week, a day of data more each; the last is the run that is told of."""
    return [
        write_run(folder, f"2024-04-{week + 1:02d}T06-00-00Z", week_of(value, week, **more))
        for week, value in enumerate(values)
    ]


def week_of(value, week, unit="share"):
    made = state(fact(SHARE, value, unit=unit), as_of=f"2024-03-{week + 1:02d}")
    return {**made, "key": f"k{week}"}


def trend(*runs, lang="en"):
    *past, run = runs
    before = last_good(past)
    changes = changes_since(before, run) if before else None
    return trends(run, past, changes, lang)[PAGE, SHARE]


@pytest.mark.parametrize(("earlier", "drawn"), [(0, False), (1, False), (2, False), (3, True), (6, True)])
def test_a_line_needs_three_earlier_runs(tmp_path, earlier, drawn):
    found = trend(*weekly(tmp_path, [0.5 + 0.01 * week for week in range(earlier + 1)]))
    assert bool(found.spark) == drawn
    if drawn:
        assert f"{earlier + 1} runs, from 50.0% to {0.5 + 0.01 * earlier:.1%}" in found.spark
        assert len(re.findall(r"[\d.]+,[\d.]+", found.spark)) == earlier + 1


def test_runs_on_one_state_of_the_data_are_one_point(tmp_path):
    same = [write_run(tmp_path, f"2024-04-{day:02d}T06-00-00Z", week_of(0.5, 1)) for day in range(1, 8)]
    assert not trend(*same).spark


def test_a_figure_that_never_moved_has_no_line(tmp_path):
    assert not trend(*weekly(tmp_path, [0.5] * 6)).spark


@pytest.mark.parametrize("other", ["parameter", "unit", "failed", "part", "text"])
def test_runs_that_are_not_comparable_are_no_points(tmp_path, other):
    runs = weekly(tmp_path, [0.5, 0.51, 0.52])
    made = week_of("many" if other == "text" else 0.6, 8, unit="USD" if other == "unit" else "share")
    if other == "parameter":
        made["parameters"]["bins"] = 9
    odd = {"exit_code": int(other == "failed"), "only": ("04",) if other == "part" else ()}
    late = write_run(tmp_path, "2024-04-09T06-00-00Z", made, **odd)
    now = write_run(tmp_path, "2024-04-10T06-00-00Z", week_of(0.53, 9))
    assert not trend(*runs[:2], late, now).spark
    assert "4 runs, " in trend(*runs, late, now).spark


@pytest.mark.parametrize(
    ("before", "after", "unit", "en", "zh"),
    [
        (0.5, 0.512, "share", "+1.2 pp since 2024-04-01", "自 2024-04-01 以来 +1.2 个百分点"),
        (100.0, 90.0, "USD", "−10.0% since 2024-04-01", "自 2024-04-01 以来 −10.0%"),
        (0, 5, "USD", "was $0.00 on 2024-04-01", "2024-04-01 时为 $0.00"),
        (7, 7, "", "unchanged since 2024-04-01", "自 2024-04-01 以来未变"),
    ],
)
def test_the_change_is_said_in_the_unit_of_the_figure(tmp_path, before, after, unit, en, zh):
    runs = weekly(tmp_path, [before, after], unit=unit)
    assert (trend(*runs).change, trend(*runs, lang="zh").change) == (en, zh)


def test_nothing_is_said_on_a_first_run_and_of_what_cannot_be_compared_that(tmp_path):
    assert trend(*weekly(tmp_path / "one", [0.5])).change == ""
    old = write_run(tmp_path, "2024-04-01T06-00-00Z", state(fact("other", 1)))
    assert trend(old, write_run(tmp_path, "2024-04-02T06-00-00Z", week_of(0.5, 1))).change == "new since 2024-04-01"
    new = week_of(0.6, 2)
    new["parameters"]["bins"] = 9
    runs = [*weekly(tmp_path / "two", [0.5]), write_run(tmp_path / "two", "2024-04-02T06-00-00Z", new)]
    assert trend(*runs).change == "not comparable with 2024-04-01"


def test_two_runs_of_a_day_are_told_apart_by_the_hour(tmp_path):
    runs = [
        write_run(tmp_path, f"2024-04-01T{hour:02d}-30-00Z", week_of(value, hour))
        for hour, value in ((6, 0.5), (9, 0.6))
    ]
    assert trend(*runs).change == "+10.0 pp since 2024-04-01 06:30 UTC"


@pytest.mark.parametrize("values", [(1, 1, 1, 1), (1, 2, 3), (-5.0, 1e9, 0.0), tuple(range(60))])
def test_a_line_keeps_inside_its_picture_and_is_small(values):
    drawn = spark(values, "a & b")
    points = [tuple(map(float, pair)) for pair in re.findall(r"([\d.-]+),([\d.-]+)", drawn)]
    assert len(points) == len(values)
    assert all(0 < x < 96 and 0 < y < 20 for x, y in points)
    assert "<title>a &amp; b</title>" in drawn
    assert len(drawn.encode()) < 1100


def filled(folder, run, told, other=None):
    page = run.pages[PAGE] | {"html": f"{PAGE}.html"}
    path = folder / f"{PAGE}.html"
    path.write_text(
        "<!--near-->x<!--/near--><!--other-language--><!--/other-language--><dl><!--trend-0-->old<!--/trend-0--></dl>"
    )
    fill_in([page], folder, "en", told, other)
    return path.read_text(encoding="utf-8")


def test_a_page_is_filled_in_and_what_it_said_before_goes(tmp_path):
    runs = weekly(tmp_path, [0.5, 0.51, 0.52, 0.53])
    told = trends(runs[-1], runs[:-1], changes_since(runs[-2], runs[-1]), "en")
    html = filled(tmp_path, runs[-1], told)
    assert "+1.0 pp since 2024-04-03</span></dd><!--/trend-0-->" in html
    assert "old" not in html
    assert filled(tmp_path, runs[-1], told) == html
    assert "<dd" not in filled(tmp_path, runs[-1], {})


@pytest.mark.parametrize("differs", ["", "language", "data", "parameters", "code", "failed"])
def test_a_run_in_the_other_language_is_linked_where_it_says_the_same(tmp_path, differs):
    made = week_of(0.5, 1)
    other = {**made, **({"key": "k9"} if differs == "data" else {}), **({"code": "c9"} if differs == "code" else {})}
    lang = "en" if differs == "language" else "zh"
    first = write_run(tmp_path, "2024-04-01T06-00-00Z", other, lang=lang, exit_code=int(differs == "failed"))
    now = dict(write_run(tmp_path, "2024-04-02T06-00-00Z", made).manifest)
    if differs == "parameters":
        now["parameters_sha256"] = "other"
    found = same_in_other_language(now, [first])
    assert (found is first) == (differs == "")
    link = twin_link(found, "index.html")
    assert ('href="../2024-04-01T06-00-00Z/index.html" lang="zh-Hans" hreflang="zh-Hans">中文' in link) == (
        differs == ""
    )
    assert not twin_link(found, "gone.html")
