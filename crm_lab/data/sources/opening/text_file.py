"""Text as it lies in a file: encoding, delimiter, and where its header stands."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import IO

from crm_lab.data.sources.opening.reading import Reading
from crm_lab.data.sources.refusal import refused

DELIMITERS = (",", ";", "\t", "|")
READ_ERRORS = (OSError, EOFError, zlib.error, zipfile.BadZipFile, ValueError, RuntimeError, csv.Error)
"""What reading a damaged, cut or locked text file raises."""

_SAMPLE = 1 << 20
_LOOKED_AT = 60
_LONG_RUN = 1.6
_POSITIONS, _NAMED = 4, 0.6
_WIDE_ZEROS = 0.2
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_WIDE = {"gb18030": ("gb2312", range(0xB0, 0xD8)), "big5": ("big5", range(0xA4, 0xC7)),
         "cp932": ("cp932", range(0x82, 0x98)), "cp949": ("euc_kr", range(0xB0, 0xC9))}  # fmt: skip
_NARROW = ("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "latin-1")
csv.field_size_limit(1 << 25)


def is_gzip(path: Path) -> bool:
    """Whether a file's first bytes are those of gzip, whatever its name."""
    with path.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def open_bytes(path: Path) -> IO[bytes]:
    """A file's bytes, those of the one file inside where it is gzip or a zip archive."""
    if is_gzip(path):
        return gzip.open(path, "rb")  # type: ignore[return-value]  # a GzipFile reads bytes
    if zipfile.is_zipfile(path):
        archive = zipfile.ZipFile(path)
        inside = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX")]
        if len(inside) != 1:
            raise refused("several_in_archive", name=path.name, n=len(inside))
        return archive.open(inside[0])
    return path.open("rb")


def open_text(reading: Reading) -> IO[str]:
    """A text file unpacked and without a byte-order mark."""
    encoding = "utf-8-sig" if reading.encoding.lower().replace("_", "-") in ("utf-8", "utf8") else reading.encoding
    codecs.lookup(encoding)
    return io.TextIOWrapper(open_bytes(reading.path), encoding=encoding, newline="")


def csv_fields(line: str, delimiter: str) -> list[str]:
    """The fields of one CSV line, quotes taken off."""
    return next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), [])


def encoding_of(path: Path, known: Callable[[str], int]) -> str:
    """The encoding of a text file: by its mark, by zero bytes, UTF-8 where it fits, else by what reads best.

    Args:
        path: The file.
        known: How many names of columns a first line holds that somebody calls a column.

    Raises:
        BadInput: If the file cannot be unpacked.
    """
    try:
        with open_bytes(path) as stream:
            sample = stream.read(_SAMPLE)
    except READ_ERRORS as error:
        kind = "gzip" if is_gzip(path) else "text"
        raise refused("unreadable", name=path.name, form=kind, words=error) from error
    for mark, encoding in _MARKS.items():
        if sample.startswith(mark):
            return encoding
    if sample[:1000].count(0) > _WIDE_ZEROS * len(sample[:1000]):
        even, odd = sample[0:1000:2].count(0), sample[1:1000:2].count(0)
        return "utf-16-le" if odd > even else "utf-16-be" if even > 10 * odd else "utf-8"
    if decoded(sample, "utf-8") is not None:
        return "utf-8" if _rest_is_utf8(path) else _other(sample, known)
    return _other(sample, known)


def _rest_is_utf8(path: Path) -> bool:
    """Whether all of a file is UTF-8: the first odd letter may stand in its last row."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with open_bytes(path) as stream:
            for chunk in iter(lambda: stream.read(1 << 22), b""):
                decoder.decode(chunk)
    except UnicodeError:
        return False
    except READ_ERRORS as error:
        raise refused("unreadable", name=path.name, form="gzip" if is_gzip(path) else "text", words=error) from error
    return True


def decoded(sample: bytes, encoding: str) -> str | None:
    """The text of some bytes, a letter cut at the end left out; None where they are none in that encoding."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeError:
        return None


def _other(sample: bytes, known: Callable[[str], int]) -> str:
    """An encoding that is not Unicode: by the words of the header, by common characters, by a library's guess."""
    lines = [line for line in sample.splitlines() if not line.isascii()]
    odd = b"\n".join(lines)[: 1 << 16]
    texts = {e: text for e in (*_WIDE, *_NARROW) if (text := decoded(odd, e)) is not None}
    named = {e: max((known(decoded(line, e) or "") for line in lines[:10]), default=0) for e in texts}
    plain = max((known(line.decode("ascii", "ignore")) for line in lines[:10]), default=0)
    if named and max(named.values()) > plain:
        return max(named, key=lambda e: named[e])
    wide = {e: _common(text, e) for e, text in texts.items() if e in _WIDE}
    if wide and max(wide.values()) > 0.75:
        return max(wide, key=lambda e: wide[e])
    runs = re.findall(rb"[\x80-\xff]+", odd)
    if "cp1252" in texts and len(b"".join(runs)) < _LONG_RUN * len(runs):
        return "cp1252"  # single letters among Latin ones
    return _guessed(odd, [e for e in _NARROW if e in texts])


def _common(text: str, encoding: str) -> float:
    """Share of the letters outside ASCII that are frequent characters of that encoding's language."""
    odd = [c for c in text if not c.isascii()]
    base, lead = _WIDE[encoding]
    return sum(_leads(c, base) in lead or c in "，。（）、：" for c in odd) / max(len(odd), 1)


def _leads(letter: str, encoding: str) -> int:
    try:
        raw = letter.encode(encoding)
    except UnicodeError:
        return 0
    return raw[0] if len(raw) == 2 else 0


def _guessed(sample: bytes, choices: Sequence[str]) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=[c.replace("-", "_") for c in choices]).best()
    return next((c for c in choices if best is not None and c.replace("-", "_") == best.encoding), choices[0])


def form_of(reading: Reading) -> tuple[str, int]:
    """Delimiter of a text file, and how many lines stand above its header."""
    with open_text(reading) as stream:
        lines = list(islice((line[:20_000] for line in stream), _LOOKED_AT))
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
        return lines[0].strip()[4], 1
    best = max(DELIMITERS, key=lambda mark: _evenness(lines, mark))
    return best, header_at([csv_fields(line, best) for line in lines])


def columns_by_position(reading: Reading) -> list[str]:
    """Names of the columns of a text whose fields stand at fixed positions; none where a mark parts them.

    A place is between two columns where all lines are blank; most columns have a name in the first line.
    """
    with open_text(reading) as stream:
        lines = [line.rstrip() for line in islice((line[:2_000] for line in stream), _LOOKED_AT) if line.strip()]
    if len(lines) < 3 or any(mark in lines[0] for mark in DELIMITERS):
        return []
    width = max(map(len, lines))
    used = "".join("x" if any(line[i : i + 1].strip() for line in lines) else " " for i in range(width))
    columns = [lines[0][found.start() : found.end()].strip() for found in re.finditer("x+", used)]
    named = [column for column in columns if column]
    return named if len(named) >= max(_POSITIONS, _NAMED * len(columns)) else []


def _evenness(lines: Sequence[str], mark: str) -> tuple[int, int]:
    widths = [len(csv_fields(line, mark)) for line in lines if line.strip()]
    common = max(set(widths), key=lambda width: (widths.count(width), width), default=1)
    return (0 if common == 1 else widths.count(common), common)


def header_at(rows: Iterable[Sequence[str]]) -> int:
    """Place of the header: the first row that is as wide as most and mostly filled; titles stand above it.

    >>> header_at([["Sales 2024", "", ""], ["", "", ""], ["date", "who", "amount"], ["2024-01-05", "a", "5"]])
    2
    """
    kept = list(rows)
    widths = [_filled_to(row) for row in kept]
    common = max((w for w in widths if w), key=lambda w: (widths.count(w), w), default=0)
    for place, row in enumerate(kept):
        if widths[place] >= common and sum(bool(str(cell).strip()) for cell in row) >= max(2, 0.6 * common):
            return place
    return 0


def _filled_to(row: Sequence[str]) -> int:
    """Number of fields up to the last filled one."""
    return max((i for i, cell in enumerate(row, start=1) if str(cell).strip()), default=0)
