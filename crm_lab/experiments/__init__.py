"""Experiments: design, assignment, validity, effects, return on investment."""

from crm_lab.experiments.core.assignment import assign, assign_stratified, draw_round
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.outcome_metrics import Metric, judged, mean_of, ratio_of, share_of
from crm_lab.experiments.core.weeks import week_columns, weekly_spend
from crm_lab.experiments.effects.always_valid import AlwaysValid, AlwaysValidResult
from crm_lab.experiments.effects.effects import Effects, EffectsResult
from crm_lab.experiments.effects.extension import probability_needed, pvalue_needed
from crm_lab.experiments.effects.factorial import Factorial, FactorialResult
from crm_lab.experiments.effects.noncompliance import TakeUp, TakeUpResult
from crm_lab.experiments.effects.novelty import Novelty, NoveltyResult
from crm_lab.experiments.effects.regression_to_mean import ChosenOnPast, ChosenOnPastResult
from crm_lab.experiments.effects.response_rates import ResponseRates, ResponseRatesResult
from crm_lab.experiments.effects.segment_effects import SegmentEffects, SegmentEffectsResult
from crm_lab.experiments.effects.weekly_looks import WeeklyLooks, WeeklyLooksResult
from crm_lab.experiments.origins.campaign_messages import campaign_messages
from crm_lab.experiments.origins.contract_test import TableTest
from crm_lab.experiments.origins.file_test import OwnTest
from crm_lab.experiments.origins.open_test import open_data, open_history, open_test, stated_test
from crm_lab.experiments.origins.planted_test import PlantedTest
from crm_lab.experiments.origins.spend_windows import History, plant, spend_windows
from crm_lab.experiments.origins.unit_file import FileTables
from crm_lab.experiments.payoff.deciding.guardrails import GuardrailCheck, GuardrailsResult
from crm_lab.experiments.payoff.deciding.own_unit import OwnUnit, OwnUnitResult
from crm_lab.experiments.payoff.decision_file import write_decision
from crm_lab.experiments.payoff.loyalty_programme import Programme
from crm_lab.experiments.payoff.programme_return import ProgrammeResult
from crm_lab.experiments.payoff.return_bootstrap import bootstrap_multiples, interval_check
from crm_lab.experiments.payoff.return_prior import ReturnPrior, always_valid_roi
from crm_lab.experiments.payoff.several_arms import SeveralArms, SeveralArmsResult
from crm_lab.experiments.payoff.steady_state import SteadyState, SteadyStateResult
from crm_lab.experiments.planning.before_after_claim import BeforeAfterClaim, BeforeAfterResult
from crm_lab.experiments.planning.decision_power import RoiDesign, RoiDesignResult
from crm_lab.experiments.planning.design import Design, DesignResult
from crm_lab.experiments.planning.preregistration import (
    DeviationsResult,
    NoPreregistrationResult,
    Preregistration,
    held_against,
)
from crm_lab.experiments.planning.run_time import RunTime, RunTimeResult
from crm_lab.experiments.validity.aa_splits import SplitsResult, many_splits
from crm_lab.experiments.validity.association import Association, AssociationResult, drawn_by_lot
from crm_lab.experiments.validity.sample_ratio import SampleRatios, SampleRatiosResult, fifths, filter_removals
from crm_lab.experiments.validity.soundness import SoundnessCheck, SoundnessResult

__all__ = [
    "AlwaysValid",
    "AlwaysValidResult",
    "Association",
    "AssociationResult",
    "BeforeAfterClaim",
    "BeforeAfterResult",
    "ChosenOnPast",
    "ChosenOnPastResult",
    "Design",
    "DesignResult",
    "DeviationsResult",
    "Effects",
    "EffectsResult",
    "Experiment",
    "Factorial",
    "FactorialResult",
    "FileTables",
    "GuardrailCheck",
    "GuardrailsResult",
    "History",
    "Metric",
    "NoPreregistrationResult",
    "Novelty",
    "NoveltyResult",
    "OwnTest",
    "OwnUnit",
    "OwnUnitResult",
    "PlantedTest",
    "Preregistration",
    "Programme",
    "ProgrammeResult",
    "ResponseRates",
    "ResponseRatesResult",
    "ReturnPrior",
    "RoiDesign",
    "RoiDesignResult",
    "RunTime",
    "RunTimeResult",
    "SampleRatios",
    "SampleRatiosResult",
    "SegmentEffects",
    "SegmentEffectsResult",
    "SeveralArms",
    "SeveralArmsResult",
    "SoundnessCheck",
    "SoundnessResult",
    "SplitsResult",
    "SteadyState",
    "SteadyStateResult",
    "TableTest",
    "TakeUp",
    "TakeUpResult",
    "WeeklyLooks",
    "WeeklyLooksResult",
    "always_valid_roi",
    "assign",
    "assign_stratified",
    "bootstrap_multiples",
    "campaign_messages",
    "draw_round",
    "drawn_by_lot",
    "fifths",
    "filter_removals",
    "held_against",
    "interval_check",
    "judged",
    "many_splits",
    "mean_of",
    "open_data",
    "open_history",
    "open_test",
    "plant",
    "probability_needed",
    "pvalue_needed",
    "ratio_of",
    "share_of",
    "spend_windows",
    "stated_test",
    "week_columns",
    "weekly_spend",
    "write_decision",
]
