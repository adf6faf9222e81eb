"""A lot that anybody can draw again: a number for each id from a salted hash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats


def hash_unit(ids: Sequence[object] | pd.Series, salt: str) -> Floats:
    """A number in [0, 1) per id that anybody with the salt computes again (SHA-256, 53 bits).

    >>> hash_unit(["1001", "1002"], "spring").round(4).tolist()
    [0.4142, 0.4052]

    Args:
        ids: Ids of units; each is turned into text first.
        salt: Another one gives an unrelated lot.

    Returns:
        Numbers, shape (n,).
    """
    head = f"{salt}:".encode()
    digests = (hashlib.sha256(head + str(i).encode()).digest()[:8] for i in ids)
    return np.array([int.from_bytes(d, "big") >> 11 for d in digests], dtype=float) / 2**53
