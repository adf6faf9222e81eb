"""Who is in which segment, and what to do with each."""
