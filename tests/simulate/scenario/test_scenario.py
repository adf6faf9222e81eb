import pytest

from crm_lab.checks import BadInput
from crm_lab.simulate import load_scenario, make_retailer, scenario_names


def test_the_scenarios_are_there():
    assert {"beauty", "fashion", "grocery", "messy", "null"} <= set(scenario_names())


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"city_shocks.sd": -0.1}, "city_shocks: sd is -0.1; it must be 0 or more."),
        ({"city_shocks.persistence": 1}, "city_shocks: persistence is 1.0; it must be 0 or more and below 1, or"),
        ({"city_shocks.sd": 0}, "city_shocks: persistence is 0.5, but sd is 0, so nothing deviates; set one of them."),
        ({"pilot.weeks": 0}, "pilot: weeks is 0; it must be above 0."),
        ({"pilot.lift": -0.1}, "pilot: lift is -0.1; it must be 0 or more."),
        ({"pilot.on": False}, "pilot: it has an effect, a cost or cities but on is false; set on = true or leave them"),
        ({"pilot.cities": ["Alba", "Alba"]}, "pilot: cities are Alba, Alba; name each once."),
        ({"pilot.cities": ["Rome"]}, "pilot: cities has Rome; the cities are Alba, Brenta,"),
        ({"pilot.start": 548}, "pilot: start is 548, no Monday; the one before is 546."),
        ({"pilot.weeks": 30}, "pilot: it ends on day 756 of a window of 728; start sooner or stop earlier."),
        ({"pilot.treated": 20}, "pilot: 20 of 20 cities get it; one or more must be left to compare with."),
        ({"programme.on": True}, "pilot: it is on and so is programme; of two at a time the key could not tell"),
    ],
)
def test_each_mistake_of_cities_is_named(overrides, sentence):
    with pytest.raises(BadInput) as error:
        load_scenario("pilot", overrides)
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("overrides", "sentences"),
    [
        ({"programme.take_upp": 0.5}, ["programme.take_upp: there is no such setting. Did you mean take_up?"]),
        ({"programme.take_up": 1.5}, ["programme: take_up is 1.5; it must be a share from 0 to 1."]),
        ({"tiers.thresholds": [600, 250]}, ["tiers: thresholds are [600.0, 250.0]; they must rise, from above 0."]),
        ({"timing.process": "poisson"}, ["timing: process is 'poisson'; it must be one of nbd, pareto_nbd, bg_nbd,"]),
        ({"timing.a": 0.7}, ["timing: a is 0.7, but pareto_nbd has no a; leave it out or change process."]),
        ({"timing.r": "many"}, ["timing.r: it is 'many'; it must be a number."]),
        ({"programme.on": "yes"}, ["programme.on: it is 'yes'; it must be true or false."]),
        (
            {"programme.on": False},
            ["programme: it has effects but on is false; set on = true or leave the effects out."],
        ),
        ({"programme.take_up": 1}, ["programme: selection is 0.8, but take_up is 1.0, so nobody chooses; set one of"]),
        ({"programme.start": 700}, ["programme: the test ends on day 882 of a window of 731; start sooner or stop"]),
        ({"programme.start": 548}, ["programme: orders are pulled from until day 758 of a window of 731; the dip"]),
        (
            {"acquisition.before": 1.0},
            ["programme: late_joiners is true, but acquisition.before is 1, so nobody joins"],
        ),
        ({"programme.orders": {"D": 0.1}}, ["programme: orders is given for D; the tiers are C, B, A."]),
        ({"contacts.every": 0}, ["contacts: effect is 0.01, but every is 0, so nothing is sent; set one of them."]),
        ({"save_offer.start": 725}, ["save_offer: it acts until day 753 of a window of 731."]),
        ({"save_offer.treatment": 1}, ["save_offer: treatment is 1.0; a hold-out needs both arms, so above 0 and"]),
        ({"dirt.duplicate": 0.6, "dirt.clock_skew": 0.6}, ["dirt: the shares add up to 1.2; a line has one fault"]),
        ({"spend.q": 0.9}, ["spend: q is 0.9; it must be above 1, or the mean order is infinite."]),
        ({"season.months": [1, 2]}, ["season: months has 2 numbers, the least 1.0; it must have 12, all above 0."]),
        ({"stores.cities": {}}, ["stores: cities is {}; name one or more, each with a weight above 0."]),
        ({"acquisition.costs": {"store": 1}}, ["acquisition: channels are ['referral', 'search', 'social', 'store'],"]),
        ({"customers": 0}, ["customers is 0; it must be 1 or more."]),
        ({"seed": -1}, ["seed is -1; it must be 0 or more."]),
        ({"start": "soon"}, ["start: it is 'soon'; it must be a date like 2023-01-01."]),
        ({"days": 7}, ["days is 7; the window must have 28 days or more."]),
        (
            {"programme.orders": {"C": -1, "B": 0, "A": 0}},
            ["programme: orders is {'C': -1.0, 'B': 0.0, 'A': 0.0}; an eff"],
        ),
        ({"programme.spend": {"C": -0.1, "B": 0, "A": 0}}, ["effects on the value of an order must be 0 or more."]),
        ({"programme.treatment": 0}, ["programme: treatment is 0.0; a test needs both arms, so above 0 and below 1."]),
        ({"contacts.channels": {}}, ["contacts: channels is {}; name one or more, each with a cost of 0 or more."]),
        ({"save_offer.silent_most": 30}, ["save_offer: silent_most is 30, silent_days 90; they must rise."]),
        ({"save_offer.effect": 0.6}, ["save_offer: effect is 0.6; customers differ up to twofold, so it must be 0.5"]),
        ({"save_offer.on": False}, ["save_offer: it has an effect but on is false; set on = true or leave the effect"]),
        ({"timing.s": 0}, ["timing: s is 0.0; pareto_nbd needs it above 0."]),
        ({"timing.regularity": 0}, ["timing: regularity is 0; it must be 1 or more."]),
        ({"spend.lines": 0.5}, ["spend: lines is 0.5; an order has 1 line or more."]),
        ({"products.count": 3}, ["products: count is 3; it must be 10 or more."]),
        ({"products.price_low": 500}, ["products: price_low is 500.0 and price_high 260.0; they must rise from 0.05."]),
        ({"products.styles": []}, ["products: styles is empty; name one or more."]),
        (
            {"tiers.names": ["C", "B"]},
            ["tiers: names are ['C', 'B'], thresholds [250.0, 600.0]; each tier but the lowest"],
        ),
        ({"acquisition.during_days": 900}, ["acquisition: during_days is 900, longer than the window of 731."]),
        ({"discounts.markdown_after": -1}, ["discounts: markdown_after is -1; it must be 0 or more."]),
        (
            {"promotions": [{"name": "leap", "month": 2, "day": 29, "days": 0}]},
            ["days is 0; it must be above 0.", "month 2, day 29 is not a day of every year; give one that is."],
        ),
        ({"weather.rain": 1}, ["weather: there is no such setting. It has name, says, start,"]),
        ({"start.year": 2}, ["start.year: there is no such setting."]),
    ],
)
def test_each_mistake_is_named(overrides, sentences):
    with pytest.raises(BadInput) as error:
        load_scenario("fashion", overrides)
    for sentence in sentences:
        assert sentence in str(error.value)


def test_all_mistakes_are_named_at_once():
    with pytest.raises(BadInput) as error:
        load_scenario(
            "fashion", {"programme.take_up": 2, "dirt.duplicates": 0.1, "tiers.thresholds": [5, 4], "seed": 1.5}
        )
    assert error.value.what == "The scenario 'fashion'"
    for word in ("take_up is 2.0", "dirt.duplicates", "thresholds are [5.0, 4.0]", "seed: it is 1.5"):
        assert any(word in problem for problem in error.value.problems)


def test_an_unknown_scenario_is_refused_with_the_nearest_name():
    with pytest.raises(BadInput, match=r"scenario is 'grocry'; it must be one of .*\. Did you mean grocery\?"):
        make_retailer("grocry")


def test_a_scenario_can_be_based_on_another(tmp_path):
    file = tmp_path / "quiet.toml"
    file.write_text('based_on = "fashion"\n[contacts]\neffect = 0.0')
    quiet, fashion = load_scenario(file), load_scenario("fashion")
    assert quiet.contacts.effect == 0.0
    assert quiet.contacts.opened == fashion.contacts.opened
    assert quiet.timing == fashion.timing


def test_a_scenario_file_of_ones_own(tmp_path):
    file = tmp_path / "corner.toml"
    file.write_text(
        """
        start = 2024-01-01
        days = 90
        [says.en]
        title = "Corner shop"
        true = []
        naive = []
        [timing]
        process = "nbd"
        r = 1
        alpha = 1
        [spend]
        mean = 12
        """
    )
    shop = make_retailer(file, n_customers=30, seed=1)
    assert shop.provenance()["title"] == "Corner shop"
    assert shop.tables["transactions"]["date"].between("2024-01-01", "2024-03-30").all()


def test_a_file_that_is_not_toml_or_lacks_sections_is_refused(tmp_path):
    file = tmp_path / "corner.toml"
    with pytest.raises(BadInput, match="There is no scenario file"):
        load_scenario(file)
    file.write_text("start = ")
    with pytest.raises(BadInput, match=r"The scenario 'corner' is not TOML: .* Mend that line\."):
        load_scenario(file)
    file.write_text("days = 90\ntiming = 3\n[spend]\nmean = 0\n[acquisition]\nchannels = 2\n[products]\nstyles = 'x'")
    with pytest.raises(BadInput) as error:
        load_scenario(file)
    assert error.value.problems == (
        "timing: it is 3; it must be a section of settings.",
        "acquisition.channels: it is 2; it must be a table of names and values.",
        "products.styles: it is 'x'; it must be a list.",
        "says: it is missing; every scenario needs it.",
        "start: it is missing; every scenario needs it.",
        "spend: mean is 0.0; it must be above 0.",
    )


def test_a_scenario_object_can_be_changed_and_run():
    scenario = load_scenario("null", {"customers": 25})
    shop = make_retailer(scenario, seed=3)
    assert (shop.n_customers, shop.seed) == (25, 3)
    with pytest.raises(BadInput, match="overrides are for scenarios given by name"):
        make_retailer(scenario, overrides={"seed": 1})
    with pytest.raises(BadInput, match="customers is -1; it must be 1 or more"):
        make_retailer(scenario, n_customers=-1)
