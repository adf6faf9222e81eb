"""Which notebooks run together, in which order, with which parameters."""
