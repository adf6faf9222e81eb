"""A fitted rule of whom to treat, saved as readable JSON and applied to the next month's customers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame
from scipy.special import expit

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, need_columns
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.experiments.core.assignment import assign
from crm_lab.experiments.core.guards import MISSING
from crm_lab.experiments.uplift.policy.policy_origin import PolicyOrigin
from crm_lab.messages import Message

MOST_UNLIKE = 0.2  # of the customers, whose value of one column no unit of the test had
APART = 0.1  # of the customers, dealt by lot so that the next round measures
_SCHEMA = 2
_WHOLE = 1 - 1e-9  # shares of levels that sum to one: every unit of the test had a level
_REASONS = 2


@dataclass(frozen=True)
class ArmModel:
    """Expected outcome of an arm: intercept and one coefficient a feature, through a logit where `chance`."""

    intercept: float
    coefficients: tuple[float, ...]
    chance: bool

    def expected(self, features: Floats) -> Floats:
        """Expected outcome of each customer, shape (n,)."""
        line = self.intercept + features @ np.array(self.coefficients)
        found: Floats = expit(line) if self.chance else line
        return found


@dataclass(frozen=True)
class TargetingPolicy:
    """Treat where the expected effect in money exceeds the cost, the best first, as far as the budget goes.

    >>> model = {"": ArmModel(0.0, (0.0,), False), "offer": ArmModel(1.0, (2.0,), False)}
    >>> policy = TargetingPolicy(
    ...     ("visits",), ("",), {"visits": 0.0}, model, {"offer": (1.0, 1.0, 1.0)}, 1.0, {"offer": 2.0}
    ... )
    >>> policy.choose(pd.DataFrame({"visits": [1.0, 0.0]}, index=["a", "b"]), apart=0)["arm"].tolist()
    ['offer', '']

    Attributes:
        features: Columns that it reads, in order.
        levels: For each feature the value of a text column that it stands for (``tier = gold``), else empty.
        means: What stands for a gap in each column: the mean in the test.
        models: Arm -> expected outcome; the first is that of the control.
        calibration: Treatment -> mean effect as scored, mean effect as predicted, slope (0 to 1).
        value: Money of one unit of the outcome.
        costs: Treatment -> cost of treating one customer.
        price: Least profit per unit of cost that is treated, above 0 where a budget bound in the test.
        errors: Treatment -> variance of the mean effect, covariance of it with the slope, variance of the slope.
        origin: The test that it was learned from.
        reach: Smallest and largest value of a number in the test; beyond them a customer counts as there.
    """

    features: tuple[str, ...]
    levels: tuple[str, ...]
    means: Mapping[str, float]
    models: Mapping[str, ArmModel]
    calibration: Mapping[str, tuple[float, float, float]]
    value: float
    costs: Mapping[str, float]
    price: float = 0.0
    errors: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    origin: PolicyOrigin = field(default_factory=PolicyOrigin)
    reach: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that customers must have: the features without flags of gaps.

        >>> policy.columns
        ('visits',)
        """
        own = {*self.features}
        flag = {name for name in own if name.endswith(MISSING) and name.removesuffix(MISSING) in own}
        return tuple(dict.fromkeys(name for name in self.features if name not in flag))

    def matrix(self, customers: pd.DataFrame) -> Floats:
        """The features of customers, as the test had them.

        Where the test had gaps of a number, gaps are 0 beside their flag, as there; elsewhere they are the test's mean.
        So is a text that no unit of the test had, where each of them had one that is known.

        >>> policy.matrix(pd.DataFrame({"visits": [1.0, None]})).tolist()
        [[1.0], [0.0]]

        Args:
            customers: One row a customer, with the columns `features`; flags of gaps are made from the numbers.

        Returns:
            An array of shape (n, p).

        Raises:
            BadInput: If a column is missing.
        """
        flags = {*self.features} - {*self.columns}
        need_columns(customers.columns, self.columns, "The table of customers")
        columns: list[pd.Series] = []
        for name, level in zip(self.features, self.levels, strict=True):
            if level:
                columns.append(customers[name].astype(str) == level)
                continue
            given = numbers_in(customers, name.removesuffix(MISSING) if name in flags else name)
            given = given.replace([np.inf, -np.inf], np.nan).clip(*self.reach.get(name, (None, None)))
            fill = 0.0 if name + MISSING in flags else self.means[name]
            columns.append(given.isna() if name in flags else given.fillna(fill))
        return self._with_known_levels(np.column_stack(columns).astype(float))

    def unlike(self, customers: pd.DataFrame) -> dict[str, float]:
        """Columns that are not those of the test: share of customers with a gap or a value that no unit of it had.

        >>> policy.unlike(pd.DataFrame({"visits": [1.0, None]}))
        {'visits': 0.5}

        Args:
            customers: One row a customer, with the columns `features`.

        Returns:
            Column to share, the most first; columns of which it is above 0.

        Raises:
            BadInput: If a column holds text in place of numbers.
        """
        found: dict[str, float] = {}
        for name, level in zip(self.features, self.levels, strict=True):
            if level and name not in found:
                seen = [v for c, v in zip(self.features, self.levels, strict=True) if c == name]
                whole = sum(self.means[f"{name} = {v}"] for v in seen) >= _WHOLE
                odd = ~customers[name].astype(str).isin(seen) & (customers[name].notna() | whole)
            elif not level and name in customers:
                given, (low, high) = numbers_in(customers, name), self.reach.get(name, (-np.inf, np.inf))
                odd = (given < low) | (given > high) | (given.isna() & (name + MISSING not in self.features))
            else:
                continue
            found[name] = float(odd.mean())
        return {name: share for name, share in sorted(found.items(), key=lambda item: -item[1]) if share > 0}

    def unlike_message(self, customers: pd.DataFrame) -> Message | None:
        """Why customers are not like the units of the test, or ``None``: more than `MOST_UNLIKE` of them in a column.

        >>> policy.unlike_message(pd.DataFrame({"visits": [1.0, 2.0]})) is None
        True

        Args:
            customers: One row a customer, with the columns `features`.

        Returns:
            A sentence that names the column where most are.
        """
        column, share = next(iter(self.unlike(customers).items()), ("", 0.0))
        if share <= MOST_UNLIKE:
            return None
        values = {"column": column, "share": share, "customers": len(customers)}
        return Message("experiments.uplift.policy.unlike", values)

    def _with_known_levels(self, features: Floats) -> Floats:
        """Customers with a level that the test never saw stand at the mean of those it saw."""
        for column in {name for name, level in zip(self.features, self.levels, strict=True) if level}:
            inside = [j for j, name in enumerate(self.features) if name == column and self.levels[j]]
            shares = np.array([self.means[self._named(j)] for j in inside])
            unknown = features[:, inside].sum(axis=1) == 0
            if shares.sum() >= _WHOLE and unknown.any():
                features[np.ix_(unknown, inside)] = shares
        return features

    def effects(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Expected effect of each treatment on each customer, calibrated.

        >>> policy.effects(pd.DataFrame({"visits": [1.0, 0.0]}))["offer"].tolist()
        [3.0, 1.0]

        Args:
            customers: One row a customer, with the columns `features`.

        Returns:
            A column a treatment, in the outcome's unit.
        """
        return self._effects(self.matrix(customers), customers.index)

    def _effects(self, features: Floats, index: pd.Index) -> pd.DataFrame:
        found = {}
        for arm in list(self.models)[1:]:
            scored, _, slope = self.calibration[arm]
            found[arm] = scored + slope * self._centred(features, arm)
        return pd.DataFrame(found, index=index)

    def _centred(self, features: Floats, arm: str) -> Floats:
        """Predicted effects less their mean in the test, shape (n,)."""
        control = next(iter(self.models))
        predicted = self.models[arm].expected(features) - self.models[control].expected(features)
        found: Floats = predicted - self.calibration[arm][1]
        return found

    def money(self, customers: pd.DataFrame, arm: str) -> pd.DataFrame:
        """What treating each customer brings before its cost, and how the test's error falls on each.

        The error of a sum over customers has two independent parts, each the sum of its column.

        >>> policy.money(pd.DataFrame({"visits": [1.0, 0.0]}), "offer")["gain"].tolist()
        [3.0, 1.0]

        Args:
            customers: One row a customer, with the columns `features`.
            arm: A treatment.

        Returns:
            gain, error_level, error_slope (money of one standard error), reasons.
        """
        features = self.matrix(customers)
        level, both, slope = self.errors.get(arm, (0.0, 0.0, 0.0))
        first = level**0.5
        shared = both / first if first else 0.0
        left = max(slope - shared**2, 0.0) ** 0.5
        centred, effects = self._centred(features, arm), self._effects(features, customers.index)
        place = np.full(len(features), list(effects).index(arm) + 1)
        columns = {
            "gain": self.value * effects[arm], "error_level": self.value * (first + shared * centred),
            "error_slope": self.value * left * centred, "reasons": self._reasons(features, effects, place),
        }  # fmt: skip
        return pd.DataFrame(columns, index=customers.index)

    def choose(
        self,
        customers: IntoFrame,
        *,
        most: int | None = None,
        budget: float | None = None,
        apart: float = APART,
        salt: str = "next round",
    ) -> pd.DataFrame:
        """Who gets what, with reasons; a random share of the customers is dealt by lot instead.

        Args:
            customers: One row a customer with the columns `features`, in a frame of pandas, Polars, ...; pandas'
                index is the customer's id, or the column ``customer_id``.
            most: Customers that can be treated, those dealt by lot included.
            budget: Money that can be spent, on those dealt by lot too.
            apart: Share of the customers dealt by lot among all arms, so that the next round can be measured.
            salt: Of the lot: another one in each round.

        Returns:
            One row a customer: arm (the control's name for no treatment), effect and net (money) of that arm,
            ``by_lot``, reasons; the best first.

        Raises:
            BadInput: If a column is missing, a customer stands there twice, or the lot alone breaks a bound.
        """
        table = as_pandas(customers, "The customers")
        table = table.set_index("customer_id") if "customer_id" in table else table
        if table.index.isna().any():
            nobody = int(np.sum(table.index.isna()))
            raise BadInput(f"{nobody} customers have no id; the list must know whom it names.")
        if table.index.duplicated().any():
            raise BadInput(f"{int(table.index.duplicated().sum())} customers stand there twice; give one row each.")
        features = self.matrix(table)
        effects = self._effects(features, table.index)
        control = next(iter(self.models))
        net = effects * self.value - pd.Series(self.costs)
        names, costs = (
            np.array([control, *effects.columns], dtype=object),
            np.array([self.costs[str(a)] for a in effects]),
        )
        lot = self._lot(table.index, apart, salt, list(names))
        place = lot.map({name: i for i, name in enumerate(names)}).fillna(0).to_numpy(dtype=int)
        by_rule, many, spent = lot.isna().to_numpy(), int((place > 0).sum()), _spent(place, costs)
        if (most is not None and many > most) or (budget is not None and spent > budget):
            raise BadInput(
                f"Those dealt by lot alone are {many:,} for {spent:,.2f}; raise the bound, or lower `apart`."
            )
        left = (None if most is None else most - many, None if budget is None else budget - spent)
        place[by_rule] = chosen_arms(net.to_numpy()[by_rule], costs, *left, self.price)
        arm = pd.Series(names[place], index=table.index)
        padded = np.column_stack([np.zeros(len(net)), net.to_numpy()])
        effect = np.column_stack([np.zeros(len(net)), effects.to_numpy()])
        rows = np.arange(len(net))
        frame = pd.DataFrame({"arm": arm, "effect": effect[rows, place], "net": padded[rows, place]}, index=table.index)
        frame = frame.assign(by_lot=lot.notna(), reasons=self._reasons(features, effects, np.maximum(place, 1)))
        return frame.sort_values("net", ascending=False, kind="stable").rename_axis("customer_id").reset_index()

    @staticmethod
    def _lot(ids: pd.Index, apart: float, salt: str, arms: list[str]) -> pd.Series:
        """The arm of those who are dealt by lot, missing for the others; the same customer always has the same."""
        if apart <= 0:
            return pd.Series(pd.NA, index=ids, dtype=object)
        inside = assign(list(ids), f"{salt}: apart", {"apart": apart, "rule": 1 - apart})
        dealt = assign(list(ids), f"{salt}: arm", {name: 1 / len(arms) for name in arms})
        return pd.Series(dealt, index=ids, dtype=object).where(inside == "apart")

    def _reasons(self, features: Floats, effects: pd.DataFrame, place: np.ndarray) -> list[str]:
        """The columns that move each customer's effect most from that of a customer with the test's means.

        All levels of a text column move together, as do a number and the flag of its gaps; what the customer has is
        named.
        """
        owners = [self._owner(j) for j in range(len(self.features))]
        rows, columns = np.arange(len(features)), list(dict.fromkeys(owners))
        here = effects.to_numpy()[rows, place - 1]
        moved, labels = np.empty((len(features), len(columns))), np.empty((len(features), len(columns)), dtype=object)
        for k, column in enumerate(columns):
            inside = [j for j, owner in enumerate(owners) if owner == column]
            other = features.copy()
            other[:, inside] = [self.means[self._named(j)] for j in inside]
            moved[:, k] = here - self._effects(other, effects.index).to_numpy()[rows, place - 1]
            labels[:, k] = column
            for j in inside:
                if self._named(j) != column:  # a level, or that the number is not known
                    labels[features[:, j] > 0, k] = self._named(j)
        first = np.argsort(-np.abs(moved), axis=1)[:, :_REASONS]
        return [
            ", ".join(f"{labels[i, k]} {'+' if moved[i, k] > 0 else '-'}" for k in first[i] if moved[i, k])
            for i in rows
        ]  # fmt: skip

    def _owner(self, j: int) -> str:
        """The column that a feature is of: its own, or that whose gaps it flags."""
        name = self.features[j]
        return name.removesuffix(MISSING) if name.removesuffix(MISSING) in self.features else name

    def _named(self, j: int) -> str:
        """A feature in words: ``tier = gold`` or its column."""
        return f"{self.features[j]} = {self.levels[j]}" if self.levels[j] else self.features[j]

    def save(self, path: str | Path) -> Path:
        """Write it as JSON that a person can read; `TargetingPolicy.load` reads it.

        Args:
            path: The file.

        Returns:
            The file.
        """
        path = Path(path)
        path.write_text(json.dumps({"schema": _SCHEMA, **asdict(self)}, indent=2, ensure_ascii=False), encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: str | Path) -> TargetingPolicy:
        """Read a saved policy.

        Args:
            path: The file.

        Returns:
            The policy.

        Raises:
            BadInput: If the file is no policy of this version.
        """
        try:
            given: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
            if given.pop("schema", None) != _SCHEMA:
                raise BadInput(f"{Path(path).name} is no targeting policy of version {_SCHEMA}; page 17 saves one.")
            models = {
                arm: ArmModel(m["intercept"], tuple(m["coefficients"]), m["chance"])
                for arm, m in given["models"].items()
            }
            lists = {"features": tuple(given["features"]), "levels": tuple(given["levels"])}
            numbers = {
                name: {arm: tuple(c) for arm, c in given[name].items()} for name in ("calibration", "errors", "reach")
            }
            origin = PolicyOrigin.read(given["origin"])
            return cls(**{**given, **lists, **numbers, "models": models, "origin": origin})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadInput(f"{Path(path).name} is no targeting policy: {error}.") from None


def numbers_in(customers: pd.DataFrame, column: str) -> pd.Series:
    """A column as numbers, with gaps.

    >>> numbers_in(pd.DataFrame({"visits": ["3", None]}), "visits").tolist()
    [3.0, nan]

    Args:
        customers: One row a customer.
        column: One of their columns.

    Returns:
        Numbers, a gap where there is none.

    Raises:
        BadInput: If it holds text.
    """
    given = customers[column]
    found = pd.to_numeric(given, errors="coerce").astype(float)
    text = given[found.isna() & given.notna()]
    if len(text):
        raise BadInput(f"{column} holds text in {len(text):,} rows ({text.iloc[0]!r} first); give numbers there.")
    return found


def chosen_arms(
    net: Floats, costs: Floats, most: int | None = None, budget: float | None = None, price: float = 0.0
) -> np.ndarray:
    """The arm of each unit with the highest profit, 0 for none, within a number of units and a budget, shape (n,).

    Where a bound binds, each unit takes the arm with the most profit less a price per unit treated, or per unit of
    cost: the Lagrangian answer, off the best by less than one unit's profit.

    >>> chosen_arms(np.array([[3.0], [1.0], [-1.0]]), np.array([2.0]), most=1).tolist()
    [1, 0, 0]

    Args:
        net: Expected profit of each treatment, shape (n, A - 1).
        costs: Cost of each treatment, shape (A - 1,).
        most: Units that can be treated.
        budget: Money that can be spent.
        price: Profit per unit of cost below which nobody is treated.
    """
    arms = _best(net - price * costs)
    if most is not None and (arms > 0).sum() > most:
        gain = np.where(arms > 0, (net - price * costs)[np.arange(len(net)), np.maximum(arms, 1) - 1], -np.inf)
        arms[np.argsort(-gain, kind="stable")[most:]] = 0
    if budget is not None and _spent(arms, costs) > budget:
        low, high = price, price + float(np.max(net / np.maximum(costs, 1e-12), initial=0.0)) + 1.0
        for _ in range(60):
            middle = (low + high) / 2
            over = _spent(chosen_arms(net, costs, most, None, middle), costs) > budget
            low, high = (middle, high) if over else (low, middle)
        arms = chosen_arms(net, costs, most, None, high)
    return arms


def _best(gain: Floats) -> np.ndarray:
    """The arm with the highest gain above 0 of each unit, else 0."""
    best: np.ndarray = np.where(gain.max(axis=1) > 0, gain.argmax(axis=1) + 1, 0)
    return best


def _spent(arms: np.ndarray, costs: Floats) -> float:
    return float(np.append(0.0, costs)[arms].sum())
