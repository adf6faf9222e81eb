"""The answer key of a simulated retailer, for instructors, tests and certification."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from crm_lab.checks import BadInput
from crm_lab.simulate.folder import RECIPE
from crm_lab.simulate.retailer import Retailer, retailer_of, to_pandas
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.scenario_file import scenario_of
from crm_lab.simulate.source_name import plan_of


@dataclass(frozen=True)
class AnswerKey:
    """Ground truth of a simulated retailer: planted parameters, potential outcomes, and faults.

    >>> from crm_lab.simulate import make_retailer
    >>> key = open_key(make_retailer("fashion", n_customers=300, seed=7))

    Attributes:
        scenario: The planted parameters.
        seed: The chance that played.
        customers: Latent state and both outcomes of every customer (docs/simulate.md names the columns).
        lines: Lines that are there only because something was done, with what (`origin`).
        dirt: Faulty lines: which fault, and what the line would have said.
    """

    scenario: Scenario
    seed: int
    customers: pd.DataFrame
    lines: pd.DataFrame
    dirt: pd.DataFrame

    def effects(self, by: str | None = None) -> pd.DataFrame:
        """True effects of offering the programme, per assigned member (intention to treat) and per enrolled member.

        The effect is the mean over everybody who was drawn, of either arm, of the outcome if offered minus the
        outcome if not. The span ``test`` ends with the test, ``whole`` with the data, so pull-forward cancels.

        >>> key.effects()[["metric", "span"]].head(2).to_numpy().tolist()
        [['orders', 'test'], ['orders', 'whole']]

        Args:
            by: A column of `customers` to split by, e.g. ``"tier_at_start"`` or ``"late"``.

        Returns:
            One row per (group,) metric and span: without, with, effect, rel_effect, per_enrolled, n.
        """
        drawn = self.customers[self.customers["eligible"]]
        groups = [("", drawn)] if by is None else [(str(name), part) for name, part in drawn.groupby(by)]
        rows = [
            {"group": group, **_effect(part, metric, span)}
            for group, part in groups
            for metric in ("orders", "spend", "margin")
            for span in ("test", "whole")
        ]
        frame = pd.DataFrame(rows)
        return frame if by else frame.drop(columns="group")

    def profit_and_loss(self) -> pd.Series:
        """The programme's true result on the treatment arm, in currency; the parts add up to ``profit``.

        ``extra_margin`` is what the test span gained, ``pulled_forward`` what is missing in the days after it;
        rewards are split by whether their order would have been made without the programme; setup and running
        costs are counted as in the table `costs`, for this arm. ``roi`` is profit over all costs.

        >>> list(key.profit_and_loss().index)[:3]
        ['extra_margin', 'pulled_forward', 'rewards_subsidised']
        """
        treated = self.customers[self.customers["treated"]]
        given = self.scenario.programme
        in_test = (treated["margin_1"] - treated["margin_0"]).sum()
        whole = (treated["margin_whole_1"] - treated["margin_whole_0"]).sum()
        parts = {
            "extra_margin": in_test,
            "pulled_forward": whole - in_test,
            "rewards_subsidised": -treated["rewards_cost_subsidised"].sum(),
            "rewards_incremental": -(treated["rewards_cost"] - treated["rewards_cost_subsidised"]).sum(),
            "setup": -given.setup_cost * (~treated["lost_record"]).sum(),
            "running": -given.running_cost * treated["member_months"].sum(),
        }
        profit = sum(parts.values())
        costs = profit - whole
        return pd.Series({**parts, "profit": profit, "roi": profit / -costs if costs else float("nan")})


def _effect(drawn: pd.DataFrame, metric: str, span: str) -> dict[str, float | str | int]:
    words = "" if span == "test" else "whole_"
    without, offered = drawn[f"{metric}_{words}0"], drawn[f"{metric}_{words}1"]
    effect, base = (offered - without).mean(), without.mean()
    share = drawn["would_enrol"].mean()
    return {
        "metric": metric,
        "span": span,
        "without": base,
        "with": offered.mean(),
        "effect": effect,
        "rel_effect": effect / base if base else float("nan"),
        "per_enrolled": effect / share if share else float("nan"),
        "n": len(drawn),
    }


def open_key(retailer: Retailer | str | Path) -> AnswerKey:
    """Open the answer key of a retailer.

    >>> from crm_lab.simulate import make_retailer
    >>> key = open_key(make_retailer("null", n_customers=40, seed=1))
    >>> int((key.customers["orders_1"] - key.customers["orders_0"]).abs().sum())
    0

    Args:
        retailer: A `Retailer`, the name of a source (``"simulated:grocery"``, simulated again), or the folder
            that `crm-lab simulate --key` wrote.

    Returns:
        The key.

    Raises:
        BadInput: If a folder holds no key, or a name is no simulated source.
    """
    if isinstance(retailer, str) and retailer.startswith("simulated:"):
        retailer = retailer_of(plan_of(retailer))
    if isinstance(retailer, Retailer):
        sealed = retailer._sealed  # noqa: SLF001 - the one place that may
        return AnswerKey(retailer.scenario, retailer.seed, **{name: frame.copy() for name, frame in sealed.items()})
    return _read_key(Path(retailer))


def _read_key(folder: Path) -> AnswerKey:
    recipe = folder / RECIPE
    if not recipe.is_file():
        raise BadInput(f"{folder} holds no answer key; `crm-lab simulate SCENARIO --key {folder}` writes one.")
    told = json.loads(recipe.read_text(encoding="utf-8"))
    truth = told["scenario"]
    tables = {name: to_pandas(pq.read_table(folder / f"{name}.parquet")) for name in ("customers", "lines", "dirt")}
    return AnswerKey(scenario_of({**truth, "start": date.fromisoformat(truth["start"])}), told["seed"], **tables)
