"""Are two executed notebooks the same? Numbers may differ by floating-point noise, nothing else may.

The tolerance is relative 1e-6: optimisers and BLAS move results by some 1e-8 between machines, readers see
at most four digits, and a fault moves a figure by far more. Counts and dates must be equal.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from typing import Any

from nbformat import NotebookNode

from crm_lab.run.committed.canonical import canonical_outputs, without_keys

RELATIVE = 1e-6
ABSOLUTE = 1e-12  # differences of equal numbers, which would be 0
_DECIMAL = re.compile(r"(?<![\w.])[-+]?\d[\d,]*(?:\.\d+(?:[eE][-+]?\d+)?|[eE][-+]?\d+)(?![\w.])")
_SHORT = 160


def never_run(notebook: NotebookNode) -> list[int]:
    """Positions of the code cells that were never executed."""
    return [
        position
        for position, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and cell.source.strip() and cell.execution_count is None
    ]


def notebook_differences(reference: NotebookNode, new: NotebookNode) -> list[str]:
    """What differs between two notebooks, a sentence per cell; empty where they agree."""
    found = []
    if [cell.source for cell in reference.cells] != [cell.source for cell in new.cells]:
        return ["the cells are not the same"]
    for position, (old, cell) in enumerate(zip(reference.cells, new.cells, strict=True)):
        if cell.cell_type == "code":
            what = output_differences(old.outputs, cell.outputs)
            found += [f"cell {position} ({cell.get('id', '')}): {sentence}" for sentence in what]
    return found


def output_differences(reference: list[Any], new: list[Any]) -> list[str]:
    """What differs between the outputs of a cell; pictures are compared by their data, never by pixels."""
    before, after = _by_kind(reference), _by_kind(new)
    found = [f"{kind} is missing" for kind in sorted(before.keys() - after.keys())]
    found += [f"{kind} is new" for kind in sorted(after.keys() - before.keys())]
    for kind in sorted(before.keys() & after.keys()):
        if len(before[kind]) != len(after[kind]):
            found.append(f"{kind} was there {len(before[kind])} times, now {len(after[kind])} times")
        elif not kind.startswith("image/"):
            pairs = zip(before[kind], after[kind], strict=True)
            found += [f"{kind} {sentence}" for old, now in pairs for sentence in value_differences(old, now)[:3]]
    return found


def value_differences(reference: Any, new: Any, path: str = "") -> list[str]:
    """Where two JSON values differ by more than noise.

    >>> value_differences({"a": [1.0, 2.0]}, {"a": [1.0, 2.0 + 1e-12]})
    []
    >>> value_differences({"a": [1.0, 2.0]}, {"a": [1.0, 2.1]})
    ['at a.1: 2.0 became 2.1']
    """
    if isinstance(reference, dict) and isinstance(new, dict) and reference.keys() == new.keys():
        return [s for k in reference for s in value_differences(reference[k], new[k], f"{path}.{k}")]
    if isinstance(reference, list) and isinstance(new, list) and len(reference) == len(new):
        pairs = enumerate(zip(reference, new, strict=True))
        return [s for i, (old, now) in pairs for s in value_differences(old, now, f"{path}.{i}")]
    if _same(reference, new):
        return []
    where = f"at {path[1:]}: " if path else ""
    return [f"{where}{_shown(reference, new)}"]


def same_text(reference: str, new: str) -> bool:
    """Whether two texts agree but for noise in their decimals and the width of their blanks.

    >>> same_text("mean 0.123456789", "mean  0.123456790"), same_text("mean 0.12", "mean 0.13")
    (True, False)
    """
    if reference == new:
        return True
    if _skeleton(reference) != _skeleton(new):
        return False
    pairs = zip(_DECIMAL.findall(reference), _DECIMAL.findall(new), strict=True)
    return all(_close(_number(old), _number(now)) for old, now in pairs)


def _by_kind(outputs: list[Any]) -> dict[str, list[Any]]:
    kinds: dict[str, list[Any]] = defaultdict(list)
    for output in without_keys(canonical_outputs(outputs)):
        if output.output_type == "stream":
            kinds[output.name].append(output.text)
        elif output.output_type == "error":
            kinds["error"].append(f"{output.ename}: {output.evalue}")
        else:
            for mime, data in output.data.items():
                kinds[mime].append(data)
    return kinds


def _same(reference: Any, new: Any) -> bool:
    if isinstance(reference, str) and isinstance(new, str):
        return same_text(reference, new)
    plain = (bool, type(None), str)
    if isinstance(reference, plain) or isinstance(new, plain):
        return type(reference) is type(new) and bool(reference == new)
    if isinstance(reference, int) and isinstance(new, int):
        return reference == new
    numbers = isinstance(reference, int | float) and isinstance(new, int | float)
    return numbers and _close(float(reference), float(new))


def _close(reference: float, new: float) -> bool:
    return reference == new or math.isclose(reference, new, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def _skeleton(text: str) -> str:
    return re.sub(r"[ \t]+|-{2,}", " ", _DECIMAL.sub("#", text)).strip()


def _shown(reference: Any, new: Any) -> str:
    old, now = (value if isinstance(value, str) else repr(value) for value in (reference, new))
    start = next((i for i, (a, b) in enumerate(zip(old, now, strict=False)) if a != b), 0)
    start = max(0, start - 40) if max(len(old), len(now)) > _SHORT else 0
    return f"{old[start : start + _SHORT]} became {now[start : start + _SHORT]}"
