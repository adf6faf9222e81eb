"""The committed notebooks: their canonical form, their comparison, their renewal."""
