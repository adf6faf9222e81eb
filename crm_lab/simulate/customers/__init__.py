"""Who the customers of a made-up retailer are, and when they come."""
