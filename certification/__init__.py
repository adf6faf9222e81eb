"""Long statistical certification: coverage, type I error, recovery. One module a room."""
