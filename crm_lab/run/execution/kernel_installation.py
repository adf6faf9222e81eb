"""The project kernel where Jupyter looks for it, started by the interpreter that has the lab.

The specification in a wheel can only say ``python``, and each environment takes that for its own. So the installed copy
is given this interpreter's path: by ``make setup``, which runs this module, and by the next ``crm-lab`` command where
the environment has moved.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

SHIPPED: Final = Path(__file__).with_name("kernelspec") / "kernel.json"


def installed_specification() -> Path:
    """Where this environment's Jupyter finds the project kernel."""
    return Path(sys.prefix) / "share" / "jupyter" / "kernels" / "crm-lab" / "kernel.json"


def point_to_this_interpreter() -> None:
    """Write this interpreter into the installed specification, if another or none stands there.

    An environment that may not be written to stays as it is.
    """
    path = installed_specification()
    wanted = json.loads(SHIPPED.read_text(encoding="utf-8"))
    wanted["argv"][0] = sys.executable
    with suppress(OSError, ValueError):
        if path.is_file() and json.loads(path.read_text(encoding="utf-8")) == wanted:
            return
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        part.write_text(json.dumps(wanted, indent=1), encoding="utf-8")
        part.replace(path)


if __name__ == "__main__":
    point_to_this_interpreter()
