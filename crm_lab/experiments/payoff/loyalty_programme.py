"""The return of a loyalty programme from a test with two arms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from crm_lab.checks import BadInput
from crm_lab.experiments.core.adjusted_means import adjusted_means
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.outcome_metrics import mean_of, metric_problem, no_money, outcome_label
from crm_lab.experiments.effects.extension import probability_needed
from crm_lab.experiments.payoff.deciding.guardrails import GuardrailCheck
from crm_lab.experiments.payoff.programme_return import ProgrammeResult
from crm_lab.experiments.payoff.return_draws import return_draws
from crm_lab.experiments.payoff.terms import MONEY, Terms
from crm_lab.experiments.validity.soundness import SoundnessResult
from crm_lab.messages import Message


@dataclass(frozen=True, kw_only=True)
class Programme(Terms):
    """Return of a loyalty programme from a test; the settings are those of `Terms`.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from crm_lab.experiments import Experiment
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"arm": ["control", "treatment"] * 200, "before": rng.gamma(2, 50, 400)})
    >>> frame["spend"] = frame["before"] * rng.gamma(9, 1 / 9, 400) * np.where(frame["arm"] == "treatment", 1.1, 1)
    >>> test = Experiment.from_frame(frame, arm="arm", outcomes=["spend"], covariates=["before"])
    >>> programme = Programme(margin_share=0.3, reward_rate=0.01, currency="USD")
    >>> result = programme.analyze(test, "spend")
    >>> result.decision
    'ship'
    """

    def analyze(
        self, experiment: Experiment, outcome: str, soundness: SoundnessResult | None = None, **money: str
    ) -> ProgrammeResult:
        """Return of the programme from a test with two arms.

        >>> round(programme.analyze(test, "spend").margin, 2)
        0.3

        Args:
            experiment: The test.
            outcome: Spend per unit in the outcome window.
            soundness: Its check; a broken sample ratio refuses the decision.
            **money: Further outcomes. ``later``: spend in a window after the programme ended; what members buy
                less there was pulled forward. ``elsewhere``: spend in the retailer's other shops or brands in
                the outcome window; what members buy less there was cannibalised. ``margin``: gross margin in
                the window, in place of `margin_share`; `later` and `elsewhere` are then margin, too.
                ``rewards``: cost of rewards, in place of rate and redemption; ``member_spend``: spend that
                earns them, all spend of treated units unless given. Rewards on extra sales are the share of
                that spend which is extra; what was pulled forward or taken from other shops is not.

        Returns:
            Waterfall, ROI with its interval, and the decision.

        Raises:
            BadInput: If the test has more than two arms, or there is no such part of the money.
        """
        return return_from_test(self, experiment, outcome, soundness, **money)

    def at_look(self, looks: Sequence[int], now: int) -> Programme:
        """The same terms with the probability that ships at this look of a test that is read more than once.

        The chance of a false ship, 1 - `ship_at`, is shared out over the looks (Lan & DeMets); with none it is all of
        it at the end. That for `stop_at` stays: stopping early ships nothing.

        >>> [round(programme.at_look((6, 13, 26), now).ship_at, 3) for now in (6, 13, 26)]
        [1.0, 0.994, 0.952]
        >>> programme.at_look((), 26).ship_at
        0.95

        Args:
            looks: Weeks of all looks, the last one the end up to which the test may be extended.
            now: Weeks known at this look; 0 where the outcome is not known by week: then it is the first look, the
                strictest.

        Returns:
            The terms for this look.

        Raises:
            CannotAnswer: If the test has lasted longer than the last look.
        """
        if not looks:
            return self
        now = now or looks[0]
        taken = [week for week in looks if week < now]
        return replace(self, ship_at=probability_needed(taken, now, looks[-1], self.ship_at))


def return_from_test(
    terms: Terms, experiment: Experiment, outcome: str, soundness: SoundnessResult | None = None, **money: str
) -> ProgrammeResult:
    """What `Programme.analyze` gives, for any terms."""
    if len(experiment.arms) != 2:
        raise BadInput(f"The test has {len(experiment.arms)} arms; a programme's return needs two. Keep two.")
    unknown = sorted(set(money) - set(MONEY))
    if unknown:
        raise BadInput(f"{', '.join(unknown)} is no part of the money; parts are {', '.join(MONEY)}.")
    experiment, given = _valued(terms, experiment, {"spend": outcome, **money})
    refusals = [soundness.refusal() if soundness else None]
    refusals += [_problem(role, column, experiment, "margin" in given) for role, column in given.items()]
    refusal = next((r for r in refusals if r is not None), None)
    treated = experiment.counts()[experiment.treatments[0]]
    means = parts = draws = None
    if refusal is None:
        rows = experiment.as_assigned()
        draws = return_draws(terms, rows, given, treated)
        rows = rows if draws is None else draws.adjusted_rows(list(given.values()))
        past = rows.past_of(list(given.values()))
        means = adjusted_means(rows, [rows.mean(c) for c in given.values()], past, terms.adjust)
        parts = terms.parts(means, treated, tuple(given))
    truth = experiment.truth.get(outcome)
    money = {role: column for role, column in given.items() if role != "spend"}
    rails = GuardrailCheck(level=terms.level).analyze(experiment) if experiment.guardrails and not refusal else None
    n = len(experiment.frame)
    return ProgrammeResult(terms, outcome, money, treated, n, means, parts, truth, refusal, draws, guardrails=rails)


def _problem(role: str, column: str, experiment: Experiment, measured: bool) -> Message | None:
    """Why an outcome is no money to reckon with, or ``None``; costs and shifts of 0 are as good as any."""
    if role == "spend" and not measured and no_money(experiment.frame[column], column):
        return Message("experiments.refused.no_amount", {"metric": outcome_label(column)})
    problem = metric_problem(mean_of(column), experiment)
    needed = role in ("spend", "margin") or (problem is not None and problem.key == "experiments.refused.gaps")
    return problem if needed else None


def _valued(terms: Terms, experiment: Experiment, given: dict[str, str]) -> tuple[Experiment, dict[str, str]]:
    """The outcome as money where each unit of it has a fixed value: a purchase, a member kept."""
    if not terms.value_per_success:
        return experiment, given
    outcome = given["spend"]
    name = f"{outcome} × {terms.value_per_success:g}"
    frame = experiment.frame.assign(**{name: terms.value_per_success * experiment.frame[outcome].astype(float)})
    pasts = {**experiment.pasts, name: experiment.pasts[outcome]} if outcome in experiment.pasts else experiment.pasts
    valued = replace(experiment, frame=frame, outcomes=(*experiment.outcomes, name), pasts=pasts)
    return valued, {**given, "spend": name, "margin": name}
