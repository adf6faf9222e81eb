"""Back-test: several models at several past dates, the best model, and whether any of them fits this base."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from crm_lab.calendar import day_number
from crm_lab.checks import as_date, check_settings, not_among, not_levels, too_small
from crm_lab.clv.models.model_registry import MODELS, label_of, model_title, purchase_model, titles
from crm_lab.clv.models.purchase_fit import PurchaseFit
from crm_lab.clv.spend.spend_model import fit_spend
from crm_lab.clv.validation import forecast_scores as choice
from crm_lab.clv.validation.boosting_hurdle import hurdle_forecast
from crm_lab.clv.validation.past_errors import off_track
from crm_lab.data.kernels.dataframes import purchase_table
from crm_lab.data.kernels.purchases import UNIT_DAYS, Unit, calibration_holdout, purchase_days, purchase_summary
from crm_lab.fact_rows import facts_of
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Readout, Result

_MOST_DRAWN = 5000  # customers behind the coverage of intervals: its standard error is then below .005


@dataclass(frozen=True)
class BackTest:
    """Back-test purchase models at several past dates (rolling origins).

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> spec = BackTest(models=("nbd", "mbgnbd"), origins=2, draws=50)
    >>> result = spec.analyze(tables["orders"], tables.as_of)
    >>> len(result.to_frame())
    6

    Args:
        models: Purchase models by key, in addition to ``naive`` (as many as in the last period), ``own_rate`` (at the
            customer's own rate so far, drawn towards everybody's as by one purchase), ``boosting`` (a
            gradient-boosting hurdle model trained one period earlier) and ``blend`` (half boosting, half the
            mean of the purchase models that are identified); the last two only where every date allows them.
        horizon_days: Length of each prediction.
        origins: How many dates, one horizon apart, the last one horizon before as_of.
        level: Of the customers' predictive intervals.
        draws: Predictive draws behind them.
        unit: Unit of time of the models' parameters.
        keep_zero: As in `purchase_summary`.
        currency: ISO code, for the readout.
    """

    models: tuple[str, ...] = ("nbd", "bgnbd", "mbgnbd", "paretonbd")
    horizon_days: int = 91
    origins: int = 3
    level: float = 0.90
    draws: int = 100
    unit: Unit = "W"
    keep_zero: bool = True
    currency: str = "USD"

    def __post_init__(self) -> None:
        check_settings(
            self,
            not_among(self, models=MODELS),
            too_small(self, horizon_days=7, origins=1, draws=50),
            not_levels(self, "level"),
        )

    @classmethod
    def as_used(
        cls, purchases: IntoFrame, as_of: str | date, horizon_days: int = 0, *, origins: int = 3, **settings: Any
    ) -> BackTest:
        """A back-test over the horizon that values are used for: a year where the records hold two, else a quarter.

        >>> BackTest.as_used(tables["orders"], "1998-06-30").horizon_days
        91

        Args:
            purchases: As in `analyze`, under this package's names of columns.
            as_of: Last day that counts.
            horizon_days: Length of each prediction; 0 chooses it.
            origins: Most dates, one horizon apart; over a year, as many as the records hold.
            settings: The other settings of `BackTest`.

        Returns:
            The specification.
        """
        if horizon_days:
            return cls(horizon_days=horizon_days, origins=origins, **settings)
        years = (day_number(as_of) - int(purchase_days(purchases, as_of)["day"].min())) // 365
        length, dates = (365, min(origins, years - 1)) if years > 1 else (91, origins)
        return cls(horizon_days=length, origins=dates, **settings)

    def analyze(
        self, purchases: IntoFrame, as_of: str | date, *, rng: np.random.Generator | int = 0, **names: str
    ) -> BackTestResult:
        """Predict from each origin with the data known then, and compare.

        >>> spec.analyze(tables["orders"], "1998-05-31").as_of
        datetime.date(1998, 5, 31)

        Args:
            purchases: One row per purchase or order; a DataFrame of pandas, Polars, DuckDB, PyArrow or PySpark.
            as_of: Last day that counts.
            rng: Seed or generator of the predictive draws.
            names: Names of columns as in `purchase_summary`: customer, date, amount.

        Returns:
            Scores of every model at every origin.

        Raises:
            BadInput: If the records are too short for the origins, or nobody bought after one.
        """
        end = as_date(as_of)
        purchases = purchase_table(purchases, also=["kind"], **names)
        days = purchase_days(purchases, end, keep_zero=self.keep_zero)
        dates = self._dates(end, int(days["day"].min()))
        rng = np.random.default_rng(rng)
        parts = [self._origin(purchases, days, at, rng) for at in dates]
        predictions = pd.concat([p for p, _ in parts], ignore_index=True)
        now, refused = self._predict(days, purchase_summary(purchases, end, unit=self.unit), end)
        scores = pd.concat([s for _, s in parts], ignore_index=True)
        out = choice.untried(scores, now)  # what cannot be compared at every date is no choice
        predictions, now = (table.drop(columns=out, errors="ignore") for table in (predictions, now))
        return BackTestResult(self, scores[~scores["model"].isin(out)], predictions, now, refused, end)

    def _dates(self, end: date, first: int) -> list[date]:
        dates = [end - timedelta(days=self.horizon_days * k) for k in range(self.origins, 0, -1)]
        if day_number(dates[0]) - first < self.horizon_days:
            seen = (day_number(end) - first) // self.horizon_days
            raise cannot_answer(
                "too_few_origins", seen=seen, days=self.horizon_days, origins=self.origins, needed=self.origins + 1
            )
        return dates

    def _origin(
        self, purchases: IntoFrame, days: pd.DataFrame, at: date, rng: np.random.Generator
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        until = at + timedelta(days=self.horizon_days)
        data = calibration_holdout(purchases, at, until, unit=self.unit, keep_zero=self.keep_zero)
        actual = data["holdout_purchases"].to_numpy()
        if not actual.any():
            raise cannot_answer("nobody_after_origin", start=at, end=until)
        predicted, refused = self._predict(days, data, at)
        predicted = predicted.assign(origin=at, actual=actual, spend=data["holdout_spend"].to_numpy(), refused=False)
        rows: list[dict[str, Any]] = []
        for key in [key for key in (*choice.SIMPLE, *self.models, *choice.TRAINED) if key in predicted]:
            expected, drawable = predicted[key].to_numpy(), key in MODELS and key not in refused
            row = {
                "origin": at,
                "model": key,
                "actual": actual.sum(),
                "expected": expected.sum(),
                **{name: score(actual, expected) for name, score in choice.SCORES.items()},
                "money_deviance": choice.money_deviance(
                    predicted["spend"].to_numpy(), expected * predicted["spend_each"].to_numpy()
                ),
                "coverage": self._coverage(self._fit(key, data), data, rng) if drawable else np.nan,
                "identified": key not in refused,
            }
            rows.append(row)
        return predicted, pd.DataFrame(rows)

    def _fit(self, key: str, data: pd.DataFrame) -> PurchaseFit:
        return purchase_model(key, self.unit).fit(data)

    def _predict(self, days: pd.DataFrame, data: pd.DataFrame, at: date) -> tuple[pd.DataFrame, dict[str, Message]]:
        """Expected purchases of every customer by every model, with what is known at a date."""
        number, ids = day_number(at), pd.Index(data["customer_id"])
        ahead = self.horizon_days / UNIT_DAYS[self.unit]
        recent = days[(days["day"] > number - self.horizon_days) & (days["day"] <= number)]
        spend = fit_spend(data).expected_spend(data["frequency"], data["monetary_value"])
        table: dict[str, Any] = {
            "customer_id": data["customer_id"],
            "spend_each": spend,
            "naive": recent["customer_id"].value_counts().reindex(ids, fill_value=0).to_numpy(dtype=float),
        }
        x, T = data["frequency"].to_numpy(dtype=float), data["T"].to_numpy(dtype=float)
        usual = x.sum() / max(T.sum(), 1e-9)
        table["own_rate"] = (x + 1) / (T + 1 / max(usual, 1e-9)) * ahead
        refused: dict[str, Message] = {}
        for key in self.models:
            fit = self._fit(key, data)
            edge = fit.refusal()
            refused |= {} if edge is None else {key: edge}
            table[key] = fit.conditional_purchases(ahead, data["frequency"], data["recency"], data["T"])
        boosted = hurdle_forecast(days, number, self.horizon_days)
        if boosted is not None:
            table["boosting"] = boosted.reindex(ids).to_numpy()
            sound = [m for m in self.models if m not in refused and m != "nbd"] or ["nbd"]
            mean = np.mean([table[m] for m in sound if m in table] or [table["naive"]], axis=0)
            table["blend"] = (table["boosting"] + mean) / 2
        return pd.DataFrame(table), refused

    def _coverage(self, fit: PurchaseFit, data: pd.DataFrame, rng: np.random.Generator) -> float:
        """Share of customers whose purchases lie in their predictive interval."""
        some = data.iloc[rng.permutation(len(data))[:_MOST_DRAWN]]
        x, t_x, T = (some[c].to_numpy(dtype=float) for c in ("frequency", "recency", "T"))
        window = (0.0, float(data["holdout_duration"].iloc[0]))
        drawn = [one.draw_purchases(window, x, t_x, T, rng) for one in fit.drawn(self.draws, rng)]
        tail = (1 - self.level) / 2
        lo, hi = np.quantile(np.array(drawn, dtype=np.float32), [tail, 1 - tail], axis=0, method="inverted_cdf")
        actual = some["holdout_purchases"].to_numpy()
        return float(((lo <= actual) & (actual <= hi)).mean())


@dataclass(frozen=True, eq=False)
class BackTestResult(Result):
    """Scores of every model at every origin, the best model, and the predictions behind them.

    >>> from crm_lab import open_workspace
    >>> tables = open_workspace("cdnow_sample").at("1998-06-30")
    >>> spec = BackTest(models=("nbd", "mbgnbd"), origins=2, draws=50)
    >>> result = spec.analyze(tables["orders"], tables.as_of)

    Attributes:
        spec: What was asked.
        scores: One row per origin and model.
        predictions: One row per origin and customer: expected purchases by each model, what happened.
        now: Expected purchases of every customer after `as_of`, by each model.
        refused: Models that the data up to `as_of` do not identify, with the reason.
        as_of: Last day of the data.
    """

    spec: BackTest
    scores: pd.DataFrame
    predictions: pd.DataFrame
    now: pd.DataFrame
    refused: dict[str, Message]
    as_of: date

    name = "back_test"
    formats: ClassVar = {"deviance": ".4f", "money_deviance": ".4f", "gini": ".3f", "coverage": ".1%"}

    def to_frame(self) -> pd.DataFrame:
        """One row per model, means over the origins, smallest deviance first.

        >>> list(result.to_frame())
        ['model', 'deviance', 'money_deviance', 'mae', 'bias', 'worst_bias', 'gini', 'decile_error', 'coverage',
        'identified']
        """
        table = self.scores.groupby("model", as_index=False).agg(
            **{name: (name, "mean") for name in ("deviance", "money_deviance", "mae", "bias")},
            worst_bias=("bias", lambda b: b.loc[b.abs().idxmax()]),
            **{name: (name, "mean") for name in ("gini", "decile_error", "coverage")},
            identified=("identified", "all"),
        )
        table["identified"] &= ~table["model"].isin(list(self.refused))
        return table.sort_values("deviance", kind="stable", ignore_index=True)

    @property
    def champion(self) -> str:
        """Key of the model with the smallest mean deviance, identified now and at every origin; simple rules are none.

        >>> result.champion in {"nbd", "mbgnbd", "boosting", "blend"}
        True
        """
        return choice.champion_of(self.to_frame(), "deviance", self.yardstick)

    @property
    def money_champion(self) -> str:
        """The same by the deviance of money: who spends what, not who comes how often.

        >>> result.money_champion in {"nbd", "mbgnbd", "boosting", "blend"}
        True
        """
        return choice.champion_of(self.to_frame(), "money_deviance", self.yardstick)

    @property
    def yardstick(self) -> str:
        """Key of the simple rule that the earlier origins chose, which a model must beat; naive with one origin.

        >>> result.yardstick in {"naive", "own_rate"}
        True
        """
        return choice.yardstick_of(self.scores)

    @property
    def regret(self) -> float:
        """Excess deviance at the last origin of the model that the earlier origins would have chosen: 0.1 is 10 %.

        >>> result.regret >= 0
        True
        """
        return choice.regret_of(self.scores, "deviance")

    @property
    def money_regret(self) -> float:
        """The same in the deviance of money.

        >>> result.money_regret >= 0
        True
        """
        return choice.regret_of(self.scores, "money_deviance")

    @property
    def same_season(self) -> bool:
        """Whether an origin lies a whole number of years back, so that what was missed there corrects the total.

        >>> result.same_season
        False
        """
        return any((self.as_of - at).days % 365 == 0 for at in self.scores["origin"].unique())

    def refusal(self) -> Message | None:
        """A sentence if no model fits this base, else ``None``.

        Totals that were missed by much are no reason: the interval of the coming total holds them, as on page 08.

        >>> result.refusal() is None
        True
        """
        table: Any = self.to_frame().set_index("model")
        best, simple = table.loc[self.champion], table.loc[self.yardstick]
        if best["deviance"] >= simple["deviance"]:
            return Message("clv.backtest.naive_wins", {"rule": model_title(self.yardstick)})
        return None

    def readout(self) -> Readout:
        """The best model and its record, how precise that is, what to use it for.

        >>> print(result.readout().finding)
        Over 2 origins of 91 days, the blend predicted purchases best: Poisson deviance 0.6430 per customer, -12.2% ...
        """
        table: Any = self.to_frame().set_index("model")
        best, refusal = table.loc[self.champion], self.refusal()
        values = {
            **best,
            "model": model_title(self.champion),
            "origins": self.scores["origin"].nunique(),
            "days": self.spec.horizon_days,
            "naive": best["deviance"] / table.loc[self.yardstick, "deviance"] - 1,
            "rule": model_title(self.yardstick),
            "regret": self.regret,
            "refused": self._refused_names(),
            "worst": best["worst_bias"],
            "next": self._runner_up(), "names": titles(self.refused),
            "among": Message("clv.backtest.among_identified") if self._barred().lt(best["deviance"]).any() else "",
            "money": self._by_money(), "missed": self._missed(),
        }  # fmt: skip
        if refusal is not None:
            return Readout.of("clv.backtest", values, certainty=refusal, action="refused_action")
        sure, action = ("certainty" if np.isfinite(self.regret) else "certainty_one"), "action"
        return Readout.of("clv.backtest", values, certainty=sure, action=action if self.refused else "action_alive")

    def _runner_up(self) -> Message | str:
        """The identified model that comes next, and by how much it is behind: a lead may be no lead."""
        table = self.to_frame()
        able = table[table["identified"] & ~table["model"].isin([*choice.SIMPLE, self.champion])]
        if able.empty:
            return ""
        own = float(table.loc[table["model"] == self.champion, "deviance"].iloc[0])
        values = {"model": model_title(str(able["model"].iloc[0])), "gap": float(able["deviance"].iloc[0]) / own - 1}
        return Message("clv.backtest.runner_up", values)

    def _missed(self) -> Message | str:
        """What is done about totals that the champion missed by much at most origins."""
        missed = off_track(self.scores, self.champion)
        return Message(f"clv.backtest.{'corrected' if self.same_season else 'off_track'}", missed) if missed else ""

    def _by_money(self) -> Message:
        """Which model is best by money, and what choosing it beforehand would have cost."""
        if self.money_champion == self.champion:
            return Message("clv.backtest.money_same")
        part = "money_other" if np.isfinite(self.money_regret) else "money_other_one"
        return Message(f"clv.backtest.{part}", {"model": model_title(self.money_champion), "regret": self.money_regret})

    def _refused_names(self) -> Message:
        wavering = [key for key in self._barred().index if key not in self.refused]
        some = Message("clv.backtest.some_refused", {"names": titles(self.refused)})
        then = Message("clv.backtest.wavering", {"names": titles(wavering)})
        if self.refused and wavering:
            return Message("clv.backtest.both_refused", {"some": some, "wavering": then})
        return some if self.refused else then if wavering else Message("clv.backtest.none_refused")

    def _barred(self) -> pd.Series:
        """Deviance of the models that the data do not identify now and at every origin."""
        return self.to_frame().set_index("model").query("not identified")["deviance"]

    def facts(self) -> tuple[Fact, ...]:
        """Error and bias of every model, regret of the choice.

        >>> {fact.id: fact.unit for fact in result.facts()[:2]}
        {'clv.backtest.blend.deviance': '', 'clv.backtest.mbgnbd.deviance': ''}
        """
        n = int((self.predictions["origin"] == self.predictions["origin"].max()).sum())
        window = {"days": self.spec.horizon_days, "origins": self.scores["origin"].nunique()}
        rows = self.to_frame().assign(reason=lambda table: table["model"].map(self.refused.get))
        errors = [
            fact
            for measure, unit in (("deviance", ""), ("mae", "purchases"))
            for fact in facts_of(
                rows, f"clv.backtest.{{model}}.{measure}", partial(label_of, measure), measure, unit, n=n,
                refusal="reason", kind="estimate", window=Message("clv.backtest.window", window), better="down",
            )
        ]  # fmt: skip
        return (
            *errors,
            Fact("clv.backtest.champion", "clv.backtest.champion", self.champion, n=n),
            Fact("clv.backtest.money_champion", "clv.backtest.money_champion", self.money_champion, n=n),
        )
