"""How submissions are marked and answered."""
