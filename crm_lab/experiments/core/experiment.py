"""The experiment as data: one row per unit, its arm, outcomes and what was known before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.checks import BadInput, Problems, need_columns
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.experiments.core.column_words import week_number
from crm_lab.experiments.core.guardrail import Guardrail
from crm_lab.experiments.core.guards import MISSING, Guards, guards_of
from crm_lab.experiments.core.planned_shares import srm_problem, srm_pvalue
from crm_lab.experiments.core.spend_by_arm import Arms, spend_by_arm
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.stats.moments import Moments, moments_by

_SIZE = "units in it"


@dataclass(frozen=True, eq=False)
class Experiment:
    """Units with their arm, outcomes and covariates, checked.

    Build it with `Experiment.from_frame`.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])

    Attributes:
        frame: One row per unit; covariates have no gaps (filled with 0 beside a ``…_missing`` flag).
        arm: Column with the arm.
        control: Name of the control arm.
        treatments: Names of the other arms.
        outcomes: Outcome columns.
        covariates: Covariate columns, missing flags included.
        unit: Column with the unit's id, if there is one.
        shares: Planned share of each arm.
        truth: Planted effect per outcome, in its unit; empty for a real test.
        caps: What winsorising did: outcome -> its cap.
        pasts: Outcomes with covariates of their own -> those, missing flags included; others use all.
        judged: Outcomes whose effects are reported, the primary one first; the others feed the money.
        segments: Columns fixed before the assignment, for the sample ratio: segment, day of the assignment.
        funnel: Outcomes with 0 or 1 that say who took the offer, who was active, ..., in order.
        money: What the programme's return is read from beside spend: part (later, elsewhere, ...) -> outcome.
        cluster: Column with what was assigned, if not the unit: store, city, household; empty to find it.
        late: Covariates that were known only after the assignment, by their dates -> why they do not adjust.
        doubt: Why nobody can say that the arm was drawn by lot, or ``None``.
        size: Where each row is a whole cluster: column with its units, outcomes being their totals; else empty.
        window: First day of the test and last day of the outcome, ``YYYY-MM-DD``; ``None`` where nobody said.
        guardrails: Outcomes that must be shown to be no worse before anything is shipped.
        levers: Of a factorial test: lever to the arms in which it was on.
        pre_days: Days over which spend and orders before were summed, where they came from the tables; else 0.
    """

    frame: pd.DataFrame
    arm: str
    control: str
    treatments: tuple[str, ...]
    outcomes: tuple[str, ...]
    covariates: tuple[str, ...]
    unit: str | None
    shares: Mapping[str, float]
    truth: Mapping[str, float] = field(default_factory=dict)
    caps: Mapping[str, float] = field(default_factory=dict)
    pasts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    judged: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    funnel: tuple[str, ...] = ()
    money: Mapping[str, str] = field(default_factory=dict)
    cluster: str = ""
    late: Mapping[str, Message] = field(default_factory=dict)
    doubt: Message | None = None
    size: str = ""
    window: tuple[str, str] | None = None
    guardrails: tuple[Guardrail, ...] = ()
    levers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pre_days: int = 0

    @classmethod
    def from_frame(
        cls,
        frame: IntoFrame,
        *,
        arm: str,
        outcomes: Sequence[str] | str,
        covariates: Sequence[str] | str | Mapping[str, Sequence[str]] = (),
        unit: str | None = None,
        control: object = "control",
        shares: Mapping[str, float] | None = None,
        truth: Mapping[str, float] | None = None,
    ) -> Experiment:
        """Build an experiment from a frame with one row per unit; all its problems are reported together.

        Without a unit id, identical rows are different units and all kept.

        >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 4, "spend": [1, 2, 3, 5, 2, 3, 4, 4]})
        >>> Experiment.from_frame(frame, arm="arm", outcomes=["spend"]).counts()
        {'control': 4, 'treatment': 4}

        Args:
            frame: One row per unit, in a DataFrame of pandas, Polars, DuckDB, PyArrow or PySpark; it is not changed.
            arm: Column with the arm.
            outcomes: Numeric columns measured after the assignment; 0 where nothing happened.
            covariates: Numeric columns measured before it; gaps are allowed (late joiners). A mapping gives
                outcomes their own, e.g. ``{"spend": ["spend_before"], "orders": ["orders_before"]}``.
            unit: Column with the unit's id.
            control: Which value of `arm` is the control, e.g. ``0`` or ``"A"``.
            shares: Planned share per arm; equal unless given.
            truth: Planted effect per outcome, if the effect is made up.

        Returns:
            The experiment.

        Raises:
            BadInput: With every problem of the frame at once.
        """
        frame = as_pandas(frame, "The experiment's frame")
        outcomes, covariates = _names(outcomes), covariates if isinstance(covariates, Mapping) else _names(covariates)
        control, shares = str(control), {str(name): share for name, share in shares.items()} if shares else None
        if frame.empty:
            raise cannot_answer("no_units")
        own = covariates if isinstance(covariates, Mapping) else {}
        past = list(dict.fromkeys(c for names in own.values() for c in names)) if own else list(covariates)
        needed = [arm, *outcomes, *past, *([unit] if unit else [])]
        need_columns(frame.columns, needed, "The experiment's frame")
        need_columns(outcomes, own, "The experiment's outcomes")
        arms = frame[arm].astype("string")
        problems = Problems("experiment")
        problems.extend(_arm_problems(arms, control, shares))
        problems.extend(_unit_problems(frame, arms, unit))
        problems.extend(_type_problems(frame, [*outcomes, *past]))
        problems.raise_any()
        names = sorted(arms.unique())
        data, flags = _filled(frame[list(dict.fromkeys(needed))], past)
        data = data.assign(**{name: frame[name].astype(float) for name in outcomes}, **{arm: arms.astype(object)})
        others = frame.columns.difference(data.columns)
        return cls(
            pd.concat([data, frame[others]], axis=1).reset_index(drop=True),
            arm,
            control,
            tuple(n for n in names if n != control),
            tuple(outcomes),
            (*past, *flags),
            unit,
            dict(shares) if shares else {name: 1 / len(names) for name in names},
            dict(truth or {}),
            pasts={name: _with_flags(names, flags) for name, names in own.items()},
            judged=tuple(outcomes[:1]),
        )

    @classmethod
    def from_purchases(
        cls,
        purchases: IntoFrame,
        arms: Arms,
        *,
        start: str | date,
        end: str | date,
        control: object = "control",
        customer: str = "customer_id",
        date: str = "date",
        amount: str = "net_amount",
    ) -> Experiment:
        """Make an experiment of purchases and of who was assigned to which arm.

        Every assigned customer counts, buyers or not. Outcomes are ``spend`` and ``orders`` from `start` to `end`,
        each with its own past as covariate: the same over as many days before `start`.

        Args:
            purchases: One row per purchase or order, in a DataFrame of pandas, Polars, DuckDB, PyArrow or PySpark; a
                customer's purchases of one day are one order unless there is a column ``order_id``.
            arms: The arm of each assigned customer: a mapping or a series by customer, or a table with the customer's
                column and ``arm``.
            start: First day of the test.
            end: Last day that counts.
            control: Which arm is the control.
            customer: Column with the customer.
            date: Column with the date.
            amount: Column with the amount.

        Returns:
            The experiment, a row per unit.

        Raises:
            BadInput: With every problem of the tables.

        >>> sales = pd.DataFrame({"customer_id": list("abcd"), "date": "2024-03-05", "net_amount": [5, 7, 9, 11]})
        >>> arms = {"a": "control", "b": "control", "c": "postcard", "d": "postcard"}
        >>> test = Experiment.from_purchases(sales, arms, start="2024-03-01", end="2024-03-31")
        >>> test.frame.groupby("arm")["spend"].mean().to_dict()
        {'control': 6.0, 'postcard': 10.0}
        """
        names = {"customer": customer, "date": date, "amount": amount}
        units = spend_by_arm(purchases, arms, start=start, end=end, **names)
        past = {"spend": ["spend_before"], "orders": ["orders_before"]}
        return cls.from_frame(
            units, arm="arm", outcomes=list(past), covariates=past, unit="customer_id", control=control
        )

    def planned_as(self, shares: Mapping[str, float]) -> Experiment:
        """The same experiment with other planned shares than equal ones.

        Args:
            shares: Planned share per arm, in any unit: 9 to 1, or 90 to 10.

        Returns:
            The experiment, its sizes read against these shares.

        Raises:
            BadInput: If an arm has no share, or no share above 0.

        >>> test.planned_as({"control": 9, "treatment": 1}).guards.refused.key
        'experiments.refused.srm'
        """
        need_columns(shares, self.arms, "The planned shares")
        if min(shares[arm] for arm in self.arms) <= 0:
            raise BadInput("A planned share is not above 0; give each arm its own.")
        whole = sum(shares[arm] for arm in self.arms)
        return replace(self, shares={arm: shares[arm] / whole for arm in self.arms})

    def assigned_by(self, column: str) -> Experiment:
        """The same experiment where whole levels of a column (stores, cities, households) were assigned.

        A column within whose levels the arm never changes is found without it.

        Args:
            column: The column.

        Returns:
            The experiment, read by what was assigned.

        Raises:
            BadInput: If there is no such column.

        >>> arms = ["control", "control", "offer", "offer"]
        >>> stores = pd.DataFrame({"store": list("aabb"), "arm": arms, "spend": [1, 2, 3, 4]})
        >>> Experiment.from_frame(stores, arm="arm", outcomes=["spend"]).assigned_by("store").assigned()
        {'control': 1, 'offer': 1}
        """
        need_columns(self.frame.columns, [column], "The experiment")
        return replace(self, cluster=column)

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms, control first.

        >>> test.arms
        ('control', 'treatment')
        """
        return (self.control, *self.treatments)

    @property
    def simulated(self) -> bool:
        """Whether an effect was planted.

        >>> test.simulated
        False
        """
        return bool(self.truth)

    @cached_property
    def guards(self) -> Guards:
        """What the test itself says against it: covariates that must not adjust, and why no effect may be read.

        Sizes of the arms that are not as planned refuse every effect, as do the columns.

        >>> dict(test.guards.withdrawn), test.guards.refused
        ({}, None)
        """
        weeks = [str(name) for name in self.frame if week_number(str(name)) is not None]
        skip = [*self.outcomes, *weeks, *([self.unit] if self.unit else [])]
        found = guards_of(self.frame, self.arm, self.arms, self.covariates, self.cluster, skip)
        refused = self.doubt or found.refused or self._lost_units(found.cluster)
        return replace(found, withdrawn={**found.withdrawn, **self.late}, refused=refused)

    def _lost_units(self, cluster: str) -> Message | None:
        """Why the sizes of the arms forbid an effect, or ``None``."""
        counts = self._assigned_in(cluster)
        return srm_problem(counts, srm_pvalue(counts, {arm: self.shares[arm] for arm in counts}))

    def past_of(self, outcomes: Sequence[str]) -> tuple[str, ...]:
        """Covariates that adjust some outcomes together: their own where they have any, else all that may adjust.

        >>> test.past_of(["spend"])
        ('before',)

        Args:
            outcomes: Names of outcomes.

        Returns:
            Names of covariates.
        """
        usable = [c for c in self.covariates if c.removesuffix(MISSING) not in self.guards.withdrawn]
        if not set(outcomes) <= set(self.pasts):
            return tuple(usable)
        wanted = {c for name in outcomes for c in self.pasts[name]}
        return tuple(c for c in usable if c in wanted)

    def counts(self) -> dict[str, int]:
        """Units per arm, control first.

        >>> test.counts()
        {'control': 200, 'treatment': 200}
        """
        found = self.frame[self.arm].value_counts()
        return {name: int(found[name]) for name in self.arms}

    def assigned(self) -> dict[str, int]:
        """What was assigned per arm, control first: units, or whole stores, cities, households.

        >>> test.assigned()
        {'control': 200, 'treatment': 200}
        """
        return self._assigned_in(self.guards.cluster)

    def _assigned_in(self, cluster: str) -> dict[str, int]:
        if not cluster:
            return self.counts()
        found = self.frame.groupby(self.arm)[cluster].nunique()
        return {name: int(found[name]) for name in self.arms}

    def as_assigned(self) -> Experiment:
        """The experiment with one row for each unit that was assigned: itself, or one row a store, city, household.

        Such a row has totals of the outcomes, means of the covariates, and its units in the column `size`.

        >>> test.as_assigned() is test
        True
        """
        cluster = self.guards.cluster
        if not cluster:
            return self
        past = [c for c in self.covariates if c.removesuffix(MISSING) not in self.guards.withdrawn]
        numbers = [c for c in self.frame.select_dtypes("number") if c not in past]
        groups = self.frame.groupby(cluster, sort=True)
        frame = groups[numbers].sum().join(groups[past].mean()).assign(**{self.arm: groups[self.arm].first()})
        frame = frame.assign(**{_SIZE: groups.size().astype(float)}).reset_index()
        return replace(self, frame=frame, covariates=tuple(past), unit=cluster, cluster="", size=_SIZE, late={})

    def mean(self, column: str) -> tuple[str, str | None]:
        """A mean per unit as estimates take it: the column, and what its total is divided by where rows are clusters.

        >>> test.mean("spend")
        ('spend', None)

        Args:
            column: An outcome.

        Returns:
            Numerator and denominator.
        """
        return column, self.size or None

    def moments(self, columns: Sequence[str]) -> list[Moments]:
        """Sample moments (counts, means, covariances) of columns per arm, control first.

        >>> [moments.n for moments in test.moments(["spend"])]
        [200, 200]

        Args:
            columns: Outcomes and covariates.

        Returns:
            One object per arm.
        """
        found = moments_by(self.frame, self.arm, list(dict.fromkeys(columns)))
        return [found[name] for name in self.arms]

    def winsorised(self, outcome: str, quantile: float = 0.99) -> Experiment:
        """The same experiment with an outcome capped at a quantile among its buyers (values above 0).

        A quantile over all units is 0 if few buy and would erase the metric. The cap is one number for all arms.

        >>> round(test.winsorised("spend", 0.95).caps["spend"], 1)
        249.7

        Args:
            outcome: Which outcome.
            quantile: Of the positive values, e.g. 0.99.

        Returns:
            The experiment with the capped outcome; `caps` says at what.

        Raises:
            BadInput: If the outcome has no positive value.
        """
        need_columns(self.outcomes, [outcome], "The experiment")
        values = self.frame[outcome]
        buyers = values[values > 0]
        if buyers.empty:
            raise BadInput(f"{outcome} has no value above 0; there is nothing to cap.")
        cap = float(buyers.quantile(quantile))
        frame = self.frame.assign(**{outcome: values.clip(upper=cap)})
        return replace(self, frame=frame, caps={**self.caps, outcome: cap})


def need_experiment(given: object, who: str) -> None:
    """Refuse a table where the experiment made of it is needed.

    Raises:
        BadInput: If what was given is no experiment.
    """
    if not isinstance(given, Experiment):
        kind = type(given).__name__
        raise BadInput(
            f"{who} was given a {kind}; make an experiment of it first: "
            "Experiment.from_frame(table, arm=..., control=..., outcomes=[...])."
        )


def _names(names: Sequence[str] | str) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _arm_problems(arms: pd.Series, control: str, shares: Mapping[str, float] | None) -> list[str]:
    found = sorted(arms.dropna().unique())
    problems = []
    if arms.isna().any():
        problems.append(f"{int(arms.isna().sum()):,} rows have no arm; drop them or find out who they are.")
    if len(found) < 2:
        problems.append(f"only {len(found)} arm is present ({', '.join(found)}); an effect needs two.")
    if control not in found:
        problems.append(f"no row is in the control {control!r}; the arms are {', '.join(found)}: name one as control.")
    unknown = sorted(set(found) - set(shares)) if shares else []
    if unknown:
        rows = int(arms.isin(unknown).sum())
        problems.append(f"{rows:,} rows are in unknown arms {', '.join(unknown)}; planned: {', '.join(shares or ())}.")
    absent = sorted(set(shares) - set(found)) if shares else []
    if absent:
        problems.append(f"no row is in the planned arm {', '.join(absent)}.")
    return problems


def _unit_problems(frame: pd.DataFrame, arms: pd.Series, unit: str | None) -> list[str]:
    if unit is None:
        return []
    problems = []
    ids = frame[unit]
    if ids.isna().any():
        problems.append(f"{int(ids.isna().sum()):,} rows have no {unit}.")
    per_unit = arms.groupby(ids).nunique()
    moved, twice = int((per_unit > 1).sum()), int((ids.value_counts() > 1).sum())
    if moved:
        problems.append(f"{moved:,} units are in more than one arm; keep their first assignment or drop them.")
    if twice > moved:
        problems.append(f"{twice - moved:,} units have several rows; sum them to one row per unit first.")
    return problems


def _type_problems(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    text = [c for c in columns if not pd.api.types.is_numeric_dtype(frame[c])]
    return [f"{', '.join(text)} is not numeric; outcomes and covariates must be numbers."] if text else []


def _with_flags(names: Sequence[str], flags: Sequence[str]) -> tuple[str, ...]:
    return (*names, *(name + MISSING for name in names if name + MISSING in flags))


def _filled(frame: pd.DataFrame, covariates: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """Gaps of covariates become 0 beside a flag; a regression on both uses no made-up value."""
    filled, flags = frame.copy(), []
    for name in covariates:
        values = frame[name].astype(float).replace([np.inf, -np.inf], np.nan)
        if values.isna().any():
            filled[name + MISSING] = values.isna().astype(float)
            flags.append(name + MISSING)
        filled[name] = values.fillna(0.0)
    return filled, flags
