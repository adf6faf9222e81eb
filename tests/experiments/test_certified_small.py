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
