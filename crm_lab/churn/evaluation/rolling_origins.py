"""Rolling-origin evaluation: models trained on the past only, evaluated at several later dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, as_date, check_settings, too_small
from crm_lab.churn.evaluation.ranking_report import ends, probability_measures
from crm_lab.churn.evaluation.rolling_report import Judgement, OriginsReport
from crm_lab.churn.features.features import families_of
from crm_lab.churn.features.panels import Panels, Past
from crm_lab.churn.models.baseline_rankings import Rule, best_rule
from crm_lab.churn.models.learners import Estimator, fit_score, quiet_threads
from crm_lab.churn.models.reason_codes import contributions, reasons
from crm_lab.churn.models.recalibration import Correction, Method, learn_correction
from crm_lab.data.kernels.purchase_log import order_table
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.stats import ranking

COLUMNS = (
    "ranking", "kind", "lift", "lift_lo", "lift_hi", "ratio", "ratio_lo", "ratio_hi", "auc", "average_precision",
    "brier", "log_loss", "slope", "slope_se",
)  # fmt: skip


@dataclass(frozen=True)
class RollingOrigins(Judgement):
    """Rolling-origin evaluation: which customers still active at a date will not come back, judged at several dates.

    At each test date the models are trained on earlier dates whose windows were over by then. Features that grow with
    the length of the log are left out: customers of different dates would not be comparable.

    >>> from crm_lab import churn, open_workspace
    >>> orders = open_workspace("cdnow_sample").at("1998-06-30")["orders"]
    >>> rolling = RollingOrigins.back_from("1998-06-30", dates=2, train_dates=1, draws=50)
    >>> models, rules = {"logistic": churn.logistic()}, {"silent_this_month": churn.silent_this_month}

    Args:
        tests: Dates of judgement, ISO.
        window_days: Left = no purchase in so many days.
        active_days: Customers judged have bought within so many days, and were known that long before.
        train_dates: Most training dates before each test date.
        step_days: Days between training dates.
        capacity: Share of customers on each date's list.
        baseline: The rule the others are held against; unless named, the one whose list was best at the training dates
            of the first test date.
        draws: Bootstrap resamples of customers.
        min_events: Fewest leavers, and fewest stayers, over all test dates to judge anything.
        recalibrate: Correct the chances by outcomes the model did not learn from, on a later slice where it is large
            enough (`churn.models.recalibration`); rankings stay.
    """

    train_dates: int = 6
    step_days: int = 14
    recalibrate: bool = True

    def __post_init__(self) -> None:
        check_settings(
            self,
            too_small(self, window_days=1, active_days=1, train_dates=1, step_days=1),
            tests=list(self.tests) != (sorted(set(self.tests)) or None) and "it must be one or more rising dates",
            capacity=not 0 < self.capacity < 1 and "it must lie between 0 and 1",
        )

    def analyze(
        self,
        orders: IntoFrame,
        *,
        last_day: str | date,
        models: Mapping[str, Estimator],
        rules: Mapping[str, Rule],
        rng: int,
        transactions: pd.DataFrame | None = None,
        stores: pd.DataFrame | None = None,
        **names: str,
    ) -> OriginsReport:
        """Score the customers of every test date by models of the past and by rules.

        >>> report = rolling.analyze(orders, last_day="1998-06-30", models=models, rules=rules, rng=0)
        >>> report.to_frame()["ranking"].tolist()
        ['logistic', 'silent_this_month']

        Args:
            orders: The table `orders`.
            last_day: Last day the data cover.
            models: Name to classifier.
            rules: Name to a function of the features, one or more; holds the baseline.
            rng: Seed of the bootstrap.
            transactions: The table `transactions`, for breadth and returns.
            stores: The table `stores`, for channels.
            names: Names of columns of the orders: customer, date, amount.

        Returns:
            Lift, AUC and calibration at dates that the models could not know.

        Raises:
            BadInput: If the baseline is missing, a window is not over, or no training date is possible.
        """
        if self.baseline and self.baseline not in rules:
            raise BadInput(f"The baseline {self.baseline!r} is not among the rules ({', '.join(rules)}); add it.")
        maker = Panels(
            self.active_days,
            self.window_days,
            order_table(orders, **names),
            as_date(last_day, "last_day"),
            transactions,
            stores=stores,
        )
        baseline = self.baseline or self._yardstick(maker, rules)
        parts, methods = [], set[Method]()
        for test in self.tests:
            panel = maker.at(as_date(test))
            past = Past.of([maker.at(day) for day in self.training(as_date(test), maker.first_day)])
            moves = {name: self._correction(model, past) for name, model in models.items()}
            scores = {n: moves[n].apply(p) for n, p in fit_score(models, (past.x, past.left), panel.x).items()}
            methods.update(move.method for move in moves.values())
            ruled = {name: rule(panel.every).to_numpy(dtype=float) for name, rule in rules.items()}
            parts.append(panel.known.assign(**scores, **ruled))
        scored = pd.concat(parts, ignore_index=True)
        table, draws = self._table(scored, list(models), [*models, *rules], baseline, rng)
        return OriginsReport(table, replace(self, baseline=baseline), scored, draws, tuple(sorted(methods)))

    def _yardstick(self, maker: Panels, rules: Mapping[str, Rule]) -> str:
        """The rule whose list held most leavers at the training dates of the first test date."""
        first = as_date(self.tests[0])
        panels = [maker.at(day) for day in self.training(first, maker.first_day)]
        every = pd.concat([panel.every for panel in panels], ignore_index=True)
        left = pd.concat([panel.known["left"] for panel in panels], ignore_index=True)
        return best_rule(every, left, rules, ranking.lift_at(self.capacity))

    def _correction(self, model: Estimator, past: Past) -> Correction:
        return learn_correction(model, past.x, past.left, past.day) if self.recalibrate else Correction("none")

    @classmethod
    def back_from(cls, as_of: str | date, *, dates: int = 4, every_days: int = 30, **settings: Any) -> RollingOrigins:
        """Test dates whose windows are over by `as_of`, the latest first possible, `every_days` apart.

        >>> RollingOrigins.back_from("2017-12-31", dates=2).tests
        ('2017-09-01', '2017-10-01')

        Args:
            as_of: Last day of the data.
            dates: Number of test dates.
            every_days: Days between them.
            settings: The other settings of `RollingOrigins`.

        Returns:
            The specification with these test dates.
        """
        window = int(settings.get("window_days", cls.window_days))
        latest = as_date(as_of) - timedelta(days=window)
        tests = sorted((latest - timedelta(days=every_days * k)).isoformat() for k in range(dates))
        return cls(tests=tuple(tests), **settings)

    def score(
        self,
        orders: IntoFrame,
        *,
        as_of: str | date,
        model: Estimator,
        transactions: pd.DataFrame | None = None,
        exposures: pd.DataFrame | None = None,
        stores: pd.DataFrame | None = None,
        rules: Mapping[str, Rule] | None = None,
        **names: str,
    ) -> pd.DataFrame:
        """Today's chances: a model trained on dates whose windows are over by `as_of`, for the customers active then.

        >>> today = rolling.score(orders, as_of="1998-06-30", model=churn.logistic())
        >>> list(today)
        ['customer_id', 'origin', 'recency_days', 'value', 'p_churn', 'reasons']

        Args:
            orders: The table `orders`.
            as_of: Date of the list.
            model: Classifier.
            transactions: The table `transactions`, for breadth and returns.
            exposures: The table `exposures`, for contacts in the last 91 days.
            stores: The table `stores`, for channels.
            rules: Name to a function of the features; each adds a column, e.g. `at_risk` by `revenue_at_risk`.
            names: Names of columns of the orders: customer, date, amount.

        Returns:
            customer_id, origin, recency_days, value (mean purchase day x purchase days in the last 91 days, currency),
            contacts_91 where known, p_churn, and `reasons`: the feature families that raise the chance most against
            the median customer.
        """
        from sklearn.base import clone

        today = as_date(as_of)
        log = order_table(orders, **names)
        known_by = log[log["date"] <= pd.Timestamp(today)]
        maker = Panels(self.active_days, self.window_days, known_by, today, transactions, exposures, stores)
        past = Past.of([maker.at(day) for day in self.training(today, maker.first_day)])
        x, every, known = maker.customers(today)
        with quiet_threads(len(past.x)):
            fitted = clone(model).fit(past.x, past.left)
            chance = self._correction(model, past).apply(fitted.predict_proba(x)[:, 1])
        parts = contributions(fitted, x, families_of(x), x.median())
        ruled = {name: rule(every).to_numpy(dtype=float) for name, rule in (rules or {}).items()}
        return known.assign(p_churn=chance, reasons=reasons(parts).to_numpy(), **ruled)

    def training(self, test: date, first_day: date) -> list[date]:
        """Training dates for a test date, latest first: dates whose churn window had ended by then.

        >>> rolling.training(date(1998, 3, 1), date(1997, 1, 1))
        [datetime.date(1997, 11, 30)]

        Args:
            test: Date of judgement.
            first_day: First day of the log.

        Returns:
            At most `train_dates` dates, `step_days` apart.

        Raises:
            BadInput: If the log is too short for any.
        """
        latest = test - timedelta(days=self.window_days)
        earliest = first_day + timedelta(days=self.active_days)
        days = [latest - timedelta(days=self.step_days * k) for k in range(self.train_dates)]
        days = [day for day in days if day >= earliest]
        if not days:
            raise cannot_answer(
                "nothing_to_learn",
                day=test,
                first=first_day,
                history=self.active_days,
                window=self.window_days,
                earliest=earliest + timedelta(days=self.window_days),
            )
        return days

    def _table(
        self, scored: pd.DataFrame, models: list[str], names: list[str], baseline: str, rng: int
    ) -> tuple[pd.DataFrame, Floats]:
        """Measures of each ranking with lists made at each date, then pooled; and the bootstrap draws behind them."""
        left, places = scored["left"], {n: scored.groupby("origin")[n].rank(pct=True).to_numpy() for n in names}
        measures: dict[str, ranking.Measure] = {
            "lift": ranking.lift_at(self.capacity),
            "auc": ranking.auc_from_counts,
            "average_precision": ranking.average_precision_from_counts,
        }
        draws = ranking.bootstrap_measures(
            left, places, measures, draws=self.draws, rng=rng, groups=scored["customer_id"]
        )
        point, base = ranking.point_measures(left, places, measures), draws[:, names.index(baseline), 0]
        rows = []
        for i, name in enumerate(names):
            row: dict[str, object] = {"ranking": name, "kind": "model" if name in models else "rule"}
            row |= {**point[name], **ends("lift", draws[:, i, 0])}
            row |= {"ratio": point[name]["lift"] / point[baseline]["lift"], **ends("ratio", draws[:, i, 0] / base)}
            rows.append(row | (probability_measures(left, scored[name]) if name in models else {}))
        table = pd.DataFrame(rows).sort_values("lift", ascending=False, kind="stable", ignore_index=True)
        return table[[column for column in COLUMNS if column in table]], draws
