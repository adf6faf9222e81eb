"""Who is told of a run, when and in which words."""
