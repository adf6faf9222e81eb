"""Several treatments against one control: the return of each, with what their number costs the best of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.guards import holm
from crm_lab.experiments.payoff.loyalty_programme import return_from_test
from crm_lab.experiments.payoff.programme_return import ProgrammeResult, refused_action
from crm_lab.experiments.payoff.terms import Terms
from crm_lab.experiments.validity.soundness import SoundnessResult
from crm_lab.fact_rows import id_part
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result


@dataclass(frozen=True, kw_only=True)
class SeveralArms:
    """Return of each treatment of a test with one control, on the same terms.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment, Programme
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "card", "mail"] * 300, "spend": rng.gamma(4, 20, 900)})
    >>> frame["spend"] += 12.0 * (frame["arm"] == "card")
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"])
    >>> compared = SeveralArms(programme=Programme(margin_share=0.3, reward_rate=0.01)).analyze(test, "spend")
    >>> compared.to_frame()["arm"].tolist()
    ['card', 'mail']

    Attributes:
        programme: Terms and decision rule; the running cost is that of each arm.

    Source:
        Holm (1979) for the number of arms; Efron & Morris (1973) for the shrinkage of the best.
    """

    programme: Terms

    def analyze(
        self, experiment: Experiment, outcome: str, soundness: SoundnessResult | None = None, **money: str
    ) -> SeveralArmsResult:
        """Every treatment against the control.

        >>> SeveralArms(programme=Programme(margin_share=0.3, reward_rate=0.01)).analyze(test, "spend").best
        'card'

        Args:
            experiment: A test with one control and one or more treatments.
            outcome: Spend per unit in the outcome window.
            soundness: The check of the whole test; a refusal of it refuses every arm.
            **money: As in `Programme.analyze`.

        Returns:
            ROI, probability and decision of each arm.
        """
        answers = {
            arm: return_from_test(self.programme, only(experiment, arm), outcome, soundness, **money)
            for arm in experiment.treatments
        }
        return SeveralArmsResult(self, answers, experiment.simulated)


def only(experiment: Experiment, arm: str) -> Experiment:
    """The control and one treatment of a test; what refuses the whole refuses each pair."""
    kept = experiment.frame[experiment.frame[experiment.arm].isin([experiment.control, arm])].reset_index(drop=True)
    whole = experiment.shares[experiment.control] + experiment.shares[arm]
    shares = {name: experiment.shares[name] / whole for name in (experiment.control, arm)}
    doubt = experiment.guards.refused
    return replace(experiment, frame=kept, treatments=(arm,), shares=shares, doubt=doubt)


def shrunk(value: Floats, variance: Floats) -> Floats:
    """Estimates drawn to their mean by as much as chance spreads them: the best of several is too good as it is.

    >>> shrunk(np.array([1.0, 2.0, 6.0]), np.array([1.0, 1.0, 1.0])).round(2).tolist()
    [1.29, 2.14, 5.57]

    Args:
        value: Shape (k,).
        variance: Their squared standard errors, shape (k,).
    """
    if len(value) < 2:
        return value
    between = max(0.0, float(np.var(value, ddof=1) - variance.mean()))
    keep = between / (between + variance) if between else np.zeros(len(value))
    centre = float(np.average(value, weights=1 / (between + variance)))
    return np.asarray(centre + keep * (value - centre), dtype=float)


@dataclass(frozen=True)
class SeveralArmsResult(Result):
    """Return of each arm, the best of them, and what is left of it after the choice.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment, Programme
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "card", "mail"] * 300, "spend": rng.gamma(4, 20, 900)})
    >>> frame["spend"] += 12.0 * (frame["arm"] == "card")
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"])
    >>> compared = SeveralArms(programme=Programme(margin_share=0.3, reward_rate=0.01)).analyze(test, "spend")

    Attributes:
        spec: What was asked.
        answers: Treatment to its return.
        simulated: Whether the effect was planted.
    """

    spec: SeveralArms
    answers: Mapping[str, ProgrammeResult]
    simulated: bool

    name: ClassVar[str] = "arms"
    words: ClassVar[dict[str, str]] = {"decision": "experiments.decision."}
    formats: ClassVar[dict[str, str]] = {
        "units": ",d", "net": "+,.2f", "low": "+,.2f", "high": "+,.2f", "net_shrunk": "+,.2f", "p_needed": ".0%",
        "p_corrected": ".0%",
    }  # fmt: skip

    def _read(self) -> dict[str, ProgrammeResult]:
        return {arm: answer for arm, answer in self.answers.items() if answer.parts is not None}

    def to_frame(self) -> pd.DataFrame:
        """One row an arm: net per treated unit with its interval and shrunk, probabilities, decision.

        >>> list(compared.to_frame())
        ['arm', 'units', 'net', 'low', 'high', 'net_shrunk', 'p_needed', 'p_corrected', 'decision']
        """
        known = self._read()
        if not known:
            return pd.DataFrame(columns=["arm", "units", "net", "p_needed", "decision"])
        net = np.array([answer.returns.net() for answer in known.values()])
        p = np.array([answer.p_needed for answer in known.values()])
        corrected = 1 - holm(1 - p)
        spans = [answer.net_interval() for answer in known.values()]
        table = {
            "arm": list(known), "units": [answer.treated for answer in known.values()], "net": net[:, 0],
            "low": [span.lo for span in spans], "high": [span.hi for span in spans],
            "net_shrunk": shrunk(net[:, 0], _own_variance(list(known.values()), net[:, 1])),
            "p_needed": p, "p_corrected": corrected,
        }  # fmt: skip
        decided = [self._decision(answer, q) for answer, q in zip(known.values(), corrected, strict=True)]
        return pd.DataFrame(table).assign(decision=decided)

    def _decision(self, answer: ProgrammeResult, corrected: float) -> str:
        """An arm is shipped by the probability corrected for their number, and stopped by its own."""
        if answer.open_terms:
            return "terms"
        if corrected >= answer.spec.ship_at:
            return "ship"
        return "stop" if answer.p_needed <= answer.spec.stop_at else "extend"

    @property
    def best(self) -> str | None:
        """The arm with the highest net after the shrinkage (of equal ones: before it), or ``None`` if all are refused.

        >>> compared.best
        'card'
        """
        table = self.to_frame()
        return None if table.empty else str(_in_order(table)["arm"].iloc[0])

    def refusal(self) -> Message | None:
        """A sentence if no arm has a return, else ``None``.

        >>> compared.refusal() is None
        True
        """
        return None if self._read() else next(iter(self.answers.values())).refused

    def readout(self) -> Readout:
        """The best arm, what is left of it, and what to do.

        >>> print(compared.readout().finding)
        Of 2 treatments card nets most: +3.82 USD per treated unit (95% interval +1.92 to +5.72), +3.70 after ...
        """
        refused = self.refusal()
        if refused is not None:
            first = next(iter(self.answers.values()))
            return Readout(refused, "experiments.roi.certainty_refused", refused_action(first))
        table = self.to_frame().set_index("arm")
        best = str(self.best)
        row, spec = table.loc[best], self.spec.programme
        values = {
            "arms": len(table), "best": best, "net": row["net"], "lo": row["low"], "hi": row["high"],
            "level": spec.level, "shrunk": row["net_shrunk"], "currency": spec.currency,
            "p": row["p_corrected"], "one": row["p_needed"],
            "needed": spec.roi_needed, "ship_at": spec.ship_at, "stop_at": spec.stop_at,
            "ships": Message("format.comma").text().join(table.index[table["decision"] == "ship"]),
        }  # fmt: skip
        chance = len(table) > 1 and bool(np.isclose(table["net_shrunk"], row["net_shrunk"], rtol=1e-9, atol=0).all())
        said = ("finding_chance" if chance else "finding", "certainty", f"action_{_advised(table, best)}")
        return Readout(*(Message(f"experiments.arms.{key}", values) for key in said))

    def facts(self) -> tuple[Fact, ...]:
        """Net result of each arm.

        >>> [fact.id for fact in compared.facts()]
        ['arms.card.net', 'arms.mail.net']
        """
        found = partial(Fact, kind="simulated" if self.simulated else "estimate", unit=self.spec.programme.currency)
        facts = []
        for arm, answer in self.answers.items():
            label = Message("experiments.fact.arm_net", {"arm": arm})
            known = answer.parts is not None
            value, ci = (answer.returns.net()[0], answer.net_interval()) if known else (None, None)
            facts.append(found(f"arms.{id_part(arm)}.net", label, value, ci=ci, better="up", refusal=answer.refused))
        return tuple(facts)


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Arms by what is left after the shrinkage; where chance explains all differences, by what was seen."""
    drawn_together = bool(np.isclose(table["net_shrunk"], table["net_shrunk"].mean(), rtol=1e-9, atol=0).all())
    return table.sort_values("net" if drawn_together else "net_shrunk", ascending=False, kind="stable")


def _advised(table: pd.DataFrame, best: str) -> str:
    """The action that the decisions of all arms (rows) support."""
    decisions = table["decision"]
    if decisions[best] in ("terms", "ship"):
        return str(decisions[best])
    if (decisions == "ship").any():
        return "other"
    return "stop" if (decisions == "stop").all() else "extend"


def _own_variance(answers: list[ProgrammeResult], se: Floats) -> Floats:
    """Squared standard errors without the control's part, which all arms share."""
    shares = []
    for answer in answers:
        own = np.ones((2, 1)) if answer.means is None else answer.means.own
        shares.append(own[1, 0] / own[:, 0].sum() if own[:, 0].sum() else 1.0)
    return np.asarray(se**2 * np.array(shares), dtype=float)
