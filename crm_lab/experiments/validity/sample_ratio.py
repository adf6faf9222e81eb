"""Sample ratio mismatch: overall, within segments, by day, and after declared filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame
from scipy import stats

from crm_lab.checks import BadInput, check_settings, need_columns, not_inside
from crm_lab.data.kernels.dataframes import as_pandas
from crm_lab.experiments.core.experiment import Experiment, need_experiment
from crm_lab.experiments.core.planned_shares import srm_problem, srm_pvalue
from crm_lab.experiments.validity.association import drawn_by_lot
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result


@dataclass(frozen=True, kw_only=True)
class SampleRatios:
    """Sample ratio mismatch (SRM) of a test, overall and by groups of units.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> test.frame["fifth"] = fifths(test.frame["before"])
    >>> ratios = SampleRatios(by=("fifth",)).analyze(test)
    >>> ratios.broken.empty
    True

    Attributes:
        by: Columns fixed before the assignment (segment, day of assignment), each tested value by value;
            p values are corrected within a column (Holm). Where whole stores, cities, households were assigned, these
            are counted, and their own column is left out.
        alpha: A smaller p value is a broken ratio.
        smallest: Groups with fewer units are not tested.
    """

    by: tuple[str, ...] = ()
    alpha: float = 0.001
    smallest: int = 20

    def __post_init__(self) -> None:
        chi_square = self.smallest < 5 and "chi-square needs 5 or more"
        check_settings(self, not_inside(self, "alpha"), smallest=chi_square)

    def analyze(self, experiment: Experiment) -> SampleRatiosResult:
        """Sizes and p value overall and for each value of each column.

        >>> len(SampleRatios().analyze(test).to_frame())
        1

        Args:
            experiment: The test.

        Returns:
            One row overall and one per group.
        """
        need_experiment(experiment, "SampleRatios")
        frame, arms = experiment.frame, experiment.arms
        need_columns(frame.columns, self.by, "The experiment's frame")
        shares = {arm: experiment.shares[arm] for arm in arms}
        counts, whole = experiment.assigned(), experiment.guards.cluster  # whole stores are counted as stores
        rows = [{"by": "", "group": "", **counts, "pvalue": srm_pvalue(counts, shares)}]
        for column in self.by:
            if column == whole:
                continue
            seen = frame.drop_duplicates([whole, column]) if whole else frame
            rows += self._groups(pd.crosstab(seen[column], seen[experiment.arm]), column, shares)
        return SampleRatiosResult(self, arms, shares, tuple(rows), experiment.simulated, drawn_by_lot(experiment))

    def _groups(self, table: pd.DataFrame, column: str, shares: Mapping[str, float]) -> list[dict[str, object]]:
        from statsmodels.stats.multitest import multipletests

        table = table.reindex(columns=list(shares), fill_value=0)
        table = table[table.sum(axis=1) >= self.smallest]
        if table.empty:
            return []
        records: list[dict[str, int]] = [
            dict(zip(shares, map(int, row), strict=True)) for row in table.to_numpy().tolist()
        ]
        corrected = multipletests([srm_pvalue(r, shares) for r in records], method="holm")[1]
        groups = [str(g.date()) if isinstance(g, pd.Timestamp) else str(g) for g in table.index]
        return [
            {"by": column, "group": g, **r, "pvalue": float(p)}
            for g, r, p in zip(groups, records, corrected, strict=True)
        ]


def fifths(values: pd.Series) -> pd.Series:
    """Quintiles of a column fixed before the start, as groups for the sample ratio.

    >>> fifths(pd.Series([5.0, 1.0, 4.0, 2.0, 3.0])).tolist()
    ['highest', 'lowest', 'high', 'low', 'middle']

    Args:
        values: A numeric column.

    Returns:
        ``lowest``, ``low``, ``middle``, ``high`` or ``highest``, on the same index.
    """
    names = ["lowest", "low", "middle", "high", "highest"]
    return pd.qcut(values.rank(method="first"), 5, labels=names).astype("string").astype(object)


@dataclass(frozen=True)
class SampleRatiosResult(Result):
    """Sizes per arm and p value of the sample ratio, overall and by group.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> ratios = SampleRatios().analyze(test)

    Attributes:
        spec: What was asked.
        arms: The arms, control first.
        planned: Planned share per arm.
        rows: Sizes and p value, overall and by group.
        simulated: Whether the effect was planted.
        by_lot: Whether the arms were drawn; sizes that people chose were planned by nobody, and none is broken.
    """

    spec: SampleRatios
    arms: tuple[str, ...]
    planned: Mapping[str, float]
    rows: tuple[Mapping[str, object], ...]
    simulated: bool
    by_lot: bool = True

    name: ClassVar[str] = "sample_ratio"
    formats: ClassVar[dict[str, str]] = {"pvalue": ".3g"}

    def to_frame(self) -> pd.DataFrame:
        """One row overall and per group; the groups with the smallest p values first.

        >>> list(ratios.to_frame())
        ['by', 'group', 'control', 'treatment', 'pvalue']
        """
        frame = pd.DataFrame(list(self.rows))
        return pd.concat([frame.head(1), frame.iloc[1:].sort_values("pvalue", kind="stable")], ignore_index=True)

    @property
    def broken(self) -> pd.DataFrame:
        """The rows with a sample ratio mismatch.

        >>> len(ratios.broken)
        0
        """
        frame = self.to_frame()
        return frame[frame["pvalue"] < self.spec.alpha]

    def refusal(self) -> Message | None:
        """A sentence if nobody drew the arms, or the overall ratio is broken, so no effect is valid; else ``None``.

        >>> ratios.refusal() is None
        True
        """
        if not self.by_lot:
            return Message("experiments.sample_ratio.not_drawn")
        whole = self.to_frame().iloc[0]
        return srm_problem({arm: int(whole[arm]) for arm in self.arms}, float(whole["pvalue"]), self.spec.alpha)

    def columns_of_data(self) -> tuple[str, ...]:
        """The arms.

        >>> ratios.columns_of_data() == ratios.arms
        True
        """
        return self.arms

    def readout(self) -> Readout:
        """Whether the sample ratio holds everywhere.

        >>> print(ratios.readout().finding)
        No sign of lost units.
        """
        if not self.by_lot:
            return Readout(*(f"experiments.sample_ratio.{key}not_drawn" for key in ("", "certainty_", "action_")))
        broken = self.broken
        values = {"groups": len(self.rows) - 1, "alpha": self.spec.alpha, "where": self._where(broken)}
        state = "broken" if len(broken) else "holds"
        said = "holds_all" if state == "holds" and not values["groups"] else state
        return Readout(
            Message(f"experiments.sample_ratio.{said}", values),
            Message("experiments.sample_ratio.certainty", values),
            f"experiments.sample_ratio.action_{state}",
        )

    def _where(self, broken: pd.DataFrame) -> Message | str:
        inside = broken[broken["by"] != ""]
        groups = ", ".join(f"{by} {group}" for by, group in zip(inside["by"], inside["group"], strict=True))
        if len(inside) == len(broken):
            return groups
        if not groups:
            return Message("experiments.plot.overall")
        return Message("experiments.sample_ratio.all_and", {"groups": groups})

    def facts(self) -> tuple[Fact, ...]:
        """The overall p value and the number of groups with a broken ratio.

        >>> {fact.id: fact.unit for fact in ratios.facts()[:2]}
        {'sample_ratio.p': '', 'sample_ratio.broken': 'groups'}
        """
        found = partial(Fact, kind="simulated" if self.simulated else "fact")
        p = float(self.to_frame().iloc[0]["pvalue"])
        why, broken = (None, len(self.broken)) if self.by_lot else (self.refusal(), None)
        return (
            found("sample_ratio.p", "experiments.fact.srm_groups", p if self.by_lot else None, refusal=why),
            found(
                "sample_ratio.broken", "experiments.fact.broken_groups", broken, "groups", better="down", refusal=why
            ),
        )


def filter_removals(
    frame: IntoFrame, arm: str, filters: Mapping[str, str] | Sequence[str], alpha: float = 0.001
) -> pd.DataFrame:
    """What declared filters removed from each arm, and whether they removed more from one.

    A filter that removes more units from one arm depends on something the treatment changed; the arms are not
    comparable after it.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> frame["large"] = frame["spend"] > 300
    >>> filter_removals(frame, "arm", ["large"])["filter"].tolist()
    ['large']

    Args:
        frame: One row per unit before any filter.
        arm: Column with the arm.
        filters: Columns that are 1 (or true) where a unit is removed.
        alpha: A smaller p value (chi-square, Holm over filters) means uneven removal.

    Returns:
        One row per filter: removed per arm (share), p value, even.

    Raises:
        BadInput: If no filter is declared.
    """
    from statsmodels.stats.multitest import multipletests

    names = list(filters)
    frame = as_pandas(frame, "The frame")
    need_columns(frame.columns, [arm, *names], "The frame")
    if not names:
        raise BadInput("No filter is declared; name the columns that mark removed units.")
    rows, pvalues = [], []
    for name in names:
        table = pd.crosstab(frame[arm], frame[name].astype(bool)).reindex(columns=[False, True], fill_value=0)
        kept = table.to_numpy()
        removed = kept[:, 1].sum() not in (0, kept.sum())
        pvalues.append(float(stats.chi2_contingency(kept, correction=False).pvalue) if removed else 1.0)
        rows.append({"filter": name, **(table[True] / table.sum(axis=1)).to_dict()})
    corrected = np.asarray(multipletests(pvalues, method="holm")[1])
    return pd.DataFrame(rows).assign(pvalue=corrected, even=corrected >= alpha)
