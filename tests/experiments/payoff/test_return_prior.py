"""The ROI with a stated prior, and at looks of a running test."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from crm_lab.checks import BadInput
from crm_lab.experiments import Experiment, Programme, ReturnPrior, always_valid_roi
from crm_lab.messages import LANGUAGES


def answer_of(n=2000, lift=1.05, seed=1, reward=0.0, control=None):
    """A programme whose cost is fixed unless there are rewards."""
    rng = np.random.default_rng(seed)
    control = n // 2 if control is None else control
    arm = np.where(np.arange(n) < control, "control", "treatment")
    spend = rng.gamma(2, 40, n) * np.where(arm == "treatment", lift, 1.0)
    shares = {"control": control / n, "treatment": 1 - control / n}
    test = Experiment.from_frame(
        pd.DataFrame({"arm": arm, "spend": spend}), arm="arm", outcomes=["spend"], shares=shares
    )
    terms = Programme(margin_share=0.3, reward_rate=reward, contact_cost=1.0)
    return terms.analyze(test, "spend")


@pytest.mark.parametrize("prior", [ReturnPrior(0.0, 0.5), ReturnPrior(2.0, 0.2), ReturnPrior(-0.5, 3.0)])
@pytest.mark.parametrize("roi", [-0.3, 0.0, 1.0])
def test_with_a_known_cost_it_is_the_conjugate_posterior(prior, roi):
    answer = answer_of()
    estimate, se = answer.returns.roi, answer.returns.distance(0.0)[1] / answer.returns.cost
    precision = 1 / se**2 + 1 / prior.sd**2
    mean = (estimate / se**2 + prior.mean / prior.sd**2) / precision
    assert prior.p_above(answer, roi) == pytest.approx(norm.sf(roi, mean, precision**-0.5), abs=1e-4)
    span = prior.interval(answer, 0.9)
    assert (span.lo, span.hi) == pytest.approx(norm.interval(0.9, mean, precision**-0.5), abs=0.02)


@pytest.mark.parametrize(("n", "control"), [(2000, 1000), (660, 60)])
def test_a_prior_that_knows_nothing_changes_nothing(n, control):
    """By normal theory, and for a small hold-out by permutation."""
    answer = answer_of(n=n, control=control, reward=0.01, lift=1.2)
    assert (answer.draws is None) == (n == 2000)
    for roi in (-0.5, 0.0, 1.0):
        assert ReturnPrior(0.0, 1000.0).p_above(answer, roi) == pytest.approx(answer.p_above(roi), abs=0.02)
    sceptic = ReturnPrior(-1.0, 0.3)
    assert sceptic.p_above(answer, 0.0) < answer.p_above(0.0)
    assert all(sceptic.said(answer).text(lang) for lang in LANGUAGES)


def test_programmes_drawn_from_the_past_end_above_as_often_as_said():
    """120 programmes whose true ROI is drawn from the prior: what is said with 20, 50, 80 % comes true as often."""
    rng, prior, said, true = np.random.default_rng(5), ReturnPrior(0.3, 0.8), [], []
    for seed in range(120):
        roi = rng.normal(prior.mean, prior.sd)
        answer = answer_of(n=600, lift=1 + (1 + roi) / (0.3 * 80), seed=1000 + seed)
        said.append(prior.p_above(answer, 0.3))
        true.append(roi > 0.3)
    said, true = np.array(said), np.array(true)
    assert said.mean() == pytest.approx(true.mean(), abs=0.1)
    for lo, hi in ((0.0, 0.4), (0.4, 0.6), (0.6, 1.0)):
        within = (said >= lo) & (said <= hi)
        error = 3.3 * np.sqrt(0.25 / within.sum())
        assert said[within].mean() == pytest.approx(true[within].mean(), abs=error)


def test_too_few_past_tests_are_no_prior():
    with pytest.raises(BadInput, match="three or more"):
        ReturnPrior.of_past([0.4, 0.2], [0.1, 0.1])
    with pytest.raises(BadInput, match="above 0"):
        ReturnPrior(0.0, 0.0)


def test_an_always_valid_roi_is_wider_and_needs_large_arms():
    answer = answer_of(reward=0.01, lift=1.3)
    once = answer.multiple_set().interval()
    running = [always_valid_roi(answer, now, 26) for now in (5, 13, 26)]
    widths = [span.hi - span.lo for span in running]
    assert widths[0] > widths[1] > widths[2] > 1.4 * (once.hi - once.lo)
    assert running[2].level == 0.95
    assert always_valid_roi(answer_of(n=660, control=60, reward=0.01), 26, 26) is None
    assert always_valid_roi(answer_of(reward=0.0, lift=1.0), 26, 26) is not None
