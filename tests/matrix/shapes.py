"""The shapes of data that a retailer may bring: small files, each made from a seed, each with one peculiarity.

A shape is a function that returns a table; its docstring says what is peculiar. All people and numbers are made up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

PURCHASES, TEST = "purchases", "test"
ANY_PURCHASES = ("00", "01")


@dataclass(frozen=True)
class Shape:
    """A table that a user could bring.

    Attributes:
        make: Makes the table.
        kind: ``purchases`` (one row a line) or ``test`` (one row a unit).
        good: Pages that must give an answer on it; on the others a refusal in words will do.
        options: What the user says to ``crm-lab init`` beside the path.
        accepted: Whether ``crm-lab init`` takes it; otherwise it says in a sentence why not.
    """

    make: Callable[[], pd.DataFrame]
    kind: str
    good: tuple[str, ...]
    options: tuple[str, ...] = ()
    accepted: bool = True

    @property
    def name(self) -> str:
        """The shape's name."""
        return self.make.__name__


SHAPES: dict[str, Shape] = {}


def shape(
    kind: str = PURCHASES,
    good: tuple[str, ...] = ANY_PURCHASES,
    options: tuple[str, ...] = (),
    *,
    accepted: bool = True,
):
    """Enter the table that the decorated function makes into the matrix."""

    def enter(make: Callable[[], pd.DataFrame]) -> Callable[[], pd.DataFrame]:
        SHAPES[make.__name__] = Shape(make, kind, good, options, accepted)
        return make

    return enter


NO_VALUE = ("00", "01", "03", "04", "05", "06", "07", "09", "11", "13", "14")  # 08 may say that it cannot tell
ALL = ("00", "01", "03", "04", "05", "06", "07", "08", "09", "11", "13", "14")
WITH_PRODUCTS = (*ALL, "20")  # lists need to know what was bought


def purchases(customers: int = 900, days: int = 500, seed: int = 1, rate: float = 1 / 40, stays: float = 0.97):
    """Lines of customers who come at random days and may stop, some sooner than others."""
    rng = np.random.default_rng(seed)
    rates = rng.gamma(1.5, rate / 1.5, customers)
    leaves = rng.beta(0.5, 0.5 * stays / (1 - stays), customers) if 0 < stays < 1 else np.full(customers, 1 - stays)
    first = rng.integers(0, int(days * 0.6), customers)
    orders = []
    for who in range(customers):
        day = first[who]
        while day < days:
            orders.append((who, day))
            if rng.random() < leaves[who]:
                break
            day += max(1, int(np.ceil(rng.exponential(1 / rates[who]))))
    order = pd.DataFrame(orders, columns=["who", "day"])
    order["order_id"] = [f"R{100_000 + i}" for i in range(len(order))]
    lines = order.loc[order.index.repeat(rng.integers(1, 5, len(order)))].reset_index(drop=True)
    product = rng.integers(0, 60, len(lines))
    appetite = rng.gamma(1.5, 2.0, customers)
    pieces = 1 + rng.poisson(appetite[lines["who"]])
    price = np.round(2 + (product * 7919 % 97) / 4, 2)
    opened = pd.Timestamp("2023-01-02")
    lines = lines.assign(
        customer_id=[f"C{1_000 + who}" for who in lines["who"]],
        date=(opened + pd.to_timedelta(lines["day"], unit="D")).dt.strftime("%Y-%m-%d"),
        product_id=[f"P{p:03d}" for p in product],
        category=[f"group {p % 7}" for p in product],
        store_id=[f"S{who % 5}" for who in lines["who"]],
        quantity=pieces,
        amount=np.round(pieces * price, 2),
    )
    lines = lines.drop_duplicates(["order_id", "product_id"])
    return lines.sort_values(["day", "order_id"], kind="stable").drop(columns=["who", "day"]).reset_index(drop=True)


def customer_days(lines: pd.DataFrame) -> pd.DataFrame:
    """One row a customer and day, with its money and nothing else."""
    made = lines.groupby(["customer_id", "date"], as_index=False)["amount"].sum().round(2)
    return made.sort_values(["date", "customer_id"]).reset_index(drop=True)


@shape(good=WITH_PRODUCTS)
def clean() -> pd.DataFrame:
    """Purchases with nothing to repair."""
    return purchases()


@shape(good=("00", "01", "03", "04", "05", "06", "07", "09", "14"))
def nobody_leaves() -> pd.DataFrame:
    """Customers come at their own rates for as long as the records go; one row a customer and day."""
    return customer_days(purchases(customers=700, days=700, seed=21, rate=1 / 60, stays=1.0))


@shape(good=("00", "01", "03"))
def all_leave() -> pd.DataFrame:
    """Nine of ten leave after a purchase, whichever it is; one row a customer and day."""
    return customer_days(purchases(customers=1_500, days=700, seed=22, rate=1 / 20, stays=0.1))


@shape(good=("00", "01", "03", "04", "05", "06", "07", "09", "14"))
def loyal() -> pd.DataFrame:
    """Everybody bought more than once; one row a customer and day, no quantity."""
    days = customer_days(purchases(customers=1_000, stays=0.995, rate=1 / 25))
    return days[days.groupby("customer_id")["date"].transform("size") > 1].reset_index(drop=True)


@shape(good=("00", "01", "03"))
def one_timers() -> pd.DataFrame:
    """Nobody came back."""
    return purchases(stays=0.0)


@shape(good=ALL)
def one_row_a_day() -> pd.DataFrame:
    """One row a customer and day, no quantity."""
    return customer_days(purchases(seed=2))


@shape(good=(), accepted=False)
def counts_only() -> pd.DataFrame:
    """Who came when, and no money."""
    return purchases(seed=3)[["customer_id", "date"]].drop_duplicates()


@shape(good=("00", "01", "04", "07", "20"))
def short() -> pd.DataFrame:
    """A history of 120 days."""
    return purchases(days=120, rate=1 / 15, seed=4)


@shape(good=WITH_PRODUCTS)
def six_years() -> pd.DataFrame:
    """Six years, all of them past, in which December sells three times as much as other months."""
    lines = purchases(customers=900, days=6 * 365, rate=1 / 45, stays=0.96, seed=5)
    day = pd.to_datetime(lines["date"]) - pd.DateOffset(years=4)
    lines["date"] = day.dt.strftime("%Y-%m-%d")
    winter = day.dt.month.isin([11, 12])
    orders = lines["order_id"]
    kept = winter | (orders.map(lambda name: int(name[1:]) % 3 == 0))
    return lines[kept].reset_index(drop=True)


@shape(good=("00", "01"))
def sixty_customers() -> pd.DataFrame:
    """A shop with 60 customers."""
    return purchases(customers=60, rate=1 / 20, seed=6)


@shape(good=WITH_PRODUCTS)
def many_returns() -> pd.DataFrame:
    """A fifth of the lines are goods that came back."""
    lines = purchases(seed=7)
    rng = np.random.default_rng(7)
    back = lines[rng.random(len(lines)) < 0.25].copy()
    later = pd.to_datetime(back["date"]) + pd.to_timedelta(rng.integers(1, 21, len(back)), unit="D")
    back = back.assign(
        date=later.dt.strftime("%Y-%m-%d"),
        quantity=-back["quantity"],
        amount=-back["amount"],
        order_id="B" + back["order_id"].str[1:],
    )
    back = back[back["date"] <= lines["date"].max()]
    return pd.concat([lines, back]).sort_values(["date", "order_id"], kind="stable").reset_index(drop=True)


@shape(good=WITH_PRODUCTS)
def half_unknown() -> pd.DataFrame:
    """Half of the lines name no customer."""
    lines = purchases(customers=1_800, seed=8)
    unknown = np.random.default_rng(8).random(lines["order_id"].nunique()) < 0.5
    nameless = set(lines["order_id"].drop_duplicates()[unknown])
    return lines.assign(customer_id=lines["customer_id"].mask(lines["order_id"].isin(nameless), ""))


STRANGE = (
    "O'Neill", 'the "best"', "Smith, Jane", "🛒🛒", "שלום עולם", "<b>bold</b>", "x" * 300, "None", "0012", "12",
    "王小明",
    "a|b", "a;b", "%s{0}", "=1+1", " padded ", "tab\there", "$x^2$", "back\\slash", "null",
)  # fmt: skip


@shape(good=WITH_PRODUCTS)
def strange_names() -> pd.DataFrame:
    """Customers, products, categories and stores with quotes, commas, emoji, markup, leading zeros and 300 letters."""
    lines = purchases(seed=12)
    odd = dict(enumerate(STRANGE))
    who = lines["customer_id"].str[1:].astype(int) - 1_000
    what = lines["product_id"].str[1:].astype(int)
    return lines.assign(
        customer_id=[odd.get(w, f"C{w}") for w in who],
        product_id=[odd.get(p, f"P{p}") for p in what],
        category=[odd[p % 7] for p in what],
        store_id=[odd[w % 5] for w in who],
    )


@shape(good=(*NO_VALUE, "20"))
def one_product() -> pd.DataFrame:
    """A shop with one product and one store."""
    lines = purchases(seed=10).assign(product_id="ticket", category="ticket", store_id="hall")
    return lines.drop_duplicates("order_id").assign(quantity=1, amount=12.5).reset_index(drop=True)


@shape(good=("00", "01", "03", "04", "06", "07", "20"))
def young_base() -> pd.DataFrame:
    """Nearly all customers came in the last months of a longer history: windows that look back find few."""
    old, young = purchases(customers=60, seed=13), purchases(customers=900, days=170, rate=1 / 20, seed=14)
    moved = pd.to_datetime(young["date"]) + pd.Timedelta(days=330)
    young = young.assign(
        date=moved.dt.strftime("%Y-%m-%d"), customer_id="N" + young["customer_id"], order_id="N" + young["order_id"]
    )
    return pd.concat([old, young]).sort_values(["date", "order_id"], kind="stable").reset_index(drop=True)


@shape(good=WITH_PRODUCTS, options=("--currency", "JPY", "--timezone", "Asia/Tokyo"))
def yen() -> pd.DataFrame:
    """A retailer's own currency, without decimals."""
    lines = purchases(seed=11)
    return lines.assign(amount=(lines["amount"] * 100).astype(int))


def units(n: int = 1_600, arms: tuple[str, ...] = ("control", "treatment"), seed: int = 20) -> pd.DataFrame:
    """Members of a test with their past and their spend."""
    rng = np.random.default_rng(seed)
    past = rng.gamma(2.0, 40.0, n)
    arm = rng.permutation(np.resize(arms, n))
    spend = 0.6 * past + rng.gamma(2.0, 20.0, n) + np.where(arm == arms[0], 0.0, 6.0)
    return pd.DataFrame(
        {"member": [f"M{i:05d}" for i in range(n)], "arm": arm, "spend_before": past.round(2), "spend": spend.round(2)}
    )


@shape(TEST, good=("14", "15", "16", "17"))
def plain_test() -> pd.DataFrame:
    """Two arms, spend and its past."""
    return units()


@shape(TEST, good=("14", "15"))
def binary_test() -> pd.DataFrame:
    """A 0/1 outcome and nothing from before."""
    members = units(seed=21)
    rng = np.random.default_rng(21)
    bought = rng.random(len(members)) < np.where(members["arm"] == "control", 0.20, 0.26)
    return members[["member", "arm"]].assign(bought=bought.astype(int))


@shape(TEST, good=("14", "15", "16", "17"), options=("--control", "none", "--treatment", "mail"))
def three_arms() -> pd.DataFrame:
    """Three arms."""
    return units(n=1_800, arms=("none", "mail", "mail and gift"), seed=22)


@shape(TEST, good=("14", "15", "16", "17"), options=("--control", "None"))
def arm_called_none() -> pd.DataFrame:
    """The control arm is called None."""
    return units(n=800, arms=("None", "letter"), seed=25)


@shape(TEST, good=(), accepted=False)
def missing_outcomes_unsaid() -> pd.DataFrame:
    """Some units have no outcome, and nobody says what that means."""
    return missing_outcomes()


@shape(TEST, good=("14", "15", "16", "17"), options=("--missing-outcome", "drop"))
def missing_outcomes() -> pd.DataFrame:
    """Some units have no outcome."""
    members = units(seed=23)
    gone = np.random.default_rng(23).random(len(members)) < 0.1
    return members.assign(spend=members["spend"].mask(gone))


@shape(TEST, good=("14", "15", "16", "17"))
def unpadded_weeks() -> pd.DataFrame:
    """Spend by week in columns named week_1 to week_12."""
    members = units(seed=24)
    rng = np.random.default_rng(24)
    shares = rng.dirichlet(np.ones(12), len(members))
    weeks = pd.DataFrame(shares * members[["spend"]].to_numpy(), columns=[f"week_{w}" for w in range(1, 13)]).round(2)
    return pd.concat([members.assign(spend=weeks.sum(axis=1).round(2)), weeks], axis=1)
