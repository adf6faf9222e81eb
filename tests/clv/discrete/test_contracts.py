"""Contracts: values by hand, intervals that cover, files as users have them, refusals in words."""

import numpy as np
import pandas as pd
import pytest

from crm_lab.checks import BadInput, CannotAnswer
from crm_lab.clv import ContractValue, value_of_contracts
from crm_lab.messages import LANGUAGES

AS_OF = "2024-06-30"


def contracts(size=2_000, seed=1, until="2030-01-01"):
    """Yearly contracts of customers who refuse a renewal with an own chance from Beta(0.8, 2.4)."""
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2018-01-01") + pd.to_timedelta(rng.integers(0, 2200, size), unit="D")
    lasts = rng.geometric(np.clip(rng.beta(0.8, 2.4, size), 1e-9, 1))
    end = start + pd.to_timedelta(365 * np.minimum(lasts, 60), unit="D")
    return pd.DataFrame({
        "contract_id": [f"c{i}" for i in range(size)], "start": start, "price": rng.gamma(9, 10, size),
        "end": pd.Series(end).where(end <= pd.Timestamp(until)),
    })  # fmt: skip


def came(table, horizon_days, term_days=365):
    """What was paid for renewals after the as-of date, by looking at how long contracts really ran."""
    today = pd.Timestamp(AS_OF)
    running = (table["start"] <= today) & (table["end"].isna() | (table["end"] > today))
    total = 0.0
    for row in table[running].itertuples():
        last = row.end if not pd.isna(row.end) else pd.Timestamp("2100-01-01")
        date = row.start
        while (date := date + pd.Timedelta(days=term_days)) <= today + pd.Timedelta(days=horizon_days):
            if today < date < last:
                total += row.price
    return total


def test_the_total_of_renewals_is_covered():
    """Over 60 shops of 300 contracts, ends after the as-of date hidden by it; three standard errors about 90 %."""
    spec, inside = ContractValue(horizon_days=730, annual_discount_rate=0.0, draws=200), []
    for seed in range(60):
        table = contracts(300, seed)
        value = spec.analyze(table, AS_OF, rng=seed)
        inside.append(value.interval.lo <= came(table, 730) <= value.interval.hi)
    assert np.mean(inside) == pytest.approx(0.9, abs=3 * np.sqrt(0.09 / 60))


def test_values_by_hand():
    table = contracts()
    value = ContractValue(horizon_days=400, margin=0.5).analyze(table, AS_OF)
    alpha, beta = value.fit.estimates
    row = value.to_frame().iloc[0]
    own = table.set_index("contract_id").loc[row["contract_id"]]
    age = (pd.Timestamp(AS_OF) - own["start"]).days
    had = age // 365
    assert row["renewals"] == had
    chance = (beta + had) / (alpha + beta + had)
    worth, ahead = 0.0, (had + 1) * 365 - age
    stays = chance
    while ahead <= 400:
        worth += 0.5 * own["price"] * stays * 1.1 ** (-ahead / 365.25)
        ahead += 365
        had += 1
        stays *= (beta + had) / (alpha + beta + had)
    assert row["value"] == pytest.approx(worth)
    assert row["next_renewal"] == pytest.approx(chance)


def test_what_ends_after_the_date_is_not_known_on_it():
    table = contracts()
    hidden = table.assign(end=table["end"].where(table["end"] <= pd.Timestamp(AS_OF)))
    ours, theirs = (ContractValue().analyze(t, AS_OF, rng=1) for t in (table, hidden))
    pd.testing.assert_frame_equal(ours.to_frame(), theirs.to_frame())
    assert ours.interval == theirs.interval


def test_a_file_is_valued_and_its_absence_is_said(tmp_path):
    path = tmp_path / "contracts.csv"
    contracts(400).to_csv(path, index=False)
    value = value_of_contracts(str(path), AS_OF)
    none = value_of_contracts("", AS_OF)
    assert value.total == pytest.approx(value.to_frame()["value"].sum())
    assert value.facts()[0].value == pytest.approx(value.total)
    assert none.to_frame().empty
    assert none.facts() == ()
    for result in (value, none):
        for lang in LANGUAGES:
            assert result.readout().text(lang)
    with pytest.raises(BadInput, match="There is no file"):
        value_of_contracts(str(tmp_path / "none.csv"), AS_OF)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"contract_id": "same"}, "399 rows repeat a contract_id"),
        ({"price": 0.0}, "400 rows have no price above zero"),
        ({"end": pd.Timestamp("2017-01-01")}, "400 rows end on or before their start"),
    ],
)
def test_impossible_rows_are_refused_in_words(change, sentence):
    with pytest.raises(BadInput, match=sentence):
        ContractValue().analyze(contracts(400).assign(**change), AS_OF)


def test_contracts_that_have_not_begun_or_ended_are_refused():
    with pytest.raises(CannotAnswer, match="No contract had begun by 2001"):
        ContractValue().analyze(contracts(400), "2001-01-01")
    with pytest.raises(CannotAnswer, match="No contract has ended at a renewal"):
        ContractValue().analyze(contracts(400).assign(end=pd.NaT), AS_OF)
