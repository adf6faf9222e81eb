"""Files a notebook leaves behind: written whole or not at all, and safe to open in a spreadsheet."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_lab.checks import BadInput
from crm_lab.mime import REPORT_VARIABLE
from crm_lab.project import project_root

if TYPE_CHECKING:
    import pandas as pd


_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def out_dir() -> Path:
    """Folder for a notebook's output files: ``$CRM_LAB_OUT``, or ``outputs/interactive/`` of the project.

    >>> out_dir().is_dir()
    True
    """
    given = os.environ.get("CRM_LAB_OUT")
    folder = Path(given) if given else project_root() / "outputs" / "interactive"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def defuse(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy whose text cells cannot start a spreadsheet formula: they get a leading apostrophe.

    >>> import pandas as pd
    >>> defuse(pd.DataFrame({"name": ["=1+1", "Ann"]}))["name"].tolist()
    ["'=1+1", 'Ann']

    Args:
        frame: Any table.

    Returns:
        A copy; numbers stay as they are.
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

    >>> import pandas as pd
    >>> path = write_csv(pd.DataFrame({"customer": ["Ann"], "revenue": [9.5]}), "example_list.csv")
    >>> path.name
    'example_list.csv'
    >>> path.unlink()

    Args:
        frame: The table; its index is left out.
        name: File name, e.g. ``"call_list.csv"``.

    Returns:
        The path written.

    Raises:
        BadInput: In a report, if the page has another file of that name in another folder.
    """
    path = out_dir() / name
    if os.environ.get(REPORT_VARIABLE):
        _refuse_twin(path)
    return write_csv_to(frame, path)


def _refuse_twin(path: Path) -> None:
    """Refuse a second file of one name on a page: whoever downloads both could not tell them apart."""
    folder = out_dir()
    twin = next((file for file in sorted(folder.rglob(path.name)) if file != path), None)
    if twin is not None:
        raise BadInput(
            f"The page has a file {twin.relative_to(folder).as_posix()} already,"
            f" so {path.relative_to(folder).as_posix()} needs another name."
        )


def write_csv_to(frame: pd.DataFrame, path: Path) -> Path:
    """Write a frame as `write_csv` does, to a given path.

    >>> import pandas as pd
    >>> path = write_csv_to(pd.DataFrame({"n": [1]}), out_dir() / "example_to.csv")
    >>> path.read_text(encoding="utf-8-sig").splitlines()
    ['n', '1']
    >>> path.unlink()

    Args:
        frame: The table; its index is left out.
        path: Where to.

    Returns:
        The path written.
    """
    return write_whole(path, defuse(frame).to_csv(index=False).encode("utf-8-sig"))


def write_json(content: Any, name: str) -> Path:
    """Write JSON to `out_dir()`: UTF-8, indented, infinite and nan refused.

    >>> path = write_json({"decision": "ship"}, "example_decision.json")
    >>> path.name
    'example_decision.json'
    >>> path.unlink()

    Args:
        content: Dicts, lists, text and numbers.
        name: File name, e.g. ``"decision.json"``.

    Returns:
        The path written.

    Raises:
        ValueError: If a number is infinite or nan.
    """
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    return write_whole(out_dir() / name, f"{text}\n".encode())


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Context manager: a temporary folder that becomes the target if all goes well.

    >>> with whole_folder(out_dir() / "example_folder") as folder:
    ...     _ = (folder / "a.txt").write_text("a")
    >>> sorted(file.name for file in (out_dir() / "example_folder").iterdir())
    ['a.txt']
    >>> shutil.rmtree(out_dir() / "example_folder")

    Args:
        target: The folder that is to be; its parent is made.

    Yields:
        The folder to fill.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.parent / f".{target.name}.{secrets.token_hex(4)}"
    part.mkdir()
    try:
        yield part
        part.replace(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file atomically: whole or not at all.

    >>> path = write_whole(out_dir() / "example.txt", b"a")
    >>> path.read_text()
    'a'
    >>> path.unlink()

    Args:
        path: Where to.
        content: Bytes.

    Returns:
        The path written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(path)
    return path
