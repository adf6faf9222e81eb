"""Would it have been right: held-out time, back-tests, scores."""
