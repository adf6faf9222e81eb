"""Did it work: design, assignment, moments, soundness, effect, ROI."""
