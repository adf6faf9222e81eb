"""Did it work: design, assignment, moments, soundness, effect, ROI."""

from crm_lab.experiments.core.assignment import assign, assign_stratified
from crm_lab.experiments.core.experiment import Experiment
from crm_lab.experiments.core.outcome_metrics import Metric, judged, mean_of, ratio_of, share_of
from crm_lab.experiments.core.weeks import week_columns, weekly_spend
from crm_lab.experiments.effects.effects import Effects, EffectTable
from crm_lab.experiments.effects.noncompliance import TakeUp, TakeUpTable
from crm_lab.experiments.effects.novelty import Novelty, NoveltyTable
from crm_lab.experiments.effects.regression_to_mean import ChosenOnPast, ChosenTable
from crm_lab.experiments.effects.response_rates import ResponseRates, ResponseTable
from crm_lab.experiments.origins.campaign_messages import campaign_messages
from crm_lab.experiments.origins.contract_test import TableTest
from crm_lab.experiments.origins.open_test import open_data, open_history, open_test
from crm_lab.experiments.origins.own_test import OwnTest
from crm_lab.experiments.origins.planted_test import PlantedTest
from crm_lab.experiments.origins.spend_windows import History, plant, spend_windows
from crm_lab.experiments.origins.unit_file import FileTables
from crm_lab.experiments.payoff.decision_file import write_decision
from crm_lab.experiments.payoff.loyalty_programme import Programme
from crm_lab.experiments.payoff.programme_return import ProgrammeReturn
from crm_lab.experiments.payoff.return_bootstrap import bootstrap_multiples, interval_check
from crm_lab.experiments.payoff.steady_state import SteadyReturn, SteadyState
from crm_lab.experiments.planning.before_after_claim import Claim, Readings
from crm_lab.experiments.planning.decision_power import RoiDesign, RoiDesignTable
from crm_lab.experiments.planning.design import Design, DesignTable
from crm_lab.experiments.planning.preregistration import Deviations, NoPlan, Plan, held_against
from crm_lab.experiments.planning.run_time import RunTime, RunTimeTable
from crm_lab.experiments.validity.aa_splits import SplitRecord, many_splits
from crm_lab.experiments.validity.sample_ratio import SampleRatios, SampleRatioTable, fifths, filter_removals
from crm_lab.experiments.validity.soundness import Soundness, SoundnessCheck

__all__ = [
    "ChosenOnPast",
    "ChosenTable",
    "Claim",
    "Design",
    "DesignTable",
    "Deviations",
    "EffectTable",
    "Effects",
    "Experiment",
    "FileTables",
    "History",
    "Metric",
    "NoPlan",
    "Novelty",
    "NoveltyTable",
    "OwnTest",
    "Plan",
    "PlantedTest",
    "Programme",
    "ProgrammeReturn",
    "Readings",
    "ResponseRates",
    "ResponseTable",
    "RoiDesign",
    "RoiDesignTable",
    "RunTime",
    "RunTimeTable",
    "SampleRatioTable",
    "SampleRatios",
    "Soundness",
    "SoundnessCheck",
    "SplitRecord",
    "SteadyReturn",
    "SteadyState",
    "TableTest",
    "TakeUp",
    "TakeUpTable",
    "assign",
    "assign_stratified",
    "bootstrap_multiples",
    "campaign_messages",
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
    "ratio_of",
    "share_of",
    "spend_windows",
    "week_columns",
    "weekly_spend",
    "write_decision",
]
