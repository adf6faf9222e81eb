"""When is a customer gone."""
