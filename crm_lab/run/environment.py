"""The environment variables that make two executions of a notebook give the same outputs."""

from __future__ import annotations

from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def steady_environment(root: Path) -> dict[str, str]:
    """Fixed hash seed, time zone and build date, one arithmetic thread (sums keep their order), a quiet debugger."""
    return {
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": "1735689600",
        "TZ": "UTC",
        "CRM_LAB_HOME": str(root),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        **dict.fromkeys(THREADS, "1"),
    }


def committed_environment(root: Path, notebook: str) -> dict[str, str]:
    """What a notebook's committed outputs are made and compared with: English, files where Lab puts them."""
    return {
        **steady_environment(root),
        "CRM_LAB_LANG": "en",
        "CRM_LAB_OUT": str(root / "outputs" / "interactive" / notebook),
    }
