"""Does something jump, or pile up, at a threshold: regression discontinuity, density test, bunching."""
