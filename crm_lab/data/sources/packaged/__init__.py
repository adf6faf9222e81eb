"""Sources that come with the lab: real data sets, the simulated retailer, samples of either."""
