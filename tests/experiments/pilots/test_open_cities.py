"""Cities as a page's parameters name them: a pilot in the tables, an accident in stores, a planted one, or none."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.experiments.pilots import PilotEffect, StaggeredRollOut, open_cities
from crm_lab.simulate import key_of

SOURCE = "simulated:pilot,customers=1500"


@pytest.fixture(scope="module")
def data():
    return open_cities(SOURCE, "latest", settings="experiment = pilot; until = 2023-10-08")


def test_a_pilot_in_the_tables_has_its_cities_start_length_and_cost(data):
    truth, pilot = key_of(SOURCE).pilot_truth(), data.pilot()
    assert set(pilot.treated) == set(truth.treated)
    assert (pilot.start, pilot.periods) == (truth.start, truth.weeks)
    terms = data.terms(margin_share=0.5, cost=1.0, assumed=("margin_share", "cost"))
    assert terms.spent(5, 14) == pytest.approx(truth.totals()["cost"])
    assert terms.assumed == ("margin_share",)


def test_sales_of_the_pilot_are_those_of_the_key(data):
    pilot, truth = data.pilot(), key_of(SOURCE).pilot_truth().frame
    told = truth[truth["treated"] & truth["running"]]["sales_with"].sum()
    assert pilot.sales == pytest.approx(told, rel=0.02)  # the online shop and returns lie by the customer's city


def test_stores_in_which_something_came_about_are_read_over_time():
    every = open_cities(SOURCE, "latest", settings="by = store")
    names = every.panel.units[:3]
    accident = open_cities(
        SOURCE, "latest", settings=f"units = {', '.join(names)}; by = store; start = 2023-03-06; until = 2023-03-26"
    )
    pilot = accident.pilot()
    assert (pilot.treated, pilot.periods, pilot.drawn) == (names, 3, "chosen")
    assert PilotEffect(methods=("did",)).analyze(pilot).answer.over == "blocks"


def test_a_planted_pilot_is_simulated_and_its_truth_is_in_the_interval():
    planted = open_cities(SOURCE, "latest", settings="lift = 0.3; treated = 8; start = 2023-06-05; by = city")
    assert planted.simulated
    found = PilotEffect(methods=("did",)).analyze(planted.pilot()).answer
    assert found.interval.lo < 0.3 < found.interval.hi


def test_without_a_pilot_the_page_plans():
    plain = open_cities(SOURCE, "latest")
    assert plain.pilot() is None
    assert plain.past.periods == plain.panel.periods
    assert (plain.length(0), plain.many(0)) == (8, min(5, len(plain.panel.units) // 4))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("weather = fine", "settings name weather"),
        ("units = Nowhere; start = 2023-03-06", "units names Nowhere"),
        ("units = Alba", "units and start belong together"),
        ("value = smiles", "value is 'smiles'"),
        ("experiment = pilot; colour = red", "settings name colour"),
        ("lift = much", "cannot be used"),
    ],
)
def test_settings_that_say_nothing_are_refused_in_words(settings, words):
    with pytest.raises(BadInput, match=words):
        open_cities(SOURCE, "latest", settings=settings)


def test_units_that_began_at_different_times_are_read_by_cohorts(tmp_path):
    rng, rows = np.random.default_rng(3), []
    for i in range(24):
        start = [None, "2024-04-01", "2024-05-06"][i % 3]
        for week in pd.date_range("2023-07-03", periods=60, freq="7D"):
            lift = 1.2 if start and week >= pd.Timestamp(start) else 1.0
            rows.append(
                (f"city {i:02d}", week.date(), round(900 * lift * rng.gamma(400, 1 / 400), 2), start or "never")
            )
    path = tmp_path / "staggered.csv"
    pd.DataFrame(rows, columns=["city", "week", "sales", "treated_from"]).to_csv(path, index=False)
    suite = tmp_path / "staggered.toml"
    suite.write_text(
        f'[panel]\nfile = "{path}"\nunit = "city"\ndate = "week"\nvalue = "sales"\ntreated_from = "treated_from"\n'
        'currency = "EUR"\n'
    )
    data = open_cities("", "latest", panel_file=str(suite))
    assert data.staggered
    assert data.pilot() is None
    found = StaggeredRollOut(draws=99).analyze(data.panel, data.starts())
    assert found.pvalue <= 0.05
    assert found.interval.lo < 0.2 < found.interval.hi
