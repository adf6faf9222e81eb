"""The order of products with the same score: by popularity, then by a keyed hash of the product's id."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from crm_lab.arrays import Floats, Integers, Positions


def keyed_hashes(ids: NDArray[np.object_], key: str = "") -> NDArray[np.uint64]:
    """A number for each id that looks drawn by lot, and is the same on every machine.

    >>> keyed_hashes(np.array(["milk", "bread"], dtype=object)).tolist() == [
    ...     int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big") for name in (b"milk", b"bread")
    ... ]
    True

    Args:
        ids: Ids as text, shape (n,).
        key: Another key deals the order of ties anew.

    Returns:
        64-bit hashes, shape (n,).
    """
    secret = hashlib.blake2b(key.encode(), digest_size=16).digest() if key else b""
    return np.array(
        [
            int.from_bytes(hashlib.blake2b(str(name).encode(), digest_size=8, key=secret).digest(), "big")
            for name in ids
        ],
        dtype=np.uint64,
    )  # fmt: skip


def tie_order(ids: NDArray[np.object_], popularity: Integers | Floats | None = None, key: str = "") -> Positions:
    """Products in the order in which those with one score are listed: it depends on no order of rows.

    >>> ids = np.array(["a", "b", "c"], dtype=object)
    >>> tie_order(ids, np.array([1, 5, 2])).tolist()
    [1, 2, 0]

    Args:
        ids: Ids of the products, shape (n,).
        popularity: What the more popular have more of, shape (n,); without it the hash alone decides.
        key: Of the hash.

    Returns:
        Places of the products, the first of equals first, shape (n,).
    """
    first = np.zeros(len(ids)) if popularity is None else -np.asarray(popularity, dtype=float)
    return np.lexsort((keyed_hashes(ids, key), first))
