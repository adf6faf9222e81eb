"""Every page on every shape of data that a user may bring: good, or refused in words; good where it must be."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tests.matrix.cells import BROKEN, GOOD, Cell, project, run_cells
from tests.matrix.shapes import SHAPES


def certify_matrix() -> list[dict[str, Any]]:
    """Cells without words, and cells that refuse where refusing is no way out: none of either."""
    cells: list[Cell] = []
    for shape in (shape for shape in SHAPES.values() if shape.accepted):
        with tempfile.TemporaryDirectory() as folder:
            found, _ = run_cells(project(Path(folder)), shape, jobs=2)
        cells += found
        print(f"{shape.name}: {', '.join(f'{cell.page} {cell.ending}' for cell in sorted(found, key=_order))}")
    broken = [cell for cell in cells if cell.ending == BROKEN]
    short = [cell for cell in cells if cell.page in SHAPES[cell.shape].good and cell.ending != GOOD]
    for cell in {*broken, *short}:
        print(f"  {cell.shape} {cell.page} {cell.ending}: {cell.words}")
    return [_entry("broken", broken, len(cells)), _entry("refused where it must be good", short, len(cells))]


def _order(cell: Cell) -> str:
    return cell.page


def _entry(what: str, cells: list[Cell], of: int) -> dict[str, Any]:
    return {
        "name": f"page x data: {what}, of {of} cells",
        "value": len(cells),
        "lo": 0,
        "hi": 0,
        "ok": not cells and of > 0,
        "cells": [f"{cell.shape} {cell.page}: {cell.words}" for cell in cells],
    }
