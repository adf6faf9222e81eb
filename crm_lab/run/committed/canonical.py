"""The canonical form of an executed notebook: the same run gives the same bytes.

No timings, no addresses, no machine paths, no random ids, no papermill bookkeeping, pictures without metadata.
"""

from __future__ import annotations

import base64
import copy
import re
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat import writes as nbformat_writes

from crm_lab.mime import RESULT_MIME
from crm_lab.project import project_root

KERNEL = {"name": "crm-lab", "display_name": "crm_lab", "language": "python"}
_CELL_METADATA = {"tags", "slideshow", "jupyter", "zh", "zh_of"}
_NOTEBOOK_METADATA = {"crm_lab"}
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,16}\b")
_STYLER = re.compile(r"\bT_[0-9a-f]{5}(?=[_\"\s{])")
_KERNEL_FILE = re.compile(r"(?:/[^\s:\"']*)?/ipykernel_\d+/\d+\.py")
_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}


def canonical(notebook: NotebookNode) -> NotebookNode:
    """A copy of an executed notebook without anything that differs between two equal runs."""
    notebook = copy.deepcopy(notebook)
    kept = {name: notebook.metadata[name] for name in _NOTEBOOK_METADATA if name in notebook.metadata}
    notebook.metadata = NotebookNode(kernelspec=dict(KERNEL), language_info={"name": "python"}, **kept)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    count = 0
    for position, cell in enumerate(notebook.cells):
        _canonical_cell(cell, position)
        if cell.cell_type == "code" and cell.execution_count is not None:
            count += 1
            cell.execution_count = count
            cell.outputs = canonical_outputs(cell.outputs, count)
    return notebook


def without_keys(outputs: list[Any]) -> list[Any]:
    """Outputs whose published results do not name the key of the data they came from.

    The key changes with every change of the code that reads the data, the figures mostly do not.
    """
    kept = copy.deepcopy(outputs)
    for output in kept:
        result = output.get("data", {}).get(RESULT_MIME)
        if result and result.get("data"):
            result["data"].pop("key", None)
    return kept


def write_text(notebook: NotebookNode) -> str:
    """A notebook as the text of its file: sorted keys, one space of indentation, a last line end."""
    return str(nbformat_writes(notebook, version=4)).rstrip("\n") + "\n"


def canonical_outputs(outputs: list[Any], count: int | None = None) -> list[NotebookNode]:
    """A cell's outputs in canonical form: streams joined, texts cleaned, pictures stripped."""
    styler: dict[str, str] = {}
    cleaned: list[NotebookNode] = []
    for output in copy.deepcopy(outputs):
        if output.output_type == "stream":
            previous = cleaned[-1] if cleaned else None
            if previous is not None and previous.output_type == "stream" and previous.name == output.name:
                previous.text = clean(previous.text + output.text, styler)
                continue
            output.text = clean(output.text, styler)
        elif output.output_type == "error":
            output.traceback = [clean(line, styler) for line in output.traceback]
            output.evalue = clean(output.evalue, styler)
        else:
            output.data = {mime: _clean_data(mime, data, styler) for mime, data in sorted(output.data.items())}
            output.metadata = NotebookNode()
            if output.output_type == "execute_result":
                output.execution_count = count
        output.pop("transient", None)
        cleaned.append(NotebookNode(output))
    return cleaned


def clean(text: str, styler: dict[str, str] | None = None) -> str:
    """A text without addresses, Styler ids, temporary files and the paths of this machine.

    >>> clean("<Model at 0x7f3a12bc9d50>")
    '<Model at 0x…>'
    """
    ids = {} if styler is None else styler
    text = _ADDRESS.sub("0x…", text)
    text = _KERNEL_FILE.sub("<cell>", text)
    text = _STYLER.sub(lambda match: ids.setdefault(match.group(), f"T_{len(ids):05x}"), text)
    for folder, name in _machine_paths():
        text = text.replace(folder, name)
    return text


def _machine_paths() -> list[tuple[str, str]]:
    folders = [(sys.prefix, "<environment>"), (sys.base_prefix, "<python>"), (str(Path.home()), "~")]
    return [(f"{project_root()}/", ""), *((folder, name) for folder, name in folders if len(folder) > 4)]


def _canonical_cell(cell: NotebookNode, position: int) -> None:
    tags = cell.metadata.get("tags", [])
    if "injected-parameters" in tags:
        cell["id"] = "injected-parameters"
    cell.setdefault("id", f"cell-{position:02d}")
    cell.metadata = NotebookNode({k: v for k, v in cell.metadata.items() if k in _CELL_METADATA and v})
    cell.pop("attachments", None)


def _clean_data(mime: str, data: Any, styler: dict[str, str]) -> Any:
    if mime == "image/png":
        return base64.b64encode(strip_png(base64.b64decode(data))).decode("ascii")
    return _clean_json(data, styler)


def _clean_json(data: Any, styler: dict[str, str]) -> Any:
    if isinstance(data, str):
        return clean(data, styler)
    if isinstance(data, dict):
        return {key: _clean_json(value, styler) for key, value in sorted(data.items())}
    if isinstance(data, list):
        return [_clean_json(value, styler) for value in data]
    return data


def strip_png(image: bytes) -> bytes:
    """A PNG with nothing in it but the picture, packed as small as zlib can."""
    if not image.startswith(_PNG_START):
        return image
    chunks = [(kind, body) for kind, body in _png_chunks(image) if kind in _PNG_KEPT]
    pixels = zlib.compress(zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT")), 9)
    head = [chunk for chunk in chunks if chunk[0] not in {b"IDAT", b"IEND"}]
    return _PNG_START + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in [*head, (b"IDAT", pixels), (b"IEND", b"")]
    )


def _png_chunks(image: bytes) -> list[tuple[bytes, bytes]]:
    chunks, at = [], len(_PNG_START)
    while at + 8 <= len(image):
        (size,) = struct.unpack(">I", image[at : at + 4])
        chunks.append((image[at + 4 : at + 8], image[at + 8 : at + 8 + size]))
        at += 12 + size
    return chunks
