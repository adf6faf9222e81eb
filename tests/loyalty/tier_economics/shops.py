"""Members of the tests' own making."""

import numpy as np
import pandas as pd

TIERS = ("base", "silver", "gold")


def history(rows):
    return pd.DataFrame(rows, columns=["customer_id", "tier", "since", "qualifying_amount"])


def orders(rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "net_amount"])
    return frame.assign(order_id=[f"o{k}" for k in range(len(frame))])


def members(seed=1, n=20_000, effect=60.0, sort=False):
    rng = np.random.default_rng(seed)
    amount = rng.gamma(2.5, 120, n)
    spend = 0.8 * amount + effect * (amount >= 500) + rng.normal(0, 100, n)
    if sort:
        near = (amount > 470) & (amount < 500) & (rng.random(n) < 0.3)
        amount = np.where(near, 500 + rng.exponential(10, n), amount)
    left = (rng.random(n) < 0.3 - 0.0002 * amount).astype(float)
    return pd.DataFrame({"qualifying_amount": amount, "treated": (amount >= 500) * 1.0, "spend": spend, "left": left})
