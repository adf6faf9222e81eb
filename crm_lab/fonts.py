"""The Chinese font: one face of Noto Sans CJK for figures, and small subsets of it for pages."""

from __future__ import annotations

import os
from functools import cache
from importlib import resources
from io import BytesIO
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from crm_lab.cache import cache_dir

FAMILY = "Noto Sans CJK SC"
_FACE = 2  # Simplified Chinese in the collection JP, KR, SC, TC, HK


@cache
def chinese_font_file() -> Path:
    """A single-face font file that matplotlib can read, extracted once into the cache folder."""
    path = cache_dir() / "NotoSansCJKsc-Regular.otf"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        _face().save(part)
        part.replace(path)
    return path


def chinese_subset(text: str) -> bytes:
    """The font as WOFF with just the glyphs of a text; empty bytes where it has no Chinese character."""
    wanted = {ord(c) for c in text if ord(c) >= 0x2E80}
    if not wanted:
        return b""
    face = TTFont(chinese_font_file(), recalcTimestamp=False)  # the same text, the same bytes
    options = subset.Options(flavor="woff", desubroutinize=True, notdef_outline=True, layout_features=[])
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=wanted)
    subsetter.subset(face)
    face.flavor = "woff"
    buffer = BytesIO()
    face.save(buffer)
    return buffer.getvalue()


def _face() -> TTFont:
    with resources.as_file(resources.files("noto_cjk_sans_otc") / "NotoSansCJK-Regular.ttc") as collection:
        face = TTFont(collection, fontNumber=_FACE, lazy=False)
    name = face["name"].getDebugName(1)
    if name != FAMILY:
        raise RuntimeError(f"Face {_FACE} of the Noto collection is {name!r}, expected {FAMILY!r}.")
    return face
