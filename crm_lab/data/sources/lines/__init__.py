"""How do a file's rows become lines: which days, whose, for how much, and which rows are none."""
