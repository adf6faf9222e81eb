"""Values with their intervals, a row each."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from crm_lab.messages.wrapped_text import wrapped
from crm_lab.plots.style import BLUE, SOFT

_NAME = 34  # letters of a name in a line


def interval_rows(ax: Axes, names: pd.Series, rows: pd.DataFrame, value: str) -> None:
    """Values with their intervals, the first on top."""
    places = np.arange(len(rows))[::-1].astype(float)
    known = rows[["lo", "hi"]].notna().all(axis=1).to_numpy()
    reach = np.vstack([rows[value] - rows["lo"], rows["hi"] - rows[value]])
    ax.errorbar(rows[value][known], places[known], xerr=reach[:, known], fmt="o", color=BLUE, capsize=3)
    ax.plot(rows[value][~known], places[~known], "o", color=SOFT)
    ax.set_yticks(places, [wrapped(str(name), _NAME) for name in names])
    ax.margins(y=0.1)
