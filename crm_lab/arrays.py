"""The kinds of arrays that functions take and give."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Positions = NDArray[np.intp]
Booleans = NDArray[np.bool_]
Columns = dict[str, NDArray[Any]]
