"""Planning: sample size, run time, and the preregistered plan."""
