"""Randomised tests that come inside an installed package, by a short name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from crm_lab.checks import BadInput

_PACKAGE = "mlba"
PACKAGED: Mapping[str, Mapping[str, Any]] = {
    "hair_care": {
        "file": "csvFiles/Hair-Care-Product.csv.gz",
        "arm": "Promotion_ord",
        "control": "0",
        "outcome": "Purchase",
        "covariates": "Age, Gender_ord, Residence_ord",
        "segments": "Hair Color, U.S. Region",
        "currency": "USD",
    }
}
"""Name to the keys of ``[source]``; files are relative to the package."""


def packaged_settings(name: str) -> dict[str, Any] | None:
    """What a suite would say of a packaged test, with the path of its file.

    >>> packaged_settings("hair_care")["outcome"], packaged_settings("units.csv") is None
    ('Purchase', True)

    Args:
        name: What a page's ``test_file`` says.

    Returns:
        Keys of ``[source]``, or ``None`` for a name that no package has.

    Raises:
        BadInput: If the package is not installed.
    """
    if name not in PACKAGED:
        return None
    spec = find_spec(_PACKAGE)  # found, not imported: its import sets a backend of matplotlib
    if spec is None or spec.origin is None:
        raise BadInput(f"The test {name} comes inside the package {_PACKAGE}; install it (pip install {_PACKAGE}).")
    return {**PACKAGED[name], "file": str(Path(spec.origin).parent / PACKAGED[name]["file"])}
