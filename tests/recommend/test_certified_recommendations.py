"""The quick version of what `python -m certification recommend` runs at length."""

from certification.recommend import certify_due_dates, certify_no_winner, certify_rules


def test_planted_truth_is_found_and_covered():
    found = [*certify_due_dates(100, 10), *certify_rules(2), certify_no_winner(5)]
    assert all(row["ok"] or abs(row["value"] - 0.8) < 0.06 for row in found), found
