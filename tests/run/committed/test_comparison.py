"""Noise passes, everything else is a difference."""

import nbformat
import pytest

from crm_lab.mime import RESULT_MIME
from crm_lab.run.committed.comparison import (
    never_run,
    notebook_differences,
    output_differences,
    same_text,
    value_differences,
)

V4 = nbformat.v4


def shown(**data):
    return [V4.new_output("display_data", data={key.replace("_", "/", 1): value for key, value in data.items()})]


@pytest.mark.parametrize("noise", [0.0, 1e-12, -1e-9])
def test_noise_passes(noise):
    value = 0.7234 * (1 + noise)
    assert not output_differences(shown(text_plain="0.7234"), shown(text_plain=repr(value)))
    assert not value_differences({"facts": [{"value": 0.7234}]}, {"facts": [{"value": value}]})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.7234", "0.7235"),
        ("2,469 customers", "2,470 customers"),
        ("2017-12-31", "2017-12-30"),
        ("1.5e-8", "1.6e-8"),
        ("Champions 0.5", "Loyal 0.5"),
        ("0.50%", "0.50"),
    ],
)
def test_what_a_reader_would_see_does_not_pass(old, new):
    assert not same_text(old, new)


@pytest.mark.parametrize(("old", "new"), [(1, 2), (1, True), (None, 0), ("a", 1), ([1.0], [1.0, 2.0]), (1.0, 1.00001)])
def test_values_of_another_size_or_kind_do_not_pass(old, new):
    assert value_differences(old, new)


def test_pixels_may_differ_but_a_picture_may_not_vanish():
    assert not output_differences(shown(image_png="AAAA"), shown(image_png="BBBB"))
    assert output_differences(shown(image_png="AAAA", text_plain="x"), shown(text_plain="x")) == [
        "image/png is missing"
    ]


def test_two_pictures_are_not_one():
    assert output_differences(shown(image_png="AAAA") * 2, shown(image_png="AAAA")) == [
        "image/png was there 2 times, now 1 times"
    ]


def test_the_cell_that_differs_is_named():
    def notebook(text):
        cell = V4.new_code_cell("x", id="headline", execution_count=1, outputs=shown(text_plain=text))
        return V4.new_notebook(cells=[V4.new_markdown_cell("# Q"), cell])

    assert notebook_differences(notebook("1.0"), notebook("2.0")) == ["cell 1 (headline): text/plain 1.0 became 2.0"]
    assert never_run(notebook("1.0")) == []


def test_cells_never_run_are_found_and_empty_ones_do_not_count():
    cells = [V4.new_code_cell("x"), V4.new_code_cell(""), V4.new_markdown_cell("x")]
    assert never_run(V4.new_notebook(cells=cells)) == [0]


def test_the_key_of_the_data_is_no_difference_but_their_last_day_is():
    def published(key, last_day):
        data = {"key": key, "last_day": last_day}
        return [V4.new_output("display_data", data={RESULT_MIME: {"data": data, "facts": []}})]

    assert not output_differences(published("a1", "2017-12-31"), published("b2", "2017-12-31"))
    assert output_differences(published("a1", "2017-12-31"), published("a1", "2017-12-30"))
