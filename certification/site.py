"""Certification of the documentation site: all of it is built without a warning, and no link leads nowhere."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from crm_lab.project import project_root


def certify_site() -> dict[str, Any]:
    """Warnings of Sphinx and internal links that lead nowhere, over guides, notebooks and the whole reference."""
    sys.path.insert(0, str(project_root() / ".ci"))
    from documentation import build

    with tempfile.TemporaryDirectory() as folder:
        wrong = build(Path(folder) / "source", Path(folder) / "site")
    for line in wrong:
        print(f"  {line}")
    return {"name": "site.complaints", "value": len(wrong), "lo": 0, "hi": 0, "ok": not wrong}
