"""Mix of customers: counts add up, the unknown stay, small groups go together, refusals."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput
from crm_lab.results import unlabelled
from crm_lab.segmentation import Demographics
from crm_lab.stats.bootstrap import resamples


def base(n=200):
    rng = np.random.default_rng(1)
    bought = pd.DataFrame({"customer_id": range(n), "n_orders": rng.poisson(3, n) + 1, "revenue": rng.gamma(2, 50, n)})
    age = np.where(np.arange(n) % 2, "25-34", "Under 25").astype(object)
    age[:50], age[50:53] = None, "65+"
    return bought, pd.DataFrame({"customer_id": range(n), "age_group": age, "city": "Alba"})


def test_groups_add_up_to_the_base_and_the_unknown_are_a_row():
    bought, customers = base()
    found = Demographics().analyze(bought, customers, currency="EUR")
    by = found.to_frame().groupby("attribute")
    assert (by["customers"].sum() == 200).all()
    assert np.allclose(by["share"].sum(), 1)
    assert np.allclose(by["revenue_share"].sum(), 1)
    ages = found.to_frame()[found.to_frame()["attribute"] == "age_group"]
    assert ages["group"].tolist() == ["Under 25", "25-34", "small_groups", "unknown"]
    assert found.coverage() == {"age_group": 0.75, "city": 1.0}
    assert unlabelled(found) == []
    assert found.plot().get_yticklabels()[-1].get_text().startswith("unknown")


def test_intervals_are_those_of_a_bootstrap_of_customers():
    bought, customers = base()
    row = Demographics().analyze(bought, customers).to_frame().query("group == '25-34'").iloc[0]
    own = bought.merge(customers)[lambda rows: rows["age_group"] == "25-34"]["revenue"].to_numpy()
    drawn = [(w @ own) / w.sum() for w in resamples(len(own), 2000, 1)]
    assert (row["hi"] - row["lo"]) / (2 * 1.96) == pytest.approx(np.std(drawn), rel=0.08)


def test_nothing_known_is_refused():
    bought, customers = base()
    for known in (None, customers[["customer_id"]], customers.assign(age_group=None, city=None)):
        found = Demographics().analyze(bought, known)
        assert found.refusal().key == "persona_tags.demographics_refused"
        assert found.facts()[0].value is None
        assert found.readout().text("zh")


def test_bad_tables_are_refused():
    bought, customers = base()
    with pytest.raises(BadInput, match="200 rows repeat a customer"):
        Demographics().analyze(bought, pd.concat([customers, customers]))
    with pytest.raises(BadInput, match="lacks the column revenue"):
        Demographics().analyze(bought.drop(columns="revenue"), customers)
