"""Quick versions of `python -m certification running_tests guarded_tests`: same code, fewer draws."""

import pytest
from scipy import stats

from certification import guarded_tests, running_tests


def at_most(entry, draws, alpha=0.05):
    """A rate of `alpha` stays below this in 999 of a thousand such runs."""
    assert entry["value"] * draws <= stats.binom.ppf(0.999, draws, alpha), entry


@pytest.mark.slow
def test_fifty_looks_and_extensions_err_as_said(monkeypatch):
    monkeypatch.setattr(running_tests, "DRAWS", 8)
    for entry in running_tests.certify_fifty_looks():
        at_most(entry, 8)
    monkeypatch.setattr(running_tests, "DRAWS", 40)
    for entry in running_tests.certify_extended_tests():
        at_most(entry, 40, 0.1 if entry["name"].endswith("90") else 0.05)


@pytest.mark.slow
def test_always_valid_intervals_err_as_said(monkeypatch):
    monkeypatch.setattr(running_tests, "DRAWS", 30)
    entries = list(running_tests.certify_always_valid_intervals())
    for entry in entries:
        at_most(entry, 30)
    assert any("100% of looks are read" in entry["what"] for entry in entries)


@pytest.mark.slow
@pytest.mark.parametrize("gaps", guarded_tests.GAPS)
def test_gaps_by_arm_make_no_effect(gaps, monkeypatch):
    monkeypatch.setattr(guarded_tests, "DRAWS", 25)
    monkeypatch.setattr(guarded_tests, "GAPS", (gaps,))
    monkeypatch.setattr(guarded_tests, "SIZES", ((1_000, 1_000),))
    (entry,) = guarded_tests.certify_gaps_by_arm()
    at_most(entry, 25)
    assert ("withdrawn in 100%" in entry["what"]) == (gaps[0] != gaps[1])


@pytest.mark.slow
def test_honest_tests_are_read(monkeypatch):
    monkeypatch.setattr(guarded_tests, "GUARD_DRAWS", 60)
    refused, apart, _ = guarded_tests.certify_honest_tests_are_read()
    assert refused["value"] <= 2 / 60
    assert apart["value"] == 0
