"""The canonical form: what differs between two equal runs is gone, what matters stays."""

import base64
import struct
import zlib

import nbformat

from crm_lab.run.committed.canonical import canonical, clean, strip_png, write_text

V4 = nbformat.v4


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*extra):
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00\x7f", 0)
    parts = [chunk(b"IHDR", header), *extra, chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def executed(address="0x7f00aa11bb22", styler="T_ab12c", second=b"1"):
    picture = base64.b64encode(png(chunk(b"tEXt", b"Date\x00" + second))).decode()
    cell = V4.new_code_cell("x", execution_count=7, id="show")
    cell.metadata = {
        "papermill": {"duration": second.decode()},
        "tags": ["parameters"],
        "execution": {"iopub.status.busy": second.decode()},
    }
    cell.outputs = [
        V4.new_output("stream", name="stdout", text="one "),
        V4.new_output("stream", name="stdout", text=f"<object at {address}>"),
        V4.new_output(
            "execute_result",
            data={"text/html": f'<style>#{styler} {{}}</style><p id="{styler}">', "image/png": picture},
            execution_count=7,
        ),
    ]
    notebook = V4.new_notebook(cells=[V4.new_markdown_cell("# A", id="title"), cell])
    notebook.metadata = {"papermill": {"start_time": second.decode()}, "language_info": {"version": "3.11.7"}}
    return notebook


def test_two_equal_runs_give_the_same_bytes():
    one = write_text(canonical(executed()))
    two = write_text(canonical(executed("0x55d0c0ffee00", "T_ffff0", b"2")))
    assert one == two
    assert "papermill" not in one
    assert "3.11.7" not in one


def test_the_canonical_form_is_a_fixed_point_and_leaves_its_input_alone():
    notebook = executed()
    before = nbformat.writes(notebook)
    once = canonical(notebook)
    assert write_text(canonical(once)) == write_text(once)
    assert nbformat.writes(notebook) == before


def test_streams_are_joined_counts_start_at_one_and_tags_stay():
    cell = canonical(executed()).cells[1]
    assert [output.output_type for output in cell.outputs] == ["stream", "execute_result"]
    assert cell.outputs[0].text == "one <object at 0x…>"
    assert (cell.execution_count, cell.outputs[1].execution_count) == (1, 1)
    assert cell.metadata == {"tags": ["parameters"]}


def test_a_cell_that_was_never_run_stays_so():
    notebook = V4.new_notebook(cells=[V4.new_code_cell("x")])
    assert canonical(notebook).cells[0].execution_count is None


def test_machine_paths_are_left_out(monkeypatch, tmp_path):
    monkeypatch.setenv("CRM_LAB_HOME", str(tmp_path))
    assert clean(f"PosixPath('{tmp_path}/outputs/a.csv')") == "PosixPath('outputs/a.csv')"
    assert clean("/var/x/ipykernel_12/345.py:3: UserWarning") == "<cell>:3: UserWarning"


def test_a_picture_keeps_its_pixels_and_loses_its_metadata():
    full, bare = png(chunk(b"tEXt", b"Software\x00Matplotlib")), png()
    assert strip_png(full) == strip_png(bare)
    assert b"Matplotlib" not in strip_png(full)
    assert strip_png(b"GIF89a") == b"GIF89a"
