"""Files a notebook leaves behind: written whole or not at all, and safe to open in a spreadsheet."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_lab.project import project_root

if TYPE_CHECKING:
    import pandas as pd


_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def out_dir() -> Path:
    """Where a notebook's files go: ``$CRM_LAB_OUT``, or ``outputs/interactive/`` of the project."""
    given = os.environ.get("CRM_LAB_OUT")
    folder = Path(given) if given else project_root() / "outputs" / "interactive"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def defuse(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy whose text cells cannot start a spreadsheet formula: they get a leading apostrophe.

    >>> import pandas as pd
    >>> defuse(pd.DataFrame({"name": ["=1+1", "Ann"]}))["name"].tolist()
    ["'=1+1", 'Ann']
    """

    def safe(value: object) -> object:
        return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value

    from pandas.api.types import is_numeric_dtype

    out = frame.rename(columns=safe)
    for position, dtype in enumerate(out.dtypes):
        if not is_numeric_dtype(dtype):
            out.isetitem(position, [safe(value) for value in out.iloc[:, position]])
    return out


def write_csv(frame: pd.DataFrame, name: str) -> Path:
    """Write a frame to `out_dir()` for people who open it in a spreadsheet.

    UTF-8 with a byte-order mark (Excel reads Chinese right), no index, text cells defused.

    Args:
        frame: The table; its index is left out.
        name: File name, e.g. ``"call_list.csv"``.

    Returns:
        The path written.
    """
    return write_csv_to(frame, out_dir() / name)


def write_csv_to(frame: pd.DataFrame, path: Path) -> Path:
    """Write a frame as `write_csv` does, to a path of one's own."""
    return write_whole(path, defuse(frame).to_csv(index=False).encode("utf-8-sig"))


def write_json(content: Any, name: str) -> Path:
    """Write plain JSON to `out_dir()` for machines: UTF-8, indented, infinite and nan refused.

    Args:
        content: Dicts, lists, text and numbers.
        name: File name, e.g. ``"decision.json"``.

    Returns:
        The path written.
    """
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    return write_whole(out_dir() / name, f"{text}\n".encode())


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A folder beside the target, to be filled, that becomes the target if all goes well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield part
        part.chmod(0o755)
        part.replace(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(path)
    return path
