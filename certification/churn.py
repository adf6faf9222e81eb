"""The churn room on real and simulated retailers: published figures, calibration, the null."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from crm_lab import churn
from crm_lab.churn.features.panels import Panels, Past
from crm_lab.churn.models.recalibration import unseen_customers
from crm_lab.clv import BGNBD, MBGNBD, ParetoNBD
from crm_lab.data.kernels.orders import roll_up_orders
from crm_lab.data.workspace import open_workspace
from crm_lab.experiments import assign
from crm_lab.simulate import make_retailer
from crm_lab.stats import calibration, ranking

NULL_SEEDS = range(1, 201)
WINDOW = 182  # days: the fashion retailer's customers buy every few weeks to months
RULES = {
    "silent_this_month": churn.silent_this_month,
    "recency": churn.longest_silence,
    "visit_count": churn.fewest_visits,
    "overdue": churn.most_overdue,
    "frequency_then_recency": churn.frequency_then_recency,
}


def entry(name: str, value: float, lo: float, hi: float, what: str) -> dict[str, Any]:
    """One certified number with the bounds it must keep."""
    return {"name": f"churn.{name}", "value": value, "lo": lo, "hi": hi, "ok": lo <= value <= hi, "what": what}


def shop_orders(scenario: str, seed: int, customers: int) -> tuple[pd.DataFrame, str]:
    """Orders of a simulated retailer and its last day."""
    shop = make_retailer(scenario, n_customers=customers, seed=seed)
    lines = shop.tables["transactions"]
    return roll_up_orders(lines), str(shop.scenario.last_date)


def holdout_verdict(seed: int) -> bool:
    """Whether a hold-out on a retailer where nothing works seems to show that contacts keep or drive away."""
    orders, last = shop_orders("null", seed, 1500)
    middle = (pd.Timestamp(last) - pd.Timedelta(days=WINDOW)).date()
    who = churn.CustomerFeatures().analyze(orders, as_of=middle).by_customer.index
    drawn = assign(list(who), f"null-{seed}", {"control": 0.2, "treatment": 0.8})
    assignments = pd.DataFrame(
        {"experiment": "null", "customer_id": who, "arm": drawn, "assigned_on": pd.Timestamp(middle)}
    )
    found = churn.SaveRate("null", window_days=WINDOW).analyze(assignments, orders, last_day=last)
    return found.refusal() is None and not found.interval.lo <= 0 <= found.interval.hi


def certify_null_holdout() -> dict[str, Any]:
    """Verdicts on hold-outs of a retailer where nothing works: 5 % within two Monte Carlo errors."""
    share = float(np.mean([holdout_verdict(seed) for seed in NULL_SEEDS]))
    error = 2 * np.sqrt(0.05 * 0.95 / len(NULL_SEEDS))
    return entry("null_holdout", share, 0.05 - error, 0.05 + error, "verdicts of SaveRate over 200 null retailers")


def certify_complete_journey() -> list[dict[str, Any]]:
    """Lift at 5 % capacity at four dates the model could not know, against the rankings of page 13."""
    orders = open_workspace("complete_journey").at("2017-12-31")["orders"]
    rolling = churn.RollingOrigins.back_from("2017-12-31", baseline="silent_this_month", draws=1000)
    past = rolling.analyze(
        orders, last_day="2017-12-31", models={"logistic": churn.logistic()}, rules=RULES, rng=20171231
    )
    row, scored = past.row("logistic"), past.scored
    line = calibration.calibration_line(scored["left"], scored["logistic"], scored["customer_id"])
    low, high = line.slope - 1.96 * line.slope_se, line.slope + 1.96 * line.slope_se
    found = [
        entry("cj_lift", row["lift"], 7, 20, "lift at 5 % capacity, pooled over four dates"),
        entry("cj_ratio", row["ratio"], 1.3, 5, 'lift over that of "silent this month"'),
        entry("cj_slope", line.slope, 0.9, 1.1, f"calibration slope, 95 % {low:.2f} to {high:.2f} by customer"),
    ]
    for rule in ("recency", "visit_count"):
        gap, ci = past.difference("logistic", rule)
        what = f"lift minus that of {rule}, paired 95 % interval {ci.lo:.2f} to {ci.hi:.2f}"
        found.append(entry(f"cj_over_{rule}", gap, 0, 20, what))
    return found


def settled_on_the_past(rolling: churn.RollingOrigins, orders: pd.DataFrame, last: str) -> pd.DataFrame:
    """Scores of every test date by the features and the penalty that ranked best on that date's own past."""
    panels = Panels(rolling.active_days, rolling.window_days, orders, pd.Timestamp(last).date())
    parts = []
    for test in rolling.tests:
        now, best = panels.at(pd.Timestamp(test).date()), (-1.0, pd.Series(dtype=float))
        past = Past.of([panels.at(day) for day in rolling.training(pd.Timestamp(test).date(), panels.first_day)])
        rows = np.ones(len(past.left), dtype=bool)
        for families in (tuple(churn.features.FAMILIES), ("frequency", "rhythm"), ("frequency", "rhythm", "money")):
            columns = [c for c in past.x if any(c in churn.features.FAMILIES[f] for f in families)]
            for strength in (0.01, 0.1, 1.0):
                model, x = churn.logistic(strength), past.x[columns]
                found = ranking.average_precision(past.left, unseen_customers(model, x, past.left, rows))
                if found > best[0]:
                    best = found, pd.Series(model.fit(x, past.left).predict_proba(now.x[columns])[:, 1])
        parts.append(now.known.assign(score=best[1].to_numpy()))
    return pd.concat(parts, ignore_index=True)


def certify_complete_journey_settled_on_the_past() -> list[dict[str, Any]]:
    """The same lift with features and penalty chosen anew at each date, from nine sets, by its past alone."""
    orders = open_workspace("complete_journey").at("2017-12-31")["orders"]
    rolling = churn.RollingOrigins.back_from("2017-12-31")
    scored = settled_on_the_past(rolling, orders, "2017-12-31")
    silent = (scored["recency_days"] >= 30).astype(float)
    lift, base = (
        ranking.lift_at(0.05)(*ranking.Ranking.of(scored["left"], s.groupby(scored["origin"]).rank(pct=True)).counts())
        for s in (scored["score"], silent)
    )
    return [
        entry("cj_nested_lift", lift, 7, 20, "lift at 5 %, features and penalty chosen on each date's past"),
        entry("cj_nested_ratio", lift / base, 1.3, 5, 'the same over that of "silent this month"'),
    ]


def simulated_slope(customers: int, seed: int) -> calibration.CalibrationLine:
    """Calibration of the chances at four dates of a fashion retailer of four years, errors by customer."""
    shop = make_retailer("fashion", n_customers=customers, seed=seed, overrides={"days": 1461})
    last = str(shop.scenario.last_date)
    rolling = churn.RollingOrigins.back_from(
        last, window_days=WINDOW, active_days=WINDOW, step_days=30, train_dates=12, draws=20
    )
    orders = roll_up_orders(shop.tables["transactions"])
    past = rolling.analyze(orders, last_day=last, models={"logistic": churn.logistic()}, rules=RULES, rng=seed).scored
    return calibration.calibration_line(past["left"], past["logistic"], past["customer_id"])


def certify_calibration_of_simulated_chances() -> list[dict[str, Any]]:
    """Calibration slopes on fashion retailers whose seeds were not used before, small and large."""
    small = [simulated_slope(7000, seed) for seed in range(501, 511)]
    mean, spread = np.mean([line.slope for line in small]), np.std([line.slope for line in small], ddof=1)
    half = 1.96 * spread / np.sqrt(len(small))
    half_one = 1.96 * np.mean([line.slope_se for line in small])
    inside = sum(0.9 <= line.slope <= 1.1 for line in small)
    what = (
        f"mean slope of ten retailers of 7,000 customers, 95 % {mean - half:.2f} to {mean + half:.2f}; {inside} of 10 "
        f"within .9 and 1.1, each known to {half_one:.2f}"
    )
    large = [simulated_slope(20_000, seed) for seed in range(511, 516)]
    inside = sum(0.9 <= line.slope <= 1.1 for line in large)
    said = ", ".join(f"{line.slope:.2f} +- {1.96 * line.slope_se:.2f}" for line in large)
    return [
        entry("simulated_slope", float(mean), 0.95, 1.05, what),
        entry("simulated_slopes_inside", inside, 5, 5, f"retailers of 20,000 customers within .9 and 1.1: {said}"),
    ]


def cdnow() -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Orders of CDNOW's full file, features on 1997-09-30, and who did not buy in the 39 weeks after."""
    orders = open_workspace("cdnow").at("1998-06-30")["orders"]
    features = churn.CustomerFeatures().analyze(orders, as_of="1997-09-30").by_customer
    dates = {"as_of": "1997-09-30", "window_days": 273, "last_day": "1998-06-30"}
    return orders, features, churn.left_after(orders, features.index, **dates)


def certify_cdnow_published_customers() -> list[dict[str, Any]]:
    """The 2,357 customers of the published .779, ranked by a model that learnt from the 21,213 others."""
    _, x, y = cdnow()
    inside = x.index.isin(open_workspace("cdnow_sample").at("1998-06-30")["raw"]["fields"].str[0])
    sort = churn.frequency_then_recency(x)
    report = churn.ChurnComparison(draws=1000).analyze(
        x[inside], y[inside], models={"logistic": churn.logistic()}, rivals={"frequency_then_recency": sort[inside]},
        rng=19970930, trained_on=(x[~inside], y[~inside]),
    )  # fmt: skip
    row = report.row("logistic")
    rng = np.random.default_rng(1)
    tenths = [rng.choice(len(y), int(inside.sum()), replace=False) for _ in range(1000)]
    as_high = np.mean([ranking.auc(y.iloc[t], sort.iloc[t]) >= 0.7787 for t in tenths])
    what = (
        f"AUC on the published customers, 95 % {row['auc_lo']:.3f} to {row['auc_hi']:.3f}; gain over the sort, paired "
        f"{row['gain']:+.4f} [{row['gain_lo']:+.4f}, {row['gain_hi']:+.4f}]"
    )
    return [
        entry("cdnow_published_customers", row["auc"], 0.779, 0.80, what),
        entry("cdnow_tenths", as_high, 0.05, 0.25, "random tenths of the full file where the sort has .7787 or more"),
    ]


def with_everything(orders: pd.DataFrame, x: pd.DataFrame) -> pd.DataFrame:
    """The features, purchases and units by part of the calibration, and three purchase models' forecasts."""
    known = orders[orders["date"] <= "1997-09-30"]
    age = (pd.Timestamp("1997-09-30") - known["date"]).dt.days
    known = known.assign(part=pd.cut(age, [-1, 13, 27, 55, 90, 136, 181, 273], labels=False))
    wide = {"index": "customer_id", "columns": "part", "fill_value": 0}
    days = known.pivot_table(values="date", aggfunc="nunique", **wide)
    units = known.pivot_table(values="n_units", aggfunc="sum", **wide)
    out = x.join(days.add_prefix("days_part_")).join(units.add_prefix("units_part_"))
    summary = pd.DataFrame({"frequency": x["n_days"] - 1, "recency": x["span_days"] / 7, "T": x["tenure_days"] / 7})
    for model in (BGNBD(), MBGNBD(), ParetoNBD()):
        fit = model.fit(summary)
        out[f"alive_{model.key}"] = fit.p_alive(*summary.to_numpy().T)
        out[f"expected_{model.key}"] = fit.conditional_purchases(39, *summary.to_numpy().T)
    return out


def certify_cdnow_ceiling() -> dict[str, Any]:
    """What everything known gives on the full file, learnt from other customers' outcomes in the holdout itself."""
    orders, x, y = cdnow()
    rich = with_everything(orders, x)
    trees = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.04, max_leaf_nodes=6, min_samples_leaf=150, l2_regularization=10,
        max_features=0.3, random_state=0,
    )  # fmt: skip
    ranks = [
        pd.Series(churn.out_of_fold(m, rich, y, folds=5, seed=3)).rank().to_numpy() for m in (churn.logistic(), trees)
    ]
    found = ranking.auc(y, ranks[0] + ranks[1])
    what = f"AUC of boosting and logistic together on {rich.shape[1]} features, out of fold, 23,570 customers"
    return entry("cdnow_ceiling", found, 0.770, 0.776, what)


def certify_cdnow() -> list[dict[str, Any]]:
    """AUC of the 39-week holdout: the two-column sort on both files, the model's paired gain on the full one."""
    rows = []
    for source, published in (("cdnow", 0.7665), ("cdnow_sample", 0.7787)):
        orders = open_workspace(source).at("1998-06-30")["orders"]
        made = churn.CustomerFeatures().analyze(orders, as_of="1997-09-30")
        features = made.by_customer
        left = churn.left_after(orders, features.index, as_of="1997-09-30", window_days=273, last_day="1998-06-30")
        report = churn.ChurnComparison(draws=1000).analyze(
            features,
            left,
            models={"logistic": churn.logistic()},
            rivals={"frequency_then_recency": churn.frequency_then_recency(features)},
            rng=19970930,
        )
        sort, model = report.row("frequency_then_recency"), report.row("logistic")
        rows.append(entry(f"{source}_sort", sort["auc"], published - 5e-5, published + 5e-5, "AUC of the sort"))
        what = f"AUC gained over the sort, paired 95 % interval {model['gain_lo']:.4f} to {model['gain_hi']:.4f}"
        rows.append(entry(f"{source}_gain", model["gain"], 0 if source == "cdnow" else -0.02, 0.05, what))
        low, high = (model["slope"] + sign * 1.96 * model["slope_se"] for sign in (-1, 1))
        what = f"calibration slope, out of fold, 95 % {low:.2f} to {high:.2f}"
        rows.append(entry(f"{source}_slope", model["slope"], 0.9, 1.1, what))
    return rows
