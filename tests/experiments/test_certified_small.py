"""Quick versions of `python -m certification small_tests`: same code, fewer draws."""

import pytest
from scipy import stats

from certification import small_tests as certified

DRAWS = 120


@pytest.mark.slow
@pytest.mark.parametrize(
    "trial",
    [
        certified.Trial(certified.lognormal, (30, 3_000)),
        certified.Trial(certified.lognormal, (50, 500)),
        certified.Trial(certified.lognormal, (8, 8), stores=True),
        certified.Trial(certified.lognormal, (254, 3), stores=True),
    ],
    ids=["30:3000", "50:500", "8:8 stores", "254:3 stores"],
)
def test_nulls_are_rejected_no_more_often_than_said(trial):
    """120 A/A tests: a type I error of 5 % stays below this bound in 999 of a thousand; Welch's .2 does not."""
    claims, read = certified.rate(trial, "lin", DRAWS, certified.SEED + 20)
    assert read == DRAWS
    assert claims <= stats.binom.ppf(0.999, DRAWS, 0.05)


def test_hold_outs_with_a_handful_of_buyers_are_refused():
    trial = certified.Trial(certified.buyers, (30, 3_000))
    assert certified.rate(trial, "none", 20, certified.SEED)[1] <= 1


@pytest.mark.slow
def test_every_entry_is_in_its_bounds_but_for_the_chance_of_few_draws(monkeypatch):
    """All entries at 12 draws: a rate of 5 % (10 % for a ship at 90 %) stays below this in 999 of a thousand."""
    for name, draws in (("DRAWS", 12), ("POWER_DRAWS", 12), ("PAGES", 1)):
        monkeypatch.setattr(certified, name, draws)
    monkeypatch.setattr(certified, "mean_spend", lambda spend: 3.08 if spend is certified.lognormal else 4.02)
    made = [getattr(certified, name)() for name in sorted(vars(certified)) if name.startswith("certify_")]
    entries = [e for part in made for e in ([part] if isinstance(part, dict) else part)]
    assert len({e["name"] for e in entries}) == len(entries) > 45
    for e in entries:
        if "_cover_" in e["name"]:
            assert (1 - e["value"]) * 12 <= stats.binom.ppf(0.999, 12, 0.07), e
        elif "_refused_" in e["name"]:
            assert e["value"] > 0.5, e
        elif not any(word in e["name"] for word in ("_statistic_", "_power_loss")):
            share = 0.1 if e["name"].endswith("ship_90") else 0.05
            assert e["value"] * 12 <= stats.binom.ppf(0.999, 12, share), e
