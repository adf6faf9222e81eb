"""Would it have worked on past dates."""
