"""Pictures of the churn room: return curve, rankings, calibration."""

from __future__ import annotations

import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import PercentFormatter

from crm_lab.churn.action.treatment_plan import Alerts
from crm_lab.churn.definition.churn_window import EVERYBODY, WindowEvidence
from crm_lab.churn.definition.label_stability import Stability
from crm_lab.churn.evaluation.alert_backtest import AlertReport
from crm_lab.churn.evaluation.feature_drift import Drift
from crm_lab.churn.evaluation.model_comparison import ChurnReport
from crm_lab.churn.evaluation.ranking_report import RankingReport, ranking_words
from crm_lab.churn.evaluation.rolling_report import OriginsReport
from crm_lab.churn.models.churn_calibration import Calibration
from crm_lab.churn.models.return_hazard import Returning
from crm_lab.messages import Message, named
from crm_lab.plots.direct_labels import name_horizontal, name_lines, name_point, name_points, name_vertical
from crm_lab.plots.drawing import draws
from crm_lab.plots.style import BLUE, GREY, ORANGE, PALETTE, RUST, new_axes


def _words(name: str, **values: object) -> str:
    return Message(f"churn.plot.{name}", values).text()


def _named(ax: Axes, drawing: str, *, ylabel: str = "", **values: object) -> Axes:
    """The title of a drawing and the words at its axes."""
    ax.set(title=_words(f"{drawing}_title"), xlabel=_words(f"{drawing}_x", **values), ylabel=ylabel)
    return ax


def _per_cent(*axes: Axis) -> None:
    for axis in axes:
        axis.set_major_formatter(PercentFormatter(1, decimals=0))


def _rankings(result: RankingReport, measure: str, reference: tuple[float, str], ax: Axes) -> None:
    """A measure of every ranking with its interval, models in blue, rules in grey, and what it is held against."""
    rows = result.to_frame().iloc[::-1]
    for place, (_, row) in enumerate(rows.iterrows()):
        color = BLUE if row["kind"] == "model" else GREY
        ax.plot([row[f"{measure}_lo"], row[f"{measure}_hi"]], [place, place], color=color, lw=2)
        ax.plot(row[measure], place, "o", color=color)
    ax.axvline(reference[0], color=RUST, ls="--", lw=1)
    ax.set_yticks(range(len(rows)), [str(ranking_words(name)) for name in rows["ranking"]])
    name_vertical(ax, (*reference, RUST))


@draws(WindowEvidence)
def plot_window(result: WindowEvidence, *, ax: Axes | None = None) -> Axes:
    """Chance of return by length of silence, a line per segment, with the limit."""
    ax = ax or new_axes()
    for color, (segment, rows) in zip(PALETTE, result.to_frame().groupby("segment", sort=False), strict=False):
        label = _words("all") if segment == EVERYBODY else named("level", str(segment))
        ax.plot(rows["silent_days"], rows["chance"], color=color, marker="o", label=label)
        ax.fill_between(rows["silent_days"], rows["lo"], rows["hi"], color=color, alpha=0.2, lw=0)
    limit = result.spec.max_chance
    ax.axhline(limit, color=RUST, ls="--", lw=1)
    _per_cent(ax.yaxis)
    ax.set_ylim(bottom=0)
    _named(ax, "window", ylabel=_words("window_y", horizon=result.spec.horizon_days))
    name_lines(ax)
    name_horizontal(ax, limit, _words("limit", limit=limit), RUST)
    return ax


@draws(ChurnReport)
def plot_comparison(result: ChurnReport, *, ax: Axes | None = None) -> Axes:
    """AUC of every ranking with its interval."""
    ax = ax or new_axes()
    _named(ax, "compare")
    _rankings(result, "auc", (result.row(result.spec.baseline)["auc"], _words("baseline")), ax)
    return ax


@draws(Calibration)
def plot_calibration(result: Calibration, *, ax: Axes | None = None) -> Axes:
    """Observed share of leavers against the stated one, with intervals and the diagonal."""
    ax = ax or new_axes(height=4.2, width=5.2)
    rows = result.to_frame()
    ax.axline((0, 0), slope=1, color=GREY, ls="--", lw=1)
    name_point(ax, (0.5, 0.5), _words("perfect"), GREY, (8, -8))
    ax.vlines(rows["stated"], rows["lo"], rows["hi"], color=BLUE, lw=2)
    sns.scatterplot(data=rows, x="stated", y="observed", color=BLUE, s=45, ax=ax, zorder=3)
    _per_cent(ax.xaxis, ax.yaxis)
    ax.set(xlim=(0, 1), ylim=(0, 1))
    _named(ax, "calibration", ylabel=_words("calibration_y"))
    return ax


@draws(OriginsReport)
def plot_origins(result: OriginsReport, *, ax: Axes | None = None) -> Axes:
    """Lift at capacity of every ranking with its interval."""
    ax = ax or new_axes()
    _named(ax, "origins", capacity=result.spec.capacity)
    _rankings(result, "lift", (1, _words("average")), ax)
    return ax


@draws(AlertReport)
def plot_alerts(result: AlertReport, *, ax: Axes | None = None) -> Axes:
    """Precision against recall, alerts in grey, rankings at capacity in blue."""
    ax = ax or new_axes()
    rows = result.to_frame().reindex(columns=["rule", "kind", "precision", "precision_lo", "precision_hi", "recall"])
    known = rows.dropna()
    for _, row in known.iterrows():
        color = BLUE if row["kind"] == "ranking" else GREY
        ax.plot([row["recall"]] * 2, [row["precision_lo"], row["precision_hi"]], color=color, lw=1.5, alpha=0.6)
        ax.plot(row["recall"], row["precision"], "o", color=color)
    ax.set(xlim=(0, None), ylim=(0, None))
    points = list(zip(known["recall"], known["precision"], strict=True))
    name_points(ax, points, [str(ranking_words(rule)) for rule in known["rule"]])
    _per_cent(ax.xaxis, ax.yaxis)
    return _named(ax, "alerts", ylabel=_words("alerts_y"))


@draws(Alerts)
def plot_money(result: Alerts, *, ax: Axes | None = None) -> Axes:
    """Cumulative expected profit down the list."""
    ax = ax or new_axes()
    profit = result.to_frame().query("arm == 'treatment'")["expected_profit"].cumsum()
    spec = result.spec
    label = _words("money_line", rate=spec.save_rate) if spec.gains is None else _words("money_tested")
    ax.plot(range(1, len(profit) + 1), profit, color=BLUE, label=label)
    ax.axhline(0, color=GREY, lw=1)
    _named(ax, "money", ylabel=_words("money_y"))
    name_lines(ax)
    return ax


@draws(Drift)
def plot_drift(result: Drift, *, ax: Axes | None = None) -> Axes:
    """Stability index of the features that moved most."""
    ax = ax or new_axes()
    rows = result.to_frame().head(12)
    sns.barplot(data=rows, x="psi", y="feature", color=BLUE, saturation=1, ax=ax)
    ax.axvline(result.spec.alarm, color=GREY, ls="--", lw=1)
    return _named(ax, "drift", ylabel="")


@draws(Returning, shows_why=True)
def plot_returning(result: Returning, *, ax: Axes | None = None, kind: str = "ratios") -> Axes:
    """Hazard ratio of each feature, the odds ratio of the discrete-time twin beside it; or the survival curve.

    Args:
        result: What was found.
        ax: Axes to draw on.
        kind: ``ratios``, or ``survival``: the share not back yet, by days since the date.
    """
    return _survival(result, ax) if kind == "survival" else _ratios(result, ax)


def _survival(result: Returning, ax: Axes | None) -> Axes:
    ax = ax or new_axes()
    curve = result.curve
    ax.step(curve.times, curve.survival, where="post", color=BLUE)
    ax.fill_between(curve.times, curve.lo, curve.hi, step="post", color=BLUE, alpha=0.25, lw=0)
    _per_cent(ax.yaxis)
    ax.set_ylim(0, 1)
    return _named(ax, "survival", ylabel=_words("survival_y"), as_of=str(result.as_of))


def _ratios(result: Returning, ax: Axes | None) -> Axes:
    ax = ax or new_axes(height=1.4 + 0.5 * len(result.frame))
    rows = result.to_frame().iloc[::-1]
    names = {"ratio": "cox", "odds": "discrete"}
    for (column, name), color, shift in zip(names.items(), (BLUE, ORANGE), (0.1, -0.1), strict=True):
        places = [k + shift for k in range(len(rows))]
        ax.hlines(places, rows[f"{column}_lo"], rows[f"{column}_hi"], color=color, lw=2)
        ax.plot(rows[column], places, "o", color=color)
        name_point(ax, (rows[column].iloc[-1], places[-1]), _words(name), color, (0, 60 * shift))
    ax.axvline(1, color=GREY, ls="--", lw=1)
    ax.set_yticks(range(len(rows)), [named("column", str(name)) for name in rows["feature"]])
    ax.set_ylim(-0.6, len(rows) - 0.4)
    _named(ax, "returning")
    return ax


@draws(Stability, shows_why=True)
def plot_stability(result: Stability, *, ax: Axes | None = None) -> Axes:
    """Share of the labelled who came back, by window, a line per day."""
    ax = ax or new_axes()
    for color, (day, rows) in zip(PALETTE, result.to_frame().groupby("as_of"), strict=False):
        ax.plot(rows["window_days"], rows["came_back"], color=color, marker="o", label=f"{day:%Y-%m-%d}")
        ax.fill_between(rows["window_days"], rows["lo"], rows["hi"], color=color, alpha=0.2, lw=0)
    _per_cent(ax.yaxis)
    ax.set_ylim(bottom=0)
    _named(ax, "stability", ylabel=_words("stability_y"))
    name_lines(ax)
    return ax
