"""A small programme of points with every kind of event: lots, their uses, orders and the ledger's redemptions."""

import numpy as np
import pandas as pd

START = pd.Timestamp("2023-01-01")


class Member:
    """A member's lots while months go by."""

    def __init__(self, who, rng, rows):
        self.who, self.rng, self.rows, self.lots = who, rng, rows, []

    def expire(self, first):
        for one in self.lots:
            if one["left"] and one["expires_on"] < first:
                day = one["expires_on"] + pd.Timedelta(days=1)
                self.rows["uses"].append((self.who, one["lot"], "expire", day, one["left"]))
                one["left"] = 0

    def earn(self, first, expiry):
        lot, points = len(self.lots) + 1, int(self.rng.integers(1, 400))
        kind = self.rng.choice(["earn", "pending", "adjust", "transfer"], p=[0.7, 0.1, 0.1, 0.1])
        late = 14 if kind == "transfer" else int(self.rng.integers(0, 9))  # as they are handed on
        order = f"{self.who}-{lot}" if kind in ("earn", "pending") else None
        ends = first + pd.DateOffset(months=expiry + 1) - pd.Timedelta(days=1)
        self.lots.append({"lot": lot, "left": points, "expires_on": ends})
        self.rows["lots"].append((self.who, lot, kind, first + pd.Timedelta(days=late), ends, order, points))
        if order:
            free = self.rng.random() < 0.05
            self.rows["orders"].append((order, 0.0 if free else float(points) + self.rng.random()))

    def use(self, first):
        kind = self.rng.choice(["redeem", "reverse", "transfer", "adjust", ""], p=[0.12, 0.03, 0.05, 0.02, 0.78])
        day = first + pd.Timedelta(days=14 if kind == "transfer" else int(self.rng.integers(15, 28)))
        wanted = int(self.rng.integers(1, 900)) if kind else 0
        for one in self.lots:
            taken = min(one["left"], wanted)
            if taken:
                self.rows["uses"].append((self.who, one["lot"], kind, day, taken))
                one["left"], wanted = one["left"] - taken, wanted - taken
                if kind == "redeem":
                    cost = round(taken * 0.006 * self.rng.uniform(0.8, 1.2), 2)
                    self.rows["paid"].append((self.who, day, "redeem", -taken, cost))


def programme(seed=0, members=60, months=20, expiry=12):
    """Lots, uses, orders and redemptions; points are redeemed oldest first, and expire at the end of a month."""
    rng, rows = np.random.default_rng(seed), {"lots": [], "uses": [], "orders": [], "paid": []}
    for number in range(members):
        member = Member(f"m{number:03d}", rng, rows)
        for month in range(months):
            first = START + pd.DateOffset(months=month)
            member.expire(first)
            if rng.random() < 0.6:
                member.earn(first, expiry)
            member.use(first)
    return tables(rows, START + pd.DateOffset(months=months) - pd.Timedelta(days=1))


def tables(rows, last):
    """The rows as the ledger gives them."""
    lots, uses, orders, paid = rows["lots"], rows["uses"], rows["orders"], rows["paid"]
    made = pd.DataFrame(
        lots, columns=["customer_id", "lot", "kind", "issued_on", "expires_on", "order_id", "points"]
    )  # fmt: skip
    gone = pd.DataFrame(uses, columns=["customer_id", "lot", "kind", "date", "points"])
    gone["kind"] = gone["kind"].astype(str)
    made["kind"] = made["kind"].astype(str)
    names = {"reverse": "reversed", "adjust": "adjusted_out", "transfer": "transferred_out"}
    for kind, name in names.items():
        sums = gone[gone["kind"] == kind].groupby(["customer_id", "lot"])["points"].sum()
        made[name] = sums.reindex(pd.MultiIndex.from_frame(made[["customer_id", "lot"]])).fillna(0).to_numpy(int)
    used = gone.groupby(["customer_id", "lot"])["points"].sum()
    left = made["points"] - used.reindex(pd.MultiIndex.from_frame(made[["customer_id", "lot"]])).fillna(0).to_numpy(int)
    return {
        "lots": made.assign(active=left.astype(int), pending=0),
        "uses": gone,
        "orders": pd.DataFrame(orders, columns=["order_id", "amount"]),
        "rewards": pd.DataFrame(paid, columns=["customer_id", "date", "kind", "points", "cost_amount"]),
        "as_of": last.date().isoformat(),
    }
