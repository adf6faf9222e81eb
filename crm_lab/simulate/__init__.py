"""The simulated retailer and its answer key."""

from crm_lab.simulate.accounts.identity_truth import IdentityTruth
from crm_lab.simulate.answer_key import AnswerKey, key_of, open_key
from crm_lab.simulate.folder import write_retailer
from crm_lab.simulate.identity_records import identity_records
from crm_lab.simulate.offers.action_world import ActionWorld, action_world
from crm_lab.simulate.offers.basket_truth import BasketTruth
from crm_lab.simulate.retailer import Retailer, make_retailer, prepare
from crm_lab.simulate.scenario.scenario import Scenario
from crm_lab.simulate.scenario.scenario_file import load_scenario, scenario_names
from crm_lab.simulate.scenario.streams import student_seed

__all__ = [
    "ActionWorld",
    "AnswerKey",
    "BasketTruth",
    "IdentityTruth",
    "Retailer",
    "Scenario",
    "action_world",
    "identity_records",
    "key_of",
    "load_scenario",
    "make_retailer",
    "open_key",
    "prepare",
    "scenario_names",
    "student_seed",
    "write_retailer",
]
