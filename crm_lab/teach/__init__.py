"""For instructors: each student's notebook and data, grading offline, feedback."""
