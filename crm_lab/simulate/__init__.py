"""The simulated retailer and its answer key."""
