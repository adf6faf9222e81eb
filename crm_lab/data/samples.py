"""Small tables to try things on, read without a workspace."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from crm_lab.checks import BadInput


def load_cdnow(*, sample: bool = False) -> pd.DataFrame:
    """CDNOW: every purchase to June 1998 of the customers who first bought from a music shop in early 1997.

    Args:
        sample: The published sample of every tenth customer instead of the full file.

    Returns:
        ``customer_id`` (whole number), ``date``, ``amount`` (USD); one row per purchase, 69,659 of 23,570 customers, or
        6,919 of 2,357 in the sample. The data are Fader and Hardie's and come with the package lifetimes.

    Raises:
        BadInput: If the package lifetimes is not there.

    >>> load_cdnow(sample=True).head(2)
       customer_id       date  amount
    0            1 1997-01-01   29.33
    1            1 1997-01-18   29.73
    """
    spec = find_spec("lifetimes")
    if spec is None or spec.origin is None:
        raise BadInput("The CDNOW data come with the package lifetimes, which is not installed: pip install lifetimes.")
    file, at = ("CDNOW_sample.txt", 1) if sample else ("CDNOW_master.txt", 0)
    text = (Path(spec.origin).parent / "datasets" / file).read_text(encoding="ascii")
    fields = (line.split() for line in text.splitlines())
    rows = [(row[at], row[at + 1], row[at + 3]) for row in fields if row and row[0].isdigit()]
    customer, day, amount = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "customer_id": np.array(customer, dtype=np.int64),
            "date": pd.to_datetime(pd.Series(day), format="%Y%m%d"),
            "amount": np.array(amount, dtype=np.float64),
        }
    )
