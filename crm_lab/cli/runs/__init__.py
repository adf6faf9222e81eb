"""Commands on published runs: compare, prove, tell, keep."""
