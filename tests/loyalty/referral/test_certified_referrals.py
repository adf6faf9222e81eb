"""The quick version of what `python -m certification referrals` runs at length."""

from certification.referrals import certify_decay, certify_k, certify_referred_value


def test_intervals_cover_what_was_planted():
    found = [*certify_k(20), certify_decay(8), certify_referred_value(8)]
    assert all(row["value"] >= 0.75 for row in found)
