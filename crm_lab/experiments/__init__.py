"""Did it work: design, assignment, moments, soundness, effect, ROI."""

from crm_lab.experiments.aa import SplitRecord, many_splits
from crm_lab.experiments.assignment import assign, assign_stratified
from crm_lab.experiments.campaigns import campaign_messages
from crm_lab.experiments.chosen import ChosenOnPast, ChosenTable
from crm_lab.experiments.compliance import TakeUp, TakeUpTable
from crm_lab.experiments.decision import write_decision
from crm_lab.experiments.design import Design, DesignTable
from crm_lab.experiments.effects import Effects, EffectTable
from crm_lab.experiments.entry import PlantedTest, open_data, open_history, open_test
from crm_lab.experiments.experiment import Experiment
from crm_lab.experiments.histories import History, plant, spend_windows
from crm_lab.experiments.metrics import Metric, judged, mean_of, ratio_of, share_of
from crm_lab.experiments.own import OwnTest
from crm_lab.experiments.own_file import FileTables
from crm_lab.experiments.plan import Deviations, NoPlan, Plan, held_against
from crm_lab.experiments.programme import Programme
from crm_lab.experiments.readings import Claim, Readings
from crm_lab.experiments.resample import bootstrap_multiples, interval_check
from crm_lab.experiments.response import ResponseRates, ResponseTable
from crm_lab.experiments.returns import ProgrammeReturn
from crm_lab.experiments.roi_design import RoiDesign, RoiDesignTable
from crm_lab.experiments.runtime import RunTime, RunTimeTable
from crm_lab.experiments.sample_ratio import SampleRatios, SampleRatioTable, fifths, filter_removals
from crm_lab.experiments.soundness import Soundness, SoundnessCheck
from crm_lab.experiments.steady import SteadyReturn, SteadyState
from crm_lab.experiments.table_test import TableTest
from crm_lab.experiments.timeline import Novelty, NoveltyTable, week_columns, weekly_spend

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
