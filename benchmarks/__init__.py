"""Speed as ratios to named peers in one process. One module a room."""
