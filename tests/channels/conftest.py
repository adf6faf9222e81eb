"""The log of Complete Journey, and that of a simulated retailer with strong fatigue and many opt-outs."""

import pytest

from crm_lab.channels.campaigns import CampaignLog, of_retailer
from crm_lab.simulate import make_retailer


@pytest.fixture(scope="session")
def journey(complete_journey):
    return CampaignLog.of(complete_journey)


@pytest.fixture(scope="session")
def shop():
    given = {"contacts.fatigue": 0.2, "contacts.opt_out": 0.01, "save_offer.effect": 0.4}
    return of_retailer(make_retailer("fashion", n_customers=1_200, seed=7, overrides=given))
