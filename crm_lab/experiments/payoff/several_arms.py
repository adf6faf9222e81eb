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
from crm_lab.experiments.payoff.loyalty_programme import return_from_test
from crm_lab.experiments.payoff.programme_return import ProgrammeResult, refused_action
from crm_lab.experiments.payoff.terms import Terms
from crm_lab.experiments.validity.soundness import SoundnessResult
from crm_lab.fact_rows import id_part
from crm_lab.messages import Message
from crm_lab.results import Fact, Readout, Result
from crm_lab.stats.multiplicity.holm_comparisons import holm
from crm_lab.stats.pooling.shrinkage import shrunk


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
        Holm (1979) for the number of arms; `crm_lab.stats.pooling.shrinkage` for the best of them.
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
        net = np.array([answer.returns.net()[0] for answer in known.values()])
        p = np.array([answer.p_needed for answer in known.values()])
        corrected = 1 - holm(1 - p)
        spans = [answer.net_interval() for answer in known.values()]
        table = {
            "arm": list(known), "units": [answer.treated for answer in known.values()], "net": net,
            "low": [span.lo for span in spans], "high": [span.hi for span in spans],
            "net_shrunk": shrunk(net, _covariance(list(known.values()))).mean,
            "p_needed": p, "p_corrected": corrected,
        }  # fmt: skip
        decided = [self._decision(answer, q) for answer, q in zip(known.values(), corrected, strict=True)]
        return pd.DataFrame(table).assign(decision=decided)

    def _decision(self, answer: ProgrammeResult, corrected: float) -> str:
        """An arm is shipped by the probability corrected for their number, and stopped by its own."""
        if answer.open_terms:
            return "terms"
        return answer.decided_at(corrected)

    @property
    def best(self) -> str | None:
        """The arm with the highest net after the shrinkage, or ``None`` if all are refused.

        >>> compared.best
        'card'
        """
        table = self.to_frame()
        return None if table.empty else str(table["arm"].iloc[int(table["net_shrunk"].argmax())])

    def refusal(self) -> Message | None:
        """A sentence if no arm has a return, else ``None``.

        >>> compared.refusal() is None
        True
        """
        return None if self._read() else next(iter(self.answers.values())).refused

    def readout(self) -> Readout:
        """The best arm, what is left of it, and what to do.

        >>> print(compared.readout().finding)
        Of 2 treatments card nets most: +3.82 USD per treated unit (95% interval +1.92 to +5.72), +3.57 after ...
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
        alike = len(table) > 1 and not _differ(table["net"].to_numpy(), _covariance(list(self._read().values())))
        said = ("finding_chance" if alike else "finding", "certainty", f"action_{_advised(table, best)}")
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


def _advised(table: pd.DataFrame, best: str) -> str:
    """The action that the decisions of all arms (rows) support."""
    decisions = table["decision"]
    if decisions[best] in ("terms", "ship"):
        return str(decisions[best])
    if (decisions == "ship").any():
        return "other"
    return "stop" if (decisions == "stop").all() else "extend"


def _covariance(answers: list[ProgrammeResult]) -> Floats:
    """Covariance of the arms' nets, shape (k, k): all have the control's error and that of the redeemed share."""
    found = np.diag([answer.returns.net()[1] ** 2 for answer in answers])
    for i, one in enumerate(answers):
        for j, other in enumerate(answers[:i]):
            found[i, j] = found[j, i] = _shared(one, other)
    return found


def _shared(one: ProgrammeResult, other: ProgrammeResult) -> float:
    """Covariance of two arms' nets."""
    spread, slopes = [], []
    for answer in (one, other):
        if answer.means is None or answer.parts is None:
            return 0.0
        spread.append(answer.means.cov[0, :, 0, :])
        slopes.append(answer.parts.slopes.sum(axis=0))
    k, redeemed = len(spread[0]), one.spec.redemption_sd**2 * slopes[0][-1] * slopes[1][-1]
    return float(slopes[0][:k] @ (spread[0] + spread[1]) @ slopes[1][:k] / 2 + redeemed)


def _differ(net: Floats, cov: Floats) -> bool:
    """Whether nets differ by more than chance spreads them: their distance from one common value, above its mean."""
    inverse = np.linalg.pinv(cov, hermitian=True)
    centre = inverse.sum(axis=0) @ net / max(float(inverse.sum()), 1e-300)
    left = net - centre
    return bool(left @ inverse @ left > len(net) - 1)
